"""The columns that the engine computes on: truths, detections, and the array types they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truths:
    """Ground-truth boxes as columns, n rows.

    `image` (n,) is the position of the image in the evaluation's order (for a video: of the frame), `label` (n,) the
    permanent class id, `box` (n, 4) x1 y1 x2 y2 in pixels of the upright image, `area` (n,) in square pixels (a COCO
    file's own `area`, which may be a mask's, else width x height), `crowd` (n,) COCO's iscrowd and `difficult` (n,)
    VOC's flag. Rows of one image keep the order of their file: equal overlaps are decided by it.
    """

    image: Ints
    label: Ints
    box: Floats
    area: Floats
    crowd: Bools
    difficult: Bools

    def __len__(self) -> int:
        return len(self.image)

    @staticmethod
    def of(
        image: npt.ArrayLike,
        label: npt.ArrayLike,
        box: npt.ArrayLike,
        area: npt.ArrayLike | None = None,
        crowd: npt.ArrayLike | None = None,
        difficult: npt.ArrayLike | None = None,
    ) -> Truths:
        """Columns from anything array-like; a missing area is width x height, a missing flag is false."""
        boxes = np.asarray(box, dtype=np.float64).reshape(-1, 4)
        count = len(boxes)
        return Truths(
            image=np.asarray(image, dtype=np.int64),
            label=np.asarray(label, dtype=np.int64),
            box=boxes,
            area=box_areas(boxes) if area is None else np.asarray(area, dtype=np.float64),
            crowd=np.zeros(count, dtype=np.bool_) if crowd is None else np.asarray(crowd, dtype=np.bool_),
            difficult=np.zeros(count, dtype=np.bool_) if difficult is None else np.asarray(difficult, dtype=np.bool_),
        )


@dataclass(frozen=True)
class Detections:
    """Predicted boxes as columns, n rows; the same units as `Truths`, with a finite score each.

    Rows of one image keep the order in which they were sent: equal scores are decided by it, as COCO does. `area` (n,)
    is None where a detection's own is width x height.
    """

    image: Ints
    label: Ints
    box: Floats
    score: Floats
    area: Floats | None = None

    def __len__(self) -> int:
        return len(self.image)

    @property
    def areas(self) -> Floats:
        """Square pixels of each detection (n,)."""
        return box_areas(self.box) if self.area is None else self.area

    @staticmethod
    def of(image: npt.ArrayLike, label: npt.ArrayLike, box: npt.ArrayLike, score: npt.ArrayLike) -> Detections:
        """Columns from anything array-like."""
        return Detections(
            image=np.asarray(image, dtype=np.int64),
            label=np.asarray(label, dtype=np.int64),
            box=np.asarray(box, dtype=np.float64).reshape(-1, 4),
            score=np.asarray(score, dtype=np.float64),
        )


def box_areas(box: Floats) -> Floats:
    """Width x height of boxes (n, 4) in square pixels."""
    areas: Floats = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return areas


def segment_starts(sorted_keys: Ints) -> Ints:
    """First positions of the runs of equal values in a sorted column."""
    if len(sorted_keys) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1]))).astype(np.int64)


def ranks_within(sorted_keys: Ints) -> Ints:
    """Position of each row inside its run of equal values: 0, 1, 2, 0, 0, 1, ..."""
    starts = segment_starts(sorted_keys)
    lengths = np.diff(np.append(starts, len(sorted_keys)))
    ranks: Ints = np.arange(len(sorted_keys), dtype=np.int64) - np.repeat(starts, lengths)
    return ranks


def group_numbers(*sorted_columns: Ints) -> Ints:
    """Numbers 0, 1, 2, ... for the runs of rows that agree in every column."""
    numbers = np.zeros(len(sorted_columns[0]), dtype=np.int64)
    if len(numbers):
        changes = [column[1:] != column[:-1] for column in sorted_columns]
        np.cumsum(np.logical_or.reduce(changes), out=numbers[1:])
    return numbers
