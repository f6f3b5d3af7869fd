"""Prediction sets: received in parts as JSON lines, checked line by line, kept as one Parquet file."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import polars as pl
from django.db import transaction

from lode_datasets import versions
from lode_datasets.models import Version
from lode_hooks import files
from lode_hooks.evaluation.columns import BOX_PREDICTIONS, CLASS_PREDICTIONS, frame_of
from lode_hooks.models import PredictionPart, PredictionSet, Run, RunUse
from lode_platform import events
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import User

POOL = "pool"
MOST_PARTS = 100_000
CONTROL = {PredictionSet.Task.BOXES: "RectangleLabels", PredictionSet.Task.CLASSES: "Choices"}


def start(
    run: Run,
    user: User,
    *,
    version: Version,
    split: str,
    task: str,
    model: str = "",
    out_of_fold: bool = False,
    uuid: UUID | None = None,
) -> PredictionSet:
    """Begin a prediction set of a run on a split of a version. The client makes the uuid; again gives the same set."""
    if version.dataset.project_id != run.project_id:
        raise BadInput(f"{version} is not a version of this run's project.", code="other_project")
    if version.state != Version.State.PUBLISHED:
        raise BadInput(f"{version} is not published.", code="not_published")
    if task not in PredictionSet.Task.values:
        raise BadInput(f"A task is one of {', '.join(PredictionSet.Task.values)}, not {task!r}.", code="bad_task")
    control = CONTROL[PredictionSet.Task(task)]
    if control not in {known["type"] for known in version.schema_revision.controls}:
        raise BadInput(
            f"The schema of {version} has no <{control}>, so there are no {task} to predict.", code="other_task"
        )
    splits = version.counts.get("splits", {})
    if splits and split not in splits:
        raise BadInput(f"{version} has no split {split!r}; it has {', '.join(sorted(splits))}.", code="no_split")
    with transaction.atomic():
        row, made = PredictionSet.objects.get_or_create(
            uuid=uuid or uuid4(),
            defaults={
                "run": run,
                "version": version,
                "split": split,
                "task": task,
                "model": model,
                "out_of_fold": out_of_fold,
                "created_by": user,
            },
        )
        if row.run_id != run.pk:
            raise Conflict("This prediction set's uuid is taken.", code="uuid_taken")
        if made:
            RunUse.objects.get_or_create(run=run, version=version, split=split, purpose="prediction")
    return row


def receive(prediction_set: PredictionSet, number: int, data: bytes) -> PredictionPart:
    """Take part `number`: JSON lines `{"path", "boxes", "labels", "scores"}` or `{"path", "label", "probabilities"}`.

    The same part again is answered with what is there. Raises Conflict when part `number` is there with other bytes or
    the set is finished, BadInput naming the line where one is wrong; then nothing of the part is kept.
    """
    if not 0 <= number < MOST_PARTS:
        raise BadInput(f"Parts are numbered 0 to {MOST_PARTS - 1}.", code="bad_part")
    digest = sha256(data).hexdigest()
    known = prediction_set.parts.filter(number=number).first()
    if known is not None:
        return _same(known, digest)
    if prediction_set.state != PredictionSet.State.RECEIVING:
        raise Conflict("This prediction set is finished; start another one.", code="finished")
    lines = list(_lines(data))
    frame = _Reader(prediction_set).frame(lines)
    name = files.part_name(prediction_set.uuid, number, digest)
    files.keep(frame, name)
    part, _made = PredictionPart.objects.get_or_create(
        prediction_set=prediction_set, number=number, defaults={"sha256": digest, "rows": len(lines), "file": name}
    )
    return _same(part, digest)


def _same(part: PredictionPart, digest: str) -> PredictionPart:
    if part.sha256 != digest:
        raise Conflict(f"Part {part.number} is there already, with other bytes.", code="part_differs", part=part.number)
    return part


def finish(prediction_set: PredictionSet, user: User) -> PredictionSet:
    """Join the parts, in the order of their numbers; from now on the set is immutable. Finishing again is harmless."""
    if prediction_set.state == PredictionSet.State.READY:
        return prediction_set
    parts = list(prediction_set.parts.order_by("number"))
    if [part.number for part in parts] != list(range(len(parts))):
        missing = sorted(set(range(parts[-1].number)) - {part.number for part in parts})[:10]
        raise BadInput(f"Parts are missing: {missing}.", code="parts_missing", missing=missing)
    is_boxes = prediction_set.task == PredictionSet.Task.BOXES
    schema = BOX_PREDICTIONS if is_boxes else CLASS_PREDICTIONS
    frames = [pl.read_parquet(files.held(part.file)) for part in parts]
    whole = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=dict(schema))
    name = files.predictions_name(prediction_set.uuid)
    files.keep(whole, name)
    covered = whole["item"].n_unique()
    twice = sum(part.rows for part in parts) - covered
    if twice > 0:
        raise BadInput(f"{twice} items came more than once; an item has one line.", code="item_twice")
    with transaction.atomic():
        prediction_set.items = covered
        prediction_set.predictions = int(whole["label"].count())
        prediction_set.columns = name
        prediction_set.state = PredictionSet.State.READY
        prediction_set.save(update_fields=["items", "predictions", "columns", "state"])
        project = prediction_set.run.project
        events.record(project, user, "predictions.finish", prediction_set, items=covered)
    return prediction_set


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise _bad(number, f"is not JSON: {error}") from None
        if not isinstance(row, dict) or not isinstance(row.get("path"), str):
            raise _bad(number, "is not an object with a path")
        if not _is_text(row["path"]):
            raise _bad(number, f"has a path that is not text: {row['path']!r}")
        yield number, row


def _bad(line: int, words: str, **facts: Any) -> BadInput:
    return BadInput(f"Line {line} {words}.", code="bad_prediction", line=line, **facts)


@dataclass
class _Reader:
    """Turns the lines of a part into rows, with the items and classes of the set's version."""

    prediction_set: PredictionSet
    classes: dict[str | int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.prediction_set.version.schema_revision.classes:
            self.classes[int(row["id"])] = int(row["id"])
            self.classes[str(row["name"])] = int(row["id"])

    def frame(self, lines: list[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
        """The part as a frame of the task's schema."""
        items = self._items(lines)
        if self.prediction_set.task == PredictionSet.Task.BOXES:
            return self._boxes(lines, items)
        return self._classes(lines, items)

    def _items(self, lines: list[tuple[int, dict[str, Any]]]) -> dict[str, str]:
        """Item uuids by path; a path that the split does not hold is refused by its line."""
        chosen = self.prediction_set
        wanted = {row["path"]: number for number, row in lines}
        if len(wanted) < len(lines):
            raise BadInput("An item came twice in this part; an item has one line.", code="item_twice")
        found: dict[str, str] = {}
        rows = versions.entries(chosen.version, chosen.split).order_by().select_related(None)
        paths = list(wanted)
        for low in range(0, len(paths), 500):
            here = rows.filter(path__in=paths[low : low + 500])
            found.update((path, str(uuid)) for path, uuid in here.values_list("path", "item__uuid"))
        for path, number in wanted.items():
            if path not in found:
                words = f"names {path!r}, which the split {chosen.split!r} of {chosen.version} does not hold"
                raise _bad(number, words, path=path)
        return found

    def _class(self, line: int, label: Any) -> int:
        known = self.classes.get(label) if isinstance(label, (str, int)) and not isinstance(label, bool) else None
        if known is None:
            names = ", ".join(sorted(str(key) for key in self.classes if isinstance(key, str)))
            raise _bad(line, f"has the label {label!r}; the schema knows {names}", label=label)
        return known

    def _key(self, label: str) -> str | int:
        """A class in a JSON object's key, which is always text: its name, else its id in digits."""
        return int(label) if label not in self.classes and label.isdecimal() else label

    def _boxes(self, lines: list[tuple[int, dict[str, Any]]], items: Mapping[str, str]) -> pl.DataFrame:
        columns: dict[str, list[Any]] = {name: [] for name in BOX_PREDICTIONS}

        def put(*values: Any) -> None:
            for name, value in zip(BOX_PREDICTIONS, values, strict=True):
                columns[name].append(value)

        for number, row in lines:
            item, frame = items[row["path"]], row.get("frame")
            if frame is not None and not (type(frame) is int and 0 <= frame < 2**31):
                raise _bad(number, f"has a frame that is not a whole number from 0 on: {frame!r}")
            boxes, labels, scores = row.get("boxes"), row.get("labels"), row.get("scores")
            if not isinstance(boxes, list) or not isinstance(labels, list) or not isinstance(scores, list):
                raise _bad(number, "needs boxes, labels and scores, each a list")
            if not len(boxes) == len(labels) == len(scores):
                raise _bad(number, f"has {len(boxes)} boxes, {len(labels)} labels and {len(scores)} scores")
            if not boxes:
                put(item, frame, None, None, None, None, None, None)
            for box, label, score in zip(boxes, labels, scores, strict=True):
                if not isinstance(box, list) or len(box) != 4 or not all(is_number(value) for value in box):
                    raise _bad(number, f"has a box that is not four finite numbers: {box!r}")
                if not is_number(score):
                    raise _bad(number, f"has a score that is not a finite number: {score!r}")
                put(item, frame, self._class(number, label), *(float(value) for value in box), float(score))
        return frame_of(BOX_PREDICTIONS, columns)

    def _classes(self, lines: list[tuple[int, dict[str, Any]]], items: Mapping[str, str]) -> pl.DataFrame:
        columns: dict[str, list[Any]] = {name: [] for name in CLASS_PREDICTIONS}
        shares: dict[int, list[float | None]] = {}
        for place, (number, row) in enumerate(lines):
            given = row.get("probabilities") or {}
            if not isinstance(given, dict) or not all(is_number(value) and value >= 0 for value in given.values()):
                raise _bad(number, "has probabilities that are not finite numbers from 0 on by class")
            by_class = {self._class(number, self._key(label)): float(value) for label, value in given.items()}
            if row.get("label") is not None:
                label = self._class(number, row["label"])
            elif by_class:
                label = max(by_class, key=lambda key: by_class[key])
            else:
                raise _bad(number, "has neither a label nor probabilities")
            score = by_class.get(label, row.get("score"))
            if score is not None and not is_number(score):
                raise _bad(number, f"has a score that is not a finite number: {score!r}")
            columns["item"].append(items[row["path"]])
            columns["label"].append(label)
            columns["score"].append(score)
            for class_id, value in by_class.items():
                shares.setdefault(class_id, [None] * len(lines))[place] = value
        frame = frame_of(CLASS_PREDICTIONS, columns)
        return frame.with_columns(
            pl.Series(f"p{class_id}", values, dtype=pl.Float64) for class_id, values in sorted(shares.items())
        )


def _is_text(value: str) -> bool:
    """Whether a database takes it: no NUL, no half of a surrogate pair. No item's path has either."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def is_number(value: Any) -> bool:
    """Whether JSON's value is a number that a float can hold."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
