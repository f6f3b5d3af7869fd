"""COCO's average precision and recall from a matching: the 101-point precision of every class, range and threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import (
    Bools,
    Detections,
    Floats,
    Ints,
    Truths,
    group_numbers,
    ranks_within,
)
from lode_hooks.evaluations.metrics.matching import AREA_RANGES, MATCHED, THRESHOLDS, UNMATCHED, Matching

RECALLS: Floats = np.linspace(0.0, 1.0, 101).astype(np.float64)
LIMITS: tuple[int, ...] = (1, 10, 100)
"""Detections per class and image that count; AP is at the last, AR at each."""

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
ALL, SMALL, MEDIUM, LARGE = range(4)


@dataclass(frozen=True)
class AveragePrecision:
    """COCO's `precision` and `recall` tables, -1 where a class has no truth that counts.

    `classes` (k,) class ids, `precision` (10 thresholds, 101 recalls, k, 4 ranges) at 100 detections,
    `recall` (10, k, 4, 3 limits), `truths` (k, 4) truths that count.
    """

    classes: Ints
    precision: Floats
    recall: Floats
    truths: Ints

    def summary(self) -> dict[str, float]:
        """The 12 numbers in COCO's order; -1 where nothing can be said, as pycocotools does."""
        precision, recall = self.precision, self.recall
        values = (
            _mean(precision[:, :, :, ALL]),
            _mean(precision[0, :, :, ALL]),
            _mean(precision[5, :, :, ALL]),
            _mean(precision[:, :, :, SMALL]),
            _mean(precision[:, :, :, MEDIUM]),
            _mean(precision[:, :, :, LARGE]),
            _mean(recall[:, :, ALL, 0]),
            _mean(recall[:, :, ALL, 1]),
            _mean(recall[:, :, ALL, 2]),
            _mean(recall[:, :, SMALL, 2]),
            _mean(recall[:, :, MEDIUM, 2]),
            _mean(recall[:, :, LARGE, 2]),
        )
        return dict(zip(NAMES, values, strict=True))

    def per_class(self) -> list[tuple[int, float, float]]:
        """(class id, AP, AP50) of every class, -1 for one without truths."""
        return [
            (int(label), _mean(self.precision[:, :, k, ALL]), _mean(self.precision[0, :, k, ALL]))
            for k, label in enumerate(self.classes)
        ]


def average_precision(
    truths: Truths, detections: Detections, classes: Ints, matching: Matching, ignored: Bools, order: Ints
) -> AveragePrecision:
    """Accumulate as pycocotools does: all images' detections by score, equal scores by image and then by their order.

    `classes` is sorted; detections of other classes are left out. `order` sorts detections by image, class, score.
    """
    rank = np.empty(len(detections), dtype=np.int64)
    rank[order] = ranks_within(group_numbers(detections.image[order], detections.label[order]))
    position = np.searchsorted(classes, detections.label)
    known = np.append(classes, -1)[position] == detections.label
    kept = order[(rank[order] < LIMITS[-1]) & known[order]]
    ranked = kept[np.lexsort((-detections.score[kept], position[kept]))]

    area = detections.areas[ranked]
    inside = ~((area[:, None] < AREA_RANGES[:, 0]) | (area[:, None] > AREA_RANGES[:, 1]))
    wrong = _cumulated(inside)

    place = np.full(len(detections), -1, dtype=np.int64)
    place[ranked] = np.arange(len(ranked))
    found = place[matching.candidate]
    found_order = np.argsort(found, kind="stable")
    found_order = found_order[found[found_order] >= 0]
    found = found[found_order]
    status = matching.status[found_order]
    hit = status == MATCHED
    # An unmatched detection is wrong where its own area lies in the range; a candidate that matched never is.
    not_wrong = _cumulated((status != UNMATCHED) & inside[found][:, :, None])

    shape = (len(THRESHOLDS), len(RECALLS), len(classes), len(AREA_RANGES))
    precision = np.full(shape, -1.0)
    recall = np.full((len(THRESHOLDS), len(classes), len(AREA_RANGES), len(LIMITS)), -1.0)
    counting = np.zeros((len(classes), len(AREA_RANGES)), dtype=np.int64)
    truth_class = np.searchsorted(classes, truths.label)
    truth_known = np.append(classes, -1)[truth_class] == truths.label
    np.add.at(counting, truth_class[truth_known], (~ignored[truth_known]).astype(np.int64))

    firsts = np.searchsorted(position[ranked], np.arange(len(classes) + 1))
    bounds = np.searchsorted(found, firsts)
    rank_found = rank[ranked[found]]
    for k in range(len(classes)):
        low, high = int(bounds[k]), int(bounds[k + 1])
        rows, hits, ranks = found[low:high], hit[low:high], rank_found[low:high]
        wrong_here = wrong[rows + 1] - wrong[firsts[k]]
        not_wrong_here = not_wrong[low + 1 : high + 1] - not_wrong[low]
        for a in np.flatnonzero(counting[k] > 0):
            reached = np.searchsorted(np.arange(1, counting[k, a] + 1) / counting[k, a], RECALLS, side="left")
            for t in range(len(THRESHOLDS)):
                at = np.flatnonzero(hits[:, a, t])
                for m, limit in enumerate(LIMITS):
                    true = len(at) if limit == LIMITS[-1] else int((ranks[at] < limit).sum())
                    recall[t, k, a, m] = true / counting[k, a]
                precision[t, :, k, a] = _interpolated(wrong_here[at, a] - not_wrong_here[at, a, t], reached)
    return AveragePrecision(classes=classes, precision=precision, recall=recall, truths=counting)


def _interpolated(wrong: Ints, reached: Ints) -> Floats:
    """Precision at the 101 recalls, given the false positives before each true one; monotone from the right."""
    points = np.zeros(len(reached))
    if len(wrong) == 0:
        return points
    true = np.arange(1, len(wrong) + 1)
    precision = true / (wrong + true + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    within = reached < len(true)
    points[within] = envelope[reached[within]]
    return points


def _cumulated(flags: Bools) -> Ints:
    """Counts of true rows before each row, with one row more than `flags`."""
    counts = np.zeros((len(flags) + 1, *flags.shape[1:]), dtype=np.int64)
    np.cumsum(flags, axis=0, out=counts[1:])
    return counts


def _mean(values: Floats) -> float:
    said = values[values > -1]
    return float(said.mean()) if said.size else -1.0
