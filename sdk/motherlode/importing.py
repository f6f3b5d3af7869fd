"""Bringing a folder in: items by digest, each byte sent once, then its labels; what is missing is made.

The folder is read here, on the client's side. Images are hashed and sent in parallel, a thousand at a time; the server
is asked first which bytes it lacks, so an import that broke off goes on where it stopped when it is run again.
"""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import uuid4

from motherlode import formats, labeling_config
from motherlode.cache import hash_file
from motherlode.client import Client
from motherlode.errors import BadInput, NotAllowed, NotFound
from motherlode.formats.leftovers import leftovers
from motherlode.formats.source import Classes, Folder, Problem, Record, settle
from motherlode.formats.values import BadValue, label_name
from motherlode.labeling_config import Task
from motherlode.paths import PathSet, UnsafePath, check_path
from motherlode.predictions import IdMap
from motherlode.progress import Progress

__all__ = [
    "ImportOptions",
    "ImportReport",
    "Source",
    "bring_in",
    "default_project",
    "look",
    "read_source",
]

BATCH = 1000
PART = 500
PART_BYTES = 8 << 20
SMALL = 1 << 20  # files up to here travel many in a request
PACK_FILES = 250
PACK_BYTES = 8 << 20
PIECE = 8 << 20  # a larger file is sent in pieces and goes on where it broke off
MAX_LOOKED_AT = 100_000_000  # pixels of an image that is decoded before anything is sent
PLACEHOLDER = "object"
MAX_LABELS = 1000  # that a schema holds
LABELLED = frozenset({"coco", "voc", "yolo", "folders"})  # formats that are imported for their labels
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")

Job: TypeAlias = tuple[dict[str, Any], str]  # a file's row (path, md5, sha256, size) and its name in the source
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to bring in, and where to."""

    project: str
    dataset: str
    format: str | None = None
    replace: bool = False
    replace_media: bool = False
    split_policy: Mapping[str, float] | None = None
    labels: Sequence[str] = ()
    task: Task = "boxes"
    prefix: str = ""
    strict: bool = False


@dataclass
class Source:
    """A folder as read: its images by item path, its records, the classes it numbers, and what did not come in."""

    root: Folder
    format: formats.Format
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    classes: list[Classes] = field(default_factory=list)
    ids: dict[str, IdMap] = field(default_factory=dict)

    @property
    def categories(self) -> dict[str, int]:
        """COCO's id of each label; a label that two documents number differently has none."""
        found: dict[str, set[int]] = {}
        for classes in self.classes:
            for number, label in classes.names.items() if classes.ids else ():
                found.setdefault(label, set()).add(number)
        return {label: numbers.pop() for label, numbers in found.items() if len(numbers) == 1}

    @property
    def class_ids(self) -> dict[str, int]:
        """The class id that each label is written with: COCO's own, the place in a list from 1, else the next free."""
        places = {label: at + 1 for found in self.classes if not found.ids for at, label in found.names.items()}
        wanted = {label: number for label, number in {**places, **self.categories}.items() if number > 0}
        free = (number for number in count(1) if number not in set(wanted.values()))
        return {label: wanted.get(label) or next(free) for label in self.labels}

    @property
    def task(self) -> Task | None:
        """What the labels found are of, None where there are none."""
        kinds = {draft.type for record in self.records for draft in record.drafts}
        return None if not kinds else "classes" if "choice" in kinds else "boxes"

    @property
    def labels(self) -> list[str]:
        """The labels: all that the source numbers, in its order, then the others found, sorted."""
        numbered = dict.fromkeys(label for found in self.classes for label in found.names.values())
        found = {draft.label for record in self.records for draft in record.drafts}
        return [*numbered, *sorted(found - numbered.keys())]


