"""Regions of kinds that no other rule merges: one answer where everybody gave the same."""

from collections.abc import Sequence

from lode_annotation.consensus.rule import Merged, Rule, Undecided, Voice
from motherlode.controls import Control
from motherlode.manifest import canonical


class Same(Rule):
    """The regions of all are the same, to the number; else it is undecided."""

    name = "same"

    def takes(self, control: Control) -> bool:
        return True

    def merge(self, control: Control, voices: Sequence[Voice]) -> Merged:
        first, *others = ([canonical({**one.as_json(), "id": ""}) for one in voice] for voice in voices)
        if any(sorted(other) != sorted(first) for other in others):
            raise Undecided(f"Answers to {control.name} differ, and cannot be merged.")
        by = list(range(len(voices)))
        votes = [
            {"control": control.name, "region": one.id, "by": by, "kept": True, "classes": {str(one.class_id): len(by)}}
            for one in voices[0]
        ]
        return Merged(list(voices[0]), votes)
