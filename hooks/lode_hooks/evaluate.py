"""Evaluations: asked for once per prediction set, truth and settings, made by a job, read by pages and programs."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lode_datasets import versions
from lode_datasets.models import Entry, Version
from lode_hooks import files, intervals, sightings
from lode_hooks.evaluation.arrays import Bools, Ints
from lode_hooks.evaluation.boxes import evaluate_boxes
from lode_hooks.evaluation.classes import evaluate_classes
from lode_hooks.evaluation.columns import (
    ITEMS,
    TRUTHS,
    box_matches,
    class_matches,
    frame_of,
    read_boxes,
    read_classes,
    write,
)
from lode_hooks.evaluation.compare import Interval, Metric
from lode_hooks.evaluation.curves import Curve, Histogram, best_threshold, curve
from lode_hooks.evaluation.kinds import EXPLAINED, FN, FP, IGNORED, KINDS, MISSED, NONE, TP
from lode_hooks.evaluation.rows import Rows, RowsAt, cells
from lode_hooks.models import Evaluation, PredictionSet
from lode_hooks.predictions import POOL
from lode_platform import jobs
from lode_platform.errors import BadInput
from lode_platform.models import Job, JobState, User

ENGINE = 1
"""Raised when the matching changes: old evaluations are made anew instead of being mistaken for new ones."""

DEFAULTS: Mapping[str, Any] = {"ignore_difficult": False}

Words = str | Promise


def request_evaluation(
    prediction_set: PredictionSet,
    user: User,
    *,
    version: Version | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """The evaluation of a prediction set on a version's truth (default: its own), by a job unless it is there already.

    Another version scores old predictions on corrected labels: of the items that the predictions cover, those that are
    labelled there. Raises BadInput for a set that is not finished, for another dataset's version and for the pool's own
    version, which holds no truth of it.
    """
    truth = version or prediction_set.version
    if prediction_set.state != PredictionSet.State.READY:
        raise BadInput("These predictions are not finished.", code="not_finished")
    if truth.dataset_id != prediction_set.version.dataset_id or truth.state != Version.State.PUBLISHED:
        raise BadInput(f"{truth} is not a published version of the same dataset.", code="other_dataset")
    if prediction_set.split == POOL and truth.pk == prediction_set.version_id:
        raise BadInput("The pool has no truth: it is mined, not scored.", code="no_truth")
    chosen = {**DEFAULTS, **(settings or {})}
    unknown = sorted(set(chosen) - set(DEFAULTS))
    if unknown:
        raise BadInput(f"There is no evaluation setting {', '.join(unknown)}.", code="bad_setting")
    digest = sha256(json.dumps({**chosen, "engine": ENGINE}, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        row, _made = Evaluation.objects.get_or_create(
            prediction_set=prediction_set,
            version=truth,
            settings_digest=digest,
            defaults={"settings": chosen, "created_by": user},
        )
        if row.state != Evaluation.State.READY and not _is_open(row.job):
            row.job = jobs.enqueue(
                "hooks.evaluate",
                project=prediction_set.run.project,
                user=user,
                title=f"Evaluate {prediction_set.run.name} on {truth} {prediction_set.split}",
                arguments={"evaluation": str(row.uuid)},
            )
            row.state = Evaluation.State.QUEUED
            row.save(update_fields=["job", "state"])
    return row


def _is_open(job: Job | None) -> bool:
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


def perform(work: jobs.Work) -> dict[str, Any]:
    """The job: truth as columns, matches and numbers, then the failures as rows; taken up again where it stopped."""
    evaluation = Evaluation.objects.select_related(
        "prediction_set__run__project", "prediction_set__version", "version__dataset", "version__schema_revision"
    ).get(uuid=work.arguments["evaluation"])
    try:
        if not work.state.get("matched"):
            work.progress(0, 0, "Reading the truth", at_once=True)
            _measure(evaluation, work)
            work.step("matched")
        rows = rows_of(evaluation)
        whole = sightings.record_all(evaluation, rows, work)
        work.step("recorded")
        with work.fenced():
            Evaluation.objects.filter(pk=evaluation.pk).update(
                state=Evaluation.State.READY, counts={**evaluation.counts, "all_recorded": whole}
            )
    except (jobs.LeaseLost, jobs.Cancelled):
        raise
    except Exception:
        Evaluation.objects.filter(pk=evaluation.pk, job=work.job).update(state=Evaluation.State.FAILED)
        raise
    return {"evaluation": str(evaluation.uuid), "metrics": evaluation.metrics}


def _measure(evaluation: Evaluation, work: jobs.Work) -> None:
    """Match, count and keep the numbers; everything but the failures' rows."""
    predicted = evaluation.prediction_set
    names = files.truth_names(evaluation.version, predicted.version, predicted.split)
    items, truths = files.at(names[0]), files.at(names[1])
    if not (items.exists() and truths.exists()):
        write_truth(evaluation, items, truths)
    work.check()
    predictions = files.at(predicted.columns)
    evaluation.columns = files.matches_name(evaluation.uuid)
    place = files.at(evaluation.columns)
    if predicted.task == PredictionSet.Task.BOXES:
        _measure_boxes(evaluation, items, truths, predictions, place)
    else:
        _measure_classes(evaluation, items, truths, predictions, place)
    with work.fenced():
        evaluation.save(update_fields=["columns", "metrics", "per_class", "counts", "curves", "threshold"])
        work.save_state({"matched": True})


