"""Spans: code points whatever the text, what they quote, what is refused, and Label Studio's own results of texts."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from lode_annotation.identity import overlapping, paired, thing_in
from lode_annotation.label_sets import regions_from, relations_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, rules_of
from lode_annotation.validation import problems_of
from motherlode.labeling_config import build
from motherlode.media import Image, Text
from motherlode.regions import BadRegion, Control, Region, as_result, dump, from_json, from_result, load
from motherlode.shapes.span import Span, SpanShape

pytestmark = pytest.mark.once

SHAPE = SpanShape()
CONFIG = build(["Part", "Fault"], "spans", medium="text")
INTERFACE: Any = LabelInterface(CONFIG)
CONTROLS = [Control("label", "span", "text", {"Part": 1, "Fault": 2})]
NOTE = "Valve V-12 leaks at hall 3 🔧 since Monday."
# emoji of several code points, combining marks, every line end, scripts of both directions
TEXTS = st.lists(
    st.sampled_from(
        ["a", " ", "\r\n", "\n", "\r", "🔧", "👩‍🔬", "e\u0301", "\u0301", "ß", "漢", "שלום", "مرحبا", "<b>", "&amp;"]
    )
    | st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=40,
).map("".join)


@st.composite
def places(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text and spans of it, which overlap as they may."""
    text = draw(TEXTS)
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda two: two[0] != two[1])
    pairs = [sorted(two) for two in draw(st.lists(ends, max_size=6))]
    return text, [Span(start, end, text[start:end]) for start, end in pairs]


def region(span: Span, name: str = "s") -> Region:
    return Region(name, "span", 1, "Part", span, control="label")


@given(places())
def test_any_span_of_any_text_comes_back_to_the_byte(made: tuple[str, list[Span]]) -> None:
    text, spans = made
    regions = [region(span, f"s{at}") for at, span in enumerate(spans)]
    result = as_result(regions, Text(len(text)), CONTROLS)
    assert not [*problems_of(result, Text(len(text)), rules(), document=lambda: text)]
    assert all(INTERFACE.validate_region(entry) for entry in result)
    back = from_result(json.loads(json.dumps(result)), Text(len(text)), CONTROLS)
    assert back == regions and as_result(back, Text(len(text)), CONTROLS) == result
    assert load(dump(regions), {1: "Part"}) == regions and dump(load(dump(regions))) == dump(regions)
    for span in spans:
        assert (SHAPE.misquoted(span, text), SHAPE.clip(span, Text(len(text)))) == ("", (span, "ok"))
        assert text.encode()[: len(text[: span.start].encode())].decode() == text[: span.start]


@given(places(), st.integers(-3, 3))
def test_what_is_quoted_from_elsewhere_is_told(made: tuple[str, list[Span]], by: int) -> None:
    text, spans = made
    for start, end, quote in spans:
        moved = Span(start + by, end + by, quote)
        if moved.start >= 0 and moved.end <= len(text):
            assert (SHAPE.misquoted(moved, text) == "") == (text[moved.start : moved.end] == quote)


def test_offsets_that_count_utf_16_units_are_told_with_the_right_ones() -> None:
    [problem] = problems_of([sent(start=36, end=42, text="Monday")], Text(len(NOTE)), rules(), document=lambda: NOTE)
    assert problem.rule == "text"
    assert 'It quotes "Monday", and from 36 to 42 the text says "onday."' in problem.error
    assert problem.error.endswith("offsets count Unicode code points, not UTF-16 units: it is from 35 to 41.")


@pytest.mark.parametrize(
    ("value", "rule", "says"),
    [
        ({"start": 5, "end": 5, "text": ""}, "area", "from 5 to 5 holds no character"),
        ({"start": 9, "end": 5, "text": "abcd"}, "area", "holds no character"),
        ({"start": -1, "end": 1, "text": "ab"}, "outside", "is not within the 42 characters"),
        ({"start": 40, "end": 43, "text": "ay."}, "outside", "from 40 to 43 is not within"),
        ({"start": 0.0, "end": 5}, "number", "start is 0.0, not a whole number"),
        ({"start": 0, "end": True}, "number", "end is True, not a whole number"),
        ({"start": None, "end": 1}, "number", "start is None"),
        ({"start": "/p[1]/text()[1]", "end": 1}, "number", "a path as those in HTML and dialogues have them"),
        ({"text": None}, "text", "does not quote what stands there"),
        ({"text": "Valve"}, "text", "quotes 5 characters, and from 0 to 10 there are 10"),
        ({"text": "Valve V-13"}, "text", 'the text says "Valve V-12"'),
        ({"labels": ["Place"]}, "class", "no label 'Place'"),
        ({"labels": []}, "label", "exactly one label"),
    ],
)
def test_what_is_not_a_span_is_refused_by_its_rule(value: dict[str, Any], rule: str, says: str) -> None:
    [problem] = problems_of([sent(**value)], Text(len(NOTE)), rules(), document=lambda: NOTE)
    assert (problem.region, problem.rule) == ("s", rule) and says in problem.error


