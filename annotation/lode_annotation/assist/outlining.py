"""What a mask of a picture means as a region: its box, its outline, and the mask in pixels of the item."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from lode_annotation.assist.pictures import Seen, Suggestion, mask_of
from lode_annotation.assist.polar import Numbers
from motherlode.masks import mask_polygon
from motherlode.media import Image
from motherlode.shapes import BadRegion, Shape

TOLERANCE = 1.0
"""How far an outline may lie from the edges of its mask's pixels, in pixels of the view."""
MOST_RUNS = 20_000
"""Runs of a mask beyond which it is noise, and nothing is suggested."""
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Segmented(Suggestion):
    """A suggestion with its mask, (height, width) of the view."""

    pixels: Bits = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))

    def geometry(self, shape: Shape, media: Image) -> Any | None:
        """As ``Suggestion.geometry``; what is made of masks gets the mask."""
        if not shape.masked:
            return super().geometry(shape, media)
        try:
            return shape.clip(shape.from_mask(mask_of(_sized(self.pixels, media))), media)[0]
        except (BadRegion, ValueError):
            return None


def _sized(pixels: Bits, media: Image) -> Bits:
    """A mask in pixels of the item."""
    if pixels.shape == (media.height, media.width):
        return pixels
    grey = Pillow.fromarray(pixels.astype(np.uint8) * 255)
    return np.asarray(grey.resize((media.width, media.height), Pillow.Resampling.BILINEAR)) > 127


def segmented(pixels: Bits, seen: Seen, near: Numbers, class_id: int, score: float | None) -> Segmented | None:
    """What a mask of a view means; of several parts the one that ``near`` (x, y), in its pixels, lies in is meant, else
    the largest. None for a mask without pixels, and for one that is noise."""
    mask = mask_of(pixels)
    if not pixels.any() or len(mask.counts) > MOST_RUNS:
        return None
    rings = [np.array(part[0], dtype=np.float64) for part in mask_polygon(mask)]
    ring = next((one for one in rings if _holds(one, near)), None)
    if ring is None:
        ring = max(rings, key=_area)
    per_pixel = np.array([seen.media.width, seen.media.height]) / np.array(pixels.shape[::-1])
    whole = ring * per_pixel
    (x1, y1), (x2, y2) = whole.min(axis=0).tolist(), whole.max(axis=0).tolist()
    outline = [(x, y) for x, y in (simplified(ring) * per_pixel).tolist()]
    return Segmented(class_id, (x1, y1, x2, y2), outline, score, pixels)


def _area(ring: Numbers) -> float:
    x, y = ring.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _holds(ring: Numbers, point: Numbers) -> bool:
    """Whether a point lies within a closed ring (points, 2), by the crossings of a ray."""
    (x, y), (across, down) = ring.T, point
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((y > down) != (y2 > down)) & (across < (x2 - x) * (down - y) / (y2 - y) + x)
    return bool(crosses.sum() % 2)


def simplified(ring: Numbers, tolerance: float = TOLERANCE) -> Numbers:
    """A closed ring (points, 2) with fewer points, none of which it leaves farther than ``tolerance`` behind (Douglas
    and Peucker, 1973); at least three."""
    if len(ring) <= 4:
        return ring
    far = int(np.linalg.norm(ring - ring[0], axis=1).argmax())
    closed = np.concatenate([ring, ring[:1]])
    kept = {0, far, *_kept(closed, 0, far, tolerance), *_kept(closed, far, len(ring), tolerance)} - {len(ring)}
    found = ring[sorted(kept)]
    return found if len(found) >= 3 else ring


def _kept(points: Numbers, first: int, last: int, tolerance: float) -> Sequence[int]:
    found: list[int] = []
    todo = [(first, last)]
    while todo:
        start, end = todo.pop()
        if end - start < 2:
            continue
        side = points[end] - points[start]
        away = points[start + 1 : end] - points[start]
        length = float(np.hypot(*side))
        far = np.abs(away[:, 0] * side[1] - away[:, 1] * side[0]) / length if length else np.hypot(*away.T)
        at = int(far.argmax())
        if far[at] > tolerance:
            middle = start + 1 + at
            found.append(middle)
            todo += [(start, middle), (middle, end)]
    return found
