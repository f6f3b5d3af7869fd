"""Masks as PNG: what comes in of values, palettes and colours, what is refused by name, and that what is written is
read back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.broken import declared
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.errors import BadInput
from motherlode.formats import FORMATS, masks
from motherlode.formats.source import Classes, Folder, Problem, Record
from motherlode.formats.voc import palette
from motherlode.formats.writing import ClassNames, Labelled, copy
from motherlode.importing import Source, read_source
from motherlode.masks import Mask, boxed_mask, mask_area, tidy
from motherlode.media import Image as Picture
from motherlode.regions import Region
from motherlode.shapes import SHAPES

pytestmark = pytest.mark.once
WIDTH, HEIGHT = 5, 4
WRITER = FORMATS["masks"].writer
assert WRITER is not None
ROWS = ("00000", "01100", "01222", "00002")
CAT = (6, 7, 11)  # of ROWS, along the rows
NAMES = json.dumps({"0": "background", "1": "cat", "2": "dog", "7": "unused"}).encode()


def mask(mode: str, rows: tuple[str, ...] = ROWS, colours: Any = None) -> Image.Image:
    """A picture of digits: as values, or as what `colours` says of each."""
    size = (len(rows[0]), len(rows))
    values = [int(digit) for row in rows for digit in row]
    made = Image.new(mode, size)
    made.putdata([colours[value] for value in values] if colours and mode != "P" else values)
    if mode == "P":
        made.putpalette([side for value in range(256) for side in (colours or {}).get(value, palette(value))])
    return made


def read(folder: Path, files: dict[str, Any], **how: Any) -> Source:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            (folder / name).write_bytes(data)
        else:
            (data or Image.new("RGB", (WIDTH, HEIGHT))).save(folder / name)
    return read_source(folder, **how)


def pixels(source: Source, path: str) -> dict[str, list[int]]:
    """The pixels of each label, along the rows."""
    [record] = [record for record in source.records if record.path == path]
    assert record.labelled, source.problems
    return {draft.label: along(draft.geometry) for draft in record.drafts}


def along(one: Mask) -> list[int]:
    down = [at % 2 for at, count in enumerate(one.counts) for _ in range(count)]
    return sorted((at % one.height) * one.width + at // one.height for at, there in enumerate(down) if there)


COLOURS = {0: (0, 0, 0), 1: (128, 0, 0), 2: (1, 2, 3)}
MAP = b"# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\ndog:1,2,3::\n"


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (mask("L"), {"classes.json": NAMES}),
        (mask("P"), {"classes.json": NAMES}),
        (mask("I;16"), {"classes.json": NAMES}),
        (mask("RGB", colours={0: (0, 0, 0), 1: (1, 1, 1), 2: (2, 2, 2)}), {"classes.json": NAMES}),
        (mask("RGB", colours=COLOURS), {"labelmap.txt": MAP}),
        (mask("RGBA", colours={key: (*value, 255) for key, value in COLOURS.items()}), {"labelmap.txt": MAP}),
        (mask("P", colours=COLOURS), {"labelmap.txt": MAP}),
        (mask("P", colours={1: COLOURS[2], 2: COLOURS[1]} | {0: (0, 0, 0)}), {"labelmap.txt": MAP}),
        (mask("L"), {"labelmap.txt": MAP}),
        (mask("L"), {"labels.txt": b"__ignore__\n_background_\ncat\ndog\n"}),
        (mask("L"), {"labels.txt": b"cat\ndog\n"}),
        (mask("L"), {"_classes.csv": b"Pixel Value, Class\n0, background\n1, cat\n2, dog\n"}),
        (mask("RGB", colours=COLOURS), {"class_dict.csv": b"name,r,g,b\nvoid,0,0,0\ncat,128,0,0\ndog,1,2,3\n"}),
    ],
)
def test_values_palettes_and_colours_say_the_class(one: Image.Image, names: dict[str, bytes], tmp_path: Path) -> None:
    source = read(tmp_path, {"images/a.jpg": None, "masks/a.png": one, "images/b.jpg": None, **names})
    assert source.format.name == "masks"
    found, cat, dog = pixels(source, "images/a.jpg"), list(CAT), [12, 13, 14, 19]
    swapped = one.mode == "P" and one.getpalette()[3:6] == [1, 2, 3]  # type: ignore[index]
    assert found == ({"cat": dog, "dog": cat} if swapped else {"cat": cat, "dog": dog})
    assert (source.class_ids["cat"], source.class_ids["dog"]) == (1, 2)
    assert {record.path: record.labelled for record in source.records} == {"images/a.jpg": True, "images/b.jpg": False}
    assert [problem.what for problem in source.problems if problem.kind != "note"] == []


@pytest.mark.parametrize(
    ("image", "place"),
    [
        ("JPEGImages/a.jpg", "SegmentationClass/a.png"),
        ("images/train/a.jpg", "annotations/train/a.png"),
        ("train/images/a.v2.jpg", "train/masks/a.v2.png"),
        ("a.jpg", "a_mask.png"),
        ("leftImg8bit/val/x/f_leftImg8bit.png", "gtFine/val/x/f_gtFine_labelIds.png"),
    ],
)
def test_a_mask_is_found_in_the_layouts_of_other_tools(image: str, place: str, tmp_path: Path) -> None:
    source = read(tmp_path, {image: None, place: mask("L"), "classes.json": NAMES})
    assert pixels(source, image)["cat"] == list(CAT)
    assert len(source.records) == 1


def test_instances_are_named_and_not_items(tmp_path: Path) -> None:
    files = {f"{folder}/a.png": mask("P") for folder in ("SegmentationClass", "SegmentationObject")}
    source = read(tmp_path, {**files, "JPEGImages/a.jpg": None, "labelmap.txt": MAP})
    assert [record.path for record in source.records] == ["JPEGImages/a.jpg"]
    assert "1 pictures of instances or of colours were not taken" in [problem.what for problem in source.problems]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (mask("L", ("00000", "05000", "00000", "00000")), "it holds the value 5, which no class of classes.json is"),
        (mask("RGB", colours=COLOURS), "is in colours, and no labelmap.txt says what they stand for"),
        (declared(20_000, 20_000), "pixels"),
        (b"\x89PNG\r\n", "is not a PNG that can be read"),
    ],
)
def test_what_has_no_name_is_told_and_the_image_is_never_empty(one: Any, why: str, tmp_path: Path) -> None:
    files = {"images/a.jpg": None, "masks/a.png": one, "images/b.jpg": None, "masks/b.png": mask("L")}
    source = read(tmp_path, {**files, "classes.json": NAMES})
    assert any(why in problem.what and problem.file == "masks/a.png" for problem in source.problems), source.problems
    labelled = {record.path: record.labelled for record in source.records}
    assert labelled == {"images/a.jpg": False, "images/b.jpg": True}


def test_an_empty_mask_says_that_nothing_is_there_and_void_is_told(tmp_path: Path) -> None:
    empty, void = mask("L", ("00000",) * 4), mask("L", ("10000",) * 4).point(lambda value: value * 255)
    files = {"images/a.jpg": None, "masks/a.png": empty, "images/b.jpg": None, "masks/b.png": void}
    source = read(tmp_path, {**files, "images/c.jpg": None, "masks/c.png": mask("L"), "classes.json": NAMES})
    assert [(record.labelled, len(record.drafts)) for record in source.records] == [(True, 0), (True, 0), (True, 2)]
    assert [problem.what for problem in source.problems] == ["1 masks hold void pixels (255)"]


def test_without_names_classes_are_called_by_their_values(tmp_path: Path) -> None:
    source = read(tmp_path, {"images/a.jpg": None, "masks/a.png": mask("1", ("00000", "01100", "00000", "00000"))})
    assert (source.format.name, source.class_ids) == ("masks", {"class 1": 1})
    assert "neither it nor a labelmap.txt or labels.txt is there to name the classes" in source.problems[-1].what


@pytest.mark.parametrize("names", [b"{", b'["a", 1]', b'{"x": "cat"}', b'{"1": "cat", "2": "cat"}', b'{"0": "void"}'])
def test_names_that_cannot_be_read_are_told(names: bytes, tmp_path: Path) -> None:
    source = read(tmp_path, {"images/a.jpg": None, "masks/a.png": mask("L"), "classes.json": names})
    assert [problem.file for problem in source.problems][:1] == ["classes.json"]
    assert source.labels == ["class 1", "class 2"]


def test_photos_in_a_folder_of_that_name_are_no_masks(tmp_path: Path) -> None:
    files = {f"{folder}/{name}.png": mask("RGB", colours=COLOURS) for folder in ("mask", "bare") for name in "ab"}
    assert read(tmp_path, files).format.name == "images"
    with pytest.raises(BadInput, match="holds no masks of its images"):
        read_source(tmp_path, "masks")


def test_masks_of_a_picture_as_it_lies_in_its_file_are_turned_with_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "images" / "a.jpg", exif=exif)
    read(tmp_path, {"masks/a.png": mask("L"), "classes.json": NAMES})
    report = convert_folder(tmp_path, tmp_path / "out", "masks")
    with Image.open(tmp_path / "out" / "SegmentationClass" / "a.png") as made:
        assert (made.size, list(made.get_flattened_data())) == (
            (HEIGHT, WIDTH),
            list(mask("L").transpose(Image.Transpose.ROTATE_270).get_flattened_data()),
        )
    assert "turned" in report.problems[0]["remedy"]


# what is written is read back

PIXELS = st.lists(st.sampled_from([0, 0, 1, 2, 300]), min_size=20, max_size=20)


@settings(max_examples=examples(60), deadline=None)
@given(PIXELS, st.booleans())
def test_every_mask_goes_out_and_comes_in_the_same(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], as_polygons: bool
) -> None:
    assert WRITER is not None
    folder = tmp_path_factory.mktemp("out")
    classes = {1: "cat", 2: "dög: 1", 300: "car"} if 300 in values else {1: "cat", 2: "dög: 1"}
    kind = SHAPES["polygon" if as_polygons else "mask"]
    regions = []
    for number, label in classes.items():
        if number in values:
            code = [part for value in values for part in ((0, 1) if value == number else (1, 0))]
            one = boxed_mask(code, (0, 0, WIDTH, HEIGHT), WIDTH, HEIGHT)
            regions.append(Region(str(number), kind.kind, number, label, kind.from_mask(one)))
    chosen, problems = WRITER.choose([("a.png", Labelled("a.png", None, Picture(WIDTH, HEIGHT), "val", regions))])
    assert problems == []
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "a.png")
    chosen = [(path, Labelled(path, folder / "a.png", row.media, "val", row.regions)) for path, row in chosen]
    WRITER.write(folder / "made", chosen, ClassNames(classes), copy)
    found = list(masks.read(Folder(folder / "made"), kind))
    [record] = [one for one in found if isinstance(one, Record)]
    assert [one for one in found if isinstance(one, Problem)] == []
    assert [one.names for one in found if isinstance(one, Classes)] == [{n - 1: label for n, label in classes.items()}]
    assert (record.path, record.split) == ("JPEGImages/a.png", "val")
    again = sorted((draft.label, kind.canonical(draft.geometry)) for draft in record.drafts)
    assert repr(again) == repr(sorted((region.label, kind.canonical(region.geometry)) for region in regions))


def test_what_masks_cannot_hold_is_counted_by_name() -> None:
    assert WRITER is not None
    square = (((1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)),)
    slanted = (((0.4, 0.4), (3.2, 0.4), (3.2, 2.7)),)
    said = [
        Region("1", "polygon", 1, "cat", (square,), area=3.0),
        Region("2", "polygon", 1, "cat", (slanted,)),
        Region("3", "box", 1, "cat", (1.0, 1.0, 2.0, 2.0)),
        Region("4", "polygon", 2, "Background", (square,)),
        Region("5", "keypoint", 1, "cat", (1.0, 1.0)),
    ]
    row = Labelled("a.png", None, Picture(WIDTH, HEIGHT), "train", said)
    [(_, kept)], problems = WRITER.choose([("a.png", row)])
    assert [region.id for region in kept.regions] == ["1", "2"]
    assert [problem.what.partition(" were not written")[0] for problem in problems] == [
        "1 areas",
        "1 boxes",
        "1 masks of classes that are called as what has none",
        "1 keypoints",
        "1 instances beside others of their class",
        "1 overlaps of regions",
        "1 exact outlines between pixels",
    ]


def test_the_last_region_is_on_top_and_outlines_fill_the_pixels_whose_centres_they_hold(tmp_path: Path) -> None:
    assert WRITER is not None
    whole = tidy(Mask(HEIGHT, WIDTH, (0, WIDTH * HEIGHT)))
    slanted = ((((0.0, 0.0), (3.9, 0.0), (0.0, 3.9)),),)
    said = [Region("1", "mask", 1, "cat", whole), Region("2", "polygon", 2, "dog", slanted)]
    row = Labelled("a.png", None, Picture(WIDTH, HEIGHT), "train", said)
    WRITER.write(tmp_path, [("a.png", row)], ClassNames({1: "cat", 2: "dog"}), copy)
    with Image.open(tmp_path / "SegmentationClass" / "a.png") as made:
        assert made.mode == "P" and made.getpalette()[3:6] == [128, 0, 0]  # type: ignore[index]
        assert list(made.get_flattened_data()) == [2, 2, 2, 1, 1, 2, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert mask_area(whole) == 20


def test_a_folder_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    report = convert_folder(test_data / "cvat", tmp_path / "one", "masks")
    assert any("boxes were not written" in problem["what"] for problem in report.problems)
    convert_folder(tmp_path / "one", tmp_path / "two", "masks")
    first, again = (read_source(tmp_path / name) for name in ("one", "two"))
    assert (first.format.name, again.format.name) == ("masks", "masks")
    assert first.class_ids == again.class_ids
    assert [record.as_json() for record in again.records] == [record.as_json() for record in first.records]
    assert sum(len(record.drafts) for record in first.records) == 3
