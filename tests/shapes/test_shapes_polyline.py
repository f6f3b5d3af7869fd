"""Polylines: Label Studio's percent both ways, what is refused, cutting, how far two agree, and the SDK's validator."""

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
from motherlode.shapes.polyline import NEAR, Polyline, PolylineShape

pytestmark = pytest.mark.once

SHAPE = PolylineShape()
CONTROLS = [Control("label", "polyline", "image", {"lane": 1})]
CONFIG = build(["lane", "kerb"], "polylines")
INTERFACE: Any = LabelInterface(CONFIG)
HOOK: Polyline = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))
SIZE = Image(640, 480)
SIDES = st.integers(1, 20_000)
PARTS = st.floats(0, 1)
SHORT = st.lists(st.tuples(PARTS, PARTS), min_size=2, max_size=5).map(tuple)
LINES = st.lists(st.tuples(PARTS, PARTS), min_size=2, max_size=12).map(tuple)


def region(line: Polyline, **said: Any) -> Region:
    return Region("p", "polyline", 1, "lane", line, control="label", **said)


def scaled(line: Polyline, across: float, down: float) -> Polyline:
    return SHAPE.mapped(line, lambda x, y: (x * across, y * down))


def length(line: Polyline) -> float:
    return sum(math.dist(a, b) for a, b in zip(line, line[1:], strict=False))


@given(SIDES, SIDES, LINES)
def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel(width: int, height: int, line: Polyline) -> None:
    here = scaled(line, width, height)
    [entry] = as_result([region(here)], Image(width, height), CONTROLS)
    [back] = from_result(json.loads(json.dumps([entry])), Image(width, height), CONTROLS)
    assert SHAPE.near(back.geometry, here, 1e-6)


@given(LINES)
def test_the_stored_form_gives_back_every_digit(line: Polyline) -> None:
    stored = SHAPE.canonical(line)
    assert SHAPE.from_json(json.loads(json.dumps(stored))) == line
    assert json.dumps(SHAPE.canonical(SHAPE.from_json(stored))) == json.dumps(stored)
    assert "-0.0" not in json.dumps(SHAPE.canonical(((-0.0, -0.0), *line)))
    assert dump(load(dump([region(line)]))) == dump([region(line)])


def test_equal_lines_give_equal_results_of_one_chain() -> None:
    value = SHAPE.to_result(((0.0, 0.0), (64.0, 0.0), (64.0, 240.0)), SIZE)
    assert value == {
        "vertices": [
            {"id": "p1", "x": 0, "y": 0, "isBezier": False},
            {"id": "p2", "x": 10, "y": 0, "isBezier": False, "prevPointId": "p1"},
            {"id": "p3", "x": 10, "y": 50, "isBezier": False, "prevPointId": "p2"},
        ],
        "closed": False,
    }
    assert SHAPE.check(value, SIZE) is None


@pytest.mark.parametrize(
    "line",
    [
        *([], [[1, 2]], [1, 2, 3, 4], [[1, 2], [3]], [[1, 2], [3, 4, 5]], [[1, 2], [3, math.nan]], None, "abcd"),
        *([[1, 2], [3, math.inf]], [[1, 2], [3, None]], ["12", "34"], [[1, 2], [3, 10**400]], {"x": 1}, 7),
    ],
)
def test_json_that_is_not_a_polyline_is_refused(line: Any) -> None:
    with pytest.raises((BadRegion, TypeError, ValueError, OverflowError)):
        SHAPE.from_json(line)
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "polyline", "class_id": 1, "control": "label", "geometry": line})


# Results


