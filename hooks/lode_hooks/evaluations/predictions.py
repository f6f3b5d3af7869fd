"""Prediction sets: received in parts as JSON lines, checked line by line, kept as one Parquet file."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from lode_datasets import versions
from lode_datasets.models import Version
from lode_hooks.evaluations import files
from lode_hooks.evaluations.metrics.columns import BOX_PREDICTIONS, CLASS_PREDICTIONS, Schema, frame_of
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.models import PredictionPart, PredictionSet, Run, RunUse
from lode_platform import events, free_json
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, User
from motherlode.shapes import BY_TASK

MAX_PARTS = 100_000
ABSENT = "absent"
"""Column of a part: the line says that its item is meant and has no prediction."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Items of a split, those of them that a prediction set means, and those of these that have a prediction."""

    predicted: int
    meant: int
    split: int


def start(
    run: Run,
    user: User,
    *,
    version: Version,
    split: str,
    task: str,
    model: str = "",
    out_of_fold: bool = False,
    partial: bool = False,
    class_ids: bool = False,
    uuid: UUID | None = None,
) -> PredictionSet:
    """Begin a prediction set of a run on a split of a version. The client makes the uuid; again gives the same set.

    `partial`: the items that have a line are meant, not the whole split. `class_ids`: whole numbers among the labels
    are permanent class ids; without it they are refused, since frameworks count their classes from 0. Raises Conflict
    where the uuid stands for other predictions.
    """
    if version.dataset.project_id != run.project_id:
        raise BadInput(f"{version} is not a version of this run's project.", code="other_project")
    if version.state != Version.State.PUBLISHED:
        raise BadInput(f"{version} is not published.", code="not_published")
    if task not in PredictionSet.Task.values:
        raise BadInput(f"A task is one of {', '.join(PredictionSet.Task.values)}, not {task!r}.", code="bad_task")
    control = BY_TASK[task].tag
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
                "partial": partial,
                "class_ids": class_ids,
                "created_by": user,
            },
        )
        if row.run_id != run.pk:
            raise Conflict("This prediction set's uuid is taken.", code="uuid_taken")
        if (row.version_id, row.split, row.task) != (version.pk, split, task):
            raise Conflict(
                f"This prediction set's uuid stands for {row.task} on {row.version} {row.split}.", code="uuid_taken"
            )
        if made:
            RunUse.objects.get_or_create(run=run, version=version, split=split, purpose="prediction")
    return row


def receive(prediction_set: PredictionSet, number: int, data: bytes) -> PredictionPart:
    """Take part `number`: JSON lines `{"path", "boxes", "labels", "scores"}` or `{"path", "label", "probabilities"}`.

    `{"path", "predicted": false}` says that the item is meant and has no prediction.
    The same part again is answered with what is there. Raises Conflict when part `number` is there with other bytes or
    the set is finished, BadInput naming the line where one is wrong; then nothing of the part is kept.
    """
    if not 0 <= number < MAX_PARTS:
        raise BadInput(f"Parts are numbered 0 to {MAX_PARTS - 1}.", code="bad_part")
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
    """Join the parts, in the order of their numbers; from now on the set is immutable. Finishing again is harmless.

    Items that came in several parts count once where all parts say the same of them. Raises BadInput where they differ
    (naming the first one's path) and where parts are missing.
    """
    if prediction_set.state == PredictionSet.State.READY:
        return prediction_set
    parts = list(prediction_set.parts.order_by("number"))
    missing = sorted(_numbers(prediction_set, parts) - {part.number for part in parts})[:10]
    if missing:
        raise BadInput(f"Parts are missing: {missing}.", code="parts_missing", missing=missing)
    is_boxes = prediction_set.task == PredictionSet.Task.BOXES
    schema = BOX_PREDICTIONS if is_boxes else CLASS_PREDICTIONS
    frames = [pl.read_parquet(files.held(part.file)).with_columns(pl.lit(part.number).alias("part")) for part in parts]
    told = pl.concat(frames, how="diagonal") if frames else _no_rows({**schema, ABSENT: "Boolean"})
    whole = _once(told.filter(~pl.col(ABSENT).fill_null(value=False)).drop(ABSENT))
    name = files.predictions_name(prediction_set.uuid)
    files.keep(whole, name)
    covered = whole["item"].n_unique()
    scope, meant = "", split_items(prediction_set)
    if prediction_set.partial:
        scope = files.scope_name(prediction_set.uuid)
        listed = told.select(pl.col("item").unique(maintain_order=True))
        files.keep(listed, scope)
        meant = len(listed)
    with transaction.atomic():
        prediction_set.items = covered
        prediction_set.predictions = int(whole["label"].count())
        prediction_set.columns = name
        prediction_set.scope, prediction_set.meant = scope, meant
        prediction_set.state = PredictionSet.State.READY
        prediction_set.save(update_fields=["items", "predictions", "columns", "scope", "meant", "state"])
        project = prediction_set.run.project
        events.record(project, user, "predictions.finish", prediction_set, items=covered)
    return prediction_set


