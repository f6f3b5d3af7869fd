"""What evaluators of objects at places share: COCO's numbers and matching, whatever says how far two are alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
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
from motherlode.numbers import are_numbers, is_number

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
        further = [name for name in self.predictions if name not in BOX_PREDICTIONS]
        for line in lines:
            row = line.row
            found, labels, scores = row.get(self.field), row.get("labels"), row.get("scores")
            if not isinstance(found, list) or not isinstance(labels, list) or not isinstance(scores, list):
                raise line.bad(f"needs {self.field}, labels and scores, each a list")
            if not len(found) == len(labels) == len(scores):
                raise line.bad(f"has {len(found)} {self.field}, {len(labels)} labels and {len(scores)} scores")
            places = self.read_places(line, found)
            if not are_numbers(scores):
                wrong = next(score for score in scores if not is_number(score))
                raise line.bad(f"has a score that is not a finite number: {wrong!r}")
            count = max(len(found), 1)  # an item without an object has a row too
            columns["item"] += [line.item] * count
            columns["frame"] += frames_of(line, len(found)) or [None]
            columns["label"] += classes.of_all(line, labels) or [None]
            columns["score"] += map(float, scores) if found else [None]
            sides: list[float | None] = [None] * len(BOX)
            if found:
                sides = [*map(float, chain.from_iterable(bounds for bounds, _beside in places))]
            for place, name in enumerate(BOX):
                columns[name] += sides[place :: len(BOX)]
            for place, name in enumerate(further):
                columns[name] += [beside[place] for _bounds, beside in places] or [None]
        return frame_of(self.predictions, columns)

    def read_places(self, line: Line, values: Sequence[Any]) -> Sequence[tuple[Sequence[float], Row]]:
        """What `read_place` makes of each of a line's objects."""
        return [self.read_place(line, number, value) for number, value in enumerate(values, start=1)]

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
        return {"kind": "box", "geometry": [row[name] for name in BOX], "frame": row["frame"]}


def frames_of(line: Line, count: int) -> list[int | None]:
    """The frame of each object of a line: `frames` has one for each, `frame` is that of all; None is the first. Raises
    `BadInput` for one that is not there, and where an item of several pages is given none."""
    frame, frames = line.row.get("frame"), line.row.get("frames")
    if frames is None:
        if line.pages > 1 and count and frame is None:
            words = f"has {count} objects on an item of {line.pages} pages; say which each lies on: frames, from 0 on"
            raise line.bad(words)
        frames = [frame] * count
    if not isinstance(frames, list) or len(frames) != count:
        raise line.bad(f"has frames that are not a list of {count}, one for each object")
    for one in (frame, *frames):
        if one is not None and not (type(one) is int and 0 <= one < 2**31):
            raise line.bad(f"has a frame that is not a whole number from 0 on: {one!r}")
        if one is not None and one >= line.pages > 1:
            raise line.bad(f"has the frame {one}, and the item has {line.pages} pages: they are numbered from 0 on")
    return [one or None for one in frames]


def _said(value: float) -> float | None:
    return value if value > -1 else None
