"""Rotated boxes on images: what Label Studio's rectangles are once somebody has turned them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from motherlode.media import Image, Media
from motherlode.numbers import is_number
from motherlode.shapes.box import BoxShape
from motherlode.shapes.elements import number_in, numbers_in, said
from motherlode.shapes.means import circular_mean, mean
from motherlode.shapes.rings import Polygon, Ring, area_of, clipped, shared_and_whole
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, Point, PointMap, Shape

__all__ = ["RotatedBox", "RotatedBoxShape", "corners"]

RotatedBox: TypeAlias = tuple[float, float, float, float, float]
"""The centre's x and y, width and height, all in pixels, and how far it is turned: clockwise degrees from 0 to 360."""

SLACK = 1e-6  # pixels by which floats may differ, and square pixels that do not count as an area


class RotatedBoxShape(Shape):
    """A rotated box's geometry is a `RotatedBox`.

    Label Studio has one control for boxes, turned or not; a value with a `rotation` is one of these. Its `x` and `y`
    are the corner that is the top left one before the turn, which is about that corner, in pixels. A rotated box is
    never cut: it may reach over the edge of its image, as long as some of it lies within.
    """

    kind = "rotated_box"
    task = BoxShape.task
    noun = "rotated box"
    tag = BoxShape.tag
    result_type = BoxShape.result_type
    element = BoxShape.element
    field = "rotated_box"
    variant_of = BoxShape.kind

    def claims(self, value: Mapping[str, Any]) -> bool:
        rotation: Any = value.get("rotation")
        return bool(rotation) and not (is_number(rotation) and math.remainder(rotation, 360) == 0)

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A box is drawn on an image.")
        for name in ("x", "y", "width", "height", "rotation"):
            if not is_number(value.get(name)):
                return Broken("number", f"{name} is {value.get(name)!r}, not a finite number.")
        across, down = value["width"], value["height"]
        if across <= 0 or down <= 0:
            return Broken("area", f"The box is {across:g} % wide and {down:g} % high: it has no area.")
        try:
            found = self.from_result(value, media)
        except BadRegion as error:
            return Broken("number", f"The box cannot be read: {error}.")
        if self.clip(found, media)[0] is None:
            return Broken("outside", f"The box about ({found[0]:g}, {found[1]:g}) px lies outside the image.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> RotatedBox:
        assert isinstance(media, Image)
        across, down = media.width / 100, media.height / 100
        x, width = (float(value[name]) * across for name in ("x", "width"))
        y, height = (float(value[name]) * down for name in ("y", "height"))
        angle = float(value["rotation"])
        u, v = _turned(width / 2, height / 2, angle)
        return self.from_json((x + u, y + v, width, height, angle))

    def to_result(self, geometry: RotatedBox, media: Media) -> dict[str, Any]:
        assert isinstance(media, Image)
        across, down = 100 / media.width, 100 / media.height
        width, height, rotation = geometry[2:]
        x, y = corners(geometry)[0]
        return {
            "x": x * across,
            "y": y * down,
            "width": width * across,
            "height": height * down,
            "rotation": rotation,
        }

    def claims_element(self, element: Mapping[str, str]) -> bool:
        return number_in(element, "rotation", "0") % 360 != 0

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[RotatedBox]:
        """CVAT's box is turned about its centre, in pixels."""
        left, top, right, bottom = numbers_in(element, "xtl", "ytl", "xbr", "ybr")
        place = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, number_in(element, "rotation"))
        return [self.from_json(place)]

    def to_elements(self, geometry: RotatedBox) -> Sequence[Mapping[str, str]]:
        x, y, width, height, angle = geometry
        edges = said(xtl=x - width / 2, ytl=y - height / 2, xbr=x + width / 2, ybr=y + height / 2)
        return [{**edges, **said(rotation=angle)}]

    def canonical(self, geometry: RotatedBox) -> list[float]:
        return [float(number) + 0.0 for number in geometry]

    def from_json(self, value: Sequence[Any]) -> RotatedBox:
        x, y, width, height, angle = map(float, value)
        if not math.isfinite(x + y + width + height + angle):
            raise BadRegion(f"rotated box {list(value)!r} holds a number that is not finite")
        if width < 0 or height < 0:
            raise BadRegion(f"rotated box {list(value)!r} has a negative side")
        angle %= 360
        return (x, y, width, height, 0.0 if angle == 360 else angle)

    def bounds(self, geometry: RotatedBox) -> Bounds:
        xs, ys = zip(*corners(geometry), strict=True)
        return (min(xs), min(ys), max(xs), max(ys))

    def area(self, geometry: RotatedBox) -> float:
        return geometry[2] * geometry[3]

    def clip(self, geometry: RotatedBox, media: Media) -> tuple[RotatedBox | None, Clip]:
        if not math.isfinite(sum(geometry)) or self.area(geometry) <= SLACK:
            return None, "degenerate"
        assert isinstance(media, Image)
        within = area_of(clipped(corners(geometry), media.width, media.height))
        return (geometry, "ok") if within > SLACK else (None, "outside")

    def similarity(self, one: RotatedBox, two: RotatedBox) -> float:
        if one == two:
            return 1.0
        shared, whole = shared_and_whole(_outline(one), _outline(two))
        return shared / whole if whole else 0.0

    def fused(self, geometries: Sequence[RotatedBox]) -> RotatedBox:
        """The mean centre and size, turned by the circular mean of the angles.

        The same box can be said in four ways, a quarter turn further each with its sides exchanged: each is taken in
        the way in which its corners lie nearest to those of the medoid, and the mean is said as most said theirs.
        """
        medoid = super().fused(geometries)
        aligned = [_said_as(box, medoid) for box in sorted(geometries)]
        x, y, width, height = (mean([box[at] for _turns, box in aligned]) for at in range(4))
        angle = circular_mean([box[4] for _turns, box in aligned])
        turns = [turn for turn, _box in aligned]
        most = max(range(4), key=lambda turn: (turns.count(turn), -turn))
        return self.from_json(_quarters((x, y, width, height, angle), -most))

    def of_kind(self, other: Shape, geometry: Any) -> RotatedBox | None:
        if not other.fills_bounds:
            return geometry if other.kind == self.kind else None
        x1, y1, x2, y2 = geometry
        return ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0.0)

    def mapped(self, geometry: RotatedBox, point: PointMap) -> RotatedBox:
        """Where the other image is scaled more along one side than along the other, a rotated box does not stay a box:
        the one given has the centre, the first side, and the area."""
        x, y, width, height, angle = geometry
        centre = point(x, y)
        halves = (_turned(width / 2, 0.0, angle), _turned(0.0, height / 2, angle))
        ends = [point(x + u, y + v) for u, v in halves]
        across, down = ((end[0] - centre[0], end[1] - centre[1]) for end in ends)
        side = 2 * math.hypot(*across)
        area = 4 * abs(across[0] * down[1] - across[1] * down[0])
        return self.from_json((*centre, side, area / side, math.degrees(math.atan2(across[1], across[0]))))

    def near(self, one: RotatedBox, two: RotatedBox, most: float = 1e-6) -> bool:
        return all(math.dist(a, b) <= most for a, b in zip(corners(one), corners(two), strict=True))

    def parts(self, geometry: RotatedBox) -> Polygon:
        return _outline(geometry)

    def words(self, geometry: RotatedBox) -> str:
        x, y, width, height, angle = geometry
        return f"{width:g} x {height:g} about ({x:g}, {y:g}), turned by {angle:g} degrees"


