"""One class of an item as a whole: the likeliest, of what people say and how often each of them is right."""

from collections.abc import Sequence
from typing import Any

from lode_annotation.agreement.comparing import NOTHING
from lode_annotation.agreement.dawid_skene import Estimate
from lode_annotation.consensus.majority import Majority
from lode_annotation.consensus.rule import Known, Merged, Rule, Undecided, Voice
from motherlode.controls import Control
from motherlode.shapes import SHAPES

SURE = 0.5


class DawidSkene(Rule):
    """A class whose chance by the model of Dawid and Skene is above a half is kept, if anybody gave it.

    How often each person says what of each class is estimated beforehand, from the answers to all tasks of the queue;
    before there is an estimate all are thought equal, and the majority has it. The votes have each class's ``chance``
    and the digest of the ``estimate``, which the server keeps.
    """

    name = "dawid_skene"

    def takes(self, control: Control) -> bool:
        shape = SHAPES[control.kind]
        return shape.whole and shape.labelled and control.single

    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        said = [_class_of(voice, known) for voice in voices]
        classes = sorted({NOTHING, *said, *(known.merged.get(one, one) for one in control.class_ids.values())})
        estimate = known.estimates.get(control.name) or unknown(classes)
        if not set(said) <= set(estimate.classes):  # of a class that came later nothing is known yet
            return Majority().merge(control, voices, known)
        people = known.people or [str(place) for place in range(len(voices))]
        chances = estimate.chances(zip(people, said, strict=True))
        likeliest = max(sorted(chances), key=lambda class_id: chances[class_id])
        if chances[likeliest] <= SURE:
            raise Undecided("No class is likelier than all others together.")
        if likeliest not in said:
            raise Undecided("Nobody gave the likeliest class.")
        merged = Merged()
        for class_id in sorted(set(said) - {NOTHING}):
            by = [place for place, one in enumerate(said) if one == class_id]
            kept = class_id == likeliest
            if kept:
                merged.regions.append(voices[by[0]][0])
            merged.votes.append(_vote(control, class_id, by, kept, chances[class_id], estimate))
        return merged


def _class_of(voice: Voice, known: Known) -> int:
    class_id = next((region.class_id for region in voice), NOTHING)
    return known.merged.get(class_id, class_id)


def _vote(
    control: Control, class_id: int, by: list[int], kept: bool, chance: float, estimate: Estimate
) -> dict[str, Any]:
    digest = {"estimate": estimate.digest} if estimate.confusion else {}
    counts = {str(class_id): len(by)}
    return {"control": control.name, "by": by, "kept": kept, "classes": counts, "chance": chance, **digest}


def unknown(classes: Sequence[int]) -> Estimate:
    """What is thought before anything is estimated: every class is as likely, and nobody is known."""
    return Estimate(tuple(classes), (1 / len(classes),) * len(classes), {})
