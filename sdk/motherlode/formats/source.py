"""What a format's reader reads from, and what it yields: files by relative name in, records and problems out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from motherlode.formats.upright import Fit, fit, placing
from motherlode.formats.values import BadValue, flag, number, plain_attributes, text_of
from motherlode.media import Image, Media
from motherlode.regions import Box, Control, Geometry, Kind, Region, answered, region_ids
from motherlode.shapes import DEFAULT, SHAPES, Clip, Shape, shape_of

__all__ = [
    "Classes",
    "Draft",
    "Files",
    "Folder",
    "Problem",
    "ProblemKind",
    "Record",
    "as_regions",
    "folders_above",
    "is_image",
    "read_text",
    "settle",
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
        place = f"{self.file}, {self.row}" if self.row else self.file
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
    """

    file: str
    names: Mapping[int, str]
    ids: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A region as a source says it, before it has an id and a class id.

    `geometry` is its kind's own value, in pixels of the upright image, or in parts of its width and height where
    `relative`. `row` says where it stands in the record's `source`.
    """

    label: str
    geometry: Geometry = None
    type: Kind = DEFAULT.kind
    relative: bool = False
    area: float | None = None
    iscrowd: bool = False
    difficult: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""

    @property
    def box(self) -> Box | None:
        """The bounds of its geometry, None where it is of the whole item."""
        return None if self.geometry is None else SHAPES[self.type].bounds(self.geometry)

    def as_json(self) -> dict[str, Any]:
        """The draft as a JSON object, what is at its default left out."""
        line: dict[str, Any] = {"type": self.type, "label": self.label}
        if self.geometry is not None:
            line[SHAPES[self.type].field] = SHAPES[self.type].canonical(self.geometry)
        for key in ("relative", "area", "iscrowd", "difficult", "attributes", "row"):
            value = getattr(self, key)
            if value is not None and value is not False and value != "" and value != {}:
                line[key] = dict(value) if key == "attributes" else value
        return line

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Draft:
        """Read what `as_json` wrote. Raises KeyError, TypeError or ValueError on what is none of ours."""
        shape = shape_of(row.get("type", DEFAULT.kind))
        geometry = shape.from_json(_numbers(row[shape.field])) if shape.field else None
        attributes, wrong = plain_attributes(row.get("attributes"))
        if wrong:
            raise BadValue(wrong)
        return cls(
            label=str(row["label"]),
            geometry=geometry,
            type=shape.kind,
            relative=flag(row.get("relative")),
            area=None if row.get("area") is None else number(row["area"]),
            iscrowd=flag(row.get("iscrowd")),
            difficult=flag(row.get("difficult")),
            attributes=attributes,
            row=str(row.get("row", "")),
        )


def _numbers(value: Any) -> Any:
    """Numbers, or lists of them however deep, each read as label files hold them."""
    if type(value) is list and all(type(each) is float and each - each == 0 for each in value):
        return value
    return [_numbers(each) for each in value] if isinstance(value, (list, tuple)) else number(value)


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a source.

    `path` is the image's path in the source if it lies there (`present`), else the name the labels give it. `width` and
    `height` are what the source claims, None where it says nothing. `labelled` without drafts says "nothing is here",
    if none is `lost`: labels that the source states and that cannot be read, as far as they can be counted. `strict`
    asks that all labels come in, or none. `split_from` says what gave the split.
    """

    path: str
    present: bool
    labelled: bool
    source: str = ""
    width: int | None = None
    height: int | None = None
    split: str | None = None
    drafts: tuple[Draft, ...] = ()
    lost: int = 0
    strict: bool = False
    split_from: str = ""

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
        }
        line = {key: value for key, value in row.items() if value not in (None, "", 0) or key == "labelled"}
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
            lost=int(row.get("lost") or 0),
            strict=bool(row.get("strict", False)),
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
    return os.path.splitext(name)[1].lower() in Image.suffixes


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


# From drafts to regions


