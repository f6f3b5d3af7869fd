"""Ratings of a whole item or region, so many stars of so many (Label Studio's Rating)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.numbers import is_number
from motherlode.shapes.answer import AnswerShape, whole_number
from motherlode.shapes.shape import Asked, Broken

__all__ = ["RatingShape"]

STARS = 5
"""Of a control that does not say how many."""

MOST_STARS = 100


class RatingShape(AnswerShape):
    """What is said is a whole number, 0 to the control's most."""

    kind = "rating"
    numeric = True
    task = "ratings"
    noun = "rating"
    tag = "Rating"
    result_type = "rating"
    control_name = "rating"
    attributes = frozenset({"name", "toName", "required", "maxRating", "defaultValue"})
    looks = frozenset({"icon", "size", "requiredMessage"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        most = asked.options.get("max", STARS)
        if not is_number(said) or said != said // 1:
            return Broken("number", f"The rating is {said!r:.60}, not a whole number.")
        if not 0 <= said <= most:
            return Broken("number", f"The rating is {said:g}; it lies between 0 and {most}.")
        return None

    def plain(self, said: Any) -> int:
        return int(said)

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        most = whole_number(attributes, "maxRating") or STARS
        if most > MOST_STARS:
            raise ValueError(f'maxRating="{most}" is more than {MOST_STARS}')
        first = whole_number(attributes, "defaultValue", 0)
        if first is not None and first > most:
            raise ValueError(f'defaultValue="{first}" is above {most}')
        return {"max": most} if not first else {"max": most, "default": first}
