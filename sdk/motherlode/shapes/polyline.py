"""Polylines on images: open lines of straight edges (Label Studio's VectorLabels).

Label Studio's value holds vertices, each of which may name the one before it. One open chain, its vertices in order, is
taken; closed, curved and branching vectors are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from motherlode.media import Image, Media
from motherlode.numbers import is_number
from motherlode.shapes.elements import points_in, said_points
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, Point, PointMap, Shape

__all__ = ["NEAR", "Polyline", "PolylineShape", "broken_vertex"]

Polyline: TypeAlias = tuple[Point, ...]
"""Points in pixels, in order; the last is not joined to the first."""

Edge: TypeAlias = tuple[Point, Point]

FEWEST = 2
MAX_POINTS = 10_000
SLACK = 1e-6  # pixels by which a float may stick out, and that do not count as a length
NEAR = 5.0
"""How far apart two lines are still at the same place, in pixels."""


class PolylineShape(Shape):
    """A polyline's geometry is a `Polyline`: its points in order."""

    kind = "polyline"
    task = "polylines"
    noun = "polyline"
    tag = "VectorLabels"
    result_type = "vectorlabels"
    element = "polyline"
    field = "polyline"
    reach = NEAR
    looks = frozenset(
        {
            *("opacity", "fillColor", "strokeColor", "strokeWidth", "strokewidth", "fillOpacity", "pointSize"),
            *("pointsize", "pointStyle", "snap", "showInline", "maxUsages"),
        }
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Image):
            return Broken("object", "A polyline is drawn on an image.")
        vertices = value.get("vertices")
        if not isinstance(vertices, list) or len(vertices) < FEWEST:
            return Broken("points", "A polyline has at least two points.")
        if len(vertices) > MAX_POINTS:
            return Broken("points", f"The polyline has {len(vertices):,} points; at most {MAX_POINTS:,} are taken.")
        if value.get("closed") not in (None, False):
            return Broken("points", "The line is closed: only open lines are supported.")
        if broken := _broken_vertices(vertices):
            return broken
        over, under = SLACK * 100 / media.width, SLACK * 100 / media.height
        for at, vertex in enumerate(vertices, start=1):
            x, y = vertex["x"], vertex["y"]
            if not (-over <= x <= 100 + over and -under <= y <= 100 + under):
                return Broken("outside", f"Point {at} lies at ({x:g}, {y:g}) %, outside the image.")
        if _length(self.from_result(value, media)) <= SLACK:
            return Broken("length", "The polyline has no length.")
        return None

    def from_result(self, value: Mapping[str, Any], media: Media) -> Polyline:
        assert isinstance(media, Image)
        if value.get("closed"):
            raise BadRegion("a closed vector cannot be kept as a polyline")
        vertices = value["vertices"]
        if broken := _broken_vertices(vertices):
            raise BadRegion(broken.error)
        across, down = media.width, media.height
        return self.from_json([(float(one["x"]) * across / 100, float(one["y"]) * down / 100) for one in vertices])

    def to_result(self, geometry: Polyline, media: Media) -> dict[str, Any]:
        """A vertex is called by its place in the line: p1, p2, and so on."""
        assert isinstance(media, Image)
        vertices: list[dict[str, Any]] = []
        for at, (x, y) in enumerate(geometry, start=1):
            place = {"id": f"p{at}", "x": x * 100 / media.width, "y": y * 100 / media.height, "isBezier": False}
            vertices.append({**place, "prevPointId": f"p{at - 1}"} if at > 1 else place)
        return {"vertices": vertices, "closed": False}

    def from_element(self, element: Mapping[str, str], media: Media) -> Sequence[Polyline]:
        return [self.from_json(points_in(element))]

    def to_elements(self, geometry: Polyline) -> Sequence[Mapping[str, str]]:
        return [said_points(geometry)]

    def canonical(self, geometry: Polyline) -> list[list[float]]:
        return [[float(x) + 0.0, float(y) + 0.0] for x, y in geometry]

    def from_json(self, value: Sequence[Any]) -> Polyline:
        if isinstance(value, str) or any(isinstance(point, str) for point in value):
            raise BadRegion("a polyline is a list of points, each of two numbers")
        line = tuple((float(x) + 0.0, float(y) + 0.0) for x, y in value)
        if len(line) < FEWEST:
            raise BadRegion(f"a line of {len(line)} points is not a polyline, which has at least two")
        if not _is_finite(line):
            raise BadRegion("a polyline holds a number that is not finite")
        return line

    def bounds(self, geometry: Polyline) -> Bounds:
        xs, ys = zip(*geometry, strict=True)
        return (min(xs), min(ys), max(xs), max(ys))

    def area(self, geometry: Polyline) -> float:
        return 0.0

    def clip(self, geometry: Polyline, media: Media) -> tuple[Polyline | None, Clip]:
        """Of a line that the image cuts into several pieces the longest is left, of equally long ones the first."""
        assert isinstance(media, Image)
        if not _is_finite(geometry) or not SLACK < _length(geometry) < math.inf:
            return None, "degenerate"
        x1, y1, x2, y2 = self.bounds(geometry)
        if x1 >= 0 and y1 >= 0 and x2 <= media.width and y2 <= media.height:
            return geometry, "ok"
        if max(-x1, -y1, x2 - media.width, y2 - media.height) <= SLACK:  # no points for a float's last digits
            return self.mapped(geometry, lambda x, y: (_within(x, media.width), _within(y, media.height))), "clipped"
        longest = max(_pieces(geometry, media.width, media.height), key=_length, default=())
        return (longest, "clipped") if _length(longest) > 2 * SLACK else (None, "outside")

    def similarity(self, one: Polyline, two: Polyline) -> float:
        """The length of each that lies within `NEAR` pixels of the other, in parts of the length of both.

        The lengths are those of the buffer method by which extracted roads are compared with a map: completeness and
        correctness, each weighed by its line (Heipke et al., Evaluation of automatic road extraction, 1997). They are
        exact: what of an edge lies near another is one stretch of it.
        """
        if one == two:
            return 1.0
        a, b = self.bounds(one), self.bounds(two)
        if max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3]) > NEAR:
            return 0.0
        whole = _length(one) + _length(two)
        return min(1.0, (_near_length(one, two) + _near_length(two, one)) / whole) if whole else 0.0

    def mapped(self, geometry: Polyline, point: PointMap) -> Polyline:
        return tuple(point(x, y) for x, y in geometry)

    def near(self, one: Polyline, two: Polyline, most: float = 1e-6) -> bool:
        if len(one) != len(two):
            return False
        return all(abs(a[0] - b[0]) <= most and abs(a[1] - b[1]) <= most for a, b in zip(one, two, strict=True))

    def words(self, geometry: Polyline) -> str:
        return f"{len(geometry)} points within {super().words(geometry)}"