def settle(record: Record, media: Media, orientation: int = 1) -> tuple[list[Draft], list[Problem]]:
    """The record's drafts in pixels of its upright image, and what had to be left out or changed.

    Regions of the image as it lies in the file (its EXIF `orientation` not applied) are turned, those of a scaled copy
    are scaled; where the stated size fits neither, none is kept. Regions without area and regions wholly outside are
    left out, those that cross an edge are cut. All of it is reported. A cut region keeps an imported `area`: it is the
    mask's, which never left the image. Of another medium only what is said of the whole item is kept.
    `Record.comes_in` says whether what is kept may stand for the truth.
    """
    if not isinstance(media, Image):
        return _settle_whole(record, media)
    kept: list[Draft] = []
    problems: list[Problem] = []
    width, height = media.width, media.height
    how: Fit | None = Fit((width, height), (width, height))
    if record.width and record.height:
        how = fit((record.width, record.height), (width, height), orientation)
    if how is None or how.scaled or how.orientation != 1:
        problems.append(_size_problem(record, how, width, height))
    for draft in record.drafts:
        if draft.geometry is None:
            kept.append(draft)
            continue
        shape, geometry, area, slack = SHAPES[draft.type], draft.geometry, draft.area, 0.0
        if draft.relative:
            geometry = shape.mapped(geometry, lambda x, y: (x * width, y * height))
            slack = 2e-6 * max(width, height)  # a relative number is written with six digits
        elif how is None:
            continue
        elif how.scaled or how.orientation != 1:
            geometry = shape.mapped(geometry, placing(how))
            area = None if how.scaled else area
        cut, state = shape.clip(geometry, media)
        if cut is None or (state == "clipped" and _cut_off(shape, geometry, cut) > slack):
            problems.append(_place_problem(record, draft, geometry, state, media))
        if cut is not None:
            same = cut == draft.geometry and area == draft.area and not draft.relative
            kept.append(draft if same else replace(draft, geometry=cut, area=area, relative=False))
    return kept, problems


def _settle_whole(record: Record, media: Media) -> tuple[list[Draft], list[Problem]]:
    """What is said of the whole item; a place in an image has none in another medium."""
    problems = []
    for draft in (one for one in record.drafts if one.geometry is not None):
        what = f"the {draft.label} {SHAPES[draft.type].noun} is a region of an image, and {record.path} is {media.one}"
        problems.append(Problem("unreadable", record.source, draft.row, what, "It was left out", record.path))
    return [draft for draft in record.drafts if draft.geometry is None], problems


def _cut_off(shape: Shape, before: Geometry, after: Geometry) -> float:
    """By how many pixels a geometry stuck out before it was cut."""
    return max(abs(a - b) for a, b in zip(shape.bounds(before) or (), shape.bounds(after) or (), strict=True))


def _size_problem(record: Record, how: Fit | None, width: int, height: int) -> Problem:
    what = f"says {record.width} x {record.height}, the upright image is {width} x {height}"
    if not any(draft.geometry is not None and not draft.relative for draft in record.drafts):
        return Problem("note", record.source, "size", what, "No label of it depends on its size", record.path)
    if how is None:
        remedy = "Its boxes fit no such image and were left out; label the image as it is and import again"
        return Problem("unreadable", record.source, "size", what, remedy, record.path)
    done = " and ".join(["turned"] * (how.orientation != 1) + ["scaled"] * how.scaled)
    return Problem("note", record.source, "size", what, f"Its boxes were {done} with the image", record.path)


def _place_problem(record: Record, draft: Draft, geometry: Geometry, state: Clip, media: Image) -> Problem:
    shape = SHAPES[draft.type]
    named = f"the {draft.label} {shape.noun} ({shape.words(geometry)})"
    if state == "degenerate":
        what, remedy = f"{named} has no area", "It was left out; draw it again if it is meant"
        return Problem("degenerate", record.source, draft.row, what, remedy, record.path)
    where = f"the {media.width} x {media.height} image"
    if state == "outside":
        what = f"{named} lies outside {where}"
        return Problem("outside", record.source, draft.row, what, "It was left out", record.path)
    what, remedy = f"{named} crosses the edge of {where}", "It was cut at the edge"
    return Problem("clipped", record.source, draft.row, what, remedy, record.path)


def as_regions(path: str, drafts: Iterable[Draft], controls: Sequence[Control]) -> list[Region]:
    """Regions of the item `path` from settled drafts, with ids that the same import makes again.

    Each answers the first of the `controls` that takes its kind and has its label (`motherlode.regions.answered`).
    Raises KeyError for a label that none has.
    """
    rows = list(drafts)
    ids = region_ids(path, ((draft.label, draft.type, draft.geometry) for draft in rows))
    regions = []
    for own, draft in zip(ids, rows, strict=True):
        control = answered(controls, draft.type, draft.label)
        if control is None:
            raise KeyError(draft.label)
        regions.append(
            Region(
                id=own,
                type=draft.type,
                class_id=control.class_ids[draft.label],
                label=draft.label,
                geometry=draft.geometry,
                area=draft.area,
                iscrowd=draft.iscrowd,
                difficult=draft.difficult,
                attributes=draft.attributes,
                control=control.name,
            )
        )
    return regions
