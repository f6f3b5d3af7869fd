"""Two runs on the same truth, object by object: what was fixed, what regressed, and whether it could be chance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Floats, Ints, Small, Truths
from lode_hooks.evaluations.metrics.average_precision import RECALLS
from lode_hooks.evaluations.metrics.boxes import score_order
from lode_hooks.evaluations.metrics.overlaps import Similarity, overlapping_pairs

OK, FIXED, REGRESSED, STILL = range(4)
TRANSITIONS = ("ok", "fixed", "regressed", "unchanged")

LINKED = 0.5
"""IoU from which on two false alarms of one image and class are the same failure."""


def transitions(before: Bools, after: Bools) -> Small:
    """OK, FIXED, REGRESSED or STILL (failing) for every object, from whether it was right before and is right after."""
    codes = np.where(before, np.where(after, OK, REGRESSED), np.where(after, FIXED, STILL))
    return codes.astype(np.int8)


def count_transitions(codes: Small) -> dict[str, int]:
    """How many objects are correct in both, fixed, regressed and unchanged."""
    counts = np.bincount(codes, minlength=len(TRANSITIONS))
    return {name: int(counts[code]) for code, name in enumerate(TRANSITIONS)}


def mcnemar(fixed: int, regressed: int) -> float:
    """McNemar's exact two-sided p: twice the binomial tail of min(fixed, regressed) in their sum at .5, at most 1."""
    total, fewer = fixed + regressed, min(fixed, regressed)
    if total == 0:
        return 1.0
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, total + 1)))))
    chosen = np.arange(fewer + 1)
    terms = logs[total] - logs[chosen] - logs[total - chosen] - total * math.log(2)
    return min(1.0, 2 * float(np.exp(terms).sum()))


def mcnemar_chi2(fixed: int, regressed: int) -> tuple[float, float]:
    """McNemar's chi^2 = (b - c)^2 / (b + c), without continuity correction, and its p at one degree of freedom."""
    if fixed + regressed == 0:
        return 0.0, 1.0
    chi2 = (fixed - regressed) ** 2 / (fixed + regressed)
    return chi2, math.erfc(math.sqrt(chi2 / 2))


def link(before: Detections, after: Detections, similarity: Similarity | None = None) -> Ints:
    """For each detection of `after`, the row of `before` in the same image and class with IoU >= .5, or -1.

    One to one: the best overlaps are linked first, equal ones by their order. What has no partner is new in `after`, or
    gone from `before`. Used for false alarms, which have no truth to be known by. `similarity`, of rows of `after` and
    of `before`, takes the place of their boxes' IoU.
    """
    as_truths = Truths.of(before.image, before.label, before.box)
    pairs = overlapping_pairs(as_truths, after, score_order(after), LINKED, similarity)
    kept = np.flatnonzero(before.label[pairs.truth] == after.label[pairs.detection])
    kept = kept[np.lexsort((pairs.truth[kept], pairs.detection[kept], -pairs.iou[kept]))]
    partner = np.full(len(after), -1, dtype=np.int64)
    used = np.zeros(len(before), dtype=np.bool_)
    left, right = pairs.truth[kept], pairs.detection[kept]
    while len(left):
        # Every pair that is the first of both its ends is decided; each turn decides at least one.
        first_left, first_right = np.unique(left, return_index=True)[1], np.unique(right, return_index=True)[1]
        decided = np.intersect1d(first_left, first_right)
        partner[right[decided]] = left[decided]
        used[left[decided]] = True
        open_ = ~used[left] & (partner[right] < 0)
        left, right = left[open_], right[open_]
    return partner


@dataclass(frozen=True)
class Interval:
    """A difference after - before, with the bounds that hold `confidence` of the resampled differences."""

    difference: float
    low: float
    high: float
    confidence: float = 0.95


Metric = Callable[[Floats], Floats]
"""Weights (replicates, images) to values (replicates,): the metric with every image counted `weight` times."""


