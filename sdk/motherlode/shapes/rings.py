"""Rings of points, which outlines are made of: their area, what an image's edges leave of them, what they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from motherlode.shapes.shape import Point

__all__ = ["Part", "Polygon", "Ring", "area_of", "clipped", "shared_and_whole"]

Ring: TypeAlias = tuple[Point, ...]
"""Corners in pixels, in order; the last is joined to the first."""
Part: TypeAlias = tuple[Ring, ...]
"""An outer ring, then its holes."""
Polygon: TypeAlias = tuple[Part, ...]
"""One object: the union of its parts."""

Edge: TypeAlias = tuple[float, float, float, float]  # x, y of the upper end, x, y of the lower, which is further down


def area_of(ring: Ring) -> float:
    """The area within a ring by the shoelace formula, from its first corner on: far places cost no digits."""
    if len(ring) < 3:
        return 0.0
    x0, y0 = ring[0]
    twice = 0.0
    for (ax, ay), (bx, by) in zip(ring[1:], ring[2:], strict=False):
        twice += (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
    return abs(twice) / 2


# Cutting at the image's edges (Sutherland and Hodgman)


def clipped(ring: Ring, width: float, height: float) -> Ring:
    for axis, limit, sign in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        ring = tuple(_half(ring, axis, limit, sign))
    return ring


def _half(ring: Ring, axis: int, limit: float, sign: int) -> Iterator[Point]:
    """The corners of what lies on one side of an upright or level line."""
    for before, here in zip((*ring[-1:], *ring[:-1]), ring, strict=True):
        inside, was = (here[axis] - limit) * sign >= 0, (before[axis] - limit) * sign >= 0
        if inside != was:
            share = (limit - before[axis]) / (here[axis] - before[axis])
            other = before[1 - axis] + share * (here[1 - axis] - before[1 - axis])
            yield (limit, other) if axis == 0 else (other, limit)
        if inside:
            yield here


# What two polygons share: exact, slab by slab


def shared_and_whole(one: Polygon, two: Polygon) -> tuple[float, float]:
    """The areas of the intersection and of the union.

    The plane is cut into slabs at the height of every corner and crossing, so that within a slab no edges cross and
    every piece is a trapezium. A point lies in a part by the even-odd rule over its rings, in a polygon if it lies in
    any of its parts.
    """
    parts = [*one, *two]
    edges = [(edge, number) for number, part in enumerate(parts) for ring in part for edge in _edges(ring)]
    edges.sort(key=lambda pair: pair[0][1])
    heights = sorted(_heights([edge for edge, _ in edges]))
    shared = whole = 0.0
    open_edges: list[tuple[Edge, int]] = []
    coming = iter(edges)
    following = next(coming, None)
    for top, bottom in zip(heights, heights[1:], strict=False):
        open_edges = [pair for pair in open_edges if pair[0][3] > top]
        while following is not None and following[0][1] <= top:
            open_edges.append(following)
            following = next(coming, None)
        both, either = _slab(open_edges, len(one), len(parts), top, bottom)
        shared += both
        whole += either
    return shared, whole


def _slab(edges: Iterable[tuple[Edge, int]], of_one: int, parts: int, top: float, bottom: float) -> tuple[float, float]:
    """The areas within a slab of what lies in both polygons, and in either; the first `of_one` parts are one's."""
    middle = (top + bottom) / 2
    crossed = sorted((_at(edge, middle), number) for edge, number in edges)
    inside = [False] * parts
    counts = [0, 0]
    both = either = 0.0
    last = 0.0
    for x, number in crossed:
        if counts[0] and counts[1]:
            both += x - last
        if counts[0] or counts[1]:
            either += x - last
        last = x
        inside[number] = not inside[number]
        counts[number >= of_one] += 1 if inside[number] else -1
    return both * (bottom - top), either * (bottom - top)


def _edges(ring: Ring) -> Iterator[Edge]:
    """The edges that are not level, each from its upper end down."""
    for (ax, ay), (bx, by) in zip(ring, (*ring[1:], *ring[:1]), strict=True):
        if ay < by:
            yield ax, ay, bx, by
        elif by < ay:
            yield bx, by, ax, ay


def _at(edge: Edge, y: float) -> float:
    """Where an edge is at a height."""
    return edge[0] + (y - edge[1]) * (edge[2] - edge[0]) / (edge[3] - edge[1])


def _heights(edges: Sequence[Edge]) -> set[float]:
    """The heights of all ends and crossings of edges that are sorted by their upper ends."""
    found = {height for edge in edges for height in (edge[1], edge[3])}
    beside: list[Edge] = []
    for edge in edges:
        beside = [other for other in beside if other[3] > edge[1]]
        left, right = min(edge[0], edge[2]), max(edge[0], edge[2])
        for other in beside:
            if (other[0] < left and other[2] < left) or (other[0] > right and other[2] > right):
                continue
            top, bottom = max(edge[1], other[1]), min(edge[3], other[3])
            above, below = _at(edge, top) - _at(other, top), _at(edge, bottom) - _at(other, bottom)
            if above * below < 0:
                found.add(top + (bottom - top) * above / (above - below))
        beside.append(edge)
    return found
