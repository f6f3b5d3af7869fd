"""A promptable segmentation model that the operator gives: a click or a drawn box, one region."""

import time
from collections.abc import Sequence
from uuid import uuid4

import numpy as np
from django.utils.translation import gettext_lazy as _

from lode_annotation.assist import embeddings, outlining, promptable_model
from lode_annotation.assist.assistants.assistant import Arrays, Assistant, Learned, halves, measured
from lode_annotation.assist.pictures import Picture, Seen, Suggestion, medians
from lode_annotation.assist.polar import Numbers
from lode_annotation.assist.promptable import BadModel
from motherlode.shapes import Shape

SECONDS = 7.0
"""How long a click waits; the editor waits for three seconds more."""
PICTURES = 30
"""Pictures held out that it is measured on, the newest: looking at one takes seconds."""
Box = tuple[float, float, float, float]


class Segment(Assistant):
    """SAM, MobileSAM, SAM 2 and their like as ONNX, as they are: nothing is learned, they are measured alone."""

    name = "segment"
    title = _("Segment by a click or a box")
    description = _("A model that the operator gives finds the object at a click, or within a box that is drawn.")
    purpose = "click"
    measure = _("median IoU")
    guess = _("median box of the class")
    ready = True
    boxes = True
    needs = ""

    def offered(self) -> bool:
        return promptable_model.folder() is not None

    def why_not(self) -> str:
        return promptable_model.fault() if self.offered() else str(_("No model is given."))

    def version(self) -> str:
        try:
            return promptable_model.given().version
        except BadModel:
            return ""

    def learn(self, pictures: Sequence[Picture]) -> Learned:
        """Measures it as the learned ones are; a picture takes as long as it takes."""
        taught, held = halves(pictures)
        held = held[:PICTURES]
        size, known = medians(taught)
        took: list[float] = []

        def clicked(seen: Seen, x: float, y: float, class_id: int) -> Suggestion | None:
            began = time.perf_counter()
            try:
                return _found(seen, np.array([[x, y]]), class_id, 2 * promptable_model.HARD)
            finally:
                took.append(time.perf_counter() - began)

        def guessed(seen: Seen, x: float, y: float, class_id: int) -> Suggestion:
            half = known.get(class_id, size) / 2 / seen.scale
            return Suggestion(class_id, (x - half[0], y - half[1], x + half[0], y + half[1]))

        own, trivial = measured(held, clicked), measured(held, guessed)
        return Learned(
            arrays={},
            held_out=len(own),
            accuracy=float(np.median(own)) if own else None,
            trivial=float(np.median(trivial)) if own else None,
            answer_ms=float(np.median(took) * 1000) if took else 0.0,
        )

    def click(self, arrays: Arrays, seen: Seen, x: float, y: float, class_id: int, shape: Shape) -> Suggestion | None:
        return _found(seen, np.array([[x, y]]), class_id, SECONDS)

    def boxed(self, arrays: Arrays, seen: Seen, box: Box, class_id: int, shape: Shape) -> Suggestion | None:
        return _found(seen, np.array([box[:2], box[2:]]), class_id, SECONDS)


def _found(seen: Seen, prompt: Numbers, class_id: int, seconds: float) -> Suggestion | None:
    """What a prompt means: a point (1, 2), or the corners of a box (2, 2), in pixels of the item.

    Raises ``Failed``, and ``Conflict`` (``preparing``) where it takes longer.
    """
    until = time.monotonic() + seconds
    try:
        model = promptable_model.given()
    except BadModel as error:
        raise promptable_model.Failed(str(error)) from None
    requests = promptable_model.requests_of(model)
    key = embeddings.key_of(model, seen.name)
    features = embeddings.kept(key)
    if features is None:
        asked = {"verb": "encode", "pixels": seen.pixels}
        features = requests.ask(key, asked, seconds, lambda made: embeddings.keep(key, made))
    height, width = seen.pixels.shape[:2]
    inside = prompt * [width / seen.media.width, height / seen.media.height]
    given = {"verb": "decode", "prompt": inside, "size": np.array([height, width]), **features}
    said = requests.ask(str(uuid4()), given, max(0.1, until - time.monotonic()))
    mask = np.unpackbits(said["mask"], axis=1, count=width).astype(bool)
    score = float(said["score"])
    return outlining.segmented(mask, seen, inside.mean(axis=0), class_id, None if score < 0 else score)


ASSISTANT = Segment()
