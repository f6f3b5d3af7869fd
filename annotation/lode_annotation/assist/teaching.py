"""Reads what assistants learn from: pictures of a schema's current label sets, the newest first."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image as Pillow

from lode_annotation.assist.pictures import Picture, Seen, Taught, suits
from lode_annotation.models import LabelSet, Schema
from lode_annotation.rules import Rules
from lode_platform import media
from lode_platform.errors import LodeError
from lode_platform.jobs import Work
from lode_platform.models import Item
from motherlode.media import Image
from motherlode.regions import Region, from_json
from motherlode.shapes import SHAPES

SIDE = 1024
"""The longer side, in pixels, of the view of a picture that is learned from and answered on."""
MOST = 5000
"""Regions that are learned from and measured on; of more, those of the newest label sets."""
EVERY = 5
"""One group of items of so many is held out, or one item, where it has no group."""
CHUNK = 200


@dataclass(frozen=True)
class Lesson:
    """The pictures to learn from and to be measured on; how many label sets and regions are learned from; the number
    of the newest label set that there was."""

    pictures: Sequence[Picture]
    label_sets: int
    regions: int
    last: int


def lesson(schema: Schema, rules: Rules, work: Work) -> Lesson:
    """All that there is to learn from, as far as the schema still asks it, without pictures that cannot be read."""
    pictures: list[Picture] = []
    label_sets = regions = every = last = 0
    for row in _label_sets(schema):
        last = max(last, row.pk)
        try:
            found = list(_pages(row, rules))
        except LodeError:  # its bytes are gone, or it cannot be shown
            continue
        pictures += found
        count = sum(len(one.taught) for one in found)
        every += count
        if not held_out(row.item):
            label_sets, regions = label_sets + 1, regions + count
        work.progress(every, MOST)
        if every >= MOST:
            break
    return Lesson(pictures, label_sets, regions, last)


def _label_sets(schema: Schema) -> Iterator[LabelSet]:
    rows = LabelSet.objects.current().filter(schema=schema, item__trashed_at=None, item__kind=Image.kind)
    before = None
    while chunk := list(_newest(rows if before is None else rows.filter(pk__lt=before))[:CHUNK]):
        yield from chunk
        before = chunk[-1].pk


def _newest(rows: Any) -> Any:
    return rows.select_related("item__blob").order_by("-pk")


def _pages(row: LabelSet, rules: Rules) -> Iterator[Picture]:
    said = [from_json(one, rules.names) for one in row.regions]
    for page in sorted({one.frame or 0 for one in said}) or [0]:
        seen = seen_of(row.item, page)
        taught = [one for region in said if (region.frame or 0) == page if (one := _taught(region, rules, seen.scale))]
        yield Picture(seen, taught, held_out(row.item))


def _taught(region: Region, rules: Rules, scale: float) -> Taught | None:
    shape = SHAPES.get(region.kind)
    asked = rules.by_name.get(region.control)
    if shape is None or asked is None or not suits(shape) or region.class_id not in asked.class_ids.values():
        return None
    bounds = shape.bounds(region.geometry)
    if bounds is None or bounds[2] <= bounds[0] or bounds[3] <= bounds[1] or region.iscrowd:
        return None
    return Taught(region.class_id, np.array(bounds, dtype=np.float64) * scale, shape, region.geometry)


def held_out(item: Item) -> bool:
    """Whether nothing is learned from the item, so that assistants can be measured on it: for ever, with its group,
    else told by its bytes, as splits are."""
    name = item.group or item.blob.sha256
    return int(hashlib.sha256(f"assist {name}".encode()).hexdigest()[:8], 16) % EVERY == 0


def seen_of(item: Item, page: int = 0) -> Seen:
    """A page of a picture as assistants see it. Raises ``LodeError`` where it cannot be shown."""
    found = item.media
    assert isinstance(found, Image)
    pixels = _pixels(str(media.view(item, SIDE, page)))
    return Seen(pixels, pixels.shape[1] / found.width, found, f"{item.blob.md5}-{page}")


@lru_cache(maxsize=8)
def _pixels(path: str) -> Any:
    """The last ones are kept: a person clicks many times on one picture."""
    with Pillow.open(path) as image:
        return np.asarray(image.convert("RGB"))
