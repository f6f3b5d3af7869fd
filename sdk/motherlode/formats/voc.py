"""Pascal VOC: one XML an image, numbers are edges of pixels (nothing is added or taken away).

Layouts: `Annotations/` with `JPEGImages/` and `ImageSets/Main/*.txt`, or XML files anywhere with images anywhere (same
stem, else the `<filename>`). An object without a box that has an outline comes in as the box around it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from xml.parsers import expat

from motherlode.formats.claims import Pictures, as_path, own_or_named
from motherlode.formats.format import Format, Seems
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, read_text
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import BadValue, flag, label_name, number, whole_number
from motherlode.formats.writing import Labelled, Put, Rows, Writer, by_split, put_image, put_text, stem
from motherlode.regions import Box, Region
from motherlode.xml_text import parse_xml, root_of

__all__ = ["FORMAT", "detect", "palette", "read", "write_labelmap", "write_xml"]

REMEDY = "Mend the file and import again; the rest came in"
LOOKED_AT = 50  # XML files that are looked at to recognise the format
SIDES = ("xmin", "ymin", "xmax", "ymax")
# what an object may hold that does not come in, and its name for people
LEFT_OUT = {
    "part": "parts",
    "attributes": "attributes",
    "keypoints": "keypoints",
    "actions": "actions",
    "polygon": "outlines",
    "mask": "masks",
}
_ROOT = re.compile(r"<annotation[\s>/]")


def detect(files: Files) -> bool:
    """Whether one of the XML files is a VOC annotation."""
    names = [name for name in files.names() if name.lower().endswith(".xml")]
    return any(_is_annotation(files, name) for name in names[:LOOKED_AT])


def _is_annotation(files: Files, name: str) -> bool:
    try:
        text = read_text(files, name)
    except ValueError:  # one whose bytes are not in the encoding that it states; the reader says so
        with suppress(OSError), files.open(name) as stream:
            return _ROOT.search(stream.read(4096).decode("latin-1")) is not None
        return False
    except OSError:
        return False
    return _ROOT.search(text[:4096]) is not None


def _seems(name: str, text: str) -> Seems | None:
    return Seems("Pascal VOC") if name.lower().endswith(".xml") and root_of(text) == "annotation" else None


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """One labelled record an XML file, then one unlabelled record an image that no XML file speaks of."""
    names = files.names()
    pictures = Pictures(names, folders_above(files))
    splits = Splits(files, pictures)
    yield from splits.problems
    left_out: Counter[str] = Counter()
    own = (name for name in names if name.lower().endswith(".xml"))
    found = (one for name in own for one in _read_file(files, name, pictures, splits, left_out))
    yield from decided(found, pictures, splits)
    for what, count in sorted(left_out.items()):
        objects = "1 object has" if count == 1 else f"{count:,} objects have"
        yield Problem("note", "", "", f"{objects} {what}", f"Boxes came in, {what} were left out")


def _read_file(
    files: Files, name: str, pictures: Pictures, splits: Splits, left_out: Counter[str]
) -> Iterator[tuple[Record, bool] | Problem]:
    """The record of one file with whether it claims its image exactly, and what could not be read of it."""
    stem = os.path.splitext(name.rpartition("/")[2])[0]
    try:
        root = parse_xml(read_text(files, name))
    except (OSError, ValueError, expat.ExpatError) as error:
        own = pictures.find(stem, name)
        yield Problem("unreadable", name, "", f"is not XML that can be read ({error})", REMEDY, own.path or "")
        if own.path is not None:
            split, split_from = splits.of(own.path, name)
            record = Record(own.path, True, True, name, split=split, lost=1, split_from=split_from)
            yield record, own.exact
        return
    if root.tag != "annotation":
        yield Problem("unreadable", name, "", f"its root is <{root.tag}>, not <annotation>", "It was left out")
        return
    claimed = (root.findtext("filename") or "").strip()
    folder = (root.findtext("folder") or "").strip()
    found, problem = own_or_named(stem, claimed, name, pictures, "<filename>", document=folder)
    if problem is not None:
        yield problem
    if found.path is None and len(pictures):
        return
    drafts: list[Draft] = []
    lost = 0
    for at, node in enumerate(root.iter("object"), start=1):
        for draft in _drafts(node, name, f"object {at}", left_out):
            if isinstance(draft, Draft):
                drafts.append(draft)
            else:
                lost += draft.kind != "note"
                yield draft
    path = found.path or (as_path(claimed) if claimed else f"{stem}.jpg")
    split, split_from = splits.of(path, name)
    yield (
        Record(
            path=path,
            present=found.path is not None,
            labelled=True,
            source=name,
            width=_size(root, "width"),
            height=_size(root, "height"),
            split=split,
            drafts=tuple(drafts),
            lost=lost,
            split_from=split_from,
        ),
        found.exact,
    )


def _size(root: Element, side: str) -> int | None:
    try:
        value = whole_number(root.findtext(f"size/{side}") or 0)
    except BadValue:
        return None
    return value if value > 0 else None


def _drafts(node: Element, file: str, row: str, left_out: Counter[str]) -> Iterator[Draft | Problem]:
    """The boxes of one object, each with its flags; a problem for each that cannot be read."""
    try:
        label = label_name(node.findtext("name") or "")
    except BadValue as error:
        for _ in node.findall("bndbox") or [node]:
            yield Problem("unreadable", file, row, str(error), REMEDY)
        return
    flags = {}
    for key in ("difficult", "truncated", "occluded"):
        try:
            flags[key] = flag((node.findtext(key) or "").strip())
        except BadValue as error:
            flags[key] = False
            yield Problem("note", file, row, f"its <{key}> {error}", "It was taken as no")
    boxes = node.findall("bndbox")
    for tag, what in LEFT_OUT.items():
        if node.find(tag) is not None:
            left_out[what] += 1
    for at, box in enumerate(boxes or [node.find("polygon")], start=1):
        place = f"{row}, box {at}" if len(boxes) > 1 else row
        try:
            if box is None:
                raise BadValue("has no <bndbox>")
            corners = _corners(box) if boxes else _around(box)
        except BadValue as error:
            yield Problem("unreadable", file, place, f"the {label} {error}", REMEDY)
            continue
        yield Draft(
            label=label,
            geometry=corners,
            difficult=flags["difficult"],
            attributes={key: True for key in ("truncated", "occluded") if flags[key]},
            row=place,
        )


def _corners(box: Element) -> Box:
    numbers = []
    for side in SIDES:
        text = box.findtext(side)
        if text is None:
            raise BadValue(f"box has no <{side}>")
        try:
            numbers.append(number(text))
        except BadValue:
            raise BadValue(f"box has {side} {text!r}, not a number") from None
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def _around(polygon: Element) -> Box:
    """The box around an outline written as x1, y1, x2, y2, ... or as points of x and y."""
    points: dict[str, list[float]] = {"x": [], "y": []}
    for node in polygon.iter():
        found = re.fullmatch(r"([xy])\d*", node.tag)
        if found:
            try:
                points[found[1]].append(number(node.text or ""))
            except BadValue as error:
                raise BadValue(f"outline has {node.tag} that cannot be read ({error})") from None
    if len(points["x"]) < 3 or len(points["x"]) != len(points["y"]):
        raise BadValue("has no <bndbox>, and no outline of three points or more")
    return (min(points["x"]), min(points["y"]), max(points["x"]), max(points["y"]))


def write_xml(path: str, width: int, height: int, regions: Iterable[Region]) -> bytes:
    """One image's annotation file; boxes are written with the digits they have."""
    root = Element("annotation")
    folder, _, base = path.rpartition("/")
    SubElement(root, "folder").text = folder
    SubElement(root, "filename").text = base
    SubElement(root, "path").text = path
    size = SubElement(root, "size")
    for side, value in (("width", width), ("height", height), ("depth", 3)):
        SubElement(size, side).text = str(value)
    for region in regions:
        if region.box is None:
            continue
        node = SubElement(root, "object")
        SubElement(node, "name").text = region.label
        for key in ("truncated", "occluded"):
            if key == "truncated" or region.attributes.get(key):
                SubElement(node, key).text = "1" if region.attributes.get(key) else "0"
        SubElement(node, "difficult").text = "1" if region.difficult else "0"
        box = SubElement(node, "bndbox")
        for side, edge in zip(SIDES, region.box, strict=True):
            SubElement(box, side).text = repr(float(edge)).removesuffix(".0")
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def write_labelmap(labels: Iterable[str]) -> str:
    """`labelmap.txt`, one line a class, `name:r,g,b:parts:actions`, with the colours of VOC's own palette."""
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::"]
    for at, label in enumerate(labels, start=1):
        red, green, blue = palette(at)
        lines.append(f"{label}:{red},{green},{blue}::")
    return "".join(f"{line}\n" for line in lines)


