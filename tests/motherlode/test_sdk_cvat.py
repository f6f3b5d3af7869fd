"""CVAT for images 1.1: what comes in, what is refused by name, and that what is written is read back."""

import io
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.formats import cvat
from motherlode.formats.source import Classes, Draft, Problem, Record
from motherlode.importing import Source, read_source
from motherlode.masks import boxed_mask, in_box, tidy
from motherlode.media import Image
from motherlode.shapes import SHAPES

HEAD = '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'


class Held(dict[str, bytes]):
    """Files by name."""

    def names(self) -> list[str]:
        return sorted(self)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self[name])


def read(inner: str, meta: str = "") -> tuple[list[Draft], list[str]]:
    """The drafts of one 200 x 50 image of a document, and what is wrong."""
    text = f'{HEAD}{meta}<image id="0" name="a.png" width="200" height="50">{inner}</image></annotations>'
    found = list(cvat.read(Held({"task.xml": text.encode()})))
    drafts = [draft for record in found if isinstance(record, Record) for draft in record.drafts]
    return drafts, [one.what for one in found if isinstance(one, Problem)]


def test_the_real_sample_comes_in_with_its_splits(test_data: Path) -> None:
    source = read_source(test_data / "cvat")
    assert source.format.name == "cvat"
    assert {record.path: (record.split, len(record.drafts)) for record in source.records} == {
        "images/tray-02.png": ("train", 6),  # its points are two, one region each
        "images/plåt-03.png": ("train", 5),
        "images/sub/tray-04.png": ("train", 5),
        "images/tray-06.png": ("val", 0),
    }
    box = source.records[0].drafts[0]
    assert (box.geometry, box.label) == ((10.5, 20.25, 60.5, 56.25), "square")
    assert box.attributes == {"occluded": True, "group_id": 1, "worn": "yes"}
    assert source.labels == ["square", "disc", "Wedge é"]


def test_a_rotated_box_is_turned_about_its_centre_in_pixels() -> None:
    [draft], wrong = read('<box label="x" xtl="80" ytl="15" xbr="120" ybr="35" rotation="90.0"/>')
    assert (draft.kind, draft.geometry, wrong) == ("rotated_box", (100.0, 25.0, 40.0, 20.0, 90.0), [])
    assert SHAPES[draft.kind].bounds(draft.geometry) == pytest.approx((90, 5, 110, 45))


def test_a_mask_is_counted_along_the_rows_of_its_box() -> None:
    [draft], wrong = read('<mask label="x" rle="1, 2, 1, 2" left="10" top="5" width="3" height="2"/>')
    assert not wrong
    assert boxed_mask([1, 2, 1, 2], (10, 5, 3, 2), 200, 50) == draft.geometry
    assert SHAPES["mask"].bounds(draft.geometry) == (11, 5, 13, 7)


def test_a_skeleton_has_the_points_that_its_label_names() -> None:
    svg = (
        '&lt;line data-node-from="1" data-node-to="2"&gt;&lt;/line&gt;&lt;circle data-node-id="1"'
        ' data-label-name="head"&gt;&lt;/circle&gt;&lt;circle data-node-id="2"&gt;&lt;/circle&gt;'
    )
    meta = (
        f"<meta><task><labels><label><name>person</name><type>skeleton</type><svg>{svg}</svg></label>"
        "<label><name>head</name><parent>person</parent></label><label><name>foot</name><parent>person</parent></label>"
        "</labels></task></meta>"
    )
    points = (
        '<points label="foot" outside="0" occluded="1" points="3,4"/><points label="head" outside="1" points="0,0"/>'
    )
    [draft], wrong = read(f'<skeleton label="person">{points}</skeleton>', meta)
    assert (draft.geometry, wrong) == (((0.0, 0.0, 0), (3.0, 4.0, 1)), [])
    document = f"{HEAD}{meta}</annotations>"
    found = [one for one in cvat.read(Held({"a.xml": document.encode()})) if isinstance(one, Classes)]
    assert found[0].parts == {"person": {"points": "head,foot", "edges": "head:foot"}}
    assert list(found[0].names.values()) == ["person"]


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ('<cuboid label="x" xtl1="1"/>', "a cuboid is not a kind of region here"),
        ('<box label="x" xtl="1" ytl="1" xbr="5"/>', "it has no ybr"),
        ('<box label="x" xtl="a" ytl="1" xbr="5" ybr="2"/>', "its xtl is 'a', not a number"),
        ('<polygon label="x" points="1,2;3"/>', "the point '3' is not two numbers with a comma between"),
        ('<polygon label="x" points="1,2;3,4"/>', "a ring of 2 points is not a polygon"),
        ('<mask label="x" rle="9" left="0" top="0" width="2" height="2"/>', "the mask's counts sum up to 9"),
        ('<mask label="x" rle="4" left="199" top="0" width="2" height="2"/>', "is not within the 200 x 50 image"),
        ('<box label="" xtl="1" ytl="1" xbr="5" ybr="2"/>', "its label: the name is empty"),
        ('<blob label="x"/>', "<blob> is not an element of CVAT for images 1.1"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_image_is_never_empty_truth(inner: str, why: str) -> None:
    text = f'{HEAD}<image id="0" name="a.png" width="200" height="50">{inner}</image></annotations>'
    found = list(cvat.read(Held({"task.xml": text.encode()})))
    [record] = [one for one in found if isinstance(one, Record)]
    [problem] = [one for one in found if isinstance(one, Problem)]
    assert why in problem.what and problem.row.startswith("image 0, ")
    assert record.lost == 1 and not record.comes_in(0)


def test_a_video_s_tracks_are_refused_by_name() -> None:
    text = f'{HEAD}<track id="0" label="x"><box frame="0" xtl="1" ytl="1" xbr="2" ybr="2"/></track></annotations>'
    problems = [one.what for one in cvat.read(Held({"a.xml": text.encode()})) if isinstance(one, Problem)]
    assert problems == ["holds 1 tracks: it is CVAT for video, which is not read"]


def test_entities_and_broken_bytes_are_named(tmp_path: Path) -> None:
    for data in (
        b'<!DOCTYPE a [<!ENTITY b "c">]><annotations><meta/>&b;</annotations>',
        HEAD.encode() + b"<image ",
        '<?xml version="1.0" encoding="utf-8"?><annotations><meta>é'.encode("latin-1"),
        b"<annotations><meta>" + b"<a>" * 100_000,
    ):
        found = list(cvat.read(Held({"a.xml": data})))
        assert [one.kind for one in found if isinstance(one, Problem)] == ["unreadable"]


NUMBERS = st.floats(0, 50, allow_nan=False).map(lambda number: number + 0.0)
SIDES = st.floats(0.5, 50, allow_nan=False)
POINTS = st.tuples(NUMBERS, NUMBERS)


@st.composite
def geometries(draw: st.DrawFn) -> tuple[str, Any]:
    """A geometry of any kind that has an element, on an image of 200 x 50."""
    kind = draw(st.sampled_from(sorted(one.kind for one in SHAPES.values() if one.element and not one.pointed)))
    shape = SHAPES[kind]
    if shape.whole:
        return kind, None
    if shape.masked:
        rows = draw(st.lists(st.integers(1, 9), min_size=2, max_size=6).filter(lambda counts: sum(counts) <= 50))
        return kind, tidy(boxed_mask([*rows, 50 - sum(rows)], (3, 4, 10, 5), 200, 50))
    x, y, width, height = draw(NUMBERS), draw(NUMBERS), draw(SIDES), draw(SIDES)
    if shape.fills_bounds:
        return kind, (x, y, x + width, y + height)
    if kind == "keypoint":
        return kind, (x, y)
    if shape.outlined and not shape.variant_of and kind == "polygon":
        return kind, (((tuple(draw(st.lists(POINTS, min_size=3, max_size=5)))),),)
    if kind == "polyline":
        return kind, tuple(draw(st.lists(POINTS, min_size=2, max_size=5)))
    angle = draw(st.floats(0.01, 359.9))
    return kind, shape.from_json((x, y, width, height, angle))


@settings(max_examples=examples(150))
@given(geometries())
def test_every_kind_goes_out_and_comes_in_the_same(one: tuple[str, Any]) -> None:
    kind, geometry = one
    shape = SHAPES[kind]
    if shape.whole:
        return
    [said] = shape.to_elements(geometry)
    inner = "".join(f' {name}="{text}"' for name, text in said.items())
    [draft], wrong = read(f'<{shape.element} label="x"{inner}/>')
    assert (draft.kind, wrong) == (kind, [])
    assert shape.near(draft.geometry, geometry)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=12).filter(lambda counts: sum(counts) < 60))
