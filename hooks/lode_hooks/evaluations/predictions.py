"""Prediction sets: received in parts as JSON lines, checked line by line, kept as one Parquet file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from django.db import transaction

from lode_datasets import versions
from lode_datasets.models import Version
from lode_hooks.evaluations import controls, files
from lode_hooks.evaluations.evaluators import EVALUATORS, evaluator_of
from lode_hooks.evaluations.evaluators.evaluator import Classes, Line, bad_line
from lode_hooks.evaluations.metrics.columns import Schema, frame_of
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.models import PredictionPart, PredictionSet, Run, RunUse
from lode_platform import events, free_json
from lode_platform.among import among
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, User
from motherlode.frames import pages_of
from motherlode.media import Image, Media, of

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
    control: str = "",
    uuid: UUID | None = None,
) -> PredictionSet:
    """Begin a prediction set of a run on a split of a version. The client makes the uuid; again gives the same set.

    `partial`: the items that have a line are meant, not the whole split. `class_ids`: whole numbers among the labels
    are permanent class ids; without it they are refused, since frameworks count their classes from 0. `control` names
    the control meant where the schema has several of a kind. Raises Conflict where the uuid stands for other
    predictions.
    """
    if version.dataset.project_id != run.project_id:
        raise BadInput(f"{version} is not a version of this run's project.", code="other_project")
    if version.state != Version.State.PUBLISHED:
        raise BadInput(f"{version} is not published.", code="not_published")
    if task not in EVALUATORS:
        raise BadInput(f"A task is one of {', '.join(EVALUATORS)}, not {task!r}.", code="bad_task")
    control = controls.chosen(version, task, control)
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
                "control": control,
                "created_by": user,
            },
        )
        if row.run_id != run.pk:
            raise Conflict("This prediction set's uuid is taken.", code="uuid_taken")
        if (row.version_id, row.split, row.task, row.control) != (version.pk, split, task, control):
            raise Conflict(
                f"This prediction set's uuid stands for {row.task} on {row.version} {row.split}.", code="uuid_taken"
            )
        if made:
            RunUse.objects.get_or_create(run=run, version=version, split=split, purpose="prediction")
    return row


def receive(prediction_set: PredictionSet, number: int, data: bytes) -> PredictionPart:
    """Take part `number`: JSON lines of a path and what the task's evaluator reads, such as `boxes, labels, scores`.

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
    schema = evaluator_of(prediction_set.task).predictions
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


def predicted(prediction_set: PredictionSet) -> pl.Series:
    """The uuids of the items that a finished set says something of, be it that nothing is there."""
    return pl.read_parquet(files.held(prediction_set.columns), columns=["item"])["item"].unique()


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        try:
            row = free_json.loads(line)
        except ValueError as error:
            raise bad_line(number, f"is not JSON: {error}") from None
        if not isinstance(row, dict) or not isinstance(row.get("path"), str):
            raise bad_line(number, "is not an object with a path")
        if not _is_text(row["path"]):
            raise bad_line(number, f"has a path that is not text: {row['path']!r}")
        yield number, row


@dataclass
class _Reader:
    """Turns the lines of a part into rows, with the items and classes of the set's version."""

    prediction_set: PredictionSet

    def frame(self, lines: list[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
        """The part as a frame of the task's schema with the column `absent`; absent items stand last."""
        items = self._items(lines)
        said = [_line(number, items[row["path"]], row) for number, row in lines if row.get("predicted") is not False]
        absent = [items[row["path"]][0] for _number, row in lines if row.get("predicted") is False]
        told = evaluator_of(self.prediction_set.task).read(said, self._classes())
        rest = pl.DataFrame({"item": pl.Series(absent, dtype=pl.String)})
        marked = (part.with_columns(pl.lit(value).alias(ABSENT)) for part, value in ((told, False), (rest, True)))
        return pl.concat(marked, how="diagonal")

    def _classes(self) -> Classes:
        ids: dict[str | int, int] = {}
        by_id = self.prediction_set.class_ids
        names = controls.class_names(self.prediction_set.version.schema_revision, self.prediction_set)
        for number, name in names.items():
            ids[name] = number
            if by_id:
                ids[number] = number
        return Classes(ids, by_id)

    def _items(self, lines: list[tuple[int, dict[str, Any]]]) -> dict[str, _Found]:
        """The items by path; a path that the split does not hold is refused by its line."""
        chosen = self.prediction_set
        wanted = {row["path"]: number for number, row in lines}
        if len(wanted) < len(lines):
            raise BadInput("An item came twice in this part; an item has one line.", code="item_twice")
        found: dict[str, _Found] = {}
        rows = versions.entries(chosen.version, chosen.split).order_by().select_related(None)
        numbers = ("item__kind", "item__width", "item__height", "item__length")
        for path, uuid, *said in rows.filter(among("path", wanted)).values_list("path", "item__uuid", *numbers):
            kind, width, height, length = said
            found[path] = str(uuid), of(kind, width=width, height=height, length=length)
        for path, number in wanted.items():
            if path not in found:
                words = f"names {path!r}, which the split {chosen.split!r} of {chosen.version} does not hold"
                raise bad_line(number, words, path=path)
        return found


_Found: TypeAlias = tuple[str, Media]
"""An item's uuid, and what it is."""


def _line(number: int, found: _Found, row: dict[str, Any]) -> Line:
    uuid, media = found
    size = (media.width, media.height) if isinstance(media, Image) else (0, 0)
    return Line(number, uuid, *size, row, pages_of(media))


def _is_text(value: str) -> bool:
    """Whether a database takes it: no NUL, no half of a surrogate pair. No item's path has either."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
