"""The evaluator of image classes: accuracy, F1 and the confusion matrix by scikit-learn's definitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Floats, Ints

NOTHING = -1
"""The predicted class of an item that the run said nothing about: always wrong, and no class of its own."""


@dataclass(frozen=True)
class ClassScores:
    """One class: precision, recall and F1 (0 where undefined, as scikit-learn's zero_division=0) and its truths."""

    label: int
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassEvaluation:
    """`classes` (k,) those that occur in truth or prediction; `confusion` (k, k) truth by prediction, `silent` (k,)
    truths without a prediction."""

    classes: Ints
    confusion: Ints
    silent: Ints

    @property
    def total(self) -> int:
        """Items with a truth."""
        return int(self.confusion.sum() + self.silent.sum())

    def per_class(self) -> list[ClassScores]:
        """Precision, recall, F1 and support of every class."""
        hits = np.diag(self.confusion)
        predicted = self.confusion.sum(axis=0)
        support = self.confusion.sum(axis=1) + self.silent
        precision, recall = _ratio(hits, predicted), _ratio(hits, support)
        f1 = _ratio(2 * hits, predicted + support)
        return [
            ClassScores(int(label), float(precision[k]), float(recall[k]), float(f1[k]), int(support[k]))
            for k, label in enumerate(self.classes)
        ]

    def metrics(self) -> dict[str, float]:
        """accuracy, macro precision, recall and F1 (means over `classes`), and the counts correct and wrong."""
        scores = self.per_class()
        correct = int(np.trace(self.confusion))

        def mean(values: list[float]) -> float:
            return float(np.mean(values)) if values else 0.0

        return {
            "accuracy": correct / self.total if self.total else 0.0,
            "macro_precision": mean([score.precision for score in scores]),
            "macro_recall": mean([score.recall for score in scores]),
            "macro_f1": mean([score.f1 for score in scores]),
            "correct": float(correct),
            "wrong": float(self.total - correct),
        }


def evaluate_classes(truth: Ints, predicted: Ints) -> ClassEvaluation:
    """Evaluate class ids (n,) against class ids (n,), `NOTHING` where there is no prediction.

    The macro means run over the classes that occur in truth or prediction, as scikit-learn's defaults do.
    """
    said = predicted != NOTHING
    classes = np.union1d(truth, predicted[said]).astype(np.int64)
    size = len(classes)
    rows, columns = np.searchsorted(classes, truth), np.searchsorted(classes, predicted[said])
    confusion = np.bincount(rows[said] * size + columns, minlength=size * size).reshape(size, size)
    silent = np.bincount(rows[~said], minlength=size)
    return ClassEvaluation(classes, confusion.astype(np.int64), silent.astype(np.int64))


def _ratio(part: Ints, whole: Ints) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
