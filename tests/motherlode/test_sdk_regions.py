"""Regions: JSON both ways, clipping, ids, and Label Studio's percent."""

import json
import random
from dataclasses import replace
from hashlib import sha256

import pytest
from tests.earlier import earlier_row

from motherlode.manifest import canonical
from motherlode.media import Image
from motherlode.regions import (
    BadRegion,
    Control,
    Region,
    as_result,
    box_of,
    dump,
    from_json,
    from_result,
    load,
    moved,
    region_ids,
    texts_of,
)
from motherlode.shapes.box import clip_box

pytestmark = pytest.mark.once

NAMES = {1: "RBC", 2: "WBC"}
CLASS_IDS = {"RBC": 1, "WBC": 2}
BOXES = [Control("label", "box", "image", CLASS_IDS)]
CHOICES = [Control("kind", "choice", "image", CLASS_IDS)]
MEDIA = Image(640, 480)
FULL = Region("r1", "box", 2, "WBC", (0.1, 2, 30.5, 40.25), 77.5, True, True, 3, {"truncated": True}, "label")


def test_a_region_comes_back_from_its_json_whole() -> None:
    assert load(dump([FULL]), NAMES) == [FULL]


def test_the_stored_form_leaves_the_name_to_the_schema() -> None:
    assert "label" not in FULL.as_json()
    assert FULL.as_json(names=True)["label"] == "WBC"
    assert from_json(FULL.as_json(), {2: "white cell"}).label == "white cell"


def test_canonical_text_has_sorted_keys_no_spaces_and_no_negative_zero() -> None:
    text = dump([Region("a", "box", 1, geometry=(-0.0, 1, 2, 3), control="label")])
    assert text == '[{"class_id":1,"control":"label","geometry":[0.0,1.0,2.0,3.0],"id":"a","kind":"box"}]'


def test_a_regions_kind_is_still_found_under_its_former_name() -> None:
    with pytest.warns(DeprecationWarning, match=r"Region\.type is called kind"):
        assert FULL.type == FULL.kind


def test_rows_of_versions_before_format_1_are_read_and_can_be_written() -> None:
    row = {"id": "r1", "type": "box", "class_id": 2, "box": [0.1, 2, 30.5, 40.25], "area": 77.5, "iscrowd": True}
    region = from_json(row, NAMES)
    assert region == Region("r1", "box", 2, "WBC", (0.1, 2.0, 30.5, 40.25), 77.5, iscrowd=True)
    assert earlier_row(region.as_json()) == row
    chosen = {"id": "c", "type": "choice", "class_id": 1}
    assert from_json(chosen, NAMES) == Region("c", "choice", 1, "RBC") and from_json(chosen).whole
    assert earlier_row(from_json(chosen).as_json()) == chosen


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "kind": "hologram", "control": "depth", "class_id": 3, "geometry": {"planes": [[1, 2]]}, "hue": 7},
        {"id": "b", "kind": "rating", "control": "quality", "value": 4},
    ],
)
def test_a_kind_that_is_not_known_is_kept_and_passed_on(row: dict[str, object]) -> None:
    region = from_json(row)
    assert region.as_json() == row and region.box is None and region.whole is ("geometry" not in row)
    assert box_of(row) is None


def test_what_is_said_of_the_whole_item_is_an_answer() -> None:
    said = [Region("c", "choice", 1, control="kind"), FULL, Region("d", "choice", 2, control="kind")]
    texts = texts_of(said)
    assert load(texts.regions, NAMES) == [FULL] and [one.id for one in load(texts.answers)] == ["c", "d"]
    document = {"answers": json.loads(texts.answers), "regions": json.loads(texts.regions), "relations": []}
    assert texts.digest == sha256(canonical(document).encode()).hexdigest()


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "kind": "box", "class_id": 1, "control": "label"},
        {"id": "a", "kind": ["box"], "class_id": 1, "control": "label", "geometry": [1, 2, 3, 4]},
        {"id": "a", "type": "box", "class_id": 1},
        {"id": "a", "type": "box", "class_id": 1, "box": [1, 2, 3]},
        {"id": "a", "type": "box", "class_id": 1, "box": [1, 2, 3, float("nan")]},
        {"type": "choice", "class_id": 1},
        {"id": "a", "type": "choice", "class_id": "x"},
    ],
)
def test_json_that_is_no_region_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(BadRegion):
        from_json(row)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0, 0, 10, 10), ((0, 0, 10, 10), "ok")),
        ((2, 3, 4, 5), ((2, 3, 4, 5), "ok")),
        ((-1, 3, 4, 50), ((0, 3, 4, 10), "clipped")),
        ((2, 3, 2, 5), (None, "degenerate")),
        ((4, 3, 2, 5), (None, "degenerate")),
        ((float("nan"), 3, 2, 5), (None, "degenerate")),
        ((10, 3, 12, 5), (None, "outside")),
        ((-5, -5, 0, 4), (None, "outside")),
    ],
)
def test_boxes_are_cut_at_the_edges_of_the_image(box: tuple[float, ...], expected: object) -> None:
    assert clip_box(box, 10, 10) == expected


