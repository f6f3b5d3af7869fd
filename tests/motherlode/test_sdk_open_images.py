"""Open Images: what comes in of its tables, what stays out by name, and that what is written is read back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, open_images
from motherlode.formats.source import Folder, Problem, Record
from motherlode.formats.writing import ClassNames, Labelled, copy
from motherlode.importing import Source, read_source
from motherlode.media import Image as Picture
from motherlode.regions import Region

pytestmark = pytest.mark.once
HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
SEVEN = f"{HEADER},XClick1X"
NAMES = "/m/01,Cat\n/m/02,Dog\n/m/03,Dog\n"
WRITER = FORMATS["open-images"].writer
assert WRITER is not None


def read(folder: Path, files: dict[str, str], *images: str) -> Source:
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 20)).save(folder / name)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return read_source(folder)


def told(source: Source) -> list[str]:
    return [f"{problem.file} {problem.row} {problem.what}".strip() for problem in source.problems]


@pytest.mark.parametrize("header", [HEADER, SEVEN])
def test_boxes_come_in_by_the_names_of_their_classes(header: str, tmp_path: Path) -> None:
    rows = [
        "0a,xclick,/m/01,1,0.25,0.5,0,1,1,0,0,0,0",
        "0a,xclick,/m/02,1,0,0.125,0.5,0.75,-1,-1,1,0,1",
        "0b,activemil,/m/03,1,0,1,0,1,0,1,0,1,0",
        "0a,xclick,/m/09,1,0,1,0,1,0,0,0,0,0",
        "ff,xclick,/m/01,1,0,1,0,1,0,0,0,0,0",
    ]
    files = {"oidv6-train-annotations-bbox.csv": "\n".join([header, *rows]), "class-descriptions-boxable.csv": NAMES}
    source = read(tmp_path, files, "data/0a.jpg", "data/0b.jpg", "data/0c.jpg")
    assert source.format.name == "open-images"
    found = {record.path: record for record in source.records}
    assert [(d.label, d.geometry, d.relative, d.iscrowd, d.attributes) for d in found["data/0a.jpg"].drafts] == [
        ("Cat", (0.25, 0.0, 0.5, 1.0), True, False, {"occluded": True}),
        ("Dog (/m/02)", (0.0, 0.5, 0.125, 0.75), True, True, {"inside": True}),
        ("/m/09", (0.0, 0.0, 1.0, 1.0), True, False, {}),
    ]
    assert [d.label for d in found["data/0b.jpg"].drafts] == ["Dog (/m/03)"]
    assert not found["data/0c.jpg"].labelled
    assert [record.split for record in source.records] == ["train", "train", None]
    assert told(source) == ["oidv6-train-annotations-bbox.csv  it speaks of 1 image that is not here"]


def test_labels_of_whole_images_are_classes_and_absent_ones_say_nothing(tmp_path: Path) -> None:
    header = "ImageID,Source,LabelName,Confidence\n"
    files = {
        "validation-annotations-human-imagelabels.csv": f"{header}0a,verification,/m/01,1\n0b,verification,/m/01,0\n",
        "validation-annotations-machine-imagelabels.csv": f"{header}0a,machine,/m/02,0.9\n",
        "class-descriptions.csv": f"LabelName,DisplayName\n{NAMES}",
    }
    source = read(tmp_path, files, "0a.jpg", "0b.jpg")
    said = [(record.path, record.labelled, record.split, [d.label for d in record.drafts]) for record in source.records]
    assert said == [("0a.jpg", True, "val", ["Cat"]), ("0b.jpg", False, "val", [])]
    assert told(source) == [
        "1 labels that a machine found were left out",
        "1 labels that say that a class is absent were left out",
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("0a,xclick,/m/01,1,0.25,x,0,1,1,0,0,0,0", "'x' is not a number"),
        ("0a,xclick,/m/01,1,0.25", "'' is not a number"),
        ("0a,xclick,,1,0.25,1,0,1,1,0,0,0,0", "the name is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_image_is_never_empty(row: str, why: str, tmp_path: Path) -> None:
    rows = f"{HEADER}\n{row}\n0b,xclick,/m/01,1,0,1,0,1,0,0,0,0,0\n"
    source = read(tmp_path, {"train-annotations-bbox.csv": rows}, "0a.jpg", "0b.jpg")
    assert {record.path: record.labelled for record in source.records} == {"0a.jpg": False, "0b.jpg": True}
    assert f"train-annotations-bbox.csv line 2 {why}" in told(source)


def test_tables_of_masks_and_relations_are_called_by_their_name(tmp_path: Path) -> None:
    rows = f"{HEADER}\n0a,xclick,/m/01,1,0,1,0,1,0,0,0,0,0\n"
    masks = "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n"
    files = {"train-annotations-bbox.csv": rows, "train-annotations-object-segmentation.csv": masks}
    source = read(tmp_path, files, "0a.jpg")
    assert told(source) == [
        "train-annotations-object-segmentation.csv  looks like a table of Open Images' and was not taken"
    ]


# what is written is read back

PLACES = st.floats(0, 15, allow_nan=False)
BOXES = st.tuples(PLACES, PLACES).map(lambda at: (at[0], at[1], at[0] + 3.5, at[1] + 2.25))
MARKS = st.sets(st.sampled_from(["occluded", "truncated", "depiction", "inside"])).map(lambda s: dict.fromkeys(s, True))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(BOXES | st.none(), st.sampled_from([1, 3]), st.booleans(), MARKS), min_size=1, max_size=5))
def test_every_label_goes_out_and_comes_in_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, int, bool, dict[str, Any]]]
) -> None:
    assert WRITER is not None
    folder = tmp_path_factory.mktemp("out")
    names = {1: 'a, "b"', 3: "é"}
    regions = [
        Region(str(at), "box", number, names[number], box, iscrowd=crowd, attributes=marks)
        if box
        else Region(str(at), "choice", number, names[number], None)
        for at, (box, number, crowd, marks) in enumerate(rows)
    ]
    chosen, problems = WRITER.choose([("s/a.png", Labelled("s/a.png", None, Picture(40, 20), "val", regions))])
    assert problems == []
    WRITER.write(folder, chosen, ClassNames(names), copy)
    found = list(open_images.read(Folder(folder)))
    [record] = [one for one in found if isinstance(one, Record)]
    assert [one for one in found if isinstance(one, Problem)] == []
    assert (record.path, record.split) == ("s/a.jpg", "val")

    def said(one: Any) -> Any:
        return (one.label, one.kind, one.iscrowd, sorted(one.attributes))

    assert sorted(map(said, record.drafts)) == sorted(map(said, regions))
    boxes = [draft.geometry for draft in record.drafts if draft.geometry]
    for draft, region in zip(boxes, [region.box for region in regions if region.box], strict=True):
        assert [draft[0] * 40, draft[1] * 20, draft[2] * 40, draft[3] * 20] == pytest.approx(region, abs=1e-6)


def test_what_open_images_cannot_hold_is_counted_by_name() -> None:
    assert WRITER is not None
    said = [Region("1", "box", 1, "cat", (1.0, 1.0, 2.0, 2.0), area=1.0, attributes={"occluded": 0.5, "x": 1})]
    rows = [
        (name, Labelled(name, None, Picture(40, 20), "train", said[:count])) for name, count in (("a", 1), ("b", 0))
    ]
    _, problems = WRITER.choose(rows)
    assert [problem.what.partition(" were not written")[0] for problem in problems] == [
        "1 areas",
        "1 attributes 'x'",
        "1 attributes 'occluded' that are not a yes",
        "1 marks of images in which nothing is",
    ]


def test_bccd_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    convert_folder(test_data / "bccd", tmp_path / "one", "open-images")
    convert_folder(tmp_path / "one", tmp_path / "two", "open-images")
    given, first, again = (read_source(path) for path in (test_data / "bccd", tmp_path / "one", tmp_path / "two"))
    assert (first.format.name, again.format.name) == ("open-images", "open-images")

    def said(source: Source) -> dict[str, Any]:
        return {
            Path(record.path).name: (record.split, [draft.label for draft in record.drafts])
            for record in source.records
            if record.labelled
        }

    assert len(said(given)) > 100 and said(first) == said(again)
    assert said(first).keys() == {name for name, (_, labels) in said(given).items() if labels}
    for one, two in zip(first.records, again.records, strict=True):
        for draft, other in zip(one.drafts, two.drafts, strict=True):
            assert draft.geometry == pytest.approx(other.geometry, abs=1e-9)
