"""Polygons on images: outlines of straight edges (Label Studio's PolygonLabels).

Label Studio's value holds one closed ring. An object of several parts or with holes, as COCO's outlines and masks have,
is kept whole: the editor shows its first ring, and the others stay with the region as long as it has its id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from motherlode.masks import Mask, mask_polygon
from motherlode.media import Image, Media
from motherlode.numbers import is_number
from motherlode.shapes.elements import points_in, said_points
from motherlode.shapes.rings import Polygon, Ring, area_of, clipped, shared_and_whole
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, Point, PointMap, Shape

__all__ = ["Polygon", "PolygonShape", "Ring"]

MAX_POINTS = 10_000
SLACK = 1e-6  # pixels by which a float may stick out, and square pixels that do not count as an area


class PolygonShape(Shape):
    """A polygon's geometry is a `Polygon`: parts of rings of points."""

    kind = "polygon"
    task = "polygons"
    noun = "polygon"
    tag = "PolygonLabels"
    result_type = "polygonlabels"
    element = "polygon"
    field = "polygon"
    outlined = True
    looks = frozenset(
        {
            *("opacity", "fillColor", "strokeColor", "strokeWidth", "strokewidth", "fillOpacity", "pointSize"),
            *("pointsize", "pointStyle", "snap", "showInline", "maxUsages"),
        }
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A polygon is drawn on an image.")
        points = value.get("points")
        if not isinstance(points, list) or len(points) < 3:
            return Broken("points", "A polygon has at least three points.")
        if len(points) > MAX_POINTS:
            return Broken("points", f"The polygon has {len(points):,} points; at most {MAX_POINTS:,} are taken.")
        if value.get("closed", True) is not True:
            return Broken("points", "The polygon is not closed.")
        for at, point in enumerate(points, start=1):
            if not isinstance(point, list) or len(point) != 2:
                return Broken("number", f"Point {at} is {point!r}, not two numbers.")
            for number in point:
                if not isinstance(number, int | float) or isinstance(number, bool):
                    return Broken("number", f"Point {at} has {number!r}, not a number.")
                if not is_number(number):
                    return Broken("number", f"Point {at} has {number!r:.40}, which is not a valid place in an image.")
        over, under = SLACK * 100 / media.width, SLACK * 100 / media.height
        for at, (x, y) in enumerate(points, start=1):
            if not (-over <= x <= 100 + over and -under <= y <= 100 + under):
                return Broken("outside", f"Point {at} lies at ({x:g}, {y:g}) %, outside the image.")
        if self.area(self.from_result(value, media)) <= SLACK:
            return Broken("area", "The polygon has no area.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Polygon:
        assert isinstance(media, Image)
        across, down = media.width, media.height
        ring = [(float(x) * across / 100, float(y) * down / 100) for x, y in value["points"]]
        return self.from_json([[ring]])

    def to_result(self, geometry: Polygon, media: Media) -> dict[str, Any]:
        assert isinstance(media, Image)
        points = [[x * 100 / media.width, y * 100 / media.height] for x, y in geometry[0][0]]
        return {"points": points, "closed": True}

    def lent(self, new: Polygon, before: Polygon) -> Polygon:
        # the editor shows the first ring alone
        rest = before[0][1:], before[1:]
        whole: Polygon = ((*new[0], *rest[0]), *rest[1])
        return before if self.near(whole, before) else whole

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Polygon]:
        return [self.from_json([[points_in(element)]])]

    def to_elements(self, geometry: Polygon) -> Sequence[Mapping[str, str]]:
        """One for each part; CVAT's polygons have no holes."""
        return [said_points(part[0]) for part in geometry]

    def canonical(self, geometry: Polygon) -> list[list[list[list[float]]]]:
        return [[[[float(x) + 0.0, float(y) + 0.0] for x, y in ring] for ring in part] for part in geometry]

    def from_json(self, value: Sequence[Any]) -> Polygon:
        if not value or not all(value):
            raise BadRegion("a polygon has at least one ring")
        return tuple(tuple(_ring(ring) for ring in part) for part in value)

    def bounds(self, geometry: Polygon) -> Bounds:
        xs = [x for part in geometry for x, _ in part[0]]
        ys = [y for part in geometry for _, y in part[0]]
        return (min(xs), min(ys), max(xs), max(ys))

    def area(self, geometry: Polygon) -> float:
        return sum(max(0.0, area_of(part[0]) - sum(map(area_of, part[1:]))) for part in geometry)

    def clip(self, geometry: Polygon, media: Media) -> tuple[Polygon | None, Clip]:
        assert isinstance(media, Image)
        if not math.isfinite(sum(n for part in geometry for ring in part for point in ring for n in point)):
            return None, "degenerate"
        if self.area(geometry) <= SLACK:
            return None, "degenerate"
        x1, y1, x2, y2 = self.bounds(geometry)
        if x1 >= 0 and y1 >= 0 and x2 <= media.width and y2 <= media.height:
            return geometry, "ok"
        if max(-x1, -y1, x2 - media.width, y2 - media.height) <= SLACK:  # no corner for a float's last digits
            return self.mapped(geometry, lambda x, y: (_within(x, media.width), _within(y, media.height))), "clipped"
        cut = tuple(
            part
            for part in (tuple(clipped(ring, media.width, media.height) for ring in part) for part in geometry)
            if area_of(part[0]) > SLACK
        )
        # holes that lie outside are gone
        cut = tuple((part[0], *(ring for ring in part[1:] if area_of(ring) > SLACK)) for part in cut)
        return (cut, "clipped") if cut and self.area(cut) > SLACK else (None, "outside")

    def similarity(self, one: Polygon, two: Polygon) -> float:
        if one == two:
            return 1.0
        a, b = self.bounds(one), self.bounds(two)
        if min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1]):
            return 0.0
        shared, whole = shared_and_whole(one, two)
        return shared / whole if whole else 0.0

    def mapped(self, geometry: Polygon, point: PointMap) -> Polygon:
        return tuple(tuple(tuple(point(x, y) for x, y in ring) for ring in part) for part in geometry)

    def near(self, one: Polygon, two: Polygon, most: float = 1e-6) -> bool:
        if [[len(ring) for ring in part] for part in one] != [[len(ring) for ring in part] for part in two]:
            return False
        return all(
            abs(a[0] - b[0]) <= most and abs(a[1] - b[1]) <= most
            for part, other in zip(one, two, strict=True)
            for ring, twin in zip(part, other, strict=True)
            for a, b in zip(ring, twin, strict=True)
        )

    def from_parts(self, parts: Sequence[Sequence[Sequence[Point]]]) -> Polygon:
        return self.from_json(parts)

    def from_mask(self, mask: Mask) -> Polygon:
        return self.from_parts(mask_polygon(mask))

    def parts(self, geometry: Polygon) -> Polygon:
        return geometry

    def words(self, geometry: Polygon) -> str:
        corners = sum(len(ring) for part in geometry for ring in part)
        return f"{corners} points within {super().words(geometry)}"


def _ring(points: Sequence[Any]) -> Ring:
    ring = tuple((float(x), float(y)) for x, y in points)
    if len(ring) < 3:
        raise BadRegion(f"a ring of {len(ring)} points is not a polygon, which has at least three")
    if not math.isfinite(sum(x + y for x, y in ring)):
        raise BadRegion("a polygon holds a number that is not finite")
    return ring


def _within(number: float, most: float) -> float:
    return min(max(number, 0.0), float(most))