@dataclass
class ImportReport:
    """What came in, what was made for it, and what did not come in and why."""

    project: str
    dataset: str
    format: str
    made: list[str] = field(default_factory=list)
    images: int = 0
    created: int = 0
    existing: int = 0
    replaced: int = 0
    resized: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    label_sets: int = 0
    unchanged: int = 0
    regions: int = 0
    skipped_human: list[str] = field(default_factory=list)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    splits_lost: dict[tuple[str, str, str], int] = field(default_factory=dict)  # given, kept, decided by: items
    problems: list[dict[str, Any]] = field(default_factory=list)
    unlisted: dict[str, int] = field(
        default_factory=dict
    )  # of the server's problems, how many more of a kind there are

    @property
    def unlabelled(self) -> list[str]:
        """The images that stay unlabelled since labels of theirs could not come in."""
        return [str(row["item"]) for row in self.problems if row.get("kind") == "unlabelled"]

    @property
    def left_unlabelled(self) -> int:
        """How many images those are."""
        return len(self.unlabelled) + self.unlisted.get("unlabelled", 0)

    @property
    def items(self) -> int:
        """The items of the folder that the project now holds."""
        return self.created + self.existing + self.replaced

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "project": self.project,
            "dataset": self.dataset,
            "format": self.format,
            "made": self.made,
            "images": self.images,
            "items": self.items,
            "created": self.created,
            "existing": self.existing,
            "replaced": self.replaced,
            "resized": self.resized,
            "sent_bytes": self.sent_bytes,
            "label_sets": self.label_sets,
            "unchanged": self.unchanged,
            "regions": self.regions,
            "skipped_human": self.skipped_human,
            "unlabelled": self.unlabelled,
            "splits": self.splits,
            "splits_lost": [
                {"given": given, "kept": kept, "by": by, "items": items}
                for (given, kept, by), items in sorted(self.splits_lost.items())
            ],
            "problems": self.problems,
            "unlisted": self.unlisted,
        }


# Reading


def read_source(
    folder: Path, name: str | None = None, prefix: str = "", *, strict: bool = False, called: Path | None = None
) -> Source:
    """Read a folder, or one label file, in the format named or recognised. Raises `BadInput`.

    Images whose names no item may carry are reported and left out. An image none of whose labels can come in (with
    `strict`: not all) is unlabelled, and named; where no label at all comes in, nothing does. `called` is what a
    refusal calls the folder, where it is but the inside of a zip.
    """
    called = called or folder
    if not folder.exists():
        raise BadInput(f"{folder} is not there")
    if folder.is_file() and folder.suffix.lower() == ".zip":
        raise BadInput(f"{folder} is a zip: unpack it and import the folder, or run `lode import {folder}`")
    files = Folder(folder)
    try:
        chosen = formats.format_named(name) if name else formats.detect(files)
    except formats.UnknownFormat as error:
        seen = [*files.problems, *leftovers(files, frozenset())]
        raise formats.UnknownFormat(f"{called}: {error}{_shown(seen)}") from None
    if name == "coco" and not chosen.detect(files):
        raise BadInput(f"{called} holds no COCO file: a JSON document with images, annotations and categories")
    source = Source(files, chosen, problems=list(files.problems))
    known = PathSet()
    used = {problem.file for problem in files.problems}
    for found in chosen.read(files):
        if isinstance(found, Problem):
            source.problems.append(found)
            used.add(found.file)
        elif isinstance(found, Classes):
            source.classes.append(found)
            used.add(found.file)
            if found.ids:
                source.ids[found.file] = IdMap(found.images, found.labels)
        else:
            used.add(found.source)
            _take_record(source, known, found, prefix, strict)
    source.problems += leftovers(files, used)
    _refuse_what_gives_nothing(called, source)
    return source


def _take_record(source: Source, known: PathSet, record: Record, prefix: str, strict: bool) -> None:
    try:
        reason = "" if known.add(check_path(prefix + record.path)) else "is another file's but for its composition"
    except UnsafePath as error:
        reason = error.reason
    if reason:
        what, remedy = f"the name {reason}", "Rename the file and import again"
        source.problems.append(Problem("unreadable", record.path, "", what, remedy, record.path))
        return
    record = replace(record, strict=True) if strict else record
    if record.lost and not record.comes_in(len(record.drafts)):
        source.problems.append(record.left_unlabelled(len(record.drafts)))
        record = replace(record, labelled=False, drafts=())
    source.records.append(record)


