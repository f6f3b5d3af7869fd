"""LabelMe: one JSON an image, in pixels of the upright image; as LabelMe 3 to 5 and tools after it write it.

A circle is an ellipse, a line or linestrip a polyline, a point a keypoint. Polygons of one label and one `group_id` are
the parts of one object. A flag of the image that is set is a class of it; flags and other marks of a shape are
attributes. `labels.txt`, with which LabelMe is started, numbers the classes.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Any

from motherlode.formats.claims import Pictures, as_path, own_or_named
from motherlode.formats.format import Format, Seems
from motherlode.formats.json_stream import first_object
from motherlode.formats.labelme_writing import BACKGROUND, IGNORED, LABELS, WRITER
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, read_text
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import BadValue, flag, label_name, number, plain_attributes, shown, whole_number
from motherlode.masks import Mask, boxed_mask
from motherlode.shapes import SHAPES, BadRegion
from motherlode.shapes.shape import Point

__all__ = ["FORMAT", "detect", "read"]

REMEDY = "Mend the file and import again; the rest came in"
LOOKED_AT = 50  # JSON files that are looked at to recognise the format
SIGNS = {"shapes", "imagePath"}
WITHIN = "hold their image within (imageData) and not beside them"
_SIGN = re.compile(r'"(?:shapes|imagePath)"\s*:')


def detect(files: Files) -> bool:
    """Whether one of the JSON files is LabelMe's."""
    names = [name for name in files.names() if name.lower().endswith(".json")]
    return any(_is_labelme(files, name) for name in names[:LOOKED_AT])


def _is_labelme(files: Files, name: str) -> bool:
    try:
        return _seems(name, read_text(files, name)) is not None
    except (OSError, ValueError, RecursionError):
        return False


def _seems(name: str, text: str) -> Seems | None:
    if not name.lower().endswith(".json") or not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    first = first_object(text)
    return Seems("LabelMe") if first is not None and first.keys() >= SIGNS else None


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record a JSON file of LabelMe's, then one unlabelled record an image that none speaks of."""
    names = files.names()
    pictures = Pictures(names, folders_above(files))
    splits = Splits(files, pictures)
    yield from splits.problems
    yield from _classes(files, names)
    notes: Counter[str] = Counter()
    own = (name for name in names if name.lower().endswith(".json"))
    found = (one for name in own for one in _read_file(files, name, pictures, splits, notes))
    yield from decided(found, pictures, splits)
    for what, count in sorted(notes.items()):
        remedy = "Save the images beside their files and import again" if what == WITHIN else "The rest came in"
        yield Problem("note", "", "", f"{count:,} {'files ' if what == WITHIN else ''}{what}", remedy)


def _classes(files: Files, names: Sequence[str]) -> Iterator[Classes | Problem]:
    """The classes that a `labels.txt` lists, one a line, behind `__ignore__` and `_background_`."""
    for name in names:
        if name.rpartition("/")[2].lower() != LABELS:
            continue
        try:
            lines = [line.strip() for line in read_text(files, name).splitlines()]
            listed = [label_name(line) for line in lines if line and line not in (IGNORED, BACKGROUND)]
        except (OSError, ValueError) as error:
            yield Problem("unreadable", name, "", f"cannot be read ({error})", "Classes are numbered without it")
            continue
        twice = [label for label, count in Counter(listed).items() if count > 1]
        if twice:
            what = f"it lists {', '.join(map(repr, twice[:3]))} more than once"
            yield Problem("duplicate", name, "", what, "The first place counts")
        yield Classes(name, {at: label for at, label in enumerate(listed) if listed.index(label) == at})


