"""Boxes: those of several people that are the same thing become one, at the mean of their places."""

from collections.abc import Sequence

from lode_annotation.consensus.groups import merged_groups
from lode_annotation.consensus.rule import Merged, Rule, Undecided, Voice
from motherlode.controls import Control
from motherlode.shapes import SHAPES, Bounds


class Fusion(Rule):
    """Weighted box fusion of people: boxes have no scores, so that each weighs the same."""

    name = "fusion"

    def takes(self, control: Control) -> bool:
        return SHAPES[control.kind].fills_bounds

    def merge(self, control: Control, voices: Sequence[Voice]) -> Merged:
        if any(not SHAPES[region.kind].fills_bounds for voice in voices for region in voice):
            raise Undecided("Not every region is an upright box.")
        return merged_groups(control, voices, mean, mean)


def mean(boxes: Sequence[Bounds]) -> Bounds:
    """The mean of each side."""
    x1, y1, x2, y2 = (sum(side) / len(boxes) for side in zip(*boxes, strict=True))
    return x1, y1, x2, y2
