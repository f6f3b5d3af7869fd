"""What comes in is true or stays out: small sources, through ``lode import`` against the real application."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lode_annotation.models import LabelSet, Schema
from lode_datasets.models import Dataset, DatasetItem
from lode_platform.models import Item, User
from motherlode import Client
from motherlode.cli import main
from motherlode.regions import box_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@dataclass
class Door:
    """``lode import`` in the hands of an engineer, and what is then in the project."""

    connect: Callable[..., Client]
    capsys: pytest.CaptureFixture[str]
    code: int = 0
    err: str = ""

    def __call__(self, folder: Path, *words: str, fails: int = 0) -> dict[str, Any]:
        """The report of an import into ``cells``; of one that fails the words on standard error."""
        self.code = main(["import", str(folder), "--dataset", "cells", *words, "--json"], self.connect)
        said = self.capsys.readouterr()
        self.err = said.err
        assert self.code == fails, said.err or said.out
        report: dict[str, Any] = json.loads(said.out)
        return report

    def says(self, folder: Path, *words: str) -> str:
        """What an import tells people."""
        main(["import", str(folder), "--dataset", "cells", *words], self.connect)
        return self.capsys.readouterr().out

    def labels(self) -> dict[str, list[tuple[Any, ...]] | None]:
        """The labels and boxes of each item by path, None where it is unlabelled."""
        found: dict[str, list[tuple[Any, ...]] | None] = dict.fromkeys(Item.objects.values_list("path", flat=True))
        for labels in LabelSet.objects.current().select_related("item", "schema_revision"):
            names = {row["id"]: row["name"] for row in labels.schema_revision.classes}
            found[labels.item.path] = [
                (names[row["class_id"]], *(round(value, 6) for value in (box_of(row) or ()))) for row in labels.said
            ]
        return found

    def regions(self, path: str) -> list[dict[str, Any]]:
        """An item's regions as they are stored."""
        return list(LabelSet.objects.current().get(item__path=path).said)

    def splits(self) -> dict[str, str]:
        return dict(DatasetItem.objects.values_list("item__path", "split"))

    def classes(self) -> list[str]:
        """The names of the schema's classes in the order of their ids."""
        return list(Schema.objects.get().classes.order_by("class_id").values_list("name", flat=True))

    def nothing_was_made(self) -> bool:
        return not (Item.objects.exists() or Schema.objects.exists() or Dataset.objects.exists())


@pytest.fixture
def door(sdk: Callable[..., Client], erin: User, capsys: pytest.CaptureFixture[str]) -> Door:
    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        return sdk(erin, project=project or "blood")

    return Door(connect, capsys)


def told(report: dict[str, Any], *words: str) -> bool:
    """Whether one of the report's problems says all the words, and what to do."""
    rows = [" ".join(str(value) for value in row.values()) for row in report["problems"] if row["remedy"]]
    return any(all(word in row for word in words) for row in rows)


# the cases


def case_coco_area_infinity(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("cat", 3, 4, 13, 14)], "b.jpg": [("dog", 1, 2, 11, 12)]}
    assert told(report, "instances.json", "annotations[0]", "area")
    assert "area" not in door.regions("a.jpg")[0]


def case_coco_attributes_odd(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("cat", 3, 4, 13, 14)], "b.jpg": [("dog", 1, 2, 11, 12)]}
    assert told(report, "annotations[0]", "attributes") and told(report, "annotations[1]", "attributes")


def case_coco_categories_of_one_name(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("wheel (car)", 1, 2, 11, 12), ("wheel (bike)", 20, 2, 30, 12)]}
    assert told(report, "categories[1]", "'wheel'")


def case_coco_flags_as_text(door: Door, source: Path) -> None:
    door(source)
    assert [row.get("iscrowd", False) for row in door.regions("a.jpg")] == [False, True]
    assert door.labels()["a.jpg"] == [("cat", 1, 2, 11, 12), ("cat", 20, 2, 30, 12)]


def case_coco_keypoints_only(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("person", 1, 2, 11, 12)]}
    assert told(report, "1 annotation holds keypoints")


def case_coco_polygon_without_bbox(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"a.jpg": [("cat", 3, 3, 12, 9), ("dog", 1, 1, 20, 20)]}


def case_exif_boxes_of_lying_image(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("red", 18, 24, 26, 36)]}
    assert told(report, "40 x 30", "30 x 40", "turned")


def case_label_name_too_long(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("dog", 5, 2, 15, 12)]}
    assert told(report, "instances.json", "categories[0]", "300 letters")


