"""COCO: one JSON document with `images`, `annotations` and `categories`, alone or beside its images.

The document is read as a stream, once, whatever the order of its parts; of each annotation only the numbers of its box
are kept in memory (polygons and masks are not). Splits come from lists such as `splits/train.txt`, else from the
document's own name. `bbox` is x, y, width, height in pixels; `iscrowd` and `area` stay with
the region, since scores depend on them.
"""

from __future__ import annotations

import io
import json
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from motherlode.errors import BadInput
from motherlode.formats.source import Draft, Files, ImageIndex, Problem, Record, SplitLists, split_named
from motherlode.regions import Region

__all__ = ["BadJson", "detect", "documents", "parts", "read", "write_json"]

REMEDY = "Mend the file and import again; the rest came in"
BROKEN = "None of its labels came in; mend the file and import again"
CHUNK = 1 << 20
_AFTER_VALUE = frozenset(",]}: \t\r\n")
_COLUMNS = 8  # of the array: row, category, x, y, width, height, area (nan: none), iscrowd


class BadJson(BadInput):
    """JSON that breaks off or is none; the message says where."""


# Streaming


class _Stream:
    """A text stream of which JSON values are taken one after the other."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._before = 0
        self._decode = json.JSONDecoder().raw_decode

    def _more(self) -> bool:
        try:
            piece = self._stream.read(max(CHUNK, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            raise self.fail(f"not UTF-8 ({error.reason})") from None
        if not piece:
            return False
        self._before += self._at
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True

    def fail(self, what: str) -> BadJson:
        return BadJson(f"{what} at character {self._before + self._at}")

    def peek(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, character: str) -> None:
        if self.peek() != character:
            raise self.fail(f"{character!r} expected")
        self._at += 1

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # it may only be cut off by the end of the piece: an error well before that end is a real one
                if error.pos < len(self._text) - 16 and not error.msg.startswith("Unterminated") or not self._more():
                    self._at = max(self._at, error.pos)
                    raise self.fail(error.msg) from None
                continue
            if self._text[end : end + 1] not in _AFTER_VALUE and self._more():
                continue  # a number may go on in the next piece
            self._at = end
            return value

    def elements(self) -> Iterator[Any]:
        """The elements of the array that comes next."""
        self.skip("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                self._at += 1
                return
            self.skip(",")


def parts(stream: TextIO) -> Iterator[tuple[str, int, Any]]:
    """(key, position, element) for each element of each array of the document, (key, -1, value) for all else.

    A document that is an array itself (COCO results) has the key "". Raises `BadJson`.
    """
    source = _Stream(stream)
    if source.peek() == "[":
        for position, element in enumerate(source.elements()):
            yield "", position, element
        return
    source.skip("{")
    while source.peek() != "}":
        key = source.value()
        source.skip(":")
        if source.peek() == "[":
            for position, element in enumerate(source.elements()):
                yield str(key), position, element
        else:
            yield str(key), -1, source.value()
        if source.peek() == ",":
            source.skip(",")
    source.skip("}")
    if source.peek():
        raise source.fail("something after the end of the document")


# Reading


def documents(files: Files) -> tuple[list[str], list[str]]:
    """The names of the COCO documents to read, and of those left aside.

    Where there are `instances_*.json`, captions and keypoints of the same images are left aside.
    """
    found = [name for name in files.names() if name.lower().endswith(".json") and _is_document(files, name)]
    instances = [name for name in found if name.rpartition("/")[2].startswith("instances")]
    chosen = instances or found
    return chosen, [name for name in found if name not in chosen]


def _is_document(files: Files, name: str) -> bool:
    with files.open(name) as stream:
        head = stream.read(65536)
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        if any(f'"{key}"'.encode() in head for key in ("images", "annotations", "categories")):
            return True
    return False


def detect(files: Files) -> bool:
    """Whether there is a COCO document."""
    return bool(documents(files)[0])


@dataclass
class _Image:
    row: int = -1
    name: str = ""
    width: int | None = None
    height: int | None = None
    numbers: array[float] = field(default_factory=lambda: array("d"))
    extra: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass
class _Document:
    images: dict[Any, _Image] = field(default_factory=dict)
    categories: dict[Any, str] = field(default_factory=dict)
    order: dict[Any, int] = field(default_factory=dict)  # category id -> its place in the columns
    masks: int = 0


def read(files: Files) -> Iterator[Record | Problem]:
    """One labelled record an image that a document lists, then one unlabelled record for every other image."""
    index = ImageIndex(files.names())
    chosen, aside = documents(files)
    for name in aside:
        yield Problem("note", name, "", "holds no instances", "It was left aside, the instances_*.json were read")
    splits = SplitLists(files)
    yield from splits.problems
    spoken: dict[str, str] = {}
    for name in chosen:
        for found in _read_document(files, name, index, splits):
            if isinstance(found, Record):
                if found.path in spoken:
                    what = f"the image {found.path} was labelled by {spoken[found.path]} already"
                    yield Problem("duplicate", name, "", what, "What this file says of it was left out", found.path)
                    continue
                spoken[found.path] = name
            yield found
    for image in index.images:
        if image not in spoken:
            yield Record(path=image, present=True, labelled=False, split=splits.of(image))


def _read_document(files: Files, name: str, index: ImageIndex, splits: SplitLists) -> Iterator[Record | Problem]:
    document = _Document()
    with files.open(name) as stream:
        try:
            for key, row, value in parts(io.TextIOWrapper(stream, encoding="utf-8-sig")):
                problem = _take(document, name, key, row, value)
                if problem is not None:
                    yield problem
        except (BadJson, RecursionError) as error:
            yield Problem("unreadable", name, "", f"is not JSON to its end ({error})", BROKEN)
            return  # an image whose boxes stood behind the break would come in as one where nothing is
    if document.masks:
        what = f"{document.masks} annotations hold a polygon or mask"
        yield Problem("note", name, "", what, "Boxes, areas and crowd marks came in, outlines did not")
    yield from _missing_categories(document, name)
    for number, image in document.images.items():
        yield from _records(document, name, number, image, index, splits)


def _take(document: _Document, file: str, key: str, row: int, value: Any) -> Problem | None:
    if key not in ("images", "annotations", "categories"):
        return None
    place = f"{key}[{row}]"
    if not isinstance(value, dict):
        return Problem("unreadable", file, place, "is not an object", REMEDY)
    try:
        if key == "images":
            return _take_image(document, file, place, row, value)
        if key == "categories":
            document.categories[value["id"]] = str(value["name"])
            return None
        return _take_annotation(document, file, place, row, value)
    except KeyError as error:
        return Problem("unreadable", file, place, f"has no {error}", REMEDY)
    except (TypeError, ValueError, OverflowError) as error:
        return Problem("unreadable", file, place, f"cannot be read ({error})", REMEDY)


def _take_image(document: _Document, file: str, place: str, row: int, value: dict[str, Any]) -> Problem | None:
    image = document.images.setdefault(value["id"], _Image())
    if image.row >= 0:
        what = f"the image id {value['id']!r} was given to {image.name} already"
        return Problem("duplicate", file, place, what, "Ids are to be unique; this image was left out")
    name = str(value["file_name"])
    image.width = int(value["width"]) if value.get("width") else None
    image.height = int(value["height"]) if value.get("height") else None
    image.row, image.name = row, name
    return None


def _take_annotation(document: _Document, file: str, place: str, row: int, value: dict[str, Any]) -> Problem | None:
    if value.get("segmentation"):
        document.masks += 1
    x, y, width, height = (float(number) for number in value["bbox"])
    category = document.order.setdefault(value["category_id"], len(document.order))
    area = math.nan if value.get("area") is None else float(value["area"])
    image = document.images.setdefault(value["image_id"], _Image())
    image.numbers.extend((row, category, x, y, width, height, area, 1.0 if value.get("iscrowd") else 0.0))
    if value.get("attributes"):
        image.extra[row] = dict(value["attributes"])
    return None


def _missing_categories(document: _Document, file: str) -> Iterator[Problem]:
    for category in document.order:
        if category not in document.categories:
            what = f"annotations name the category id {category!r}, which `categories` does not"
            yield Problem("unknown", file, "", what, "They were left out; add the category and import again")


def _records(
    document: _Document, file: str, number: Any, image: _Image, index: ImageIndex, splits: SplitLists
) -> Iterator[Record | Problem]:
    names = [document.categories.get(category) for category in document.order]
    if image.row < 0:
        count = len(image.numbers) // _COLUMNS
        first = f"annotations[{int(image.numbers[0])}]"
        what = f"{count} annotations name the image id {number!r}, which `images` does not"
        yield Problem("unknown", file, first, what, "They were left out; add the image and import again")
        return
    stem = file.rpartition("/")[2].removesuffix(".json")
    hint = stem.rpartition("_")[2]  # instances_val2017.json speaks of val2017/
    path = index.find(image.name, file, hint)
    if path is None and len(index):
        what = f"no image {image.name!r} was found, or more than one"
        remedy = "Put the image beside its labels, under the name they give it"
        yield Problem("unknown", file, f"images[{image.row}]", what, remedy, image.name)
        return
    yield Record(
        path=path or image.name,
        present=path is not None,
        labelled=True,
        source=file,
        width=image.width,
        height=image.height,
        split=splits.of(path or image.name) or _split_of(stem),
        drafts=tuple(_drafts(image, names)),
    )


def _split_of(stem: str) -> str | None:
    for word in stem.replace("-", "_").split("_"):
        split = split_named(word.rstrip("0123456789"))
        if split:
            return split
    return None


def _drafts(image: _Image, names: list[str | None]) -> Iterator[Draft]:
    numbers = image.numbers
    for start in range(0, len(numbers), _COLUMNS):
        row, category, x, y, width, height, area, crowd = numbers[start : start + _COLUMNS]
        label = names[int(category)]
        if label is None:
            continue
        yield Draft(
            label=label,
            box=(x, y, x + width, y + height),
            area=None if math.isnan(area) else area,
            iscrowd=bool(crowd),
            attributes=image.extra.get(int(row), {}),
            row=f"annotations[{int(row)}]",
        )


# Writing


def write_json(
    items: Iterable[tuple[str, int, int, Iterable[Region]]], classes: Mapping[int, str], out: TextIO
) -> tuple[int, int]:
    """Write a document from (path, width, height, regions); category ids are the permanent class ids, ids start at 1.

    Gives the number of images and of annotations. Annotations are written as they come; only the list of images waits.
    """
    images: list[dict[str, Any]] = []
    annotations = 0
    out.write('{"annotations": [')
    for number, (path, width, height, regions) in enumerate(items, start=1):
        images.append({"id": number, "file_name": path, "width": width, "height": height})
        for region in regions:
            if region.box is None:
                continue
            annotations += 1
            out.write(",\n" if annotations > 1 else "\n")
            json.dump(_annotation(annotations, number, region), out)
    out.write('\n], "images": ')
    json.dump(images, out)
    out.write(', "categories": ')
    json.dump([{"id": number, "name": classes[number]} for number in sorted(classes)], out)
    out.write("}\n")
    return len(images), annotations


def _annotation(number: int, image: int, region: Region) -> dict[str, Any]:
    assert region.box is not None
    x1, y1, x2, y2 = region.box
    row = {
        "id": number,
        "image_id": image,
        "category_id": region.class_id,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": region.width * region.height if region.area is None else region.area,
        "iscrowd": int(region.iscrowd),
    }
    if region.attributes:
        row["attributes"] = dict(region.attributes)
    return row