def corners(box: RotatedBox) -> Ring:
    """The corners in pixels, clockwise from that which is the top left one before the turn."""
    x, y, width, height, angle = box
    return tuple(
        (x + u, y + v)
        for u, v in (
            _turned(across * width / 2, down * height / 2, angle)
            for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )
    )


def _quarters(box: RotatedBox, turns: int) -> RotatedBox:
    """The same box, said by so many quarter turns more."""
    x, y, width, height, angle = box
    return (x, y, *((height, width) if turns % 2 else (width, height)), (angle + 90 * turns) % 360)


def _said_as(box: RotatedBox, other: RotatedBox) -> tuple[int, RotatedBox]:
    """By how many quarter turns more a box has to be said so that its corners lie nearest to another one's, and so."""
    wanted = corners(other)
    ways = [(turns, _quarters(box, turns)) for turns in range(4)]
    return min(ways, key=lambda way: math.fsum(math.dist(a, b) for a, b in zip(corners(way[1]), wanted, strict=True)))


def _outline(box: RotatedBox) -> Polygon:
    return ((corners(box),),)


def _turned(u: float, v: float, angle: float) -> Point:
    """A vector turned clockwise, on an image whose y grows downwards; quarter turns are exact."""
    quarters, rest = divmod(angle, 90)
    if rest == 0:
        for _ in range(int(quarters) % 4):
            u, v = -v, u
        return u, v
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    return u * cosine - v * sine, u * sine + v * cosine