def test_a_span_of_an_image_is_refused() -> None:
    [problem] = problems_of([sent()], Image(4, 3), rules())
    assert (problem.rule, problem.error) == ("medium", "A span is part of a text; the item is an image.")


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just([1])


@given(ANYTHING, ANYTHING, ANYTHING)
def test_whatever_is_sent_is_checked_and_what_is_accepted_is_read(start: Any, end: Any, text: Any) -> None:
    value, media = {"start": start, "end": end, "text": text}, Text(len(NOTE))
    if SHAPE.check(value, media) is None:
        assert SHAPE.clip(SHAPE.from_result(value, media), media)[1] == "ok"


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        [],
        "ab",
        {"start": 0, "end": 2},
        {"start": 0, "end": 2, "text": "a"},
        {"start": 0, "end": 2.0, "text": "ab"},
    ]
    + [{"start": 0, "end": 1, "text": "a", "more": 1}, {"start": True, "end": 2, "text": "a"}, 7],
)
def test_json_that_is_not_a_span_is_refused(geometry: Any) -> None:
    with pytest.raises(BadRegion):
        from_json({"id": "a", "kind": "span", "class_id": 1, "control": "label", "geometry": geometry})


def test_two_are_alike_as_their_intervals_are() -> None:
    one, two = Span(0, 4, "abcd"), Span(2, 6, "cdef")
    assert (SHAPE.similarity(one, two), SHAPE.similarity(one, one)) == (2 / 6, 1.0)
    assert SHAPE.similarity(one, Span(4, 6, "ef")) == 0.0
    assert overlapping(SHAPE, [one, two], [Span(0, 5, "abcde")]) == {(0, 0): 0.8, (1, 0): 0.5}
    assert SHAPE.clip(two, Text(5)) == (Span(2, 5, "cde"), "clipped") and SHAPE.clip(two, Text(2)) == (None, "outside")


def test_two_thousand_spans_are_paired_with_those_of_before() -> None:
    spans = [Span(10 * at, 10 * at + 5, "abcde") for at in range(2000)]
    later = [Span(start + 1, end + 1, text) for start, end, text in spans]
    pairs = paired([thing_in(region(one)) for one in spans], [thing_in(region(one)) for one in later])
    assert pairs == {at: at for at in range(2000)}


def rules() -> Rules:
    return rules_of(controls_json(parse_config(CONFIG), {("label", "Part"): 1, ("label", "Fault"): 2}))


def sent(**value: Any) -> dict[str, Any]:
    value = {"start": 0, "end": 10, "text": NOTE[:10], "labels": ["Part"], **value}
    return {"id": "s", "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def test_label_studios_own_results_of_texts_come_in_and_go_out_equal(test_data: Path) -> None:
    """Twelve spans with overlaps, six choices and two relations, as Label Studio exported them."""
    project = json.loads((test_data / "labelstudio/project/notes.project.json").read_text())
    tasks = json.loads((test_data / "labelstudio/export/notes.json").read_text())
    names = ["Part", "Fault", "Place"], ["low", "high"], ["at", "causes"]
    controls = [("ent", name) for name in names[0]] + [("urgency", name) for name in names[1]]
    numbers = {key: at for at, key in enumerate([*controls, *(("relations", name) for name in names[2])], start=1)}
    asked = rules_of(controls_json(parse_config(project["label_config"]), numbers))
    judge: Any = LabelInterface(project["label_config"])
    spans = 0
    for task in tasks:
        text = task["data"]["text"]
        for annotation in task["annotations"]:
            result, media = annotation["result"], Text(len(text))
            assert not [*problems_of(result, media, asked, document=lambda text=text: text)]  # type: ignore[misc]
            said = regions_from(result, media, asked, [])
            links = relations_from(result, asked, [], said)
            back = shown([one.as_json() for one in said], media, asked, [{"id": "", **one.as_json()} for one in links])
            kept = {json.dumps(_plain(entry), sort_keys=True) for entry in back}
            assert kept == {json.dumps(_plain(entry), sort_keys=True) for entry in result}
            assert all(judge.validate_region(entry) for entry in result if entry["type"] != "relation")
            spans += sum(entry["type"] == "labels" for entry in result)
    assert spans == 12


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without the id that an answer of the whole text has: ours are made of what it says."""
    return {key: value for key, value in entry.items() if key != "id" or entry["type"] != "choices"}


def test_spans_may_lie_in_each_other() -> None:
    spans = [sent(), {**sent(start=0, end=5, text="Valve"), "id": "t"}, {**sent(start=3, end=16), "id": "u"}]
    spans[2]["value"]["text"] = NOTE[3:16]
    assert not [*problems_of(spans, Text(len(NOTE)), rules(), document=lambda: NOTE)]
    kept = regions_from(spans, Text(len(NOTE)), rules(), [])
    assert [(one.geometry.start, one.geometry.end) for one in kept] == [(0, 10), (0, 5), (3, 16)]
    assert all(one.geometry.start < two.geometry.end for one, two in pairwise(kept))