def case_label_name_with_spaces(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"a.jpg": [("cat", 1, 2, 11, 12), ("dog", 5, 2, 15, 12)]}


def case_left_out_all_degenerate(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": None, "b.jpg": [("dog", 1, 2, 11, 12)]}
    assert report["unlabelled"] == ["a.jpg"]


def case_left_out_coco_captions(door: Door, source: Path) -> None:
    door(source, fails=1)
    assert door.nothing_was_made()
    assert "captions and no box" in door.err


def case_left_out_coco_string_image_ids(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"a.jpg": [("cat", 1, 2, 11, 12)], "b.jpg": [("dog", 3, 4, 13, 14)]}


def case_left_out_yolo_class_out_of_range(door: Door, source: Path) -> None:
    report = door(source)
    found = door.labels()
    assert found["images/a.jpg"] is None and len(found["images/b.jpg"] or ()) == 1
    assert report["unlabelled"] == ["images/a.jpg"]
    assert told(report, "labels/a.txt", "line 1", "class 5")


def case_names_decomposed(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"\u00e9.jpg": [("cat", 1, 1, 6, 6)]}


def case_picture_coco_missing_twin(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"cam2/1.jpg": [("dog", 10, 10, 15, 15)]}
    assert told(report, "images[0]", "cam1/1.jpg")


def case_picture_dots_in_names(door: Door, source: Path) -> None:
    door(source)
    box = (1, 1, 20, 20)
    assert door.labels() == {
        "img.jpg": [("base", *box)],
        "img.v2.jpg": [("two", *box)],
        "img.v3.jpg": [("three", *box)],
    }


def case_picture_voc_stale_filename(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"a.jpg": [("cat", 1, 1, 20, 20)], "b.jpg": [("dog", 10, 10, 30, 25)]}
    assert told(report, "a.xml", "<filename> means b.jpg")


def case_splits_coco_folders(door: Door, source: Path) -> None:
    report = door(source, "--split-policy", "train=1")
    assert door.splits() == {
        f"{folder}/{folder}{number}.jpg": "val" if folder == "valid" else folder
        for folder in ("train", "valid", "test")
        for number in range(3)
    }
    assert report["splits"] == {split: {"folder names": 3} for split in ("train", "val", "test")}


def case_splits_list_with_spaces(door: Door, source: Path) -> None:
    report = door(source, "--split-policy", "test=1")
    assert door.splits() == {"JPEGImages/my cat 1.jpg": "train", "JPEGImages/my cat 2.jpg": "val"}
    assert report["problems"] == []


def case_voc_flags_as_words(door: Door, source: Path) -> None:
    door(source)
    one, two = door.regions("a.jpg")
    assert (one["difficult"], two["difficult"], two["attributes"]) == (True, True, {"truncated": True})


def case_voc_gb2312(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"a.jpg": [("猫", 1, 1, 20, 20)], "b.jpg": [("猫", 1, 1, 20, 20)]}


def case_voc_two_boxes_in_an_object(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"a.jpg": [("cat", 1, 1, 10, 10), ("cat", 20, 10, 30, 20)]}


def case_yolo_class_numbers(door: Door, source: Path, target: Path) -> None:
    door(source)
    assert door.classes() == ["zebra", "ant", "mouse"]
    assert [label for label, *_ in door.labels()["images/a.jpg"] or ()] == ["zebra", "mouse"]
    assert main(["publish", "cells"], door.connect) == 0
    assert main(["convert", "cells@v1", str(target), "--to", "yolo"], door.connect) == 0
    [written] = target.rglob("a.txt")
    assert [line.split()[0] for line in written.read_text().splitlines()] == ["0", "2"]
    assert main(["convert", str(source), str(target / "again"), "--to", "yolo"], door.connect) == 0
    for yaml in (target / "data.yaml", target / "again" / "data.yaml"):
        assert [name in yaml.read_text() for name in ("0: 'zebra'", "1: 'ant'", "2: 'mouse'")] == [True] * 3


def case_yolo_columns_pose(door: Door, source: Path) -> None:
    report = door(source)
    assert door.labels() == {"images/a.jpg": [("cat", 16, 12, 24, 18)]}
    assert told(report, "1 row holds keypoints")


def case_yolo_columns_score_and_track(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"images/a.jpg": [("cat", 16, 12, 24, 18)]}


def case_yolo_folders_in_capitals(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"Images/a.jpg": [("cat", 16, 12, 24, 18)]}


def case_yolo_image_named_test(door: Door, source: Path) -> None:
    report = door(source)
    box = [("cat", 16, 12, 24, 18)]
    assert door.labels() == {f"{name}.jpg": box for name in ("test", "train", "val", "other")}
    assert report["splits"] == {}


def case_yolo_names_twice(door: Door, source: Path) -> None:
    report = door(source)
    assert [label for label, *_ in door.labels()["images/a.jpg"] or ()] == ["cat", "cat (1)"]
    assert told(report, "data.yaml", "classes 0 and 1 are both called 'cat'")


def case_yolo_yaml_as_json(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"images/a.jpg": [("dog", 16, 12, 24, 18)]}


def case_yolo_yaml_with_bom(door: Door, source: Path) -> None:
    door(source)
    assert door.labels() == {"images/a.jpg": [("dog", 16, 12, 24, 18)]}


CASES = {
    name.removeprefix("case_").replace("_", "-"): check for name, check in globals().items() if name[:5] == "case_"
}


@pytest.mark.parametrize("name", CASES)
def test_a_source_met_in_the_wild_comes_in_right(name: str, door: Door, test_data: Path, machine: Path) -> None:
    source = test_data.parent / "cases" / "door" / name / "input"
    if not source.is_dir():
        pytest.skip(f"the case {name} does not lie beside the real data")
    shutil.copytree(source, machine / "input")
    more = [machine / "target"] if name == "yolo-class-numbers" else []
    CASES[name](door, machine / "input", *more)


# before anything is made


def jpeg(place: Path, size: tuple[int, int] = (40, 30)) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (9, 99, 200)).save(place)


