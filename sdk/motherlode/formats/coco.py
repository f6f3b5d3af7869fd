"""COCO: one JSON document with `images`, `annotations` and `categories`, alone or beside its images.

The document is read as a stream, once, whatever the order of its parts; of each annotation only the numbers of its
box are kept in memory, or its outline where a kind is asked for that has one: rings, or a mask as a run-length code,
which becomes the outline along the edges of its pixels; or its keypoints, whose names and edges its category has.
`bbox` is x, y, width, height in pixels, else the box around the outline; `iscrowd` and `area` stay with the region,
since scores depend on them. Ids are one whether they are written as 1, 1.0 or "1".
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from motherlode.errors import BadInput
from motherlode.formats.claims import Pictures, as_path
from motherlode.formats.coco_document import (
    Document,
    Listed,
    missing_categories,
    seen,
    strangers,
    tell_apart,
)
from motherlode.formats.coco_rows import ARRAYS, REMEDY, take
from motherlode.formats.coco_writing import write
from motherlode.formats.format import Format, Seems
from motherlode.formats.json_stream import BadJson, Stream, batches, first_object
from motherlode.formats.source import Boxes, Classes, Draft, Files, Problem, Record, folders_above
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import open_text
from motherlode.formats.writing import Writer
from motherlode.shapes import DEFAULT, SHAPES, Shape

__all__ = ["FORMAT", "documents", "read"]

BROKEN = "None of its labels came in; mend the file and import again"
SNIFFED = 1 << 20  # bytes that are looked at of a document that cannot be read as JSON
SAID = 200  # problems of rows that are told one by one for a document; the rest is counted
_TWINS = re.compile(r"((?:^|/))(?:captions|instances|person_keypoints|panoptic|stuff)_(?=[^/]*\Z)")
_IMAGES = re.compile(rb'"images"\s*:\s*\[\s*\{[^{}]*"file_name"\s*:')
_POINTED = [shape.kind for shape in SHAPES.values() if shape.pointed]
RESULT = frozenset({"image_id", "category_id"})  # what each row of a results file has
_TASKS = (DEFAULT.task, *(shape.task for shape in SHAPES.values() if shape.segmented or shape.pointed))


def documents(files: Files, shape: Shape = DEFAULT) -> tuple[list[str], list[str]]:
    """The names of the COCO documents to read as a kind, and of those left aside.

    COCO publishes captions and keypoints of the images of an `instances_X.json` beside it, as `captions_X.json`.
    """
    found = [name for name in files.names() if name.lower().endswith(".json") and _is_document(files, name)]
    best = "person_keypoints_" if shape.pointed else "instances_"
    aside = [name for name in found if (twin := _TWINS.sub(rf"\1{best}", name)) != name and twin in found]
    return [name for name in found if name not in aside], aside


def _is_document(files: Files, name: str) -> bool:
    """Whether the file is an object with one of COCO's arrays, wherever it stands; it may break off behind it."""
    try:
        with files.open(name) as stream:
            return _has_array(Stream(open_text(stream)))
    except BadInput:  # one that is not in UTF-8, or broken before its first array; the reader says so
        with suppress(OSError), files.open(name) as stream:
            return _IMAGES.search(stream.read(SNIFFED)) is not None
        return False
    except OSError:
        return False


def _has_array(source: Stream) -> bool:
    if source.peek() != "{":
        return False
    source.skip("{")
    while source.peek() != "}":
        key = source.value()
        source.skip(":")
        if source.peek() != "[":
            source.value()
        elif key in ARRAYS:
            return True
        else:
            for _ in source.elements():
                pass
        if source.peek() == ",":
            source.skip(",")
    return False


def detect(files: Files) -> bool:
    """Whether there is a COCO document."""
    return any(name.lower().endswith(".json") and _is_document(files, name) for name in files.names())


def read(files: Files, shape: Shape = DEFAULT) -> Iterator[Record | Problem | Classes]:
    """One labelled record an image that a document lists, then one unlabelled record for every other image.

    Annotations come in as boxes, or by their outlines or keypoints as a `shape` that is made of such.
    """
    pictures = Pictures(files.names(), folders_above(files))
    chosen, aside = documents(files, shape)
    read_of = "keypoints" if shape.pointed else "instances"
    for name in aside:
        what = f"speaks of the images of the {read_of} beside it"
        yield Problem("note", name, "", what, f"It was left aside, the {read_of} were read")
    splits = Splits(files, pictures)
    yield from splits.problems
    found = (one for name in chosen for one in _read_document(files, name, shape, pictures, splits))
    yield from decided(found, pictures, splits)


def _read_document(
    files: Files, name: str, shape: Shape, pictures: Pictures, splits: Splits
) -> Iterator[tuple[Record, bool] | Problem | Classes]:
    document = Document(name, shape)
    try:
        with files.open(name) as stream:
            for key, first, elements in batches(open_text(stream), document.arrays):
                take(document, key, first, elements)
                if document.problems:
                    yield from document.problems[: max(0, SAID - document.said)]
                    document.said += len(document.problems)
                    document.problems.clear()
    except (BadJson, OSError) as error:
        yield Problem("unreadable", name, "", f"is not JSON to its end ({error})", BROKEN)
        return  # an image whose boxes stood behind the break would come in as one where nothing is
    if document.said > SAID:
        what = f"{document.said - SAID:,} rows more could not be read as they stand"
        yield Problem("unreadable", name, "", what, REMEDY)
    document.speaks = "annotations" in document.arrays or document.adrift > 0
    if not document.speaks:
        yield Problem("note", name, "", "has no `annotations`", "Its images came in unlabelled")
    yield from seen(document)
    yield from tell_apart(document)
    yield from missing_categories(document)
    labels = {key: found.name for key, found in document.categories.items() if found.name is not None}
    names = {int(key): label for key, label in labels.items() if key.isdecimal()}
    images = {key: image.name for key, image in document.images.items() if image.row >= 0 and not image.others}
    parts = {found.name: found.said for found in document.categories.values() if found.name and found.said}
    yield Classes(name, dict(sorted(names.items())), ids=True, labels=labels, images=images, parts=parts)
    document.labels = [document.label(category) for category in document.order]
    yield from strangers(document)
    yield from _miscounted(document)
    for key, image in document.images.items():
        if image.row >= 0:
            yield from _claims(document, key, image, pictures, splits)


