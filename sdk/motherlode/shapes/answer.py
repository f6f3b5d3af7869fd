"""What the kinds share that speak of an item, or of a region, as a whole: no geometry, one entry a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motherlode.media import Media
from motherlode.shapes.shape import Broken, Clip, PointMap, Shape

__all__ = ["AnswerShape", "whole_number"]


class AnswerShape(Shape):
    """An answer's geometry is None."""

    part = ""
    whole = True
    labelled = False
    attributes = frozenset({"name", "toName", "required"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> None:
        return None

    def to_result(self, geometry: None, media: Media) -> dict[str, Any]:
        return {}

    def canonical(self, geometry: None) -> None:
        return None

    def from_json(self, value: Any) -> None:
        return None

    def bounds(self, geometry: None) -> None:
        return None

    def area(self, geometry: None) -> float:
        return 0.0

    def clip(self, geometry: None, media: Media) -> tuple[None, Clip]:
        return None, "ok"

    def similarity(self, one: None, two: None) -> float:
        return 1.0

    def mapped(self, geometry: None, point: PointMap) -> None:
        return None

    def near(self, one: None, two: None, most: float = 1e-6) -> bool:
        return True


def whole_number(attributes: Mapping[str, str], name: str, least: int = 1) -> int | None:
    """The whole number that an attribute gives, None where it is not there. Raises ValueError."""
    text = attributes.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= 1_000_000:
        raise ValueError(f'{name}="{text}" is not a whole number from {least} to 1,000,000')
    return int(text)
