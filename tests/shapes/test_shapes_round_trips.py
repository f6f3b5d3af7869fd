"""Random results of every kind: made regions of and results again, and written as Label Studio JSON and CVAT XML and
read again. Geometry stays to a millionth of a pixel, on pictures of 200 x 50 too; all else stays as it is."""

import io
import json
import math
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter.brush import encode_rle
from tests.examples import examples
from tests.label_studio import accepts

from lode_annotation.label_sets import regions_from, relations_from, shown
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.rules import Rules, asks_of, rules_of
from lode_annotation.validation import problems_of
from motherlode.formats import FORMATS
from motherlode.formats.writing import ClassNames, Labelled
from motherlode.importing import read_source
from motherlode.media import Image, Media, Text
from motherlode.regions import Region, dump, load
from motherlode.relations import Relation
from motherlode.shapes import SHAPES

PICTURE = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="clump &amp; more"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clot"/></PolygonLabels>
  <VectorLabels name="fibre" toName="image"><Label value="axon"/></VectorLabels>
  <KeyPointLabels name="spot" toName="image"><Label value="nucleus"/></KeyPointLabels>
  <EllipseLabels name="round" toName="image"><Label value="drop"/></EllipseLabels>
  <BrushLabels name="area" toName="image"><Label value="tissue"/></BrushLabels>
  <VectorLabels skeleton="true" name="pose" toName="image">
    <Label value="worm" points="head,waist,tail" edges="head:waist,waist:tail"/>
  </VectorLabels>
  <Choices name="quality" toName="image" choice="multiple"><Choice value="sharp"/><Choice value="dark"/></Choices>
  <TextArea name="words" toName="image"/><Number name="count" toName="image"/><Rating name="stars" toName="image"/>
  <Taxonomy name="sort" toName="image"><Choice value="a"><Choice value="b"/></Choice><Choice value="c"/></Taxonomy>
  <Choices name="state" toName="image" perRegion="true"><Choice value="worn"/><Choice value="new"/></Choices>
  <Number name="depth" toName="image" perRegion="true"/>
  <Relations><Relation value="touches"/></Relations>
