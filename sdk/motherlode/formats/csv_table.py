"""A table: a row for each box or class of an image, columns known by their names (`labels.csv`).

A row has the image (`path`, `filename`, `image`, ...), its label (`class`, `label`, ...) and, where it is a box,
`xmin`, `ymin`, `xmax`, `ymax`, as TensorFlow's object detection tables have them from Pascal VOC: edges in pixels,
nothing added or taken away. `width` and `height` are the image's, `split` (or `set`) its split. A row without a label
says that nothing is in the image. Tables without a header are those of Google's AutoML and Vertex AI
(cloud.google.com/vertex-ai/docs, "Prepare image training data"): the set, the image, the label, then corners of the box
in parts of the image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from motherlode.formats.claims import Found, Pictures, as_path
from motherlode.formats.format import Format, Seems
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, is_image, split_named
from motherlode.formats.splits import Splits
from motherlode.formats.tables import ENDINGS, named, rows_of, write_table
from motherlode.formats.values import BadValue, label_name, number, shown, whole_number
from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, put_image
from motherlode.regions import Box
from motherlode.shapes import DEFAULT
from motherlode.shapes.choice import ChoiceShape

__all__ = ["FORMAT", "detect", "read"]

TABLE = "labels.csv"
REMEDY = "Mend the row and import again; the rest came in"
SIDES = ("xmin", "ymin", "xmax", "ymax")
# what each column may be called, the surest name first
CALLED = {
    "image": (
        "path",
        "imagepath",
        "filepath",
        "filename",
        "file",
        "imagename",
        "imagefile",
        "image",
        "img",
        "imageid",
        "id",
    ),
    "label": ("label", "class", "classname", "labelname", "category", "categoryname", "target"),
    "xmin": ("xmin", "x1", "left"),
    "ymin": ("ymin", "y1", "top"),
    "xmax": ("xmax", "x2", "right"),
    "ymax": ("ymax", "y2", "bottom"),
    "width": ("width", "imagewidth", "imgwidth"),
    "height": ("height", "imageheight", "imgheight"),
    "split": ("split", "set", "subset"),
}
# columns that say a place in words that are not read, so that their rows are not of whole images
PLACES = frozenset(
    {
        "x",
        "y",
        "w",
        "h",
        "bbox",
        "box",
        "boxes",
        "bboxx",
        "bboxy",
        "xcenter",
        "ycenter",
        "cx",
        "cy",
        "polygon",
        "points",
    }
    | {"segmentation", "mask", "encodedpixels", "rle", "regionshapeattributes", "predictionstring", "geometry"}
)
SETS = {"training": "train", "train": "train", "validation": "val", "validate": "val", "test": "test", "unassigned": ""}
LOOKED_AT = 50  # rows that are looked at to recognise the format


@dataclass(frozen=True)
class _Layout:
    """Where a table has what; `plain` says that it has a header, `others` are columns that are not read."""

    columns: Mapping[str, int]
    plain: bool = True
    others: tuple[str, ...] = ()


def detect(files: Files) -> bool:
    """Whether a table names images with their labels, one of them at least an image that is here."""
    pictures: Pictures | None = None
    for name in _tables(files):
        layout = _layout(files, name)
        if layout is None:
            continue
        pictures = pictures or Pictures(files.names(), folders_above(files))
        if not len(pictures) or _names_any(files, name, layout, pictures):
            return True
    return False


def _tables(files: Files) -> list[str]:
    return [name for name in files.names() if name.lower().endswith(ENDINGS)]


def _names_any(files: Files, name: str, layout: _Layout, pictures: Pictures) -> bool:
    at = layout.columns["image"]
    try:
        for count, (_, cells) in enumerate(rows_of(files, name)):
            if len(cells) > at and pictures.find(cells[at], name).path is not None:
                return True
            if count > LOOKED_AT:
                return False
    except (OSError, BadValue):
        return False
    return False


def _layout(files: Files, name: str) -> _Layout | None:
    try:
        return _layout_of(next(rows_of(files, name), (0, []))[1])
    except (OSError, BadValue):
        return None


def _layout_of(cells: Sequence[str]) -> _Layout | None:
    """What a table's first row says of it; None where it is none of images with labels."""
    header = named(cells)
    if len(cells) in (3, 9, 11) and header[0] in SETS and is_image(cells[1]):
        places = {"split": 0, "image": 1, "label": 2}
        corners = {"xmin": 3, "ymin": 4, "xmax": 7, "ymax": 8} if len(cells) > 3 else {}
        return _Layout({**places, **corners}, plain=False)
    columns = {}
    for column, names in CALLED.items():
        at = next((header.index(called) for called in names if called in header), None)
        if at is not None:
            columns[column] = at
    sides = [side for side in SIDES if side in columns]
    others = tuple(cell for at, cell in enumerate(cells) if at not in columns.values() and cell)
    if not {"image", "label"} <= columns.keys() or len(sides) not in (0, 4) or PLACES & {*header}:
        return None
    return _Layout(columns, others=others)


