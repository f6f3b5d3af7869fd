"""KITTI: one text file an image, an object a line, as KITTI's 2D object detection and tools after it write it.

A line is a type, then truncated, occluded, alpha, the box (left, top, right, bottom), the dimensions, location and
rotation of the 3D box, and of results a score (readme of KITTI's object development kit). Boxes are in pixels, counted
from 0, and their numbers are edges, nothing added: KITTI's own `evaluate_object.cpp` has a box's area as
(right - left) * (bottom - top). What is said in 3D is left out, and counted. `DontCare` regions, in which nothing was
labelled, are boxes of that class with a crowd mark.

The labels of `image_2/a.png` are `label_2/a.txt` (`image_3` has no other), else a file of the image's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from motherlode.formats.claims import Found, Pictures
from motherlode.formats.format import Format, Seems
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, read_text
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import BadValue, label_name, number, numbers, shown
from motherlode.formats.writing import Labelled, Put, Rows, Writer, put_image, put_text, stem
from motherlode.regions import Region

__all__ = ["FORMAT", "detect", "read", "write_label"]

REMEDY = "Mend the file and import again; the rest came in"
LOOKED_AT = 50  # texts that are looked at to recognise the format, and of a folder whether its texts are labels
IMAGES, LABELS = "image_2", "label_2"
DONT_CARE = "DontCare"
MARKS = ("truncated", "occluded")
NUMBERS = 14  # behind the type, without a score
IN_SPACE = "a 3D box (dimensions, location, rotation)"
SCORED = "a score"
# what KITTI writes where something is not known: alpha, dimensions, location, rotation
NO_ALPHA, NO_SPACE = -10.0, (-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0)


def detect(files: Files) -> bool:
    """Whether a text holds lines of KITTI's and no others."""
    names = [name for name in files.names() if name.lower().endswith(".txt")]
    return any(_holds_rows(files, name) for name in names[:LOOKED_AT])


def _holds_rows(files: Files, name: str) -> bool:
    try:
        return _are_rows(read_text(files, name))
    except (OSError, ValueError):
        return False


def _are_rows(text: str) -> bool:
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return bool(rows) and all(_is_row(words) for words in rows)


def _is_row(words: Sequence[str]) -> bool:
    try:
        _columns(words)
    except BadValue:
        return False
    return True


def _seems(name: str, text: str) -> Seems | None:
    return Seems("KITTI") if name.lower().endswith(".txt") and _are_rows(text) else None


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record a label file, then one unlabelled record an image that none speaks of."""
    names = files.names()
    pictures = Pictures(names, folders_above(files))
    texts = _label_files(files, names)
    found = {name: _image(name, pictures) for name in texts}
    labels = {name: image for name, image in found.items() if image.path is not None or _holds_rows(files, name)}
    splits = Splits(files, pictures, taken=labels.keys())
    yield from splits.problems
    notes: Counter[str] = Counter()
    read_in = (one for name, image in labels.items() for one in _read_file(files, name, image, pictures, splits, notes))
    yield from decided(read_in, pictures, splits)
    for what, count in sorted((+notes).items()):
        rows = "1 line holds" if count == 1 else f"{count:,} lines hold"
        remedy = "Boxes in the image came in, what is said in space was left out"
        if what == SCORED:
            remedy = "Boxes came in as labels without them; for what a model found use lode predictions"
        yield Problem("note", "", "", f"{rows} {what}", remedy)


def _label_files(files: Files, names: Iterable[str]) -> list[str]:
    """The texts of folders in which one text at least holds lines of KITTI's alone."""
    folders: dict[str, list[str]] = {}
    for name in names:
        if name.lower().endswith(".txt"):
            folders.setdefault(name.rpartition("/")[0], []).append(name)
    own = (texts for texts in folders.values() if any(_holds_rows(files, name) for name in texts[:LOOKED_AT]))
    return [name for texts in own for name in texts]


def _image(name: str, pictures: Pictures) -> Found:
    """The image of a label file: in the folder that stands for its own, else of its name."""
    parts = name.split("/")
    places = [at for at, part in enumerate(parts[:-1]) if part.lower() == LABELS]
    if places:
        parts[places[-1]] = IMAGES
        found = pictures.find(stem("/".join(parts)), name)
        if found.path is not None:
            return found
    return pictures.find(stem(name.rpartition("/")[2]), name)


