"""Results that come in by the short way are held as the long way holds them; all others take the long way."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.broken import json_changes
from tests.examples import examples

from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.moving.holding import held, mended
from lode_annotation.plain_results import Plain
from lode_annotation.rules import Rules, rules_of
from motherlode.media import Image, Media, Text

pytestmark = pytest.mark.once
CONFIG = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="clump"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clot"/></PolygonLabels>
  <KeyPointLabels name="spot" toName="image"><Label value="nucleus"/></KeyPointLabels>
  <EllipseLabels name="round" toName="image"><Label value="drop"/></EllipseLabels>
  <VectorLabels skeleton="true" name="pose" toName="image">
    <Label value="worm" points="head,tail" edges="head:tail"/></VectorLabels>
  <Choices name="quality" toName="image"><Choice value="sharp"/></Choices></View>"""
PICTURES = st.sampled_from([Image(200, 50), Image(640, 480), Image(30, 40, pages=3)])
SHARES = st.floats(0, 100, allow_subnormal=False) | st.sampled_from([0.0, 50.0, 100.0, 100.0000000001, -1e-9, 101.0])


def asked(config: str) -> Rules:
    controls = parse_config(config).controls
    classes = dict.fromkeys((control.name, label.value) for control in controls for label in control.labels)
    return rules_of(controls_json(parse_config(config), {key: number for number, key in enumerate(classes, 1)}))


RULES = asked(CONFIG)
PLAIN = Plain(RULES)


@st.composite
def entries(draw: st.DrawFn, media: Image) -> dict[str, Any]:
    """An entry that is mostly sound, and sometimes reaches over the edge."""
    x, y, across, down = (draw(SHARES) for _ in range(4))
    sides = {"x": x, "y": y, "width": min(across, 100 - x), "height": min(down, 100 - y), "rotation": 0}
    kinds: list[tuple[str, str, str, dict[str, Any]]] = [
        ("box", "rectanglelabels", "cell", sides),
        ("box", "rectanglelabels", "clump", {**sides, "rotation": 30}),
        ("outline", "polygonlabels", "clot", {"points": [[x, y], [across, y], [x, down]], "closed": True}),
        ("spot", "keypointlabels", "nucleus", {"x": x, "y": y, "width": 1}),
        ("round", "ellipselabels", "drop", {"x": 50, "y": 50, "radiusX": 9, "radiusY": across, "rotation": 0}),
        ("quality", "choices", "sharp", {}),
    ]
    name, kind, label, value = draw(st.sampled_from(kinds))
    entry = {"from_name": name, "to_name": "image", "type": kind, "value": {**value, kind: [label]}}
    if draw(st.booleans()):
        entry |= {"original_width": media.width, "original_height": media.height, "image_rotation": 0}
    return entry


@st.composite
def results(draw: st.DrawFn) -> tuple[list[Any], Image]:
    media = draw(PICTURES)
    made = [{**draw(entries(media)), "id": f"r{number}"} for number in range(draw(st.integers(0, 4)))]
    if draw(st.booleans()):
        return made, media
    try:
        changed = json.loads(draw(json_changes(json.dumps(made).encode())))
    except (ValueError, RecursionError):
        return made, media
    return (changed if isinstance(changed, list) else made), media


@settings(max_examples=examples(300))
@given(results())
def test_what_comes_in_by_the_short_way_is_held_as_by_the_long_one(said: tuple[list[Any], Image]) -> None:
    result, media = said
    short, long = held(result, media, PLAIN), mended(result, media, RULES)
    assert short.texts == long.texts
    assert (short.regions, [*short.cut], [*short.left_out]) == (long.regions, [*long.cut], [*long.left_out])


def box(**changes: Any) -> dict[str, Any]:
    value = {"x": 10, "y": 20.5, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["cell"]}
    return {"id": "a", "from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value, **changes}


@pytest.mark.parametrize(
    ("result", "media", "plain"),
    [
        ([box(), box(id="b")], Image(640, 480), True),
        ([], Image(640, 480), True),
        ([box(original_width=640, original_height=480)], Image(640, 480), True),
        ([box(original_width=64, original_height=48)], Image(640, 480), False),
        ([box(), box()], Image(640, 480), False),
        ([box(item_index=1)], Image(640, 480, pages=2), False),
        ([box(from_name="spot")], Image(640, 480), False),
        ([box(to_name="other")], Image(640, 480), False),
        ([box(id="x" * 201)], Image(640, 480), False),
        ([box(value={**box()["value"], "rectanglelabels": "cell"})], Image(640, 480), False),
        ([box(value={**box()["value"], "rectanglelabels": "c"})], Image(640, 480), False),
        ([box(value={**box()["value"], "width": 95})], Image(640, 480), False),
        ([box()], Text(30), False),
        ([box(), {"type": "relation", "from_id": "a", "to_id": "a", "direction": "right"}], Image(640, 480), False),
    ],
)
def test_only_a_plain_and_sound_result_takes_the_short_way(result: list[Any], media: Media, plain: bool) -> None:
    assert (PLAIN.rows(result, media) is not None) is plain


def test_what_is_asked_per_region_takes_the_long_way() -> None:
    choices = '<Choices name="state" toName="image" perRegion="true"><Choice value="worn"/></Choices></View>'
    assert Plain(asked(CONFIG.replace("</View>", choices))).rows([box()], Image(640, 480)) is None


@pytest.mark.parametrize(
    "odd",
    [
        box(original_width=10**400, original_height=1),
        box(value={"x": 2**31, "y": 0, "width": 1, "height": 1, "rectanglelabels": -1}),
    ],
)
def test_an_entry_that_cannot_be_mended_is_left_out_by_its_id(odd: dict[str, Any]) -> None:
    found = held([odd, box(id="b")], Image(640, 480), PLAIN)
    assert found.regions == 1 and len(found.left_out) == 1 and found.left_out[0].startswith("Region a: ")