# Label Studio's vertices


def _broken_vertices(vertices: Sequence[Any]) -> Broken | None:
    broken = (broken_vertex(at, vertex) for at, vertex in enumerate(vertices, start=1))
    return next(filter(None, broken), None) or _broken_chain(vertices)


def broken_vertex(at: int, vertex: Any) -> Broken | None:
    """The rule that one vertex breaks by itself."""
    if not isinstance(vertex, Mapping):
        return Broken("number", f"Point {at} is not an object with x and y.")
    if vertex.get("isBezier") not in (None, False):
        return Broken("curve", "The line is curved: Bezier points are not supported.")
    for side in ("x", "y"):
        number = vertex.get(side)
        if not isinstance(number, int | float) or isinstance(number, bool):
            return Broken("number", f"{side} of point {at} is {number!r:.60}, not a number.")
        if not is_number(number):
            said = number if isinstance(number, float) else "too large a number"
            return Broken("number", f"{side} of point {at} is {said}, which is not a valid place in an image.")
    for name in ("id", "prevPointId"):
        if not isinstance(vertex.get(name), str | None):
            return Broken("points", f"{name} of point {at} is {vertex[name]!r:.60}, not a string.")
    return None


def _broken_chain(vertices: Sequence[Mapping[str, Any]]) -> Broken | None:
    """The rule that vertices break as a chain: where any of them names the vertex before it, all but the first do."""
    before = [vertex.get("prevPointId") for vertex in vertices]
    if not any(before):
        return None
    ids = [vertex.get("id") for vertex in vertices]
    if before[0]:
        return Broken("points", f"Point 1 follows {before[0]!r:.60}: a line begins at its first point.")
    if len(set(ids[:-1])) < len(ids) - 1 or ids[-1] in ids[:-1]:
        return Broken("points", "Two points of the line have the same id.")
    for at, (own, follows) in enumerate(zip(ids, before[1:], strict=False), start=2):
        if not follows:
            return Broken("points", f"Point {at} follows none: a line of several pieces is not supported.")
        if follows != own:
            return Broken("points", f"Point {at} does not follow point {at - 1}: branching lines are not supported.")
    return None


# Lengths


def _is_finite(line: Polyline) -> bool:
    return all(math.isfinite(x) and math.isfinite(y) for x, y in line)


def _length(line: Polyline) -> float:
    return math.fsum(math.dist(a, b) for a, b in pairwise(line))


def _within(number: float, most: float) -> float:
    return min(max(number, 0.0), float(most))


# Cutting at the image's edges


