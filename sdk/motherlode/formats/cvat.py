"""CVAT for images 1.1: one XML of many images, in pixels.

What an element is, its kind says (`Shape.element`). A mark or attribute of an element becomes an attribute of its
region: `occluded`, `group_id`, `z_order`, and what the task asks of it. Tracks are CVAT for video, and are refused by
name, as cuboids are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers import expat

from motherlode.formats.claims import Pictures, as_path
from motherlode.formats.cvat_writing import WRITER
from motherlode.formats.format import Format, Seems
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, read_text
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import BadValue, flag, label_name, whole_number
from motherlode.media import Image
from motherlode.shapes import SHAPES, BadRegion, Shape
from motherlode.xml_text import parse_xml, root_of

__all__ = ["FORMAT", "detect", "read"]

REMEDY = "It was left out; mend it and import again"
LOOKED_AT = 50  # XML files that are looked at to recognise the format
ELEMENTS = {shape.element: shape for shape in SHAPES.values() if shape.element and not shape.variant_of}
OTHERS = {"cuboid": "a cuboid", "track": "a track of a video"}
NUMBERED = ("group_id", "z_order")  # marks that say nothing where they are 0
_ROOT = re.compile(r"<annotations[\s>/]")
_NODE = re.compile(r"<circle\b[^>]*>")
_EDGE = re.compile(r"<line\b[^>]*>")
_SAID = re.compile(r'([\w-]+)\s*=\s*"([^"]*)"')


def detect(files: Files) -> bool:
    """Whether one of the XML files is CVAT's."""
    names = [name for name in files.names() if name.lower().endswith(".xml")]
    return any(_is_cvat(files, name) for name in names[:LOOKED_AT])


def _is_cvat(files: Files, name: str) -> bool:
    try:
        with files.open(name) as stream:
            head = stream.read(1 << 16)
    except OSError:
        return False
    text = head.replace(b"\0", b"").decode("latin-1")
    return _ROOT.search(text) is not None and ("<image" in text or "<track" in text or "<meta" in text)


def _seems(name: str, text: str) -> Seems | None:
    return Seems("CVAT for images") if name.lower().endswith(".xml") and root_of(text) == "annotations" else None


@dataclass
class _Labels:
    """What a document's meta says of its labels: names in order, and the points and edges of skeletons."""

    names: dict[str, None] = field(default_factory=dict)
    points: dict[str, list[str]] = field(default_factory=dict)
    edges: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record an image of a document, then one unlabelled record an image that no document speaks of."""
    names = files.names()
    pictures = Pictures(names, folders_above(files))
    splits = Splits(files, pictures)
    yield from splits.problems
    notes: Counter[str] = Counter()
    own = (name for name in names if name.lower().endswith(".xml") and _is_cvat(files, name))
    found = (one for name in own for one in _read_file(files, name, pictures, splits, notes))
    yield from decided(found, pictures, splits)
    for what, count in sorted(notes.items()):
        yield Problem("note", "", "", f"{count:,} {what}", "The rest came in")


def _read_file(
    files: Files, name: str, pictures: Pictures, splits: Splits, notes: Counter[str]
) -> Iterator[tuple[Record, bool] | Problem | Classes]:
    try:
        root = parse_xml(read_text(files, name))
    except (OSError, ValueError, expat.ExpatError) as error:
        what = f"is not XML that can be read ({error})"
        yield Problem("unreadable", name, "", what, "Export the task again as CVAT for images 1.1")
        return
    except RecursionError:
        yield Problem("unreadable", name, "", "is nested too deeply", "Export the task again as CVAT for images 1.1")
        return
    if root.find("track") is not None:
        what = f"holds {len(root.findall('track')):,} tracks: it is CVAT for video, which is not read"
        yield Problem("unreadable", name, "", what, "Export the task as CVAT for images 1.1")
    labels = _labels(root)
    parts: dict[str, dict[str, str]] = {}
    for label, points in labels.points.items():
        try:
            parts[label] = _skeleton().part_of_points(points, labels.edges.get(label, []))
        except ValueError as error:
            yield Problem("unreadable", name, "meta", f"the skeleton {label!r}: {error}", REMEDY)
    yield Classes(name, dict(enumerate(labels.names)), parts=parts)
    for at, node in enumerate(root.findall("image"), start=1):
        yield from _read_image(node, name, f"image {node.get('id') or at}", pictures, splits, labels, notes)


def _skeleton() -> Shape:
    return next(shape for shape in SHAPES.values() if shape.pointed)


def _labels(root: Element) -> _Labels:
    found = _Labels()
    for node in root.iterfind("meta//labels/label"):
        try:
            label = label_name(node.findtext("name") or "")
        except BadValue:
            continue
        parent = node.findtext("parent")
        if parent:
            found.points.setdefault(parent.strip(), []).append(label)
        else:
            found.names[label] = None
            if svg := node.findtext("svg"):
                found.edges[label] = [*_edges(svg)]
    for label, edges in found.edges.items():
        most = len(found.points.get(label, ()))
        found.edges[label] = [(one, two) for one, two in edges if min(one, two) >= 0 and max(one, two) < most]
    return found


def _edges(svg: str) -> Iterator[tuple[int, int]]:
    """The edges of a skeleton's drawing as the places of its points, which its circles name in order."""
    nodes = [dict(_SAID.findall(found)) for found in _NODE.findall(svg)]
    places = {node.get("data-node-id", str(at + 1)): at for at, node in enumerate(nodes)}
    for found in _EDGE.findall(svg):
        said = dict(_SAID.findall(found))
        ends = [places.get(said.get(f"data-node-{end}", "")) for end in ("from", "to")]
        if ends[0] is not None and ends[1] is not None and ends[0] != ends[1]:
            yield min(ends[0], ends[1]), max(ends[0], ends[1])


