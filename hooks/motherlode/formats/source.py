"""What a format's reader reads from, and what it yields: files by relative name in, records and problems out."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from motherlode.regions import Box, Kind, Region, clip_box, region_ids

__all__ = [
    "Draft",
    "Files",
    "Folder",
    "ImageIndex",
    "Problem",
    "ProblemKind",
    "Record",
    "SplitLists",
    "ZipFiles",
    "as_regions",
    "is_image",
    "settle",
    "split_named",
]

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_LABEL_FILE = 64 * 1024 * 1024
# the folders that only say what kind of file lies below them, so that `Annotations/a.xml` belongs to `JPEGImages/a.jpg`
KIND_FOLDERS = frozenset({"annotations", "annotation", "images", "image", "jpegimages", "labels", "voc", "xml", "xmls"})
SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

ProblemKind: TypeAlias = Literal["degenerate", "outside", "clipped", "unreadable", "unknown", "duplicate", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a source holds that did not come in as it stood: where, what, and what to do about it.

    `file` is relative to the source; `row` says where in it ("object 3", "line 7", "annotations[12]"), "" for the whole
    file. `item` is the path of the image it concerns, where one is known.
    """

    kind: ProblemKind
    file: str
    row: str
    what: str
    remedy: str
    item: str = ""

    def __str__(self) -> str:
        place = f"{self.file}, {self.row}" if self.row else self.file
        return f"{place}: {self.what}. {self.remedy}"

    def as_json(self) -> dict[str, str]:
        """The problem as a JSON object."""
        return {
            "kind": self.kind,
            "file": self.file,
            "row": self.row,
            "what": self.what,
            "remedy": self.remedy,
            "item": self.item,
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """A region as a source says it, before it has an id and a class id.

    `box` is xyxy in pixels of the upright image, or in parts of its width and height where `relative`. `row` says where
    it stands in the record's `source`.
    """

    label: str
    box: Box | None = None
    type: Kind = "box"
    relative: bool = False
    area: float | None = None
    iscrowd: bool = False
    difficult: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""

    def as_json(self) -> dict[str, Any]:
        """The draft as a JSON object, what is at its default left out."""
        line: dict[str, Any] = {"type": self.type, "label": self.label}
        if self.box is not None:
            line["box"] = list(self.box)
        for key in ("relative", "area", "iscrowd", "difficult", "attributes", "row"):
            value = getattr(self, key)
            if value is not None and value is not False and value != "" and value != {}:
                line[key] = dict(value) if key == "attributes" else value
        return line

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Draft:
        """Read what `as_json` wrote. Raises KeyError, TypeError or ValueError on what is none of ours."""
        kind = row.get("type", "box")
        if kind not in ("box", "choice"):
            raise ValueError(f"type {kind!r} is neither 'box' nor 'choice'")
        box = None
        if kind == "box":
            x1, y1, x2, y2 = (float(value) for value in row["box"])
            box = (x1, y1, x2, y2)
        return cls(
            label=str(row["label"]),
            box=box,
            type=kind,
            relative=bool(row.get("relative", False)),
            area=None if row.get("area") is None else float(row["area"]),
            iscrowd=bool(row.get("iscrowd", False)),
            difficult=bool(row.get("difficult", False)),
            attributes=dict(row.get("attributes") or {}),
            row=str(row.get("row", "")),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a source.

    `path` is the image's path in the source if it lies there (`present`), else the name the labels give it. `width` and
    `height` are what the source claims, None where it says nothing. `labelled` without drafts says "nothing is here".
    """

    path: str
    present: bool
    labelled: bool
    source: str = ""
    width: int | None = None
    height: int | None = None
    split: str | None = None
    drafts: tuple[Draft, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record as one JSON object, what is at its default left out: a line of a label import."""
        row = {
            "path": self.path,
            "labelled": self.labelled,
            "file": self.source,
            "width": self.width,
            "height": self.height,
            "split": self.split,
        }
        line = {key: value for key, value in row.items() if value not in (None, "")}
        line["regions"] = [draft.as_json() for draft in self.drafts]
        return line

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Record:
        """Read what `as_json` wrote. Raises KeyError, TypeError or ValueError on what is none of ours."""
        return cls(
            path=str(row["path"]),
            present=False,
            labelled=bool(row.get("labelled", True)),
            source=str(row.get("file", "")),
            width=int(row["width"]) if row.get("width") else None,
            height=int(row["height"]) if row.get("height") else None,
            split=str(row["split"]) if row.get("split") else None,
            drafts=tuple(Draft.from_json(draft) for draft in row.get("regions", ())),
        )


class Files(Protocol):
    """Files by relative name (parts joined by `/`): a folder, a zip, or a test's dictionary."""

    def names(self) -> list[str]:
        """All names, sorted."""

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file."""


class Folder:
    """The files below a folder, or one file of it. Links are followed, each folder once."""

    def __init__(self, root: Path) -> None:
        self.root = root if root.is_dir() else root.parent
        self._only = None if root.is_dir() else root.name
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        if self._names is None:
            self._names = [self._only] if self._only else sorted(self._walk(self.root, "", set()))
        return self._names

    def _walk(self, folder: Path, prefix: str, seen: set[tuple[int, int]]) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    stat = entry.stat()
                    if (stat.st_dev, stat.st_ino) not in seen:
                        seen.add((stat.st_dev, stat.st_ino))
                        yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/", seen)
                elif entry.is_file():
                    yield prefix + entry.name

    def open(self, name: str) -> BinaryIO:
        return self.file(name).open("rb")

    def file(self, name: str) -> Path:
        """Where a file lies on disk."""
        return self.root / name


class ZipFiles:
    """The files of an open zip archive; names are as the archive gives them and are checked by whoever uses them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def names(self) -> list[str]:
        return sorted(info.filename for info in self._archive.infolist() if not info.is_dir())

    def open(self, name: str) -> BinaryIO:
        return io.BufferedReader(self._archive.open(name))  # type: ignore[type-var]


def is_image(name: str) -> bool:
    """Whether a name ends as the images we take do."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def read_bytes(files: Files, name: str) -> bytes:
    """The bytes of a label file. Raises ValueError where it is larger than any label file should be."""
    with files.open(name) as stream:
        data = stream.read(MAX_LABEL_FILE + 1)
    if len(data) > MAX_LABEL_FILE:
        raise ValueError(f"is larger than {MAX_LABEL_FILE >> 20} MiB")
    return data


def split_named(name: str) -> str | None:
    """The split that a folder or file is named for ("valid" is val), or None."""
    return SPLIT_NAMES.get(name.lower())


class ImageIndex:
    """The images of a source, to be found by the name that a label file gives them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.images = [name for name in names if is_image(name)]
        self._exact = set(self.images)
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for image in self.images:
            base = image.rpartition("/")[2]
            self._by_name.setdefault(base, []).append(image)
            self._by_stem.setdefault(os.path.splitext(base)[0], []).append(image)

    def __len__(self) -> int:
        return len(self.images)

    def find(self, name: str, beside: str, hint: str = "") -> str | None:
        """The image that `name` (a path, a file name or a stem) means when the label file `beside` says it.

        Tried: the very path from the root, the path from the label file's folder, then the file name and the stem
        wherever they lie. Of several, the one whose folder answers to the label file's (kind folders left out), or to
        `hint`, a folder's name. None when none is found or the choice stays open.
        """
        name = name.replace("\\", "/").removeprefix("./").lstrip("/")
        folder = beside.rpartition("/")[0]
        for candidate in (name, f"{folder}/{name}"):
            if candidate in self._exact:
                return candidate
        base = name.rpartition("/")[2]
        for found in (self._by_name.get(base), self._by_stem.get(os.path.splitext(base)[0]), self._by_stem.get(base)):
            if found:
                return self._choose(found, name, beside, hint)
        return None

    def _choose(self, found: list[str], name: str, beside: str, hint: str) -> str | None:
        if len(found) == 1:
            return found[0]
        ending = [image for image in found if image.endswith(f"/{name}")]
        if len(ending) == 1:
            return ending[0]
        where = _plain_folder(beside)
        answering = [image for image in found if _plain_folder(image) == where]
        if len(answering) == 1:
            return answering[0]
        hinted = [image for image in found if hint and hint in image.split("/")[:-1]]
        return hinted[0] if len(hinted) == 1 else None


class SplitLists:
    """The splits that lists such as `train.txt`, `splits/val.txt` or `ImageSets/Main/test.txt` give to images.

    A line names an image by path, file name or stem. `trainval` is train for those that no other list names. `problems`
    holds what could not be read and images that two lists claim.
    """

    def __init__(self, files: Files) -> None:
        self._splits: dict[str, str] = {}
        self.problems: list[Problem] = []
        lists = [name for name in files.names() if name.endswith(".txt")]
        for name in sorted(lists, key=lambda name: (name.endswith("trainval.txt"), name)):
            stem = os.path.splitext(name.rpartition("/")[2])[0].lower()
            split = "train" if stem == "trainval" else split_named(stem)
            if split is not None:
                self._read(files, name, split, stem == "trainval")

    def _read(self, files: Files, name: str, split: str, both: bool) -> None:
        try:
            rows = read_bytes(files, name).decode("utf-8-sig").splitlines()
        except ValueError as error:
            self.problems.append(Problem("unreadable", name, "", f"cannot be read ({error})", "Mend it, import again"))
            return
        for number, row in enumerate(rows, start=1):
            if not row.strip():
                continue
            key = _without_suffix(row.split()[0])
            if self._splits.setdefault(key, split) != split and not both:
                there = self._splits[key]
                what = f"{key} is in {there} already, and in {split} here"
                self.problems.append(Problem("duplicate", name, f"line {number}", what, f"It stays in {there}"))

    def of(self, path: str) -> str | None:
        """The split of the image at `path`, None where no list names it."""
        key = _without_suffix(path)
        return self._splits.get(key) or self._splits.get(key.rpartition("/")[2])


def _without_suffix(name: str) -> str:
    return os.path.splitext(name)[0] if is_image(name) else name


def _plain_folder(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/")[:-1] if part.lower() not in KIND_FOLDERS)


# From drafts to regions


def settle(record: Record, width: int, height: int) -> tuple[list[Draft], list[Problem]]:
    """The record's drafts in pixels of its upright image of `width` x `height`, and what had to be left out or cut.

    Boxes without area and boxes wholly outside are left out, boxes that cross an edge are cut; all are reported. A cut
    box keeps an imported `area`: it is the mask's, which never left the image.
    """
    kept: list[Draft] = []
    problems: list[Problem] = []
    if record.width and record.height and (record.width, record.height) != (width, height):
        problems.append(_size_problem(record, width, height))
    for draft in record.drafts:
        if draft.box is None:
            kept.append(draft)
            continue
        box = draft.box
        slack = 0.0
        if draft.relative:
            box = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
            slack = 2e-6 * max(width, height)  # a relative number is written with six digits
        cut, state = clip_box(box, width, height)
        if cut is None or (state == "clipped" and max(abs(a - b) for a, b in zip(cut, box, strict=True)) > slack):
            problems.append(_box_problem(record, draft, box, state, width, height))
        if cut is not None:
            kept.append(replace(draft, box=cut, relative=False))
    return kept, problems


def _size_problem(record: Record, width: int, height: int) -> Problem:
    return Problem(
        "note",
        record.source,
        "size",
        f"says {record.width} x {record.height}, the upright image is {width} x {height}",
        "Boxes were read as pixels of the upright image; check that they fit",
        record.path,
    )


def _box_problem(record: Record, draft: Draft, box: Box, state: str, width: int, height: int) -> Problem:
    numbers = ", ".join(f"{value:g}" for value in box)
    if state == "degenerate":
        what, remedy = f"the {draft.label} box ({numbers}) has no area", "It was left out; draw it again if it is meant"
        return Problem("degenerate", record.source, draft.row, what, remedy, record.path)
    where = f"the {width} x {height} image"
    if state == "outside":
        what, remedy = f"the {draft.label} box ({numbers}) lies outside {where}", "It was left out"
        return Problem("outside", record.source, draft.row, what, remedy, record.path)
    what, remedy = f"the {draft.label} box ({numbers}) crosses the edge of {where}", "It was cut at the edge"
    return Problem("clipped", record.source, draft.row, what, remedy, record.path)


def as_regions(path: str, drafts: Iterable[Draft], class_ids: Mapping[str, int]) -> list[Region]:
    """Regions of the item `path` from settled drafts, with ids that the same import makes again.

    `class_ids` must know every label (KeyError otherwise).
    """
    rows = list(drafts)
    ids = region_ids(path, ((draft.label, draft.box) for draft in rows))
    return [
        Region(
            id=own,
            type=draft.type,
            class_id=class_ids[draft.label],
            label=draft.label,
            box=draft.box,
            area=draft.area,
            iscrowd=draft.iscrowd,
            difficult=draft.difficult,
            attributes=draft.attributes,
        )
        for own, draft in zip(ids, rows, strict=True)
    ]
