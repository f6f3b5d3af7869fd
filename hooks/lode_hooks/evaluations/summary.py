"""What an evaluation says at a threshold: counts, classes, confusion cells, curves and histograms of its rows."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from lode_hooks.evaluations import controls, files
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.metrics.arrays import Bools, Ints
from lode_hooks.evaluations.metrics.curves import Curve, curve
from lode_hooks.evaluations.metrics.kinds import EXPLAINED, FN, FP, IGNORED, KINDS, MISSED, NONE, TP
from lode_hooks.evaluations.metrics.rows import Rows, RowsAt, cells
from lode_hooks.models import Evaluation


def rows_of(evaluation: Evaluation) -> Rows:
    """The matches of an evaluation, kept in memory while they are looked at."""
    path = files.held(evaluation.columns)
    return read_rows(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def read_rows(path: Path, changed: int) -> Rows:
    return Rows.read(path)


def is_located(evaluation: Evaluation) -> bool:
    """Whether it is of objects at places, which count from a score on; else of one answer an item."""
    return evaluator_of(evaluation.prediction_set.task).located


def overlap_words(evaluation: Evaluation) -> str:
    """What pages call the similarity of a prediction and a truth: "IoU"."""
    return str(evaluator_of(evaluation.prediction_set.task).overlap)


def threshold_or_own(evaluation: Evaluation, threshold: float | None) -> float:
    """The threshold asked for, else the evaluation's own; classes have none: every prediction counts."""
    if not is_located(evaluation):
        return -math.inf
    if threshold is None:
        threshold = evaluation.threshold or 0.0
    # "score 0" means every detection, also those of a model whose scores go below it
    return -math.inf if threshold == 0 else threshold


def stated_threshold(evaluation: Evaluation, threshold: float | None = None) -> float | None:
    """The threshold of `threshold_or_own` as it is told: 0 where all count, None of whole-image classes."""
    limit = threshold_or_own(evaluation, threshold)
    return (0.0 if limit == -math.inf else limit) if is_located(evaluation) else None


