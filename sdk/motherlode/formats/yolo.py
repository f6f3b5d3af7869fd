"""YOLO: one text file an image, `class cx cy width height`, or the outline `class x1 y1 x2 y2 ...`, in parts of the
image's size (Ultralytics' layouts).

Class names come from `data.yaml`, else from `classes.txt` or `*.names`. The label file of `images/a.jpg` is
`labels/a.txt` (the last `images` in its path replaced, whatever their case), else `a.txt` beside it. An image without
a label file is empty background where other images of its folder have one, unless the yaml says
`skip_if_label_file_missing` or labels are there that no image takes. `kpt_shape` says that rows are poses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import normalize

from motherlode.formats.claims import Pictures, without_ending
from motherlode.formats.format import Format
from motherlode.formats.source import (
    Classes,
    Draft,
    Files,
    Problem,
    Record,
    folders_above,
    read_bytes,
    read_text,
    split_named,
)
from motherlode.formats.splits import Entry, Splits
from motherlode.formats.values import BadValue, flag, label_name, numbers, shown, text_of, whole_number
from motherlode.formats.writing import Writer
from motherlode.formats.yolo_rows import is_label_row, label_rows, seems
from motherlode.formats.yolo_writing import place, write, write_label
from motherlode.formats.yolo_yaml import read_yaml, write_yaml
from motherlode.regions import Geometry
from motherlode.shapes import DEFAULT, SHAPES, Shape

__all__ = ["FORMAT", "detect", "read", "read_yaml", "write_label", "write_yaml"]

REMEDY = "Mend the file and import again; the rest came in"
NAMES_FILES = re.compile(r"(?:classes\.txt|obj\.names|_darknet\.labels|.*\.names)\Z")
MAX_YAML = 4 << 20
LENIENT = 0.01  # by which a centre or size may be above 1, and its box is cut
SLACK = 2e-6  # a relative number is written with six digits
MAX_CLASSES = 1000  # that a schema holds
LOOKED_AT = 50  # label files that are looked at to recognise the format


# Reading


@dataclass
class _Layout:
    pictures: Pictures
    shape: Shape = DEFAULT  # what rows come in as
    labels: dict[str, str] = field(default_factory=dict)  # image -> its label file
    shared: dict[str, str] = field(default_factory=dict)  # image -> a label file that another image has, too
    strangers: list[str] = field(default_factory=list)  # label files of no image
    names: dict[int, str] = field(default_factory=dict)
    unnamed: set[int] = field(default_factory=set)  # numbers whose names cannot be read
    named_by: str = ""
    names_lost: bool = False
    pose: tuple[int, int] | None = None
    skip_missing: bool = False
    entries: list[Entry] = field(default_factory=list)
    used: set[int] = field(default_factory=set)  # numbers, where nothing names them
    keypoints: int = 0
    outlines: int = 0
    scores: int = 0


def detect(files: Files) -> bool:
    """Whether there is a `data.yaml` with names, or label files that belong to images."""
    names = files.names()
    if any(_is_data_yaml(files, name) for name in names if name.lower().endswith((".yaml", ".yml"))):
        return True
    layout = _Layout(Pictures(names))
    _pair(names, layout)
    looked = 0
    for name in layout.labels.values():
        rows = label_rows(files, name)
        if rows:
            return True
        looked += rows is None
        if looked >= LOOKED_AT:
            break
    return False


def _is_data_yaml(files: Files, name: str) -> bool:
    try:
        return isinstance(_yaml(files, name).get("names"), (list, dict))
    except (OSError, ValueError):
        return False


def _yaml(files: Files, name: str) -> dict[str, Any]:
    data = read_bytes(files, name)
    if len(data) > MAX_YAML:
        raise BadValue(f"it is larger than {MAX_YAML >> 20} MiB")
    return read_yaml(text_of(data))


def read(files: Files, shape: Shape = DEFAULT) -> Iterator[Record | Problem | Classes]:
    """One record an image; label files without an image are reported.

    Rows come in as boxes, or by their outlines as a `shape` that is made of such.
    """
    names = files.names()
    layout = _Layout(Pictures(names, folders_above(files)), shape)
    _pair(names, layout)
    _pair_the_rest(files, names, layout)
    yield from _read_names(files, names, layout)
    if layout.names and not layout.names_lost:
        yield Classes(layout.named_by, dict(sorted(layout.names.items())))
    splits = Splits(files, layout.pictures, set(layout.labels.values()), layout.entries)
    yield from splits.problems
    for name in layout.strangers:
        what, remedy = "no image belongs to these labels", "Put the image where its labels expect it and import again"
        yield Problem("unknown", name, "", what, remedy)
    folders = {image.rpartition("/")[0] for image in layout.labels}
    empty = missing = 0
    for image in layout.pictures.images:
        label_file = layout.labels.get(image)
        split, split_from = splits.of(image, label_file or "")
        if label_file is not None:
            yield from _read_labels(
                files, Record(image, True, True, label_file, split=split, split_from=split_from), layout
            )
            continue
        expected = image.rpartition("/")[0] in folders
        labelled = expected and not (layout.skip_missing or layout.strangers or image in layout.shared)
        empty += labelled
        missing += expected and not labelled and image not in layout.shared
        if image in layout.shared:
            what = f"{image} and another image of this name have one label file"
            remedy = "Both came in unlabelled; give each its own and import again"
            yield Problem("duplicate", layout.shared[image], "", what, remedy, image)
        yield Record(path=image, present=True, labelled=labelled, split=split, split_from=split_from)
    if not layout.named_by and layout.used:
        yield Classes("", {key: f"class {key}" for key in range(max(layout.used) + 1)})
    yield from _notes(layout, empty, missing)


def _notes(layout: _Layout, empty: int, missing: int) -> Iterator[Problem]:
    if empty:
        what = "1 image has no label file" if empty == 1 else f"{empty:,} images have no label file"
        remedy = "It was taken as empty background" if empty == 1 else "They were taken as empty background"
        yield Problem("note", "", "", what, remedy)
    if missing:
        what = "1 image has no label file" if missing == 1 else f"{missing:,} images have no label file"
        why = "as the yaml asks for" if layout.skip_missing else "since there are label files that no image takes"
        yield Problem("note", "", "", what, f"{'It' if missing == 1 else 'They'} came in unlabelled, {why}")
    if layout.keypoints:
        rows = "1 row holds keypoints" if layout.keypoints == 1 else f"{layout.keypoints:,} rows hold keypoints"
        yield Problem("note", "", "", rows, "Boxes came in, keypoints were left out")
    if layout.outlines and not layout.shape.outlined:
        rows = "1 row holds an outline" if layout.outlines == 1 else f"{layout.outlines:,} rows hold outlines"
        yield Problem("note", "", "", rows, "The boxes around them came in, outlines were left out")
    if layout.scores:
        rows = "1 row holds a score" if layout.scores == 1 else f"{layout.scores:,} rows hold scores"
        words = "Boxes came in as labels without them; for what a model found use lode predictions"
        yield Problem("note", "", "", rows, words)


# which label file is whose


def _fold(name: str) -> str:
    return normalize("NFC", name).casefold()


def _pair(names: Iterable[str], layout: _Layout) -> None:
    """Give each image the label file that stands where Ultralytics looks for it, or beside it."""
    texts: dict[str, str] = {}
    for name in names:
        if name.lower().endswith(".txt"):
            texts.setdefault(normalize("NFC", name), name)
            texts.setdefault(_fold(name), name)
    owners: dict[str, str] = {}
    for image in layout.pictures.images:
        stem = normalize("NFC", without_ending(image))
        parts = stem.split("/")
        places = [f"{stem}.txt"]
        for at in range(len(parts) - 2, -1, -1):
            if parts[at].lower() == "images":
                places.insert(0, "/".join([*parts[:at], "labels", *parts[at + 1 :]]) + ".txt")
                break
        found = next((texts[key] for place in places for key in (place, _fold(place)) if key in texts), None)
        if found is None:
            continue
        if found in owners:
            layout.shared |= {image: found, owners[found]: found}
        owners[found] = image
        layout.labels[image] = found
    for image in layout.shared:
        layout.labels.pop(image, None)


def _pair_the_rest(files: Files, names: Iterable[str], layout: _Layout) -> None:
    """Look at the other texts: a list or a list of names is not a label file, and labels look for their image."""
    for image, name in list(layout.labels.items()):
        if _may_be_something_else(name) and not _any_label_row(files, name):
            del layout.labels[image]
    taken = {*layout.labels.values(), *layout.shared.values()}
    for name in names:
        if name.lower().endswith(".txt") and name not in taken:
            in_labels = "labels" in name.lower().split("/")[:-1] and not _may_be_something_else(name)
            if in_labels or label_rows(files, name):
                found = layout.pictures.find(name.rpartition("/")[2][:-4], name)
                if found.path is not None and found.exact and found.path not in {**layout.labels, **layout.shared}:
                    layout.labels[found.path] = name
                else:
                    layout.strangers.append(name)


def _any_label_row(files: Files, name: str) -> bool:
    """Whether a text that an image may have as its labels holds none at all, or one at least."""
    try:
        rows = [line.split() for line in read_text(files, name).splitlines() if line.strip()]
    except (OSError, ValueError):
        return True  # it is reported as what stands in its place
    return not rows or any(map(is_label_row, rows))


def _may_be_something_else(name: str) -> bool:
    """Whether a text file has the name of a list of images or of classes."""
    stem = name.rpartition("/")[2][:-4].lower()
    return stem in ("classes", "trainval", "requirements") or stem.startswith("readme") or bool(split_named(stem))


# names and other settings


def _read_names(files: Files, names: list[str], layout: _Layout) -> Iterator[Problem]:
    by_depth = sorted(names, key=lambda name: (name.count("/"), name))
    broken: list[Problem] = []
    for name in by_depth:
        if name.lower().endswith((".yaml", ".yml")):
            try:
                found = _yaml(files, name)
            except OSError:
                continue  # told of where the folder was listed
            except ValueError as error:
                if b"names" in read_bytes(files, name)[:MAX_YAML]:
                    remedy = "Mend it and import again"
                    broken.append(Problem("unreadable", name, "", f"cannot be read ({error})", remedy))
                continue
            if isinstance(found.get("names"), (list, dict)):
                layout.named_by = name
                yield from _take_yaml(found, name, layout)
                return
            said = found.get("names")
            if said and not any(f"/{known}".endswith(f"/{said}") for known in files.names()):  # darknet names a file
                what = f"is {shown(said)}, not a list of names"
                broken.append(Problem("unreadable", name, "names", what, "Mend it and import again"))
    yield from broken
    for name in by_depth:
        if NAMES_FILES.match(name.rpartition("/")[2].lower()) and name not in layout.labels.values():
            layout.named_by = name
            try:
                lines = read_text(files, name).splitlines()
            except (OSError, ValueError) as error:
                layout.names_lost = True
                yield Problem("unreadable", name, "", f"cannot be read ({error})", "Save it as UTF-8 and import again")
                return
            while lines and not lines[-1].strip():
                lines.pop()
            yield from _take_names(enumerate(lines), name, layout)
            return
    if broken:
        layout.names_lost, layout.named_by = True, broken[0].file
        return
    remedy = "Classes are called 'class 0', 'class 1', ...; add a data.yaml or classes.txt to give them their names"
    yield Problem("unknown", "data.yaml", "", "neither it nor a classes.txt is there to name the classes", remedy)


def _take_yaml(found: Mapping[str, Any], file: str, layout: _Layout) -> Iterator[Problem]:
    rows = found["names"]
    yield from _take_names(rows.items() if isinstance(rows, dict) else enumerate(rows), file, layout)
    if found.get("nc") not in (None, ""):
        try:
            count = whole_number(found["nc"])
        except BadValue:
            count = len(layout.names)
        if count != len(layout.names) + len(layout.unnamed):
            what = f"says {count} classes and names {len(layout.names)}"
            yield Problem("note", file, "nc", what, "The names count")
    if layout.names and sorted(layout.names) != list(range(len(layout.names))) and not layout.unnamed:
        what = f"numbers its {len(layout.names)} classes up to {max(layout.names)}, with gaps or from 1"
        remedy = "A schema numbers them without gaps, in the same order; YOLO files written from it number them from 0"
        yield Problem("note", file, "names", what, remedy)
    if found.get("kpt_shape") not in (None, ""):
        try:
            points, numbers = (whole_number(value) for value in found["kpt_shape"])
            layout.pose = (points, numbers)
        except (TypeError, ValueError):
            what = f"{shown(found['kpt_shape'])} is not two numbers (points, numbers of a point)"
            yield Problem("unreadable", file, "kpt_shape", what, "Rows that hold more than a box were left out")
            layout.pose = (0, 0)
    try:
        layout.skip_missing = flag(found.get("skip_if_label_file_missing"))
    except BadValue as error:
        yield Problem("note", file, "skip_if_label_file_missing", str(error), "It was not heeded")
    root = found.get("path")
    for key in ("train", "val", "valid", "validate", "validation", "test"):
        places = found.get(key)
        for named in places if isinstance(places, list) else [places]:
            if isinstance(named, str) and named.strip():
                layout.entries.append(Entry(key, named.strip(), root if isinstance(root, str) else "", file))


def _take_names(rows: Iterable[tuple[Any, Any]], file: str, layout: _Layout) -> Iterator[Problem]:
    """Take the names by number; those that two numbers have are told apart by their numbers."""
    for at, row in rows:
        try:
            key = whole_number(at)
        except BadValue:
            what = f"{shown(at)} is not a class number"
            yield Problem("unreadable", file, "names", what, "Number the names 0, 1, 2, ... and import again")
            continue
        try:
            name = label_name(row)
        except BadValue as error:
            layout.unnamed.add(key)
            what, remedy = str(error), "Labels of this class were left out; mend the name and import again"
            yield Problem("unreadable", file, f"names[{key}]", what, remedy)
            continue
        first = next((there for there, known in layout.names.items() if known == name), None)
        if first is not None:
            other = f"{name} ({key})"
            what = f"classes {first} and {key} are both called {name!r}"
            remedy = f"They were kept apart: class {key} came in as {other!r}; give each its own name"
            yield Problem("duplicate", file, f"names[{key}]", what, remedy)
            name = other
        layout.names[key] = name


# one label file


def _read_labels(files: Files, record: Record, layout: _Layout) -> Iterator[Record | Problem]:
    """What is wrong with the rows of an image's label file, then its record with the rows that can be read."""
    image, file = record.path, record.source
    try:
        lines = read_text(files, file).splitlines()
    except (OSError, ValueError) as error:
        yield Problem("unreadable", file, "", f"cannot be read ({error})", REMEDY, image)
        yield replace(record, lost=1)
        return
    rows = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
    tracked = any(len(words) == 7 and _is_track(words[-1]) for _, words in rows)
    drafts = []
    for at, words in rows:
        draft = _draft(words, file, f"line {at}", image, layout, tracked)
        if isinstance(draft, Draft):
            drafts.append(draft)
        else:
            yield draft
    lost = len(rows) - len(drafts)
    yield replace(record, drafts=tuple(drafts), lost=lost)


