"""Precision and recall at every threshold of the score, and the threshold of best F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Floats, Ints
from lode_hooks.evaluations.metrics.kinds import IGNORED, TP
from lode_hooks.evaluations.metrics.rows import Rows

DRAWN = 200
"""Points of a drawn curve at most; the ends and the best F1 are always among them."""


@dataclass(frozen=True)
class Curve:
    """Precision and recall at falling thresholds, one point for each distinct score (or fewer, when drawn)."""

    threshold: Floats
    tp: Ints
    fp: Ints
    truths: int

    @property
    def precision(self) -> Floats:
        """tp / (tp + fp)."""
        precision: Floats = self.tp / np.maximum(self.tp + self.fp, 1)
        return precision

    @property
    def recall(self) -> Floats:
        """tp / truths, 0 without truths."""
        recall: Floats = self.tp / max(self.truths, 1)
        return recall

    @property
    def f1(self) -> Floats:
        """2 tp / (2 tp + fp + fn)."""
        f1: Floats = 2 * self.tp / np.maximum(self.tp + self.fp + self.truths, 1)
        return f1

    def best(self) -> int:
        """Position of the best F1, the highest threshold of equal ones; -1 for an empty curve."""
        return int(np.argmax(self.f1)) if len(self.threshold) else -1

    def drawn(self, most: int = DRAWN) -> Curve:
        """The curve thinned to `most` points, evenly by position."""
        if len(self.threshold) <= most:
            return self
        even = np.linspace(0, len(self.threshold) - 1, most - 1).round().astype(np.int64)
        kept = np.union1d(even, [self.best()])
        return Curve(self.threshold[kept], self.tp[kept], self.fp[kept], self.truths)


def curve(rows: Rows, label: int | None = None) -> Curve:
    """The curve over all classes together, or of one class, at IoU .5."""
    counts = rows.state != IGNORED
    sent, truths = counts & rows.detection, counts & ~rows.detection
    if label is not None:
        sent &= rows.predicted_class == label
        truths &= rows.truth_class == label
    kept = np.flatnonzero(sent)
    kept = kept[np.argsort(-rows.score[kept], kind="stable")]
    score, hit = rows.score[kept], rows.state[kept] == TP
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if len(score) else np.zeros(0, dtype=np.int64)
    true = np.cumsum(hit)[last]
    return Curve(score[last], true.astype(np.int64), (last + 1 - true).astype(np.int64), int(truths.sum()))


def best_threshold(rows: Rows) -> float:
    """The score from which on detections count so that F1 over all classes is best; 0 without detections."""
    whole = curve(rows)
    best = whole.best()
    return float(whole.threshold[best]) if best >= 0 else 0.0
