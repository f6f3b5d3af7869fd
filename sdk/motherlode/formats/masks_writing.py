"""How masks are written: VOC's `SegmentationClass/`, PNGs whose values are the permanent class ids, with their classes.

Regions are painted in their order, so that the last is on top. Masks and outlines along the edges of pixels come out as
they are; of any other outline the pixels are painted whose centres lie in it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import ceil
from pathlib import Path

from motherlode.formats.mask_classes import CLASSES, IGNORED, LABELMAP, NOTHING, VOID, written
from motherlode.formats.voc import palette, write_labelmap
from motherlode.formats.writing import ClassNames, Labelled, Put, Rows, Writer, by_split, put_image, put_text, stem
from motherlode.masks import of_pixels, transposed
from motherlode.regions import Region
from motherlode.shapes import SHAPES

__all__ = ["WRITER"]

MAX_CLASS = 0xFFFF


def _place(path: str, row: Labelled) -> str:
    return f"SegmentationClass/{stem(path)}.png"


def _write(target: Path, rows: Rows, classes: ClassNames, put: Put) -> None:
    deep = max(classes, default=0) >= VOID
    for path, row in rows:
        put_image(row, target / "JPEGImages" / path, put)
        _save(row, target / _place(path, row), deep)
    for split, part in by_split(rows).items():
        names = "".join(f"{stem(path)}\n" for path, _ in part)
        put_text(target / "ImageSets" / "Segmentation" / f"{split}.txt", names.encode())
    put_text(target / CLASSES, written(classes))
    if not deep:  # what CVAT and Datumaro know the classes by; a line is a value, so that no number is left out
        listed = [classes.get(number, f"unused-{number}") for number in range(1, max(classes, default=0) + 1)]
        put_text(target / LABELMAP, write_labelmap(listed).encode())


def _save(row: Labelled, place: Path, deep: bool) -> None:
    from PIL import Image

    place.parent.mkdir(parents=True, exist_ok=True)
    pixels, _ = _painted(row)
    size = (row.width, row.height)
    if deep:
        Image.frombytes("I;16", size, pixels.tobytes()).save(place)
        return
    picture = Image.frombytes("P", size, array("B", pixels).tobytes())
    picture.putpalette([side for value in range(256) for side in palette(value)])
    picture.save(place)


def _painted(row: Labelled) -> tuple[array[int], list[bool]]:
    """The class id of each pixel, along the rows, 0 for none; and of each region whether it covers another."""
    pixels = array("H", bytes(2 * row.width * row.height))
    covers = []
    for region in row.regions:
        covers.append(False)
        for start, end in _spans(region, row.width, row.height):
            covers[-1] = covers[-1] or any(pixels[start:end])
            pixels[start:end] = array("H", [region.class_id]) * (end - start)
    return pixels, covers


def _spans(region: Region, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Where the pixels of a region begin and end, along the rows."""
    shape = SHAPES[region.kind]
    if shape.masked:
        ends = list(accumulate(transposed(shape.mask(region.geometry)).counts))
        yield from zip(ends[0::2], ends[1::2], strict=False)
        return
    for part in shape.parts(region.geometry):
        crossings: dict[int, list[float]] = {}
        for ring in part:
            for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]):
                (ax, ay), (bx, by) = sorted([(ax, ay), (bx, by)], key=lambda point: point[1])
                for y in range(max(0, ceil(ay - 0.5)), min(height, ceil(by - 0.5))):
                    crossings.setdefault(y, []).append(ax + (y + 0.5 - ay) * (bx - ax) / (by - ay))
        for y, places in crossings.items():
            columns = [min(width, max(0, ceil(x - 0.5))) for x in sorted(places)]
            spans = zip(columns[::2], columns[1::2], strict=False)
            yield from ((y * width + left, y * width + right) for left, right in spans if left < right)


def _unable(region: Region) -> str:
    """What no value of a pixel can say, of what is made of pixels."""
    if region.label.lower() in NOTHING | IGNORED:
        return "masks of classes that are called as what has none"
    return "masks of classes above 65,535" if region.class_id > MAX_CLASS else ""


def _loses(row: Labelled) -> Iterator[str]:
    """Instances of one class, what another region covers, and outlines that pixels cannot follow."""
    for count in Counter(region.class_id for region in row.regions).values():
        yield from ["instances beside others of their class"] * (count - 1)
    yield from ["overlaps of regions"] * sum(_painted(row)[1])
    for region in row.regions:
        shape = SHAPES[region.kind]
        if not shape.masked and not of_pixels(shape.parts(region.geometry), row.width, row.height):
            yield "exact outlines between pixels"


WRITER = Writer(
    "masks",
    frozenset({"outline", "mask", "hole"}),
    _write,
    _place,
    unable=_unable,
    loses=_loses,
)
