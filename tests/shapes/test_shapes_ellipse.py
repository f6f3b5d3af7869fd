"""Ellipses: Label Studio's percent both ways, what is refused, and their areas, overlaps and places."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from lode_annotation.label_sets import regions_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from lode_platform import drawing
from motherlode.formats.upright import fit, placing
from motherlode.labeling_config import build
from motherlode.media import Image, Text
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import BadRegion, Control, Region, as_result, dump, from_json, from_result, load
from motherlode.shapes import SHAPES
from motherlode.shapes.ellipse import Ellipse, EllipseShape
from motherlode.shapes.polygon import Polygon

pytestmark = pytest.mark.once

SHAPE = EllipseShape()
CONTROLS = [Control("label", "ellipse", "image", {"cell": 1})]
SIDES = st.integers(1, 20_000)
PARTS = st.floats(0, 1)
ANGLES = st.floats(-360, 360)
PLACES = st.floats(-100, 100)
RADII = st.floats(1, 60)
ODD = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just(-(10**5000))
)
ELLIPSES = st.tuples(PLACES, PLACES, RADII, RADII, ANGLES)
SIZE = Image(640, 480)
LYING: Ellipse = (50.0, 40.0, 30.0, 10.0, 0.0)


def region(ellipse: Ellipse, **said: Any) -> Region:
    return Region("e", "ellipse", 1, "cell", ellipse, control="label", **said)


def outline(ellipse: Ellipse, corners: int = 720) -> Polygon:
    """The polygon of as many corners as there are, that has the ellipse's area."""
    x, y, across, down, angle = ellipse
    step = math.tau / corners
    grown = math.sqrt(step / math.sin(step))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    own = [(across * grown * math.cos(step * n), down * grown * math.sin(step * n)) for n in range(corners)]
    return ((tuple((x + u * cos - v * sin, y + u * sin + v * cos) for u, v in own),),)


def _radius(ellipse: Ellipse, x: Any, y: Any) -> Any:
    """How far places lie from the centre; 1 is the outline."""
    cos, sin = math.cos(math.radians(ellipse[4])), math.sin(math.radians(ellipse[4]))
    u, v = x - ellipse[0], y - ellipse[1]
    return np.hypot((u * cos + v * sin) / ellipse[2], (v * cos - u * sin) / ellipse[3])


# Label Studio's side


@given(SIDES, SIDES, PARTS, PARTS, PARTS, PARTS, ANGLES)
def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel_and_the_angle_to_the_last_digit(
    width: int, height: int, x: float, y: float, across: float, down: float, angle: float
) -> None:
    here = (x * width, y * height, across * width, down * height, angle + 0.0)
    [entry] = as_result([region(here)], Image(width, height), CONTROLS)
    [back] = from_result(json.loads(json.dumps([entry])), Image(width, height), CONTROLS)
    assert back.geometry == pytest.approx(here, abs=1e-6, rel=0)
    assert back.geometry[4] == angle
    assert from_result([entry], Image(width, height), CONTROLS, {"e": region(here)}) == [region(here)]


def test_a_turn_is_one_of_pixels_on_an_image_that_is_not_square() -> None:
    value = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 90}
    lying = SHAPE.from_result(value, Image(1000, 200))
    assert lying == (500, 100, 100, 10, 90)
    assert SHAPE.bounds(lying) == pytest.approx((490, 0, 510, 200))
    assert SHAPE.check(value, Image(1000, 200)) is None
    broken = SHAPE.check(value, Image(1000, 199))
    assert broken is not None and broken.rule == "outside"
    assert SHAPE.from_result({**value, "rotation": None}, Image(1000, 200))[4] == 0


def rules() -> Rules:
    numbers = {("label", "cell"): 1, ("label", "debris"): 2}
    return rules_of(controls_json(parse_config(build(["cell", "debris"], "ellipses")), numbers))


def sent(**value: Any) -> dict[str, Any]:
    place = {"x": 50.0, "y": 40.0, "radiusX": 20.0, "radiusY": 10.0, "rotation": 30.0}
    value = {**place, "ellipselabels": ["cell"], **value}
    return {"id": "e", "type": "ellipselabels", "from_name": "label", "to_name": "image", "value": value}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({}, None),
        ({"rotation": None}, None),
        ({"rotation": -330}, None),
        ({"x": None}, "number"),
        ({"x": "50"}, "number"),
        ({"y": True}, "number"),
        ({"y": math.nan}, "number"),
        ({"radiusX": math.inf}, "number"),
        ({"radiusY": 10**400}, "number"),
        ({"radiusY": 1e300}, "number"),
        ({"radiusX": [1]}, "number"),
        ({"rotation": "30"}, "number"),
        ({"rotation": False}, "number"),
        ({"rotation": -math.inf}, "number"),
        ({"radiusX": 0}, "area"),
        ({"radiusY": -1}, "area"),
        ({"radiusX": 1e-9, "radiusY": 1e-9}, "area"),
        ({"x": 10}, "outside"),
        ({"y": 99}, "outside"),
        ({"x": -500}, "outside"),
        ({"radiusX": 49, "rotation": 90}, "outside"),
        ({"ellipselabels": ["cell", "debris"]}, "label"),
        ({"ellipselabels": ["mitosis"]}, "class"),
    ],
)
def test_a_broken_rule_is_named(value: dict[str, Any], rule: str | None) -> None:
    found = list(problems_of([sent(**value)], SIZE, rules()))
    assert [problem.rule for problem in found] == ([rule] if rule else [])