def _measure_boxes(evaluation: Evaluation, items: Path, truths: Path, predictions: Path, place: Path) -> None:
    columns = read_boxes(items, truths, predictions)
    known = [int(row["id"]) for row in evaluation.version.schema_revision.classes]
    result = evaluate_boxes(
        columns.truths, columns.detections, known, bool(evaluation.settings.get("ignore_difficult"))
    )
    write(box_matches(columns, result.matches), place)
    rows = Rows.read(place)
    images = len(columns.units)
    threshold = best_threshold(rows.scored())
    evaluation.threshold = threshold
    evaluation.metrics = result.metrics()
    evaluation.per_class = [
        {"class_id": label, "ap": _said(ap), "ap50": _said(ap50)}
        for label, ap, ap50 in result.average_precision.per_class()
    ]
    evaluation.counts = {
        "images": images,
        "zero": _kind_counts(rows, rows.at(-math.inf)),
        "best": _kind_counts(rows, rows.at(threshold)),
    }
    metrics = intervals.box_metrics(rows, images, threshold)
    evaluation.curves = {"intervals": intervals.own(rows, images, metrics)}


def _measure_classes(evaluation: Evaluation, items: Path, truths: Path, predictions: Path, place: Path) -> None:
    columns = read_classes(items, truths, predictions)
    result = evaluate_classes(columns.truth, columns.predicted)
    write(class_matches(columns), place)
    rows = Rows.read(place)
    images = len(rows)
    evaluation.threshold = None
    evaluation.metrics = result.metrics()
    evaluation.per_class = []
    counts = _kind_counts(rows, rows.at(-math.inf))
    evaluation.counts = {"images": images, "zero": counts, "best": counts}
    evaluation.curves = {"intervals": intervals.own(rows, images, intervals.class_metrics(rows, images))}


def _said(value: float) -> float | None:
    return value if value > -1 else None


def write_truth(evaluation: Evaluation, items: Path, truths: Path) -> None:
    """Write the items and truths of an evaluation's version as columns."""
    item_columns: dict[str, list[Any]] = {name: [] for name in ITEMS}
    truth_columns: dict[str, list[Any]] = {name: [] for name in TRUTHS}
    for entry, regions in _covered(evaluation):
        for name, value in zip(
            ITEMS, (str(entry.item.uuid), entry.path, entry.item.width, entry.item.height), strict=True
        ):
            item_columns[name].append(value)
        for region in regions:
            box = region.get("box")
            area = region.get("area")
            if area is None and box is not None:
                area = (box[2] - box[0]) * (box[3] - box[1])
            values = (
                str(entry.item.uuid),
                region.get("frame"),
                region["id"],
                region["class_id"],
                *(box or (None, None, None, None)),
                area,
                bool(region.get("iscrowd")),
                bool(region.get("difficult")),
            )
            for name, value in zip(TRUTHS, values, strict=True):
                truth_columns[name].append(value)
    write(frame_of(TRUTHS, truth_columns), truths)
    write(frame_of(ITEMS, item_columns), items)


