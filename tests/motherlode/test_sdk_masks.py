"""COCO's run-length codes: read, written, and as outlines that draw the same pixels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from motherlode.masks import Mask, mask_bounds, mask_polygon, read_mask, written
from motherlode.outlines import outline_bounds, plain_outline, read_outline
from motherlode.shapes import BadRegion
from motherlode.shapes.polygon import PolygonShape

pytestmark = pytest.mark.once

SQUARE = [[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 5.0]]
FLAT = [1.0, 1.0, 5.0, 1.0, 5.0, 5.0, 1.0, 5.0]


def pictures(draw: Any) -> Any:
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    bits = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.asfortranarray(np.array(bits, dtype=np.uint8).reshape(height, width))


@settings(max_examples=150)
@given(st.data())
def test_codes_come_in_and_go_out_as_theirs(data: st.DataObject) -> None:
    picture = pictures(data.draw)
    code = coco.encode(picture)
    mask = read_mask(code)
    assert written(mask) == {"size": code["size"], "counts": code["counts"].decode()}
    assert read_mask({"size": code["size"], "counts": list(mask.counts)}) == mask
    bounds = mask_bounds(mask)
    if picture.any():
        x, y, width, height = coco.toBbox(code).tolist()
        assert bounds == (x, y, x + width, y + height)
    else:
        assert bounds is None


@settings(max_examples=150)
@given(st.data())
def test_the_outlines_of_a_mask_draw_the_same_pixels(data: st.DataObject) -> None:
    picture = pictures(data.draw)
    if not picture.any():
        return
    height, width = picture.shape
    polygon = mask_polygon(read_mask(coco.encode(picture)))
    drawn = np.zeros((height, width), dtype=np.uint8)
    for part in polygon:
        rings = [[number for point in ring for number in point] for ring in part]
        own = [
            coco.decode(code).astype(bool)
            for ring in rings
            for code in coco.frPyObjects([ring + ring[:2]], height, width)
        ]
        whole = np.logical_xor.reduce(own)
        assert not (drawn & whole).any(), "parts do not overlap"
        drawn |= whole.astype(np.uint8)
    assert (drawn == picture).all()
    assert PolygonShape().area(polygon) == picture.sum()


def test_a_hole_belongs_to_the_part_around_it() -> None:
    picture = np.zeros((9, 20), dtype=np.uint8)
    picture[0:9, 0:9] = 1
    picture[2:7, 2:7] = 0
    picture[4, 4] = 1  # an island in the hole
    picture[1:3, 12:15] = 1
    polygon = mask_polygon(read_mask(coco.encode(np.asfortranarray(picture))))
    assert sorted(len(part) for part in polygon) == [1, 1, 2]
    assert polygon[0][0][0] in {(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)}, "the largest part is the first"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"size": [2, 2], "counts": [1, 2]}, "sum up to 3"),
        ({"size": [2, 2], "counts": [5, -1]}, "sum up to 4"),
        ({"size": [2, 0], "counts": []}, "size is"),
        ({"size": "2x2", "counts": []}, "size is"),
        ({"size": [2, 2], "counts": [1.0, 3.0]}, "whole numbers"),
        ({"size": [2, 2], "counts": "~~"}, "never does"),
        ({"size": [2, 2], "counts": "P"}, "break off"),
        ([], "list of rings"),
        ("polygon", "list of rings"),
        ([1, 2, 3, 4, 5], "5 numbers"),
        ([[1, 2], [3, 4]], "at least three"),
        ([[1, 2], [3, 4], [5, "x"]], "not two numbers"),
        ([[[[[1, 2]]]]], "too deep"),
        ([1, 2, 3, 4, 5, float("nan")], "not two numbers"),
        ([1, 2, 3, 4, 5, 1e9], "pixels away"),
        ([[1, 2, 3, 4, 5, 6], []], "where a list"),
    ],
)
def test_what_is_not_an_outline_is_refused(value: Any, words: str) -> None:
    with pytest.raises(BadRegion, match=words):
        read_outline(value)


@pytest.mark.parametrize("value", [FLAT, [FLAT], SQUARE, [SQUARE], [[SQUARE]]])
def test_one_outline_in_every_form(value: Any) -> None:
    outline = read_outline(value)
    assert outline == (((((1.0, 1.0)), (5.0, 1.0), (5.0, 5.0), (1.0, 5.0)),),)
    assert outline_bounds(outline) == (1.0, 1.0, 5.0, 5.0)
    assert plain_outline(outline) == [FLAT]


def test_holes_and_masks_stay_themselves() -> None:
    hole = [[2.0, 2.0], [3.0, 2.0], [3.0, 3.0]]
    assert plain_outline(read_outline([[SQUARE, hole]])) == [[SQUARE, hole]]
    mask = read_outline({"size": [2, 2], "counts": [1, 2, 1]})
    assert mask == Mask(2, 2, (1, 2, 1))
    assert plain_outline(mask) == {"size": [2, 2], "counts": "121"}
    assert read_outline(plain_outline(mask)) == mask