def chain(*points: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    """A value as Label Studio's editor writes it."""
    vertices = [
        {"id": f"v{at}", "x": x, "y": y, "prevPointId": f"v{at - 1}" if at else None, "isBezier": False}
        for at, (x, y) in enumerate(points)
    ]
    return {"vertices": vertices, "closed": False, "vectorlabels": ["lane"], **more}


def changed(at: int, **more: Any) -> dict[str, Any]:
    value = chain((10, 10), (50, 10), (50, 50))
    value["vertices"][at].update(more)
    return value


def sent(value: dict[str, Any]) -> dict[str, Any]:
    return {"id": "p", "type": "vectorlabels", "from_name": "label", "to_name": "image", "value": value}


def rules() -> Rules:
    numbers = {("label", "lane"): 1, ("label", "kerb"): 2}
    return rules_of(controls_json(parse_config(CONFIG), numbers))


@pytest.mark.parametrize(
    ("value", "rule", "error"),
    [
        (chain((10, 10), (50, 10)), None, ""),
        ({**chain(), "vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}, None, ""),
        ({**chain((1, 2), (3, 4)), "closed": None}, None, ""),
        ({**chain(), "vertices": None}, "points", "A polyline has at least two points."),
        (chain((1, 2)), "points", "A polyline has at least two points."),
        (chain(*[(0, 0)] * 10_001), "points", "The polyline has 10,001 points; at most 10,000 are taken."),
        (chain((1, 2), (3, 4), closed=True), "points", "The line is closed: only open lines are supported."),
        (changed(1, isBezier=True), "curve", "The line is curved: Bezier points are not supported."),
        (changed(2, prevPointId="v0"), "points", "Point 3 does not follow point 2: branching lines are not supported."),
        (changed(2, prevPointId=None), "points", "Point 3 follows none: a line of several pieces is not supported."),
        (changed(0, prevPointId="v2"), "points", "Point 1 follows 'v2': a line begins at its first point."),
        (changed(2, id="v0"), "points", "Two points of the line have the same id."),
        (changed(1, id=7), "points", "id of point 2 is 7, not a string."),
        (changed(1, x="50"), "number", "x of point 2 is '50', not a number."),
        (changed(1, y=True), "number", "y of point 2 is True, not a number."),
        (changed(1, y=math.nan), "number", "y of point 2 is nan, which is not a valid place in an image."),
        (
            changed(1, y=10**400),
            "number",
            "y of point 2 is too large a number, which is not a valid place in an image.",
        ),
        (changed(2, y=100.1), "outside", "Point 3 lies at (50, 100.1) %, outside the image."),
        ({**chain(), "vertices": [[1, 2], [3, 4]]}, "number", "Point 1 is not an object with x and y."),
        ({**chain(), "vertices": [{"x": 1}, {"x": 3, "y": 4}]}, "number", "y of point 1 is None, not a number."),
        (chain((5, 5), (5, 5)), "length", "The polyline has no length."),
        (chain((1, 2), (3, 4), vectorlabels=["lane", "kerb"]), "label", "A polyline carries exactly one label."),
    ],
)
def test_a_broken_rule_is_named(value: dict[str, Any], rule: str | None, error: str) -> None:
    found = [(problem.rule, problem.error) for problem in problems_of([sent(value)], SIZE, rules())]
    assert found == ([(rule, error)] if rule else [])


def test_a_text_has_no_lines() -> None:
    broken = SHAPE.check(chain((1, 2), (3, 4)), Text(10))
    assert broken is not None and broken.rule == "object"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "id", "prevPointId", "isBezier"]), inner, max_size=5)
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["vertices", "closed"]), JSON, max_size=2))
def test_whatever_comes_the_check_answers_and_the_reader_refuses_alike(value: dict[str, Any]) -> None:
    if SHAPE.check(value, SIZE) is None:
        assert SHAPE.from_result(value, SIZE)
    for curve in (chain((1, 2), (3, 4), closed=True), changed(1, isBezier=True), changed(2, prevPointId="v0")):
        with pytest.raises(BadRegion):
            SHAPE.from_result(curve, SIZE)


@settings(max_examples=20)
@given(LINES)
def test_label_studios_own_validator_takes_what_is_written(line: Polyline) -> None:
    [entry] = as_result([region(scaled(line, 640, 480))], SIZE, CONTROLS)
    assert INTERFACE.validate_region(entry, return_errors=True) == []