def _read_image(
    node: Element,
    file: str,
    row: str,
    pictures: Pictures,
    splits: Splits,
    labels: _Labels,
    notes: Counter[str],
) -> Iterator[tuple[Record, bool] | Problem]:
    claimed = (node.get("name") or "").strip()
    if not claimed:
        yield Problem("unreadable", file, row, "it has no name", REMEDY)
        return
    found = pictures.find(claimed, file)
    if found.path is None and len(pictures):
        remedy = "Put the image beside its labels, under the name they give it"
        yield Problem("unknown", file, row, found.why_not(claimed), remedy, as_path(claimed))
        return
    path = found.path or as_path(claimed)
    width, height = _size(node, "width"), _size(node, "height")
    drafts: list[Draft] = []
    lost = 0
    for at, child in enumerate(node, start=1):
        place = f"{row}, {child.tag} {at}"
        try:
            drafts += _drafts(child, place, Image(width or 1 << 30, height or 1 << 30), labels, notes)
        except (BadRegion, BadValue, KeyError, OverflowError, ValueError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            yield Problem("unreadable", file, place, what, REMEDY, path)
            lost += 1
    subset = (node.get("subset") or "").strip()
    split, split_from = (subset, "the subsets of images") if subset else splits.of(path, file, document=True)
    made = Record(path, found.path is not None, True, file, width, height, split, tuple(drafts), lost=lost)
    yield Record(**{**_fields(made), "split_from": split_from}), found.exact


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _size(node: Element, side: str) -> int | None:
    try:
        value = whole_number(node.get(side) or 0)
    except BadValue:
        return None
    return value if value > 0 else None


def _drafts(node: Element, row: str, media: Image, labels: _Labels, notes: Counter[str]) -> list[Draft]:
    """The regions of one element. Raises `BadRegion`, `BadValue`, KeyError or ValueError."""
    if node.tag in OTHERS:
        raise BadRegion(f"{OTHERS[node.tag]} is not a kind of region here")
    asked = ELEMENTS.get(node.tag)
    if asked is None:
        raise BadRegion(f"<{node.tag}> is not an element of CVAT for images 1.1")
    try:
        label = label_name(node.get("label") or "")
    except BadValue as error:
        raise BadValue(f"its label: {error}") from None
    attributes = _attributes(node)
    if asked.whole:
        return [Draft(label, None, asked.kind, attributes=attributes, row=row)]
    if asked.pointed:
        names = labels.points.setdefault(label, [str(child.get("label")) for child in node.findall("points")])
        return [Draft(label, asked.from_points(_joints(node, names)), asked.kind, attributes=attributes, row=row)]
    if asked.masked and media.width == 1 << 30:
        raise BadRegion("its image states no size, which a mask needs")
    variants = (shape for shape in SHAPES.values() if shape.variant_of == asked.kind)
    shape = next((shape for shape in variants if shape.claims_element(node.attrib)), asked)
    geometries = shape.from_element(node.attrib, media)
    if len(geometries) > 1:
        notes[f"<{node.tag}> of several came in as one region for each"] += 1
    return [Draft(label, geometry, shape.kind, attributes=attributes, row=row) for geometry in geometries]


def _joints(node: Element, names: list[str]) -> list[tuple[float, float, int]]:
    """The points of a skeleton in the order of its names: outside is not labelled, occluded hidden, else visible."""
    there: dict[str, tuple[float, float, int]] = {}
    for child in node.findall("points"):
        if child.get("label") not in names:
            raise BadRegion(f"its point {child.get('label')!r:.40} is not one of {', '.join(names):.200}")
        if flag(child.get("outside", "0")):
            continue
        x, comma, y = child.get("points", "").partition(",")
        there[str(child.get("label"))] = (float(x), float(y), 1 if flag(child.get("occluded", "0")) else 2)
    return [there.get(name, (0.0, 0.0, 0)) for name in names]


def _attributes(node: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if flag(node.get("occluded", "0")):
        found["occluded"] = True
    for name in NUMBERED:
        if value := whole_number(node.get(name) or 0):
            found[name] = value
    for child in node.findall("attribute"):
        name = (child.get("name") or "").strip()
        if not name:
            raise BadRegion("it has an attribute without a name")
        if text := (child.text or "").strip():
            found[name[:200]] = text
    return found


FORMAT = Format(
    "cvat", "CVAT for images", detect, read, holds="XML of CVAT for images 1.1", writer=WRITER, seems=_seems
)