def test_moving_a_box_drops_an_imported_area_and_nothing_else() -> None:
    there = (1.0, 1.0, 2.0, 2.0)
    assert moved(FULL, there) == replace(FULL, geometry=there, area=None)
    assert FULL.box is not None
    assert moved(FULL, FULL.geometry) is FULL


def test_imported_ids_are_the_same_again_and_tell_equal_regions_apart() -> None:
    place = (1, 2, 3, 4)
    drafts = [("RBC", "box", place), ("RBC", "box", place), ("WBC", "box", place), ("RBC", "choice", None)]
    ids = region_ids("a.jpg", drafts)
    assert ids == region_ids("a.jpg", drafts)
    assert len({*ids, *region_ids("b.jpg", drafts)}) == 8


def test_percent_and_pixels_agree_to_a_millionth_of_a_pixel() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        width, height = chance.randint(1, 20000), chance.randint(1, 20000)
        x1, y1 = chance.uniform(0, width), chance.uniform(0, height)
        box = (x1, y1, chance.uniform(x1, width), chance.uniform(y1, height))
        region = Region("a", "box", 1, "RBC", box)
        result = json.loads(json.dumps(as_result([region], Image(width, height), BOXES)))
        [back] = from_result(result, Image(width, height), BOXES)
        assert back.box is not None
        assert max(abs(new - old) for new, old in zip(back.box, box, strict=True)) <= 1e-6


def test_a_result_says_the_size_it_was_made_on() -> None:
    [entry] = as_result([FULL], MEDIA, BOXES)
    assert (entry["original_width"], entry["original_height"], entry["from_name"]) == (640, 480, "label")
    assert entry["value"]["width"] == pytest.approx(30.4 / 6.4)


def test_what_the_editor_does_not_show_stays_with_an_untouched_region() -> None:
    result = as_result([FULL], MEDIA, BOXES)
    assert from_result(result, MEDIA, BOXES, {"r1": FULL}) == [FULL]


@pytest.mark.parametrize("pixels", [1e-5, 6.4])
def test_a_box_that_moved_keeps_its_crowd_mark_and_loses_its_area(pixels: float) -> None:
    [entry] = as_result([FULL], MEDIA, BOXES)
    entry["value"]["x"] += pixels * 100 / 640
    [region] = from_result([entry], MEDIA, BOXES, {"r1": FULL})
    assert (region.area, region.iscrowd, region.difficult, region.id) == (None, True, True, "r1")


def test_choices_are_one_entry_and_a_region_each() -> None:
    chosen = [Region("c", "choice", 1, "RBC"), Region("d", "choice", 2, "WBC")]
    result = as_result(chosen, MEDIA, CHOICES)
    assert [entry["value"]["choices"] for entry in result] == [["RBC", "WBC"]]
    regions = from_result(result, MEDIA, CHOICES)
    assert [(region.kind, region.label) for region in regions] == [("choice", "RBC"), ("choice", "WBC")]
    assert regions[0].id == "c"
    assert regions == from_result(result, MEDIA, CHOICES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rectanglelabels": ["cat"]}, "no label 'cat'"),
        ({"rectanglelabels": []}, "one label"),
        ({"rotation": "askew"}, "ValueError"),
        ({"x": "left"}, "ValueError"),
        ({"x": float("inf")}, "not finite"),
    ],
)
def test_a_result_that_cannot_be_kept_is_refused_by_region(change: dict[str, object], message: str) -> None:
    [entry] = as_result([FULL], MEDIA, BOXES)
    entry["value"].update(change)
    with pytest.raises(BadRegion, match=message):
        from_result([entry], MEDIA, BOXES)


def test_a_type_the_editor_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(BadRegion, match="hologramlabels"):
        from_result([{"id": "a", "type": "hologramlabels", "value": {}}], Image(1, 1), BOXES)