def test_what_label_studios_sdk_makes_comes_in() -> None:
    made = INTERFACE.get_control("label").label(vertices=[{"x": 10, "y": 20}, {"x": 30, "y": 40}], label="lane")
    [back] = from_result([made._dict()], SIZE, CONTROLS)
    assert back.geometry == ((64.0, 96.0), (192.0, 192.0))


def test_an_accepted_answer_becomes_a_region_and_is_shown_again() -> None:
    over = [(10.0, 10.0), (100 + 1e-9, 10.0), (10.0, 50.0)]  # a float's last digits
    [made] = regions_from([sent(chain(*over))], SIZE, rules(), [])
    assert (made.kind, made.class_id) == ("polyline", 1)
    assert made.box is not None and made.box == pytest.approx((64, 48, 640, 240)) and made.box[2] <= 640
    [entry] = shown(json.loads(dump([made])), SIZE, rules())
    assert (entry["id"], entry["from_name"], entry["value"]["vectorlabels"]) == ("p", "label", ["lane"])
    assert [(one["x"], one["y"]) for one in entry["value"]["vertices"]] == [pytest.approx(point) for point in over]
    assert from_result([entry], SIZE, CONTROLS, {"p": made}) == [made]


# As a place in an image


def test_a_line_has_bounds_and_words_and_no_area() -> None:
    assert (SHAPE.bounds(HOOK), SHAPE.area(HOOK)) == ((0, 0, 10, 10), 0)
    assert SHAPE.words(HOOK) == "3 points within 0, 0, 10, 10"
    assert not SHAPE.near(HOOK, HOOK[:2]) and not SHAPE.near(HOOK, ((0.0, 0.0), (10.0, 0.0), (10.0, 10.00001)))


def test_what_lies_outside_the_image_is_cut_off() -> None:
    assert SHAPE.clip(HOOK, Image(10, 10)) == (HOOK, "ok")
    assert SHAPE.clip(HOOK, Image(10, 4)) == (((0, 0), (10, 0), (10, 4)), "clipped")
    assert SHAPE.clip(((12.0, 0.0), (14.0, 9.0)), Image(10, 10)) == (None, "outside")
    assert SHAPE.clip(((-5.0, 5.0), (5.0, -5.0)), Image(10, 10)) == (None, "outside"), "a corner alone"
    assert SHAPE.clip(((3.0, 3.0), (3.0, 3.0)), Image(10, 10)) == (None, "degenerate")
    for odd in (math.nan, math.inf, 1e308):
        assert SHAPE.clip(((-odd, 3.0), (odd, 3.0)), Image(10, 10)) == (None, "degenerate")
    digits = ((0.0, -1e-9), (10 + 1e-9, 4.0))
    assert SHAPE.clip(digits, Image(10, 10)) == (((0.0, 0.0), (10.0, 4.0)), "clipped")


def test_of_several_pieces_the_longest_is_left() -> None:
    wave = ((0.0, 2.0), (2.0, 2.0), (2.0, 20.0), (4.0, 20.0), (4.0, 2.0), (9.0, 2.0), (9.0, -3.0))
    assert SHAPE.clip(wave, Image(10, 10)) == (((4, 10), (4, 2), (9, 2), (9, 0)), "clipped")
    even = ((1.0, 4.0), (1.0, 14.0), (3.0, 14.0), (3.0, 4.0))
    assert SHAPE.clip(even, Image(10, 10)) == (((1, 4), (1, 10)), "clipped"), "the first of equally long ones"


