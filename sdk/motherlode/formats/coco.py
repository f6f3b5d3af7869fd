"""COCO: one JSON document with `images`, `annotations` and `categories`, alone or beside its images.

The document is read as a stream, once, whatever the order of its parts; of each annotation only the numbers of its box
are kept in memory, or its outline where a kind is asked for that has one: rings, or a mask as a run-length code, which
becomes the outline along the edges of its pixels. `bbox` is x, y, width, height in pixels, else the box around the
outline; `iscrowd` and `area` stay with the region, since scores depend on them. Ids are one whether they are written as
1, 1.0 or "1".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from motherlode.errors import BadInput
from motherlode.formats.claims import Pictures, as_path, decide
from motherlode.formats.coco_document import (
    COLUMNS,
    Category,
    Document,
    Listed,
    missing_categories,
    seen,
    strangers,
    tell_apart,
)
from motherlode.formats.coco_writing import write
from motherlode.formats.format import Format
from motherlode.formats.json_stream import BadJson, Stream, parts
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above
from motherlode.formats.splits import Splits
from motherlode.formats.values import (
    BadValue,
    flag,
    id_key,
    label_name,
    number,
    open_text,
    plain_attributes,
    shown,
    whole_number,
)
from motherlode.formats.writing import Writer
from motherlode.masks import Mask, mask_bounds, mask_polygon, read_mask
from motherlode.shapes import DEFAULT, SHAPES, BadRegion, Geometry, Shape

__all__ = ["FORMAT", "documents", "read"]

REMEDY = "Mend the file and import again; the rest came in"
BROKEN = "None of its labels came in; mend the file and import again"
SAID = 200  # problems of rows that are told one by one for a document; the rest is counted
_TWINS = re.compile(r"((?:^|/))(?:captions|person_keypoints|panoptic|stuff)_(?=[^/]*\Z)")
_TASKS = (DEFAULT.task, *(shape.task for shape in SHAPES.values() if shape.outlined))
_PLAIN = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"})
_NUMBERS = frozenset({int, float})
_MOST = 1e300  # of a number that needs no closer look
_ARRAYS = ("images", "annotations", "categories")


def documents(files: Files) -> tuple[list[str], list[str]]:
    """The names of the COCO documents to read, and of those left aside.

    COCO publishes captions and keypoints of the images of an `instances_X.json` beside it, as `captions_X.json`.
    """
    found = [name for name in files.names() if name.lower().endswith(".json") and _is_document(files, name)]
    aside = [name for name in found if (twin := _TWINS.sub(r"\1instances_", name)) != name and twin in found]
    return [name for name in found if name not in aside], aside


def _is_document(files: Files, name: str) -> bool:
    """Whether the file is an object with one of COCO's arrays, wherever it stands; it may break off behind it."""
    try:
        with files.open(name) as stream:
            return _has_array(Stream(open_text(stream)))
    except (OSError, BadInput):
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
        elif key in _ARRAYS:
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

    Annotations come in as boxes, or by their outlines as a `shape` that is made of such.
    """
    pictures = Pictures(files.names(), folders_above(files))
    chosen, aside = documents(files)
    for name in aside:
        what = "speaks of the images of the instances beside it"
        yield Problem("note", name, "", what, "It was left aside, the instances were read")
    splits = Splits(files, pictures)
    yield from splits.problems
    claims: list[tuple[Record, bool]] = []
    for name in chosen:
        for found in _read_document(files, name, shape, pictures, splits):
            if isinstance(found, tuple):
                claims.append(found)
            else:
                yield found
    spoken = set()
    for decided in decide(claims):
        if isinstance(decided, Record):
            spoken.add(decided.path)
        yield decided
    for image in pictures.images:
        if image not in spoken:
            split, split_from = splits.of(image)
            yield Record(path=image, present=True, labelled=False, split=split, split_from=split_from)


def _read_document(
    files: Files, name: str, shape: Shape, pictures: Pictures, splits: Splits
) -> Iterator[tuple[Record, bool] | Problem | Classes]:
    document = Document(name, shape)
    try:
        with files.open(name) as stream:
            for key, row, value in parts(open_text(stream), document.arrays):
                _take(document, key, row, value)
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
    yield Classes(name, dict(sorted(names.items())), ids=True, labels=labels, images=images)
    document.labels = [document.label(category) for category in document.order]
    yield from strangers(document)
    for key, image in document.images.items():
        if image.row >= 0:
            yield from _claims(document, key, image, pictures, splits)


# what a document holds


def _take(document: Document, key: str, row: int, value: Any) -> None:
    """Put one element of the document where it belongs, and what is wrong with it among the problems."""
    if key not in _ARRAYS:
        return
    place = f"{key}[{row}]" if row >= 0 else key
    if row < 0:
        document.adrift += key == "annotations"
        document.say("unreadable", place, "is not a list", REMEDY)
        return
    if not isinstance(value, dict):
        document.adrift += key == "annotations"
        document.say("unreadable", place, "is not an object", REMEDY)
        return
    try:
        if key == "images":
            _take_image(document, place, row, value)
        elif key == "categories":
            _take_category(document, place, row, value)
        elif not _took_plain(document, row, value):
            _take_annotation(document, place, row, value)
    except KeyError as error:
        document.say("unreadable", place, f"has no {error}", REMEDY)
    except BadValue as error:
        document.say("unreadable", place, f"cannot be read ({error})", REMEDY)


def _take_image(document: Document, place: str, row: int, value: dict[str, Any]) -> None:
    key, name = id_key(value["id"]), value["file_name"]
    if not isinstance(name, str) or not name.strip():
        raise BadValue(f"file_name {shown(name)} is not a name")
    sides: dict[str, int | None] = {"width": None, "height": None}
    for side in sides:
        stated = value.get(side)
        if stated not in (None, 0, ""):
            try:
                sides[side] = whole_number(stated)
            except BadValue as error:
                document.say("note", place, f"its {side} cannot be read ({error})", "It was passed over")
    image = document.images.setdefault(key, Listed())
    if image.row < 0:
        image.row, image.name, image.width, image.height = row, name, sides["width"], sides["height"]
    elif image.name != name:
        image.others.append((row, name))


def _take_category(document: Document, place: str, row: int, value: dict[str, Any]) -> None:
    key = id_key(value["id"])
    there = document.categories.get(key)
    try:
        name: str | None = label_name(value["name"])
    except BadValue as error:
        name = None
        remedy = "Its labels were left out; mend the name and import again"
        document.say("unreadable", place, str(error), remedy)
    if there is not None:
        if there.name != name:
            what = f"the category id {key} is {there.name!r} in categories[{there.row}] and {name!r} here"
            document.categories[key] = Category(there.row, None, there.group)
            remedy = "Labels of this id were left out; give each category its own id and import again"
            document.say("duplicate", place, what, remedy)
        return
    group = value.get("supercategory")
    document.categories[key] = Category(row, name, str(group).strip() if isinstance(group, str) else "")


def _took_plain(document: Document, row: int, value: dict[str, Any]) -> bool:
    """Take an annotation of a box that holds numbers alone, as most do; False for any that needs a closer look."""
    bbox, area, crowd = value.get("bbox"), value.get("area", math.nan), value.get("iscrowd", 0)
    key, category = value.get("image_id"), value.get("category_id")
    if type(key) is not int or type(category) is not int or type(crowd) is not int or type(bbox) is not list:
        return False
    if len(bbox) != 4 or crowd not in (0, 1) or document.shape.outlined or not value.keys() <= _PLAIN:
        return False
    if not all(type(side) in _NUMBERS and -_MOST < side < _MOST for side in bbox) or value.get("segmentation"):
        return False
    if type(area) not in _NUMBERS or area < 0 or area >= _MOST:
        return False
    found, name = document.images.get(str(key)), str(category)
    if found is None:
        found = document.images.setdefault(str(key), Listed())
    at = document.order.setdefault(name, len(document.order))
    document.used[name] += 1
    found.numbers.extend((row, at, *bbox, area, crowd))
    return True


def _take_annotation(document: Document, place: str, row: int, value: dict[str, Any]) -> None:
    try:
        image = document.images.setdefault(id_key(value["image_id"]), Listed())
    except (KeyError, BadValue):
        document.adrift += 1
        raise
    image.lost += 1  # until all of it that matters is read
    for key, what in (("keypoints", "keypoints"), ("segmentation", "outlines")):
        if value.get(key):
            document.seen[what] += 1
    for key, what in (("caption", "captions"), ("segments_info", "panoptic segments")):
        if not value.get("bbox") and key in value:
            document.seen[what] += 1
            segments = value[key]
            image.lost += max(0, len(segments) - 1) if isinstance(segments, list) else 0
            return
    outline, mask = _outline(value, document.shape) if document.shape.outlined else (None, None)
    x, y, width, height = _box(value) if outline is None else (0.0, 0.0, 0.0, 0.0)
    category = id_key(value["category_id"])
    area = math.nan
    if value.get("area") is not None:
        try:
            area = number(value["area"])
            if area < 0:
                raise BadValue(f"{area:g} is below 0")
        except BadValue as error:
            area = math.nan
            document.say("note", place, f"its area cannot be read ({error})", f"The {document.shape.noun}'s own counts")
    try:
        crowd = flag(value.get("iscrowd"))
    except BadValue as error:
        crowd = False
        document.say("note", place, f"its iscrowd {error}", "It was taken as no crowd")
    attributes, bad = plain_attributes(value["attributes"]) if "attributes" in value else ({}, "")
    if bad:
        document.say("note", place, bad, f"The {document.shape.noun} came in without them")
    at = document.order.setdefault(category, len(document.order))
    document.used[category] += 1
    image.numbers.extend((row, at, x, y, width, height, area, 1.0 if crowd else 0.0))
    if attributes:
        image.extra[row] = attributes
    if outline is not None:
        image.outlines[row] = outline
    if mask is not None:
        image.masks[row] = mask.width, mask.height
    image.lost -= 1


def _box(value: dict[str, Any]) -> tuple[float, float, float, float]:
    """x, y, width, height of an annotation: its bbox, else the box around its outline. Raises `BadValue`, KeyError."""
    bbox = value.get("bbox")
    if bbox is not None and bbox != []:
        if not isinstance(bbox, list) or len(bbox) != 4:
            raise BadValue(f"its bbox {shown(bbox)} is not four numbers")
        x, y, width, height = map(number, bbox)
        return x, y, width, height
    if (mask := _mask(value)) is not None:
        x1, y1, x2, y2 = mask_bounds(mask) or (0.0, 0.0, 0.0, 0.0)
        return x1, y1, x2 - x1, y2 - y1
    rings = _rings(value)
    if not rings:
        raise BadValue("it has no bbox and no outline")
    if any(len(ring) < 6 or len(ring) % 2 for ring in rings):
        raise BadValue("it has no bbox, and its outline is not a list of points")
    across = [number(n) for ring in rings for n in ring[::2]]
    down = [number(n) for ring in rings for n in ring[1::2]]
    return min(across), min(down), max(across) - min(across), max(down) - min(down)


def _rings(value: dict[str, Any]) -> list[list[Any]]:
    """The rings of an annotation's outline, a single one with or without a list around it; none where it has none."""
    outline = value.get("segmentation")
    rings = outline if isinstance(outline, list) else []
    rings = rings if rings and all(isinstance(ring, list) for ring in rings) else [rings]
    return rings if any(rings) else []