def _numbers(prediction_set: PredictionSet, parts: Sequence[PredictionPart]) -> set[int]:
    """The numbers of the parts that a set must have, of which some are there."""
    if not prediction_set.ranks:
        return set(range(parts[-1].number)) if parts else set()
    of = prediction_set.ranks["of"]
    return {int(rank) + of * number for rank, own in prediction_set.ranks["parts"].items() for number in range(own)}


def end_rank(prediction_set: PredictionSet, rank: int, ranks: int, parts: int) -> bool:
    """One of several senders has sent all its parts, numbered rank, rank + ranks, ...; whether all have.

    Ending again is harmless. Raises Conflict for another number of ranks, or of this rank's parts, than was said.
    """
    if rank >= ranks:
        raise BadInput(f"Of {ranks} ranks the last is {ranks - 1}, not {rank}.", code="bad_rank")
    with transaction.atomic():
        row = PredictionSet.objects.select_for_update().get(pk=prediction_set.pk)
        known = row.ranks or {"of": ranks, "parts": {}}
        if row.state != PredictionSet.State.RECEIVING:
            return True
        if known["of"] != ranks or known["parts"].get(str(rank), parts) != parts:
            raise Conflict(
                f"Rank {rank} of {ranks} ends with {parts} parts; said before were {known['of']} ranks and"
                f" {known['parts'].get(str(rank), 'no')} parts.",
                code="ranks_differ",
            )
        known["parts"][str(rank)] = parts
        row.ranks = prediction_set.ranks = known
        row.save(update_fields=["ranks"])
    return not waiting_for(prediction_set)


def waiting_for(prediction_set: PredictionSet) -> list[int]:
    """The ranks that have not ended yet, of a set that several send."""
    known = prediction_set.ranks
    return [rank for rank in range(known["of"]) if str(rank) not in known["parts"]] if known else []


def _no_rows(schema: Schema) -> pl.DataFrame:
    return frame_of(schema, dict.fromkeys(schema, ()))


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without their part; of an item that came in several parts those of the first, if all are alike."""
    if "part" not in rows.columns:
        return rows
    parts = rows.group_by("item").agg(pl.col("part").n_unique().alias("parts"), pl.col("part").min().alias("first"))
    again = parts.filter(pl.col("parts") > 1)
    if again.is_empty():
        return rows.drop("part")
    several = rows.join(again, on="item", how="semi")
    for _item, lines in several.group_by("item"):
        first, *rest = (lines_of.drop("part") for _part, lines_of in lines.group_by("part", maintain_order=True))
        if not all(first.equals(other) for other in rest):
            path = Item.objects.values_list("path", flat=True).get(uuid=first["item"][0])
            raise BadInput(
                f"{path} came more than once, and not with the same prediction: send one line an item.",
                code="item_twice",
                path=path,
            )
    kept = rows.join(parts.select("item", "first"), on="item", how="left", maintain_order="left")
    return kept.filter(pl.col("part") == pl.col("first")).drop("part", "first")


def split_items(prediction_set: PredictionSet) -> int:
    """The items of the set's split."""
    return int(prediction_set.version.counts.get("splits", {}).get(prediction_set.split, 0))


def coverage(prediction_set: PredictionSet) -> Coverage:
    """How much of its split a finished set means and predicts."""
    whole = split_items(prediction_set)
    return Coverage(prediction_set.items, prediction_set.meant if prediction_set.partial else whole, whole)


def scope(prediction_set: PredictionSet) -> frozenset[str] | None:
    """The uuids of the items that a finished set means; None: all of its split."""
    if not prediction_set.partial:
        return None
    return frozenset(pl.read_parquet(files.held(prediction_set.scope))["item"])


def predicted(prediction_set: PredictionSet) -> frozenset[str]:
    """The uuids of the items that a finished set says something of, be it that nothing is there."""
    return frozenset(pl.read_parquet(files.held(prediction_set.columns), columns=["item"])["item"].unique())


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        try:
            row = free_json.loads(line)
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
            self.classes[str(row["name"])] = int(row["id"])
            if self.prediction_set.class_ids:
                self.classes[int(row["id"])] = int(row["id"])

    def frame(self, lines: list[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
        """The part as a frame of the task's schema with the column `absent`; absent items stand last."""
        items = self._items(lines)
        said = [(number, row) for number, row in lines if row.get("predicted") is not False]
        absent = [items[row["path"]] for _number, row in lines if row.get("predicted") is False]
        boxes = self.prediction_set.task == PredictionSet.Task.BOXES
        told = self._boxes(said, items) if boxes else self._classes(said, items)
        rest = pl.DataFrame({"item": pl.Series(absent, dtype=pl.String)})
        marked = (part.with_columns(pl.lit(value).alias(ABSENT)) for part, value in ((told, False), (rest, True)))
        return pl.concat(marked, how="diagonal")

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
            words = f"has the label {label!r}; the schema knows {names}"
            if isinstance(label, int) and not self.prediction_set.class_ids:
                words += '. Send names, or begin the set with "ids": "class" if numbers are permanent class ids'
            raise _bad(line, words, label=label)
        return known

    def _key(self, label: str) -> str | int:
        """A class in a JSON object's key, which is always text: its name, or its permanent id in digits."""
        return int(label) if self.prediction_set.class_ids and label.isdecimal() else label

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
