"""How labels are written as LabelMe's: a JSON beside each image, `labels.txt`, and a list of images for each split."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, by_split, put_image, put_text, stem
from motherlode.masks import Mask, in_box, of_pixels, polygon_mask
from motherlode.regions import Region
from motherlode.shapes import SHAPES

__all__ = ["BACKGROUND", "IGNORED", "LABELS", "WRITER"]

LABELS = "labels.txt"
IGNORED, BACKGROUND = "__ignore__", "_background_"  # LabelMe's own first lines of it, -1 and 0
VERSION = "5.5.0"


def _place(path: str, row: Labelled) -> str:
    return f"{stem(path)}.json"


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    flags = dict.fromkeys(region.label for _, row in rows for region in row.regions if SHAPES[region.kind].whole)
    for path, row in rows:
        put_image(row, target / path, put)
        said = _document(path, row, flags)
        put_text(target / _place(path, row), (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode())
    for split, part in by_split(rows).items():
        put_text(target / f"{split}.txt", "".join(f"{path}\n" for path, _ in part).encode())
    names = [classes.get(number, f"unused-{number}") for number in range(1, max(classes, default=0) + 1)]
    put_text(target / LABELS, "".join(f"{name}\n" for name in (IGNORED, BACKGROUND, *names)).encode())


def _document(path: str, row: Labelled, flags: Mapping[str, Any]) -> dict[str, Any]:
    set_here = {region.label for region in row.regions if SHAPES[region.kind].whole}
    taken = {region.attributes.get("group_id") for region in row.regions}
    free = (number for number in count(1) if number not in taken)
    return {
        "version": VERSION,
        "flags": {name: name in set_here for name in flags},
        "shapes": [shape for region in row.regions if region.box is not None for shape in _shapes(region, row, free)],
        "imagePath": path.rpartition("/")[2],
        "imageData": None,
        "imageHeight": row.height,
        "imageWidth": row.width,
    }


def _shapes(region: Region, row: Labelled, free: Iterator[int]) -> Iterator[dict[str, Any]]:
    """The shapes of a region: one, or a polygon for each of its parts, joined by a `group_id`."""
    attributes = dict(region.attributes)
    group = attributes.pop("group_id") if type(attributes.get("group_id")) is int else None
    text = attributes.pop("description") if isinstance(attributes.get("description"), str) else ""
    flags = {name: attributes.pop(name) for name in list(attributes) if isinstance(attributes[name], bool)}
    places = list(_places(region, row))
    group = next(free) if group is None and len(places) > 1 else group
    for kind, points, more in places:
        yield {
            "label": region.label,
            "points": points,
            "group_id": group,
            "description": text,
            "shape_type": kind,
            "flags": flags,
            **more,
            **({"attributes": attributes} if attributes else {}),
            **({"difficult": True} if region.difficult else {}),
        }


def _places(region: Region, row: Labelled) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Each shape's type, points and mask. A polygon along the edges of pixels that has holes is written as a mask."""
    shape, geometry = SHAPES[region.kind], region.geometry
    parts = () if shape.masked else shape.parts(geometry)
    if region.kind == "ellipse":
        x, y, radius = geometry[:3]
        yield "circle", [[x, y], [x + radius, y]], {}
    elif region.kind == "polyline":
        yield "linestrip", [list(point) for point in geometry], {}
    elif region.kind == "keypoint":
        yield "point", [list(geometry)], {}
    elif shape.masked:
        yield "mask", *_boxed(geometry)
    elif any(len(part) > 1 for part in parts) and of_pixels(parts, row.width, row.height):
        yield "mask", *_boxed(polygon_mask(parts, row.width, row.height))
    elif parts:
        yield from (("polygon", [list(point) for point in part[0]], {}) for part in parts)
    else:
        x1, y1, x2, y2 = geometry
        yield "rectangle", [[x1, y1], [x2, y2]], {}


def _boxed(mask: Mask) -> tuple[list[Any], dict[str, Any]]:
    """The first and the last pixel of the box around a mask, and the mask in it as a PNG."""
    from PIL import Image

    counts, (left, top, width, height) = in_box(mask)
    pixels = b"".join((b"\1" if at % 2 else b"\0") * many for at, many in enumerate(counts))
    out = io.BytesIO()
    Image.frombytes("L", (width, height), pixels).save(out, "PNG")
    points = [[left, top], [left + width - 1, top + height - 1]]
    return points, {"mask": base64.b64encode(out.getvalue()).decode("ascii")}


def _unable(region: Region) -> str:
    """LabelMe draws circles, not ellipses."""
    return (
        "ellipses that are not circles" if region.kind == "ellipse" and region.geometry[2] != region.geometry[3] else ""
    )


WRITER = Writer(
    "LabelMe files",
    frozenset({"box", "outline", "mask", "class", "attributes", "difficult", "ellipse", "polyline", "keypoint"}),
    _write,
    _place,
    unable=_unable,
)