def _is_track(word: str) -> bool:
    """Whether a seventh column is the number of a track: a whole one above 1."""
    try:
        return whole_number(word) > 1
    except BadValue:
        return False


def _draft(words: list[str], file: str, row: str, image: str, layout: _Layout, tracked: bool) -> Draft | Problem:
    try:
        key = whole_number(words[0])
        values = numbers(words[1:])
        geometry = _geometry(values, layout, tracked)
    except BadValue as error:
        return Problem("unreadable", file, row, f"{' '.join(words)[:60]!r}: {error}", REMEDY, image)
    label = layout.names.get(key)
    if layout.names_lost or (label is None and layout.named_by):
        if layout.names_lost:
            what = f"{layout.named_by} cannot be read, so class {key} has no name"
        elif key in layout.unnamed:
            what = f"the name of class {key} in {layout.named_by} cannot be used"
        else:
            names = "name" if len(layout.names) == 1 else "names"
            what = f"class {key} is not among the {len(layout.names)} {names} of {layout.named_by}"
        return Problem("unknown", file, row, what, "The box was left out; add the name and import again", image)
    if not 0 <= key < MAX_CLASSES:
        return Problem("unknown", file, row, f"class {key} is not between 0 and {MAX_CLASSES - 1}", REMEDY, image)
    if not layout.named_by:
        layout.used.add(key)
    return Draft(label=label or f"class {key}", kind=layout.shape.kind, geometry=geometry, relative=True, row=row)


