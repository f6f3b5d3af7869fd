"""COCO's documents written: boxes, outlines, keypoints, areas, crowd marks and attributes.

A mask is written in COCO's compressed code, and so is, as COCO does, an outline along the edges of pixels that has
holes or is a crowd; every other outline is written as rings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from motherlode.formats.writing import ClassNames, Put, Rows, by_split, put_image
from motherlode.masks import of_pixels, polygon_mask, written
from motherlode.regions import Region
from motherlode.shapes import SHAPES

__all__ = ["write", "write_json"]

TAKEN = frozenset(
    {"id", "file_name", "width", "height", "license", "coco_url", "flickr_url", "date_captured", "split", "path"}
)
"""What COCO's images, and those of programs that read them, mean by a name already."""


def write_json(
    items: Iterable[tuple[str, int, int, Iterable[Region]]],
    classes: Mapping[int, str],
    out: TextIO,
    metadata: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[int, int]:
    """Write a document from (path, width, height, regions); category ids are the permanent class ids, ids start at 1.

    The items' own fields (`metadata`, by path) stand in their images beside COCO's, whose names they never take. Of
    `ClassNames` those have keypoints that name them. Gives the number of images and of annotations. Annotations
    are written as they come; only the list of images waits.
    """
    images: list[dict[str, Any]] = []
    annotations = 0
    out.write('{"annotations": [')
    for image, (path, width, height, regions) in enumerate(items, start=1):
        own = {name: value for name, value in (metadata or {}).get(path, {}).items() if name not in TAKEN}
        images.append({"id": image, "file_name": path, "width": width, "height": height, **own})
        for region in regions:
            if region.box is None:
                continue
            annotations += 1
            out.write(",\n" if annotations > 1 else "\n")
            json.dump({"id": annotations, "image_id": image, **_annotation(region, width, height)}, out)
    out.write('\n], "images": ')
    json.dump(images, out)
    out.write(', "categories": ')
    asks = classes.asks if isinstance(classes, ClassNames) else {}
    json.dump([{"id": key, "name": classes[key], **_keypoints(asks.get(key, {}))} for key in sorted(classes)], out)
    out.write("}\n")
    return len(images), annotations


def _keypoints(asks: Mapping[str, Any]) -> dict[str, Any]:
    """What a category says of the points of its objects; its edges count them from 1."""
    if "points" not in asks:
        return {}
    return {"keypoints": asks["points"], "skeleton": [[one + 1, two + 1] for one, two in asks["edges"]]}


def _annotation(region: Region, width: int, height: int) -> dict[str, Any]:
    assert region.box is not None
    x1, y1, x2, y2 = region.box
    shape = SHAPES[region.kind]
    row = {
        "category_id": region.class_id,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": shape.area(region.geometry) if region.area is None else region.area,
        "iscrowd": int(region.iscrowd),
    }
    if shape.masked:
        row["segmentation"] = written(shape.mask(region.geometry))
    elif parts := shape.parts(region.geometry):
        masked = region.iscrowd or any(len(part) > 1 for part in parts)
        if masked and of_pixels(parts, width, height):
            row["segmentation"] = written(polygon_mask(parts, width, height))
        else:
            row["segmentation"] = [[number for point in part[0] for number in point] for part in parts]
    if points := shape.points(region.geometry):
        row["keypoints"] = [number for point in points for number in point]
        row["num_keypoints"] = sum(bool(visibility) for _, _, visibility in points)
    if region.attributes:
        row["attributes"] = dict(region.attributes)
    return row


def write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    """Images below `images/<split>`, and a document a split below `annotations`."""
    for split, part in by_split(rows).items():
        for path, row in part:
            put_image(row, target / "images" / split / path, put)
        (target / "annotations").mkdir(exist_ok=True)
        with (target / "annotations" / f"instances_{split}.json").open("w", encoding="utf-8") as out:
            items = ((f"images/{split}/{path}", row.width, row.height, row.regions) for path, row in part)
            own = {f"images/{split}/{path}": row.metadata for path, row in part if row.metadata}
            write_json(items, classes, out, own)
