"""The rows of a COCO document, each put where it belongs: images, categories, and annotations by their numbers.

Of an annotation only the numbers of its box are kept, or its outline or its keypoints where a kind is asked for that is
made of these. What is
wrong with a row is told, and as much of it kept as says what it means.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Any, NamedTuple

from motherlode.formats.coco_document import BARE, Category, Document, Listed
from motherlode.formats.source import Boxes
from motherlode.formats.values import BadValue, flag, id_key, label_name, number, plain_attributes, shown, whole_number
from motherlode.masks import Mask, mask_bounds, read_mask
from motherlode.shapes import DEFAULT, BadRegion, Geometry, Shape

__all__ = ["ARRAYS", "REMEDY", "take"]

ARRAYS = ("images", "annotations", "categories")
REMEDY = "Mend the file and import again; the rest came in"
_PLAIN = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"})
_NUMBERS = frozenset({int, float})
AT_ONCE = 500  # annotations that are looked at together
_MOST = 1e300  # of a number that needs no closer look
_WIDEST = 1 << 31  # of a side that needs none


def take(document: Document, key: str, first: int, elements: Sequence[Any]) -> None:
    """Take elements of one of the document's arrays, from the position `first` (-1: its value is not an array).

    What is wrong with them is put among the document's problems.
    """
    if key not in ARRAYS:
        return
    if first < 0:
        document.adrift += key == "annotations"
        document.say("unreadable", key, "is not a list", REMEDY)
    elif key == "annotations":
        _take_annotations(document, first, elements)
    else:
        for row, value in enumerate(elements, first):
            if key != "images" or not _take_plain_image(document, row, value):
                _take_row(document, key, row, value)


def _take_row(document: Document, key: str, row: int, value: Any) -> None:
    """Put one element of an array where it belongs, and what is wrong with it among the problems."""
    place = f"{key}[{row}]"
    if not isinstance(value, dict):
        document.adrift += key == "annotations"
        document.say("unreadable", place, "is not an object", REMEDY)
        return
    try:
        if key == "images":
            _take_image(document, place, row, value)
        elif key == "categories":
            _take_category(document, place, row, value)
        else:
            _take_annotation(document, place, row, value)
    except KeyError as error:
        document.say("unreadable", place, f"has no {error}", REMEDY)
    except BadValue as error:
        document.say("unreadable", place, f"cannot be read ({error})", REMEDY)


def _take_plain_image(document: Document, row: int, value: Any) -> bool:
    """Take an image whose id and sides are whole numbers, as most are; False where it needs a closer look."""
    if type(value) is not dict:
        return False
    image_id, name, width, height = value.get("id"), value.get("file_name"), value.get("width"), value.get("height")
    if not (type(image_id) is type(width) is type(height) is int and 0 < width < _WIDEST and 0 < height < _WIDEST):
        return False
    if type(name) is not str or not name or name.isspace():
        return False
    key = str(image_id)
    image = document.images.get(key)
    if image is None:
        document.images[key] = Listed(row, name, width, height)
    elif image.row < 0:
        image.row, image.name, image.width, image.height = row, name, width, height
    else:
        return False
    return True


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
            document.categories[key] = replace(there, name=None)
            remedy = "Labels of this id were left out; give each category its own id and import again"
            document.say("duplicate", place, what, remedy)
        return
    said: dict[str, str] = {}
    if document.shape.pointed and name is not None:
        try:
            said = _points(value, document.shape)
        except ValueError as error:
            name = None
            remedy = "Its labels were left out; mend the category and import again"
            document.say("unreadable", place, f"its keypoints cannot be taken: {error}", remedy)
    group = value.get("supercategory")
    document.categories[key] = Category(row, name, str(group).strip() if isinstance(group, str) else "", said)


def _points(category: dict[str, Any], shape: Shape) -> dict[str, str]:
    """What a category's element says of its points and edges, which COCO numbers from 1. Raises ValueError."""
    names, skeleton = category.get("keypoints"), category.get("skeleton") or []
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError("it names none")
    if not isinstance(skeleton, list) or not all(isinstance(edge, list) and len(edge) == 2 for edge in skeleton):
        raise ValueError(f"its skeleton {shown(skeleton)} is not a list of pairs")
    edges: dict[frozenset[int], tuple[int, int]] = {}
    for one, two in skeleton:
        edge = (whole_number(one) - 1, whole_number(two) - 1)
        edges.setdefault(frozenset(edge), edge)
    return shape.part_of_points([name.strip() for name in names], [*edges.values()])


def _take_annotations(document: Document, first: int, rows: Sequence[Any]) -> None:
    """Take annotations in their order, many at once where all hold numbers alone, as most do."""
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        columns = _columns(some) if document.shape is DEFAULT else None
        if columns is not None:
            _put(document, first + start, some, columns)
            continue
        for row, value in enumerate(some, first + start):
            _take_row(document, "annotations", row, value)


