"""Where truths and predictions of an evaluation lie, as pages draw them: the geometry beside the matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from lode_hooks.evaluations import files
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.evaluators.evaluator import Place
from lode_hooks.evaluations.metrics.columns import BOX
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.rows import Rows
from lode_hooks.evaluations.summary import rows_of
from lode_hooks.models import Evaluation, PredictionSet

Pair = tuple[Place | None, Place | None]
"""Where a match's truth and its prediction lie."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A prediction on an item: its class, its score and where it lies."""

    label: int
    score: float
    place: Place


def of_rows(evaluation: Evaluation, wanted: Iterable[int]) -> dict[int, Place]:
    """The places of rows of matches: of a detection what was predicted, of a truth its region.

    Whole-item answers, and masks without a pixel, have none. Only the rows of the items meant are read.
    """
    predicted = evaluation.prediction_set
    evaluator = evaluator_of(predicted.task)
    if not evaluator.located:
        return {}
    rows = rows_of(evaluation)
    chosen = {row for row in wanted if row >= 0}
    found: dict[int, Place | None] = {}
    if evaluator.is_drawn_by_bounds:
        for row in chosen:
            box = rows.predicted_box[row] if rows.detection[row] else rows.truth_box[row]
            sides = dict(zip(BOX, box.tolist(), strict=True))
            found[row] = evaluator.drawn({**sides, "frame": rows.frame[row]})
    else:
        _items, truths = files.truth_names(evaluation.version, predicted, evaluator.truth_file)
        for is_detection, name in ((True, predicted.columns), (False, truths)):
            side = {row for row in chosen if bool(rows.detection[row]) == is_detection}
            if side:
                for row, values in _rows_of_file(files.held(name), rows, side, is_detection):
                    found[row] = evaluator.drawn(values)
    return {row: place for row, place in found.items() if place is not None}


def of_matches(evaluation: Evaluation, wanted: Collection[int]) -> dict[int, Pair]:
    """Where the truths and predictions of matches lie, by row; None for the side that a row itself does not have."""
    rows = rows_of(evaluation)
    truths = {row: int(rows.partner[row]) if rows.detection[row] else row for row in wanted}
    known = of_rows(evaluation, [*truths, *truths.values()])
    return {row: (known.get(truth), known.get(row) if rows.detection[row] else None) for row, truth in truths.items()}


def of_predictions(predicted: PredictionSet, items: Iterable[str]) -> dict[str, list[Predicted]]:
    """What was predicted on items, by their uuids, in the order that it was sent in; no answers of whole items."""
    evaluator = evaluator_of(predicted.task)
    found: dict[str, list[Predicted]] = defaultdict(list)
    if not evaluator.located:
        return found
    asked = pl.col("item").is_in(list(items)) & pl.col("label").is_not_null()
    frame = pl.scan_parquet(files.held(predicted.columns)).filter(asked).collect()
    for row in frame.iter_rows(named=True):
        if place := evaluator.drawn(row):
            found[row["item"]].append(Predicted(row["label"], row["score"], place))
    return found


def _rows_of_file(
    path: Path, rows: Rows, chosen: set[int], is_detection: bool
) -> Iterable[tuple[int, dict[str, object]]]:
    """The rows of a file that the chosen rows of matches are of: both keep the order of an item's."""
    items = {rows.item[row] for row in chosen}
    own: dict[str, list[int]] = defaultdict(list)
    for row, item in enumerate(rows.item):
        if item in items and bool(rows.detection[row]) == is_detection:
            own[item].append(row)
    there = pl.col("label" if is_detection else "x1").is_not_null()
    frame = pl.scan_parquet(path).filter(pl.col("item").is_in(list(items)) & there).collect()
    places = {item: iter(numbers) for item, numbers in own.items()}
    numbers = [next(places[item]) for item in frame["item"].to_list()]
    kept = [at for at, row in enumerate(numbers) if row in chosen]
    yield from zip((numbers[at] for at in kept), frame[kept].iter_rows(named=True), strict=True)
