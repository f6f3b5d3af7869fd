"""Pre-labels: the objects of a whole picture, learned from the project's own labels."""

import time
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from lode_annotation.assist import clicking, finding
from lode_annotation.assist.assistants.assistant import Arrays, Assistant, Learned, halves
from lode_annotation.assist.finding import Finder
from lode_annotation.assist.pictures import Picture, Seen, Suggestion

MEASURED = 30
"""Pictures held out that it is measured on, the newest: a whole picture takes a while."""


class Find(Assistant):
    """Trees that say where an object has its middle, and what a click there would mean."""

    name = "find"
    title = _("Pre-labels")
    description = _("Regions are suggested in open tasks before somebody opens them, to accept, correct or dismiss.")
    purpose = "prelabel"
    measure = _("F1 at IoU .5")
    guess = _("median boxes side by side")

    def learn(self, pictures: Sequence[Picture]) -> Learned:
        taught, held = halves(pictures)
        model = finding.learned(taught, clicking.learned(taught))
        # the threshold is chosen on one half of what was held out, and measured on the other
        choosing, judging = held[:MEASURED:2], held[1:MEASURED:2]
        model = replace(model, threshold=finding.best_threshold(*finding.tally(model.found, choosing)))
        began = time.perf_counter()
        scores, right, count = finding.tally(model.found, judging)
        took = (time.perf_counter() - began) / max(1, len(judging))
        own = finding.f1_at(scores, right, count, model.threshold)
        trivial = finding.f1_at(*finding.tally(finding.guessing(taught), judging), 0.0)
        sure = scores >= model.threshold
        return Learned(
            arrays=model.arrays(),
            held_out=count,
            accuracy=own if count else None,
            trivial=trivial if count else None,
            answer_ms=took * 1000,
            facts={
                "precision": float(right[sure].mean()) if sure.any() else 0.0,
                "recall": float(right[sure].sum() / max(1, count)),
            },
        )

    def find(self, arrays: Arrays, seen: Seen) -> list[Suggestion]:
        return Finder.kept(arrays).suggestions(seen)


ASSISTANT = Find()
