"""How YOLO is written: label files of a class and its box, or its outline, a row, and `data.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from motherlode.formats.writing import Labelled, Put, Rows, by_split, put_image, put_text, stem
from motherlode.formats.yolo_yaml import write_yaml
from motherlode.regions import Region
from motherlode.shapes import SHAPES
from motherlode.shapes.shape import Point

__all__ = ["one_ring", "place", "write", "write_label"]


def place(path: str, row: Labelled) -> str:
    """The path of an image's label file."""
    return f"labels/{row.split}/{stem(path)}.txt"


def write(target: Path, rows: Rows, classes: Mapping[int, str], put: Put) -> None:
    """Write images, label files and `data.yaml` below a folder."""
    for path, row in rows:
        put_image(row, target / "images" / row.split / path, put)
        put_text(target / place(path, row), write_label(row.width, row.height, row.regions).encode())
    splits = list(by_split(rows))
    known = [split for split in ("train", "val", "test") if split in splits]
    put_text(target / "data.yaml", write_yaml(classes, [*known, *sorted(set(splits) - set(known))]).encode())


def write_label(width: int, height: int, regions: Iterable[Region]) -> str:
    """The label file of one image of `width` x `height`; a class's number is its permanent id less one.

    What has outlines is written as `class x1 y1 x2 y2 ...`, its parts as one ring; what has none as its box.
    """
    lines = []
    for region in regions:
        numbers: Sequence[float]
        if region.box is None:
            continue
        if outlines := [part[0] for part in SHAPES[region.kind].parts(region.geometry)]:
            ring = _not_a_track([(x / width, y / height) for x, y in one_ring(outlines)])
            numbers = [number for point in ring for number in point]
        else:
            x1, y1, x2, y2 = region.box
            numbers = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
        lines.append(" ".join([str(region.class_id - 1), *(f"{value:.12g}" for value in numbers)]))
    return "".join(f"{line}\n" for line in lines)


def one_ring(rings: Sequence[Sequence[Point]]) -> list[Point]:
    """Several rings as one that goes to each from its nearest corner and comes back the same way, as Ultralytics does.

    The way there and back encloses nothing.
    """
    whole = list(rings[0])
    for ring in rings[1:]:
        pairs = ((i, j) for i in range(len(whole)) for j in range(len(ring)))
        at, to = min(pairs, key=lambda pair: _apart(whole[pair[0]], ring[pair[1]]))
        whole[at + 1 : at + 1] = [*ring[to:], *ring[: to + 1], whole[at]]
    return whole


def _apart(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def _not_a_track(ring: list[Point]) -> list[Point]:
    """The ring such that seven words are not read as a box, a score and a track: they would end in 0 or 1."""
    if len(ring) > 3:
        return ring
    turned = (ring[at:] + ring[:at] for at in range(3))
    return next((each for each in turned if each[-1][1] not in (0.0, 1.0)), [*ring, ring[0]])