def test_what_is_wrong_is_said_in_a_sentence() -> None:
    def said(medium: Any = SIZE, **value: Any) -> str:
        broken = SHAPE.check({**sent()["value"], **value}, medium)
        assert broken is not None
        return broken.error

    assert said(y="40") == "y is '40', not a number."
    assert said(radiusX=0) == "The ellipse's radii are 0 and 10 %: it has no area."
    assert said(x=10, rotation=0) == (
        "The ellipse reaches from (-64, 144) to (192, 240) px, outside the image of 640 x 480."
    )
    assert said(Text(9)) == "An ellipse is drawn on an image."
    [problem] = problems_of([sent(ellipselabels=["cell", "debris"])], SIZE, rules())
    assert problem.error == "An ellipse carries exactly one label."


@given(st.dictionaries(st.sampled_from(["x", "y", "radiusX", "radiusY", "rotation"]), ODD))
def test_a_check_never_raises(value: dict[str, Any]) -> None:
    broken = SHAPE.check({**sent()["value"], **value}, SIZE)
    assert broken is None or broken.error.endswith(".")


def test_a_float_s_last_digits_may_stick_out_and_stay() -> None:
    [made] = regions_from([sent(x=20 + 1e-11, radiusX=20 + 2e-10, rotation=0)], SIZE, rules(), [])
    assert (made.kind, made.class_id) == ("ellipse", 1)
    assert made.box is not None and -1e-6 < made.box[0] < 0
    [entry] = shown(json.loads(dump([made])), SIZE, rules())
    assert (entry["id"], entry["from_name"], entry["value"]["ellipselabels"]) == ("e", "label", ["cell"])
    assert entry["value"]["radiusX"] == pytest.approx(20 + 2e-10, abs=1e-13)


def test_label_studio_s_sdk_takes_what_we_write_and_makes_what_we_take() -> None:
    made_by: Any = LabelInterface  # untyped
    interface = made_by(build(["cell", "debris"], "ellipses"))
    interface.validate()
    [entry] = as_result([region((320.0, 200.0, 100.0, 50.0, 200.0))], SIZE, CONTROLS)
    assert interface.validate_region(entry)
    assert not interface.validate_region({**entry, "value": {**entry["value"], "rotation": 400}})
    place = {"x": 50, "y": 40, "radiusX": 20, "radiusY": 10, "rotation": 30}
    made = json.loads(interface.get_control("label").label("cell", **place).to_json())
    assert (made["type"], made["from_name"]) == ("ellipselabels", "label")
    assert list(problems_of([made], SIZE, rules())) == []
    [back] = from_result([made], SIZE, CONTROLS)
    assert back.geometry == pytest.approx((320, 192, 128, 48, 30))


# As label sets hold it


@given(ELLIPSES)
def test_the_stored_form_gives_back_every_digit(ellipse: Ellipse) -> None:
    before = replace(region(SHAPE.from_json(ellipse)), label="")
    assert load(dump([before])) == [before]
    assert dump(load(dump([before]))) == dump([before])


def test_what_is_said_in_another_way_is_stored_alike_where_that_loses_nothing() -> None:
    assert json.dumps(SHAPE.canonical(SHAPE.from_json([1, -0.0, 3, 4, -0.0]))) == "[1.0, 0.0, 3.0, 4.0, 0.0]"
    assert [SHAPE.from_json([1, 2, 3, 4, angle])[4] for angle in (360, -30, 390, -750, 1e300 * 0)] == [
        360,
        -30,
        30,
        -30,
        0,
    ]
    assert SHAPE.near((1, 2, 3, 4, 10), (1, 2, 4, 3, 100)) and SHAPE.near((1, 2, 3, 4, 190), (1, 2, 3, 4, -170))
    assert SHAPE.near((1, 2, 3, 3, 10), (1, 2, 3, 3, 55)), "a circle"
    assert not SHAPE.near((1, 2, 3, 4, 10), (1, 2, 3, 4, 100))
    assert not SHAPE.near((1, 2, 3, 4, 10), (1, 2, 3, 4, 10.001))
    assert not SHAPE.near((1, 2, 3, 4, 10), (1, 2.1, 3, 4, 10))


