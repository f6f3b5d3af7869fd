"""Open Images: tables of boxes (`*-annotations-bbox.csv`), of labels of whole images (`*imagelabels*.csv`) and of the
names of classes (`class-descriptions*.csv`), as versions 4 to 7 have them.

Boxes are in parts of the image's width and height, their numbers edges (storage.googleapis.com/openimages, "Data
formats"). A box that is a group of objects (`IsGroupOf`) has a crowd mark; `IsOccluded`, `IsTruncated`, `IsDepiction`
and `IsInside` are attributes where they are 1. Of labels of images those that people found there come in (`Confidence`
1); that a class is absent (0), and what a machine found, stays out, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from motherlode.formats.claims import Found, Pictures
from motherlode.formats.format import Format, Seems
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above
from motherlode.formats.splits import Splits
from motherlode.formats.tables import ENDINGS, named, rows_of, write_table
from motherlode.formats.values import BadValue, label_name, number
from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, by_split, put_image, stem
from motherlode.shapes import DEFAULT
from motherlode.shapes.choice import ChoiceShape

__all__ = ["FORMAT", "detect", "read"]

BOXES = {"imageid", "labelname", "xmin", "xmax", "ymin", "ymax"}
LABELS = {"imageid", "labelname", "confidence"}
FLAGS = {
    "isoccluded": "occluded",
    "istruncated": "truncated",
    "isdepiction": "depiction",
    "isinside": "inside",
}
GROUP = "isgroupof"
DESCRIPTIONS = "class-descriptions"
SIDES = ("xmin", "ymin", "xmax", "ymax")
REMEDY = "Mend the row and import again; the rest came in"
NOT_TAKEN = "Labels that people found in the image came in"


def detect(files: Files) -> bool:
    """Whether a table has the columns of Open Images' boxes or labels of images."""
    return any(_columns(files, name) is not None for name in _tables(files))


def _tables(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(ENDINGS)]


def _columns(files: Files, name: str) -> dict[str, int] | None:
    """The place of each column of a table of boxes or labels; None of any other."""
    try:
        header = named(next(rows_of(files, name), (0, []))[1])
    except (OSError, BadValue):
        return None
    found = {column: at for at, column in enumerate(header)}
    there = found.keys() >= BOXES or (found.keys() >= LABELS and "maskpath" not in found)
    return found if there and "labelname1" not in found else None


def _seems(name: str, text: str) -> Seems | None:
    header = set(named(text.partition("\n")[0].split(","))) if name.lower().endswith(ENDINGS) else set()
    known = header >= BOXES or header >= LABELS or ("imageid" in header and {"maskpath", "labelname1"} & header)
    return Seems("a table of Open Images'") if known else None


@dataclass
class _Image:
    """What is said of one image so far."""

    found: Found
    source: str
    drafts: list[Draft] = field(default_factory=list)
    lost: int = 0


