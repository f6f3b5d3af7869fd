"""The page that a region lies on: in results, predictions, imports and formats."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from tests.label_studio import accepts

from motherlode.formats import writers
from motherlode.formats.settling import settle
from motherlode.formats.source import Draft, Record
from motherlode.formats.writing import Labelled
from motherlode.importing import read_source
from motherlode.labeling_config import build
from motherlode.media import Image, Text
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import BadRegion, Control, Region, as_result, from_result

ONE, FIVE = Image(640, 480), Image(640, 480, pages=5)
BOXES = [Control("label", "box", "image", {"RBC": 1, "WBC": 2})]


def box(name: str, frame: int | None = None) -> Region:
    return Region(name, "box", 1, "RBC", (16.0, 12.0, 64.0, 96.0), frame=frame, control="label")


def test_a_result_names_the_page_where_there_are_several_and_comes_back_the_same() -> None:
    said = [box("a"), box("b", 3)]
    result = as_result(said, FIVE, BOXES)
    assert [entry["item_index"] for entry in result] == [0, 3]
    assert all(accepts(build(["RBC", "WBC"], "boxes"), entry) for entry in result)
    assert from_result(result, FIVE, BOXES) == said
    assert "item_index" not in as_result([box("a")], ONE, BOXES)[0]


def test_an_entry_without_a_page_lies_on_the_first() -> None:
    [entry] = as_result([box("a")], ONE, BOXES)
    assert from_result([entry], FIVE, BOXES) == [box("a")]
    assert from_result([{**entry, "item_index": None}], FIVE, BOXES) == [box("a")]
    assert "frame" not in box("a").as_json() and box("a", 3).as_json()["frame"] == 3


@pytest.mark.parametrize("index", [5, -1, "1", 1.0, True, [0]])
def test_a_page_that_is_not_there_is_refused(index: Any) -> None:
    [entry] = as_result([box("a")], FIVE, BOXES)
    with pytest.raises(BadRegion, match="item_index .* is none of the item's pages: they are numbered 0 to 4"):
        from_result([{**entry, "item_index": index}], FIVE, BOXES)
    with pytest.raises(BadRegion, match="item_index 2 is none of the item's pages: it has one"):
        from_result([{**entry, "item_index": 2}], ONE, BOXES)


def test_a_region_that_goes_to_another_page_stays_the_same_region() -> None:
    [entry] = as_result([box("a", 3)], FIVE, BOXES)
    before = {"a": Region("a", "box", 1, "RBC", (16.0, 12.0, 64.0, 96.0), area=9.0, iscrowd=True, frame=3)}
    [moved] = from_result([{**entry, "item_index": 0}], FIVE, BOXES, before)
    assert (moved.frame, moved.iscrowd) == (None, True)


@pytest.mark.parametrize("to", ["coco", "voc", "yolo"])
def test_formats_of_one_page_leave_out_an_item_of_several_by_name(to: str) -> None:
    rows = [
        (f"{name}.tif", Labelled(f"{name}.tif", None, media, "train", [box("a"), box("b")]))
        for name, media in (("one", ONE), ("five", FIVE))
    ]
    chosen, problems = writers()[to].choose(rows)
    assert [path for path, _row in chosen] == ["one.tif"]
    [problem] = [one for one in problems if one.item == "five.tif"]
    assert "has 5 pages with 2 labels" in problem.what and "hold pictures of one page" in problem.what


def test_an_import_says_that_its_labels_lie_on_the_first_page() -> None:
    record = Record("a.tif", True, True, drafts=[Draft("RBC", (1.0, 2.0, 30.0, 40.0))])
    drafts, [note] = settle(record, FIVE)
    assert len(drafts) == 1 and note.kind == "note"
    assert note.what == "it has 5 pages, and its labels name none" and "put on page 1" in note.remedy
    assert settle(record, ONE)[1] == []


def test_predictions_have_a_frame_for_each_object() -> None:
    told = Prediction("a.tif", boxes=[[0, 0, 9, 9]] * 2, labels=["RBC"] * 2, scores=[0.5] * 2, frames=[0, 4])
    assert told.frames == (0, 4)
    with pytest.raises(BadPrediction, match="1 frames and 2 labels"):
        Prediction("a.tif", boxes=[[0, 0, 9, 9]] * 2, labels=["RBC"] * 2, scores=[0.5] * 2, frames=[0])
    with pytest.raises(BadPrediction, match="the frame -1 is not a whole number from 0 on"):
        Prediction("a.tif", boxes=[[0, 0, 9, 9]], labels=["RBC"], scores=[0.5], frames=[-1])


def test_a_folder_with_a_picture_of_several_pages_is_read(tmp_path: Path) -> None:
    pages = [Pillow.new("L", (40, 30), shade) for shade in (0, 90)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert [record.path for record in read_source(tmp_path).records] == ["a.tif"]
    assert Image.probe((tmp_path / "a.tif").read_bytes()) == Image(40, 30, 2)
    assert Text(5).block() == {"kind": "text", "length": 5}
