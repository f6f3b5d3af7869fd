"""The rows of a COCO document, each put where it belongs: images, categories, and annotations by their numbers.

Of an annotation only the numbers of its box are kept, or its outline where a kind is asked for that has one. What is
wrong with a row is told, and as much of it kept as says what it means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from motherlode.formats.coco_document import Category, Document, Listed
from motherlode.formats.values import BadValue, flag, id_key, label_name, number, plain_attributes, shown, whole_number
from motherlode.masks import Mask, mask_bounds, mask_polygon, read_mask
from motherlode.shapes import BadRegion, Geometry, Shape

__all__ = ["ARRAYS", "REMEDY", "take"]

ARRAYS = ("images", "annotations", "categories")
REMEDY = "Mend the file and import again; the rest came in"
_PLAIN = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"})
_NUMBERS = frozenset({int, float})
_MOST = 1e300  # of a number that needs no closer look


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


def _take_annotations(document: Document, first: int, rows: Sequence[Any]) -> None:
    """Take annotations in their order: boxes that hold numbers alone, as most do, at once; others with a closer look.

    A value of another type than JSON's numbers, or out of bounds, is for the closer look to name.
    """
    images, order, used, most = document.images, document.order, document.used, _MOST
    outlines = 0
    for row, value in enumerate(rows, first):
        if type(value) is dict and value.keys() <= _PLAIN and "bbox" in value and not document.shape.outlined:
            key, category, bbox = value.get("image_id"), value.get("category_id"), value["bbox"]
            area, crowd = value.get("area", math.nan), value.get("iscrowd", 0)
            if (
                type(key) is type(category) is type(crowd) is int
                and type(bbox) is list
                and len(bbox) == 4
                and _NUMBERS.issuperset(map(type, bbox))
                and -most < min(bbox)
                and max(bbox) < most
                and abs(sum(bbox)) < most  # where one is nan, this is
                and type(area) in _NUMBERS
                and not (area < 0 or area >= most)
                and 0 <= crowd <= 1
            ):
                image = images.get(str(key))
                if image is None:
                    image = images[str(key)] = Listed()
                category = str(category)
                used[category] += 1
                outlines += bool(value.get("segmentation"))
                image.numbers.extend((row, order.setdefault(category, len(order)), *bbox, area, crowd))
                continue
        _take_row(document, "annotations", row, value)
    document.seen["outlines"] += outlines


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
