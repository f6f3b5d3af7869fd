"""Skeletons: Label Studio's percent both ways, configs and values, validation, and how far two are alike."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from lode_annotation.identity import overlapping
from lode_annotation.label_sets import regions_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import rules_of
from lode_annotation.validation import problems_of
from lode_platform.errors import BadInput
from motherlode.labeling_config import build
from motherlode.media import Image, Text
from motherlode.regions import BadRegion, Region, as_result, dump, from_json, from_result, load
from motherlode.shapes.skeleton import PERSON, Skeleton, SkeletonShape, Template

pytestmark = pytest.mark.once

FACE = Template(("nose", "left eye", "right eye", "chin"), ((0, 1), (2, 0), (1, 2)))
CONFIG = build(["face", "dog"], "skeletons", parts={"face": FACE.attributes})
INTERFACE: Any = LabelInterface(CONFIG)
RULES = rules_of(controls_json(parse_config(CONFIG), {("skeleton", "face"): 1, ("skeleton", "dog"): 2}))
SHAPE = SkeletonShape(FACE)
MEDIA = Image(640, 480)
SIDES = st.integers(1, 20_000)
VISIBILITY = st.sampled_from([0, 1, 2])
JOINTS = st.tuples(st.floats(0, 1), st.floats(0, 1), VISIBILITY)
PARTS = st.lists(JOINTS, min_size=4, max_size=4).filter(lambda joints: any(v for _, _, v in joints))
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([1]), st.just(10**400)
)


def region(geometry: Skeleton, name: str = "s") -> Region:
    return Region(name, "skeleton", 1, "face", geometry, control="skeleton")


def placed(parts: list[tuple[float, float, int]], width: float, height: float) -> Skeleton:
    return SHAPE.from_json([(x * width, y * height, v) for x, y, v in parts])


@given(SIDES, SIDES, PARTS)
def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel(
    width: int, height: int, parts: list[tuple[float, float, int]]
) -> None:
    here, media = placed(parts, width, height), Image(width, height)
    [entry] = as_result([region(here)], media, RULES.asked)
    assert SHAPE.check(entry["value"], media) is None
    assert INTERFACE.validate_region(entry)
    [back] = from_result(json.loads(json.dumps([entry])), media, RULES.asked)
    assert SHAPE.near(back.geometry, here)
    assert from_result([entry], media, RULES.asked, {"s": region(here)}) == [region(here)]


@given(PARTS)
def test_the_stored_form_gives_back_every_digit(parts: list[tuple[float, float, int]]) -> None:
    here = placed(parts, 1e4, 1e4)
    assert load(dump([region(here)]), {1: "face"}) == [region(here)]
    assert dump(load(dump([region(here)]))) == dump([region(here)])


def test_visibility_is_a_whole_number_in_the_stored_form_and_a_point_without_a_label_lies_at_zero() -> None:
    made = SHAPE.from_json([(-0.0, 3, 2.0), (7, 8, 0), (1, 2, 1)])
    assert made == ((0.0, 3.0, 2), (0.0, 0.0, 0), (1.0, 2.0, 1))
    assert json.dumps(SHAPE.canonical(made)) == "[[0.0, 3.0, 2], [0.0, 0.0, 0], [1.0, 2.0, 1]]"


@pytest.mark.parametrize(
    "geometry",
    [
        *(None, [], [[1, 2]], [[1, 2, 3]], [[1, 2, True]], [[1, math.nan, 2]], [[math.inf, 1, 1]], "12", {"x": 1}, 7),
        *([[0, 0, 0]], [[10**400, 1, 2]], [["a", 2, 2]], [[1, 2, 2]] * 1001),
    ],
)
def test_json_that_is_not_a_skeleton_is_refused(geometry: Any) -> None:
    with pytest.raises((BadRegion, TypeError, ValueError, OverflowError)):
        SHAPE.from_json(geometry)
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "skeleton", "class_id": 1, "control": "skeleton", "geometry": geometry})


@given(st.lists(st.dictionaries(st.sampled_from(["id", "x", "y", "visibility"]), ANYTHING), max_size=3))
def test_whatever_is_sent_is_checked_and_what_is_accepted_is_read(vertices: list[Any]) -> None:
    value = {"vertices": vertices}
    if SHAPE.check(value, MEDIA) is None:
        place, said = SHAPE.clip(SHAPE.from_result(value, MEDIA), MEDIA)
        assert said == "ok" and place is not None


# What values say


def vertex(name: Any = "nose", **more: Any) -> dict[str, Any]:
    return {"id": name, "x": 12.5, "y": 50.0, "isBezier": False, "visibility": 2, **more}


def sent(*vertices: Any, label: Any = "face", **more: Any) -> dict[str, Any]:
    value = {"vertices": [*vertices], "closed": False, "vectorlabels": [label], **more}
    return {"id": "s", "type": "vectorlabels", "from_name": "skeleton", "to_name": "image", "value": value}


@pytest.mark.parametrize(
    ("entry", "rule", "error"),
    [
        (sent(vertex(), vertex("chin", prevPointId="nose")), None, ""),
        (sent(vertex(x=0, y=100, visibility=1)), None, ""),
        (sent({"id": "nose", "x": 1, "y": 2}), None, ""),
        (sent(), "points", "A skeleton has at least one point."),
        (sent(*[vertex()] * 1001), "points", "The skeleton has 1,001 points; at most 1,000 are taken."),
        (sent(vertex(), closed=True), "points", "The line is closed: a skeleton is not."),
        (sent(vertex("ear")), "points", "Point 1 is called 'ear'; its class names nose, left eye, right eye, chin."),
        (sent(vertex(None)), "points", "Point 1 is called None"),
        (sent(vertex(), vertex()), "points", "Two points are called 'nose'."),
        (sent(vertex(visibility=0)), "visibility", "The visibility of 'nose' is 0; it is 1 (hidden) or 2 (visible)"),
        (sent(vertex(visibility=True)), "visibility", "The visibility of 'nose' is True"),
        (sent(vertex(visibility="2")), "visibility", "The visibility of 'nose' is '2'"),
        (sent(vertex(isBezier=True)), "curve", "The line is curved"),
        (sent(vertex(x="1")), "number", "x of point 1 is '1', not a number."),
        (sent("nose"), "number", "Point 1 is not an object with x and y."),
        (sent(vertex(x=100.1)), "outside", "'nose' lies at (100.1, 50) %, outside the image."),
        (sent(vertex("nose"), label="dog"), None, ""),
        (sent(vertex("chin"), label="dog"), "points", "Point 1 is called 'chin'; its class names nose, left_eye"),
        (sent(vertex("chin"), label="cat"), "class", "The schema has no label 'cat' here."),
        (sent(vertex(), vectorlabels=[]), "label", "A skeleton carries exactly one label."),
        (sent(vertex(), vectorlabels=[{}]), "class", ""),
    ],
)
def test_a_broken_rule_is_named(entry: dict[str, Any], rule: str | None, error: str) -> None:
    found = list(problems_of([entry], MEDIA, RULES))
    assert [problem.rule for problem in found] == ([rule] if rule else [])
    assert all(error in problem.error for problem in found)


def test_a_skeleton_is_of_an_image() -> None:
    broken = SHAPE.check({"vertices": [vertex()]}, Text(5))
    assert broken is not None and broken.rule == "object"


def test_vertices_are_in_the_order_of_the_class_and_joined_along_its_edges() -> None:
    [kept] = regions_from([sent(vertex("chin"), vertex("right eye", visibility=1), vertex())], MEDIA, RULES, [])
    assert kept.geometry == ((80.0, 240.0, 2), (0.0, 0.0, 0), (80.0, 240.0, 1), (80.0, 240.0, 2))
    [entry] = shown(json.loads(dump([kept])), MEDIA, RULES)
    said = [(each["id"], each.get("prevPointId"), each["visibility"]) for each in entry["value"]["vertices"]]
    assert said == [("nose", None, 2), ("right eye", "nose", 1), ("chin", None, 2)]
    assert INTERFACE.validate_region(entry, return_errors=True) == []


def test_what_label_studios_own_library_makes_comes_in() -> None:
    made = INTERFACE.get_control("skeleton").label(["face"], vertices=[{"id": "nose", "x": 25.0, "y": 75.0}])._dict()
    made = {**made, "id": "s"}
    assert list(problems_of([made], MEDIA, RULES)) == []
    [kept] = regions_from([made], MEDIA, RULES, [])
    assert (kept.kind, kept.class_id, kept.geometry[0]) == ("skeleton", 1, (160.0, 360.0, 2))


def test_without_the_names_of_its_points_a_value_cannot_be_read_and_is_written_by_numbers() -> None:
    bare = SkeletonShape()
    with pytest.raises(BadRegion, match="does not name the points"):
        bare.from_result({"vertices": [vertex()]}, MEDIA)
    value = bare.to_result(((64.0, 48.0, 2), (0.0, 0.0, 0), (1.0, 1.0, 1)), MEDIA)
    assert [each["id"] for each in value["vertices"]] == ["1", "3"]


# What configs say


def config(attributes: str, tag: str = 'VectorLabels skeleton="true"') -> str:
    label = f'\n<Label value="p" {attributes}/>\n'
    control = f'<{tag} name="pose" toName="image">{label}</{tag.split()[0]}>'
    return f'<View>\n<Image name="image" value="$image"/>\n{control}</View>'


@pytest.mark.parametrize(
    ("xml", "error"),
    [
        (config(""), 'Line 4: <Label value="p">: it has no points="..."; a skeleton names them in order'),
        (config('points="a,b" edges="a:c"'), "the edge 'a:c' names the point 'c', which points= does not."),
        (config('points="a,b" edges="a-b"'), "the edge 'a-b' is not two points with a colon between."),
        (config('points="a,b" edges="a:a"'), "an edge joins 'a' to itself."),
        (config('points="a,b" edges="a:b, b:a"'), "the edge b:a is there twice."),
        (config('points="a,b,a"'), "two points are called 'a'."),
        (config('points="a,,b"'), "the point '' must be 1 to 200 characters"),
        (config('points="a:b"'), "the point 'a:b' must be 1 to 200 characters without spaces around, comma or colon."),
        (config('points="a"', "VectorLabels"), 'points="..."> makes sense in <VectorLabels skeleton="true"> alone.'),
        (config('edges=""', "RectangleLabels"), 'edges="..."> makes sense in <VectorLabels skeleton="true"> alone.'),
        (config('points="a"', 'VectorLabels skeleton="yes"'), '<VectorLabels skeleton="yes"> is not supported yet.'),
    ],
)
def test_points_and_edges_that_make_no_sense_are_refused_by_line(xml: str, error: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_config(xml)
    assert error in str(refused.value)


def test_points_and_edges_are_read_and_written_and_label_studio_takes_them() -> None:
    control = parse_config(config('points=" nose , chin" edges="nose : chin"')).controls[0]
    assert control.options == {"classes": {"p": {"points": ["nose", "chin"], "edges": [[0, 1]]}}}
    assert parse_config(config("", 'VectorLabels skeleton="false"')).controls[0].type == "VectorLabels"
    assert Template.from_attributes(PERSON.attributes) == PERSON
    assert (len(PERSON.points), len(PERSON.edges)) == (17, 19)
    assert RULES.by_name["skeleton"].options["classes"]["dog"] == PERSON.as_json()
    INTERFACE.validate()


def test_polylines_and_skeletons_stand_side_by_side() -> None:
    roads = '<VectorLabels name="road" toName="image"><Label value="face"/></VectorLabels></View>'
    both = rules_of(
        controls_json(
            parse_config(CONFIG.replace("</View>", roads)),
            {("skeleton", "face"): 1, ("skeleton", "dog"): 2, ("road", "face"): 3},
        )
    )
    line = {**sent(vertex("p1"), vertex("p2", x=1)), "id": "l", "from_name": "road"}
    entries = [sent(vertex()), line]
    assert list(problems_of(entries, MEDIA, both)) == []
    made = regions_from(entries, MEDIA, both, [])
    assert [(one.kind, one.class_id) for one in made] == [("skeleton", 1), ("polyline", 3)]
    back = as_result(made, MEDIA, both.asked)
    assert [(entry["from_name"], entry["type"]) for entry in back] == [
        ("skeleton", "vectorlabels"),
        ("road", "vectorlabels"),
    ]
    assert [problem.rule for problem in problems_of([{**line, "from_name": "skeleton"}], MEDIA, both)] == ["points"]


# As a place in an image


def test_points_outside_are_not_labelled_any_more_and_a_float_that_sticks_out_is_put_on_the_edge() -> None:
    media, none = Image(10, 20), (0.0, 0.0, 0)
    assert SHAPE.clip(((10.0, 0.0, 2), none), media) == (((10.0, 0.0, 2), none), "ok")
    assert SHAPE.clip(((10 + 1e-7, -1e-7, 1), none), media) == (((10.0, 0.0, 1), none), "ok")
    assert SHAPE.clip(((11.0, 5.0, 2), (1.0, 1.0, 1)), media) == ((none, (1.0, 1.0, 1)), "clipped")
    assert SHAPE.clip(((11.0, 5.0, 2), none), media) == (None, "outside")
    assert SHAPE.clip(((math.nan, 5.0, 2), none), media) == (None, "outside")


def test_its_place_is_that_of_its_labelled_points_which_turn_with_the_image() -> None:
    here: Skeleton = ((20.0, 5.0, 2), (0.0, 0.0, 0), (30.0, 25.0, 1))
    assert (SHAPE.bounds(here), SHAPE.area(here)) == ((20.0, 5.0, 30.0, 25.0), 200.0)
    assert SHAPE.mapped(here, lambda x, y: (100 - y, x)) == ((95.0, 20.0, 2), (0.0, 0.0, 0), (75.0, 30.0, 1))
    assert SHAPE.words(here) == "2 of 3 points within 20, 5, 30, 25"
    assert not SHAPE.near(here, (*here[:2], (30.0, 25.0, 2)))
    assert SHAPE.unfit(here) == "it has 3 points, and its class names 4" and SkeletonShape().unfit(here) == ""


@given(PARTS, PARTS)
def test_how_far_two_are_alike_is_the_mean_of_their_points(
    one: list[tuple[float, float, int]], two: list[tuple[float, float, int]]
) -> None:
    a, b = placed(one, 50, 50), placed(two, 50, 50)
    assert 0 <= SHAPE.similarity(a, b) == SHAPE.similarity(b, a) <= 1
    assert SHAPE.similarity(a, a) == 1


def test_a_point_that_one_lacks_counts_as_unlike_and_bounds_that_do_not_meet_are_compared_too() -> None:
    none = (0.0, 0.0, 0)
    assert SHAPE.similarity(((1.0, 1.0, 2), none), ((1.0, 1.0, 1), (5.0, 5.0, 2))) == 0.5
    assert SHAPE.similarity(((1.0, 1.0, 2),), ((1.0, 1.0, 2), none)) == 0
    before = [((10.0, 10.0, 2), none), ((100.0, 10.0, 2), none)]
    after = [((95.0, 12.0, 2), none), ((13.0, 8.0, 2), none)]
    assert overlapping(SHAPE, before, after).keys() == {(1, 0), (0, 1)}