def _refuse_what_gives_nothing(called: Path, source: Source) -> None:
    """Raise `BadInput` where there is nothing to bring in, or where a labelled source would come in without a label."""
    wrong = [problem for problem in source.problems if problem.kind != "note"]
    lost = any(record.lost for record in source.records)
    labelled = any(record.labelled for record in source.records)
    drafts = any(record.drafts for record in source.records)
    images = "; --format images takes the images alone" if source.records else ""
    kept, settled = _any_label_fits(source) if drafts else (False, [])
    if not source.records:
        what, images = "nothing that comes in", ""
    elif source.format.name in LABELLED and (
        (wrong and not labelled) or (lost and not drafts) or (drafts and not kept)
    ):
        what = "no labels that come in"
    elif drafts or _any_picture_opens(source):
        return
    else:
        what, images = "no image that can be read", ""
        first = next(record.path for record in source.records)
        wrong.append(Problem("unreadable", first, "", "the file is not an image that can be read", "Mend it", first))
    where = f"{called} holds {what} as {source.format.title}, so nothing was brought in{images}"
    raise BadInput(f"{where}{_shown([*wrong, *settled])}")


def _shown(problems: Sequence[Problem], most: int = 10) -> str:
    return "".join(f"\n  {problem}" for problem in problems[:most])


def _any_label_fits(source: Source) -> tuple[bool, list[Problem]]:
    """Whether a label is left of the first image that keeps one, and what is wrong with all before it."""
    problems: list[Problem] = []
    for record in source.records:
        if not record.labelled or not record.drafts:
            continue
        looked = look(source.root.file(record.path), whole=True) if record.present else None
        if looked is None and record.present:
            what = "the file is not an image that can be read"
            problems.append(Problem("unreadable", record.path, "", what, "Mend it and import again", record.path))
            continue
        if looked is None:
            stated = (record.width, record.height)
            looked = (stated[0], stated[1], 1) if stated[0] and stated[1] else None
        if looked is None:
            return True, []  # the server knows the image
        drafts, found = settle(record, *looked)
        problems += found
        if drafts and record.comes_in(len(drafts)):
            return True, []
    return False, problems


def _any_picture_opens(source: Source) -> bool:
    present = [record for record in source.records if record.present]
    return not present or any(look(source.root.file(record.path), whole=True) for record in present)


