"""LabelMe: what comes in of its versions, what is refused by name, and that what is written is read back."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, labelme
from motherlode.formats.labelme_writing import WRITER
from motherlode.formats.source import Classes, Draft, Folder, Problem, Record
from motherlode.formats.writing import ClassNames, Labelled, copy
from motherlode.importing import Source, read_source
from motherlode.masks import boxed_mask, tidy
from motherlode.media import Image as Picture
from motherlode.regions import Region
from motherlode.shapes import SHAPES

pytestmark = pytest.mark.once
WIDTH, HEIGHT = 40, 30


def shape(kind: str | None, *points: Any, label: Any = "cat", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": list(points), **({"shape_type": kind} if kind else {}), **more}


def document(*shapes: Any, **more: Any) -> bytes:
    said: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.png",
        "imageData": None,
    }
    return json.dumps({**said, "imageHeight": HEIGHT, "imageWidth": WIDTH, **more}).encode()


def read(folder: Path, files: dict[str, bytes], *images: str) -> Source:
    for name in images or ("a.png",):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (WIDTH, HEIGHT)).save(folder / name)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return read_source(folder)


def drafts(source: Source) -> list[Draft]:
    return [draft for record in source.records for draft in record.drafts]


def png(*rows: str) -> str:
    out = io.BytesIO()
    pixels = bytes(int(pixel) for row in rows for pixel in row)
    Image.frombytes("L", (len(rows[0]), len(rows)), pixels).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


SHAPES_READ = [
    (shape("rectangle", [20, 9], [1.5, 25]), ("box", (1.5, 9.0, 20.0, 25.0))),
    (shape("rectangle", [1, 2], [9, 2], [9, 8], [1, 8]), ("box", (1.0, 2.0, 9.0, 8.0))),
    (shape("circle", [10, 10], [13, 14]), ("ellipse", (10.0, 10.0, 5.0, 5.0, 0.0))),
    (shape("line", [1, 2], [3, 4.25]), ("polyline", ((1.0, 2.0), (3.0, 4.25)))),
    (shape("linestrip", [1, 2], [3, 4], [5, 4]), ("polyline", ((1.0, 2.0), (3.0, 4.0), (5.0, 4.0)))),
    (shape("point", [7, 8.125]), ("keypoint", (7.0, 8.125))),
    (shape("polygon", [1, 1], [9, 1], [9, 9]), ("polygon", ((((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),),))),
    (shape(None, [1, 1], [9, 1], [9, 9], line_color=None), ("polygon", ((((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),),))),
    (
        shape("mask", [3, 4], [5, 5], mask=png("101", "011")),
        ("mask", tidy(boxed_mask([0, 1, 1, 1, 1, 2], (3, 4, 3, 2), WIDTH, HEIGHT))),
    ),
]


@pytest.mark.parametrize(("one", "right"), SHAPES_READ)
def test_each_shape_is_read_in_place(one: Any, right: tuple[str, Any], tmp_path: Path) -> None:
    source = read(tmp_path, {"a.json": document(one)})
    assert source.format.name == "labelme"
    assert [(draft.kind, draft.geometry) for draft in drafts(source)] == [right]
    assert source.problems == []


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (shape("rotation", [1, 1], [2, 2]), "'rotation' is not a shape_type of LabelMe that is read"),
        (shape("rectangle", [1, 1]), "a rectangle is two opposite corners, not 1 points"),
        (shape("rectangle", [1, 2], [9, 3], [8, 9], [0, 8]), "a rectangle is two opposite corners, not 4 points"),
        (shape("circle", [1, 1]), "a circle is its centre and a point on it, not 1 points"),
        (shape("polygon", [1, 1], [2, 2]), "a ring of 2 points is not a polygon"),
        (shape("point", [1, "x"]), "'x' is not a number"),
        (shape("point", [1, 2, 3]), "its point [1, 2, 3] is not two numbers"),
        (shape("points"), "the points has no points"),
        (shape("point", [1, 2], label=" "), "the name is empty"),
        (shape("mask", [3, 4], [5, 5], mask="?"), "its mask is not a PNG in base64"),
        (shape("mask", [3, 4], [5, 5], mask=png("1")), "its mask is of (1, 1) pixels, its points say (3, 2)"),
        (shape("mask", [39, 4], [41, 4], mask=png("111")), "is not within the 40 x 30 image"),
        ("x", "it is 'x', not an object"),
    ],
)
def test_a_shape_that_cannot_be_read_is_named_and_the_image_is_never_empty(one: Any, why: str, tmp_path: Path) -> None:
    good = document(shape("point", [1, 2]), imagePath="b.png")
    source = read(tmp_path, {"a.json": document(one), "b.json": good}, "a.png", "b.png")
    assert any(why in problem.what and problem.row == "shapes[0]" for problem in source.problems), source.problems
    assert {record.path: record.labelled for record in source.records} == {"a.png": False, "b.png": True}


@pytest.mark.parametrize(
    ("place", "said", "image"),
    [
        ("a.json", "a.png", "a.png"),
        ("labels/a.json", "..\\images\\a.png", "images/a.png"),
        ("labels/a.json", "../images/a.png", "images/a.png"),
        ("a.json", "C:\\Users\\Eve\\set one\\a.png", "a.png"),
        ("a.json", "/home/eve/a.png", "a.png"),
        ("other.json", "a.png", "a.png"),
        ("a.json", "", "a.png"),
    ],
)
def test_the_image_is_found_as_it_is_named(place: str, said: str, image: str, tmp_path: Path) -> None:
    source = read(tmp_path, {place: document(shape("point", [1, 2]), imagePath=said)}, image)
    assert [(record.path, record.labelled) for record in source.records] == [(image, True)]


def test_a_file_named_otherwise_than_its_image_path_is_of_its_own_image_and_says_so(tmp_path: Path) -> None:
    source = read(tmp_path, {"b.json": document(shape("point", [1, 2]))}, "a.png", "b.png")
    assert {record.path: record.labelled for record in source.records} == {"a.png": False, "b.png": True}
    assert "its imagePath means a.png, its own name b.png" in [problem.what for problem in source.problems]


def test_an_image_that_lies_only_in_its_file_is_asked_for(tmp_path: Path) -> None:
    files = {"b.json": document(shape("point", [1, 2]), imagePath="b.png", imageData="aGVsbG8=")}
    files["a.json"] = document(shape("point", [1, 2]), imageData="aGVsbG8=")
    source = read(tmp_path, files)
    told = [problem.what for problem in source.problems]
    assert told == ["no image 'b.png' was found", "1 files hold their image within (imageData) and not beside them"]
    assert [record.path for record in source.records if record.labelled] == ["a.png"]


def test_flags_are_classes_of_the_image_and_attributes_of_a_shape(tmp_path: Path) -> None:
    one = shape("point", [1, 2], flags={"worn": True, "new": False}, group_id=3, description="at the edge")
    source = read(tmp_path, {"a.json": document({**one, "difficult": True}, flags={"blurred": True, "dark": False})})
    flagged, point = drafts(source)
    assert (flagged.kind, flagged.label, flagged.geometry) == ("choice", "blurred", None)
    assert point.attributes == {"worn": True, "new": False, "group_id": 3, "description": "at the edge"}
    assert point.difficult


def test_polygons_of_one_label_and_group_are_one_object(tmp_path: Path) -> None:
    ring, other = [[1, 1], [9, 1], [9, 9]], [[20, 1], [29, 1], [29, 9]]
    shapes = [shape("polygon", *points, group_id=1) for points in (ring, other)]
    alone = shape("polygon", *ring, label="dog", group_id=2)
    shared = shape("rectangle", [1, 1], [5, 5], label="dog", group_id=2)
    one, two, three = drafts(read(tmp_path, {"a.json": document(*shapes, alone, shared)}))
    assert (len(one.geometry), one.attributes) == (2, {})
    assert [each.attributes for each in (two, three)] == [{"group_id": 2}] * 2


def test_classes_are_numbered_by_labels_txt(tmp_path: Path) -> None:
    listed = "__ignore__\n_background_\ndog\nunused\ncat\n"
    source = read(tmp_path, {"a.json": document(shape("point", [1, 2])), "labels.txt": listed.encode()})
    assert source.class_ids == {"dog": 1, "unused": 2, "cat": 3}


def test_a_file_that_is_cut_short_leaves_its_image_unlabelled(tmp_path: Path) -> None:
    files = {"a.json": document(shape("point", [1, 2]))[:-9], "b.json": document(shape("point", [1, 2]))}
    source = read(tmp_path, {**files, "b.json": files["b.json"].replace(b"a.png", b"b.png")}, "a.png", "b.png")
    assert {record.path: record.labelled for record in source.records} == {"a.png": False, "b.png": True}


def test_a_label_file_that_was_not_taken_is_called_by_its_name() -> None:
    found = FORMATS["labelme"].seems("a.json", document().decode())
    assert found is not None and found.what == "LabelMe"
    assert FORMATS["labelme"].seems("a.json", "[]") is None


# what is written is read back

NUMBERS = st.floats(0, 25, allow_nan=False).map(lambda value: value + 0.0)
POINTS = st.tuples(NUMBERS, NUMBERS)
RINGS = st.lists(POINTS, min_size=3, max_size=5).map(tuple)
GEOMETRIES = st.one_of(
    st.tuples(st.just("box"), st.tuples(NUMBERS, NUMBERS).map(lambda at: (*at, at[0] + 3.5, at[1] + 2.25))),
    st.tuples(st.just("keypoint"), POINTS),
    st.tuples(st.just("polyline"), st.lists(POINTS, min_size=2, max_size=5).map(tuple)),
    st.tuples(st.just("ellipse"), st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda at: (*at, at[2], 0.0))),
    st.tuples(st.just("polygon"), st.lists(RINGS.map(lambda ring: (ring,)), min_size=1, max_size=3).map(tuple)),
    st.tuples(
        st.just("mask"),
        st.lists(st.integers(1, 7), min_size=2, max_size=9)
        .filter(lambda counts: sum(counts) < 60)
        .map(lambda counts: tidy(boxed_mask([*counts, 60 - sum(counts)], (2, 3, 12, 5), WIDTH, HEIGHT))),
    ),
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["worn", "group", "note", "description"]),
    st.one_of(st.booleans(), st.integers(-9, 9), st.sampled_from(["é", "x y"])),
    max_size=3,
)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.tuples(GEOMETRIES, ATTRIBUTES, st.booleans()), max_size=5))
def test_every_kind_goes_out_and_comes_in_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[tuple[str, Any], dict[str, Any], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    regions = [
        Region(str(at), kind, 1, "cat", geometry, attributes=attributes, difficult=difficult)
        for at, ((kind, geometry), attributes, difficult) in enumerate(rows)
    ]
    row = Labelled("a.png", None, Picture(WIDTH, HEIGHT), "val", regions)
    [(path, kept)], problems = WRITER.choose([("a.png", row)])
    assert problems == []
    WRITER.write(folder, [(path, kept)], ClassNames({1: "cat"}), copy)
    found = list(labelme.read(Folder(folder)))
    [record] = [one for one in found if isinstance(one, Record)]
    assert [one for one in found if isinstance(one, Problem)] == []
    assert [one.names for one in found if isinstance(one, Classes)] == [{0: "cat"}]
    assert (record.split, record.width, record.height) == ("val", WIDTH, HEIGHT)
    again = [(draft.kind, dict(draft.attributes), draft.difficult) for draft in record.drafts]
    assert again == [(region.kind, dict(region.attributes), region.difficult) for region in regions]
    for draft, region in zip(record.drafts, regions, strict=True):
        assert SHAPES[draft.kind].near(draft.geometry, region.geometry)


def test_what_labelme_cannot_hold_is_counted_by_name(test_data: Path, tmp_path: Path) -> None:
    def one(kind: str, geometry: Any, **more: Any) -> Region:
        return Region(kind, kind, 1, "cat", geometry, **more)

    hole = (((1.0, 1.0), (9.5, 1.0), (9.0, 9.0)), ((5.0, 2.0), (6.0, 2.0), (6.0, 3.0)))
    said = [
        one("ellipse", (9.0, 9.0, 4.0, 2.0, 0.0)),
        one("skeleton", ((1.0, 2.0, 2),)),
        one("polygon", (hole,), area=3.0, iscrowd=True),
    ]
    [(_, kept)], problems = WRITER.choose([("a.png", Labelled("a.png", None, Picture(40, 30), "train", said))])
    assert [region.kind for region in kept.regions] == ["polygon"]
    assert [problem.what.split(" were not written")[0] for problem in problems] == [
        "1 ellipses that are not circles",
        "1 skeletons",
        "1 holes",
        "1 areas",
        "1 crowd marks",
    ]


def test_a_folder_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    convert_folder(test_data / "cvat", tmp_path / "one", "labelme")
    convert_folder(tmp_path / "one", tmp_path / "two", "labelme")
    first, again = (read_source(tmp_path / name) for name in ("one", "two"))
    assert (first.format.name, again.format.name) == ("labelme", "labelme")
    assert first.class_ids == again.class_ids == read_source(test_data / "cvat").class_ids
    assert [record.as_json() for record in again.records] == [record.as_json() for record in first.records]
    assert {record.split for record in again.records} == {"train", "val"}