</View>"""
WORDS = """<View><Text name="text" value="$text"/>
  <Labels name="ent" toName="text"><Label value="Part"/><Label value="Fault"/></Labels>
  <Choices name="tone" toName="text"><Choice value="calm"/></Choices>
  <Choices name="sure" toName="text" perRegion="true"><Choice value="yes"/></Choices>
  <Relations><Relation value="has"/></Relations></View>"""
SIZES = st.sampled_from([Image(200, 50), Image(640, 480), Image(1, 300), Image(3000, 3)])
SHARES = st.floats(0, 100, allow_subnormal=False) | st.sampled_from([0.0, 100.0, 50.0])
PHASES = (Phase.explicit, Phase.generate)
"""To make a large result small takes minutes, and what differs is said anyway."""
NEAR = 1e-6
"""Pixels by which a number may have moved."""


def numbered(config: str) -> dict[tuple[str, str], int]:
    controls = parse_config(config).controls
    classes = dict.fromkeys((control.name, label.value) for control in controls for label in control.labels)
    return {key: number for number, key in enumerate(classes, 1)}


def rules(config: str) -> Rules:
    return rules_of(controls_json(parse_config(config), numbered(config)))


RULES = {PICTURE: rules(PICTURE), WORDS: rules(WORDS)}


@st.composite
def spans_of(draw: st.DrawFn, least: float = 1.0) -> tuple[float, float]:
    """Where a side begins and how long it is, in percent."""
    start = draw(st.floats(0, 100 - least, allow_subnormal=False))
    return start, draw(st.floats(least, 100 - start, allow_subnormal=False))


@st.composite
def turned(draw: st.DrawFn, kind: str, size: Image) -> dict[str, Any]:
    """A box or an ellipse inside of a circle that lies inside of the picture, turned; in percent of each side."""
    most = min(size.width, size.height) / 2
    reach, lean, angle = draw(st.floats(most / 9, most)), draw(st.floats(0.2, 1.3)), draw(st.floats(0.001, 359.999))
    x, y = (
        draw(st.floats(reach, side - reach)) if side > 2 * reach else side / 2 for side in (size.width, size.height)
    )
    across, down, turn = reach * math.cos(lean), reach * math.sin(lean), math.radians(angle)
    if kind == "ellipselabels":
        radii = {"radiusX": across * 100 / size.width, "radiusY": down * 100 / size.height}
        return {"x": x * 100 / size.width, "y": y * 100 / size.height, **radii, "rotation": angle}
    left = x - across * math.cos(turn) + down * math.sin(turn)  # Label Studio turns a box about its corner
    top = y - across * math.sin(turn) - down * math.cos(turn)
    sides = {"width": 2 * across * 100 / size.width, "height": 2 * down * 100 / size.height}
    return {"x": left * 100 / size.width, "y": top * 100 / size.height, **sides, "rotation": angle}


@st.composite
def places(draw: st.DrawFn, kind: str, size: Image) -> dict[str, Any]:
    """The value of a result of a kind, without its labels."""
    point = st.tuples(SHARES, SHARES)
    if kind in ("rectanglelabels", "ellipselabels"):
        if draw(st.booleans()):
            return draw(turned(kind, size))
        (x, width), (y, height) = draw(spans_of()), draw(spans_of())
        if kind == "rectanglelabels":
            return {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
        radii = {"radiusX": width / 2, "radiusY": height / 2}
        return {"x": x + width / 2, "y": y + height / 2, **radii, "rotation": 0}
    if kind == "polygonlabels":
        ring = draw(st.lists(point.map(list), min_size=3, max_size=6, unique_by=tuple))
        return {"points": ring, "closed": True}
    if kind == "keypointlabels":
        return dict(zip(("x", "y"), draw(point), strict=True)) | {"width": 0.5}
    if kind == "brushlabels":
        seed = draw(st.integers(0, 2**32 - 1))
        mask = np.random.default_rng(seed).random((size.height, size.width)) < draw(st.floats(0.02, 0.98))
        mask[0, 0] = True
        pixels = np.repeat(mask.reshape(-1, 1) * np.uint8(255), 4, axis=1)
        return {"format": "rle", "rle": encode_rle(pixels.reshape(-1).tolist())}  # type: ignore[no-untyped-call]
    names = ("head", "waist", "tail") if kind == "skeleton" else tuple(f"p{at}" for at in range(1, 5))
    count = draw(st.integers(2, len(names)))
    vertices = []
    for at, name in enumerate(names[:count]):
        x, y = draw(point)
        before = {"prevPointId": names[at - 1]} if at else {}
        seen = {"visibility": draw(st.sampled_from([1, 2]))} if kind == "skeleton" else {}
        vertices.append({"id": name, "x": x, "y": y, "isBezier": False, **before, **seen})
    return {"vertices": vertices, "closed": False}


DRAWN = (
    ("box", "rectanglelabels", ("cell", "clump & more")),
    ("outline", "polygonlabels", ("clot",)),
    ("fibre", "vectorlabels", ("axon",)),
    ("spot", "keypointlabels", ("nucleus",)),
    ("round", "ellipselabels", ("drop",)),
    ("area", "brushlabels", ("tissue",)),
    ("pose", "skeleton", ("worm",)),
)


def entry(
    size: Media, name: str, control: str, kind: str, value: dict[str, Any], *, of: str = "image"
) -> dict[str, Any]:
    return {"id": name, "type": kind, "from_name": control, "to_name": of, **size.stamp(), "value": value}


@st.composite
def pictured(draw: st.DrawFn) -> tuple[Image, str, list[dict[str, Any]]]:
    """A result of up to six regions, what is asked of them, their relations, and what is said of the whole picture."""
    size = draw(SIZES)
    result, drawn = [], []
    for at in range(draw(st.integers(0, 6))):
        control, kind, labels = draw(st.sampled_from(DRAWN))
        if kind == "brushlabels" and size.width * size.height > 20_000:
            control, kind, labels = DRAWN[0]
        place = draw(places(kind, size))
        key = "vectorlabels" if kind == "skeleton" else kind
        result.append(entry(size, f"r{at}", control, key, {**place, key: [draw(st.sampled_from(labels))]}))
        if draw(st.booleans()):
            said = draw(st.sampled_from(["worn", "new"]))
            result.append(entry(size, f"r{at}", "state", "choices", {**place, "choices": [said]}))
        if draw(st.booleans()):
            number = draw(st.integers(-9, 9) | st.floats(-1e6, 1e6))
            result.append(entry(size, f"r{at}", "depth", "number", {**place, "number": number}))
        drawn.append(f"r{at}")
    whole = {
        "quality": ("choices", st.sampled_from([["sharp"], ["dark"], ["sharp", "dark"]])),
        "words": ("textarea", st.lists(st.text(min_size=1, max_size=8).filter(kept), min_size=1, max_size=2)),
        "count": ("number", st.integers(-9, 9) | st.floats(-1e9, 1e9)),
        "stars": ("rating", st.integers(1, 5)),
        "sort": ("taxonomy", st.sampled_from([[["a", "b"]], [["c"]], [["a"], ["c"]]])),
    }
    for control in draw(st.lists(st.sampled_from(sorted(whole)), unique=True)):
        kind, values = whole[control]
        result.append(entry(size, control, control, kind, {"text" if kind == "textarea" else kind: draw(values)}))
    return size, "", result + draw(linked(drawn, "touches"))


def kept(text: str) -> bool:
    """Whether a database keeps a text, and something is said in it."""
    return bool(text.strip()) and "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


@st.composite
def linked(draw: st.DrawFn, names: list[str], label: str) -> list[dict[str, Any]]:
    if len(names) < 2:
        return []
    pairs = draw(st.lists(st.sampled_from([(one, two) for one in names for two in names if one < two]), unique=True))
    return [
        {
            "type": "relation",
            "from_id": one,
            "to_id": two,
            "direction": draw(st.sampled_from(["right", "bi"])),
            "labels": draw(st.sampled_from([[], [label]])),
        }
        for one, two in pairs
    ]


@st.composite
def written(draw: st.DrawFn) -> tuple[Media, str, list[dict[str, Any]]]:
    """A text of any signs, and spans of it that may overlap."""
    text = draw(st.text(min_size=2, max_size=30).filter(kept))
    media, result, drawn = Text(len(text)), [], []
    for at in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        place = {"start": start, "end": end, "text": text[start:end]}
        labels = {"labels": [draw(st.sampled_from(["Part", "Fault"]))]}
        result.append(entry(media, f"s{at}", "ent", "labels", {**place, **labels}, of="text"))
        if draw(st.booleans()):
            result.append(entry(media, f"s{at}", "sure", "choices", {**place, "choices": ["yes"]}, of="text"))
        drawn.append(f"s{at}")
    if draw(st.booleans()):
        result.append(entry(media, "tone", "tone", "choices", {"choices": ["calm"]}, of="text"))
    return media, text, result + draw(linked(drawn, "has"))


def in_pixels(one: Any, media: Media, key: str = "") -> Any:
    """A value with its places in pixels, so that a millionth means the same everywhere."""
    sides = {"x": "width", "width": "width", "radiusX": "width", "y": "height", "height": "height", "radiusY": "height"}
    if isinstance(one, dict):
        return {name: in_pixels(value, media, name) for name, value in one.items()}
    if key == "points" and isinstance(one, list):
        return [[x * media.width / 100, y * media.height / 100] for x, y in one]  # type: ignore[attr-defined]
    if isinstance(one, list):
        return [in_pixels(value, media) for value in one]
    if key in sides and isinstance(media, Image):
        return one * getattr(media, sides[key]) / 100
    return one


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal, numbers to a millionth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return bool(one == pytest.approx(other, abs=NEAR, rel=1e-12))
    return bool(one == other)


def said(result: list[dict[str, Any]], media: Media) -> dict[Any, Any]:
    """A result by what each entry speaks of."""
    found: dict[Any, Any] = {}
    for one in result:
        if one["type"] == "relation":
            found[one["from_id"], one["to_id"]] = (one["direction"], one.get("labels") or [])
            continue
        value = {key: part for key, part in one["value"].items() if key != "rle"}
        pixels = bytes(map(int, one["value"].get("rle", ())))
        rest = {key: part for key, part in one.items() if key != "value"}
        found[one["id"], one["from_name"]] = (rest, in_pixels(value, media), pixels)
    return found


def trip(media: Media, config: str, result: list[dict[str, Any]]) -> tuple[list[Region], list[Relation]]:
    """From a result to regions as they are stored, and to a result again, which says the same."""
    asked = RULES[config]
    regions = load(dump(regions_from(result, media, asked, [])), asked.names)
    links = relations_from(result, asked, [], regions)
    back = shown([one.as_json() for one in regions], media, asked, [one.as_json() for one in links])
    one, two = said(result, media), said(json.loads(json.dumps(back)), media)
    assert one.keys() == two.keys()
    for key in one:
        assert alike(one[key], two[key]), (one[key], two[key])
    return regions, links


@lru_cache
def blank(media: Image) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("1", (media.width, media.height)).save(out, "PNG")
    return out.getvalue()


def told(one: Any) -> tuple[Any, ...]:
    return (
        one.kind,
        one.label,
        SHAPES[one.kind].canonical(one.geometry) if one.geometry is not None else getattr(one, "value", None),
    )


def through(name: str, media: Image, config: str, regions: list[Region], links: list[Relation]) -> None:
    """Written in a format and read from it again: what the format holds of the regions says the same."""
    asked, format_ = RULES[config], FORMATS[name]
    assert format_.writer is not None
    asks = asks_of(controls_json(parse_config(config), numbered(config)))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        row = Labelled("a.png", None, media, "train", regions, links)
        chosen, _ = format_.writer.choose([("a.png", row)])
        classes = ClassNames(asked.names, asks, config if name == "label-studio" else "")
        format_.writer.write(root, chosen, classes, lambda source, target: None)
        (root / "images").mkdir(exist_ok=True)
        (root / "images" / "a.png").write_bytes(blank(media))
        source = read_source(root, name)
    assert [one for one in source.problems if one.kind != "note"] == []
    drafts = sorted((told(one) for record in source.records for one in record.drafts), key=repr)
    kept = sorted((told(one) for _, row in chosen for one in row.regions if SHAPES[one.kind].labelled), key=repr)
    assert [one[:2] for one in drafts] == [one[:2] for one in kept]
    assert alike(drafts, kept), (drafts, kept)


def sound(made: tuple[Image, str, list[dict[str, Any]]]) -> tuple[Image, list[dict[str, Any]]]:
    """A picture and a result on it that our own check takes."""
    media, _, result = made
    problems = [*problems_of(result, media, RULES[PICTURE])]
    assume({"area", "length"}.isdisjoint(one.rule for one in problems))  # corners on one line, or in one place
    assert problems == []
    return media, result


@settings(max_examples=examples(40), phases=PHASES)
@given(pictured().map(sound))
def test_any_result_of_a_picture_comes_back(made: tuple[Image, list[dict[str, Any]]]) -> None:
    trip(made[0], PICTURE, made[1])


@settings(max_examples=examples(15), phases=PHASES)
@given(pictured().map(sound), st.sampled_from(["label-studio", "cvat"]))
def test_any_result_is_written_and_read_again(made: tuple[Image, list[dict[str, Any]]], name: str) -> None:
    media, result = made
    through(name, media, PICTURE, *trip(media, PICTURE, result))


@settings(max_examples=examples(40), phases=PHASES)
@given(written())
def test_any_result_of_a_text_comes_back(made: tuple[Media, str, list[dict[str, Any]]]) -> None:
    media, text, result = made
    assert list(problems_of(result, media, RULES[WORDS], document=lambda: text)) == []
    trip(media, WORDS, result)
    assert all(accepts(WORDS, one) for one in result if one["type"] != "relation")
