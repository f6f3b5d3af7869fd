"""How labels are written as CVAT for images 1.1: `annotations.xml`, an image after the other, and `images/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, put_image
from motherlode.masks import of_pixels, polygon_mask
from motherlode.regions import Region, in_words
from motherlode.shapes import SHAPES, Shape
from motherlode.shapes.elements import said_points

__all__ = ["WRITER"]

MARKS = ("group_id", "z_order")
OCCLUDED = "occluded"
FILE = "annotations.xml"


def _place(path: str, row: Labelled) -> str:
    return f"images/{path}"


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    attributes = dict.fromkeys(name for _, row in rows for region in row.regions for name, _ in _said(region))
    with (target / FILE).open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        out.write("  <meta>\n    <task>\n")
        out.write(f"      <size>{len(rows)}</size>\n      <mode>annotation</mode>\n      <labels>\n")
        for number in sorted(classes):
            _label(classes[number], classes.asks.get(number, {}), attributes, out)
        out.write("      </labels>\n    </task>\n  </meta>\n")
        for number, (path, row) in enumerate(rows):
            put_image(row, target / "images" / path, put)
            _image(number, path, row, classes, out)
        out.write("</annotations>\n")


def _label(name: str, asks: Mapping[str, Any], attributes: Mapping[str, None], out: TextIO) -> None:
    points = asks.get("points", ())
    out.write(f"        <label>\n          <name>{escape(name)}</name>\n")
    out.write(f"          <type>{'skeleton' if points else 'any'}</type>\n          <attributes>\n")
    for attribute in attributes:
        out.write(f"            <attribute><name>{escape(attribute)}</name><mutable>False</mutable>")
        out.write("<input_type>text</input_type><default_value></default_value><values></values></attribute>\n")
    out.write("          </attributes>\n")
    if points:
        out.write(f"          <svg>{escape(_drawing(points, asks.get('edges', ())))}</svg>\n")
    out.write("        </label>\n")
    for point in points:
        out.write(f"        <label>\n          <name>{escape(point)}</name>\n          <type>points</type>\n")
        out.write(f"          <attributes/>\n          <parent>{escape(name)}</parent>\n        </label>\n")


def _drawing(points: Any, edges: Any) -> str:
    """A skeleton as CVAT draws it: its edges, then its points in a row, each called by its number from 1."""
    lines = [
        f'<line data-type="edge" data-node-from="{one + 1}" data-node-to="{two + 1}"></line>' for one, two in edges
    ]
    for at, name in enumerate(points, start=1):
        place = f'cx="{at * 100 / (len(points) + 1):g}" cy="50" r="1"'
        said = f'data-type="element node" data-element-id="{at}" data-node-id="{at}"'
        lines.append(f"<circle {place} {said} data-label-name={quoteattr(name)}></circle>")
    return "".join(lines)


def _image(number: int, path: str, row: Labelled, classes: ClassNames, out: TextIO) -> None:
    subset = f" subset={quoteattr(row.split)}" if row.split else ""
    out.write(f'  <image id="{number}" name={quoteattr(path)}{subset} width="{row.width}" height="{row.height}">\n')
    for region in row.regions:
        shape = SHAPES[region.kind]
        for tag, attributes, children in _elements(region, shape, row, classes):
            marks = {} if shape.whole else {OCCLUDED: str(int(region.attributes.get(OCCLUDED) is True))}
            marks |= {name: str(value) for name in MARKS if type(value := region.attributes.get(name)) is int}
            said = "".join(f" {name}={quoteattr(text)}" for name, text in {**marks, **attributes}.items())
            out.write(f"    <{tag} label={quoteattr(region.label)}{said}>\n{children}")
            for name, text in _said(region):
                out.write(f"      <attribute name={quoteattr(name)}>{escape(text)}</attribute>\n")
            out.write(f"    </{tag}>\n")
    out.write("  </image>\n")


def _elements(
    region: Region, shape: Shape, row: Labelled, classes: ClassNames
) -> Iterator[tuple[str, Mapping[str, str], str]]:
    """The elements of a region: tag, attributes, and what stands within. A polygon along the edges of pixels that has
    holes is written as a mask."""
    if shape.whole:
        yield shape.element, {}, ""
    elif shape.pointed:
        yield (
            shape.element,
            {},
            "".join(_joints(region, shape, classes.asks.get(region.class_id, {}).get("points", ()))),
        )
    else:
        geometry, parts = region.geometry, () if shape.masked else shape.parts(region.geometry)
        if any(len(part) > 1 for part in parts) and of_pixels(parts, row.width, row.height):
            shape = next(one for one in SHAPES.values() if one.masked)
            geometry = polygon_mask(parts, row.width, row.height)
        yield from ((shape.element, attributes, "") for attributes in shape.to_elements(geometry))


def _joints(region: Region, shape: Shape, names: Any) -> Iterator[str]:
    for at, (x, y, visibility) in enumerate(shape.points(region.geometry)):
        name = names[at] if at < len(names) else str(at + 1)
        said = f'outside="{int(not visibility)}" occluded="{int(visibility == 1)}" {_points(x, y)}'
        yield f"      <points label={quoteattr(name)} {said}></points>\n"


def _points(x: float, y: float) -> str:
    return f'points="{said_points([(x, y)])["points"]}"'


def _said(region: Region) -> Iterator[tuple[str, str]]:
    """What stands in elements of its own, as texts."""
    for name, value in region.attributes.items():
        if name == OCCLUDED and value is True or (name in MARKS and type(value) is int):
            continue
        yield name, "true" if value is True else "false" if value is False else in_words(value)


WRITER = Writer(
    "CVAT's XML",
    frozenset(
        {"box", "outline", "mask", "attributes"}
        | {shape.kind for shape in SHAPES.values() if shape.element and not shape.masked}
        | {"class"}
    ),
    _write,
    _place,
)
