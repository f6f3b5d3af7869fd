"""Answers about a whole item, and attributes of regions: checked, read and written as Label Studio does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.label_studio import accepts

from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of, translated
from lode_annotation.validation import problems_of
from motherlode.media import Image
from motherlode.regions import Region, as_result, dump, from_result, in_words, load
from motherlode.shapes import SHAPES, Broken

pytestmark = pytest.mark.once

MEDIA = Image(320, 240)
ANIMALS = """
  <Taxonomy name="animal" toName="image" maxUsages="2">
    <Choice value="dog"><Choice value="small"/><Choice value="large"/></Choice>
    <Choice value="cat"/>
  </Taxonomy>"""
CONFIG = f"""<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="clump"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="cell"/></PolygonLabels>
  <Choices name="quality" toName="image" choice="multiple"><Choice value="sharp"/><Choice value="dark"/></Choices>
  <TextArea name="words" toName="image" maxSubmissions="2" rows="3" placeholder="What is odd?"/>
  <Number name="count" toName="image" min="0" max="50" step="1"/>
  <Rating name="stars" toName="image" maxRating="4"/>{ANIMALS}
  <Choices name="occluded" toName="image" perRegion="true" required="true"
    whenTagName="box" whenLabelValue="cell"><Choice value="no"/><Choice value="partly"/></Choices>
  <TextArea name="note" toName="image" perRegion="true" visibleWhen="region-selected"/>
  <Number name="depth" toName="image" perRegion="true"/>
  <Rating name="sure" toName="image" perRegion="true"/>
  <Taxonomy name="sort" toName="image" perRegion="true" leafsOnly="true">
    <Choice value="a"><Choice value="b"/></Choice></Taxonomy>
