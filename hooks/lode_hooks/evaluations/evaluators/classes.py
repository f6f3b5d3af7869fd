"""Classes of whole images: one answer an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from lode_hooks.evaluations import intervals
from lode_hooks.evaluations.evaluators.evaluator import Classes, Evaluator, Inputs, Line, Measured
from lode_hooks.evaluations.metrics.classes import evaluate_classes
from lode_hooks.evaluations.metrics.columns import CLASS_PREDICTIONS, class_matches, frame_of, read_classes
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.paired import Metric
from lode_hooks.evaluations.metrics.rows import Rows
from motherlode.numbers import is_number


class WholeItems(Evaluator):
    """A line has a `label`, or `probabilities` by label, or both."""

    task = "classes"
    title = _("Classes")
    kinds = frozenset({"choice"})
    located = False
    linked = _("the same incorrect class again")
    numbers = {"accuracy": _("accuracy"), "macro_f1": _("macro F1")}
    predictions = CLASS_PREDICTIONS

    def read(self, lines: Sequence[Line], classes: Classes) -> pl.DataFrame:
        columns: dict[str, list[Any]] = {name: [] for name in self.predictions}
        shares: dict[int, list[float | None]] = {}
        for place, line in enumerate(lines):
            given = line.row.get("probabilities") or {}
            if not isinstance(given, dict) or not all(is_number(value) and value >= 0 for value in given.values()):
                raise line.bad("has probabilities that are not finite numbers from 0 on by class")
            by_class = {classes.of_key(line, label): float(value) for label, value in given.items()}
            if line.row.get("label") is not None:
                label = classes.of(line, line.row["label"])
            elif by_class:
                label = max(by_class, key=lambda key: by_class[key])
            else:
                raise line.bad("has neither a label nor probabilities")
            score = by_class.get(label, line.row.get("score"))
            if score is not None and not is_number(score):
                raise line.bad(f"has a score that is not a finite number: {score!r}")
            columns["item"].append(line.item)
            columns["label"].append(label)
            columns["score"].append(score)
            for class_id, value in by_class.items():
                shares.setdefault(class_id, [None] * len(lines))[place] = value
        frame = frame_of(self.predictions, columns)
        return frame.with_columns(
            pl.Series(f"p{class_id}", values, dtype=pl.Float64) for class_id, values in sorted(shares.items())
        )

    def measure(self, inputs: Inputs) -> Measured:
        columns = read_classes(inputs.items, inputs.truths, inputs.predictions)
        result = evaluate_classes(columns.truth, columns.predicted)
        return Measured(class_matches(columns), len(columns.rows), result.metrics())

    def ranked(self, rows: Rows, images: int) -> dict[str, Metric]:
        return intervals.class_metrics(rows, images)

    def drawn(self, row: Mapping[str, Any]) -> None:
        return None


EVALUATOR = WholeItems()
