"""Answers about the item as a whole: what more than half of the people say, class by class or value by value."""

from collections.abc import Sequence
from typing import Any

from lode_annotation.consensus.rule import Known, Merged, Rule, Undecided, Voice, decided
from motherlode.controls import Control
from motherlode.manifest import canonical
from motherlode.regions import Region
from motherlode.shapes import SHAPES


class Majority(Rule):
    """A class, or a value, is kept where more than half of the people gave it, left out where more than half did not.

    What exactly half gave is undecided, and so is a control that takes one answer where no answer, nor the lack of
    any, has more than half.
    """

    name = "majority"

    def takes(self, control: Control) -> bool:
        return SHAPES[control.kind].whole

    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        given: dict[str, dict[int, Region]] = {}
        for place, voice in enumerate(voices):
            for region in voice:
                given.setdefault(_said(region), {})[place] = region
        merged = Merged()
        for by in given.values():
            region = next(iter(by.values()))
            kept = decided(len(by), len(voices))
            if kept:
                merged.regions.append(region)
            merged.votes.append(_vote(control, region, list(by), kept))
        silent = sum(1 for voice in voices if not voice)
        if given and not merged.regions and not 2 * silent > len(voices) and _takes_one(control):
            raise Undecided("No answer has more than half of the votes.")
        return merged


def _takes_one(control: Control) -> bool:
    return control.single or not SHAPES[control.kind].labelled


def _said(region: Region) -> str:
    """What an answer says, so that equal answers are equal texts."""
    return canonical([region.class_id, region.value])


def _vote(control: Control, region: Region, by: list[int], kept: bool) -> dict[str, Any]:
    said = {"classes": {str(region.class_id): len(by)}} if region.class_id else {"value": region.value}
    return {"control": control.name, "by": by, "kept": kept, **said}
