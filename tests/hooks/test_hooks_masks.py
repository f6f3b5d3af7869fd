"""Masks of polygons and of run-length codes, against pycocotools."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from lode_hooks.evaluations.metrics import masks as engine
from lode_hooks.evaluations.metrics.masks import Masks, Outlines, code_masks, outline_masks, shared_pixels

pytestmark = pytest.mark.once

Point = tuple[float, float]
Polygon = list[list[list[Point]]]

places = st.one_of(
    st.integers(-8, 60).map(float),
    st.floats(-20, 80, allow_nan=False),
    st.integers(-100, 400).map(lambda fifth: fifth / 10),
    st.sampled_from([2e3, -2e3, 49.9999999, 0.09999999999]),
)
rings = st.lists(st.tuples(places, places), min_size=3, max_size=9)
polygons = st.lists(rings, min_size=1, max_size=3).map(lambda found: [[ring] for ring in found])


def theirs(polygon: Polygon, height: int, width: int) -> Any:
    """The mask of an object's parts, as COCO makes it of an annotation."""
    outlines = [[number for point in part[0] for number in point] for part in polygon]
    return coco.merge(coco.frPyObjects(outlines, height, width))


def ours(polygons: Sequence[Polygon], height: int, width: int) -> Masks:
    size = np.full(len(polygons), 1)
    return outline_masks(Outlines.of(polygons), size * width, size * height)


def pixels(masks: Masks, at: int, width: int) -> Any:
    """One of them as an array (height, width)."""
    height = int(masks.height[at])
    found = np.zeros((width, height + 1), dtype=np.uint8).ravel()
    for run in range(int(masks.first[at]), int(masks.first[at + 1])):
        found[masks.start[run] : masks.end[run]] += 1
    return found.reshape(width, height + 1)[:, :height].T


@settings(max_examples=150)
@given(st.lists(polygons, min_size=1, max_size=4), st.integers(1, 50), st.integers(1, 50))
def test_every_pixel_of_an_outline_is_theirs(found: list[Polygon], height: int, width: int) -> None:
    masks = ours(found, height, width)
    for at, polygon in enumerate(found):
        code = theirs(polygon, height, width)
        assert (pixels(masks, at, width) == coco.decode(code)).all()
        assert masks.area[at] == coco.area(code)
        x, y, across, down = coco.toBbox(code).tolist()
        if masks.area[at]:
            assert masks.bounds[at].tolist() == [x, y, x + across, y + down]


@settings(max_examples=100)
@given(
    st.lists(polygons, min_size=1, max_size=4),
    st.lists(polygons, min_size=1, max_size=4),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_every_overlap_is_theirs_to_the_last_bit(
    one: list[Polygon], two: list[Polygon], height: int, width: int
) -> None:
    first, second = ours(one, height, width), ours(two, height, width)
    left, right = (grid.ravel() for grid in np.meshgrid(np.arange(len(one)), np.arange(len(two)), indexing="ij"))
    shared = shared_pixels(first, second, left, right)
    union = first.area[left] + second.area[right] - shared
    found = np.divide(shared, union, out=np.zeros(len(left)), where=shared > 0).reshape(len(one), len(two))
    of_crowds = np.divide(shared, first.area[left], out=np.zeros(len(left)), where=shared > 0).reshape(found.shape)
    a, b = ([theirs(polygon, height, width) for polygon in side] for side in (one, two))
    assert (found == coco.iou(a, b, [0] * len(b))).all()
    assert (of_crowds == coco.iou(a, b, [1] * len(b))).all()


@settings(max_examples=100)
@given(st.lists(st.lists(st.booleans(), min_size=35, max_size=35), min_size=1, max_size=4))
def test_codes_are_decoded_as_theirs(found: list[list[bool]]) -> None:
    drawn = [np.asfortranarray(np.array(bits, dtype=np.uint8).reshape(5, 7)) for bits in found]
    counts = [counts_of(picture) for picture in drawn]
    flat = np.array([number for code in counts for number in code], dtype=np.int64)
    sizes = np.full(len(found), 5)
    masks = code_masks(flat, np.array([len(code) for code in counts]), sizes)
    for at, picture in enumerate(drawn):
        assert (pixels(masks, at, 7) == picture).all()
        assert masks.area[at] == coco.area(coco.encode(picture))


def counts_of(picture: Any) -> list[int]:
    """The counts of COCO's uncompressed codes."""
    counts, value = [0], 0
    for pixel in picture.ravel(order="F").tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


def test_a_ring_within_a_ring_is_a_hole_and_parts_unite() -> None:
    square = [(0.0, 0.0), (6.0, 0.0), (6.0, 6.0), (0.0, 6.0)]
    hole = [(2.0, 2.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0)]
    within = [(3.0, 3.0), (9.0, 3.0), (9.0, 5.0), (3.0, 5.0)]
    masks = ours([[[square, hole]], [[square], [within]], [[square, hole], [within]]], 10, 10)
    assert masks.area.tolist() == [36 - 4, 36 + 6, 36 + 6 - 3]
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    assert shared_pixels(masks, masks, left, right).tolist() == [32, 32, 39]


def test_a_long_column_is_worked_off_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    found = [[[[tuple(point) for point in ring]]] for ring in rng.uniform(-5, 60, (40, 6, 2)).tolist()]
    whole = ours(found, 50, 50)
    left, right = (grid.ravel() for grid in np.meshgrid(np.arange(40), np.arange(40)))
    shared = shared_pixels(whole, whole, left, right)
    monkeypatch.setattr(engine, "CROSSINGS_AT_ONCE", 300)
    monkeypatch.setattr(engine, "COLUMNS_AT_ONCE", 500)
    parts = ours(found, 50, 50)
    assert all((getattr(parts, name) == getattr(whole, name)).all() for name in ("first", "start", "end", "height"))
    assert (shared_pixels(parts, parts, left, right) == shared).all()


def test_nothing_has_no_masks() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert len(ours([], 5, 5)) == 0
    assert shared_pixels(ours([], 5, 5), ours([], 5, 5), none, none).tolist() == []
    outside = ours([[[[(-9.0, -9.0), (-1.0, -9.0), (-1.0, -1.0)]]]], 5, 5)
    assert (outside.area.tolist(), outside.bounds.tolist()) == ([0], [[0, 0, 0, 0]])