def _pieces(line: Polyline, width: float, height: float) -> Iterator[Polyline]:
    """What lies within the image, piece by piece; of what sticks out by a float's last digits too."""
    piece: list[Point] = []
    for a, b in pairwise(line):
        stretch = _inside(a, b, width, height)
        if stretch is None:
            if piece:
                yield tuple(piece)
            piece = []
            continue
        start, end = stretch
        if piece and start > 0:
            yield tuple(piece)
            piece = []
        if not piece:
            piece = [_along(a, b, start, width, height)]
        piece.append(_along(a, b, end, width, height))
        if end < 1:
            yield tuple(piece)
            piece = []
    if piece:
        yield tuple(piece)


def _inside(a: Point, b: Point, width: float, height: float) -> tuple[float, float] | None:
    """From which to which share of its length an edge lies within the image (Liang and Barsky, 1984)."""
    start, end = 0.0, 1.0
    for axis, most in ((0, width + SLACK), (1, height + SLACK)):
        run = b[axis] - a[axis]
        if run == 0:
            if not -SLACK <= a[axis] <= most:
                return None
            continue
        one, two = sorted(((-SLACK - a[axis]) / run, (most - a[axis]) / run))
        start, end = max(start, one), min(end, two)
    return (start, end) if start <= end else None


def _along(a: Point, b: Point, share: float, width: float, height: float) -> Point:
    # an end is itself, to the last digit
    x, y = (b if share == 1 else a) if share in (0, 1) else (a[axis] + share * (b[axis] - a[axis]) for axis in (0, 1))
    return (_within(x, width), _within(y, height))


# How much of a line lies near another


def _near_length(line: Polyline, other: Polyline) -> float:
    """The length of a line that lies within `NEAR` of another.

    A sweep from left to right finds the edges that come near.
    """
    coming = sorted(pairwise(other), key=_left, reverse=True)
    beside: list[Edge] = []
    found = []
    for edge in sorted(pairwise(line), key=_left):
        (ax, ay), (bx, by) = edge
        left, right, top, bottom = min(ax, bx) - NEAR, max(ax, bx) + NEAR, min(ay, by) - NEAR, max(ay, by) + NEAR
        while coming and _left(coming[-1]) <= right:
            beside.append(coming.pop())
        beside = [one for one in beside if one[0][0] >= left or one[1][0] >= left]
        stretches = [
            _near_stretch(edge, one)
            for one in beside
            if (one[0][1] <= bottom or one[1][1] <= bottom) and (one[0][1] >= top or one[1][1] >= top)
        ]
        found.append(_covered(filter(None, stretches)) * math.dist(*edge))
    return math.fsum(found)


def _left(edge: Edge) -> float:
    return min(edge[0][0], edge[1][0])


def _covered(stretches: Iterator[tuple[float, float]]) -> float:
    """How much of 0 to 1 lies in any of them."""
    covered = reached = 0.0
    for start, end in sorted(stretches):
        if end > reached:
            covered += end - max(start, reached)
            reached = end
    return covered


def _near_stretch(edge: Edge, other: Edge) -> tuple[float, float] | None:
    """From which to which share of its length an edge lies within `NEAR` of another.

    The places near an edge are a rectangle and two discs. Together they are convex: a line meets them in one stretch.
    """
    (ax, ay), (bx, by) = edge
    dx, dy = bx - ax, by - ay
    length = math.hypot(dx, dy)
    if not length:
        return None
    ends: list[float] = []
    for px, py in other:
        beside = ((px - ax) * dy - (py - ay) * dx) / length
        if abs(beside) <= NEAR:
            foot, half = ((px - ax) * dx + (py - ay) * dy) / length, math.sqrt(NEAR * NEAR - beside * beside)
            ends += [(foot - half) / length, (foot + half) / length]
    (px, py), (qx, qy) = other
    width = math.hypot(qx - px, qy - py)
    if width:
        # in the frame of the other edge: along it, and beside it
        ux, uy = (qx - px) / width, (qy - py) / width
        along, beside = (ax - px) * ux + (ay - py) * uy, (ay - py) * ux - (ax - px) * uy
        start, end = -math.inf, math.inf
        for at, run, low, high in ((along, dx * ux + dy * uy, 0.0, width), (beside, dy * ux - dx * uy, -NEAR, NEAR)):
            if run:
                one, two = sorted(((low - at) / run, (high - at) / run))
                start, end = max(start, one), min(end, two)
            elif not low <= at <= high:
                start, end = math.inf, -math.inf
        if start <= end:
            ends += [start, end]
    start, end = max(0.0, min(ends, default=1.0)), min(1.0, max(ends, default=0.0))
    return (start, end) if start < end else None
