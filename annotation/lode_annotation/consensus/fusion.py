"""Regions: those of several people that are the same thing become one, at the place that their kind makes of theirs."""

from collections.abc import Sequence

from lode_annotation.consensus.groups import merged_groups
from lode_annotation.consensus.rule import Known, Merged, Rule, Voice
from motherlode.controls import Control
from motherlode.shapes import SHAPES


class Fusion(Rule):
    """Each person weighs the same. A kind whose numbers have a mean gives that (boxes, rotated boxes, ellipses,
    points); of any other one it is the region that is the most alike to all (polygons, polylines, spans)."""

    name = "fusion"

    def takes(self, control: Control) -> bool:
        return not SHAPES[control.kind].whole and not SHAPES[control.kind].masked

    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        return merged_groups(control, voices, known)
