"""What a format's reader reads from, and what it yields: files by relative name in, records and problems out."""

from __future__ import annotations

import math
import os
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias, overload

from motherlode.formats.values import BadValue, flag, number, plain_attributes, text_of
from motherlode.media import Image, named
from motherlode.regions import Box, Geometry, Kind
from motherlode.shapes import DEFAULT, SHAPES, BadRegion, Shape, shape_of

__all__ = [
    "Boxes",
    "Classes",
    "Draft",
    "Files",
    "Folder",
    "Problem",
    "ProblemKind",
    "Record",
    "folders_above",
    "is_image",
    "kind_in",
    "read_text",
    "split_named",
]

MAX_LABEL_FILE = 64 * 1024 * 1024
_FIRST = 64 * 1024  # bytes of a label file that are asked for at first
# words of a folder's or list's name that say nothing of the split: `test_images`, `train2017`
_PLAIN_WORDS = frozenset({"images", "image", "imgs", "img", "labels", "annotations", "set", "data", "split", "list"})
_SPLIT_NAME = re.compile(
    r"(?:(train|training)|(val|valid|validate|validation)|(test|testing))(?:set)?(?:(?:19|20)\d\d)?\Z"
)

ProblemKind: TypeAlias = Literal[
    "degenerate", "outside", "clipped", "unreadable", "unknown", "duplicate", "unlabelled", "note"
]


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
        place = ", ".join(part for part in (self.file, self.row) if part) or "the folder"
        return _printable(f"{place}: {self.what}. {self.remedy}")

    def as_json(self) -> dict[str, str]:
        """The problem as a JSON object."""
        return {
            "kind": self.kind,
            "file": _printable(self.file),
            "row": self.row,
            "what": _printable(self.what),
            "remedy": self.remedy,
            "item": _printable(self.item),
        }


def _printable(text: str) -> str:
    """The text with `\\udcff` for a byte of a file's name that is not UTF-8, so that it can be printed and sent."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that one file of a source numbers: names by number, in the file's order, also those never used.

    `ids` where the numbers are COCO's category ids, which a schema keeps; else they are places in a list from 0. Of a
    COCO document `labels` and `images` say what all its ids mean, by `values.id_key`: a label, a file name.
    `parts` are what the elements of labels say in a config, by label, where the file says such a thing.
    """

    file: str
    names: Mapping[int, str]
    ids: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A region as a source says it, before it has an id and a class id.

    `geometry` is its kind's own value, in pixels of the upright image, or in parts of its width and height where
    `relative`. `row` says where it stands in the record's `source`.
    """

    label: str
    geometry: Geometry = None
    kind: Kind = DEFAULT.kind
    relative: bool = False
    area: float | None = None
    iscrowd: bool = False
    difficult: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""

    @property
    def box(self) -> Box | None:
        """The bounds of its geometry, None where it is of the whole item."""
        return None if self.geometry is None else SHAPES[self.kind].bounds(self.geometry)

    def as_json(self) -> dict[str, Any]:
        """The draft as a JSON object, what is at its default left out."""
        line: dict[str, Any] = {"kind": self.kind, "label": self.label}
        if self.geometry is not None:
            line[SHAPES[self.kind].field] = SHAPES[self.kind].canonical(self.geometry)
        for key in ("relative", "area", "iscrowd", "difficult", "attributes", "row"):
            value = getattr(self, key)
            if value is not None and value is not False and value != "" and value != {}:
                line[key] = dict(value) if key == "attributes" else value
        return line

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Draft:
        """Read what `as_json` wrote. Raises KeyError, TypeError or ValueError on what is none of ours."""
        shape = kind_in(row)
        geometry = shape.from_json(_place(row[shape.field])) if shape.field else None
        attributes, wrong = plain_attributes(row.get("attributes"))
        if wrong:
            raise BadValue(wrong)
        return cls(
            label=str(row["label"]),
            geometry=geometry,
            kind=shape.kind,
            relative=flag(row.get("relative")),
            area=None if row.get("area") is None else number(row["area"]),
            iscrowd=flag(row.get("iscrowd")),
            difficult=flag(row.get("difficult")),
            attributes=attributes,
            row=str(row.get("row", "")),
        )


def kind_in(row: Mapping[str, Any]) -> Shape:
    """The kind of a draft's JSON object, which earlier clients call its `type`. Raises `BadRegion`."""
    shape = shape_of(row.get("kind", row.get("type", DEFAULT.kind)))
    if not shape.labelled:
        raise BadRegion(f"{shape.one} has no label, and labels are imported")
    return shape


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"regions is a {type(value).__name__}, not a list")
    for one in value:
        if not isinstance(one, Mapping):
            raise TypeError(f"a region is {one!r:.60}, not an object")
    return value