def palette(at: int) -> tuple[int, int, int]:
    """VOC's colour of the class at a place: the place's bits, three by three, from each channel's highest bit on."""
    channels = [0, 0, 0]
    for shift in range(8):
        for channel in range(3):
            channels[channel] |= (at >> (3 * shift + channel) & 1) << (7 - shift)
    return channels[0], channels[1], channels[2]


def _place(path: str, row: Labelled) -> str:
    return f"Annotations/{stem(path)}.xml"


def _write(target: Path, rows: Rows, classes: Mapping[int, str], put: Put) -> None:
    for path, row in rows:
        put_image(row, target / "JPEGImages" / path, put)
        put_text(target / _place(path, row), write_xml(path, row.width, row.height, row.regions))
    for split, part in by_split(rows).items():
        names = "".join(f"{stem(path)}\n" for path, _ in part)
        put_text(target / "ImageSets" / "Main" / f"{split}.txt", names.encode())
    # some readers, Datumaro's among them, know a class only from here
    put_text(target / "labelmap.txt", write_labelmap(classes[number] for number in sorted(classes)).encode())


FORMAT = Format(
    "voc",
    "Pascal VOC",
    detect,
    read,
    writer=Writer("VOC files", frozenset({"box", "difficult", "truncated", "occluded"}), _write, _place),
    seems=_seems,
)
