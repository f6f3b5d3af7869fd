"""The numbers that decide about a run, with what chance alone would do to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lode_hooks.evaluations import files, intervals
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.evaluators.evaluator import Words
from lode_hooks.evaluations.metrics.paired import Interval
from lode_hooks.evaluations.metrics.rows import Rows
from lode_hooks.evaluations.summary import counts, is_located, read_rows, stated_threshold, threshold_or_own
from lode_hooks.models import Evaluation


@dataclass(frozen=True, slots=True)
class Number:
    """One number with its 95 % interval over images (None: not computed), and beside it another evaluation's.

    `threshold` is the score it holds at, None of a number over all scores (AP) or of whole-image classes.

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
    threshold: float | None = None


def deciding_numbers(
    evaluation: Evaluation, against: Evaluation | None = None, *, threshold: float | None = None
) -> list[Number]:
    """The numbers on top of a run; F1, precision and recall at a threshold for both, or each at its own."""
    values, others = _values(evaluation, threshold), _values(against, threshold) if against else {}
    own = _intervals(evaluation, threshold)
    apart = differences(against, evaluation, threshold) if against else {}
    evaluator = evaluator_of(evaluation.prediction_set.task)
    numbers = []
    for name, title in evaluator.numbers.items():
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
                threshold=stated_threshold(evaluation, threshold) if name in evaluator.at_a_threshold else None,
            )
        )
    return numbers


def _values(evaluation: Evaluation, threshold: float | None) -> dict[str, float]:
    values = {name: value for name, value in evaluation.metrics.items() if value > -1}
    if is_located(evaluation):
        now = counts(evaluation, threshold)
        values |= {"F1": now.f1, "precision": now.precision, "recall": now.recall}
    return values


def _intervals(evaluation: Evaluation, threshold: float | None) -> Mapping[str, tuple[float, float]]:
    """The intervals that were kept with the evaluation, those of another threshold made now."""
    kept: Mapping[str, tuple[float, float]] = evaluation.curves.get("intervals", {})
    limit = threshold_or_own(evaluation, threshold)
    if not is_located(evaluation) or limit == threshold_or_own(evaluation, None):
        return kept
    path = files.held(evaluation.columns)
    return {
        **kept,
        **_intervals_at(
            evaluation.prediction_set.task, path, path.stat().st_mtime_ns, int(evaluation.counts["images"]), limit
        ),
    }


@lru_cache(maxsize=64)
def _intervals_at(task: str, path: Path, changed: int, images: int, limit: float) -> Mapping[str, tuple[float, float]]:
    rows = read_rows(path, changed)
    return intervals.own(rows, images, evaluator_of(task).at(rows, images, limit))


def differences(before: Evaluation, after: Evaluation, threshold: float | None = None) -> dict[str, Interval]:
    """Intervals of after - before, where both were made of the same images."""
    task = after.prediction_set.task
    one_question = (before.prediction_set.task, before.prediction_set.control) == (task, after.prediction_set.control)
    if before.counts.get("images") != after.counts.get("images") or not one_question:
        return {}
    one, two = files.held(before.columns), files.held(after.columns)
    pair = (one, one.stat().st_mtime_ns), (two, two.stat().st_mtime_ns)
    images = int(after.counts["images"])
    found = _differences(task, pair, images)
    if found and is_located(after):
        limits = threshold_or_own(before, threshold), threshold_or_own(after, threshold)
        return {**found, **_differences_at(task, pair, images, limits)}
    return found


Pair = tuple[tuple[Path, int], tuple[Path, int]]
"""The matches of two evaluations, each with the time at which its file changed last."""


@lru_cache(maxsize=64)
def _differences(task: str, pair: Pair, images: int) -> dict[str, Interval]:
    """Of the metrics that know no threshold."""
    before, after = (read_rows(*each) for each in pair)
    if not before.same_units(after):
        return {}
    metrics = evaluator_of(task).ranked
    return intervals.differences(metrics(before, images), metrics(after, images), images, _many(before, after))


@lru_cache(maxsize=64)
def _differences_at(task: str, pair: Pair, images: int, limits: tuple[float, float]) -> dict[str, Interval]:
    before, after = (read_rows(*each) for each in pair)
    one, two = (evaluator_of(task).at(rows, images, limit) for rows, limit in zip((before, after), limits, strict=True))
    return intervals.differences(one, two, images, _many(before, after))


def _many(before: Rows, after: Rows) -> int:
    return min(intervals.replicates(before), intervals.replicates(after))