def _place(value: Any) -> Any:
    """A geometry as JSON, whose numbers may be written as text; an object is its kind's own to read."""
    return value if isinstance(value, Mapping) else _numbers(value)


def _numbers(value: Any) -> Any:
    """Numbers, or lists of them however deep, each read as label files hold them."""
    if type(value) is list and all(type(each) is float and each - each == 0 for each in value):
        return value
    return [_numbers(each) for each in value] if isinstance(value, (list, tuple)) else number(value)


class Boxes(Sequence[Draft]):
    """The boxes of one image as columns, each made a draft when it is asked for.

    `numbers` holds eight a box: the row of `annotations` that states it, its label's place in `labels`, x, y, width and
    height in pixels, its area (nan: none) and whether it is a crowd (1 or 0).
    """

    COLUMNS = 8
    __slots__ = ("_labels", "_numbers")

    def __init__(self, labels: Sequence[str | None], numbers: array[float]) -> None:
        self._labels = labels
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers) // self.COLUMNS

    @overload
    def __getitem__(self, at: int) -> Draft: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Draft]: ...

    def __getitem__(self, at: int | slice) -> Draft | Sequence[Draft]:
        return tuple(self)[at]

    def __iter__(self) -> Iterator[Draft]:
        labels, column = self._labels, iter(self._numbers)
        for row, label, x, y, width, height, area, crowd in zip(*[column] * self.COLUMNS, strict=True):
            yield Draft(
                label=labels[int(label)] or "",
                geometry=(x, y, x + width, y + height),
                area=None if math.isnan(area) else area,
                iscrowd=bool(crowd),
                row=f"annotations[{int(row)}]",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Boxes({list(self)!r})"

    def labels(self) -> set[str]:
        """The labels of the boxes."""
        return {self._labels[int(at)] or "" for at in self._numbers[1 :: self.COLUMNS]}

    def as_json(self) -> list[dict[str, Any]]:
        """The boxes as JSON objects, each as `Draft.as_json` gives it."""
        lines, labels, column = [], self._labels, iter(self._numbers)
        for row, label, x, y, width, height, area, crowd in zip(*[column] * self.COLUMNS, strict=True):
            line: dict[str, Any] = {"kind": DEFAULT.kind, "label": labels[int(label)]}
            line[DEFAULT.field] = [x + 0.0, y + 0.0, x + width + 0.0, y + height + 0.0]
            if area == area:
                line["area"] = area
            if crowd:
                line["iscrowd"] = True
            line["row"] = f"annotations[{int(row)}]"
            lines.append(line)
        return lines

    def said(self) -> bytes:
        """All that the boxes say, wherever in a file they stand."""
        numbers, columns = self._numbers, self.COLUMNS
        labels = "\0".join([self._labels[int(at)] or "" for at in numbers[1::columns]])
        parts = [numbers[at::columns].tobytes() for at in range(2, columns)]
        return b"".join([labels.encode("utf-8", "backslashreplace"), *parts])


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a source.

    `path` is the image's path in the source if it lies there (`present`), else the name the labels give it. `width` and
    `height` are what the source claims, None where it says nothing. `labelled` without drafts says "nothing is here",
    if none is `lost`: labels that the source states and that cannot be read, as far as they can be counted. `strict`
    asks that all labels come in, or none. `control` is the control of the schema that all its labels answer, "" where
    each answers the one that has it. `split_from` says what gave the split.
    """

    path: str
    present: bool
    labelled: bool
    source: str = ""
    width: int | None = None
    height: int | None = None
    split: str | None = None
    drafts: Sequence[Draft] = ()
    lost: int = 0
    strict: bool = False
    split_from: str = ""
    control: str = ""

    @property
    def labels(self) -> set[str]:
        """The labels of its drafts."""
        return self.drafts.labels() if isinstance(self.drafts, Boxes) else {draft.label for draft in self.drafts}

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of its drafts, each once, in their order."""
        if isinstance(self.drafts, Boxes):
            return [DEFAULT.kind] if self.drafts else []
        return list(dict.fromkeys(draft.kind for draft in self.drafts))

    def comes_in(self, kept: int) -> bool:
        """Whether its labels may stand for the truth of its image, where `kept` of the drafts are left after all."""
        lost = self.lost + len(self.drafts) - kept
        return self.labelled and not (lost and (self.strict or not kept))

    def left_unlabelled(self, kept: int) -> Problem:
        """That its image stays unlabelled, since only `kept` of its labels could come in."""
        stated = self.lost + len(self.drafts)
        labels = "its only label" if stated == 1 else f"{stated - kept:,} of its {stated:,} labels"
        what = f"{labels} could not come in" if kept else f"no label of {self.path} could come in"
        remedy = "The image stays unlabelled; mend the labels named with it and import again"
        return Problem("unlabelled", self.source, "", what, remedy, self.path)

    def as_json(self) -> dict[str, Any]:
        """The record as one JSON object, what is at its default left out: a line of a label import."""
        row = {
            "path": self.path,
            "labelled": self.labelled,
            "file": self.source,
            "width": self.width,
            "height": self.height,
            "split": self.split,
            "lost": self.lost,
            "strict": self.strict,
            "control": self.control,
        }
        line = {key: value for key, value in row.items() if value not in (None, "", 0) or key == "labelled"}
        drafts = self.drafts
        line["regions"] = drafts.as_json() if isinstance(drafts, Boxes) else [draft.as_json() for draft in drafts]
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
            drafts=tuple(map(Draft.from_json, _objects(row.get("regions", ())))),
            lost=int(row.get("lost") or 0),
            strict=bool(row.get("strict", False)),
            control=str(row.get("control") or ""),
        )


