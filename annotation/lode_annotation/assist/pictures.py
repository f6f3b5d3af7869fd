"""A picture as assistants see it: its pixels, and the regions that are held to be true of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from lode_annotation.assist.polar import Numbers, Pixels
from motherlode.masks import Mask
from motherlode.media import Image
from motherlode.shapes import BadRegion, Shape

Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Seen:
    """The pixels (height, width, 3) of a page, upright, on which ``scale`` pixels lie for each of the item's; ``name``
    is its own, of a page of a blob."""

    pixels: Pixels
    scale: float
    media: Image
    name: str = ""

    @property
    def size(self) -> Numbers:
        """Width and height, in pixels of the array."""
        return np.array(self.pixels.shape[1::-1], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Taught:
    """A region to learn from. ``box`` is xyxy in pixels of the array, ``geometry`` in those of the item."""

    class_id: int
    box: Numbers
    shape: Shape
    geometry: Any


@dataclass(frozen=True, eq=False)
class Picture:
    """A labelled page. ``held_out``: nothing is learned from it, the assistant is measured on it."""

    seen: Seen
    taught: Sequence[Taught]
    held_out: bool

    @property
    def boxes(self) -> Numbers:
        """(regions, 4)"""
        return np.array([one.box for one in self.taught], dtype=np.float64).reshape(-1, 4)

    @property
    def class_ids(self) -> list[int]:
        return [one.class_id for one in self.taught]


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A region as an assistant suggests it, in pixels of the item: a box, xyxy, and, where it knows one, an outline."""

    class_id: int
    box: tuple[float, float, float, float]
    outline: Ring | None = None
    score: float | None = None

    def geometry(self, shape: Shape, media: Image) -> Any | None:
        """As a geometry of a kind, within the image; None where nothing is left of it, or the kind cannot have it.

        Without an outline, what is made of outlines gets the box.
        """
        x1, y1, x2, y2 = self.box
        ring = self.outline or ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        try:
            if shape.fills_bounds:
                made = shape.from_json(list(self.box))
            elif shape.masked:
                made = shape.from_mask(drawn(ring, media))
            else:
                made = shape.from_parts([[ring]])
            return shape.clip(made, media)[0]
        except (BadRegion, ValueError):
            return None


def drawn(ring: Ring, media: Image) -> Mask:
    """The mask of an outline: the pixels whose middle lies within it, or on it."""
    canvas = Pillow.new("1", (media.width, media.height))
    ImageDraw.Draw(canvas).polygon([(x - 0.5, y - 0.5) for x, y in ring], fill=1)
    return mask_of(np.asarray(canvas))


def mask_of(pixels: npt.NDArray[np.bool_]) -> Mask:
    """The mask of those pixels of (height, width) that are True."""
    height, width = pixels.shape
    flat = pixels.T.ravel()
    ends = np.flatnonzero(np.diff(flat, prepend=False)) if len(flat) else np.zeros(0, dtype=np.int64)
    return Mask(height, width, tuple(np.diff(ends, prepend=0, append=height * width).tolist()))


def suits(shape: Shape) -> bool:
    """Whether a suggestion can be of the kind: a box, an outline or a mask."""
    return shape.fills_bounds or shape.segmented


def medians(pictures: Iterable[Picture]) -> tuple[Numbers, dict[int, Numbers]]:
    """Width and height of the median box of all regions, and by class, of those that have ``ENOUGH``."""
    found: dict[int, list[Numbers]] = {}
    for picture in pictures:
        for one in picture.taught:
            found.setdefault(one.class_id, []).append(one.box[2:] - one.box[:2])
    every = [size for sizes in found.values() for size in sizes]
    whole = np.median(every, axis=0)
    return whole, {key: np.median(sizes, axis=0) for key, sizes in found.items() if len(sizes) >= ENOUGH}


ENOUGH = 8
"""Regions of a class from which its median box is its own."""


def overlap(one: Numbers, two: Numbers) -> Numbers:
    """The IoU of each row of boxes (rows, 4) with the same row of others."""
    sides = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    shared = np.prod(sides.clip(0), axis=1)
    whole = np.prod((one[:, 2:] - one[:, :2]).clip(0), axis=1) + np.prod((two[:, 2:] - two[:, :2]).clip(0), axis=1)
    found: Numbers = shared / np.maximum(whole - shared, 1e-12)
    return found