def _miscounted(document: Document) -> Iterator[Problem]:
    """Annotations that do not have the points that their category names: they are left out."""
    found = [document.categories.get(key) for key in document.order]
    said = [one.said if one is not None else {} for one in found]
    shapes = [document.shape.bound(document.shape.part_options(each)) if each else None for each in said]
    if not any(shapes):
        return
    for image in document.images.values():
        for row, at in zip(image.numbers[:: Boxes.COLUMNS], image.numbers[1 :: Boxes.COLUMNS], strict=True):
            shape = shapes[int(at)]
            if shape is not None and (why := shape.unfit(image.places[int(row)])):
                image.unfit.add(int(row))
                yield Problem("unreadable", document.file, f"annotations[{int(row)}]", why, REMEDY, image.name)


def _claims(
    document: Document, key: str, image: Listed, pictures: Pictures, splits: Splits
) -> Iterator[tuple[Record, bool] | Problem]:
    file = document.file
    count = len(image.numbers) // Boxes.COLUMNS
    if image.others:
        names = " and ".join(repr(name) for _, name in [(image.row, image.name), *image.others])
        what = f"the image id {key} is given to {names}"
        remedy = "What is labelled by it was left out; give each image its own id and import again"
        yield Problem("duplicate", file, f"images[{image.others[0][0]}]", what, remedy, image.name)
    width, height = _size(image)
    for at, (across, down) in image.masks.items():
        if (across, down) != (width, height):
            what = f"its mask is of {across} x {down} pixels, its image of {width} x {height}"
            yield Problem("unreadable", file, f"annotations[{at}]", what, REMEDY, image.name)
    stem = file.rpartition("/")[2].removesuffix(".json")
    for row, name in [(image.row, image.name), *image.others]:
        found = pictures.find(name, file, document=stem)
        if found.path is None and len(pictures):
            remedy = "Put the image beside its labels, under the name they give it"
            yield Problem("unknown", file, f"images[{row}]", found.why_not(name), remedy, name)
            continue
        path = found.path or as_path(name)
        split, split_from = splits.of(path, file, document=True)
        drafts = () if image.others else _drafts(document, image)
        lost = image.lost + count - len(drafts)
        if not count and not lost and document.adrift:
            lost = 1
        record = Record(
            path=path,
            present=found.path is not None,
            labelled=document.speaks,
            source=file,
            width=width,
            height=height,
            split=split,
            drafts=drafts,
            lost=max(lost, bool(image.others)),
            split_from=split_from,
        )
        yield record, found.exact


def _size(image: Listed) -> tuple[int | None, int | None]:
    """Width and height that the document states, or those of its masks where it states none."""
    stated = image.width, image.height
    return stated if all(stated) else next(iter(image.masks.values()), stated)


def _drafts(document: Document, image: Listed) -> Sequence[Draft]:
    """What is labelled on an image, but for labels that there are none of, masks of another image's size and others
    that do not fit."""
    labels, numbers, size = document.labels, image.numbers, _size(image)
    odd = image.masks or image.unfit
    if odd or (None in labels and any(labels[int(at)] is None for at in numbers[1 :: Boxes.COLUMNS])):
        rows = [numbers[start : start + Boxes.COLUMNS] for start in range(0, len(numbers), Boxes.COLUMNS)]
        kept = [row for row in rows if labels[int(row[1])] and image.masks.get(int(row[0]), size) == size]
        kept = [row for row in kept if int(row[0]) not in image.unfit]
        numbers = array("d", chain.from_iterable(kept))
    boxes = Boxes(labels, numbers)
    if not image.extra and not image.places and document.shape is DEFAULT:
        return boxes
    return tuple(
        replace(
            draft,
            kind=document.shape.kind,
            geometry=image.places.get(row, draft.geometry),
            attributes=image.extra.get(row, {}),
        )
        for row, draft in zip(map(int, numbers[:: Boxes.COLUMNS]), boxes, strict=True)
    )


def _seems(name: str, text: str) -> Seems | None:
    keys = (first_object(text) or {}).keys() if text.lstrip()[:1] in ("{", "[") else frozenset[str]()
    if {"annotations", "images"} <= keys:
        return Seems("COCO")
    return Seems("COCO results", "Send predictions with `lode predictions`") if keys >= RESULT else None


FORMAT = Format(
    "coco",
    "COCO",
    detect,
    read,
    tasks=_TASKS,
    holds="COCO file: a JSON document with images, annotations and categories",
    writer=Writer(
        "COCO files",
        frozenset({"box", "outline", "mask", "area", "iscrowd", "attributes", "metadata", *_POINTED}),
        write,
        lambda path, row: f"images/{row.split}/{path}",
    ),
    seems=_seems,
)
