"""Pairs of a detection and a truth of the same image that overlap enough to matter, with their IoU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Floats, Ints, Truths, box_areas
from lode_hooks.evaluations.metrics.masks import Masks, shared_pixels

PAIRS_AT_ONCE = 1_000_000
"""Pairs held at a time; some 100 MB at the widest moment, whatever the number of images."""


@dataclass(frozen=True)
class Pairs:
    """Overlapping pairs: row of the detection, row of the truth, their IoU; in the order of `order`, then truth."""

    detection: Ints
    truth: Ints
    iou: Floats


class Similarity(Protocol):
    """How far detections and truths are alike, 0 to 1; a whole column of pairs at a time."""

    def alike(self, detection: Ints, truth: Ints, least: float) -> Pairs:
        """Of pairs of rows, those at least `least` alike, in their order; the `iou` of a pair is how far."""


def overlapping_pairs(
    truths: Truths, detections: Detections, order: Ints, least: float, similarity: Similarity | None = None
) -> Pairs:
    """Every pair within an image, of any classes, with IoU >= `least` > 0, detections in the order `order`.

    IoU is COCO's: intersection over union, and over the detection's own area where the truth is a crowd. `order` must
    list the detections image by image. Boxes without width or height overlap nothing. `similarity` takes the place of
    the boxes' IoU.
    """
    by_image = np.argsort(truths.image, kind="stable")
    first = np.searchsorted(truths.image[by_image], detections.image[order], side="left")
    counts = np.searchsorted(truths.image[by_image], detections.image[order], side="right") - first
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(PAIRS_AT_ONCE, total, PAIRS_AT_ONCE), side="left")
    bounds = np.unique(np.concatenate(([0], cuts, [len(order)])))
    columns = _Columns(truths, detections) if similarity is None else _Pairing(similarity)
    parts = [
        columns.pairs(order[low:high], by_image, first[low:high], counts[low:high], least)
        for low, high in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, np.zeros(0))
    return Pairs(
        np.concatenate([part.detection for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.iou for part in parts]),
    )


class _Pairing:
    """All pairs of an image, as a similarity narrows them."""

    def __init__(self, similarity: Similarity) -> None:
        self._similarity = similarity

    def pairs(self, rows: Ints, by_image: Ints, first: Ints, counts: Ints, least: float) -> Pairs:
        detection = np.repeat(rows, counts)
        truth = by_image[np.arange(len(detection)) + np.repeat(first - (np.cumsum(counts) - counts), counts)]
        return self._similarity.alike(detection, truth, least)


class _Columns:
    """The boxes' coordinates, each a contiguous column."""

    def __init__(self, truths: Truths, detections: Detections) -> None:
        self.truth = np.ascontiguousarray(truths.box.T)
        self.truth_area = box_areas(truths.box)
        self.crowd = truths.crowd
        self.any_crowd = bool(truths.crowd.any())
        self.detection = np.ascontiguousarray(detections.box.T)
        self.detection_area = box_areas(detections.box)

    def pairs(self, rows: Ints, by_image: Ints, first: Ints, counts: Ints, least: float) -> Pairs:
        """The pairs of these detections: expanded, then narrowed by width, by height and by IoU."""
        offsets = np.cumsum(counts) - counts
        detection = np.repeat(rows, counts)
        truth = by_image[np.arange(len(detection)) + np.repeat(first - offsets, counts)]
        left = np.repeat(self.detection[0][rows], counts)
        right = np.repeat(self.detection[2][rows], counts)
        width = np.minimum(right, self.truth[2][truth]) - np.maximum(left, self.truth[0][truth])
        kept = np.flatnonzero(width > 0)
        detection, truth, width = detection[kept], truth[kept], width[kept]
        height = np.minimum(self.detection[3][detection], self.truth[3][truth])
        height -= np.maximum(self.detection[1][detection], self.truth[1][truth])
        kept = np.flatnonzero(height > 0)
        detection, truth = detection[kept], truth[kept]
        shared = width[kept] * height[kept]
        own = self.detection_area[detection]
        union = own + self.truth_area[truth] - shared
        if self.any_crowd:
            union = np.where(self.crowd[truth], own, union)
        iou = shared / union
        kept = np.flatnonzero(iou >= least)
        return Pairs(detection[kept], truth[kept], iou[kept])


@dataclass(frozen=True)
class MaskIoU:
    """COCO's IoU of masks, over the detection's own pixels where the truth is a crowd."""

    truths: Masks
    detections: Masks
    crowd: Bools

    def alike(self, detection: Ints, truth: Ints, least: float) -> Pairs:
        """The pairs of at least this IoU; those whose bounds and areas rule it out are not looked at closer."""
        one, two = self.detections.bounds, self.truths.bounds
        across = np.minimum(one[detection, 2], two[truth, 2]) - np.maximum(one[detection, 0], two[truth, 0])
        kept = np.flatnonzero(across > 0)
        detection, truth, across = detection[kept], truth[kept], across[kept]
        down = np.minimum(one[detection, 3], two[truth, 3]) - np.maximum(one[detection, 1], two[truth, 1])
        own, other = self.detections.area[detection], self.truths.area[truth]
        most = np.minimum(np.maximum(down, 0) * across, np.minimum(own, other))
        kept = np.flatnonzero((most > 0) & (self._share(most, own, other, truth) >= least))
        detection, truth, own, other = detection[kept], truth[kept], own[kept], other[kept]
        shared = shared_pixels(self.detections, self.truths, detection, truth)
        iou = self._share(shared, own, other, truth)
        kept = np.flatnonzero(iou >= least)
        return Pairs(detection[kept], truth[kept], iou[kept])

    def _share(self, shared: Ints, own: Ints, other: Ints, truth: Ints) -> Floats:
        share: Floats = shared / np.where(self.crowd[truth], own, own + other - shared)
        return share