@given(st.lists(st.tuples(st.floats(-20, 40), st.floats(-20, 40)), min_size=2, max_size=2))
def test_what_is_left_of_an_edge_is_what_of_it_lies_in_the_image(ends: list[tuple[float, float]]) -> None:
    line: Polyline = tuple(ends)
    places = np.linspace(np.array(ends[0]), np.array(ends[1]), num=4001)
    within = ((places >= -1e-6) & (places <= (20 + 1e-6, 15 + 1e-6))).all(axis=1).mean()
    cut, _ = SHAPE.clip(line, Image(20, 15))
    assert (length(cut) if cut else 0) == pytest.approx(within * length(line), abs=length(line) / 1000 + 1e-5)
    if cut:
        x1, y1, x2, y2 = SHAPE.bounds(cut)
        assert x1 >= 0 and y1 >= 0 and x2 <= 20 and y2 <= 15


def sampled_share(one: Polyline, two: Polyline) -> float:
    """How much of both lines lies near the other, by the distances of many places on them to every edge."""
    near = 0.0
    for line, other in ((one, two), (two, one)):
        starts, ends = np.array(other[:-1]), np.array(other[1:])
        runs = ends - starts
        square = np.maximum((runs**2).sum(axis=1), 1e-300)
        for a, b in zip(line, line[1:], strict=False):
            places = np.array(a) + (np.arange(400)[:, None] + 0.5) / 400 * (np.array(b) - np.array(a))
            along = np.clip(((places[:, None] - starts) * runs).sum(axis=2) / square, 0, 1)
            apart = np.linalg.norm(places[:, None] - starts - along[..., None] * runs, axis=2).min(axis=1)
            near += math.dist(a, b) * float((apart <= NEAR).mean())
    return near / (length(one) + length(two))


@settings(max_examples=40)
@given(SHORT, SHORT, st.sampled_from([10.0, 40.0, 200.0]))
def test_two_lines_agree_as_far_as_many_places_on_them_say(one: Polyline, two: Polyline, side: float) -> None:
    one, two = scaled(one, side, side), scaled(two, side, side)
    if min(length(one), length(two)) < 1:
        return
    found = SHAPE.similarity(one, two)
    assert found == pytest.approx(sampled_share(one, two), abs=0.01)
    assert found == SHAPE.similarity(two, one)
    assert SHAPE.similarity(one, one) == 1 and SHAPE.similarity(one, (*one[:1], *one)) == pytest.approx(1)


def test_two_lines_agree_where_one_is_a_part_of_the_other_or_runs_beside_it() -> None:
    whole, half = ((0.0, 0.0), (100.0, 0.0)), ((0.0, 0.0), (50.0, 0.0))
    assert SHAPE.similarity(whole, half) == pytest.approx((50 + NEAR + 50) / 150)
    assert SHAPE.similarity(whole, whole[::-1]) == 1
    beside = ((0.0, NEAR - 0.1), (100.0, NEAR - 0.1))
    assert SHAPE.similarity(whole, beside) == 1
    assert SHAPE.similarity(whole, ((0.0, NEAR + 0.1), (100.0, NEAR + 0.1))) == 0
    across = ((50.0, -50.0), (50.0, 50.0))
    assert SHAPE.similarity(whole, across) == pytest.approx(2 * NEAR * 2 / 200)


def test_a_line_that_moved_by_less_than_that_is_the_same_region_whatever_its_width() -> None:
    upright = ((100.0, 0.0), (100.0, 80.0))
    moved = [SHAPE.mapped(upright, lambda x, y, by=by: (x + by, y)) for by in (3.0, -3.0, 9.0)]  # type: ignore[misc]
    assert set(overlapping(SHAPE, [upright], moved)) == {(0, 0), (0, 1)}


@given(LINES)
def test_a_line_is_turned_and_scaled_with_its_image(line: Polyline) -> None:
    here = scaled(line, 40, 30)
    turned = here
    for height in (30, 40, 30, 40):
        turned = SHAPE.mapped(turned, lambda x, y, height=height: (height - y, x))  # type: ignore[misc]
    assert SHAPE.near(turned, here, 1e-9)
    half = scaled(scaled(here, 0.5, 2), 2, 0.5)
    assert SHAPE.near(half, here, 1e-9)
    assert SHAPE.mapped(HOOK, lambda x, y: (20 - y, x)) == ((20, 0), (20, 10), (10, 10))