@pytest.mark.parametrize(
    "value",
    [[1, 2, 3, 4], [1, 2, 3, 4, 5, 6], "12345", [1, 2, -3, 4, 0], [1, 2, 3, math.nan, 0], [10**400] * 5, None, {}],
)
def test_json_that_is_not_an_ellipse_is_refused(value: Any) -> None:
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "ellipse", "class_id": 1, "control": "label", "geometry": value})


def test_a_model_s_ellipses_are_logged() -> None:
    found = Prediction("a.png", ellipses=[(1, 2, 3, 4, 450)], labels=["cell"], scores=[0.5])
    assert (found.task, found.places) == ("ellipses", ([1.0, 2.0, 3.0, 4.0, 90.0],))
    with pytest.raises(BadPrediction, match=r"ellipse 1: the ellipse \[1, 2, -3, 4, 0\] has a radius below 0"):
        Prediction("a.png", ellipses=[(1, 2, -3, 4, 0)], labels=["cell"], scores=[0.5])
    with pytest.raises(BadPrediction, match="one of each an ellipse"):
        Prediction("a.png", ellipses=[(1, 2, 3, 4, 0)], labels=[], scores=[0.5])


# As a place in an image


@given(ELLIPSES)
def test_bounds_and_areas_are_those_of_the_outline(ellipse: Ellipse) -> None:
    fine = outline(ellipse)
    assert SHAPE.bounds(ellipse) == pytest.approx(SHAPES["polygon"].bounds(fine), abs=0.005)
    assert SHAPE.area(ellipse) == pytest.approx(SHAPES["polygon"].area(fine), rel=1e-9)


@settings(max_examples=60)
@given(ELLIPSES, st.tuples(st.floats(-40, 40), st.floats(-40, 40), RADII, RADII, ANGLES))
def test_overlaps_agree_with_masks_of_many_pixels(one: Ellipse, beside: Ellipse) -> None:
    two = (one[0] + beside[0], one[1] + beside[1], *beside[2:])
    left, top, right, bottom = (
        near(ends)
        for near, ends in zip((min, min, max, max), zip(SHAPE.bounds(one), SHAPE.bounds(two), strict=True), strict=True)
    )
    x, y = np.meshgrid(np.linspace(left, right, 301), np.linspace(top, bottom, 301))
    within = [_radius(ellipse, x, y) <= 1 for ellipse in (one, two)]
    expected = np.logical_and(*within).sum() / np.logical_or(*within).sum()
    assert SHAPE.similarity(one, two) == pytest.approx(expected, abs=0.01)
    assert SHAPE.similarity(one, two) == SHAPE.similarity(two, one)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (LYING, LYING, 1),
        (LYING, (50, 40, 10, 30, 90), 1),
        (LYING, (50, 40, 30, 10, 180), 1),
        ((0, 0, 10, 10, 0), (0, 0, 10, 10, 77), 1),
        ((0, 0, 10, 10, 0), (1, 1, 5, 2, 30), 0.1),  # within
        ((0, 0, 10, 10, 0), (20, 0, 10, 10, 0), 0),  # touching
        ((0, 0, 1, 1, 0), (0, 0, 1, 2, 0), 0.5),  # touching from within
        ((0, 0, 2, 2, 0), (0, 1, 1, 1, 0), 0.25),
        ((0, 0, 10, 10, 0), (14.2, 14.2, 10, 10, 0), 0),  # their bounds alone meet
        ((0, 0, 10, 10, 0), (0, 0, 0, 10, 0), 0),
        # a lens of two circles, one through the other's centre: 2 pi / 3 - sqrt(3) / 2
        ((0, 0, 1, 1, 0), (1, 0, 1, 1, 33), (lens := 2 * math.pi / 3 - math.sqrt(3) / 2) / (math.tau - lens)),
        # the cross of two equal ellipses shares 4 a b atan(b / a)
        ((5, 5, 100, 1, 20), (5, 5, 100, 1, 110), (four := 400 * math.atan(0.01)) / (200 * math.pi - four)),
        ((5, 5, 1e4, 0.5, 20), (5, 5, 0.5, 1e4, 20), (thin := 2e4 * math.atan(5e-5)) / (1e4 * math.pi - thin)),
        ((0, 0, 1e4, 0.5, 1), (0, 0, 100, 100, 0), 200 / (15e3 * math.pi - 200)),
    ],
)
def test_overlaps_that_are_known(one: Ellipse, two: Ellipse, expected: float) -> None:
    assert SHAPE.similarity(one, two) == pytest.approx(expected, rel=1e-3 if expected < 0.01 else 1e-7, abs=1e-12)


