"""What chance alone would do to an evaluation's numbers: the paired bootstrap over its images."""

from collections.abc import Callable

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Floats, group_numbers, ranks_within
from lode_hooks.evaluations.metrics.average_precision import LIMITS
from lode_hooks.evaluations.metrics.kinds import FP, IGNORED, TP
from lode_hooks.evaluations.metrics.paired import (
    Interval,
    Metric,
    ap50_metric,
    bootstrap_difference,
    draw_weights,
    f1_metric,
    mean_metric,
)
from lode_hooks.evaluations.metrics.rows import Rows

WORK = 20_000_000
"""Rows times resamples at most: about a second."""


def replicates(rows: Rows) -> int:
    """How many resamples a set of this size gets: 1,000, down to 100 for a large one."""
    return int(np.clip(WORK / max(len(rows), 1), 100, 1000))


def ranked_metrics(rows: Rows, images: int) -> dict[str, Metric]:
    """AP50, which holds over all scores, as a function of how often each image counts."""
    return {"AP50": _ap50(rows, images)}


def threshold_metrics(rows: Rows, images: int, threshold: float) -> dict[str, Metric]:
    """F1, precision and recall at a threshold, as functions of how often each image counts."""
    at = rows.at(threshold)

    def per_image(mask: Bools) -> Floats:
        return np.bincount(rows.unit[mask], minlength=images).astype(np.float64)

    tp, fp = per_image(at.listed & (at.state == TP)), per_image(at.listed & (at.state == FP))
    fn = per_image(at.missing)
    return {
        "F1": f1_metric(tp, fp, fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
    }


def class_metrics(rows: Rows, images: int) -> dict[str, Metric]:
    """Accuracy and macro F1 as functions of how often each image counts."""
    right = (rows.state == TP).astype(np.float64)
    classes = np.union1d(rows.truth_class, rows.predicted_class[rows.predicted_class >= 0])
    truth = (rows.truth_class[:, None] == classes).astype(np.float64)
    predicted = (rows.predicted_class[:, None] == classes).astype(np.float64)

    def macro_f1(weights: Floats) -> Floats:
        hits, known = weights @ (truth * predicted), weights @ (truth + predicted)
        f1 = np.divide(2 * hits, known, out=np.zeros_like(known), where=known > 0)
        present = np.maximum((known > 0).sum(axis=1), 1)
        values: Floats = f1.sum(axis=1) / present
        return values

    return {"accuracy": mean_metric(right), "macro_f1": macro_f1}


def own(rows: Rows, images: int, metrics: dict[str, Metric], seed: int = 0) -> dict[str, tuple[float, float]]:
    """The 95 % interval of every metric, images drawn with replacement."""
    if images == 0 or len(rows) == 0:
        return {}
    rng = np.random.default_rng(seed)
    many = replicates(rows)
    at_once = max(1, 4_000_000 // images)
    parts: dict[str, list[Floats]] = {name: [] for name in metrics}
    for low in range(0, many, at_once):
        weights = draw_weights(rng, min(at_once, many - low), images)
        for name, metric in metrics.items():
            parts[name].append(metric(weights))
    bounds = {name: np.quantile(np.concatenate(values), [0.025, 0.975]) for name, values in parts.items()}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def differences(before: dict[str, Metric], after: dict[str, Metric], images: int, many: int) -> dict[str, Interval]:
    """after - before for every metric they share, on the same resampled images."""
    return {
        name: bootstrap_difference(before[name], after[name], images, replicates=many)
        for name in after
        if name in before
    }


def _ap50(rows: Rows, images: int) -> Metric:
    sent = np.flatnonzero(rows.detection & (rows.state != IGNORED))
    order = sent[np.lexsort((-rows.score[sent], rows.predicted_class[sent], rows.unit[sent]))]
    rank = ranks_within(group_numbers(rows.unit[order], rows.predicted_class[order]))
    kept = np.sort(order[rank < LIMITS[-1]])
    truths = np.flatnonzero(~rows.detection & (rows.state != IGNORED))
    return ap50_metric(
        rows.unit[kept],
        rows.predicted_class[kept],
        rows.score[kept],
        rows.state[kept] == TP,
        rows.unit[truths],
        rows.truth_class[truths],
        images,
    )


def _ratio(part: Floats, whole: Floats) -> Callable[[Floats], Floats]:
    def metric(weights: Floats) -> Floats:
        values: Floats = weights @ part / np.maximum(weights @ whole, 1e-300)
        return values

    return metric
