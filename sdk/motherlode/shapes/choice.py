"""Classes of a whole item (Label Studio's Choices): no geometry, one entry a control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motherlode.media import Media
from motherlode.shapes.shape import Broken, Clip, PointMap, Shape

__all__ = ["ChoiceShape"]


class ChoiceShape(Shape):
    """A choice says only its class; its geometry is None."""

    kind = "choice"
    task = "classes"
    noun = "choice"
    tag = "Choices"
    result_type = "choices"
    part = "Choice"
    whole = True
    control_name = "choice"
    choice = "single"
    looks = frozenset({"showInline", "showinline", "layout", "requiredMessage"})
    part_looks = frozenset({"selected", "style", "color", "background", "category"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        return None

    def check_labels(self, labels: Any, *, single: bool) -> Broken | None:
        if not isinstance(labels, list) or not labels:
            return Broken("label", "Nothing is chosen; leave the entry out instead.")
        if single and len(labels) != 1:
            return Broken("label", "Exactly one can be chosen.")
        if len({str(label) for label in labels}) != len(labels):
            return Broken("duplicate", "A choice stands twice.")
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
