"""One place of several people's, kind by kind: what is the same stays the same, and no order changes anything."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motherlode.shapes import SHAPES, Shape
from motherlode.shapes.means import circular_mean, mean
from motherlode.shapes.rotated_box import corners
from motherlode.shapes.span import Span

PLACE = st.floats(0, 400)
SIDE = st.floats(5, 90)
ANGLE = st.floats(0, 359)
POINT = st.tuples(PLACE, PLACE)
TURNED = st.tuples(PLACE, PLACE, SIDE, SIDE, ANGLE)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "box": st.tuples(PLACE, PLACE, SIDE, SIDE).map(lambda row: (row[0], row[1], row[0] + row[2], row[1] + row[3])),
    "rotated_box": TURNED,
    "ellipse": TURNED,
    "keypoint": POINT,
    "skeleton": st.tuples(*[st.tuples(PLACE, PLACE, st.sampled_from([1, 2]))] * 3),
    "polyline": st.lists(POINT, min_size=2, max_size=5, unique=True).map(tuple),
    "polygon": st.lists(POINT, min_size=3, max_size=6, unique=True).map(lambda ring: ((tuple(ring),),)),
    "span": st.tuples(st.integers(0, 20), st.integers(1, 9)).map(lambda at: Span(at[0], at[0] + at[1], "x" * at[1])),
}


def test_every_kind_with_a_place_of_its_own_is_tried() -> None:
    placed = {kind for kind, shape in SHAPES.items() if not shape.whole and not shape.masked}
    assert placed == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_same_place_said_by_all_stays_to_the_last_digit(kind: str, data: st.DataObject) -> None:
    shape = SHAPES[kind]
    one = shape.from_json(shape.canonical(data.draw(KINDS[kind])))
    for people in (1, 2, 3, 7):
        assert shape.fused([one] * people) == one


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_order_changes_what_several_come_to(kind: str, data: st.DataObject) -> None:
    shape = SHAPES[kind]
    drawn = [shape.from_json(shape.canonical(one)) for one in data.draw(st.lists(KINDS[kind], min_size=3, max_size=4))]
    first = shape.fused(drawn)
    assert all(shape.fused(list(order)) == first for order in permutations(drawn))
    shape.from_json(shape.canonical(first))  # it can be written and read


def fused(kind: str, *geometries: Any) -> Any:
    return SHAPES[kind].fused(geometries)


def test_kinds_that_have_means() -> None:
    assert fused("box", (0, 0, 10, 10), (2, 0, 12, 10), (1, 3, 11, 13)) == (1, 1, 11, 11)
    assert fused("keypoint", (0.0, 3.0), (2.0, 4.0)) == (1.0, 3.5)
    assert fused("rotated_box", (10, 10, 20, 8, 350), (12, 10, 22, 8, 10)) == pytest.approx(
        (11, 10, 21, 8, 0), abs=1e-9
    )
    assert fused("ellipse", (10, 10, 20, 8, 20), (12, 10, 22, 8, 40)) == pytest.approx((11, 10, 21, 8, 30))
    assert fused("skeleton", ((0, 0, 2), (8, 8, 2)), ((2, 2, 2), (9, 9, 1)), ((4, 4, 2), (0, 0, 0))) == (
        (2, 2, 2),
        (8.5, 8.5, 2),
    )


def same_outline(one: Any, two: Any) -> bool:
    ours, theirs = sorted(corners(one)), sorted(corners(two))
    return all(a == pytest.approx(b, abs=1e-6) for a, b in zip(ours, theirs, strict=True))


@given(box=TURNED, turns=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_a_rotated_box_that_people_say_in_several_ways_stays_where_it_is(box: Any, turns: Sequence[int]) -> None:
    x, y, width, height, angle = box
    ways = [(x, y, *((height, width) if n % 2 else (width, height)), (angle + 90 * n) % 360) for n in turns]
    assert same_outline(fused("rotated_box", *ways), box)
    ellipse: Shape = SHAPES["ellipse"]
    assert ellipse.near(ellipse.fused(ways), (x, y, width, height, angle), 1e-4)


def test_it_is_said_as_most_say_it() -> None:
    says = fused("rotated_box", (10, 10, 20, 8, 100), (10, 10, 20, 8, 100), (10, 10, 8, 20, 10))
    assert says == pytest.approx((10, 10, 20, 8, 100))


def test_the_one_that_is_the_most_alike_to_the_others_stands_for_outlines() -> None:
    def square(x: float, side: float = 10.0) -> Any:
        return (((x, 0.0), (x + side, 0.0), (x + side, 10.0), (x, 10.0)),)

    assert fused("polygon", (square(0),), (square(2),), (square(1),)) == (square(1),)
    lines = [((0.0, y), (100.0, y)) for y in (0.0, 4.0, 8.0)]
    assert fused("polyline", *lines) == lines[1]
    spans = [Span(0, 9, "left valv"), Span(5, 10, "valve"), Span(0, 10, "left valve")]
    assert fused("span", *spans) == spans[2]


def test_an_upright_box_is_a_rotated_one_too() -> None:
    rotated = SHAPES["rotated_box"]
    assert rotated.of_kind(SHAPES["box"], (0, 0, 10, 4)) == (5, 2, 10, 4, 0)
    assert rotated.of_kind(rotated, (5, 2, 10, 4, 30)) == (5, 2, 10, 4, 30)
    assert rotated.of_kind(SHAPES["ellipse"], (5, 2, 10, 4, 30)) is None
    assert SHAPES["box"].of_kind(rotated, (5, 2, 10, 4, 30)) is None


def test_means_of_angles_go_around() -> None:
    assert circular_mean([350, 10]) == pytest.approx(0, abs=1e-9) or circular_mean([350, 10]) == pytest.approx(360)
    assert circular_mean([90.1, 90.1]) == 90.1 and mean([0.1] * 3) == 0.1
