"""Pascal VOC: one XML an image, numbers are edges of pixels (nothing is added or taken away).

Layouts: `Annotations/` with `JPEGImages/` and `ImageSets/Main/*.txt`, or XML files anywhere with images anywhere (same
file name or stem), and lists `train.txt`, `val.txt`, `test.txt` anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, indent, tostring
from xml.parsers import expat

from motherlode.formats.source import Draft, Files, ImageIndex, Problem, Record, SplitLists, read_bytes
from motherlode.regions import Region

__all__ = ["detect", "read", "write_xml"]

REMEDY = "Mend the file and import again; the rest came in"


def detect(files: Files) -> bool:
    """Whether the first XML file found is a VOC annotation."""
    for name in files.names():
        if name.lower().endswith(".xml"):
            with files.open(name) as stream:
                return b"<annotation" in stream.read(4096)
    return False


def read(files: Files) -> Iterator[Record | Problem]:
    """One labelled record an XML file, then one unlabelled record an image that no XML file speaks of."""
    names = files.names()
    index = ImageIndex(names)
    splits = SplitLists(files)
    yield from splits.problems
    spoken: dict[str, str] = {}
    for name in names:
        if not name.lower().endswith(".xml"):
            continue
        for found in _read_file(files, name, index, splits):
            if isinstance(found, Record):
                if found.path in spoken:
                    what = f"the image {found.path} was labelled by {spoken[found.path]} already"
                    yield Problem(
                        "duplicate", name, "", what, "This file was left out; keep one of the two", found.path
                    )
                    continue
                spoken[found.path] = name
            yield found
    for image in index.images:
        if image not in spoken:
            yield Record(path=image, present=True, labelled=False, split=splits.of(image))


def _read_file(files: Files, name: str, index: ImageIndex, splits: SplitLists) -> Iterator[Record | Problem]:
    try:
        root = parse_xml(read_bytes(files, name))
    except (ValueError, expat.ExpatError) as error:
        yield Problem("unreadable", name, "", f"is not XML that can be read ({error})", REMEDY)
        return
    if root.tag != "annotation":
        yield Problem("unreadable", name, "", f"its root is <{root.tag}>, not <annotation>", "It was left out")
        return
    stem = os.path.splitext(name.rpartition("/")[2])[0]
    claimed = (root.findtext("filename") or "").strip()
    image = (index.find(claimed, name) if claimed else None) or index.find(stem, name)
    if image is None and len(index):
        what = f"no image {claimed or stem!r} was found, or more than one"
        yield Problem(
            "unknown", name, "", what, "Put the image beside its labels, under the name they give it", claimed
        )
        return
    drafts: list[Draft] = []
    for number, node in enumerate(root.iter("object"), start=1):
        draft = _draft(node, name, f"object {number}")
        if isinstance(draft, Draft):
            drafts.append(draft)
        else:
            yield draft
    path = image or claimed or f"{stem}.jpg"
    yield Record(
        path=path,
        present=image is not None,
        labelled=True,
        source=name,
        width=_size(root, "width"),
        height=_size(root, "height"),
        split=splits.of(path) or splits.of(stem),
        drafts=tuple(drafts),
    )


def _size(root: Element, side: str) -> int | None:
    try:
        return int(float(root.findtext(f"size/{side}") or 0)) or None
    except (ValueError, OverflowError):
        return None


def _draft(node: Element, file: str, row: str) -> Draft | Problem:
    label = (node.findtext("name") or "").strip()
    if not label:
        return Problem("unreadable", file, row, "has no <name>", REMEDY)
    numbers = []
    for side in ("xmin", "ymin", "xmax", "ymax"):
        text = node.findtext(f"bndbox/{side}")
        try:
            numbers.append(float(text or ""))
        except ValueError:
            return Problem("unreadable", file, row, f"the {label} box has {side} {text!r}, not a number", REMEDY)
    kept = {key: True for key in ("truncated", "occluded") if (node.findtext(key) or "").strip() == "1"}
    return Draft(
        label=label,
        box=(numbers[0], numbers[1], numbers[2], numbers[3]),
        difficult=(node.findtext("difficult") or "").strip() == "1",
        attributes=kept,
        row=row,
    )


def parse_xml(data: bytes) -> Element:
    """Parse XML that declares no document type, so that no entity can unfold. Raises ExpatError or ValueError."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type, which labels never need")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes) and None
    parser.EndElementHandler = lambda tag: builder.end(tag) and None
    parser.CharacterDataHandler = builder.data
    parser.Parse(data, True)
    root: Element = builder.close()
    return root


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
        for side, number in zip(("xmin", "ymin", "xmax", "ymax"), region.box, strict=True):
            SubElement(box, side).text = repr(float(number)).removesuffix(".0")
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