</View>"""


def rules(config: str) -> Rules:
    parsed = parse_config(config)
    classes = dict.fromkeys((control.name, label.value) for control in parsed.controls for label in control.labels)
    return rules_of(controls_json(parsed, {key: number for number, key in enumerate(classes, 1)}))


ASKED = rules(CONFIG)
PLACE = {"x": 5, "y": 10.0, "width": 15.625, "height": 15.0, "rotation": 0}


def entry(control: str, kind: str, value: dict[str, Any], own: str = "") -> dict[str, Any]:
    size = {"original_width": 320, "original_height": 240, "image_rotation": 0}
    return {"id": own or control, "from_name": control, "to_name": "image", "type": kind, **size, "value": value}


WHOLE = [
    entry("quality", "choices", {"choices": ["sharp", "dark"]}),
    entry("words", "textarea", {"text": ["edge worn", "zwei\nZeilen"]}),
    entry("count", "number", {"number": 12.5}),
    entry("stars", "rating", {"rating": 3}),
    entry("animal", "taxonomy", {"taxonomy": [["dog", "small"], ["cat"]]}),
]
BOX = entry("box", "rectanglelabels", {**PLACE, "rectanglelabels": ["cell"]}, "r")
PER_REGION = [
    entry("occluded", "choices", {**PLACE, "choices": ["partly"]}, "r"),
    entry("note", "textarea", {**PLACE, "text": ["edge worn"]}, "r"),
    entry("depth", "number", {**PLACE, "number": 3}, "r"),
    entry("sure", "rating", {**PLACE, "rating": 5}, "r"),
    entry("sort", "taxonomy", {**PLACE, "taxonomy": [["a", "b"]]}, "r"),
]
ALL = [*WHOLE, BOX, *PER_REGION]


def broken(result: Any) -> list[tuple[str, str]]:
    return [(problem.region, problem.rule) for problem in problems_of(result, MEDIA, ASKED)]


def test_everything_comes_in_and_goes_out_as_it_came() -> None:
    assert broken(ALL) == [] and all(accepts(CONFIG, one) for one in ALL)
    said = from_result(ALL, MEDIA, ASKED.asked)
    assert load(dump(said), ASKED.names) == said
    back = as_result(said, MEDIA, ASKED.asked)
    assert all(accepts(CONFIG, one) for one in back)
    by_name = {(one["id"], one["from_name"]): one for one in back}
    assert by_name == {(one["id"], one["from_name"]): one for one in ALL}
    assert [one["from_name"] for one in back[-6:]] == ["box", "occluded", "note", "depth", "sure", "sort"]


def test_what_label_sets_hold() -> None:
    said = from_result(ALL, MEDIA, ASKED.asked)
    values = {one.control: one.value for one in said if one.whole and one.value is not None}
    assert values == {"words": ["edge worn", "zwei\nZeilen"], "count": 12.5, "stars": 3}
    assert [(one.label, one.class_id) for one in said if one.control == "animal"] == [
        ("dog / small", ASKED.by_name["animal"].class_ids["dog / small"]),
        ("cat", ASKED.by_name["animal"].class_ids["cat"]),
    ]
    row = next(one for one in said if not one.whole).as_json()
    assert row["attributes"] == {
        "occluded": ["partly"], "note": ["edge worn"], "depth": 3, "sure": 5, "sort": [["a", "b"]],
    }  # fmt: skip
    assert [one.as_json() for one in said if one.control == "count"] == [
        {"id": "count", "kind": "number", "control": "count", "value": 12.5}
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"words": {"text": [" "]}}, ("words", "text")),
        ({"words": {"text": "one"}}, ("words", "text")),
        ({"words": {"text": ["a", "b", "c"]}}, ("words", "text")),
        ({"count": {"number": 51}}, ("count", "number")),
        ({"count": {"number": True}}, ("count", "number")),
        ({"count": {"number": float("nan")}}, ("count", "number")),
        ({"stars": {"rating": 5}}, ("stars", "number")),
        ({"stars": {"rating": 2.5}}, ("stars", "number")),
        ({"animal": {"taxonomy": [["small", "dog"]]}}, ("animal", "class")),
        ({"animal": {"taxonomy": [["cat"], ["cat"]]}}, ("animal", "duplicate")),
        ({"animal": {"taxonomy": [["cat"], ["dog"], ["dog", "large"]]}}, ("animal", "label")),
        ({"animal": {"taxonomy": ["cat"]}}, ("animal", "label")),
        ({"quality": {"choices": []}}, ("quality", "label")),
        ({"occluded": {**PLACE, "choices": ["no", "partly"]}}, ("r", "label")),
        ({"sort": {**PLACE, "taxonomy": [["a"]]}}, ("r", "label")),
    ],
)
def test_a_broken_rule_is_named(change: dict[str, Any], problem: tuple[str, str]) -> None:
    result = [{**one, "value": change.get(one["from_name"], one["value"])} for one in ALL]
    assert problem in broken(result)


def test_what_is_asked_of_a_region_needs_that_region() -> None:
    lone = entry("note", "textarea", {"text": ["x"]}, "gone")
    assert broken([lone]) == [("gone", "region")]
    assert broken([BOX]) == [("r", "required")]
    clump = {**BOX, "value": {**BOX["value"], "rectanglelabels": ["clump"]}}
    assert broken([clump]) == [] and broken([clump, PER_REGION[0]]) == [("r", "region")]
    assert broken([BOX, PER_REGION[0], PER_REGION[0]]) == [("r", "duplicate")]
    points = [[0, 0], [10, 0], [10, 10]]
    outline = entry("outline", "polygonlabels", {"points": points, "polygonlabels": ["cell"]}, "r")
    assert broken([outline, PER_REGION[1]]) == [] and broken([outline, PER_REGION[0]]) == [("r", "region")]


def test_attributes_of_other_sources_stay_and_those_that_were_shown_follow_the_answer() -> None:
    held = {"truncated": True, "occluded": True, "note": ["old"], "depth": 2}
    before = {"r": Region("r", "box", 1, "cell", (16.0, 24.0, 66.0, 60.0), control="box", attributes=held)}
    shown = as_result(before.values(), MEDIA, ASKED.asked)
    assert [one["from_name"] for one in shown] == ["box", "note", "depth"]  # `occluded` is no answer of ours
    [same] = from_result(shown, MEDIA, ASKED.asked, before)
    assert same.attributes == held
    [after] = from_result([BOX, *PER_REGION[:1]], MEDIA, ASKED.asked, before)
    assert after.attributes == {"truncated": True, "occluded": ["partly"]}


def test_an_answer_keeps_its_id_when_it_changes() -> None:
    before = {one.id: one for one in from_result(ALL, MEDIA, ASKED.asked)}
    again = [{**one, "id": f"{one['id']}-again"} for one in WHOLE[1:4]]
    assert [one.id for one in from_result(again, MEDIA, ASKED.asked, before)] == ["words", "count", "stars"]


def test_a_real_export_of_label_studio(test_data: Path) -> None:
    project = json.loads((test_data / "labelstudio/project/trays.project.json").read_text("utf-8"))
    tasks = json.loads((test_data / "labelstudio/export/trays.json").read_text("utf-8"))
    config = "".join(line for line in project["label_config"].splitlines() if "BrushLabels" not in line)
    asked = rules(config)
    checked = 0
    for annotation in (one for task in tasks for one in task["annotations"]):
        result = [one for one in annotation["result"] if one["type"] not in ("brushlabels", "relation")]
        there = {one["id"] for one in result if one["from_name"] in asked.by_name}
        if not result:
            continue
        media = Image(result[0]["original_width"], result[0]["original_height"])
        entries = [one for one in result if one["id"] in there]
        assert [*problems_of(entries, media, asked)] == []
        back = as_result(from_result(entries, media, asked.asked), media, asked.asked)
        for one, other in zip(sorted(entries, key=_which), sorted(back, key=_which), strict=True):
            said = {name: one[name] for name in other if name != "value"}
            assert said == {name: other[name] for name in said}
            assert other["value"] == pytest.approx(one["value"]) or one["type"] == "polygonlabels"
            checked += one["type"] in ("textarea", "choices")
    assert checked == 23  # 9 texts and 14 choices


def _which(one: dict[str, Any]) -> tuple[str, str]:
    return one["id"], one["from_name"]


def test_a_tree_in_a_newer_revision_keeps_its_classes() -> None:
    moved = CONFIG.replace('value="dog"', 'value="hound"')
    ids = {label: number for label, number in ASKED.by_name["animal"].class_ids.items()}
    parsed = parse_config(moved)
    numbers = {(c.name, label.value): 99 for c in parsed.controls for label in c.labels}
    for name, number in ids.items():
        numbers["animal", name.replace("dog", "hound")] = number
    newer = rules_of(controls_json(parsed, numbers))
    [one] = translated([WHOLE[4]], ASKED, newer)
    assert one["value"] == {"taxonomy": [["hound", "small"], ["cat"]]}
    odd = entry("animal", "taxonomy", {"taxonomy": ["dog", 7]})
    assert translated([odd], ASKED, newer)[0]["value"] == odd["value"]


def test_in_words() -> None:
    assert in_words(["sharp", "dark"]) == "sharp, dark" and in_words([["a", "b"], ["c"]]) == "a / b, c"
    assert in_words(2.5) == "2.5" and in_words(3) == "3" and in_words(True) == "True"


steps = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map(str.strip)
paths = st.lists(
    st.lists(steps.filter(lambda one: one and " / " not in f" {one} "), min_size=1, max_size=4), max_size=4
)


@given(paths)
def test_a_path_is_read_back_from_the_name_of_its_class(said: list[list[str]]) -> None:
    shape = SHAPES["taxonomy"]
    assert shape.said(shape.names(said)) == said


odd = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.just(10**400), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=2)),
    max_leaves=6,
)


@pytest.mark.parametrize("control", [one for one in ASKED.asked if SHAPES[one.kind].whole], ids=lambda one: one.name)
@given(said=odd)
def test_whatever_is_said_is_named_or_read(control: Any, said: Any) -> None:
    shape = SHAPES[control.kind]
    wrong = shape.check_said(said, control)
    assert wrong is None or (isinstance(wrong, Broken) and wrong.rule and wrong.error.endswith("."))
    if wrong is None:
        plain = shape.plain(said)
        assert shape.check_said(plain, control) is None and json.loads(json.dumps(plain)) == plain == shape.plain(plain)
