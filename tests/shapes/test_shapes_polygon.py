"""Polygons: Label Studio's percent both ways, cutting, areas and overlaps, and their way through validation."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask
from tests.earlier import earlier_row

from lode_annotation.label_sets import regions_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from motherlode.labeling_config import build
from motherlode.media import Image
from motherlode.regions import (
    BadRegion,
    Control,
    Region,
    as_result,
    box_of,
    dump,
    from_json,
    from_result,
    load,
)
from motherlode.shapes import SHAPES
from motherlode.shapes.box import iou
from motherlode.shapes.polygon import Polygon, PolygonShape, Ring

pytestmark = pytest.mark.once

SHAPE = PolygonShape()
CONTROLS = [Control("label", "polygon", "image", {"cell": 1})]
SQUARE: Ring = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
TRIANGLE: Ring = ((2.0, 2.0), (8.0, 2.0), (2.0, 8.0))
SIDES = st.integers(1, 20_000)
PARTS = st.floats(0, 1)
RINGS = st.lists(st.tuples(PARTS, PARTS), min_size=3, max_size=12).map(tuple)
GRID = st.integers(0, 12).map(float)
SIDE = st.lists(GRID, min_size=2, max_size=2, unique=True).map(sorted)
CORNERS = st.tuples(SIDE, SIDE).map(lambda sides: (sides[0][0], sides[1][0], sides[0][1], sides[1][1]))


def region(*rings: Ring, **said: Any) -> Region:
    return Region("p", "polygon", 1, "cell", tuple((ring,) for ring in rings), control="label", **said)


def rectangle(box: tuple[float, ...]) -> Polygon:
    x1, y1, x2, y2 = box
    return ((((x1, y1), (x2, y1), (x2, y2), (x1, y2)),),)


@given(SIDES, SIDES, RINGS)
def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel(width: int, height: int, ring: Ring) -> None:
    here = tuple((x * width, y * height) for x, y in ring)
    [entry] = as_result([region(here)], Image(width, height), CONTROLS)
    [back] = from_result(json.loads(json.dumps([entry])), Image(width, height), CONTROLS)
    assert SHAPE.near(back.geometry, ((here,),), 1e-6)


@given(st.lists(RINGS, min_size=1, max_size=3))
def test_the_stored_form_gives_back_every_digit(rings: list[Ring]) -> None:
    before = replace(region(*rings), label="")
    assert load(dump([before])) == [before]
    assert dump(load(dump([before]))) == dump([before])


def test_the_bounds_are_the_outlines_and_stood_beside_it_in_versions_before_format_1() -> None:
    row = region(TRIANGLE).as_json()
    assert row["geometry"] == [[[[2.0, 2.0], [8.0, 2.0], [2.0, 8.0]]]] and "box" not in row
    assert box_of(row) == [2.0, 2.0, 8.0, 8.0] and region(TRIANGLE).box == (2.0, 2.0, 8.0, 8.0)
    earlier = earlier_row(row)
    assert (earlier["type"], earlier["polygon"], earlier["box"]) == ("polygon", row["geometry"], box_of(row))
    assert from_json(earlier) == replace(region(TRIANGLE), control="", label="")


@pytest.mark.parametrize(
    "polygon", [[], [[]], [[[[1, 2], [3, 4]]]], [[[[1, 2], [3, 4], [5]]]], [[[[1, 2], [3, 4], [5, math.nan]]]], None]
)
def test_json_that_is_not_a_polygon_is_refused(polygon: Any) -> None:
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "polygon", "class_id": 1, "control": "label", "geometry": polygon})


def test_areas_by_the_shoelace_formula() -> None:
    assert SHAPE.area(((SQUARE,),)) == 100
    assert SHAPE.area(((TRIANGLE,),)) == 18
    assert SHAPE.area(((SQUARE, TRIANGLE),)) == 82  # a hole
    far = tuple((x + 1e9, y + 1e9) for x, y in TRIANGLE)
    assert SHAPE.area(((far,),)) == 18


def test_what_lies_outside_the_image_is_cut_off() -> None:
    assert SHAPE.clip(((SQUARE,),), Image(10, 10)) == (((SQUARE,),), "ok")
    cut, state = SHAPE.clip(((SQUARE,),), Image(4, 20))
    assert state == "clipped" and cut is not None
    assert (SHAPE.bounds(cut), SHAPE.area(cut)) == ((0, 0, 4, 10), 40)
    beside = ((((12.0, 0.0), (14.0, 0.0), (14.0, 4.0)),),)
    assert SHAPE.clip(beside, Image(10, 10)) == (None, "outside")
    flat = ((((1.0, 1.0), (5.0, 5.0), (9.0, 9.0)),),)
    assert SHAPE.clip(flat, Image(10, 10)) == (None, "degenerate")
    two = ((SQUARE,), (tuple((x + 50, y) for x, y in SQUARE),))
    kept, state = SHAPE.clip(two, Image(20, 20))
    assert (kept, state) == (((SQUARE,),), "clipped")


@given(st.lists(st.tuples(st.floats(-20, 40), st.floats(-20, 40)), min_size=3, max_size=3))
def test_what_is_left_of_a_triangle_is_what_it_shares_with_the_image(corners: list[tuple[float, float]]) -> None:
    triangle: Polygon = ((tuple(corners),),)
    if SHAPE.area(triangle) < 1e-3:
        return
    cut, _ = SHAPE.clip(triangle, Image(20, 15))
    left = SHAPE.area(cut) if cut else 0.0
    image = rectangle((0.0, 0.0, 20.0, 15.0))
    whole = SHAPE.area(triangle) + 300 - left
    assert SHAPE.similarity(triangle, image) == pytest.approx(left / whole, abs=1e-6)


@given(CORNERS, CORNERS)
def test_rectangles_overlap_as_boxes_do(one: tuple[float, ...], two: tuple[float, ...]) -> None:
    found = SHAPE.similarity(rectangle(one), rectangle(two))
    assert found == pytest.approx(iou((one[0], one[1], one[2], one[3]), (two[0], two[1], two[2], two[3])), abs=1e-12)
    assert found == SHAPE.similarity(rectangle(two), rectangle(one))


@settings(max_examples=60)
@given(st.lists(RINGS, min_size=1, max_size=2), st.lists(RINGS, min_size=1, max_size=2))
def test_overlaps_agree_with_masks_of_many_pixels(one: list[Ring], two: list[Ring]) -> None:
    side = 1000
    polygons = [tuple((tuple((x * side, y * side) for x, y in ring),) for ring in rings) for rings in (one, two)]
    masks = [
        mask.decode(
            mask.merge(mask.frPyObjects([[n for point in part[0] for n in point] for part in polygon], side, side))
        )
        for polygon in polygons
    ]
    whole = int(np.logical_or(*masks).sum())
    if whole < 20_000:
        return  # of a sliver, the pixels on its edges are most
    shared = int(np.logical_and(*masks).sum())
    assert SHAPE.similarity(*polygons) == pytest.approx(shared / whole, abs=12 * side / whole)


def test_what_no_editor_shows_stays_with_the_region() -> None:
    before = region(TRIANGLE, SQUARE, area=77.0, iscrowd=True)
    [entry] = as_result([before], Image(40, 30), CONTROLS)
    assert from_result([entry], Image(40, 30), CONTROLS, {"p": before}) == [before]
    entry["value"]["points"][0][0] += 5
    [moved] = from_result([entry], Image(40, 30), CONTROLS, {"p": before})
    assert (moved.area, moved.iscrowd, moved.geometry[1]) == (None, True, (SQUARE,))
    assert moved.geometry[0][0][0] == pytest.approx((4.0, 2.0))


def rules() -> Rules:
    numbers = {("label", "cell"): 1, ("label", "debris"): 2}
    return rules_of(controls_json(parse_config(build(["cell", "debris"], "polygons")), numbers))


def sent(**value: Any) -> dict[str, Any]:
    points = [[10.0, 10.0], [50.0, 10.0], [10.0, 50.0]]
    value = {"points": points, "closed": True, "polygonlabels": ["cell"], **value}
    return {"id": "p", "type": "polygonlabels", "from_name": "label", "to_name": "image", "value": value}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({}, None),
        ({"points": None}, "points"),
        ({"points": [[1, 2], [3, 4]]}, "points"),
        ({"points": [[0, 0]] * 10_001}, "points"),
        ({"closed": False}, "points"),
        ({"points": [[1, 2], [3, 4], [5]]}, "number"),
        ({"points": [[1, 2], [3, 4], [5, "6"]]}, "number"),
        ({"points": [[1, 2], [3, 4], [5, math.nan]]}, "number"),
        ({"points": [[1, 2], [3, 4], [5, True]]}, "number"),
        ({"points": [[1, 2], [3, 4], [5, 100.1]]}, "outside"),
        ({"points": [[1, 1], [3, 3], [5, 5]]}, "area"),
        ({"polygonlabels": ["cell", "debris"]}, "label"),
        ({"polygonlabels": ["mitosis"]}, "class"),
    ],
)
def test_a_broken_rule_is_named(value: dict[str, Any], rule: str | None) -> None:
    assert [problem.rule for problem in problems_of([sent(**value)], Image(640, 480), rules())] == (
        [rule] if rule else []
    )


def test_an_accepted_answer_becomes_a_region_and_is_shown_again() -> None:
    over = [[10.0, 10.0], [100 + 1e-9, 10.0], [10.0, 50.0]]  # a float's last digits
    [made] = regions_from([sent(points=over)], Image(640, 480), rules(), [])
    assert (made.kind, made.class_id) == ("polygon", 1)
    assert made.box is not None and made.box == pytest.approx((64, 48, 640, 240)) and made.box[2] <= 640
    [entry] = shown(json.loads(dump([made])), Image(640, 480), rules())
    assert (entry["id"], entry["from_name"], entry["value"]["polygonlabels"]) == ("p", "label", ["cell"])
    assert entry["value"]["points"] == [pytest.approx(point) for point in over]


def test_a_polygon_is_asked_for_by_its_own_tag() -> None:
    [control] = parse_config(build(["cell"], "polygons")).controls
    assert (control.type, SHAPES["polygon"].tag) == ("PolygonLabels", "PolygonLabels")