def coco(names: list[str], categories: list[str], **parts: Any) -> str:
    """A document of these images with a box of the first category on each."""
    return json.dumps(
        {
            "images": [{"id": n, "file_name": name} for n, name in enumerate(names)],
            "annotations": [{"image_id": n, "category_id": 0, "bbox": [1, 2, 10, 10]} for n in range(len(names))],
            "categories": [{"id": n, "name": name} for n, name in enumerate(categories)],
            **parts,
        }
    )


@pytest.fixture
def source(machine: Path) -> Path:
    jpeg(machine / "input" / "a.jpg")
    return machine / "input"


def test_boxes_that_all_lie_outside_make_nothing(door: Door, source: Path) -> None:
    far = [{"image_id": 0, "category_id": 0, "bbox": [100, 100, 5, 5]}]
    (source / "x.json").write_text(coco(["a.jpg"], ["cat"], annotations=far))
    door(source, fails=1)
    assert "lies outside the 40 x 30 image" in door.err and door.nothing_was_made()


def test_more_labels_than_a_schema_holds_make_nothing(door: Door, source: Path) -> None:
    (source / "x.json").write_text(coco(["a.jpg"], [f"class {n}" for n in range(1001)]))
    door(source, fails=1)
    assert "1,001 labels, and a schema holds 1,000" in door.err and door.nothing_was_made()


def test_labels_of_images_that_are_nowhere_make_nothing(door: Door, source: Path) -> None:
    (source / "x.json").write_text(coco(["gone.jpg", "lost.jpg"], ["cat"]))
    (source / "a.jpg").unlink()
    door(source, fails=1)
    assert "2 images such as 'gone.jpg'; none lies beside them" in door.err and door.nothing_was_made()


def test_boxes_do_not_go_into_a_schema_of_classes(door: Door, source: Path, machine: Path) -> None:
    jpeg(machine / "trees" / "cat" / "1.jpg")
    door(machine / "trees", "--format", "folders")
    (source / "x.json").write_text(coco(["a.jpg"], ["cat"]))
    door(source, fails=1)
    assert "has no <RectangleLabels> for them, so nothing was brought in" in door.err
    assert list(Item.objects.values_list("path", flat=True)) == ["cat/1.jpg"]


VOC = """<?xml version="1.0" encoding="utf-8"?><annotation><filename>{name}</filename><object><name>{label}</name>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object></annotation>"""


def test_labels_in_another_encoding_than_they_state_are_not_taken_for_none(door: Door, source: Path) -> None:
    (source / "a.xml").write_bytes(VOC.format(name="a.jpg", label="caf\u00e9").encode("latin-1"))
    door(source, fails=1)
    assert door.nothing_was_made() and "a.xml: is not XML that can be read (it is not UTF-8 at byte" in door.err
    jpeg(source / "b.jpg")
    (source / "b.xml").write_text(VOC.format(name="b.jpg", label="tea"))
    report = door(source)
    assert door.labels() == {"a.jpg": None, "b.jpg": [("tea", 1, 2, 11, 12)]} and report["unlabelled"] == ["a.jpg"]


