"""The answer that came last, whatever the others say."""

from collections.abc import Sequence

from lode_annotation.consensus.rule import Known, Merged, Rule, Voice
from motherlode.controls import Control


class Last(Rule):
    """What the last of the people said; the earlier answers are kept, and count for the agreement."""

    name = "last"

    def takes(self, control: Control) -> bool:
        return True

    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        by = [len(voices) - 1]
        votes = [
            {"control": control.name, "region": one.id, "by": by, "kept": True, "classes": {str(one.class_id): 1}}
            for one in voices[-1]
        ]
        return Merged(list(voices[-1]), votes)
