"""How far the false alarms of two evaluations are alike: as their kind says, by the predictions that they are."""

from __future__ import annotations

from collections.abc import Sequence

from lode_hooks.evaluations import files
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.metrics.arrays import Floats, Ints
from lode_hooks.evaluations.metrics.columns import BOX
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.overlaps import Similarity
from lode_hooks.evaluations.summary import rows_of
from lode_hooks.models import Evaluation


def similarity(before: Evaluation, old: Ints, after: Evaluation, new: Ints) -> Similarity | None:
    """Of wrong predictions of two evaluations, rows of their matches: `new` in place of detections, `old` of truths.

    None: the IoU of their bounds.
    """
    evaluator = evaluator_of(after.prediction_set.task)
    if before.prediction_set.task != evaluator.task:
        return None
    items = pl.concat([items_of(before), items_of(after)]).unique("item")
    return evaluator.similarity(predicted(before, old), predicted(after, new), items)


def items_of(evaluation: Evaluation) -> pl.DataFrame:
    """The items that an evaluation counts, with their sizes."""
    evaluator = evaluator_of(evaluation.prediction_set.task)
    items, _truths = files.truth_names(evaluation.version, evaluation.prediction_set, evaluator.truth_file)
    return pl.read_parquet(files.held(items))


def predicted(evaluation: Evaluation, rows: Ints) -> pl.DataFrame:
    """The predictions that rows of an evaluation's matches are, in their order; of boxes and the like their bounds."""
    if evaluator_of(evaluation.prediction_set.task).is_drawn_by_bounds:
        matches = rows_of(evaluation)
        return bounds([matches.item[row] for row in rows.tolist()], matches.predicted_box[rows])
    sent = pl.scan_parquet(files.held(evaluation.prediction_set.columns), row_index_name="place")
    known = pl.col("label").is_not_null() & pl.col("item").is_in(items_of(evaluation)["item"].to_list())
    chosen = sent.filter(known).select("place").collect().select(pl.col("place").gather(rows))
    found = sent.filter(pl.col("place").is_in(chosen["place"].to_list())).collect()
    return chosen.join(found, on="place", how="left", maintain_order="left")


def bounds(items: Sequence[str], boxes: Floats) -> pl.DataFrame:
    """Predictions of which nothing but the item and the bounds is known."""
    sides = {name: boxes[:, place] for place, name in enumerate(BOX)}
    return pl.DataFrame({"item": pl.Series(items, dtype=pl.String), **sides})
