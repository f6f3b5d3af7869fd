"""What evaluators of objects at places share: COCO's numbers and matching, whatever says how far two are alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lode_hooks.evaluations import intervals
from lode_hooks.evaluations.evaluators.evaluator import Classes, Evaluator, Inputs, Line, Measured, Place, Words
from lode_hooks.evaluations.metrics.boxes import evaluate_boxes
from lode_hooks.evaluations.metrics.columns import BOX, BOX_PREDICTIONS, BoxColumns, box_matches, frame_of, read_boxes
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.overlaps import Similarity
from lode_hooks.evaluations.metrics.paired import Metric
from lode_hooks.evaluations.metrics.rows import Rows
from motherlode.numbers import is_number

Row = tuple[Any, ...]


class Located(Evaluator):
    """Objects at places, each a class and a score. A line has `field`, `labels` and `scores`, three lists alike."""

    located = True
    field: ClassVar[str]
    linked = _("linked inside an image by class and IoU ≥ .5")
    numbers: ClassVar[Mapping[str, Words]] = {
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
    at_a_threshold = frozenset({"F1", "precision", "recall"})
    predictions = BOX_PREDICTIONS

    def read(self, lines: Sequence[Line], classes: Classes) -> pl.DataFrame:
        columns: dict[str, list[Any]] = {name: [] for name in self.predictions}
        nothing = (None,) * (len(self.predictions) - len(BOX_PREDICTIONS))

        def put(*values: Any) -> None:
            for name, value in zip(self.predictions, values, strict=True):
                columns[name].append(value)

        for line in lines:
            row = line.row
            frame = row.get("frame")
            if frame is not None and not (type(frame) is int and 0 <= frame < 2**31):
                raise line.bad(f"has a frame that is not a whole number from 0 on: {frame!r}")
            found, labels, scores = row.get(self.field), row.get("labels"), row.get("scores")
            if not isinstance(found, list) or not isinstance(labels, list) or not isinstance(scores, list):
                raise line.bad(f"needs {self.field}, labels and scores, each a list")
            if not len(found) == len(labels) == len(scores):
                raise line.bad(f"has {len(found)} {self.field}, {len(labels)} labels and {len(scores)} scores")
            if not found:
                put(line.item, frame, None, None, None, None, None, None, *nothing)
            for number, (value, label, score) in enumerate(zip(found, labels, scores, strict=True), start=1):
                bounds, beside = self.read_place(line, number, value)
                if not is_number(score):
                    raise line.bad(f"has a score that is not a finite number: {score!r}")
                put(line.item, frame, classes.of(line, label), *bounds, float(score), *beside)
        return frame_of(self.predictions, columns)

    @abstractmethod
    def read_place(self, line: Line, number: int, value: Any) -> tuple[Sequence[float], Row]:
        """The bounds (xyxy, pixels) of object `number` of a line, and the values of its further columns."""

    def sides(self, inputs: Inputs) -> tuple[BoxColumns, Similarity | None]:
        """Both sides of an evaluation as columns, and their `similarity`."""
        beside = [name for name in self.predictions if name not in BOX_PREDICTIONS]
        found = read_boxes(inputs.items, inputs.truths, inputs.predictions, beside)
        return found, self.similarity(found.truth_rows, found.prediction_rows, pl.read_parquet(inputs.items))

    def measure(self, inputs: Inputs) -> Measured:
        columns, similarity = self.sides(inputs)
        result = evaluate_boxes(
            columns.truths,
            columns.detections,
            inputs.classes,
            bool(inputs.settings.get("ignore_difficult")),
            similarity,
        )
        return Measured(
            matches=box_matches(columns, result.matches),
            images=len(columns.units),
            metrics=result.metrics(),
            per_class=[
                {"class_id": label, "ap": _said(ap), "ap50": _said(ap50)}
                for label, ap, ap50 in result.average_precision.per_class()
            ],
        )

    def ranked(self, rows: Rows, images: int) -> dict[str, Metric]:
        return intervals.ranked_metrics(rows, images)

    def at(self, rows: Rows, images: int, threshold: float) -> dict[str, Metric]:
        return intervals.threshold_metrics(rows, images, threshold)

    def drawn(self, row: Mapping[str, Any]) -> Place | None:
        return {"kind": "box", "geometry": [row[name] for name in BOX]}


def _said(value: float) -> float | None:
    return value if value > -1 else None
