"""One click, one region: learned from the project's own boxes and outlines."""

import time
from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext_lazy as _

from lode_annotation.assist import clicking
from lode_annotation.assist.assistants.assistant import Arrays, Assistant, Learned, halves, measured
from lode_annotation.assist.clicking import Clicks
from lode_annotation.assist.pictures import Picture, Seen, Suggestion
from motherlode.shapes import Shape

TRIED = 20


class Click(Assistant):
    """Extremely randomised trees on what lies around the click."""

    name = "click"
    title = _("One click, one region")
    description = _("A click inside an object suggests its box, and its outline where the schema asks for outlines.")
    purpose = "click"
    measure = _("median IoU")
    guess = _("median box of the class")

    def learn(self, pictures: Sequence[Picture]) -> Learned:
        taught, held = halves(pictures)
        model = clicking.learned(taught)
        own, trivial = measured(held, model.click), measured(held, model.guess)
        return Learned(
            arrays=model.arrays(),
            held_out=len(own),
            accuracy=float(np.median(own)) if own else None,
            trivial=float(np.median(trivial)) if own else None,
            answer_ms=_milliseconds(model, taught[0]),
        )

    def click(self, arrays: Arrays, seen: Seen, x: float, y: float, class_id: int, shape: Shape) -> Suggestion | None:
        return Clicks.kept(arrays).click(seen, x, y, class_id)


def _milliseconds(model: Clicks, picture: Picture) -> float:
    took = []
    x, y = (picture.seen.size / picture.seen.scale / 2).tolist()
    for _turn in range(TRIED):
        began = time.perf_counter()
        model.click(picture.seen, x, y, picture.class_ids[0] if picture.taught else 0)
        took.append(time.perf_counter() - began)
    return float(np.median(took) * 1000)


ASSISTANT = Click()