def test_a_document_in_another_encoding_than_json_has_is_not_taken_for_none(door: Door, source: Path) -> None:
    rows = [{"image_id": 0, "category_id": 0, "bbox": [1, 2, 10, 10]}]
    document = json.dumps(json.loads(coco(["a.jpg"], ["caf\u00e9"], annotations=rows)), ensure_ascii=False)
    (source / "x.json").write_bytes(document.encode("latin-1"))
    door(source, fails=1)
    assert door.nothing_was_made() and "x.json: is not JSON to its end (not UTF-8" in door.err


def test_names_that_are_no_list_leave_no_class_with_a_number_for_a_name(door: Door, source: Path) -> None:
    (source / "a.txt").write_text("0 .5 .5 .2 .2\n")
    (source / "data.yaml").write_text("names: cat\n")
    door(source, fails=1)
    assert door.nothing_was_made() and "data.yaml, names: is 'cat', not a list of names" in door.err
    (source / "data.yaml").write_text("names: obj.names\n")
    (source / "obj.names").write_text("cat\n")
    assert {row["kind"] for row in door(source)["problems"]} <= {"note"}
    assert [rows and rows[0][0] for rows in door.labels().values()] == ["cat"]


def test_folders_that_may_be_classes_are_named_where_they_are_not_taken_for_such(door: Door, machine: Path) -> None:
    for name in ("train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg"):
        jpeg(machine / "pets" / name)
    said = door.says(machine / "pets")
    assert "the images lie in folders such as cat and dog, which were not taken for classes. If they are" in said
    door(machine / "pets", "--dataset", "kinds", "--task", "classes")
    assert {path: rows and rows[0][0] for path, rows in door.labels().items()} == {
        "train/cat/1.jpg": "cat",
        "train/dog/2.jpg": "dog",
        "val/cat/3.jpg": "cat",
    }
    for name in ("00/1.jpg", "01/2.jpg"):
        jpeg(machine / "parts" / name)
    assert not door(machine / "parts", "--dataset", "parts")["problems"]


def test_a_file_that_is_named_once_is_not_named_again(door: Door, source: Path) -> None:
    jpeg(source / "a.png")
    (source / "labels").mkdir()
    (source / "labels" / "a.txt").write_text("0 .5 .5 .2 .2\n")
    report = door(source)
    assert [row["what"] for row in report["problems"]] == ["looks like YOLO rows and was not taken"]


def test_a_label_that_no_schema_can_hold_is_refused_where_it_is_asked_for(door: Door, source: Path) -> None:
    door(source, "--labels", f"cat,{'x' * 201}", fails=1)
    assert "--labels: the name 'xxx" in door.err and door.nothing_was_made()


def test_an_image_that_lost_its_labels_on_the_server_is_unlabelled_and_counted(door: Door, source: Path) -> None:
    jpeg(source / "b.jpg")
    rows = [
        {"image_id": 0, "category_id": 0, "bbox": [100, 100, 5, 5]},
        {"image_id": 1, "category_id": 0, "bbox": [1, 2, 10, 10]},
        {"image_id": 1, "category_id": 0, "bbox": [100, 100, 5, 5]},
    ]
    (source / "x.json").write_text(coco(["a.jpg", "b.jpg"], ["cat"], annotations=rows))
    report = door(source)
    assert (report["unlabelled"], door.labels()) == (["a.jpg"], {"a.jpg": None, "b.jpg": [("cat", 1, 2, 11, 12)]})


def test_asked_strictly_a_box_lost_on_the_server_leaves_its_image_unlabelled(door: Door, source: Path) -> None:
    jpeg(source / "b.jpg")
    rows = [
        {"image_id": 0, "category_id": 0, "bbox": [1, 2, 10, 10]},
        {"image_id": 1, "category_id": 0, "bbox": [1, 2, 10, 10]},
        {"image_id": 1, "category_id": 0, "bbox": [100, 100, 5, 5]},
    ]
    (source / "x.json").write_text(coco(["a.jpg", "b.jpg"], ["cat"], annotations=rows))
    report = door(source, "--strict")
    assert (report["unlabelled"], door.labels()) == (["b.jpg"], {"a.jpg": [("cat", 1, 2, 11, 12)], "b.jpg": None})


