"""Keypoints on images: single points (Label Studio's KeyPointLabels).

Label Studio's value also has `width`, the size of the dot that it draws, in percent. It is not part of the geometry:
the editor keeps it, and a value that is made here has `WIDTH`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.media import Image, Media
from motherlode.shapes.elements import points_in, said_points
from motherlode.shapes.means import mean
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, Point, PointMap, Shape

__all__ = ["RADIUS", "KeypointShape", "disc_overlap"]

WIDTH = 0.5  # percent: the dot that Label Studio draws
RADIUS = 20.0  # pixels of the disc that stands for a keypoint where two are compared
SLACK = 1e-6  # pixels by which a float may stick out


class KeypointShape(Shape):
    """A keypoint's geometry is (x, y)."""

    kind = "keypoint"
    task = "keypoints"
    noun = "keypoint"
    tag = "KeyPointLabels"
    result_type = "keypointlabels"
    element = "points"
    field = "keypoint"
    reach = 2 * RADIUS
    looks = frozenset(
        {"opacity", "fillColor", "strokeColor", "strokeWidth", "strokewidth", "snap", "showInline", "maxUsages"}
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A keypoint is set on an image.")
        for side, pixels in (("x", media.width), ("y", media.height)):
            number = value.get(side)
            if not isinstance(number, int | float) or isinstance(number, bool):
                return Broken("number", f"{side} is {number!r}, not a number.")
            if isinstance(number, float) and not math.isfinite(number):
                return Broken("number", f"{side} is {number}, which is not a valid place in an image.")
            over = SLACK * 100 / pixels
            if not -over <= number <= 100 + over:
                return Broken("outside", f"The keypoint's {side} is {_short(number)} %, outside the image.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Point:
        assert isinstance(media, Image)
        return self.from_json((float(value["x"]) * media.width / 100, float(value["y"]) * media.height / 100))

    def to_result(self, geometry: Point, media: Media) -> dict[str, Any]:
        assert isinstance(media, Image)
        x, y = geometry
        return {"x": x * 100 / media.width, "y": y * 100 / media.height, "width": WIDTH}

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Point]:
        return [self.from_json(point) for point in points_in(element)]

    def to_elements(self, geometry: Point) -> Sequence[Mapping[str, str]]:
        return [said_points([geometry])]

    def canonical(self, geometry: Point) -> list[float]:
        return [float(number) + 0.0 for number in geometry]

    def from_json(self, value: Sequence[Any]) -> Point:
        if isinstance(value, str | bytes) or len(value) != 2:
            raise BadRegion(f"{value!r:.60} is not a keypoint, which is two numbers (x, y)")
        x, y = map(float, value)
        if not (math.isfinite(x) and math.isfinite(y)):
            raise BadRegion(f"the keypoint {list(value)!r} holds a number that is not finite")
        return (x, y)

    def bounds(self, geometry: Point) -> Bounds:
        return (*geometry, *geometry)

    def area(self, geometry: Point) -> float:
        return 0.0

    def clip(self, geometry: Point, media: Media) -> tuple[Point | None, Clip]:
        assert isinstance(media, Image)
        x, y = geometry
        if not (-SLACK <= x <= media.width + SLACK and -SLACK <= y <= media.height + SLACK):
            return None, "outside"
        return (min(max(x, 0.0), float(media.width)), min(max(y, 0.0), float(media.height))), "ok"

    def similarity(self, one: Point, two: Point) -> float:
        return disc_overlap(one, two)

    def fused(self, geometries: Sequence[Point]) -> Point:
        """The mean of both coordinates."""
        x, y = (mean(side) for side in zip(*geometries, strict=True))
        return (x, y)

    def mapped(self, geometry: Point, point: PointMap) -> Point:
        return point(*geometry)

    def near(self, one: Point, two: Point, most: float = 1e-6) -> bool:
        return all(abs(a - b) <= most for a, b in zip(one, two, strict=True))

    def words(self, geometry: Point) -> str:
        return f"({geometry[0]:g}, {geometry[1]:g})"


def disc_overlap(one: Point, two: Point) -> float:
    """The overlap of the discs of `RADIUS` around two points, their intersection over their union: 1 in one place, 0.5
    at about 10.6 pixels, 0 from 40 on.

    Two discs of radius r whose middles lie d apart share the area 2 r² acos(d / 2r) - (d / 2) sqrt(4 r² - d²)
    (Weisstein, "Circle-Circle Intersection", MathWorld, equation 14).
    """
    part = math.dist(one, two) / (2 * RADIUS)
    if part >= 1:
        return 0.0
    shared = 2 * (math.acos(part) - part * math.sqrt(1 - part * part))  # in squares of the radius
    return shared / (2 * math.pi - shared)


def _short(number: float) -> str:
    """A number for a sentence; a whole one may be larger than a float can be."""
    return f"{min(max(number, -1e300), 1e300):g}"
