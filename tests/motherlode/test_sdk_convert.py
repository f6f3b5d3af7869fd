"""What `lode convert` writes, and that it says what it did not write."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from motherlode import media
from motherlode.cli import main
from motherlode.formats import voc, writers
from motherlode.formats.writing import Labelled
from motherlode.importing import read_source
from motherlode.regions import Region

pytestmark = pytest.mark.once


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str]) -> Any:
    """``convert(source, target, to, ...)``: the verb with --json, its document, or where it fails its error."""

    def do(source: Path, target: Path, to: str, *words: str, fails: bool = False) -> Any:
        code = main(["convert", str(source), str(target), "--to", to, *words, "--json"])
        answer = json.loads(capsys.readouterr().out)
        assert (code != 0) == fails, answer
        return answer["error"] if fails else answer

    return do


def picture(place: Path, seed: int = 0) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (100, 80), (seed * 40 % 256, 90, 200)).save(place)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Class folders: two cats and a dog in train, a cat in val."""
    for seed, name in enumerate(("train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "val/cat/1.png")):
        picture(tmp_path / "pets" / name, seed)
    return tmp_path / "pets"


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A COCO document whose annotations say more than a box, with two images in train and one in val."""
    rows: list[dict[str, Any]] = [
        {"category_id": 3, "bbox": [1, 2, 30, 40], "area": 700},
        {"category_id": 7, "bbox": [10, 20, 50, 40], "iscrowd": 1, "attributes": {"blurred": True}},
    ]
    for split, names in (("train", ("a.jpg", "b.jpg")), ("val", ("c.jpg",))):
        images = [{"id": n, "file_name": name, "width": 100, "height": 80} for n, name in enumerate(names)]
        annotations = [
            {**row, "id": len(rows) * n + m, "image_id": n} for n in range(len(names)) for m, row in enumerate(rows)
        ]
        categories = [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}]
        document = {"images": images, "annotations": annotations, "categories": categories}
        for seed, name in enumerate(names):
            picture(tmp_path / "coco" / split / name, seed)
        (tmp_path / "coco" / f"instances_{split}.json").write_text(json.dumps(document))
    return tmp_path / "coco"


def notes(report: Any) -> list[str]:
    return [row["what"] for row in report["problems"]]


@pytest.mark.parametrize("to", ["coco", "voc", "yolo"])
def test_a_format_of_boxes_does_not_say_that_it_wrote_classes(
    convert: Any, pets: Path, tmp_path: Path, to: str
) -> None:
    said = convert(pets, tmp_path / "out", to, "--from", "folders", fails=True)
    assert "there is no labelled image to write" in said
    assert (
        "4 classes of whole images were not written" in said
        and "--to label-studio, cvat, labelme, open-images, csv and folders write classes" in said
    )
    assert not (tmp_path / "out").exists()


def test_classes_are_written_as_folders_and_come_back(convert: Any, pets: Path, tmp_path: Path) -> None:
    report = convert(pets, tmp_path / "out", "folders", "--from", "folders")
    assert (report["images"], report["regions"], report["problems"]) == (4, 4, [])
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert written == ["train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "val/cat/1.png"]
    again = read_source(tmp_path / "out", "folders")
    assert sorted((record.split, record.drafts[0].label) for record in again.records) == [
        ("train", "cat"),
        ("train", "cat"),
        ("train", "dog"),
        ("val", "cat"),
    ]


def test_class_folders_do_not_say_that_they_wrote_boxes(convert: Any, coco: Path, tmp_path: Path) -> None:
    said = convert(coco, tmp_path / "out", "folders", fails=True)
    assert (
        "6 boxes were not written: class folders do not hold them" in said
        and "--to coco, voc, yolo, label-studio, cvat, labelme, kitti, open-images and csv" in said
    )


KEPT = {
    "coco": [],
    "voc": ["3 areas", "3 crowd marks", "3 attributes 'blurred'"],
    "yolo": ["3 areas", "3 crowd marks", "3 attributes 'blurred'"],
}


@pytest.mark.parametrize(("to", "lost"), KEPT.items())
def test_what_a_format_does_not_keep_of_a_box_is_counted(
    convert: Any, coco: Path, tmp_path: Path, to: str, lost: list[str]
) -> None:
    report = convert(coco, tmp_path / "out", to)
    assert (report["images"], report["regions"]) == (3, 6)
    told = [what.split(" were not written")[0] for what in notes(report) if "were not written" in what]
    assert told == lost
    found = read_source(tmp_path / "out", to)
    splits = sorted((record.split, len(record.drafts)) for record in found.records)
    assert splits == [("train", 2), ("train", 2), ("val", 2)]
    assert [problem for problem in found.problems if problem.kind != "note"] == []


def test_a_yolo_folder_is_found_from_anywhere_and_keeps_the_numbers(convert: Any, coco: Path, tmp_path: Path) -> None:
    convert(coco, tmp_path / "yolo", "yolo")
    described = yaml.safe_load((tmp_path / "yolo" / "data.yaml").read_text())
    assert "path" not in described  # a relative one would be below the folder a training is started in
    assert (described["train"], described["val"]) == ("images/train", "images/val")
    assert {number: name for number, name in described["names"].items() if "unused" not in name} == {2: "cat", 6: "dog"}
    convert(tmp_path / "yolo", tmp_path / "again", "yolo")
    labels = [next((tmp_path / place / "labels").rglob("c.txt")).read_text() for place in ("yolo", "again")]
    assert labels[0] == labels[1]
    assert yaml.safe_load((tmp_path / "again" / "data.yaml").read_text())["names"] == described["names"]


def test_a_voc_folder_names_its_classes(convert: Any, coco: Path, tmp_path: Path) -> None:
    convert(coco, tmp_path / "voc", "voc")
    lines = (tmp_path / "voc" / "labelmap.txt").read_text().splitlines()
    assert lines[1:] == ["background:0,0,0::", "cat:128,0,0::", "dog:0,128,0::"]
    assert voc.write_labelmap(["x"] * 20).splitlines()[-1] == "x:0,64,128::"  # VOC's own colour of class 20


def test_two_images_whose_label_file_would_be_one_are_not_both_written(convert: Any, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": name, "width": 100, "height": 80} for n, name in enumerate(("a.jpg", "a.png"))]
    rows = [{"id": n, "image_id": n, "category_id": 1, "bbox": [n, 2, 30, 40]} for n in (0, 1)]
    for seed, image in enumerate(images):
        picture(tmp_path / "in" / str(image["file_name"]), seed)
    document = {"images": images, "annotations": rows, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "in" / "labels.json").write_text(json.dumps(document))
    for to in ("voc", "yolo"):
        report = convert(tmp_path / "in", tmp_path / to, to)
        assert (report["images"], report["regions"]) == (1, 1)
        assert [row["item"] for row in report["problems"] if row["kind"] == "unreadable"] == ["a.png"]
        assert any("the source gives 2 images no split" in what for what in notes(report))
    assert convert(tmp_path / "in", tmp_path / "coco", "coco")["images"] == 2


def test_an_image_without_a_class_is_not_written_as_one(convert: Any, pets: Path, tmp_path: Path) -> None:
    picture(pets / "loose.png", 9)
    report = convert(pets, tmp_path / "out", "folders", "--from", "folders")
    assert (report["images"], report["unlabelled"]) == (4, 1)


@pytest.mark.parametrize("words", [[], ["--link"]])
def test_images_are_files_of_their_own_also_where_they_share_blocks(
    convert: Any, coco: Path, tmp_path: Path, words: list[str]
) -> None:
    convert(coco, tmp_path / "out", "yolo", *words)
    source, written = coco / "train" / "a.jpg", tmp_path / "out" / "images" / "train" / "train" / "a.jpg"
    before = source.read_bytes()
    assert (written.read_bytes(), written.stat().st_nlink) == (before, 1)
    written.write_bytes(b"repaired in place")
    assert source.read_bytes() == before


@pytest.mark.parametrize(("to", "attributes"), [("coco", False), ("voc", True), ("yolo", True)])
def test_answers_and_attributes_that_a_format_does_not_hold_are_counted(to: str, attributes: bool) -> None:
    said = [
        Region("b", "box", 1, "cat", (1.0, 2.0, 3.0, 4.0), attributes={"note": ["worn"]}),
        Region("t", "text", 0, value=["worn"], control="words"),
        Region("n", "number", 0, value=2, control="count"),
        Region("c", "taxonomy", 2, "a / b", control="animal"),
    ]
    row = Labelled("a.png", None, media.Image(64, 48), "train", said)
    [(_, kept)], problems = writers()[to].choose([("a.png", row)])
    assert [region.id for region in kept.regions] == ["b"]
    told = [problem.what.split(" were not written")[0] for problem in problems]
    wanted = ["1 texts of whole images", "1 numbers of whole images", "1 taxonomies of whole images"]
    assert told == (["1 attributes 'note'"] if attributes else []) + wanted
