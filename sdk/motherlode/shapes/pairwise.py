"""Which of two pictures of an item is preferred (Label Studio's Pairwise)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.shapes.answer import AnswerShape
from motherlode.shapes.shape import Asked, Broken

__all__ = ["PairwiseShape"]

SIDES = ("left", "right")
"""What is said of a control that names its two sides in no other way."""


class PairwiseShape(AnswerShape):
    """What is said is the name of a side: `left`, the first picture of `toName`, or `right`, the second, or what
    `leftClass` and `rightClass` call them."""

    kind = "pairwise"
    task = "pairs"
    noun = "preference"
    tag = "Pairwise"
    result_type = "pairwise"
    value_key = "selected"
    control_name = "pair"
    compares = 2
    attributes = frozenset({"name", "toName", "required", "leftClass", "rightClass"})
    looks = frozenset({"selectionStyle", "selectedStyle", "requiredMessage"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        sides = asked.options.get("sides", SIDES)
        if not isinstance(said, str) or said not in sides:
            return Broken("side", f"The preference is {said!r:.60}; it is {sides[0]!r} or {sides[1]!r}.")
        return None

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        if attributes.get("perRegion", "false").lower() == "true":
            raise ValueError("two pictures are compared, so it cannot be asked per region")
        sides = [attributes.get(f"{side}Class", "").strip() or side for side in SIDES]
        if sides[0] == sides[1]:
            raise ValueError(f"both sides are called {sides[0]!r}")
        return {} if tuple(sides) == SIDES else {"sides": sides}