def _geometry(values: list[float], layout: _Layout, tracked: bool) -> Geometry:
    """The box (xyxy), or the outline, relative, of one row's values behind its class. Raises `BadValue`."""
    count = len(values)
    pose = layout.pose
    posed = pose is not None and count - 4 in (pose[0] * pose[1], pose[0] * pose[1] + 1) and count > 5
    if count in (4, 5) or posed or (count == 6 and tracked and pose is None):
        if layout.shape.outlined:
            raise BadValue("it is a box, not an outline")
        layout.keypoints += posed
        layout.scores += count in (5, 6) and not posed
        cx, cy, width, height = values[:4]  # a fifth is a score, a sixth a track: a label has neither
        if max(values[:4]) > 1 + LENIENT or min(cx, cy) < -LENIENT:
            raise BadValue("centre and size are parts of the image's size, between 0 and 1; are these pixels?")
        return (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
    if pose is not None:
        raise BadValue(f"a row has 5 numbers, or {5 + pose[0] * pose[1]} with its keypoints, this one has {count + 1}")
    if count < 6 or count % 2:
        raise BadValue(f"it has {count + 1} numbers, not 5 (class, centre, size)")
    if count == 6 and values[-1] in (0.0, 1.0):
        raise BadValue("its 7 numbers may be an outline of three points, or a box, a score and a track")
    if min(values) < -SLACK or max(values) > 1 + SLACK:
        raise BadValue(f"it has {count + 1} numbers, and they are not an outline: not all lie between 0 and 1")
    layout.outlines += 1
    if layout.shape.outlined:
        return layout.shape.from_parts([[list(zip(values[::2], values[1::2], strict=True))]])
    return (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))


FORMAT = Format(
    "yolo",
    "YOLO",
    detect,
    read,
    tasks=(DEFAULT.task, *(shape.task for shape in SHAPES.values() if shape.outlined)),
    writer=Writer("YOLO files", frozenset({"box", "outline"}), write, place),
    seems=seems,
)
