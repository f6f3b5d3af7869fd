"""Boxes of the upright image: what a label file's stated size says about the image that its boxes were drawn on.

A JPEG may carry an EXIF orientation by which viewers turn it. Some tools draw on the upright image and some on the one
that lies in the file; which one it was is read off the size that the labels state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from motherlode.shapes.shape import Point, PointMap

__all__ = ["Fit", "Size", "fit", "placing"]

Size: TypeAlias = tuple[int, int]  # width, height in pixels

_QUARTER_TURNS = frozenset({5, 6, 7, 8})  # EXIF orientations by which width and height change places


@dataclass(frozen=True, slots=True)
class Fit:
    """How boxes of an image of the `stated` size come to lie on the upright one of the size `true`.

    `orientation` is the EXIF orientation by which they are turned, 1 where they are not; `scaled` where the two sizes
    differ by a factor.
    """

    stated: Size
    true: Size
    orientation: int = 1
    scaled: bool = False


def fit(stated: Size, true: Size, orientation: int) -> Fit | None:
    """How the `stated` size fits the upright image of size `true` and that EXIF orientation; None where it does not.

    Tried in this order: the very size, the size of the image as it lies in the file, the same ratio as either.
    """
    lying = true[::-1] if orientation in _QUARTER_TURNS else None
    if stated == true:
        return Fit(stated, true)
    if stated == lying:
        return Fit(stated, true, orientation)
    if _same_ratio(stated, true):
        return Fit(stated, true, scaled=True)
    if lying is not None and _same_ratio(stated, lying):
        return Fit(stated, true, orientation, scaled=True)
    return None


def _same_ratio(one: Size, two: Size) -> bool:
    """Whether one size is the other one scaled, each side rounded to a whole pixel."""
    small, large = sorted((one, two))
    factor = max(large) / max(small)
    return (
        all(abs(a * factor - b) <= max(1.0, factor / 2) for a, b in zip(small, large, strict=True)) and min(small) > 1
    )


def placing(how: Fit) -> PointMap:
    """Where each point (pixels of the stated image) lies on the upright one."""
    width, height = how.stated
    turned = _turning(width, height, how.orientation)
    if not how.scaled:
        return turned
    if how.orientation in _QUARTER_TURNS:
        width, height = height, width
    across, down = how.true[0] / width, how.true[1] / height

    def placed(x: float, y: float) -> Point:
        x, y = turned(x, y)
        return x * across, y * down

    return placed


def _turning(width: int, height: int, orientation: int) -> PointMap:
    """Where a point of the lying image of `width` x `height` is on the image that the EXIF orientation makes of it."""
    if orientation == 5:
        return lambda x, y: (y, x)
    if orientation == 6:
        return lambda x, y: (height - y, x)
    if orientation == 7:
        return lambda x, y: (height - y, width - x)
    if orientation == 8:
        return lambda x, y: (y, width - x)
    return lambda x, y: (x, y)