def _read_file(
    files: Files, name: str, pictures: Pictures, splits: Splits, notes: Counter[str]
) -> Iterator[tuple[Record, bool] | Problem]:
    """The record of one file with whether it claims its image exactly, and what could not be read of it."""
    stem = os.path.splitext(name.rpartition("/")[2])[0]
    text = ""
    try:
        text = read_text(files, name)
        said = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        if text and not _SIGN.search(text):
            return  # of no format that is known here; it is named among what was not taken
        own = pictures.find(stem, name)
        yield Problem("unreadable", name, "", f"is not JSON that can be read ({error!s:.200})", REMEDY, own.path or "")
        if own.path is not None:
            split, split_from = splits.of(own.path, name)
            yield Record(own.path, True, True, name, split=split, lost=1, split_from=split_from), own.exact
        return
    if not isinstance(said, dict) or not said.keys() & SIGNS:
        return
    claimed = said.get("imagePath")
    claimed = claimed.strip() if isinstance(claimed, str) else ""
    found, problem = own_or_named(stem, claimed, name, pictures, "imagePath")
    if found.path is None and said.get("imageData"):
        notes[WITHIN] += 1
    if problem is not None:
        yield problem
    if found.path is None and len(pictures):
        return
    path = found.path or (as_path(claimed) if claimed else "") or f"{stem}.jpg"
    width, height = _size(said, "imageWidth"), _size(said, "imageHeight")
    drafts, problems = _drafts(said, name, path, (width, height), notes)
    yield from problems
    split, split_from = splits.of(path, name)
    lost = sum(problem.kind == "unreadable" for problem in problems)
    record = Record(path, found.path is not None, True, name, width, height, split, tuple(drafts), lost=lost)
    yield replace(record, split_from=split_from), found.exact


def _size(said: Mapping[str, Any], side: str) -> int | None:
    try:
        value = whole_number(said.get(side) or 0)
    except BadValue:
        return None
    return value if value > 0 else None


def _drafts(
    said: Mapping[str, Any], file: str, path: str, size: tuple[int | None, int | None], notes: Counter[str]
) -> tuple[list[Draft], list[Problem]]:
    """The labels of one file; each that cannot be read is a problem that is unreadable."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    try:
        drafts += [Draft(label, kind="choice", row="flags") for label in _set(said.get("flags"))]
    except BadValue as error:
        problems.append(Problem("unreadable", file, "flags", str(error), REMEDY, path))
    shapes = said.get("shapes")
    if not isinstance(shapes, list):
        what = f"`shapes` is {shown(shapes)}, not a list"
        problems.append(Problem("unreadable", file, "shapes", what, REMEDY, path))
        shapes = []
    for at, shape in enumerate(shapes):
        row = f"shapes[{at}]"
        try:
            drafts += _shape(shape, row, size, notes)
        except (BadRegion, BadValue, OverflowError) as error:
            problems.append(Problem("unreadable", file, row, str(error), REMEDY, path))
            continue
        _, wrong = _attributes(shape)
        if wrong:
            problems.append(Problem("note", file, row, wrong, "They were left out", path))
    return _joined(drafts), problems


def _set(flags: Any) -> list[str]:
    """The flags of an image that are set, as names of classes."""
    if flags is None or flags == []:
        return []
    if not isinstance(flags, dict):
        raise BadValue(f"its flags {shown(flags)} are not an object")
    return [label_name(name) for name, value in flags.items() if flag(value)]


def _shape(shape: Any, row: str, size: tuple[int | None, int | None], notes: Counter[str]) -> list[Draft]:
    """The regions of one shape. Raises `BadRegion` or `BadValue`."""
    if not isinstance(shape, dict):
        raise BadRegion(f"it is {shown(shape)}, not an object")
    label = label_name(shape.get("label"))
    points = _points(shape.get("points"))
    attributes, _ = _attributes(shape)
    kind = shape.get("shape_type") or "polygon"  # LabelMe before 3.3 knew no other and did not say it
    places: list[tuple[str, Any]]
    if kind == "mask":
        places = [("mask", _mask(shape.get("mask"), points, size))]
    elif kind == "points":
        places = [("keypoint", point) for point in points]
        notes["shapes of several points came in as one keypoint for each"] += len(points) > 1
    else:
        places = [_place(kind, points)]
    try:
        difficult = flag(shape.get("difficult"))
    except BadValue:
        difficult = False
    if not places:
        raise BadRegion(f"the {kind} has no points")
    return [Draft(label, place, one, difficult=difficult, attributes=attributes, row=row) for one, place in places]


def _points(value: Any) -> list[Point]:
    if not isinstance(value, list):
        raise BadRegion(f"its points are {shown(value)}, not a list")
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            raise BadRegion(f"its point {shown(point)} is not two numbers")
        points.append((number(point[0]), number(point[1])))
    return points


def _place(kind: Any, points: Sequence[Point]) -> tuple[str, Any]:
    """The kind and geometry of a shape by its points. Raises `BadRegion`."""
    if kind == "rectangle":
        return "box", _box(points)
    if kind == "circle":
        if len(points) != 2:
            raise BadRegion(f"a circle is its centre and a point on it, not {len(points)} points")
        radius = math.dist(*points)
        return "ellipse", SHAPES["ellipse"].from_json((*points[0], radius, radius, 0.0))
    if kind in ("line", "linestrip"):
        return "polyline", SHAPES["polyline"].from_json(points)
    if kind == "point":
        if len(points) != 1:
            raise BadRegion(f"a point is one, not {len(points)}")
        return "keypoint", points[0]
    if kind == "polygon":
        return "polygon", SHAPES["polygon"].from_parts([[points]])
    raise BadRegion(f"{shown(kind)} is not a shape_type of LabelMe that is read")


def _box(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """The box of two opposite corners in any order, or of the four corners that some tools write."""
    across, down = ({point[axis] for point in points} for axis in (0, 1))
    if len(points) != 2 and not (len(points) == 4 and len(across) == len(down) == 2):
        raise BadRegion(f"a rectangle is two opposite corners, not {len(points)} points")
    return (min(across), min(down), max(across), max(down))


def _mask(code: Any, points: Sequence[Point], size: tuple[int | None, int | None]) -> Mask:
    """The mask that a PNG shows of the box between two pixels, both in it."""
    from PIL import Image

    width, height = size
    if width is None or height is None:
        raise BadRegion("its image states no size, which a mask needs")
    if len(points) != 2:
        raise BadRegion(f"a mask lies between two points, not {len(points)}")
    left, top, right, bottom = (whole_number(value) for point in points for value in point)
    box = (left, top, right - left + 1, bottom - top + 1)
    try:
        data = base64.b64decode(code if isinstance(code, str) else "", validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != box[2:]:
                raise BadRegion(f"its mask is of {picture.size} pixels, its points say {box[2:]}")
            if box[2] > width or box[3] > height:
                raise BadRegion(f"its mask is larger than the {width} x {height} image")
            pixels = picture.convert("L").tobytes()
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, BadRegion):
            raise
        raise BadRegion("its mask is not a PNG in base64") from None
    runs = [(value, sum(1 for _ in run)) for value, run in groupby(map(bool, pixels))]
    counts = [count for _, count in runs]
    return boxed_mask([0, *counts] if runs[0][0] else counts, box, width, height)


def _attributes(shape: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What a shape says beside its place, and what of it cannot be kept ("" where all can)."""
    found, wrong = plain_attributes(shape.get("attributes"))
    flags, wrong_flags = plain_attributes(shape.get("flags"))
    for name, value in flags.items():
        with suppress(BadValue):
            found[name] = flag(value)
    if shape.get("group_id") is not None:
        try:
            found["group_id"] = whole_number(shape["group_id"])
        except BadValue:
            wrong = wrong or f"its group_id {shown(shape['group_id'])} is not a whole number"
    text = shape.get("description")
    if isinstance(text, str) and text.strip():
        kept, odd = plain_attributes({"description": text})
        found |= kept
        wrong = wrong or odd
    return found, wrong or wrong_flags


