"""Keypoints: Label Studio's percent both ways, what is refused, how far two are alike, and validation."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from lode_annotation.identity import overlapping
from lode_annotation.label_sets import regions_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from motherlode.labeling_config import build
from motherlode.media import Image, Text
from motherlode.regions import BadRegion, Control, Region, as_result, dump, from_json, from_result, load
from motherlode.shapes.keypoint import RADIUS, KeypointShape

pytestmark = pytest.mark.once

SHAPE = KeypointShape()
CONFIG = build(["eye", "nose"], "keypoints")
INTERFACE: Any = LabelInterface(CONFIG)
CONTROLS = [Control("label", "keypoint", "image", {"eye": 1, "nose": 2})]
SIDES = st.integers(1, 20_000)
PARTS = st.floats(0, 1)
PLACES = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
NEAR = st.tuples(st.floats(0, 50), st.floats(0, 50))
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([1]), st.just(10**400)
)


def region(at: tuple[float, float], name: str = "k") -> Region:
    return Region(name, "keypoint", 1, "eye", at, control="label")


@given(SIDES, SIDES, PARTS, PARTS)
def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel(width: int, height: int, x: float, y: float) -> None:
    here, media = (x * width, y * height), Image(width, height)
    [entry] = as_result([region(here)], media, CONTROLS)
    assert SHAPE.check(entry["value"], media) is None
    assert INTERFACE.validate_region(entry)
    [back] = from_result(json.loads(json.dumps([entry])), media, CONTROLS)
    assert SHAPE.near(back.geometry, here)
    assert from_result([entry], media, CONTROLS, {"k": region(here)}) == [region(here)]


@given(PLACES)
def test_the_stored_form_gives_back_every_digit(at: tuple[float, float]) -> None:
    assert load(dump([region(at)]), {1: "eye"}) == [region(at)]
    assert dump(load(dump([region(at)]))) == dump([region(at)])
    assert SHAPE.from_json(SHAPE.canonical(at)) == at


def test_a_zero_has_no_sign_in_the_stored_form() -> None:
    assert json.dumps(SHAPE.canonical((-0.0, 3))) == "[0.0, 3.0]"


@pytest.mark.parametrize(
    "geometry", [None, [], [1], [1, 2, 3], [1, math.nan], [math.inf, 1], [10**400, 1], ["a", 2], "12", {"x": 1}, 7]
)
def test_json_that_is_not_a_keypoint_is_refused(geometry: Any) -> None:
    with pytest.raises((BadRegion, TypeError, ValueError, OverflowError)):
        SHAPE.from_json(geometry)
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "keypoint", "class_id": 1, "control": "label", "geometry": geometry})


@given(ANYTHING, ANYTHING)
def test_whatever_is_sent_is_checked_and_what_is_accepted_is_read(x: Any, y: Any) -> None:
    media = Image(640, 480)
    if SHAPE.check({"x": x, "y": y}, media) is None:
        place, said = SHAPE.clip(SHAPE.from_result({"x": x, "y": y}, media), media)
        assert said == "ok" and place is not None


def rules() -> Rules:
    return rules_of(controls_json(parse_config(CONFIG), {("label", "eye"): 1, ("label", "nose"): 2}))


def sent(**value: Any) -> dict[str, Any]:
    value = {"x": 12.5, "y": 50.0, "width": 0.32, "keypointlabels": ["eye"], **value}
    return {"id": "k", "type": "keypointlabels", "from_name": "label", "to_name": "image", "value": value}


@pytest.mark.parametrize(
    ("value", "rule", "error"),
    [
        ({}, None, ""),
        ({"x": 0, "y": 100}, None, ""),
        ({"width": None}, None, ""),
        ({"x": None}, "number", "x is None, not a number."),
        ({"x": "12"}, "number", "x is '12', not a number."),
        ({"y": True}, "number", "y is True, not a number."),
        ({"y": math.nan}, "number", "y is nan, which is not a valid place in an image."),
        ({"x": math.inf}, "number", "x is inf, which is not a valid place in an image."),
        ({"x": 100.1}, "outside", "The keypoint's x is 100.1 %, outside the image."),
        ({"y": -3}, "outside", "The keypoint's y is -3 %, outside the image."),
        ({"y": 10**400}, "outside", "The keypoint's y is 1e+300 %, outside the image."),
        ({"keypointlabels": []}, "label", "A keypoint carries exactly one label."),
        ({"keypointlabels": ["eye", "nose"]}, "label", "A keypoint carries exactly one label."),
        ({"keypointlabels": ["ear"]}, "class", ""),
    ],
)
def test_a_broken_rule_is_named(value: dict[str, Any], rule: str | None, error: str) -> None:
    found = list(problems_of([sent(**value)], Image(640, 480), rules()))
    assert [problem.rule for problem in found] == ([rule] if rule else [])
    assert all(error in problem.error for problem in found)


def test_a_keypoint_is_of_an_image() -> None:
    broken = SHAPE.check({"x": 1, "y": 1}, Text(5))
    assert broken is not None and broken.rule == "object"


def test_two_of_one_class_in_one_place_are_two() -> None:
    both = [sent(), {**sent(), "id": "l"}]
    assert list(problems_of(both, Image(640, 480), rules())) == []
    assert [made.geometry for made in regions_from(both, Image(640, 480), rules(), [])] == [(80.0, 240.0)] * 2


def test_what_label_studios_own_library_makes_comes_in_and_is_shown_again() -> None:
    made = INTERFACE.get_control("label").label(["nose"], x=25.0, y=75.0)._dict()
    assert list(problems_of([made], Image(640, 480), rules())) == []
    [kept] = regions_from([made], Image(640, 480), rules(), [])
    assert (kept.kind, kept.class_id, kept.geometry) == ("keypoint", 2, (160.0, 360.0))
    [entry] = shown(json.loads(dump([kept])), Image(640, 480), rules())
    assert entry["value"] == {"x": 25.0, "y": 75.0, "width": 0.5, "keypointlabels": ["nose"]}
    assert INTERFACE.validate_region(entry, return_errors=True) == []


def test_a_float_that_sticks_out_is_put_on_the_edge_and_what_lies_outside_is_gone() -> None:
    media = Image(10, 20)
    assert SHAPE.clip((10.0, 0.0), media) == ((10.0, 0.0), "ok")
    assert SHAPE.clip((10 + 1e-7, -1e-7), media) == ((10.0, 0.0), "ok")
    for outside in ((10.1, 5.0), (5.0, -0.1), (math.nan, 5.0), (math.inf, 5.0)):
        assert SHAPE.clip(outside, media) == (None, "outside")
    [made] = regions_from([sent(x=100 + 1e-9)], Image(640, 480), rules(), [])
    assert made.geometry == (640.0, 240.0)


def test_it_is_scaled_and_turned_with_its_image() -> None:
    assert SHAPE.mapped((20.0, 5.0), lambda x, y: (2 * x, 3 * y)) == (40.0, 15.0)
    assert SHAPE.mapped((20.0, 5.0), lambda x, y: (100 - y, x)) == (95.0, 20.0)
    assert (SHAPE.bounds((20.0, 5.0)), SHAPE.area((20.0, 5.0))) == ((20.0, 5.0, 20.0, 5.0), 0.0)


@settings(max_examples=25, deadline=None)
@given(NEAR, NEAR)
def test_how_far_two_are_alike_is_what_discs_of_many_pixels_share(
    one: tuple[float, float], two: tuple[float, float]
) -> None:
    step = 0.1
    ys, xs = np.mgrid[-RADIUS : 50 + RADIUS : step, -RADIUS : 50 + RADIUS : step]
    a, b = ((xs - x) ** 2 + (ys - y) ** 2 <= RADIUS**2 for x, y in (one, two))
    assert SHAPE.similarity(one, two) == pytest.approx((a & b).sum() / (a | b).sum(), abs=2e-3)
    assert SHAPE.similarity(one, two) == SHAPE.similarity(two, one)


def test_one_place_is_alike_and_far_ones_are_not() -> None:
    assert SHAPE.similarity((3.0, 4.0), (3.0, 4.0)) == 1
    assert SHAPE.similarity((0.0, 0.0), (24.0, 32.0)) == 0
    assert SHAPE.similarity((0.0, 0.0), (1e9, 0.0)) == 0


def test_places_whose_bounds_do_not_meet_are_compared_too() -> None:
    before, after = [(10.0, 10.0), (100.0, 10.0)], [(95.0, 12.0), (60.0, 10.0), (13.0, 8.0)]
    assert overlapping(SHAPE, before, after).keys() == {(1, 0), (0, 2)}