def _seems(name: str, text: str) -> Seems | None:
    if not name.lower().endswith(ENDINGS):
        return None
    first = text.partition("\n")[0]
    layout = _layout_of([cell.strip() for cell in first.replace(";", ",").replace("\t", ",").split(",")])
    return Seems("a table of labels (CSV)", "Import it with its images, with --format csv") if layout else None


@dataclass
class _Image:
    """What is said of one image so far: boxes with their labels and rows, then its drafts."""

    found: Found
    source: str
    width: int | None = None
    height: int | None = None
    split: str = ""
    boxes: list[tuple[str, Box, str]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    lost: int = 0


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record an image that a table speaks of, then one unlabelled record an image that none does."""
    pictures = Pictures(files.names(), folders_above(files))
    splits = Splits(files, pictures)
    yield from splits.problems
    images: dict[str, _Image] = {}
    for name in _tables(files):
        layout = _layout(files, name)
        if layout is not None:
            yield Classes(name, {})  # so that it counts as taken, whatever it says
            yield from _read_table(files, name, layout, pictures, images)
    for path, image in images.items():
        found = splits.of(path, image.source, document=True)
        split, split_from = (image.split, "the columns of tables") if image.split else found
        record = Record(path, image.found.path is not None, True, image.source, image.width, image.height, split)
        yield replace(record, drafts=tuple(image.drafts), lost=image.lost, split_from=split_from)
    for path in pictures.images:
        if path not in images:
            split, split_from = splits.of(path)
            yield Record(path, True, False, split=split, split_from=split_from)


def _read_table(
    files: Files, name: str, layout: _Layout, pictures: Pictures, images: dict[str, _Image]
) -> Iterator[Problem]:
    here: dict[str, _Image] = {}
    strangers: dict[str, int] = {}
    try:
        for at, (line, cells) in enumerate(rows_of(files, name)):
            if at or not layout.plain:
                yield from _read_row(cells, name, line, layout, pictures, here, strangers)
    except (OSError, BadValue) as error:
        yield Problem("unreadable", name, "", str(error), "Mend it and import again; what stands before came in")
    yield from _settled(name, layout, here)
    for path, image in here.items():
        there = images.setdefault(path, image)
        if there is image:
            continue
        if _said(there) == _said(image):
            yield Problem("note", name, "", f"says of {path} what {there.source} says", "It was taken once", path)
            continue
        there.lost += len(there.drafts) + len(image.drafts) + image.lost or 1
        there.drafts.clear()
        what = f"{path} is labelled by {there.source} too, and otherwise"
        remedy = "Neither was taken and the image came in unlabelled; keep one of the two and import again"
        yield Problem("duplicate", name, "", what, remedy, path)
    if strangers:
        first, line = next(iter(strangers.items()))
        more = f", nor are {len(strangers) - 1:,} others that it names" if len(strangers) > 1 else ""
        what = f"the image {shown(first, 80)} is not here{more}"
        yield Problem("unknown", name, f"line {line}", what, "Put it beside the table, under the name it gives it")
    if layout.others:
        what = f"its columns {', '.join(map(shown, layout.others[:5]))} were left out"
        yield Problem("note", name, "", what, "lode metadata sets fields of items from a table")


def _said(image: _Image) -> tuple[list[str], int]:
    return sorted(repr(replace(draft, row="")) for draft in image.drafts), image.lost


def _read_row(
    cells: Sequence[str],
    name: str,
    line: int,
    layout: _Layout,
    pictures: Pictures,
    here: dict[str, _Image],
    strangers: dict[str, int],
) -> Iterator[Problem]:
    """Take what one row says of its image."""
    row = f"line {line}"
    said = {column: cells[at] if at < len(cells) else "" for column, at in layout.columns.items()}
    claimed = said["image"]
    found = pictures.find(claimed, name)
    if found.path is None and (len(pictures) or not claimed):
        if found.several or not claimed:
            what = found.why_not(claimed) if claimed else "it names no image"
            yield Problem("unknown", name, row, what, REMEDY)
        else:
            strangers.setdefault(claimed, line)
        return
    path = found.path or as_path(claimed)
    image = here.setdefault(path, _Image(found, name))
    image.split = image.split or _split(said.get("split", ""))
    image.width, image.height = image.width or _size(said.get("width")), image.height or _size(said.get("height"))
    sides = [said.get(side, "") for side in SIDES]
    try:
        if any(sides):
            left, top, right, bottom = map(number, sides)
            image.boxes.append((label_name(said["label"]), (left, top, right, bottom), row))
        elif said["label"]:
            image.drafts.append(Draft(label_name(said["label"]), kind=ChoiceShape.kind, row=row))
    except BadValue as error:
        image.lost += 1
        yield Problem("unreadable", name, row, str(error), REMEDY, path)


def _split(said: str) -> str:
    word = said.strip().lower()
    return SETS[word] if word in SETS else split_named(word) or said.strip()


def _size(said: str | None) -> int | None:
    try:
        value = whole_number(said or 0)
    except BadValue:
        return None
    return value if value > 0 else None


def _settled(name: str, layout: _Layout, here: Mapping[str, _Image]) -> Iterator[Problem]:
    """Make drafts of the boxes: where every number of the table lies between 0 and 1, and not all are whole, they are
    parts of the image's size; two same boxes are one."""
    numbers = [side for image in here.values() for _, box, _ in image.boxes for side in box]
    parts = (
        bool(numbers) and min(numbers) >= 0 and max(numbers) <= 1 and (not layout.plain or any(n % 1 for n in numbers))
    )
    if parts and layout.plain:
        what = "all its numbers lie between 0 and 1, so boxes were taken as parts of the image's size"
        yield Problem("note", name, "", what, "The rest came in as it stands")
    for image in here.values():
        counts = Counter(draft.label for draft in image.drafts)
        image.drafts = list({draft.label: draft for draft in reversed(image.drafts)}.values())[::-1]
        if twice := [label for label, count in counts.items() if count > 1]:
            what = f"the image has the class {shown(twice[0])} in several rows"
            yield Problem("note", name, "", what, "It was taken once", image.found.path or "")
        image.drafts += [Draft(label, box, DEFAULT.kind, parts, row=row) for label, box, row in image.boxes]


# Writing


def _place(path: str, row: Labelled) -> str:
    return path


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    for path, row in rows:
        put_image(row, target / path, put)
    write_table(target / TABLE, _rows(rows))


def _rows(rows: Rows) -> Iterator[Sequence[object]]:
    """A row for each box and class, and one without a label for an image in which nothing is."""
    yield "filename", "width", "height", "class", *SIDES, "split"
    for path, row in rows:
        for region in row.regions:
            box = ("",) * 4 if region.box is None else tuple(map(float, region.box))
            yield path, row.width, row.height, region.label, *box, row.split
        if not row.regions:
            yield path, row.width, row.height, "", *("",) * 4, row.split


FORMAT = Format(
    "csv",
    "CSV tables",
    detect,
    read,
    holds="table of images with their labels",
    writer=Writer("CSV tables", frozenset({"box", "class"}), _write, _place),
    seems=_seems,
)
