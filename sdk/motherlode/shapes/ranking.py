"""The order of a list's entries, the best one first (Label Studio's Ranker without buckets)."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.media import List, Media
from motherlode.media.list import entries_of
from motherlode.shapes.answer import AnswerShape
from motherlode.shapes.shape import Asked, Broken

__all__ = ["RankingShape"]


class RankingShape(AnswerShape):
    """What is said is `{"rank": ["b", "a", ...]}`: the ids of all entries in their order, under the control's name."""

    kind = "ranking"
    task = "rankings"
    noun = "ranking"
    tag = "Ranker"
    result_type = "ranker"
    labelled = False
    quotes = True
    media = frozenset({"list"})
    control_name = "rank"

    def fits(self, medium: str) -> bool:
        return medium in self.media

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        order = order_of(value.get(self.key))
        if isinstance(media, List) and order is not None and len(order) != media.length:
            return Broken("order", f"{len(order)} of {media.words()} are ranked; rank each of them.")
        return None

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        order = order_of(said)
        if order is None:
            return Broken("order", f'The ranking is {said!r:.60}, not an object such as {{"rank": ["b", "a"]}}.')
        if len(set(order)) != len(order):
            return Broken("order", "An entry stands twice in the ranking.")
        return None

    def unlike(self, value: Mapping[str, Any], media: Media, text: str) -> str:
        order = order_of(value.get(self.key)) or ()
        strange = sorted(set(order) - {entry.id for entry in entries_of(text)})
        return f"the list has no entry {strange[0]!r:.60}" if strange else ""

    def alike(self, one: Any, two: Any) -> float:
        """The share of pairs of entries that both have in the same order: (tau + 1) / 2, with Kendall's tau."""
        first, second = order_of(one) or [], order_of(two) or []
        place = {entry: at for at, entry in enumerate(second)}
        there: list[int] = []
        agreed = 0
        for at in (place[entry] for entry in first if entry in place):
            agreed += bisect(there, at)
            insort(there, at)
        pairs = len(there) * (len(there) - 1) // 2
        return agreed / pairs if pairs else float(first == second)

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        if attributes.get("perRegion", "false").lower() == "true":
            raise ValueError("a list is ranked, so it cannot be asked per region")
        return {}


def order_of(said: Any) -> list[str] | None:
    """The ids of what a ranking says, in their order; None where it is none."""
    if not isinstance(said, dict) or len(said) != 1:
        return None
    [order] = said.values()
    return order if isinstance(order, list) and order and all(isinstance(one, str) for one in order) else None