def test_one_that_reaches_over_the_edge_stays_whole_and_one_beyond_it_is_left_out() -> None:
    image = Image(100, 60)
    for inside in (LYING, (0.0, 0.0, 5.0, 5.0, 0.0), (-3.0, 30.0, 4.0, 4.0, 0.0), (50.0, 30.0, 500.0, 500.0, 9.0)):
        assert SHAPE.clip(inside, image) == (inside, "ok")
    for beyond in ((-4.0, 30.0, 4.0, 9.0, 0.0), (-3.0, -3.0, 4.0, 4.0, 45.0), (50.0, -9.0, 8.0, 40.0, 90.0)):
        assert SHAPE.clip(beyond, image) == (None, "outside")
    for nothing in (
        (5.0, 5.0, 0.0, 5.0, 0.0),
        (5.0, 5.0, 5.0, -1.0, 0.0),
        (5.0, math.nan, 1.0, 1.0, 0.0),
        (0, 0, 1e200, 1e200, 0),
    ):
        assert SHAPE.clip(nothing, image) == (None, "degenerate")


@given(ELLIPSES)
def test_it_is_outside_where_its_outline_is(ellipse: Ellipse) -> None:
    cut, _ = SHAPES["polygon"].clip(outline(ellipse, 120), Image(60, 40))
    shared = SHAPES["polygon"].area(cut) if cut else 0.0
    _, state = SHAPE.clip(ellipse, Image(60, 40))
    assume(shared == 0 or shared > 0.01)
    if shared:
        assert state == "ok"
    elif state == "ok":  # the outline of corners lies a little further in
        assert SHAPES["polygon"].clip(
            outline((*ellipse[:2], ellipse[2] + 0.1, ellipse[3] + 0.1, ellipse[4]), 120), Image(60, 40)
        )[0]


@given(ELLIPSES, st.sampled_from([1, 5, 6, 7, 8]), st.sampled_from([1.0, 0.5, 3.0]))
def test_on_a_turned_and_scaled_image_it_lies_where_its_outline_does(
    ellipse: Ellipse, orientation: int, scale: float
) -> None:
    true = (300, 200) if orientation == 1 else (200, 300)
    how = fit((300, 200), (int(true[0] * scale), int(true[1] * scale)), orientation)
    assert how is not None
    there = SHAPE.mapped(ellipse, placing(how))
    assert sorted(there[2:4]) == pytest.approx(sorted(radius * scale for radius in ellipse[2:4]))
    corners = SHAPES["polygon"].mapped(outline(ellipse, 36), placing(how))
    assert SHAPES["polygon"].bounds(outline(there, 36 * 20)) == pytest.approx(SHAPE.bounds(there), abs=0.02)
    assert all(_gap(there, point, 36) < 1e-6 for point in corners[0][0])


@given(ELLIPSES, st.floats(0.2, 5), st.floats(0.2, 5))
def test_scaled_more_one_way_than_the_other_it_is_still_an_ellipse(
    ellipse: Ellipse, across: float, down: float
) -> None:
    there = SHAPE.mapped(ellipse, lambda x, y: (x * across, y * down))
    corners = SHAPES["polygon"].mapped(outline(ellipse, 36), lambda x, y: (x * across, y * down))
    assert all(_gap(there, point, 36) < 1e-6 for point in corners[0][0])
    back = SHAPE.mapped(there, lambda x, y: (x / across, y / down))
    assert SHAPE.near(back, ellipse, 1e-6)


def _gap(ellipse: Ellipse, point: tuple[float, float], corners: int) -> float:
    """How far a corner of an `outline` is from where the ellipse has it, in parts of the radius."""
    grown = math.sqrt((step := math.tau / corners) / math.sin(step))
    return abs(float(_radius(ellipse, *point)) - grown)


def test_where_nothing_is_turned_or_scaled_every_digit_stays() -> None:
    turned = (1.0, 2.0, 3.0, 4.0, 33.3)
    assert SHAPE.mapped(turned, lambda x, y: (x, y)) == turned
    assert SHAPE.mapped(LYING, lambda x, y: (100 - y, x)) == (60, 50, 30, 10, 90)
    assert SHAPE.mapped(LYING, lambda x, y: (2 * x, y)) == (100, 40, 60, 10, 0)


def test_pages_draw_it_and_messages_say_it() -> None:
    (one,) = drawing.drawn(region(LYING))
    assert (one["kind"], one["geometry"]) == ("ellipse", [50, 40, 30, 10, 0])
    assert SHAPE.words(LYING) == "60 x 20 about 50, 40"
    assert SHAPE.words((50, 40, 30, 10, 22.5)) == "60 x 20 about 50, 40, turned by 22.5 degrees"