def _covered(evaluation: Evaluation) -> Iterator[tuple[Entry, list[dict[str, Any]]]]:
    """The labelled entries of the truth's version whose items the predictions' split holds, by path."""
    predicted = evaluation.prediction_set
    if evaluation.version_id == predicted.version_id:
        yield from versions.truth(evaluation.version, predicted.split)
        return
    covered = set(versions.entries(predicted.version, predicted.split).order_by().values_list("item_id", flat=True))
    for entry, regions in versions.truth(evaluation.version):
        if entry.item_id in covered:
            yield entry, regions


# -- reading ----------------------------------------------------------------------------------------------------------


def rows_of(evaluation: Evaluation) -> Rows:
    """The matches of an evaluation, kept in memory while they are looked at."""
    path = files.at(evaluation.columns)
    return _rows(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _rows(path: Path, changed: int) -> Rows:
    return Rows.read(path)


def is_boxes(evaluation: Evaluation) -> bool:
    """Whether it is of boxes; else of classes of whole images."""
    return evaluation.prediction_set.task == PredictionSet.Task.BOXES


def threshold_or_own(evaluation: Evaluation, threshold: float | None) -> float:
    """The threshold asked for, else the evaluation's own; classes have none: every prediction counts."""
    if not is_boxes(evaluation):
        return -math.inf
    if threshold is None:
        threshold = evaluation.threshold or 0.0
    # "score 0" means every detection, also those of a model whose scores go below it
    return -math.inf if threshold == 0 else threshold


def class_names(evaluation: Evaluation) -> dict[int, str]:
    """Names of the truth's classes by their permanent id."""
    return {int(row["id"]): str(row["name"]) for row in evaluation.version.schema_revision.classes}


@dataclass(frozen=True, slots=True)
class Counts:
    """What a threshold leaves: the cards of each state and kind, and the ratios they make."""

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
    """Counts at a threshold (default: the evaluation's own); each is the number of cards its filter opens."""
    rows = rows_of(evaluation)
    limit = threshold_or_own(evaluation, threshold)
    at = rows.at(limit)
    kinds = _kind_counts(rows, at)
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


def _kind_counts(rows: Rows, at: RowsAt) -> dict[str, int]:
    result = {
        "tp": int((at.card & (at.state == TP)).sum()),
        "fp": int((at.card & (at.state == FP)).sum()),
        "fn": int((at.card & (at.state == FN)).sum()),
    }
    of_kind = np.bincount(at.kind[at.card], minlength=len(KINDS))
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
    boxes = is_boxes(evaluation)
    known = {int(row["class_id"]): row for row in evaluation.per_class}

    def count(labels: Ints, mask: Bools) -> list[int]:
        chosen = labels[mask & (labels >= 0)]
        return [int(number) for number in np.bincount(chosen, minlength=size)]

    tp = count(rows.predicted_class, at.card & (at.state == TP))
    fp = count(rows.predicted_class, at.card & (at.state == FP))
    # of whole-image classes a wrong one is also a truth that was not found: one row, two sides
    lost = at.card & ((at.state == FN) if boxes else (at.state != TP))
    fn = count(rows.truth_class, lost)
    by_kind = {}
    for code, name in enumerate(KINDS):
        if code != NONE:
            labels = rows.truth_class if code in (MISSED, EXPLAINED) else rows.predicted_class
            by_kind[name] = count(labels, at.card & (at.kind == code))
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
    """(truth, predicted, count) of every cell that holds something; 0 is nothing. A cell opens exactly its cards."""
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
    scored = rows_of(evaluation).scored()
    ap50 = {int(row["class_id"]): row["ap50"] for row in evaluation.per_class}
    curves = [_curve(0, evaluation.metrics.get("AP50"), curve(scored))]
    for class_id in class_names(evaluation):
        drawn = curve(scored, class_id)
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
    scores = _scores(rows, at)
    right, wrong = scores.series["tp"].tolist(), scores.series["fp"].tolist()
    bins = list(zip(scores.edges[:-1].tolist(), scores.edges[1:].tolist(), right, wrong, strict=True))
    size = np.sqrt(np.nan_to_num(rows.area))
    sizes = []
    for low, high in zip(SIZE_EDGES[:-1], SIZE_EDGES[1:], strict=True):
        inside = (size >= low) & (size < high)
        name = f"{low:g}–{high:g}" if high < math.inf else f"{low:g}+"
        found, lost = int((inside & at.found).sum()), int((inside & at.missing).sum())
        sizes.append((name, low, high if high < math.inf else None, found, lost))
    return Histograms(score=bins, size=sizes)


def _scores(rows: Rows, at: RowsAt, bins: int = 20) -> Histogram:
    sent = at.card & rows.detection & np.isfinite(rows.score)
    low = min(0.0, float(rows.score[sent].min(initial=0.0)))
    high = max(1.0, float(rows.score[sent].max(initial=1.0)))
    edges = np.linspace(low, high, bins + 1).astype(np.float64)
    right = np.histogram(rows.score[sent & (at.state == TP)], bins=edges)[0].astype(np.int64)
    wrong = np.histogram(rows.score[sent & (at.state == FP)], bins=edges)[0].astype(np.int64)
    return Histogram(edges, {"tp": right, "fp": wrong})


# -- the numbers that decide ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """One number with its 95 % interval over images (None: not computed), and beside it another evaluation's.

    `difference_low` and `difference_high` bound value - other, on the same resampled images.
    """

    name: str
    title: Words
    value: float
    low: float | None = None
    high: float | None = None
    other: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    better: str = "high"


BOX_NUMBERS: Mapping[str, Words] = {
    "AP": _("AP"),
    "AP50": _("AP50"),
    "AP75": _("AP75"),
    "APs": _("AP small"),
    "APm": _("AP medium"),
    "APl": _("AP large"),
    "F1": _("F1"),
    "precision": _("precision"),
    "recall": _("recall"),
}
CLASS_NUMBERS: Mapping[str, Words] = {"accuracy": _("accuracy"), "macro_f1": _("macro F1")}


def deciding_numbers(evaluation: Evaluation, against: Evaluation | None = None) -> list[Number]:
    """The numbers on top of a run; F1, precision and recall at each evaluation's own threshold."""
    values, others = _values(evaluation), _values(against) if against else {}
    own = evaluation.curves.get("intervals", {})
    apart = differences(against, evaluation) if against else {}
    titles = BOX_NUMBERS if is_boxes(evaluation) else CLASS_NUMBERS
    numbers = []
    for name, title in titles.items():
        if values.get(name) is None:
            continue
        low, high = own.get(name, (None, None))
        interval = apart.get(name)
        numbers.append(
            Number(
                name=name,
                title=title,
                value=values[name],
                low=low,
                high=high,
                other=others.get(name),
                difference_low=interval.low if interval else None,
                difference_high=interval.high if interval else None,
            )
        )
    return numbers


def _values(evaluation: Evaluation) -> dict[str, float]:
    values = {name: value for name, value in evaluation.metrics.items() if value > -1}
    if is_boxes(evaluation):
        now = counts(evaluation)
        values |= {"F1": now.f1, "precision": now.precision, "recall": now.recall}
    return values


def differences(before: Evaluation, after: Evaluation) -> dict[str, Interval]:
    """Intervals of after - before, where both were made of the same images."""
    if before.counts.get("images") != after.counts.get("images") or is_boxes(before) != is_boxes(after):
        return {}
    one, two = files.at(before.columns), files.at(after.columns)
    key = (one, one.stat().st_mtime_ns, before.threshold, two, two.stat().st_mtime_ns, after.threshold)
    return _differences(key, int(after.counts["images"]), is_boxes(after))


@lru_cache(maxsize=64)
def _differences(key: tuple[Any, ...], images: int, boxes: bool) -> dict[str, Interval]:
    one, one_changed, one_threshold, two, two_changed, two_threshold = key
    before, after = _rows(one, one_changed), _rows(two, two_changed)

    def metrics(rows: Rows, threshold: float | None) -> dict[str, Metric]:
        if boxes:
            return intervals.box_metrics(rows, images, threshold or -math.inf)
        return intervals.class_metrics(rows, images)

    many = min(intervals.replicates(before), intervals.replicates(after))
    return intervals.differences(metrics(before, one_threshold), metrics(after, two_threshold), images, many)