def _joined(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, polygons of one label and one `group_id` as one object of several parts, which needs no id then."""
    users = Counter(str(draft.attributes.get("group_id")) for draft in drafts)
    parts: dict[tuple[str, Any], list[Draft]] = {}
    for draft in drafts:
        if (group := _group(draft)) is not None:
            parts.setdefault((draft.label, group), []).append(draft)
    found: list[Draft] = []
    for draft in drafts:
        group = _group(draft)
        same = parts.get((draft.label, group), [])
        if len(same) < 2:
            found.append(draft)
        elif draft is same[0]:
            rings = [ring for one in same for ring in one.geometry]
            attributes = {name: value for one in reversed(same) for name, value in one.attributes.items()}
            if users[str(group)] == len(same):
                attributes.pop("group_id")
            difficult = any(one.difficult for one in same)
            geometry = SHAPES["polygon"].from_parts(rings)
            found.append(replace(draft, geometry=geometry, attributes=attributes, difficult=difficult))
    return found


def _group(draft: Draft) -> int | None:
    """The `group_id` of a polygon, which joins it with others."""
    group = draft.attributes.get("group_id")
    return group if draft.kind == "polygon" and type(group) is int else None


FORMAT = Format("labelme", "LabelMe", detect, read, holds="JSON of LabelMe", writer=WRITER, seems=_seems)