def bootstrap_difference(
    before: Metric, after: Metric, images: int, replicates: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """Paired bootstrap over images: both metrics on the same resampled images, percentile interval.

    Objects of one image are not independent, so images are drawn, never objects. The same seed gives the same interval.
    """
    whole = np.ones((1, images))
    difference = float((after(whole) - before(whole))[0])
    if images == 0:
        return Interval(difference, difference, difference, confidence)
    rng = np.random.default_rng(seed)
    at_once = max(1, 4_000_000 // images)
    parts = []
    for low in range(0, replicates, at_once):
        weights = draw_weights(rng, min(at_once, replicates - low), images)
        parts.append(after(weights) - before(weights))
    tail = (1 - confidence) / 2
    bounds = np.quantile(np.concatenate(parts), [tail, 1 - tail])
    return Interval(difference, float(bounds[0]), float(bounds[1]), confidence)


def draw_weights(rng: np.random.Generator, replicates: int, images: int) -> Floats:
    """How often each image is drawn in each resample with replacement: (replicates, images)."""
    drawn = rng.integers(0, images, size=(replicates, images)) + np.arange(replicates)[:, None] * images
    counts = np.bincount(drawn.ravel(), minlength=replicates * images)
    return counts.reshape(replicates, images).astype(np.float64)


def mean_metric(values: Floats) -> Metric:
    """The mean of a value per image, such as accuracy from right (1) and wrong (0)."""

    def metric(weights: Floats) -> Floats:
        means: Floats = weights @ values / weights.sum(axis=1)
        return means

    return metric


def f1_metric(tp: Floats, fp: Floats, fn: Floats) -> Metric:
    """F1 over all objects from the counts of each image."""

    def metric(weights: Floats) -> Floats:
        true, wrong, missing = weights @ tp, weights @ fp, weights @ fn
        f1: Floats = 2 * true / np.maximum(2 * true + wrong + missing, 1)
        return f1

    return metric


@dataclass(frozen=True)
class AP50:
    """COCO's AP at IoU .5 for resampled images, from the rows of matches: see `ap50_metric`."""

    image: Ints
    hit: Bools
    bounds: Ints
    truth_counts: Floats

    def __call__(self, weights: Floats) -> Floats:
        """Values (replicates,) for weights (replicates, images)."""
        values = np.empty(len(weights))
        at_once = max(1, 8_000_000 // max(len(self.image), 1))
        for low in range(0, len(weights), at_once):
            values[low : low + at_once] = self._block(weights[low : low + at_once])
        return values

    def _block(self, weights: Floats) -> Floats:
        counting = weights @ self.truth_counts
        drawn = weights.astype(np.int32)  # whole numbers, whose sums are exact
        total, classes = np.zeros(len(weights)), np.zeros(len(weights))
        for k in range(len(self.bounds) - 1):
            rows = slice(int(self.bounds[k]), int(self.bounds[k + 1]))
            at = np.flatnonzero(self.hit[rows])
            here = drawn[:, self.image[rows]]
            true = np.cumsum(here[:, at], axis=1, dtype=np.int32)
            sent = np.cumsum(here, axis=1, dtype=np.int32)[:, at]
            precision = np.maximum.accumulate((true / (sent + np.spacing(1)))[:, ::-1], axis=1)[:, ::-1]
            for r in np.flatnonzero(counting[:, k] > 0):
                reached = np.searchsorted(true[r] / counting[r, k], RECALLS, side="left")
                total[r] += precision[r, reached[reached < len(at)]].sum() / len(RECALLS)
            classes += counting[:, k] > 0
        values: Floats = np.divide(total, classes, out=np.zeros(len(weights)), where=classes > 0)
        return values


def ap50_metric(
    image: Ints, label: Ints, score: Floats, hit: Bools, truth_image: Ints, truth_label: Ints, images: int
) -> AP50:
    """AP50 as a function of weights per image.

    The first four (n,) are the detections that count (not ignored, the 100 best per class and image), the next two (m,)
    the truths that count. With weight 1 for every image it is COCO's AP50.
    """
    classes = np.union1d(truth_label, label)
    order = np.lexsort((image, -score, label))
    bounds = np.append(np.searchsorted(label[order], classes), len(order))
    counts = np.zeros((images, len(classes)))
    np.add.at(counts, (truth_image, np.searchsorted(classes, truth_label)), 1.0)
    return AP50(image[order], hit[order], bounds.astype(np.int64), counts)