class Files(Protocol):
    """Files by relative name (parts joined by `/`): a folder, or a test's dictionary."""

    def names(self) -> list[str]:
        """All names, sorted."""

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file."""


class Folder:
    """The files below a folder, or one file of it. Links are followed, each folder once; what cannot be is reported."""

    def __init__(self, root: Path) -> None:
        self.root = root if root.is_dir() else root.parent
        self.problems: list[Problem] = []
        self._only = None if root.is_dir() else root.name
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        if self._names is None:
            self._names = [self._only] if self._only else sorted(self._walk(self.root, "", {_identity(self.root)}))
        return self._names

    def _walk(self, folder: Path, prefix: str, seen: set[tuple[int, int]]) -> Iterator[str]:
        """The names below `folder`; what lies in it comes before what links lead to, whatever they are called."""
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: (entry.is_symlink(), entry.name))
        except OSError as error:
            self._report(prefix.rstrip("/"), f"cannot be opened ({error.strerror})", "Give yourself access to it")
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = prefix + entry.name
            if entry.is_file(follow_symlinks=False):
                yield name
                continue
            try:
                stat = entry.stat()
            except OSError:
                self._report(name, "is a link to nowhere", "Mend the link or remove it")
                if not is_image(name):
                    yield name  # the reader that opens it finds labels that cannot be read, not none
                continue
            if S_ISREG(stat.st_mode):
                yield name
            elif S_ISDIR(stat.st_mode) and (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                yield from self._walk(Path(entry.path), f"{name}/", seen)
            elif S_ISDIR(stat.st_mode):
                what, remedy = "is a link to a folder that is read already", "Nothing comes in twice"
                self.problems.append(Problem("note", name, "", what, remedy))

    def _report(self, name: str, what: str, remedy: str) -> None:
        self.problems.append(Problem("unreadable", name or str(self.root), "", what, f"{remedy} and import again"))

    def open(self, name: str) -> BinaryIO:
        return self.file(name).open("rb")

    def file(self, name: str) -> Path:
        """Where a file lies on disk."""
        return self.root / name


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def is_image(name: str) -> bool:
    """Whether a name ends as the images we take do."""
    return named(name) is Image


def read_bytes(files: Files, name: str) -> bytes:
    """The bytes of a label file. Raises ValueError where it is larger than any label file should be."""
    with files.open(name) as stream:
        data = stream.read(_FIRST)  # a read reserves what it asks for, and most label files are small
        if len(data) == _FIRST:
            data += stream.read(MAX_LABEL_FILE + 1 - _FIRST)
    if len(data) > MAX_LABEL_FILE:
        raise ValueError(f"is larger than {MAX_LABEL_FILE >> 20} MiB")
    return data


def read_text(files: Files, name: str) -> str:
    """The text of a label file, decoded as `values.text_of` says. Raises ValueError."""
    return text_of(read_bytes(files, name))


@lru_cache(maxsize=1024)  # files are many, folders few
def split_named(name: str) -> str | None:
    """The split that a folder or file is named for ("Valid", "val2017" and "val_images" are val), or None."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word and word not in _PLAIN_WORDS]
    found = _SPLIT_NAME.match(words[0]) if len(words) == 1 else None
    return None if found is None else "train" if found[1] else "val" if found[2] else "test"


def folders_above(files: Files) -> tuple[str, ...]:
    """The names of the folders that the files lie in, outermost first, where they lie in any."""
    return files.root.resolve().parts[1:] if isinstance(files, Folder) else ()