def test_a_boxed_code_is_the_same_pixels_again(counts: list[int]) -> None:
    mask = boxed_mask([*counts, 60 - sum(counts)], (2, 3, 12, 5), 40, 30)
    assert boxed_mask(*in_box(mask), 40, 30) == tidy(mask)


def said(source: Source) -> dict[str, Any]:
    """What a source says of each image, its split, and its regions in their order."""
    return {
        record.path.removeprefix("images/"): (
            record.split,
            [(one.label, one.kind, one.geometry, dict(one.attributes)) for one in record.drafts],
        )
        for record in source.records
    }


def by_kind(source: Source) -> dict[str, Any]:
    return {path: sorted(row[:2] for row in rows) for path, (_, rows) in said(source).items()}


def test_a_folder_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    for to, name in (("cvat", "one"), ("label-studio", "two")):
        convert_folder(test_data / "cvat", tmp_path / name, to)
    first, again, other = (read_source(path) for path in (test_data / "cvat", tmp_path / "one", tmp_path / "two"))
    assert (again.format.name, other.format.name) == ("cvat", "label-studio")
    assert said(again) == said(first)
    assert again.labels == first.labels == other.labels
    assert by_kind(other) == by_kind(first)


PIECES = [
    b"<box ",
    b"<image ",
    b"</image>",
    b'"',
    b"<",
    b">",
    b"&#0;",
    b"nan",
    b"1e999",
    b"\xff",
    b"\0",
    b"<track/>",
    b"-5",
]
SAMPLE = (
    f"{HEAD}<meta><task><labels><label><name>x</name></label></labels></task></meta>"
    '<image id="0" name="a.png" width="200" height="50"><box label="x" xtl="1" ytl="2" xbr="3.5" ybr="4" rotation="30"'
    ' occluded="1" z_order="2"><attribute name="worn">yes</attribute></box><mask label="x" rle="1, 3" left="1" top="1"'
    ' width="2" height="2"/><skeleton label="p"><points label="1" points="1,2"/></skeleton><tag label="x"/>'
    '<ellipse label="x" cx="5" cy="5" rx="2" ry="1"/><polygon label="x" points="1,1;5,1;5,9"/></image></annotations>'
).encode()


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 30), st.sampled_from([b"", *PIECES])), max_size=4)
)
def test_whatever_a_document_says_is_named_or_read(changes: list[tuple[int, int, bytes]]) -> None:
    data = SAMPLE
    for at, length, piece in changes:
        data = data[:at] + piece + data[at + length :]
    for found in cvat.read(Held({"a.xml": data, "a.png": b""})):
        assert isinstance(found, Problem | Record | Classes)
        for draft in found.drafts if isinstance(found, Record) else ():
            SHAPES[draft.kind].clip(draft.geometry, Image(200, 50)) if draft.geometry is not None else None
