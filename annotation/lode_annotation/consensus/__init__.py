"""One answer of several people's, by the queue's choice of rules. A rule is one file and one line.

No rule knows a database: regions in, regions and votes out.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from lode_annotation.consensus.dawid_skene import DawidSkene
from lode_annotation.consensus.fusion import Fusion
from lode_annotation.consensus.last import Last
from lode_annotation.consensus.majority import Majority
from lode_annotation.consensus.rule import NOTHING_KNOWN, Known, Merged, Rule, Undecided
from lode_annotation.consensus.staple import Staple
from motherlode.controls import Control, asked_by
from motherlode.manifest import canonical
from motherlode.regions import Region

__all__ = [
    "DAWID_SKENE",
    "LAST",
    "MERGED",
    "RULES",
    "Known",
    "Merged",
    "Rule",
    "Undecided",
    "links",
    "merge",
    "rule_for",
]

MERGED, DAWID_SKENE, LAST = "merged", "dawid_skene", "last"
_BY_VOTES = (Majority(), Staple(), Fusion())
RULES: Mapping[str, tuple[Rule, ...]] = {
    MERGED: _BY_VOTES,
    DAWID_SKENE: (DawidSkene(), *_BY_VOTES),
    LAST: (Last(),),
}
"""The rules of each choice, in the order in which they are asked for a control; together they take every kind."""


def rule_for(choice: str, control: Control) -> Rule:
    """The rule that makes one of the answers to a control."""
    return next(rule for rule in RULES[choice] if rule.takes(control))


def merge(
    choice: str, controls: Sequence[Control], answers: Sequence[Sequence[Region]], known: Known = NOTHING_KNOWN
) -> tuple[list[Region], list[dict[str, Any]]]:
    """What the answers of several people come to under the schema's ``controls``, and the votes of each control, with
    what is ``known`` beside them.

    Raises ``Undecided`` where they do not come to one.
    """
    regions: list[Region] = []
    votes: list[dict[str, Any]] = []
    for control in controls:
        if control.per_region:
            continue
        voices = [[region for region in answer if asked_by(controls, region) is control] for answer in answers]
        rule = rule_for(choice, control)
        merged = rule.merge(control, voices, known)
        regions += merged.regions
        votes += [{"rule": rule.name, **vote} for vote in merged.votes]
    return regions, votes


def links(choice: str, voices: Sequence[Sequence[dict[str, Any]]], regions: Container[str]) -> list[dict[str, Any]]:
    """What the links that several people gave come to, as entries of a Label Studio result, between ``regions`` that
    were kept. Links have no votes: all give the same ones, or the last one's count.

    Raises ``Undecided`` where they differ.
    """
    given = {canonical(sorted(map(canonical, voice))) for voice in voices}
    if choice != LAST and len(given) > 1:
        raise Undecided("The links between regions differ, and cannot be merged.")
    return [one for one in voices[-1] if one["from_id"] in regions and one["to_id"] in regions]