def class_names(evaluation: Evaluation) -> dict[int, str]:
    """Names of the truth's classes, those of the control that is evaluated, by their permanent id."""
    return controls.class_names(evaluation.version.schema_revision, evaluation.prediction_set)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a threshold leaves: the matches of each state and kind, and the ratios they make."""

    tp: int
    fp: int
    fn: int
    ignored: int
    kinds: dict[str, int]
    threshold: float
    precision: float
    recall: float
    f1: float


def counts(evaluation: Evaluation, threshold: float | None = None) -> Counts:
    """Counts at a threshold (default: the evaluation's own); each is the number of matches its filter opens."""
    rows = rows_of(evaluation)
    limit = threshold_or_own(evaluation, threshold)
    at = rows.at(limit)
    kinds = kind_counts(rows, at)
    tp, fp, fn = (kinds.pop(name) for name in ("tp", "fp", "fn"))
    ignored = int((rows.detection & (rows.state == IGNORED) & (rows.score >= limit)).sum())
    return Counts(
        tp=tp,
        fp=fp,
        fn=fn,
        ignored=ignored,
        kinds=kinds,
        threshold=max(limit, 0.0),
        precision=tp / max(tp + fp, 1),
        recall=tp / max(tp + fn, 1),
        f1=2 * tp / max(2 * tp + fp + fn, 1),
    )


def kind_counts(rows: Rows, at: RowsAt) -> dict[str, int]:
    result = {
        "tp": int((at.listed & (at.state == TP)).sum()),
        "fp": int((at.listed & (at.state == FP)).sum()),
        "fn": int((at.listed & (at.state == FN)).sum()),
    }
    of_kind = np.bincount(at.kind[at.listed], minlength=len(KINDS))
    for code, name in enumerate(KINDS):
        if code != NONE:
            result[name] = int(of_kind[code])
    return result


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class at a threshold; AP and AP50 hold for all thresholds, None without truths or for whole-image classes."""

    class_id: int
    name: str
    truths: int
    predictions: int
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    ap: float | None
    ap50: float | None
    kinds: dict[str, int]


def per_class(evaluation: Evaluation, threshold: float | None = None) -> list[ClassRow]:
    """The classes of the schema in the order of their ids, with what a threshold leaves of each.

    `fp` are wrong predictions of the class, `fn` truths of it that are not found; `kinds` counts its missed and
    explained truths, and its predictions' other kinds.
    """
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, threshold))
    names = class_names(evaluation)
    size = max([*names, int(rows.truth_class.max(initial=0)), int(rows.predicted_class.max(initial=0))]) + 1
    located = is_located(evaluation)
    known = {int(row["class_id"]): row for row in evaluation.per_class}

    def count(labels: Ints, mask: Bools) -> list[int]:
        chosen = labels[mask & (labels >= 0)]
        return [int(number) for number in np.bincount(chosen, minlength=size)]

    tp = count(rows.predicted_class, at.listed & (at.state == TP))
    fp = count(rows.predicted_class, at.listed & (at.state == FP))
    # of whole-image classes a wrong one is also a truth that was not found: one row, two sides
    lost = at.listed & ((at.state == FN) if located else (at.state != TP))
    fn = count(rows.truth_class, lost)
    by_kind = {}
    for code, name in enumerate(KINDS):
        if code != NONE:
            labels = rows.truth_class if code in (MISSED, EXPLAINED) else rows.predicted_class
            by_kind[name] = count(labels, at.listed & (at.kind == code))
    result = []
    for class_id, name in sorted(names.items()):
        t, p, m = tp[class_id], fp[class_id], fn[class_id]
        result.append(
            ClassRow(
                class_id=class_id,
                name=name,
                truths=t + m,
                predictions=t + p,
                tp=t,
                fp=p,
                fn=m,
                precision=t / max(t + p, 1),
                recall=t / max(t + m, 1),
                f1=2 * t / max(2 * t + p + m, 1),
                ap=known.get(class_id, {}).get("ap"),
                ap50=known.get(class_id, {}).get("ap50"),
                kinds={kind: numbers[class_id] for kind, numbers in by_kind.items()},
            )
        )
    return result


def confusion(evaluation: Evaluation, threshold: float | None = None) -> list[tuple[int, int, int]]:
    """(truth, predicted, count) of every cell that holds something; 0 is nothing. A cell opens exactly its matches."""
    rows = rows_of(evaluation)
    truth, predicted, has_cell = cells(rows, rows.at(threshold_or_own(evaluation, threshold)))
    pairs = np.stack((truth[has_cell], predicted[has_cell]), axis=1)
    found, numbers = np.unique(pairs, axis=0, return_counts=True)
    return [(int(pair[0]), int(pair[1]), int(number)) for pair, number in zip(found, numbers, strict=True)]


@dataclass(frozen=True, slots=True)
class ClassCurve:
    """Precision and recall of a class at falling scores: points (recall, precision, score), at most 101, at IoU .5.

    Class 0 is all classes together.
    """

    class_id: int
    ap50: float | None
    truths: int
    points: list[tuple[float, float, float]]


def pr_curves(evaluation: Evaluation) -> list[ClassCurve]:
    """The curve of all classes together, then of each class that has truths."""
    rows = rows_of(evaluation)
    ap50 = {int(row["class_id"]): row["ap50"] for row in evaluation.per_class}
    curves = [_curve(0, evaluation.metrics.get("AP50"), curve(rows))]
    for class_id in class_names(evaluation):
        drawn = curve(rows, class_id)
        if drawn.truths:
            curves.append(_curve(class_id, ap50.get(class_id), drawn))
    return curves


def _curve(class_id: int, ap50: float | None, whole: Curve) -> ClassCurve:
    drawn = whole.drawn(101)
    points = zip(drawn.recall.tolist(), drawn.precision.tolist(), drawn.threshold.tolist(), strict=True)
    return ClassCurve(class_id, ap50, whole.truths, list(points))


SIZE_EDGES = (0.0, 16.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0, 256.0, 512.0, math.inf)


@dataclass(frozen=True, slots=True)
class Histograms:
    """`score`: (low, high, right, wrong) of all predictions; `size`: (name, low, high or None, found, not found) of the
    truths that count, by the square root of their area in pixels."""

    score: list[tuple[float, float, int, int]]
    size: list[tuple[str, float, float | None, int, int]]


def histograms(evaluation: Evaluation, threshold: float | None = None) -> Histograms:
    """Scores of predictions and sizes of truths at a threshold; a bin holds its lower edge, the last one both."""
    rows = rows_of(evaluation)
    limit = threshold_or_own(evaluation, threshold)
    at = rows.at(limit)
    edges, right, wrong = _scores(rows, at)
    bins = list(zip(edges[:-1], edges[1:], right, wrong, strict=True))
    size = np.sqrt(np.nan_to_num(rows.area))
    sizes = []
    for low, high in zip(SIZE_EDGES[:-1], SIZE_EDGES[1:], strict=True):
        inside = (size >= low) & (size < high)
        name = f"{low:g}–{high:g}" if high < math.inf else f"{low:g}+"
        found, lost = int((inside & at.found).sum()), int((inside & at.missing).sum())
        sizes.append((name, low, high if high < math.inf else None, found, lost))
    return Histograms(score=bins, size=sizes)


def _scores(rows: Rows, at: RowsAt, bins: int = 20) -> tuple[list[float], list[int], list[int]]:
    """Edges over 0 to 1, or wider if scores are, and the right and the wrong predictions between them."""
    sent = at.listed & rows.detection & np.isfinite(rows.score)
    low = min(0.0, float(rows.score[sent].min(initial=0.0)))
    high = max(1.0, float(rows.score[sent].max(initial=1.0)))
    edges = np.linspace(low, high, bins + 1)
    right, wrong = (np.histogram(rows.score[sent & (at.state == state)], bins=edges)[0] for state in (TP, FP))
    return edges.tolist(), right.tolist(), wrong.tolist()