def _mask(value: dict[str, Any]) -> Mask | None:
    """The mask that an annotation's outline is as a run-length code; None where it is none. Raises `BadValue`."""
    code = value.get("segmentation")
    if not isinstance(code, dict):
        return None
    try:
        return read_mask(code)
    except BadRegion as error:
        raise BadValue(f"its mask: {error}") from None


def _outline(value: dict[str, Any], shape: Shape) -> tuple[Geometry, Mask | None]:
    """The geometry that an annotation's outline is, and the mask that it was. Raises `BadValue`."""
    if (mask := _mask(value)) is not None:
        try:
            return shape.from_parts(mask_polygon(mask)), mask
        except BadRegion as error:
            raise BadValue(str(error)) from None
    rings = _rings(value)
    if not rings:
        raise BadValue("it has no outline")
    if any(len(ring) < 6 or len(ring) % 2 for ring in rings):
        raise BadValue("its outline is not a list of points")
    numbers = [[number(n) for n in ring] for ring in rings]
    return shape.from_parts([[list(zip(ring[::2], ring[1::2], strict=True))] for ring in numbers]), None


# its images


def _claims(
    document: Document, key: str, image: Listed, pictures: Pictures, splits: Splits
) -> Iterator[tuple[Record, bool] | Problem]:
    file = document.file
    count = len(image.numbers) // COLUMNS
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
        drafts = () if image.others else tuple(_drafts(document, image))
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


def _drafts(document: Document, image: Listed) -> Iterator[Draft]:
    numbers, size = image.numbers, _size(image)
    for start in range(0, len(numbers), COLUMNS):
        row, category, x, y, width, height, area, crowd = numbers[start : start + COLUMNS]
        label = document.labels[int(category)]
        if label is None or image.masks.get(int(row), size) != size:
            continue
        yield Draft(
            label=label,
            geometry=image.outlines.get(int(row), (x, y, x + width, y + height)),
            type=document.shape.kind,
            area=None if math.isnan(area) else area,
            iscrowd=bool(crowd),
            attributes=image.extra.get(int(row), {}),
            row=f"annotations[{int(row)}]",
        )


FORMAT = Format(
    "coco",
    "COCO",
    detect,
    read,
    tasks=_TASKS,
    holds="COCO file: a JSON document with images, annotations and categories",
    writer=Writer(
        "COCO files",
        frozenset({"box", "outline", "mask", "area", "iscrowd", "attributes"}),
        write,
        lambda path, row: f"images/{row.split}/{path}",
    ),
)
