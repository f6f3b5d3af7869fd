"""Formats: what comes in, what is reported, and that export and import undo each other."""

import io
import json
import math
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import pytest

from motherlode import BadInput, formats
from motherlode.formats import json_stream, voc, yolo
from motherlode.formats.coco_writing import write_json
from motherlode.formats.settling import as_regions, settle
from motherlode.formats.source import Boxes, Draft, Files, Folder, Problem, Record
from motherlode.importing import read_source
from motherlode.importing.known import labels_digest
from motherlode.media import Image
from motherlode.regions import Region, controls_for
from motherlode.shapes import SHAPES

pytestmark = pytest.mark.once


class Memory:
    """Files of a test, by name."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self.files = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}

    def names(self) -> list[str]:
        return sorted(self.files)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.files[name])


def read(name: str, files: Files) -> tuple[dict[str, Record], list[Problem]]:
    records: dict[str, Record] = {}
    problems = []
    for found in formats.format_named(name).read(files):
        if isinstance(found, Record):
            assert found.path not in records
            records[found.path] = found
        elif isinstance(found, Problem):
            problems.append(found)
    return records, problems


def xml(filename: str, *objects: str, size: tuple[int, int] = (100, 80)) -> str:
    return (
        f"<annotation><filename>{filename}</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
        + "".join(objects)
        + "</annotation>"
    )


def box(name: str, x1: object, y1: object, x2: object, y2: object, more: str = "") -> str:
    numbers = f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
    return f"<object><name>{name}</name>{more}<bndbox>{numbers}</bndbox></object>"


# real data


def test_bccd_comes_in_whole_but_for_its_two_boxes_without_area(test_data: Path) -> None:
    source = Folder(test_data / "bccd")
    assert formats.detect(source).name == "voc"
    records, problems = read("voc", source)
    settled = [settle(record, Image(640, 480)) for record in records.values()]
    assert (len(records), sum(len(drafts) for drafts, _ in settled), problems) == (364, 4886, [])
    left_out = [(p.kind, p.file, p.row) for _, found in settled for p in found]
    assert left_out == [
        ("degenerate", "voc/BloodImage_00338.xml", "object 13"),
        ("degenerate", "voc/BloodImage_00343.xml", "object 4"),
    ]
    assert Counter(record.split for record in records.values()) == {"train": 205, "val": 87, "test": 72}
    assert all(record.present and record.labelled for record in records.values())


def test_coco_100_keeps_its_crowds_and_areas(test_data: Path) -> None:
    source = Folder(test_data / "coco100" / "instances_val2014_100.json")
    assert formats.detect(source).name == "coco"
    records, problems = read("coco", source)
    drafts = [draft for record in records.values() for draft in record.drafts]
    assert (len(records), len(drafts), sum(draft.iscrowd for draft in drafts)) == (100, 839, 9)
    assert [problem.kind for problem in problems] == ["note"]
    document = json.loads((test_data / "coco100" / "instances_val2014_100.json").read_text())
    assert Counter(draft.area for draft in drafts) == Counter(row["area"] for row in document["annotations"])


# Pascal VOC


def test_voc_numbers_are_edges_and_difficult_is_kept() -> None:
    files = Memory(
        {
            "Annotations/a.xml": xml("a.jpg", box("cat", 1, 2, 3.5, 4, "<difficult>1</difficult>")),
            "Annotations/b.xml": xml("b.jpg"),
            "JPEGImages/a.jpg": b"",
            "JPEGImages/b.jpg": b"",
            "JPEGImages/c.jpg": b"",
            "ImageSets/Main/train.txt": "a\n",
            "ImageSets/Main/trainval.txt": "a\nb\n",
            "ImageSets/Main/cat_train.txt": "b 1\n",
            "ImageSets/Main/test.txt": "c\n",
        }
    )
    records, problems = read("voc", files)
    a, b, c = (records[f"JPEGImages/{name}.jpg"] for name in "abc")
    assert a.drafts[0].box == (1, 2, 3.5, 4)
    assert (a.drafts[0].difficult, a.drafts[0].iscrowd) == (True, False)
    assert (b.labelled, b.drafts, c.labelled) == (True, (), False)
    assert (a.split, b.split, c.split, problems) == ("train", "train", "test", [])


def test_a_voc_file_without_objects_and_an_empty_yolo_file_label_their_images_empty() -> None:
    sources: dict[str, dict[str, str | bytes]] = {
        "voc": {"a.xml": xml("a.jpg"), "a.jpg": b"", "b.jpg": b""},
        "yolo": {
            "data.yaml": yolo.write_yaml({1: "cat"}, ["train"]),
            "labels/a.txt": "",
            "images/a.jpg": b"",
            "other/b.jpg": b"",
        },
    }
    for name, files in sources.items():
        records = {path.rpartition("/")[2]: record for path, record in read(name, Memory(files))[0].items()}
        assert (records["a.jpg"].labelled, records["a.jpg"].drafts, records["b.jpg"].labelled) == (True, (), False), (
            name
        )


def test_broken_voc_files_are_named_and_the_rest_comes_in() -> None:
    files = Memory(
        {
            "a.jpg": b"",
            "a.xml": xml("a.jpg", box("cat", 1, 2, "x", 4), box("", 1, 2, 3, 4), box("dog", 1, 2, 3, 4)),
            "b.jpg": b"",
            "b.xml": "<annotation><object>",
            "c.jpg": b"",
            "c.xml": '<!DOCTYPE a [<!ENTITY b "bbbb">]><annotation>&b;</annotation>',
            "d.xml": xml("nowhere.jpg"),
        }
    )
    records, problems = read("voc", files)
    assert [draft.label for draft in records["a.jpg"].drafts] == ["dog"]
    assert {(problem.file, problem.row, problem.kind) for problem in problems} == {
        ("a.xml", "object 1", "unreadable"),
        ("a.xml", "object 2", "unreadable"),
        ("b.xml", "", "unreadable"),
        ("c.xml", "", "unreadable"),
        ("d.xml", "", "unknown"),
    }
    assert not records["b.jpg"].comes_in(0)
    assert all(problem.remedy and str(problem) for problem in problems)


def test_yolo_names_and_lists_that_are_not_utf8_are_named_and_the_rest_comes_in() -> None:
    boxed: dict[str, str | bytes] = {"images/a.png": b"", "labels/a.txt": "0 .5 .5 .2 .2"}
    records, problems = read("yolo", Memory({**boxed, "classes.txt": "caf\u00e9".encode("latin-1")}))
    assert "classes.txt" in [problem.file for problem in problems]
    assert "images/a.png" in records
    data = "train: train.txt\nnames: [cat]\n"
    records, problems = read("yolo", Memory({**boxed, "data.yaml": data, "train.txt": b"images/\xe9.png"}))
    assert [problem.file for problem in problems] == ["train.txt"]
    assert [draft.label for draft in records["images/a.png"].drafts] == ["cat"]


def test_what_cannot_be_imported_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "some.zip").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"some\.zip is a zip: unpack it"):
        read_source(tmp_path / "some.zip")
    with pytest.raises(BadInput, match="empty: neither images, texts nor labels"):
        read_source(tmp_path / "empty")
    with pytest.raises(BadInput, match="holds no COCO file"):
        read_source(tmp_path, "coco")
    with pytest.raises(BadInput, match=r"holds nothing that comes in[^\n]*\n  a\.jpg: the name"):
        read_source(tmp_path, "images", prefix="../x/")


def test_equal_names_in_two_folders_find_their_own_images() -> None:
    files = Memory(
        {
            **{f"{split}/images/1.jpg": b"" for split in ("train", "val")},
            **{f"{split}/voc/1.xml": xml("1.jpg", box(split, 1, 1, 2, 2)) for split in ("train", "val")},
        }
    )
    records, problems = read("voc", files)
    assert {path: record.drafts[0].label for path, record in records.items()} == {
        "train/images/1.jpg": "train",
        "val/images/1.jpg": "val",
    }
    assert problems == []


def test_labels_without_images_keep_the_name_they_give() -> None:
    records, _ = read("voc", Memory({"x.xml": xml("photos.jpg")}))
    assert [(record.path, record.present) for record in records.values()] == [("photos.jpg", False)]


def test_an_image_in_two_splits_stays_in_the_first_and_is_reported() -> None:
    files = Memory({"a.xml": xml("a.jpg"), "a.jpg": b"", "test.txt": "a\n", "train.txt": "a\n"})
    records, problems = read("voc", files)
    assert (records["a.jpg"].split, [problem.row for problem in problems]) == ("test", ["line 1"])


# COCO


def document(**parts: object) -> str:
    base: dict[str, object] = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 80}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}],
    }
    return json.dumps({**base, **parts})


def test_a_coco_image_without_annotations_is_labelled_and_empty() -> None:
    records, _ = read("coco", Memory({"x.json": document(annotations=[]), "a.jpg": b"", "b.jpg": b""}))
    assert (records["a.jpg"].labelled, records["a.jpg"].drafts, records["b.jpg"].labelled) == (True, (), False)


def test_coco_rows_that_cannot_be_read_are_named_and_the_rest_comes_in() -> None:
    rows = [
        {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 1, "area": 5.5},
        {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3]},
        {"image_id": 7, "category_id": 3},
        {"image_id": 99, "category_id": 3, "bbox": [1, 2, 3, 4]},
        {"image_id": 7, "category_id": 4, "bbox": [1, 2, 3, 4]},
        5,
    ]
    records, problems = read("coco", Memory({"x.json": document(annotations=rows)}))
    assert records["a.jpg"].drafts == (Draft("cat", (1, 2, 4, 6), area=5.5, iscrowd=True, row="annotations[0]"),)
    assert [(problem.kind, problem.row) for problem in problems] == [
        ("unreadable", "annotations[1]"),
        ("unreadable", "annotations[2]"),
        ("unreadable", "annotations[5]"),
        ("unknown", ""),
        ("unknown", "annotations[3]"),
    ]


def test_boxes_in_columns_say_what_their_drafts_say() -> None:
    rows = [
        {"image_id": 7, "category_id": 3, "bbox": [1, 2.5, 3, 4], "area": 11, "iscrowd": 1},
        {"image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4]},
        {"image_id": "7", "category_id": 3, "bbox": ["0.1", 0.2, 0.3, 0.4], "segmentation": [[1, 2, 3, 4, 5, 6]]},
        {"image_id": 7, "category_id": 3, "bbox": [-0.0, 0, math.nan, 1]},
        {"image_id": 7, "category_id": 3, "bbox": [True, 0, 1, 1]},
        {"image_id": 7, "category_id": 3, "bbox": [5, 5, 1, 1], "area": -1, "segmentation": {"counts": [1]}},
    ]
    records, problems = read("coco", Memory({"x.json": document(annotations=rows)}))
    drafts = records["a.jpg"].drafts
    assert isinstance(drafts, Boxes) and records["a.jpg"].lost == 3
    assert [problem.row for problem in problems if problem.kind == "unreadable"] == ["annotations[3]", "annotations[4]"]
    assert drafts == (
        Draft("cat", (1, 2.5, 4, 6.5), area=11, iscrowd=True, row="annotations[0]"),
        Draft("cat", (0.1, 0.2, 0.1 + 0.3, 0.2 + 0.4), row="annotations[2]"),
        Draft("cat", (5, 5, 6, 6), row="annotations[5]"),
    )
    assert drafts[-1].row == "annotations[5]" and len(drafts[:2]) == 2 and drafts != drafts[:2]
    assert json.dumps(drafts.as_json()) == json.dumps([draft.as_json() for draft in drafts])
    assert records["a.jpg"].labels == {"cat"}


def test_coco_rows_taken_together_say_what_they_say_one_by_one() -> None:
    def found(first: object) -> tuple[dict[str, Record], list[Problem]]:
        rows = [
            {"image_id": 7 + n % 3, "category_id": 3 + n % 2, "bbox": [first if n % 9 == 0 else n / 3, 2, 3, 4.5]}
            | ({"area": n, "iscrowd": n % 2} if n % 4 > 1 else {})
            | ({"segmentation": [[1, 2, 3, 4, 5, 6]]} if n % 5 > 1 else {})
            for n in range(700)
        ]
        images = [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}]
        groups = [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}]
        return read("coco", Memory({"x.json": document(images=images, annotations=rows, categories=groups)}))

    together, one_by_one = found(5), found("5")  # a number written as text is looked at more closely
    assert together == one_by_one and len(together[0]["a.jpg"].drafts) == 234


def test_what_boxes_say_does_not_depend_on_where_they_stand() -> None:
    def said(*boxes: list[float], category: int = 3, **other: object) -> str | None:
        rows = [{"image_id": 7, "category_id": category, "bbox": box, **other} for box in boxes]
        groups = [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}]
        far = [{"image_id": 8, "category_id": 4, "bbox": [1, 1, 1, 1]}] * int(other.pop("before", 0))  # type: ignore[call-overload]
        images = [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}]
        text = document(images=images, annotations=[*far, *rows], categories=groups)
        return labels_digest(read("coco", Memory({"x.json": text}))[0]["a.jpg"])

    one, two = [1.0, 2.0, 3.0, 4.0], [5.0, 2.0, 3.0, 4.0]
    assert said(one, two) == said(one, two, before=3) != said(two, one)
    different = [said(one), said(two), said(), said(one, category=4), said(one, area=3), said(one, iscrowd=1)]
    assert len(set(different)) == len(different)


def test_no_label_of_a_coco_document_that_breaks_off_comes_in() -> None:
    text = document()
    broken = text[: text.index('"annotations"')] + '"annotations": [{"im'
    records, problems = read("coco", Memory({"x.json": broken, "a.jpg": b""}))
    assert [(path, record.labelled) for path, record in records.items()] == [("a.jpg", False)]
    assert [problem.kind for problem in problems] == ["unreadable"]
    assert "character" in problems[0].what


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_a_document_reads_the_same_however_it_is_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", size)
    value = {"info": {"a": [1, {"b": '\u00e9 \\" x'}]}, "images": [], "numbers": [12345, -1.5e-7, True, None, "x"]}
    found = list(json_stream.parts(io.StringIO(json.dumps(value))))
    expected = [("info", -1, value["info"]), *(("numbers", n, v) for n, v in enumerate(value["numbers"]))]
    assert found == expected


@pytest.mark.parametrize("size", [1, 5, 64, 1000, 100_000])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_are_read_many_at_a_time_just_as_one_by_one(
    size: int, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", size)
    plain = [{"id": n, "text": "}, {" * (n % 3), "none": [], "all": {}} for n in range(40)]
    value = {
        "alike": plain,
        "nested": [{"id": n, "inner": [{"a": n}, {"b": [{"c": "]"}, {"d": 1}]}]} for n in range(9)],
        "mixed": [{"id": 1}, {"id": 2}, 3, {"id": 4}, [{"id": 5}, {"id": 6}], {"id": 7}],
        "one": [{"id": 1}],
        "last": plain,
    }
    read: dict[str, list[object]] = {}
    for key, position, element in json_stream.parts(io.StringIO(json.dumps(value, indent=indent))):
        assert position == len(read.setdefault(key, []))
        read[key].append(element)
    assert read == value


def test_objects_before_a_break_are_read_and_those_written_alike_come_together() -> None:
    text = json.dumps({"rows": [{"id": n} for n in range(100)]})
    sizes = [len(batch) for _, _, batch in json_stream.batches(io.StringIO(text))]
    assert sum(sizes) == 100 and max(sizes) > 50
    read = []
    with pytest.raises(json_stream.BadJson, match="at character 1195"):
        for _, _, batch in json_stream.batches(io.StringIO(text.replace('{"id": 99}', '{"id": }'))):
            read += batch
    assert read == [{"id": n} for n in range(99)]


@pytest.mark.parametrize("text", ["", "{", "[1,", "[1 2]", '{"a" 1}', '{"a": tru', "{} x", '{"a": [1, 2}'])
def test_json_that_is_none_says_where(text: str) -> None:
    with pytest.raises(json_stream.BadJson, match="character"):
        list(json_stream.parts(io.StringIO(text)))


def test_lists_give_coco_images_their_splits() -> None:
    files = Memory({"annotations.json": document(), "images/a.jpg": b"", "images/b.jpg": b""})
    files.files.update({"splits/train.txt": b"a.jpg\n", "splits/test.txt": b"images/b.jpg\n"})
    records, problems = read("coco", files)
    assert [(path, record.split, record.labelled) for path, record in records.items()] == [
        ("images/a.jpg", "train", True),
        ("images/b.jpg", "test", False),
    ]
    assert problems == []


def test_instances_are_read_and_captions_left_aside() -> None:
    files = Memory(
        {
            "annotations/instances_val2017.json": document(),
            "annotations/captions_val2017.json": document(annotations=[{"image_id": 7, "caption": "a cat"}]),
            "train2017/a.jpg": b"",
            "val2017/a.jpg": b"",
        }
    )
    records, problems = read("coco", files)
    assert records["val2017/a.jpg"].split == "val"
    assert (records["val2017/a.jpg"].labelled, records["train2017/a.jpg"].labelled) == (True, False)
    assert [problem.file for problem in problems] == ["annotations/captions_val2017.json"]


# YOLO


def test_yolo_boxes_become_pixels_of_the_true_image() -> None:
    files = Memory(
        {
            "data.yaml": "path: ../cells\ntrain: images/train\nval: images/val  # held out\n"
            "names:\n  0: red\n  1: 'white'\n",
            "images/train/a.jpg": b"",
            "images/train/b.jpg": b"",
            "images/val/c.jpg": b"",
            "images/new/d.jpg": b"",
            "labels/train/a.txt": "1 0.5 0.5 0.5 0.25\n\n0 0.25 0.25 0.5 0.5 0.9\n",
            "labels/val/c.txt": "",
        }
    )
    assert formats.detect(files).name == "yolo"
    records, problems = read("yolo", files)
    drafts, settled = settle(records["images/train/a.jpg"], Image(200, 100))
    assert [(draft.label, draft.box) for draft in drafts] == [
        ("white", (50, 37.5, 150, 62.5)),
        ("red", (0, 0, 100, 50)),
    ]
    assert settled == []
    assert [(path.rpartition("/")[2], r.labelled, r.split) for path, r in records.items()] == [
        ("d.jpg", False, None),
        ("a.jpg", True, "train"),
        ("b.jpg", True, "train"),
        ("c.jpg", True, "val"),
    ]
    assert [problem.what for problem in problems] == ["1 image has no label file", "1 row holds a score"]


def test_broken_yolo_rows_are_named_and_the_rest_comes_in() -> None:
    files = Memory(
        {
            "classes.txt": "red\nwhite\n",
            "images/a.jpg": b"",
            "labels/a.txt": "0 .5 .5 .1 .1\nred .5 .5 .1 .1\n0 .5 .5\n7 .5 .5 .1 .1\n1 .1 .1 .2 .1 .2 .2\n",
            "labels/gone.txt": "0 .5 .5 .1 .1\n",
        }
    )
    records, problems = read("yolo", files)
    assert [draft.label for draft in records["images/a.jpg"].drafts] == ["red", "white"]
    assert records["images/a.jpg"].drafts[1].box == (0.1, 0.1, 0.2, 0.2)
    assert [(problem.file, problem.row) for problem in problems] == [
        ("labels/gone.txt", ""),
        ("labels/a.txt", "line 2"),
        ("labels/a.txt", "line 3"),
        ("labels/a.txt", "line 4"),
        ("", ""),
    ]
    assert (problems[-1].kind, problems[-1].what) == ("note", "1 row holds an outline")
    assert records["images/a.jpg"].lost == 3


def test_the_six_digits_of_yolo_are_no_reason_to_report_a_cut() -> None:
    record = Record("a.jpg", True, True, drafts=(Draft("x", (0.5, -1e-6, 1.000001, 0.5), relative=True),))
    assert settle(record, Image(640, 480)) == ([Draft("x", (320, 0, 640, 240))], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("names: [a, 'b, c', \"d\"]", {"names": ["a", "b, c", "d"]}),
        ("names: {0: a, 1: b}", {"names": {"0": "a", "1": "b"}}),
        ("names:\n- a # first\n- 'it''s'\nnc: 2", {"names": ["a", "it's"], "nc": "2"}),
        ("names: ['a',\n  'b']\n", {"names": ["a", "b"]}),
        ("train:\n  - images/a\n  - images/b\n", {"train": ["images/a", "images/b"]}),
    ],
)
def test_data_yaml_is_read_in_the_styles_it_is_written_in(text: str, expected: object) -> None:
    assert yolo.read_yaml(text) == expected


# settling, and there and back


def test_boxes_outside_are_left_out_and_crossing_ones_cut_and_both_are_reported() -> None:
    drafts = (
        Draft("a", (-5, 1, 5, 5), area=9.0, iscrowd=True, row="object 1"),
        Draft("a", (200, 1, 205, 5), row="object 2"),
        Draft("a", (1, 1, 1, 5), row="object 3"),
    )
    kept, problems = settle(Record("a.jpg", True, True, "a.xml", drafts=drafts), Image(100, 80))
    assert [(draft.box, draft.area, draft.iscrowd) for draft in kept] == [((0, 1, 5, 5), 9.0, True)]
    assert [(problem.kind, problem.row) for problem in problems] == [
        ("clipped", "object 1"),
        ("outside", "object 2"),
        ("degenerate", "object 3"),
    ]


def test_a_size_that_is_not_the_images_is_reported() -> None:
    _, problems = settle(Record("a.jpg", True, True, "a.xml", width=80, height=100), Image(100, 80))
    assert [problem.row for problem in problems] == ["size"]


def test_a_record_comes_back_from_the_wire() -> None:
    record = Record(
        "a.jpg",
        False,
        True,
        "a.xml",
        10,
        20,
        "val",
        (Draft("x", (1.5, 2, 3, 4), area=3.0, iscrowd=True, row="object 1"),),
    )
    assert Record.from_json(json.loads(json.dumps(record.as_json()))) == record


CLASSES = {1: "red", 3: "it's \u00e9"}
REGIONS = [
    Region("a", "box", 3, CLASSES[3], (0.1, 1 / 3, 50.25, 60), difficult=True, attributes={"truncated": True}),
    Region("b", "box", 1, CLASSES[1], (1, 2, 3, 4), area=7.25, iscrowd=True),
]
PATHS = ["a/0001.jpg", "b/0001.jpg"]


def back(records: dict[str, Record], prefix: str = "") -> list[list[Region]]:
    controls = controls_for(SHAPES, {name: number for number, name in CLASSES.items()})
    return [as_regions(path, settle(records[prefix + path], Image(100, 80))[0], controls) for path in PATHS]


def close(one: Region, two: Region) -> bool:
    assert one.box is not None and two.box is not None
    return one.class_id == two.class_id and max(abs(a - b) for a, b in zip(one.box, two.box, strict=True)) <= 1e-6


def test_what_voc_exports_it_imports() -> None:
    files = Memory({f"{path[:-4]}.xml": voc.write_xml(path, 100, 80, REGIONS) for path in PATHS})
    files.files.update({path: b"" for path in PATHS})
    for regions in back(read("voc", files)[0]):
        assert all(map(close, regions, REGIONS))
        assert [(r.difficult, dict(r.attributes)) for r in regions] == [(True, {"truncated": True}), (False, {})]


def test_what_coco_exports_it_imports() -> None:
    out = io.StringIO()
    assert write_json([(path, 100, 80, REGIONS) for path in PATHS], CLASSES, out) == (2, 4)
    rows = json.loads(out.getvalue())
    assert [row["id"] for row in rows["annotations"]] == [1, 2, 3, 4]
    assert {row["category_id"] for row in rows["annotations"]} == {1, 3}
    for regions in back(read("coco", Memory({"x.json": out.getvalue()}))[0]):
        assert all(map(close, regions, REGIONS))
        assert (regions[1].area, regions[1].iscrowd) == (7.25, True)


def test_what_yolo_exports_it_imports_and_no_class_moves() -> None:
    files = Memory({f"labels/{path[:-4]}.txt": yolo.write_label(100, 80, REGIONS) for path in PATHS})
    files.files.update({f"images/{path}": b"" for path in PATHS})
    files.files["data.yaml"] = yolo.write_yaml(CLASSES, ["train"]).encode()
    for regions in back(read("yolo", files)[0], "images/"):
        assert all(map(close, regions, REGIONS))
    assert yolo.read_yaml(yolo.write_yaml(CLASSES, []))["names"] == {"0": "red", "1": "unused-2", "2": "it's \u00e9"}


def test_plain_images_are_unlabelled() -> None:
    records, problems = read("images", Memory({"a.jpg": b"", "b/c.PNG": b"", "notes.txt": b""}))
    assert [(path, record.labelled) for path, record in records.items()] == [("a.jpg", False), ("b/c.PNG", False)]
    assert problems == []


def test_class_folders_give_each_image_one_label() -> None:
    names = ["train/cat/1.jpg", "test/dog/2.jpg", "cat/3.jpg", "train/4.jpg", "5.jpg"]
    records, problems = read("folders", Memory(dict.fromkeys(names, b"")))
    assert [(path, r.split, [(d.kind, d.label) for d in r.drafts], r.labelled) for path, r in records.items()] == [
        ("5.jpg", None, [], False),
        ("cat/3.jpg", None, [("choice", "cat")], True),
        ("test/dog/2.jpg", "test", [("choice", "dog")], True),
        ("train/4.jpg", "train", [], False),
        ("train/cat/1.jpg", "train", [("choice", "cat")], True),
    ]
    assert problems == []


def test_a_folder_follows_links_once(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(b"")
    (tmp_path / "data" / "again").symlink_to(tmp_path / "data")
    assert Folder(tmp_path / "data").names() in (["a.jpg"], ["a.jpg", "again/a.jpg"])


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(
        formats.UnknownFormat,
        match="coco, voc, yolo, label-studio, cvat, labelme, kitti, masks, open-images, csv, images",
    ):
        formats.format_named("tfrecord")
    with pytest.raises(formats.UnknownFormat):
        formats.detect(Memory({"readme.md": "x"}))