def look(file: Path, *, whole: bool = False) -> tuple[int, int, int] | None:
    """Width and height of the upright image and its EXIF orientation; None where it cannot be opened.

    `whole` decodes it to its last byte, too, unless it has more than `MAX_LOOKED_AT` pixels.
    """
    from PIL import Image

    from motherlode.pictures import QUARTER_TURNS, orientation_of

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                turn = orientation_of(image)
                width, height = image.size
                if whole and width * height <= MAX_LOOKED_AT:
                    image.draft("RGB", (max(1, width // 8), max(1, height // 8)))  # of a JPEG, few pixels are made
                    image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return (height, width, turn) if turn in QUARTER_TURNS else (width, height, turn)


# Bringing in


def bring_in(
    client: Client, source: Source, options: ImportOptions, say: Callable[[str], None] = lambda text: None
) -> ImportReport:
    """Bring a folder's items and labels into a dataset, making project, schema and dataset where they are missing."""
    if not _NAME.match(options.dataset):
        raise BadInput(
            f"{options.dataset!r} is no dataset name: up to 64 of a-z, 0-9, - and _, a letter or digit first"
        )
    report = ImportReport(options.project, options.dataset, source.format.name)
    report.problems += [problem.as_json() for problem in source.problems]
    made = _Maker(client, options, report, say)
    made.check(source)
    uuids = made.there(source)
    made.project()
    present = [record for record in source.records if record.present]
    report.images = len(present)
    uuids |= _Sender(client, options, source, report).send(present)
    if present and not uuids:
        return report  # no image could be read: an empty dataset would be all that is left of it
    schema = made.schema(source)
    made.dataset(schema)
    _select(client, options, source.records, uuids, report)
    # labels of an image that was refused must not fall on another item of its name
    labelled = [
        record
        for record in source.records
        if record.labelled and (not record.present or _item_path(record, options) in uuids)
    ]
    if labelled:
        _send_labels(client, options, source, labelled, schema, report)
    return report


def _item_path(record: Record, options: ImportOptions) -> str:
    """The path that a record's item has on the server, whatever composition its file's name has here."""
    return check_path(options.prefix + record.path)


def _batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


class _Maker:
    """Makes what is missing, and says so."""

    def __init__(
        self, client: Client, options: ImportOptions, report: ImportReport, say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._options = options
        self._report = report
        self._say = say
        self._project = client.project_path(options.project)

    def _tell(self, text: str) -> None:
        self._report.made.append(text)
        self._say(text)

    def project(self) -> None:
        try:
            self._client.get(self._project)
        except NotFound:
            try:
                self._client.post("projects", {"name": self._options.project, "title": ""})
            except NotAllowed as error:
                raise NotAllowed(
                    f"there is no project {self._options.project!r} that you may see, and this token cannot make one:"
                    f" {error}",
                    error.status,
                    error.code,
                    error.facts,
                ) from None
            self._tell(f"made the project {self._options.project!r}")

    def check(self, source: Source) -> None:
        """Make sure, before anything is made, that the schema can hold the labels. Raises `BadInput`."""
        labels = self._labels(source)
        if len(labels) > MAX_LABELS:
            raise BadInput(f"the source has {len(labels):,} labels, and a schema holds {MAX_LABELS:,}: bring fewer")
        try:
            found = self._schema()
        except NotFound:
            found = None
        if found is not None:
            new = self._new(found, labels)
            config = self._with_labels(found, new, source) if new else ""
            self._check_task(found, source)
            self._compare_numbers(found, source)
        else:
            config = self._new_config(labels, source)
        if not config:
            return
        answer = self._client.post("schemas/check", {"config": config}, repeatable=True)
        if not answer["ok"]:
            why = "; ".join(str(problem["error"]) for problem in answer["problems"][:5])
            raise BadInput(f"no schema can be made of the labels found, so nothing was brought in: {why}")

    def _check_task(self, schema: Mapping[str, Any], source: Source) -> None:
        tag = {"boxes": "RectangleLabels", "classes": "Choices"}.get(source.task or "", "")
        if f"<{tag}" not in str(schema["config"]) and tag:
            raise BadInput(
                f"the labels found are {source.task}, and the schema {schema['name']!r} has no <{tag}> for them, so"
                " nothing was brought in; import them into another dataset"
            )

    def _compare_numbers(self, schema: Mapping[str, Any], source: Source) -> None:
        """Say where the schema that is there numbers a class in another way than the source's list does."""
        ids = {str(row["name"]): int(row["id"]) for row in schema["classes"] if not row.get("retired")}
        for found in source.classes:
            other = [label for at, label in found.names.items() if ids.get(label, at + 1) != at + 1 and not found.ids]
            if other:
                at = next(number for number, label in found.names.items() if label == other[0])
                what = f"class {at} is {other[0]!r}, which the schema {schema['name']!r} has as {ids[other[0]] - 1}"
                row = Problem("note", found.file, "names", what, "YOLO files written from it number as the schema does")
                self._report.problems.append(row.as_json())

    def there(self, source: Source) -> dict[str, str]:
        """The uuids, by path, of the items that are labelled without an image beside. Raises `BadInput` for none."""
        absent = {_item_path(record, self._options) for record in source.records if not record.present}
        if not absent:
            return {}
        try:
            rows = list(self._client.pages(f"{self._project}/items", limit=1000))
        except NotFound:
            rows = []
        found = {str(row["path"]): str(row["uuid"]) for row in rows if row["path"] in absent}
        if not found and not any(record.present for record in source.records):
            raise BadInput(
                f"the labels speak of {len(absent):,} images such as {min(absent)!r}; none lies beside them, and the"
                f" project {self._options.project!r} has none, so nothing was brought in; put the images beside them"
            )
        return found

    def schema(self, source: Source) -> dict[str, Any]:
        """The schema that the labels go under: the dataset's, one of the dataset's name, or a new one."""
        labels = self._labels(source)
        found = self._schema()
        if found is None:
            return self._make_schema(labels, source)
        self._extend(found, labels, source)
        return found

    def _labels(self, source: Source) -> list[str]:
        """The labels found and those asked for. Raises `BadInput` for a name that no schema can hold."""
        try:
            asked = [label_name(label) for label in self._options.labels]
        except BadValue as error:
            raise BadInput(f"--labels: {error}") from None
        return list(dict.fromkeys([*source.labels, *asked]))

    def _schema(self) -> dict[str, Any] | None:
        dataset = self._dataset_row()
        name = self._options.dataset if dataset is None else dataset["schema"]
        if isinstance(name, Mapping):
            name = name["name"]
        rows = self._client.pages(f"{self._project}/schemas")
        return next((row for row in rows if name in (row["name"], row["uuid"])), None)

    def _dataset_row(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.get(f"{self._project}/datasets/{quote(self._options.dataset)}")
        except NotFound:
            return None
        return found

    def _make_schema(self, labels: list[str], source: Source) -> dict[str, Any]:
        if not labels:
            self._tell(
                f"no labels were found: the schema starts with one, {PLACEHOLDER!r}; change it under Schemas,"
                " or name them with --labels"
            )
        config = self._new_config(labels, source)
        body = {"name": self._options.dataset, "title": "", "config": config}
        made: dict[str, Any] = self._client.post(f"{self._project}/schemas", body)
        shown = ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
        if labels:
            self._tell(f"made the schema {self._options.dataset!r} from the labels found: {shown}")
        return made

    def _new_config(self, labels: Sequence[str], source: Source) -> str:
        task = source.task or self._options.task
        return labeling_config.build(labels or [PLACEHOLDER], task, categories=source.categories)

    def _with_labels(self, schema: Mapping[str, Any], labels: Sequence[str], source: Source) -> str:
        try:
            return labeling_config.add_labels(str(schema["config"]), labels, categories=source.categories)
        except ValueError:
            what = f"the schema has no labels to add {', '.join(labels)} to"
            raise BadInput(f"{what}; add them under Schemas and import again") from None

    def _new(self, schema: Mapping[str, Any], labels: Iterable[str]) -> list[str]:
        known = {str(row["name"]) for row in schema["classes"] if not row.get("retired")}
        return [label for label in labels if label not in known]

    def _extend(self, schema: Mapping[str, Any], labels: list[str], source: Source) -> None:
        new = self._new(schema, labels)
        if not new:
            return
        body = {
            "config": self._with_labels(schema, new, source),
            "message": f"Labels found by an import: {', '.join(new)}"[:300],
        }
        self._client.post(f"schemas/{schema['uuid']}/revisions", body)
        self._tell(f"added to the schema {schema['name']!r}: {', '.join(new)}")

    def dataset(self, schema: Mapping[str, Any]) -> None:
        if self._dataset_row() is not None:
            return
        body: dict[str, Any] = {"name": self._options.dataset, "title": "", "schema": schema["uuid"]}
        if self._options.split_policy:
            body["split_policy"] = dict(self._options.split_policy)
        self._client.post(f"{self._project}/datasets", body)
        self._tell(f"made the dataset {self._options.dataset!r}")


def _packs(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Files in packs of at most `PACK_FILES` and `PACK_BYTES`."""
    pack: list[Job] = []
    size = 0
    for row, name in jobs:
        if pack and (len(pack) == PACK_FILES or size + row["size"] > PACK_BYTES):
            yield pack
            pack, size = [], 0
        pack.append((row, name))
        size += row["size"]
    if pack:
        yield pack


class _Sender:
    """Sends the bytes that the server lacks, and makes the items."""

    def __init__(self, client: Client, options: ImportOptions, source: Source, report: ImportReport) -> None:
        self._client = client
        self._options = options
        self._source = source
        self._report = report
        self._project = client.project_path(options.project)

    def send(self, records: Sequence[Record]) -> dict[str, str]:
        """Send all; gives the uuid of each item by its path."""
        uuids: dict[str, str] = {}
        with Progress("Sending images", len(records), show=self._client.show_progress) as bar:
            for batch in _batches(records, BATCH):
                uuids |= self._send_batch(batch)
                bar.advance(len(batch))
        return uuids

    def _send_batch(self, batch: list[Record]) -> dict[str, str]:
        names = [record.path for record in batch]
        hashes = dict(zip(names, self._client.each(self._hash, names), strict=True))
        rows: list[dict[str, Any]] = [
            {"path": check_path(self._options.prefix + name), "md5": one, "sha256": two, "size": size}
            for name, (one, two, size) in hashes.items()
        ]
        local = {row["path"]: name for row, name in zip(rows, names, strict=True)}
        answer = self._client.post(f"{self._project}/uploads", {"files": rows}, repeatable=True)
        refused = {problem["path"] for problem in answer.get("problems", ())}
        self._report_problems(answer.get("problems", ()))
        wanted = {row["md5"]: row for row in rows if row["path"] not in refused}
        jobs = [(wanted[md5], local[wanted[md5]["path"]]) for md5 in answer["send"] if md5 in wanted]
        small = [job for job in jobs if job[0]["size"] <= SMALL]
        for sent in self._client.each(self._send_pack, _packs(small)):
            self._report.sent_bytes += sent
        for sent in self._client.each(self._put, [job for job in jobs if job[0]["size"] > SMALL]):
            self._report.sent_bytes += sent
        items = [
            {"uuid": str(uuid4()), "path": row["path"], "md5": row["md5"], "sha256": row["sha256"]}
            for row in rows
            if row["path"] not in refused
        ]
        body = {"items": items, "replace_media": self._options.replace_media}
        made = self._client.post(f"{self._project}/items", body, repeatable=True)
        self._report_problems(made.get("problems", ()))
        self._report.created += len(made["created"])
        self._report.existing += len(made["existing"])
        replaced = made.get("replaced", ())
        self._report.replaced += len(replaced)
        self._report.resized += [str(row["path"]) for row in made.get("resized", ())]
        return {str(row["path"]): str(row["uuid"]) for row in (*made["created"], *made["existing"], *replaced)}

    def _report_problems(self, problems: Iterable[Mapping[str, Any]]) -> None:
        for problem in problems:
            path, error = str(problem.get("path", "")), str(problem.get("error") or problem.get("code"))
            remedy = "The image was left out; the rest came in"
            if problem.get("code") == "path_taken":
                error = "An item of this name holds other bytes."
                remedy = "It was left out; --replace-media gives the item this file, --prefix brings it in beside it"
            row = Problem("unreadable", path, "", error, remedy, path)
            self._report.problems.append(row.as_json())

    def _hash(self, name: str) -> tuple[str, str, int]:
        return hash_file(self._source.root.file(name))

    def _send_pack(self, pack: list[Job]) -> int:
        """Many small files in one request: each as a line of md5, sha256 and size, then its bytes."""
        pieces: list[bytes] = []
        for row, name in pack:
            data = self._source.root.file(name).read_bytes()
            if len(data) == row["size"]:  # else it was written to since it was hashed; making its item says so
                pieces += [f"{row['md5']} {row['sha256']} {row['size']}\n".encode(), data]
        headers = {"Content-Type": "application/octet-stream"}
        answer = self._client.request(
            "POST", f"{self._project}/blobs", content=b"".join(pieces), headers=headers, repeatable=True
        )
        names = {row["md5"]: str(row["path"]) for row, _ in pack}
        self._report_problems({**problem, "path": names.get(problem["md5"], "")} for problem in answer["problems"])
        return sum(int(row["size"]) for row, _ in pack)

    def _put(self, job: Job) -> int:
        row, name = job
        path, size = self._source.root.file(name), int(row["size"])
        address = f"{self._project}/blobs/{row['md5']}"
        headers = {"X-Sha256": str(row["sha256"]), "Content-Type": "application/octet-stream"}
        if size <= PIECE:
            self._client.request("PUT", address, content=path.read_bytes(), headers=headers)
            return size
        return self._put_pieces(path, size, address, headers)

    def _put_pieces(self, path: Path, size: int, address: str, headers: dict[str, str]) -> int:
        try:
            there = self._client.raw("HEAD", f"/api/v1/{address}").headers
            offset = int(there.get("Upload-Offset", 0))
            if offset == size and there.get("Upload-Complete") != "1":  # all sent, but not taken over: the end again
                offset -= PIECE
        except NotFound:
            offset = 0
        sent = 0
        with path.open("rb") as stream:
            stream.seek(offset)
            while offset < size:
                piece = stream.read(PIECE)
                span = f"bytes {offset}-{offset + len(piece) - 1}/{size}"
                self._client.request("PUT", address, content=piece, headers={**headers, "Content-Range": span})
                offset += len(piece)
                sent += len(piece)
        return sent


def _select(
    client: Client,
    options: ImportOptions,
    records: Sequence[Record],
    uuids: Mapping[str, str],
    report: ImportReport,
) -> None:
    """Put the items into the dataset, with the splits that the source gives them, and count what gave them."""
    chosen = [(uuids[path], record) for record in records if (path := _item_path(record, options)) in uuids]
    given = Counter((record.split, record.split_from) for _, record in chosen if record.split is not None)
    for (split, origin), number in sorted(given.items(), key=lambda pair: str(pair[0])):
        report.splits.setdefault(str(split), {})[origin] = number
    address = f"{client.project_path(options.project)}/datasets/{quote(options.dataset)}/items"
    for batch in _batches(chosen, BATCH):
        body = {
            "items": [uuid for uuid, _ in batch],
            "splits": {uuid: record.split for uuid, record in batch if record.split is not None},
        }
        for row in client.post(address, body, repeatable=True).get("lost", ()):
            key = (str(row["given"]), str(row["kept"]), str(row["by"]))
            report.splits_lost[key] = report.splits_lost.get(key, 0) + int(row["items"])


def _send_labels(
    client: Client,
    options: ImportOptions,
    source: Source,
    labelled: Sequence[Record],
    schema: Mapping[str, Any],
    report: ImportReport,
) -> None:
    body = {
        "uuid": str(uuid4()),
        "schema": schema["name"],
        "dataset": options.dataset,
        "format": source.format.name,
        "replace": options.replace,
    }
    made = client.post(f"{client.project_path(options.project)}/label-imports", body, repeatable=True)
    address = f"label-imports/{made['uuid']}"
    headers = {"Content-Type": "application/x-ndjson"}
    with Progress("Sending labels", len(labelled), show=client.show_progress) as bar:
        for number, (lines, count) in enumerate(_parts(labelled, options.prefix)):
            client.request("PUT", f"{address}/parts/{number}", content=lines, headers=headers)
            bar.advance(count)
    answer = client.post(f"{address}/finish", repeatable=True)
    job = client.wait(answer, "Writing labels")
    _take_result(job.get("result") or {}, report)


def _parts(records: Iterable[Record], prefix: str) -> Iterator[tuple[bytes, int]]:
    """The records as JSON lines, in parts of at most `PART` lines and about `PART_BYTES`, and how many each holds."""
    lines: list[bytes] = []
    size = 0
    for record in records:
        row = {**record.as_json(), "path": check_path(prefix + record.path)}
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        if lines and (len(lines) == PART or size + len(line) > PART_BYTES):
            yield b"".join(lines), len(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines), len(lines)


def _take_result(result: Mapping[str, Any], report: ImportReport) -> None:
    report.label_sets = int(result.get("label_sets") or 0)
    report.unchanged = int(result.get("unchanged") or 0)
    report.regions = int(result.get("regions") or 0)
    report.skipped_human = [str(path) for path in result.get("skipped_human") or ()]
    for key in ("left_out", "clipped", "unlabelled", "notes"):
        report.problems += [dict(row) for row in result.get(key) or () if isinstance(row, Mapping)]
    for key, number in (result.get("counts") or {}).items():
        if more := int(number) - len(result.get(key) or ()):
            report.unlisted[key] = more
    for path in result.get("unknown_items") or ():
        what, remedy = "the project has no such item", "Its labels were left out; bring the image in and import again"
        report.problems.append(Problem("unknown", str(path), "", what, remedy, str(path)).as_json())


def default_project(folder: Path) -> str:
    """A project's name made of a folder's."""
    name = "".join(letter if letter.isalnum() else "-" for letter in folder.resolve().name.lower())
    return name.strip("-") or "project"