@dataclass
class _Reading:
    pictures: Pictures
    names: dict[str, str] = field(default_factory=dict)
    images: dict[str, _Image] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record an image that a table speaks of, then one unlabelled record an image that none does."""
    pictures = Pictures(files.names(), folders_above(files))
    splits = Splits(files, pictures)
    yield from splits.problems
    reading = _Reading(pictures)
    yield from _descriptions(files, reading)
    for name in _tables(files):
        columns = _columns(files, name)
        if columns is not None:
            yield Classes(name, {})  # so that it counts as taken, whatever it says
            yield from _read_table(files, name, columns, reading)
    for path, image in reading.images.items():
        split, split_from = splits.of(path, image.source, document=True)
        stated = bool(image.drafts or image.lost)  # that classes are absent says nothing of what is there
        record = Record(path, image.found.path is not None, stated, image.source, split=split, lost=image.lost)
        yield replace(record, drafts=tuple(image.drafts), split_from=split_from)
    for path in pictures.images:
        if path not in reading.images:
            split, split_from = splits.of(path)
            yield Record(path, True, False, split=split, split_from=split_from)
    for name, count in reading.missing.items():
        images = "1 image that is not here" if count == 1 else f"{count:,} images that are not here"
        yield Problem("unknown", name, "", f"it speaks of {images}", "Put them beside it if they are meant")
    for what, count in sorted(reading.notes.items()):
        yield Problem("note", "", "", f"{count:,} {what} were left out", NOT_TAKEN)


def _descriptions(files: Files, reading: _Reading) -> Iterator[Problem | Classes]:
    """The names of the classes; of two of one name each has its id behind it. The tables that give them number none."""
    said: dict[str, str] = {}
    for name in _tables(files):
        if not name.rpartition("/")[2].lower().removeprefix("oidv7-").startswith(DESCRIPTIONS):
            continue
        yield Classes(name, {})
        try:
            for _, cells in rows_of(files, name):
                if len(cells) > 1 and named(cells[:1]) != ["labelname"]:
                    said.setdefault(cells[0], label_name(cells[1]))
        except (OSError, BadValue) as error:
            what = f"cannot be read ({error})"
            yield Problem("unreadable", name, "", what, "Classes are called by their ids; mend it and import again")
    twice = {label for label, count in Counter(said.values()).items() if count > 1}
    reading.names = {key: f"{label} ({key})" if label in twice else label for key, label in said.items()}


def _read_table(files: Files, name: str, columns: Mapping[str, int], reading: _Reading) -> Iterator[Problem]:
    rows = rows_of(files, name)
    strangers: set[str] = set()
    before = ""
    image: _Image | None = None
    try:
        next(rows)
        for line, cells in rows:
            said = cells[columns["imageid"]] if len(cells) > columns["imageid"] else ""
            if said != before or image is None:
                before, image = said, _image(said, name, reading, strangers)
            if image is None:
                continue
            try:
                row = f"line {line}" if name == image.source else f"{name}, line {line}"
                draft = _draft(cells, row, name, columns, reading)
            except BadValue as error:
                image.lost += 1
                yield Problem("unreadable", name, f"line {line}", str(error), REMEDY, image.found.path or said)
                continue
            if draft is not None:
                image.drafts.append(draft)
    except (OSError, BadValue) as error:
        yield Problem("unreadable", name, "", str(error), "Mend it and import again; what stands before came in")
    reading.missing[name] += len(strangers)
    reading.missing = +reading.missing


def _image(said: str, name: str, reading: _Reading, strangers: set[str]) -> _Image | None:
    """The image of an id; None, and a stranger, where it is not there."""
    found = reading.pictures.find(said, name, document=stem(name.rpartition("/")[2])) if said else Found()
    if found.path is None and (len(reading.pictures) or not said):
        strangers.add(said)
        return None
    path = found.path or f"{said}.jpg"
    return reading.images.setdefault(path, _Image(found, name))


def _draft(cells: Sequence[str], row: str, name: str, columns: Mapping[str, int], reading: _Reading) -> Draft | None:
    """What one row says; None where it says that something is not there. Raises BadValue."""
    said = dict(zip(columns, (cells[at] if at < len(cells) else "" for at in columns.values()), strict=True))
    label = label_name(reading.names.get(said["labelname"], said["labelname"]))
    if not columns.keys() >= BOXES:
        sure = number(said["confidence"])
        if sure != 1 or "machine" in name.rpartition("/")[2].lower():
            what = "labels that say that a class is absent" if sure == 0 else "labels that a machine found"
            reading.notes[what] += 1
            return None
        return Draft(label, kind=ChoiceShape.kind, row=row)
    left, top, right, bottom = (number(said[side]) for side in SIDES)
    marks = {attribute: True for column, attribute in FLAGS.items() if said.get(column) == "1"}
    crowd = said.get(GROUP) == "1"
    return Draft(label, (left, top, right, bottom), DEFAULT.kind, True, iscrowd=crowd, attributes=marks, row=row)


# Writing


def _place(path: str, row: Labelled) -> str:
    return f"{row.split}/{stem(path)}"


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    ids = {number: f"/m/{number}" for number in classes}
    for path, row in rows:
        put_image(row, target / row.split / path, put)
    for split, part in by_split(rows).items():
        write_table(target / f"{split}-annotations-bbox.csv", _boxes(part, ids))
        if any(region.box is None for _, row in part for region in row.regions):
            write_table(target / f"{split}-annotations-human-imagelabels-boxable.csv", _labels(part, ids))
    write_table(
        target / f"{DESCRIPTIONS}-boxable.csv", iter([(ids[number], classes[number]) for number in sorted(classes)])
    )


def _boxes(rows: Sequence[tuple[str, Labelled]], ids: Mapping[int, str]) -> Iterator[Sequence[object]]:
    yield (
        *("ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"),
        *("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"),
    )
    for path, row in rows:
        for region in row.regions:
            if region.box is None:
                continue
            x1, y1, x2, y2 = region.box
            places = (x1 / row.width, x2 / row.width, y1 / row.height, y2 / row.height)
            occluded, truncated, depiction, inside = (_mark(region.attributes.get(name)) for name in FLAGS.values())
            marks = (occluded, truncated, int(region.iscrowd), depiction, inside)
            yield (stem(path), "xclick", ids[region.class_id], 1, *map(float, places), *marks)


def _mark(value: object) -> int:
    return int(value is True)


def _labels(rows: Sequence[tuple[str, Labelled]], ids: Mapping[int, str]) -> Iterator[Sequence[object]]:
    yield ("ImageID", "Source", "LabelName", "Confidence")
    for path, row in rows:
        for region in row.regions:
            if region.box is None:
                yield stem(path), "verification", ids[region.class_id], 1


def _loses(row: Labelled) -> Iterator[str]:
    """What no row says: that nothing is in an image, and marks that are more than a yes."""
    if not row.regions:
        yield "marks of images in which nothing is"
    for region in row.regions:
        for name in FLAGS.values():
            if region.attributes.get(name) not in (None, True, False):
                yield f"attributes {name!r} that are not a yes"


FORMAT = Format(
    "open-images",
    "Open Images",
    detect,
    read,
    holds="tables of Open Images'",
    writer=Writer(
        "Open Images' tables",
        frozenset({"box", "class", "iscrowd", *FLAGS.values()}),
        _write,
        _place,
        loses=_loses,
    ),
    seems=_seems,
)