def _read_file(
    files: Files, name: str, image: Found, pictures: Pictures, splits: Splits, notes: Counter[str]
) -> Iterator[tuple[Record, bool] | Problem]:
    """The record of one file with whether it claims its image exactly, and what could not be read of it."""
    own = stem(name.rpartition("/")[2])
    if image.path is None and len(pictures):
        remedy = "Put the image beside its labels, under the name they give it"
        yield Problem("unknown", name, "", image.why_not(own), remedy)
        return
    path = image.path or f"{own}.png"
    drafts: list[Draft] = []
    lost = 0
    try:
        lines = read_text(files, name).splitlines()
    except (OSError, ValueError) as error:
        yield Problem("unreadable", name, "", f"cannot be read ({error})", REMEDY, path)
        lines, lost = [], 1
    for at, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            drafts.append(_draft(line.split(), f"line {at}", notes))
        except BadValue as error:
            lost += 1
            yield Problem("unreadable", name, f"line {at}", f"{line.strip()[:60]!r}: {error}", REMEDY, path)
    split, split_from = splits.of(path, name)
    record = Record(path, image.path is not None, True, name, split=split, drafts=tuple(drafts), lost=lost)
    yield replace(record, split_from=split_from), image.exact


def _columns(words: Sequence[str]) -> tuple[str, list[float]]:
    """The type and the numbers of a line; of a type of several words the last is none. Raises `BadValue`."""
    at = next((at for at in range(len(words), 0, -1) if not _is_number(words[at - 1])), 0)
    if not at or _is_number(words[0]):
        raise BadValue("it does not begin with a type")
    if len(words) - at not in (NUMBERS, NUMBERS + 1):
        raise BadValue(f"{len(words) - at} numbers stand behind its type, not {NUMBERS}, or {NUMBERS + 1} with a score")
    return " ".join(words[:at]), numbers(words[at:])


def _is_number(word: str) -> bool:
    try:
        number(word)
    except BadValue:
        return False
    return True


def _draft(words: Sequence[str], row: str, notes: Counter[str]) -> Draft:
    """The box of one line. Raises `BadValue`."""
    label, values = _columns(words)
    box, in_space = (values[3], values[4], values[5], values[6]), tuple(values[7:NUMBERS])
    crowd = label == DONT_CARE
    said = {} if crowd else {name: value for name, value in zip(MARKS, values, strict=False) if value}
    attributes = {name: int(value) if value.is_integer() else value for name, value in said.items()}
    notes[IN_SPACE] += in_space != NO_SPACE and any(in_space)
    notes[SCORED] += len(values) > NUMBERS
    return Draft(label_name(label), box, iscrowd=crowd, attributes=attributes, row=row)


# Writing


def _place(path: str, row: Labelled) -> str:
    return f"{row.split}/{LABELS}/{stem(path)}.txt"


def _write(target: Path, rows: Rows, classes: Mapping[int, str], put: Put) -> None:
    for path, row in rows:
        put_image(row, target / row.split / IMAGES / path, put)
        put_text(target / _place(path, row), write_label(row.regions).encode())


def write_label(regions: Iterable[Region]) -> str:
    """The label file of one image; numbers have the digits they have, and what KITTI asks beyond a box is its "not
    known"."""
    lines = []
    for region in regions:
        if region.box is None:
            continue
        marks = [-1.0, -1.0]
        if region.label != DONT_CARE:
            marks = [_mark(region, name) or 0.0 for name in MARKS]
        values = (*marks, NO_ALPHA, *region.box, *NO_SPACE)
        lines.append(" ".join([region.label, *(repr(float(value)).removesuffix(".0") for value in values)]))
    return "".join(f"{line}\n" for line in lines)


def _mark(region: Region, name: str) -> float | None:
    """What an attribute says as KITTI's number: truncated a part from 0 to 1, occluded 0 to 3, or -1; None where it
    is no such number."""
    try:
        value = number(region.attributes.get(name) or 0)
    except BadValue:
        return float(region.attributes[name]) if isinstance(region.attributes[name], bool) else None
    fits = 0 <= value <= 1 if name == "truncated" else value in (0, 1, 2, 3)
    return value if fits or value == -1 else None


def _unable(region: Region) -> str:
    """What of boxes a line cannot say: KITTI's types are single words, and one of them has a meaning of its own."""
    if len(region.label.split()) > 1 or _is_number(region.label):
        return "boxes of classes whose names are not one word"
    if region.label == DONT_CARE and not region.iscrowd:
        return f"boxes of the class {DONT_CARE} without a crowd mark"
    return ""


def _loses(row: Labelled) -> Iterator[str]:
    for region in row.regions:
        if region.iscrowd and region.label != DONT_CARE:
            yield "crowd marks"
        for name in MARKS:
            said = region.attributes.get(name)
            if said is not None and (_mark(region, name) is None or region.label == DONT_CARE):
                yield f"attributes {name!r} such as {shown(said)}"


FORMAT = Format(
    "kitti",
    "KITTI",
    detect,
    read,
    holds="lines of KITTI's",
    writer=Writer(
        "KITTI files",
        frozenset({"box", "iscrowd", *MARKS}),
        _write,
        _place,
        unable=_unable,
        loses=_loses,
    ),
    seems=_seems,
)
