"""Upright boxes on images: xyxy, whose numbers are edges (Label Studio's rectangles)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from motherlode.media import Image, Media
from motherlode.numbers import are_numbers, is_number
from motherlode.shapes.elements import numbers_in, said
from motherlode.shapes.means import mean
from motherlode.shapes.shape import BadRegion, Broken, Clip, PointMap, Shape

__all__ = ["Box", "BoxShape", "clip_box", "iou"]

Box: TypeAlias = tuple[float, float, float, float]

SIDES = ("x", "y", "width", "height")
_NUMBERS = {float, int}
SLACK = 1e-6  # pixels by which a float may stick out


class BoxShape(Shape):
    """A box is its own geometry: (x1, y1, x2, y2)."""

    kind = "box"
    task = "boxes"
    noun = "box"
    tag = "RectangleLabels"
    result_type = "rectanglelabels"
    element = "box"
    field = "box"
    fills_bounds = True
    looks = frozenset(
        {
            *("opacity", "fillColor", "strokeColor", "strokeWidth", "fillOpacity", "canRotate", "snap", "showInline"),
            *("strokewidth", "maxUsages"),
        }
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A box is drawn on an image.")
        sides: tuple[Any, ...] = value.get("x"), value.get("y"), value.get("width"), value.get("height")
        if not are_numbers(sides):
            return _no_number(sides)
        x, y, across, down = sides
        if across <= 0 or down <= 0:
            return Broken("area", f"The box is {across:g} % wide and {down:g} % high: it has no area.")
        right, bottom = x + across, y + down
        if x >= 0 and y >= 0 and right <= 100 and bottom <= 100:
            return None
        over, under = SLACK * 100 / media.width, SLACK * 100 / media.height
        if x < -over or y < -under or right > 100 + over or bottom > 100 + under:
            return Broken(
                "outside", f"The box reaches from ({x:g}, {y:g}) to ({right:g}, {bottom:g}) %, outside the image."
            )
        if min(right, 100) <= max(x, 0) or min(bottom, 100) <= max(y, 0):
            return Broken("area", "The box has no area within the image.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Box:
        assert isinstance(media, Image)
        width, height = media.width, media.height
        x, y, across, down = map(float, (value["x"], value["y"], value["width"], value["height"]))
        return self.from_json(
            (x * width / 100, y * height / 100, (x + across) * width / 100, (y + down) * height / 100)
        )

    def sound_text(self, value: Mapping[str, Any], media: Media) -> str | None:
        x, y, across, down = value["x"], value["y"], value["width"], value["height"]
        if isinstance(media, Image) and {type(x), type(y), type(across), type(down)} <= _NUMBERS and x >= 0 <= y:
            right, bottom = x + across, y + down
            x1, x2 = x * media.width / 100, right * media.width / 100
            y1, y2 = y * media.height / 100, bottom * media.height / 100
            if x1 < x2 and y1 < y2 and right <= 100 and bottom <= 100:
                return f"[{x1 + 0.0!r},{y1 + 0.0!r},{x2!r},{y2!r}]"
        return super().sound_text(value, media)  # at an edge, or not sound

    def to_result(self, geometry: Box, media: Media) -> dict[str, Any]:
        assert isinstance(media, Image)
        x1, y1, x2, y2 = geometry
        return {
            "x": x1 * 100 / media.width,
            "y": y1 * 100 / media.height,
            "width": (x2 - x1) * 100 / media.width,
            "height": (y2 - y1) * 100 / media.height,
            "rotation": 0,
        }

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Box]:
        left, top, right, bottom = numbers_in(element, "xtl", "ytl", "xbr", "ybr")
        return [(left, top, right, bottom)]

    def to_elements(self, geometry: Box) -> Sequence[Mapping[str, str]]:
        left, top, right, bottom = geometry
        return [said(xtl=left, ytl=top, xbr=right, ybr=bottom)]

    def canonical(self, geometry: Box) -> list[float]:
        return [float(value) + 0.0 for value in geometry]

    def from_json(self, value: Sequence[Any]) -> Box:
        x1, y1, x2, y2 = map(float, value)
        if not math.isfinite(x1 + y1 + x2 + y2):
            raise BadRegion(f"box {list(value)!r} holds a number that is not finite")
        return (x1, y1, x2, y2)

    def bounds(self, geometry: Box) -> Box:
        return geometry

    def area(self, geometry: Box) -> float:
        return (geometry[2] - geometry[0]) * (geometry[3] - geometry[1])

    def clip(self, geometry: Box, media: Media) -> tuple[Box | None, Clip]:
        assert isinstance(media, Image)
        return clip_box(geometry, media.width, media.height)

    def similarity(self, one: Box, two: Box) -> float:
        return iou(one, two)

    def fused(self, geometries: Sequence[Box]) -> Box:
        """The mean of each side."""
        x1, y1, x2, y2 = (mean(side) for side in zip(*geometries, strict=True))
        return (x1, y1, x2, y2)

    def mapped(self, geometry: Box, point: PointMap) -> Box:
        # a box that is inside out stays so, for `clip` to say
        (left, top), (right, bottom) = point(0.0, 0.0), point(1.0, 1.0)
        (x1, y1), (x2, y2) = point(geometry[0], geometry[1]), point(geometry[2], geometry[3])
        if right < left:
            x1, x2 = x2, x1
        if bottom < top:
            y1, y2 = y2, y1
        return (x1, y1, x2, y2)

    def near(self, one: Box, two: Box, most: float = 1e-6) -> bool:
        return all(abs(a - b) <= most for a, b in zip(one, two, strict=True))


def _no_number(sides: Sequence[Any]) -> Broken | None:
    """What is wrong with the first of the sides that is not a number."""
    for side, number in zip(SIDES, sides, strict=True):
        if not isinstance(number, int | float) or isinstance(number, bool):
            return Broken("number", f"{side} is {number!r}, not a number.")
        if not is_number(number):
            return Broken("number", f"{side} is {number!r:.40}, which is not a valid place in an image.")
    return None


def clip_box(box: Sequence[float], width: float, height: float) -> tuple[Box | None, Clip]:
    """Cut `box` (xyxy, pixels; numbers are edges) to an image of `width` x `height`, as `Shape.clip` says."""
    x1, y1, x2, y2 = map(float, box)
    if not math.isfinite(x1 + y1 + x2 + y2) or x2 <= x1 or y2 <= y1:
        return None, "degenerate"
    if x1 >= 0 and y1 >= 0 and x2 <= width and y2 <= height:
        return (x1 + 0.0, y1 + 0.0, x2, y2), "ok"
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
    if cut[2] <= cut[0] or cut[3] <= cut[1]:
        return None, "outside"
    return cut, "clipped"


def iou(one: Box, two: Box) -> float:
    """The area that two boxes share, in parts of what they cover together; 0 for boxes without area."""
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    whole = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1]) - shared
    return shared / whole
