"""Ellipses on images (Label Studio's EllipseLabels).

Label Studio's value is the centre and the two radii in percent of the image's width and height, and the degrees by
which the ellipse is turned about its centre; the turn is one of pixels, also where the image is not square.

An ellipse keeps the numbers it came with, so that a region that nobody touched goes back as it was. The same ellipse
can therefore be said in several ways (half a turn further, or with its radii exchanged and a quarter turn further):
`near` and `similarity` see past that. `canonical` sees past ints and the sign of a zero, and an angle of more than a
whole turn either way, which Label Studio does not write, comes in without its whole turns.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from motherlode.media import Image, Media
from motherlode.numbers import is_number
from motherlode.shapes.elements import number_in, numbers_in, said
from motherlode.shapes.means import circular_mean, mean
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, PointMap, Shape

__all__ = ["Ellipse", "EllipseShape"]

Ellipse: TypeAlias = tuple[float, float, float, float, float]
"""x and y of the centre and the radii along the ellipse's own axes, in pixels, and the clockwise degrees by which the
first of these is turned from the image's x axis; y points down."""

NUMBERS = ("x", "y", "radiusX", "radiusY")
TURN = 360.0
SLACK = 1e-6  # pixels by which a float may stick out, and square pixels that do not count as an area
MOST = 1e9  # percent, or degrees, that are still taken for a place
SAME = 1e-12  # the share of a length that is its last digits