class _Columns(NamedTuple):
    """Annotations as columns; of their boxes four numbers each."""

    images: list[int]
    categories: list[int]
    boxes: list[float]
    areas: list[float]
    crowds: list[int]


def _columns(rows: Sequence[Any]) -> _Columns | None:
    """Annotations that hold numbers alone; None where any of them needs a closer look.

    A value of another type than JSON's numbers, or out of bounds, is for the closer look to name.
    """
    if {*map(type, rows)} != {dict} or not _PLAIN.issuperset(set().union(*rows)):
        return None
    try:
        images, categories = [row["image_id"] for row in rows], [row["category_id"] for row in rows]
        bboxes = [row["bbox"] for row in rows]
    except KeyError:
        return None
    crowds = [row.get("iscrowd", 0) for row in rows]
    areas = [row.get("area", math.nan) for row in rows]
    if {*map(type, images), *map(type, categories), *map(type, crowds)} != {int}:
        return None
    if {*map(type, bboxes)} != {list} or {*map(len, bboxes)} != {4}:
        return None
    boxes = list(chain.from_iterable(bboxes))
    if not _NUMBERS.issuperset(map(type, chain(boxes, areas))):
        return None
    # where one is nan, the sum is
    if not (min(boxes) > -_MOST and max(boxes) < _MOST and abs(sum(boxes)) < _MOST):
        return None
    if min(crowds) < 0 or max(crowds) > 1 or any(area < 0 or area >= _MOST for area in areas):
        return None
    return _Columns(images, categories, boxes, areas, crowds)


def _put(document: Document, first: int, rows: Sequence[dict[str, Any]], columns: _Columns) -> None:
    """Put annotations, the first of which stands at `first`, among the numbers of their images."""
    images, order, boxes = document.images, document.order, columns.boxes
    place_of: dict[int, int] = {}
    for category, times in Counter(columns.categories).items():
        place_of[category] = order.setdefault(str(category), len(order))
        document.used[str(category)] += times
    places = [place_of[category] for category in columns.categories]
    document.seen["outlines"] += sum(1 for row in rows if row.get("segmentation"))
    lines = zip(
        *(range(first, first + len(rows)), places, boxes[::4], boxes[1::4], boxes[2::4], boxes[3::4]),
        *(columns.areas, columns.crowds),
        strict=True,
    )
    numbers, start = array("d", chain.from_iterable(lines)), 0
    for named, run in groupby(columns.images):  # those of an image mostly stand together
        end = start + Boxes.COLUMNS * len([*run])
        image = images.get(key := str(named))
        if image is None:
            image = images[key] = Listed()
        image.numbers.extend(numbers[start:end])
        start = end


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
    if document.shape.pointed and not _labelled(value):
        document.seen[BARE] += 1
        return
    found, mask = _place(value, document.shape)
    x, y, width, height = _box(value) if found is None else (0.0, 0.0, 0.0, 0.0)
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
    if found is not None:
        image.places[row] = found
    if mask is not None:
        image.masks[row] = mask.width, mask.height
    image.lost -= 1


def _labelled(value: dict[str, Any]) -> bool:
    """Whether an annotation has a keypoint that is labelled, as far as can be seen."""
    keypoints = value.get("keypoints")
    odd = not isinstance(keypoints, list) or len(keypoints) % 3
    return keypoints is not None and bool(odd or any(keypoints[2::3]))


def _place(value: dict[str, Any], shape: Shape) -> tuple[Geometry | None, Mask | None]:
    """The geometry of an annotation as a kind other than boxes, and the mask that it was. Raises `BadValue`."""
    if shape.segmented:
        return _outline(value, shape)
    if not shape.pointed:
        return None, None
    keypoints = value["keypoints"]
    if not isinstance(keypoints, list) or len(keypoints) % 3:
        raise BadValue(f"its keypoints {shown(keypoints)} are not three numbers each")
    numbers = [number(each) for each in keypoints]
    try:
        return shape.from_points([*zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)]), None
    except BadRegion as error:
        raise BadValue(str(error)) from None


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
            return shape.from_mask(mask), mask
        except BadRegion as error:
            raise BadValue(str(error)) from None
    rings = _rings(value)
    if not rings:
        raise BadValue("it has no outline")
    if not shape.outlined:
        raise BadValue(f"its outline is of polygons, which are not read as {shape.task}")
    if any(len(ring) < 6 or len(ring) % 2 for ring in rings):
        raise BadValue("its outline is not a list of points")
    numbers = [[number(n) for n in ring] for ring in rings]
    return shape.from_parts([[list(zip(ring[::2], ring[1::2], strict=True))] for ring in numbers]), None