def test_labels_that_are_lost_later_leave_those_that_are_there(door: Door, source: Path) -> None:
    jpeg(source / "b.jpg")
    (source / "x.json").write_text(coco(["a.jpg", "b.jpg"], ["cat"]))
    door(source)
    rows = [
        {"image_id": 0, "category_id": 9, "bbox": [1, 2, 10, 10]},
        {"image_id": 1, "category_id": 0, "bbox": [3, 4, 10, 10]},
    ]
    (source / "x.json").write_text(coco(["a.jpg", "b.jpg"], ["cat"], annotations=rows))
    assert door(source)["unlabelled"] == ["a.jpg"]
    assert door.labels() == {"a.jpg": [("cat", 1, 2, 11, 12)], "b.jpg": [("cat", 3, 4, 13, 14)]}


def test_a_report_says_what_came_in_and_what_to_do(door: Door, source: Path) -> None:
    for name in ("train/b.jpg", "test/c.jpg"):
        jpeg(source / name)
    rows = [
        {"image_id": 0, "category_id": 0, "bbox": [1, 2, 10, 10]},
        {"image_id": 1, "category_id": 7, "bbox": [1, 2, 10, 10]},
    ]
    (source / "x.json").write_text(coco(["a.jpg", "train/b.jpg", "test/c.jpg"], ["cat"], annotations=rows))
    (source / "notes.csv").write_text("a,b\n")
    said = door.says(source)
    assert "Splits by folder names: test 1, train 1.\n1 item gets its split from the dataset's split policy.\n" in said
    assert "1 problem, with place and remedy:\n  x.json: 1 annotation names the category id 7" in said
    assert "Also seen:\n  notes.csv: looks like a table of labels (CSV) and was not taken." in said
    assert "1 image stays unlabelled, since labels of it could not come in: train/b.jpg\n" in said
    assert said.splitlines()[-1] == (
        "In: 3 items, labels of 2 items. Not in: the labels of 1 item."
        " Next: mend what is named above and import again; what is in stays in."
    )


def test_numbers_that_a_schema_has_otherwise_are_told(door: Door, source: Path) -> None:
    (source / "classes.txt").write_text("cat\n")
    (source / "a.txt").write_text("0 .5 .5 .2 .2\n")
    door(source)
    (source / "classes.txt").write_text("dog\ncat\n")
    (source / "a.txt").write_text("1 .5 .5 .2 .2\n")
    report = door(source)
    assert door.classes() == ["cat", "dog"] and report["unchanged"] == 1
    assert told(report, "classes.txt", "class 1 is 'cat', which the schema 'cells' has as 0")


def test_a_zip_is_called_by_its_own_name(door: Door, source: Path, machine: Path) -> None:
    (source / "x.json").write_text(coco(["a.jpg"], ["cat"], annotations=[{"image_id": 0, "caption": "a cat"}]))
    shutil.make_archive(str(machine / "words"), "zip", source)
    door(machine / "words.zip", fails=1)
    assert "words.zip holds no labels that come in as COCO" in door.err


def test_a_name_that_is_no_unicode_is_named_in_letters(door: Door, source: Path) -> None:
    (source / os.fsdecode(b"caf\xe9.jpg")).write_bytes((source / "a.jpg").read_bytes())
    (source / os.fsdecode(b"caf\xe9.csv")).write_text("a,b")
    report = door(source)
    assert list(door.labels()) == ["a.jpg"]
    assert told(report, "caf\\udce9.jpg", "not valid Unicode") and told(report, "caf\\udce9.csv", "CSV")
    assert "caf\\udce9.jpg: the name is not valid Unicode" in door.says(source)


def test_outlines_come_in_as_polygons_and_the_schema_then_asks_for_them(door: Door, source: Path) -> None:
    several = {"image_id": 0, "category_id": 0, "segmentation": [[1, 2, 9, 2, 1, 8], [20, 2, 28, 2, 28, 9]]}
    (source / "x.json").write_text(coco(["a.jpg"], ["cat"], annotations=[several]))
    door(source, "--task", "polygons")
    [region] = door.regions("a.jpg")
    assert region["kind"] == "polygon" and len(region["geometry"]) == 2
    assert door.labels() == {"a.jpg": [("cat", 1, 2, 28, 9)]}
    again = door(source)  # the schema asks for polygons alone
    assert (again["unchanged"], door.regions("a.jpg")) == (1, [region])
