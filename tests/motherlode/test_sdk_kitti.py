"""KITTI: what comes in of its lines, what is refused by name, and that what is written is read back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, kitti
from motherlode.formats.source import Folder, Problem, Record
from motherlode.formats.writing import ClassNames, Labelled, copy
from motherlode.importing import Source, read_source
from motherlode.media import Image as Picture
from motherlode.regions import Region

pytestmark = pytest.mark.once
SPACE = "1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"
NONE = "-1 -1 -1 -1000 -1000 -1000 -10"
WRITER = FORMATS["kitti"].writer
assert WRITER is not None


def read(folder: Path, files: dict[str, str], *images: str) -> Source:
    for name in images or ("training/image_2/000000.png",):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40)).save(folder / name)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return read_source(folder)


def told(source: Source) -> list[str]:
    return [str(problem) for problem in source.problems]


def test_kittis_own_layout_is_recognised_and_its_boxes_come_in_as_they_stand(tmp_path: Path) -> None:
    rows = [
        f"Car 0.00 0 -1.57 5.25 7.5 30 39 {SPACE}",
        f"Pedestrian 0.33 2 -1.57 1 2 3 4 {NONE}",
        f"DontCare -1 -1 -10 50.1 0 59 12 {NONE}",
        "",
    ]
    images = [f"training/{side}/00000{number}.png" for side in ("image_2", "image_3") for number in (0, 1, 2)]
    files = {"training/label_2/000000.txt": "\r\n".join(rows), "training/label_2/000001.txt": ""}
    source = read(tmp_path, files, *images)
    assert source.format.name == "kitti"
    by_path = {record.path: record for record in source.records}
    assert [(draft.label, draft.geometry, draft.iscrowd, draft.attributes) for draft in by_path[images[0]].drafts] == [
        ("Car", (5.25, 7.5, 30.0, 39.0), False, {}),
        ("Pedestrian", (1.0, 2.0, 3.0, 4.0), False, {"truncated": 0.33, "occluded": 2}),
        ("DontCare", (50.1, 0.0, 59.0, 12.0), True, {}),
    ]
    assert [by_path[image].labelled for image in images] == [True, True, False, False, False, False]
    assert {record.split for record in source.records} == {"train"}
    assert told(source) == [
        "the folder: 1 line holds a 3D box (dimensions, location, rotation). "
        "Boxes in the image came in, what is said in space was left out"
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Car 0 0 0 1 2 3 4", "7 numbers stand behind its type, not 14, or 15 with a score"),
        (f"0 2 Car 0 0 -10 1 2 3 4 {NONE}", "it does not begin with a type"),  # of KITTI's tracks
        (f"Car 0 0 -10 1 2 3 x {NONE}", "7 numbers stand behind its type"),
        (f"Car 0 0 -10 1 2 inf 4 {NONE}", "8 numbers stand behind its type"),
        (f"$Car 0 0 -10 1 2 3 4 {NONE}", "begins with $"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_image_is_never_empty(row: str, why: str, tmp_path: Path) -> None:
    files = {"label_2/a.txt": row, "label_2/b.txt": f"Car 0 0 -10 1 2 3 4 {NONE}"}
    source = read(tmp_path, files, "image_2/a.png", "image_2/b.png")
    assert {record.path: record.labelled for record in source.records} == {
        "image_2/a.png": False,
        "image_2/b.png": True,
    }
    [said] = [text for text in told(source) if text.startswith("label_2/a.txt, line 1")]
    assert why in said and "Mend the file" in said


@pytest.mark.parametrize(
    ("place", "image"),
    [
        ("a.txt", "a.png"),
        ("labels/a.txt", "images/a.jpg"),
        ("train/label_2/s1/a.txt", "train/image_2/s1/a.png"),
        ("label_2/a.v2.txt", "image_2/a.v2.png"),
    ],
)
def test_labels_are_found_in_the_layouts_of_other_tools(place: str, image: str, tmp_path: Path) -> None:
    source = read(tmp_path, {place: f"traffic light 0 0 -10 1 2 3 4 {NONE} 0.93\n"}, image)
    [record] = source.records
    assert (record.path, [draft.label for draft in record.drafts]) == (image, ["traffic light"])
    assert [text for text in told(source) if "hold" in text] == [
        "the folder: 1 line holds a score. "
        "Boxes came in as labels without them; for what a model found use lode predictions"
    ]


def test_labels_of_no_image_and_texts_beside_them_are_named(tmp_path: Path) -> None:
    row = f"Car 0 0 -10 1 2 3 4 {NONE}"
    files = {"label_2/a.txt": row, "label_2/gone.txt": row, "label_2/README.txt": "Labels of cars."}
    source = read(tmp_path, files, "image_2/a.png")
    assert [text.partition(".")[0] for text in told(source)] == ["label_2/gone"]
    found = FORMATS["kitti"].seems("x.txt", row)
    assert found is not None and found.what == "KITTI"


# what is written is read back

NUMBERS = st.floats(0, 30, allow_nan=False).map(lambda value: value + 0.0)
BOXES = st.tuples(NUMBERS, NUMBERS).map(lambda at: (*at, at[0] + 3.5, at[1] + 2.25))
MARKS = st.fixed_dictionaries(
    {},
    optional={"truncated": st.one_of(st.just(-1), st.floats(0.001, 1)), "occluded": st.sampled_from([-1, 1, 2, 3])},
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(BOXES, st.sampled_from(["Car", "é", "DontCare", "x-y"]), MARKS), max_size=5))
def test_every_box_goes_out_and_comes_in_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, str, dict[str, Any]]]
) -> None:
    assert WRITER is not None
    folder = tmp_path_factory.mktemp("out")
    regions = []
    for at, (box, label, marks) in enumerate(rows):
        crowd = label == "DontCare"
        regions.append(Region(str(at), "box", 1, label, box, iscrowd=crowd, attributes={} if crowd else marks))
    chosen, problems = WRITER.choose([("s1/a.png", Labelled("s1/a.png", None, Picture(60, 40), "val", regions))])
    assert problems == []
    WRITER.write(folder, chosen, ClassNames({1: "Car"}), copy)
    found = list(kitti.read(Folder(folder)))
    if not rows:
        assert found == []  # an empty file alone is of no format
        return
    [record] = [one for one in found if isinstance(one, Record)]
    assert [one for one in found if isinstance(one, Problem)] == []
    assert (record.path, record.split, record.labelled) == ("a.png", "val", True)
    assert [(d.label, d.geometry, d.iscrowd, dict(d.attributes)) for d in record.drafts] == [
        (region.label, region.geometry, region.iscrowd, dict(region.attributes)) for region in regions
    ]


def test_what_kitti_cannot_hold_is_counted_by_name() -> None:
    assert WRITER is not None
    box = (1.0, 2.0, 3.0, 4.0)
    said = [
        Region("1", "box", 1, "traffic light", box),
        Region("2", "box", 2, "7", box),
        Region("3", "box", 3, "DontCare", box),
        Region("4", "box", 4, "Car", box, iscrowd=True, attributes={"occluded": "half", "truncated": True, "x": 1}),
        Region("5", "polygon", 4, "Car", ((((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)),),)),
        Region("6", "choice", 4, "Car", None),
    ]
    [(_, kept)], problems = WRITER.choose([("a.png", Labelled("a.png", None, Picture(40, 30), "train", said))])
    assert [region.id for region in kept.regions] == ["4", "5"]
    assert [problem.what.partition(" were not written")[0] for problem in problems] == [
        "2 boxes of classes whose names are not one word",
        "1 boxes of the class DontCare without a crowd mark",
        "1 attributes 'x'",
        "1 outlines",
        "1 classes of whole images",
        "1 crowd marks",
        "1 attributes 'occluded' such as 'half'",
    ]
    assert kitti.write_label(kept.regions[:1]) == f"Car 1 0 -10 1 2 3 4 {NONE}\n"


def test_bccd_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    convert_folder(test_data / "bccd", tmp_path / "one", "kitti")
    first = read_source(tmp_path / "one")
    assert first.format.name == "kitti"
    convert_folder(tmp_path / "one", tmp_path / "voc", "voc")
    given, again = read_source(test_data / "bccd"), read_source(tmp_path / "voc")

    def boxes(source: Source) -> dict[str, Any]:
        return {
            Path(record.path).name: sorted((draft.label, draft.geometry) for draft in record.drafts)
            for record in source.records
            if record.labelled
        }

    assert len(boxes(first)) > 100 and boxes(first).keys() == boxes(given).keys()
    assert boxes(again) == boxes(first)
    whole = {name: rows for name, rows in boxes(given).items() if rows != boxes(first)[name]}
    assert len(whole) < 20  # only those that were cut at the edge of their image
