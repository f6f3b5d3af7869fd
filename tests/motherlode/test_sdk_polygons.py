"""Outlines from a COCO file to predictions by the SDK and the command line, in every form that frameworks have."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from tests.motherlode.conftest import Lode, picture

import motherlode
from motherlode.convert import convert_folder
from motherlode.formats import FORMATS
from motherlode.formats.writing import Labelled
from motherlode.importing import read_source
from motherlode.media import Image
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import Region
from motherlode.results import IdMap, read_results
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.once, pytest.mark.django_db]

SQUARE = [4.0, 4.0, 24.0, 4.0, 24.0, 24.0, 4.0, 24.0]
FAR = [30.0, 20.0, 50.0, 20.0, 50.0, 40.0]
CODE = {"size": [48, 64], "counts": [4 * 48 + 4, *[20, 28] * 19, 20, 48 * 64 - 4 * 48 - 4 - 48 * 19 - 20]}


@pytest.fixture
def outlines(lode: Lode, machine: Path) -> motherlode.Samples:
    """``shapes@v1``: four images, each with a red square and a white triangle."""
    folder = machine / "shapes"
    (folder / "images").mkdir(parents=True)
    annotations: list[dict[str, Any]] = []
    for number in range(4):
        (folder / "images" / f"{'abcd'[number]}.png").write_bytes(picture(number))
        for category, ring in ((1, SQUARE), (2, FAR)):
            row = {"id": len(annotations) + 1, "image_id": number + 1, "category_id": category, "iscrowd": 0}
            annotations.append({**row, "segmentation": [ring]})
    images = [{"id": n + 1, "file_name": f"images/{'abcd'[n]}.png", "width": 64, "height": 48} for n in range(4)]
    categories = [{"id": 1, "name": "red"}, {"id": 2, "name": "white"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(document))
    options = ("--task", "polygons", "--split-policy", "test=1")
    lode("import", str(folder), "--dataset", "shapes", "--format", "coco", *options)
    lode("publish", "shapes", "-m", "first")
    return motherlode.load("shapes@v1", split="test", client=lode.connect())


def test_an_object_is_logged_in_every_form(lode: Lode, outlines: motherlode.Samples) -> None:
    forms: list[Any] = [
        np.array(SQUARE, dtype=np.float32).reshape(-1, 2),  # Ultralytics' masks.xy
        [SQUARE],  # COCO's segmentation
        CODE,
        np.array(SQUARE).reshape(-1, 2).tolist(),
    ]
    found = [
        motherlode.Prediction(sample.path, polygons=[form, FAR], labels=[0, 1], scores=np.array([0.9, 0.8]))
        for sample, form in zip(outlines, forms, strict=True)
    ]
    with motherlode.run("outlines", client=lode.connect()) as run:
        sent = run.log_predictions(outlines, found, names=["red", "white"])
    metrics = sent.evaluation().metrics
    assert (metrics["AP"], metrics["tp"], metrics["fp"], metrics["fn"]) == (1.0, 8, 0, 0)


def test_a_results_file_of_segmentations_is_logged_as_the_schema_asks(
    lode: Lode, outlines: motherlode.Samples, machine: Path
) -> None:
    with motherlode.run("from a file", client=lode.connect()):
        pass
    rows: list[dict[str, Any]] = [
        {"image_id": n + 1, "category_id": 1, "score": 0.9, "segmentation": CODE if n % 2 else [SQUARE]}
        for n in range(3)
    ]
    rows.append(
        {"image_id": 4, "category_id": 2, "score": 0.5, "segmentation": {"size": [48, 64], "counts": "nonsense"}}
    )
    rows.append({"image_id": 4, "category_id": 2, "score": 0.5, "bbox": [1, 2, 3, 4]})
    (machine / "results.json").write_text(json.dumps(rows))
    told = lode(
        "predictions", "from a file", str(machine / "results.json"), "--split", "test", "--version", "shapes@v1"
    )
    assert [row["row"] for row in told["problems"]] == ["[3]", "[4]"]
    assert "segmentation (rings or a run-length code)" in told["problems"][1]["remedy"]
    metrics = told["evaluation"]["metrics"]
    assert (metrics["tp"], metrics["fp"], metrics["fn"]) == (3, 0, 5)


def test_a_mask_of_another_size_is_refused_by_its_path(lode: Lode, outlines: motherlode.Samples) -> None:
    paths = outlines.paths
    found = [
        Prediction(path, polygons=[{"size": [64, 48], "counts": [64 * 48]}], labels=["red"], scores=[1])
        for path in paths
    ]
    with (
        motherlode.run("turned", client=lode.connect()) as run,
        pytest.raises(motherlode.Refused, match=r"number 1 of 'images/a\.png': the mask is of 64 x 48 pixels"),
    ):
        run.log_predictions(outlines, found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"polygons": [[1, 2, 3, 4]], "labels": ["a"], "scores": [1]}, "a.png: polygon 1: a ring of 2 points"),
        ({"polygons": [SQUARE, []], "labels": ["a"] * 2, "scores": [1, 1]}, "a.png: polygon 2: an outline is a list"),
        ({"polygons": [SQUARE], "labels": [], "scores": []}, "1 polygons, 0 labels and 0 scores"),
        ({"polygons": [SQUARE], "boxes": [[1, 2, 3, 4]], "labels": ["a"], "scores": [1]}, "boxes= or polygons="),
        ({"polygons": [SQUARE], "label": "a"}, "give polygons=, labels=, scores= or label="),
        ({"polygons": CODE, "labels": ["a"], "scores": [1]}, "one value a polygon"),
    ],
)
def test_what_cannot_be_logged_is_refused_by_its_path(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPrediction, match=message):
        Prediction("a.png", **given)


def test_boxes_and_polygons_do_not_mix(lode: Lode, outlines: motherlode.Samples) -> None:
    one, two, *rest = outlines.paths
    found = [Prediction(one, polygons=[SQUARE], labels=["red"], scores=[1]), Prediction(two)]
    with (
        motherlode.run("mixed", client=lode.connect()) as run,
        pytest.raises(BadPrediction, match="boxes and polygons cannot stand in one prediction set"),
    ):
        run.log_predictions(outlines, found)


def test_the_published_results_of_coco_100_are_all_read(test_data: Path) -> None:
    folder = test_data / "coco100"
    document = json.loads((folder / "instances_val2014_100.json").read_text())
    ids = IdMap(
        {str(row["id"]): row["file_name"] for row in document["images"]},
        {str(row["id"]): row["name"] for row in document["categories"]},
    )
    with (folder / "instances_val2014_fakesegm100_results.json").open() as stream:
        found = list(read_results(stream, "r.json", {"i": ids}, sorted(ids.images.values()), outlines=True))
    assert len(found) == 100 and all(isinstance(one, Prediction) for one in found)
    assert sum(len(one.polygons or ()) for one in found if isinstance(one, Prediction)) == 734


# YOLO's outlines


def outlined(geometry: Any) -> Region:
    return Region("a", "polygon", 1, "red", geometry=geometry)


def test_outlines_go_to_yolo_and_come_back(machine: Path) -> None:
    source = machine / "shapes"
    source.mkdir()
    for name in "abc":
        (source / f"{name}.png").write_bytes(picture(1))
    corner = [44.0, 48.0, 64.0, 48.0, 64.0, 24.0]  # whose row would end like a box, a score and a track
    whole = [0.0, 0.0, 64.0, 0.0, 64.0, 48.0]
    rings = {1: [[SQUARE]], 2: [[SQUARE, FAR]], 3: [[corner], [whole]]}
    annotations = [
        {"id": image * 10 + n, "image_id": image, "category_id": 1, "segmentation": outline}
        for image, found in rings.items()
        for n, outline in enumerate(found)
    ]
    images = [{"id": n, "file_name": f"{'abc'[n - 1]}.png", "width": 64, "height": 48} for n in rings]
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "red"}]}
    (source / "instances.json").write_text(json.dumps(document))
    report = convert_folder(source, machine / "yolo", "yolo", "coco", task="polygons")
    assert [problem["what"] for problem in report.problems if "no split" not in problem["what"]] == []
    back = read_source(machine / "yolo", "yolo", task=lambda: "polygons")
    assert [problem.what for problem in back.problems] == []
    records = {record.path.rpartition("/")[2]: record for record in back.records}
    assert records["a.png"].drafts[0].kind == "polygon"
    shape = SHAPES["polygon"]
    size = {"width": 64, "height": 48}
    for name, wanted in (("a.png", [SQUARE]), ("b.png", [SQUARE, FAR]), ("c.png", [corner])):
        draft = records[name].drafts[0]
        found = shape.mapped(draft.geometry, lambda x, y: (x * size["width"], y * size["height"]))
        drawn, meant = (
            coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(outline, 48, 64)))
            for outline in ([[n for point in part[0] for n in point] for part in found], wanted)
        )
        assert (drawn == meant).all(), name
    boxes = read_source(machine / "yolo", "yolo")
    assert [draft.kind for record in boxes.records for draft in record.drafts] == ["box"] * 4
    assert [problem.what for problem in boxes.problems] == ["4 rows hold outlines"]


def test_a_box_among_outlines_is_named_and_its_image_is_not_background(machine: Path) -> None:
    folder = machine / "yolo"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    (folder / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    (folder / "classes.txt").write_text("red\n")
    found = read_source(folder, "yolo", task=lambda: "polygons")
    assert [(problem.row, problem.what) for problem in found.problems] == [
        ("line 1", "'0 0.5 0.5 0.2 0.2': it is a box, not an outline")
    ]
    assert [(len(record.drafts), record.lost) for record in found.records] == [(1, 1)]


def test_what_writers_do_not_hold_of_outlines_is_said() -> None:
    square = tuple(zip(SQUARE[::2], SQUARE[1::2], strict=True))
    hole = ((10.0, 10.0), (14.0, 10.0), (14.0, 14.0))
    row = Labelled("a.png", None, Image(64, 48), "train", [outlined(((square, hole),)), outlined(((square,),))])
    told = {}
    for name in ("coco", "yolo", "voc"):
        writer = FORMATS[name].writer
        assert writer is not None
        told[name] = [problem.what for problem in writer.choose([("a.png", row)])[1]]
    assert told == {
        "coco": ["1 holes were not written: COCO files do not hold them"],
        "yolo": ["1 holes were not written: YOLO files do not hold them"],
        "voc": ["2 outlines were not written: VOC files do not hold them"],
    }
