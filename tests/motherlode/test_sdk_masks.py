"""Masks from a COCO document to a version, to the SDK's samples, and written as COCO again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco
from tests.motherlode.conftest import Lode, picture

import motherlode
from motherlode.convert import convert_folder
from motherlode.masks import read_mask

pytestmark = [pytest.mark.once, pytest.mark.django_db]


def code(*holes: tuple[int, int]) -> dict[str, Any]:
    pixels = np.zeros((48, 64), np.uint8, order="F")
    pixels[4:20, 10:30] = 1
    for x, y in holes:
        pixels[y, x] = 0
    found = coco.encode(pixels)
    return {"size": [48, 64], "counts": found["counts"].decode()}


RING = [1.0, 1.0, 20.0, 1.0, 20.0, 20.0]


@pytest.fixture
def cells(machine: Path) -> Path:
    folder = machine / "cells"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    said = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": code((12, 6)), "attributes": {"blurred": True}},
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": code(), "iscrowd": 1},
    ]
    images = [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}]
    categories = [{"id": 1, "name": "cell"}, {"id": 2, "name": "clump"}]
    (folder / "instances.json").write_text(
        json.dumps({"images": images, "annotations": said, "categories": categories})
    )
    return folder


def test_masks_are_published_read_as_samples_and_followed_where_they_change(lode: Lode, cells: Path) -> None:
    words = ("import", str(cells), "--dataset", "cells", "--task", "masks", "--split-policy", "train=1")
    lode(*words)
    lode("publish", "cells", "-m", "first")
    [sample] = motherlode.load("cells@v1", split="train", client=lode.connect())
    assert [(label.kind, label.label, label.geometry, label.iscrowd) for label in sample.labels] == [
        ("mask", "cell", read_mask(code((12, 6))), False),
        ("mask", "clump", read_mask(code()), True),
    ]
    assert sample.labels[0].box == (10, 4, 30, 20)
    document = cells / "instances.json"
    document.write_text(document.read_text().replace(json.dumps(code((12, 6))), json.dumps(code((12, 6), (13, 6)))))
    lode(*words, "--replace")
    lode("publish", "cells", "-m", "second")
    [moved] = motherlode.load("cells@v2", split="train", client=lode.connect())
    assert [label.id for label in moved.labels] == [label.id for label in sample.labels]
    changed = lode("diff", "cells@v1", "cells@v2")["regions"]
    assert {kind: count for kind, count in changed.items() if count} == {"moved": 1}


def test_they_are_written_as_coco_has_masks(machine: Path, cells: Path) -> None:
    convert_folder(cells, machine / "coco", "coco", "coco", task="masks")
    [document] = (machine / "coco" / "annotations").glob("*.json")
    first, second = json.loads(document.read_text())["annotations"]
    assert (first["segmentation"], second["segmentation"]) == (code((12, 6)), code())
    assert (first["area"], first["bbox"], first["iscrowd"]) == (319, [10, 4, 20, 16], 0)
    assert (second["area"], second["iscrowd"], first["attributes"]) == (320, 1, {"blurred": True})
    assert float(coco.area(first["segmentation"])) == first["area"]
    assert list(coco.toBbox(first["segmentation"])) == first["bbox"]


def test_polygons_are_refused_as_masks_by_name_and_masks_become_outlines_elsewhere(machine: Path, cells: Path) -> None:
    document = cells / "instances.json"
    said = json.loads(document.read_text())
    said["annotations"].append({"id": 3, "image_id": 1, "category_id": 1, "segmentation": [RING]})
    document.write_text(json.dumps(said))
    report = convert_folder(cells, machine / "yolo", "yolo", "coco", task="masks")
    told = [problem["what"] for problem in report.problems]
    assert any("its outline is of polygons, which are not read as masks" in what for what in told)
    assert "1 holes were not written: YOLO files do not hold them" in told
    assert report.regions == 2
