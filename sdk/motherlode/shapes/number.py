"""Numbers of a whole item or region (Label Studio's Number)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.numbers import is_number
from motherlode.shapes.answer import AnswerShape
from motherlode.shapes.shape import Asked, Broken

__all__ = ["NumberShape"]

EXACT = 2**53
"""From here on not every whole number is a float."""


class NumberShape(AnswerShape):
    """What is said is a number."""

    kind = "number"
    numeric = True
    task = "numbers"
    noun = "number"
    tag = "Number"
    result_type = "number"
    control_name = "number"
    attributes = frozenset({"name", "toName", "required", "min", "max", "step", "defaultValue"})
    looks = frozenset({"requiredMessage"})

    def check_said(self, said: Any, asked: Asked) -> Broken | None:
        if not is_number(said):
            return Broken("number", f"The number is {said!r:.60}, which is none.")
        least, most = asked.options.get("min"), asked.options.get("max")
        if least is not None and said < least:
            return Broken("number", f"The number is {said:g}; the least is {least:g}.")
        if most is not None and said > most:
            return Broken("number", f"The number is {said:g}; the most is {most:g}.")
        return None

    def plain(self, said: Any) -> float | int:
        number = float(said) + 0.0
        return int(number) if number.is_integer() and abs(number) < EXACT else number

    def options(self, attributes: Mapping[str, str], selected: Sequence[str]) -> dict[str, Any]:
        found: dict[str, float | int] = {}
        for name, key in (("min", "min"), ("max", "max"), ("step", "step"), ("defaultValue", "default")):
            if text := attributes.get(name, "").strip():
                found[key] = self._read(name, text)
        if found.get("step", 1) <= 0:
            raise ValueError(f'step="{found["step"]:g}" must be above 0')
        if found.get("min", 0) > found.get("max", found.get("min", 0)):
            raise ValueError("min is above max")
        return found

    def _read(self, name: str, text: str) -> float | int:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not is_number(number):
            raise ValueError(f'{name}="{text}" is not a number')
        return self.plain(number)