class EllipseShape(Shape):
    """An ellipse's geometry is an `Ellipse`: (cx, cy, rx, ry, angle)."""

    kind = "ellipse"
    task = "ellipses"
    noun = "ellipse"
    tag = "EllipseLabels"
    result_type = "ellipselabels"
    element = "ellipse"
    field = "ellipse"
    looks = frozenset(
        {
            *("opacity", "fillColor", "strokeColor", "strokeWidth", "fillOpacity", "canRotate", "snap", "showInline"),
            *("strokewidth", "maxUsages"),
        }
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "An ellipse is drawn on an image.")
        turned = value.get("rotation")
        said = {**{name: value.get(name) for name in NUMBERS}, "rotation": 0 if turned is None else turned}
        for name, number in said.items():
            if not isinstance(number, int | float) or isinstance(number, bool):
                return Broken("number", f"{name} is {number!r:.60}, not a number.")
            if not is_number(number):
                return Broken("number", f"{name} is not a finite number.")
            if abs(number) > MOST:
                return Broken("number", f"{name} is {number:g}, which is not a valid place in an image.")
        across, down = value["radiusX"], value["radiusY"]
        if across <= 0 or down <= 0:
            return Broken("area", f"The ellipse's radii are {across:g} and {down:g} %: it has no area.")
        ellipse = self.from_result(value, media)
        x1, y1, x2, y2 = self.bounds(ellipse)
        if max(-x1, -y1, x2 - media.width, y2 - media.height) > SLACK:
            return Broken(
                "outside",
                f"The ellipse reaches from ({x1:g}, {y1:g}) to ({x2:g}, {y2:g}) px, outside the image of"
                f" {media.width} x {media.height}.",
            )
        if self.area(ellipse) <= SLACK:
            return Broken("area", "The ellipse has no area.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Ellipse:
        assert isinstance(media, Image)
        width, height = media.width, media.height
        x, y, across, down = (float(value[name]) for name in NUMBERS)
        places = (x * width / 100, y * height / 100, across * width / 100, down * height / 100)
        turned = value.get("rotation")
        return self.from_json((*places, 0.0 if turned is None else turned))

    def to_result(self, geometry: Ellipse, media: Media) -> dict[str, Any]:
        assert isinstance(media, Image)
        x, y, across, down, angle = geometry
        return {
            "x": x * 100 / media.width,
            "y": y * 100 / media.height,
            "radiusX": across * 100 / media.width,
            "radiusY": down * 100 / media.height,
            "rotation": angle,
        }

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Ellipse]:
        return [self.from_json((*numbers_in(element, "cx", "cy", "rx", "ry"), number_in(element, "rotation", "0")))]

    def to_elements(self, geometry: Ellipse) -> Sequence[Mapping[str, str]]:
        x, y, across, down, angle = geometry
        return [{**said(cx=x, cy=y, rx=across, ry=down), **(said(rotation=angle) if angle else {})}]

    def canonical(self, geometry: Ellipse) -> list[float]:
        return [float(value) + 0.0 for value in geometry]

    def from_json(self, value: Sequence[Any]) -> Ellipse:
        if isinstance(value, str):
            raise BadRegion(f"the ellipse {value!r:.60} is not five numbers")
        x, y, across, down, angle = map(float, value)
        if not all(map(math.isfinite, (x, y, across, down, angle))):
            raise BadRegion(f"the ellipse {list(value)!r:.200} holds a number that is not finite")
        if across < 0 or down < 0:
            raise BadRegion(f"the ellipse {list(value)!r:.200} has a radius below 0")
        return (x, y, across, down, _turned(angle))

    def bounds(self, geometry: Ellipse) -> Bounds:
        # the extremes of c + a cos t + b sin t along an axis lie at hypot(a, b) from c
        x, y = geometry[:2]
        a, b = _axes(geometry)
        across, down = math.hypot(a.real, b.real), math.hypot(a.imag, b.imag)
        return (x - across, y - down, x + across, y + down)

    def area(self, geometry: Ellipse) -> float:
        return math.pi * max(0.0, geometry[2]) * max(0.0, geometry[3])

    def clip(self, geometry: Ellipse, media: Media) -> tuple[Ellipse | None, Clip]:
        """An ellipse that reaches over the edge cannot be cut and stay one: as long as it shares an area with the image
        it is "ok" and whole, wherever its centre lies. One that shares none is "outside"."""
        assert isinstance(media, Image)
        if not all(map(math.isfinite, (*geometry, *self.bounds(geometry), self.area(geometry)))):
            return None, "degenerate"
        if min(geometry[2], geometry[3]) <= 0 or self.area(geometry) <= SLACK:
            return None, "degenerate"
        return (geometry, "ok") if _meets(geometry, media.width, media.height) else (None, "outside")

    def similarity(self, one: Ellipse, two: Ellipse) -> float:
        if min(*one[2:4], *two[2:4]) <= 0:
            return 0.0
        if one == two:
            return 1.0
        a, b = self.bounds(one), self.bounds(two)
        if min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1]):
            return 0.0
        one, two = sorted((one, two))  # so that the order changes no digit
        shared = min(_shared(one, two), self.area(one), self.area(two))
        return shared / (self.area(one) + self.area(two) - shared)

    def fused(self, geometries: Sequence[Ellipse]) -> Ellipse:
        """The mean centre and radii, turned by the circular mean of the angles; each ellipse is taken in that of the
        ways to say it in which its half-axes lie nearest to those of the medoid."""
        medoid = super().fused(geometries)
        aligned = [_said_as(ellipse, medoid) for ellipse in sorted(geometries)]
        x, y, across, down = (mean([ellipse[at] for ellipse in aligned]) for at in range(4))
        return (x, y, across, down, _turned(circular_mean([ellipse[4] for ellipse in aligned])))

    def mapped(self, geometry: Ellipse, point: PointMap) -> Ellipse:
        """The map takes the axes to conjugate half-diameters of the new ellipse, in which its own axes are found: those
        whose parameter t makes |a cos t + b sin t| extreme. Each is the one nearest to where the old one went."""
        x, y = point(geometry[0], geometry[1])
        origin, right, lower = (complex(*point(*place)) for place in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
        a, b = ((right - origin) * axis.real + (lower - origin) * axis.imag for axis in _axes(geometry))
        if abs(_dot(a, b)) > SAME * abs(a) * abs(b):
            lean = math.atan2(2 * _dot(a, b), _dot(a, a) - _dot(b, b)) / 2
            if abs(lean) > math.pi / 4:
                lean -= math.copysign(math.pi / 2, lean)
            a, b = a * math.cos(lean) + b * math.sin(lean), b * math.cos(lean) - a * math.sin(lean)
        was = _direction(geometry[4])
        angle = geometry[4] + math.degrees(math.atan2(_cross(was, a), _dot(was, a)))
        across, down = (math.copysign(abs(axis), was) for axis, was in ((a, geometry[2]), (b, geometry[3])))
        return (x, y, across, down, _turned(angle))

    def near(self, one: Ellipse, two: Ellipse, most: float = 1e-6) -> bool:
        """Whether the centres and the radii differ by at most that, and turning moves no point of the outline further:
        however the same ellipse is said."""
        if abs(one[0] - two[0]) > most or abs(one[1] - two[1]) > most:
            return False
        for across, down, angle in ((two[2], two[3], two[4]), (two[3], two[2], two[4] + 90)):
            apart = math.radians(abs(math.remainder(one[4] - angle, TURN / 2))) * abs(one[2] - one[3])
            if max(abs(one[2] - across), abs(one[3] - down), apart) <= most:
                return True
        return False

    def words(self, geometry: Ellipse) -> str:
        x, y, across, down, angle = geometry
        turned = f", turned by {angle:g} degrees" if angle else ""
        return f"{2 * across:g} x {2 * down:g} about {x:g}, {y:g}{turned}"


def _turned(angle: float) -> float:
    return (angle if abs(angle) <= TURN else math.fmod(angle, TURN)) + 0.0


# The plane as complex numbers, y pointing down


def _dot(a: complex, b: complex) -> float:
    return a.real * b.real + a.imag * b.imag


def _cross(a: complex, b: complex) -> float:
    return a.real * b.imag - a.imag * b.real


def _direction(angle: float) -> complex:
    return cmath.rect(1, math.radians(angle))


def _axes(ellipse: Ellipse) -> tuple[complex, complex]:
    """The half-axes, from the centre."""
    along = _direction(ellipse[4])
    return along * ellipse[2], along * ellipse[3] * 1j


def _said_as(ellipse: Ellipse, other: Ellipse) -> Ellipse:
    """The same ellipse, said by so many quarter turns more that its half-axes lie nearest to another one's."""
    x, y, across, down, angle = ellipse
    a, b = _axes(other)
    ways = [(x, y, *((down, across) if turns % 2 else (across, down)), angle + 90 * turns) for turns in range(4)]
    return min(ways, key=lambda way: sum(abs(p - q) for p, q in zip(_axes(way), (a, b), strict=True)))


def _framing(ellipse: Ellipse) -> Callable[[complex], complex]:
    """What takes a place to the frame in which the ellipse is the unit circle; it leaves the origin where it is."""
    back = _direction(-ellipse[4])

    def framed(place: complex) -> complex:
        turned = place * back
        return complex(turned.real / ellipse[2], turned.imag / ellipse[3])

    return framed


def _meets(ellipse: Ellipse, width: float, height: float) -> bool:
    """Whether it shares an area with the image: its centre lies within, or an edge of the image comes within."""
    x, y = ellipse[:2]
    if 0 < x < width and 0 < y < height:
        return True
    framed, centre = _framing(ellipse), complex(x, y)
    corners = [
        framed(corner - centre) for corner in (0j, complex(width, 0), complex(width, height), complex(0, height))
    ]
    return any(_away(a, b) < 1 - SAME for a, b in zip(corners, (*corners[1:], corners[0]), strict=True))


def _away(a: complex, b: complex) -> float:
    """How far the origin lies from the straight line between two places."""
    along = b - a
    square = _dot(along, along)
    part = min(1.0, max(0.0, -_dot(a, along) / square)) if square else 0.0
    return abs(a + along * part)


# What two ellipses share: exact, by Green's theorem along the arcs of each that lie in the other


def _shared(one: Ellipse, two: Ellipse) -> float:
    """The area in both. In the frame in which `one` is the unit circle, `two` is p(t) = c + a cos t + b sin t."""
    framed = _framing(one)
    c = framed(complex(two[0] - one[0], two[1] - one[1]))
    a, b = map(framed, _axes(two))
    turns = _crossings(c, a, b)
    if turns is None:
        return math.pi * one[2] * one[3]
    twice = 0.0

    def beyond_one(turn: float) -> float:
        return abs(_at(c, a, b, turn)) - 1

    def beyond_two(turn: float) -> float:
        place = cmath.rect(1, turn) - c
        return math.hypot(_cross(place, b), _cross(a, place)) / _cross(a, b) - 1

    for start, end in _arcs(turns):
        if _is_inside(beyond_one, start, end):
            twice += _cross(a, b) * (end - start) + _cross(c, _at(c, a, b, end) - _at(c, a, b, start))
    for start, end in _arcs(sorted(cmath.phase(_at(c, a, b, turn)) for turn in turns)):
        if _is_inside(beyond_two, start, end):
            twice += end - start
    return twice / 2 * one[2] * one[3]


def _is_inside(beyond: Callable[[float], float], start: float, end: float) -> bool:
    """Whether an arc that does not cross an outline lies within; it may touch it, so several places are asked."""
    return max((beyond(start + (end - start) * part) for part in (0.3, 0.5, 0.7)), key=abs) < 0


def _arcs(turns: Sequence[float]) -> Iterator[tuple[float, float]]:
    """From each place of a closed curve to the next; the whole curve where there are none."""
    turns = turns or [0.0]
    return zip(turns, (*turns[1:], turns[0] + math.tau), strict=True)


def _at(c: complex, a: complex, b: complex, turn: float) -> complex:
    return c + a * math.cos(turn) + b * math.sin(turn)


def _crossings(c: complex, a: complex, b: complex) -> list[float] | None:
    """Where c + a cos t + b sin t crosses the unit circle, in order; None where it is that circle.

    With t = s + 2 atan z these are the roots of |p + q z + r z^2|^2 - (1 + z^2)^2, whose leading coefficient is the
    distance at s + pi: s is chosen so that it is a large one.
    """
    gaps = [abs(_at(c, a, b, math.pi * eighth / 4)) ** 2 - 1 for eighth in range(8)]
    far = max(range(8), key=lambda eighth: abs(gaps[eighth]))
    if abs(gaps[far]) < SAME:
        return None
    start = math.pi * far / 4 - math.pi
    a, b = a * math.cos(start) + b * math.sin(start), b * math.cos(start) - a * math.sin(start)
    p, q, r = c + a, 2 * b, c - a
    quartic = [_dot(p, p) - 1, 2 * _dot(p, q), _dot(q, q) + 2 * _dot(p, r) - 2, 2 * _dot(q, r), _dot(r, r) - 1]
    return [start + 2 * math.atan(z) for z in _roots(quartic)]


def _roots(factors: Sequence[float]) -> list[float]:
    """The real places where a polynomial changes its sign, in order; the constant comes first, the last is not 0."""
    degree = len(factors) - 1
    if degree == 1:
        return [-factors[0] / factors[1]]
    most = 1 + max(map(abs, factors[:-1])) / abs(factors[-1])  # Cauchy's bound
    between = _roots([factor * power for power, factor in enumerate(factors)][1:])
    ends = [-most, *between, most]
    return [
        _root(factors, low, high)
        for low, high in zip(ends, ends[1:], strict=False)
        if _value(factors, low) * _value(factors, high) < 0
    ]


def _root(factors: Sequence[float], low: float, high: float) -> float:
    rises = _value(factors, high) > 0
    for _ in range(60):
        middle = (low + high) / 2
        if (_value(factors, middle) > 0) is rises:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _value(factors: Sequence[float], at: float) -> float:
    total = 0.0
    for factor in reversed(factors):
        total = total * at + factor
    return total
