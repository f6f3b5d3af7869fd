"""What a model says of an object's outline: polygons as frameworks give them, or a mask as a run-length code."""

from __future__ import annotations

from typing import Any, TypeAlias

from motherlode.masks import Mask, Rings, mask_bounds, read_mask, written
from motherlode.numbers import is_number
from motherlode.shapes.shape import BadRegion, Bounds, Point

__all__ = ["Outline", "outline_bounds", "plain_outline", "read_outline"]

Outline: TypeAlias = Rings | Mask
FARTHEST = 1e6
"""Pixels from the origin beyond which a corner is a mistake."""


def read_outline(value: Any) -> Outline:
    """An outline from plain JSON.

    One ring: `[x1, y1, x2, y2, ...]` or `[[x1, y1], ...]`. Rings, each a part of the object: a list of either, as
    COCO's `segmentation`. Parts with holes: lists of rings of points, the first of each part its outer one. A mask:
    COCO's run-length code `{"size": [height, width], "counts": ...}`. Numbers are pixels. Raises `BadRegion`.
    """
    if isinstance(value, dict):
        return read_mask(value)
    if not isinstance(value, list) or not value:
        raise BadRegion(f"an outline is a list of rings or a run-length code, not {value!r:.60}")
    depth = _depth(value)
    if depth == 1 or (depth == 2 and all(isinstance(point, list) and len(point) == 2 for point in value)):
        parts = [[_ring(value)]]
    elif depth in (2, 3):
        parts = [[_ring(ring)] for ring in value]
    elif depth == 4:
        parts = [[_ring(ring) for ring in _list(part)] for part in value]
    else:
        raise BadRegion("an outline is nested too deep: it is parts of rings of points")
    return tuple(tuple(part) for part in parts)


def plain_outline(outline: Outline) -> Any:
    """An outline as `read_outline` reads it: flat rings, with holes parts of rings of points, a mask as COCO's
    compressed code."""
    if isinstance(outline, Mask):
        return written(outline)
    if all(len(part) == 1 for part in outline):
        return [[number for point in part[0] for number in point] for part in outline]
    return [[[list(point) for point in ring] for ring in part] for part in outline]


def outline_bounds(outline: Outline) -> Bounds | None:
    """The box around an outline; None for a mask without pixels."""
    if isinstance(outline, Mask):
        return mask_bounds(outline)
    across, down = zip(*(point for part in outline for point in part[0]), strict=True)
    return min(across), min(down), max(across), max(down)


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadRegion(f"{value!r:.60} stands where a list of rings belongs")
    return value


def _ring(value: Any) -> tuple[Point, ...]:
    points = _list(value)
    if not isinstance(points[0], list):
        if len(points) % 2:
            raise BadRegion(f"a ring has {len(points)} numbers, not an x and a y for each point")
        points = list(zip(points[::2], points[1::2], strict=True))
    if len(points) < 3:
        raise BadRegion(f"a ring of {len(points)} points is not an outline, which has at least three")
    for point in points:
        if not isinstance(point, list | tuple) or len(point) != 2 or not all(map(is_number, point)):
            raise BadRegion(f"the point {list(point) if isinstance(point, tuple) else point!r:.60} is not two numbers")
        if max(map(abs, point)) > FARTHEST:
            raise BadRegion(f"the point {list(point)!r} lies more than {FARTHEST:,.0f} pixels away")
    return tuple((float(x), float(y)) for x, y in points)
