"""COCO's greedy matching of detections to truths, all images, thresholds and area ranges at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import (
    Bools,
    Detections,
    Floats,
    Ints,
    Small,
    Truths,
    group_numbers,
    ranks_within,
    segment_starts,
)
from lode_hooks.evaluations.metrics.overlaps import Pairs

THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10).astype(np.float64)
AREA_RANGES: Floats = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]], dtype=np.float64)
"""All, small, medium, large: square pixels of the truth's `area`, bounds inclusive."""

UNMATCHED, MATCHED, IGNORED = 0, 1, 2


@dataclass(frozen=True)
class Matching:
    """What each candidate became; a candidate is a detection with a same-class pair of IoU >= .5.

    `candidate` (c,) are rows of detections, in the order given to `match`. `status` (c, 4, 10) is UNMATCHED, MATCHED
    or IGNORED (matched to a truth that does not count) for every area range and threshold. `truth` and `iou` (c,) are
    the match at IoU .5 over all areas, -1 and 0 where there is none.
    """

    candidate: Ints
    status: Small
    truth: Ints
    iou: Floats


def ignored_truths(truths: Truths, ignore_difficult: bool) -> Bools:
    """Truths that do not count, (n, 4): crowds, areas outside the range and, if asked for, VOC's difficult ones."""
    outside = (truths.area[:, None] < AREA_RANGES[:, 0]) | (truths.area[:, None] > AREA_RANGES[:, 1])
    never = truths.crowd | truths.difficult if ignore_difficult else truths.crowd
    ignored: Bools = outside | never[:, None]
    return ignored


def match(truths: Truths, detections: Detections, pairs: Pairs, ignored: Bools) -> Matching:
    """Match as pycocotools' `evaluateImg` does, without its limit on detections (a lower score never changes a match).

    Detections take turns by their rank within (image, class): a turn holds at most one detection of each group, so a
    whole turn is decided at once for all groups, area ranges and thresholds. Of the free truths with enough overlap
    the best IoU wins, the later of equal ones, a truth that counts before one that does not; a crowd is never used up.
    """
    limit = np.minimum(THRESHOLDS, 1 - 1e-10)
    kept = np.flatnonzero((detections.label[pairs.detection] == truths.label[pairs.truth]) & (pairs.iou >= limit[0]))
    order = _by_detection_and_iou(pairs, kept)
    detection, truth, iou = pairs.detection[order], pairs.truth[order], pairs.iou[order]
    starts = segment_starts(detection)
    candidate = detection[starts]
    lengths = np.diff(np.append(starts, len(detection)))
    columns = len(AREA_RANGES) * len(THRESHOLDS)
    best = np.zeros((len(candidate), columns), dtype=np.int32)
    taken = np.zeros((len(truths), columns), dtype=np.bool_)
    counts = np.repeat(~ignored, len(THRESHOLDS), axis=1)
    limits = np.tile(limit, len(AREA_RANGES))
    counting = np.int32(len(detection) + 1)

    turn = ranks_within(group_numbers(detections.image[candidate], detections.label[candidate]))
    by_turn = np.argsort(turn, kind="stable")
    bounds = np.append(segment_starts(turn[by_turn]), len(by_turn))
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        rows = by_turn[low:high]
        size = lengths[rows]
        inside = np.cumsum(size) - size
        pair = np.repeat(starts[rows] - inside, size) + np.arange(int(size.sum()))
        these = truth[pair]
        free = ~taken[these]
        free |= truths.crowd[these][:, None]
        free &= iou[pair][:, None] >= limits
        key = np.where(counts[these], counting, np.int32(0)) + (pair[:, None] + 1).astype(np.int32)
        key *= free
        chosen = np.maximum.reduceat(key, inside, axis=0) if len(pair) > len(rows) else key
        best[rows] = chosen
        row, column = np.nonzero(chosen)
        taken[truth[chosen[row, column] % counting - 1], column] = True

    status = np.where(best > counting, MATCHED, np.where(best > 0, IGNORED, UNMATCHED)).astype(np.int8)
    at_half = best[:, 0]
    pair = np.maximum(at_half % counting - 1, 0)
    return Matching(
        candidate=candidate,
        status=status.reshape(len(candidate), len(AREA_RANGES), len(THRESHOLDS)),
        truth=np.where(at_half > 0, truth[pair], -1) if len(truth) else np.zeros(0, dtype=np.int64),
        iou=np.where(at_half > 0, iou[pair], 0.0) if len(iou) else np.zeros(0),
    )


def _by_detection_and_iou(pairs: Pairs, kept: Ints) -> Ints:
    """Rows `kept`, each detection's pairs from the worst IoU to the best, equal ones in the order of the truths."""
    detection = pairs.detection[kept]
    segment = np.zeros(len(kept), dtype=np.int64)
    segment[segment_starts(detection)[1:]] = 1
    order: Ints = kept[np.lexsort((pairs.truth[kept], pairs.iou[kept], np.cumsum(segment)))]
    return order
