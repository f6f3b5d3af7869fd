"""Polygons by mask IoU, against pycocotools' `segm`, from files of columns to every number that opens."""

import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from pycocotools import mask as coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lode_hooks.evaluations import files, places, prelabels, summary, transitions
from lode_hooks.evaluations.evaluators import EVALUATORS
from lode_hooks.evaluations.evaluators.evaluator import Classes, Inputs, Line
from lode_hooks.evaluations.metrics.average_precision import NAMES
from lode_hooks.evaluations.metrics.columns import ITEMS, OUTLINE_TRUTHS, frame_of, write
from lode_hooks.evaluations.summary import rows_of
from lode_hooks.failures import browse
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.models import Evaluation
from lode_platform.errors import BadInput
from lode_platform.models import Item
from motherlode.masks import Mask, mask_polygon, read_mask, tidy
from motherlode.media import Image
from motherlode.regions import Region
from motherlode.shapes import SHAPES

Document = dict[str, Any]
PUBLISHED = (0.319545, 0.562288, 0.298927, 0.387374, 0.310183, 0.326934, 0.268230, 0.415449, 0.416839)
POLYGONS = EVALUATORS["polygons"]


@pytest.fixture
def coco100(test_data: Path) -> tuple[Document, list[Document]]:
    folder = test_data / "coco100"
    names = ("instances_val2014_100.json", "instances_val2014_fakesegm100_results.json")
    document, results = (json.loads((folder / name).read_text()) for name in names)
    return document, results


def regions_of(document: Document, classes: dict[int, int] | None = None) -> dict[int, list[Region]]:
    """The truths of each image; a crowd's mask as the outlines along its pixels."""
    found: dict[int, list[Region]] = {image["id"]: [] for image in document["images"]}
    for row in document["annotations"]:
        segmentation = row["segmentation"]
        if isinstance(segmentation, dict):
            polygon: Any = mask_polygon(read_mask(segmentation))
        else:
            polygon = tuple((tuple(zip(ring[::2], ring[1::2], strict=True)),) for ring in segmentation)
        class_id = row["category_id"] if classes is None else classes[row["category_id"]]
        crowd = bool(row["iscrowd"])
        region = Region(str(uuid4()), "polygon", class_id, geometry=polygon, area=row["area"], iscrowd=crowd)
        found[row["image_id"]].append(region)
    return found


def lines_of(document: Document, results: Sequence[Document], names: dict[int, str]) -> dict[int, Document]:
    """A line of predictions for each image."""
    lines: dict[int, Document] = {i["id"]: {"polygons": [], "labels": [], "scores": []} for i in document["images"]}
    for row in results:
        line = lines[row["image_id"]]
        line["polygons"].append(row["segmentation"])
        line["labels"].append(names[row["category_id"]])
        line["scores"].append(row["score"])
    return lines


def measured(document: Document, results: Sequence[Document], folder: Path) -> dict[str, float]:
    """Our metrics, out of columns and without a database."""
    images = sorted(document["images"], key=lambda image: image["id"])
    keys = {image["id"]: f"{image['id']:012d}" for image in images}
    ids = sorted(row["id"] for row in document["categories"])
    items = [list(keys.values()), list(keys.values()), [i["width"] for i in images], [i["height"] for i in images]]
    write(frame_of(ITEMS, dict(zip(ITEMS, items, strict=True))), folder / "items.parquet")
    columns: dict[str, list[Any]] = {name: [] for name in OUTLINE_TRUTHS}
    for image, regions in regions_of(document).items():
        for region in regions:
            row = region.as_json()
            box, area, crowd = region.box, region.area, region.iscrowd
            assert box is not None
            own = POLYGONS.truth(row) or {}
            known: dict[str, Any] = {"item": keys[image], "frame": None, "region": region.id, "label": region.class_id}
            known |= dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))
            for name, value in {**known, "area": area, "crowd": crowd, "difficult": False, **own}.items():
                columns[name].append(value)
    write(frame_of(OUTLINE_TRUTHS, columns), folder / "truths.parquet")
    lines = lines_of(document, results, {key: str(key) for key in ids})
    sized = {image["id"]: (image["width"], image["height"]) for image in images}
    read = [Line(n, keys[image], *sized[image], lines[image]) for n, image in enumerate(keys, start=1)]
    frame = POLYGONS.read(read, Classes({str(key): key for key in ids}, by_id=False))
    write(frame, folder / "predictions.parquet")
    items_file, truths, predictions = (folder / f"{name}.parquet" for name in ("items", "truths", "predictions"))
    return POLYGONS.measure(Inputs(items_file, truths, predictions, ids, {})).metrics


def theirs(document: Document, results: Sequence[Document]) -> list[float]:
    """pycocotools' twelve numbers; outlines among the results become masks as it makes them of annotations."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    coded = []
    for row in results:
        code = row["segmentation"]
        if not isinstance(code, dict):
            code = coco.merge(coco.frPyObjects(code, *sizes[row["image_id"]]))
        coded.append({**row, "segmentation": code})
    with redirect_stdout(StringIO()):
        truth = COCO()
        truth.dataset = document
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(coded), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(number) for number in evaluation.stats]


@pytest.mark.once
def test_coco100_gives_the_published_numbers_of_masks(coco100: tuple[Document, list[Document]], tmp_path: Path) -> None:
    metrics = measured(*coco100, tmp_path)
    assert [metrics[name] for name in NAMES[:9]] == pytest.approx(PUBLISHED, abs=1e-6)
    assert [metrics[name] for name in NAMES] == pytest.approx(theirs(*coco100), abs=1e-12)


def perturbed(document: Document, seed: int) -> list[Document]:
    """Outlines of the truths, some shifted, scaled, dropped, doubled or of another class, and some crowds' pixels."""
    rng = np.random.default_rng(seed)
    ids = [row["id"] for row in document["categories"]]
    found = []
    for row in document["annotations"]:
        if rng.random() < 0.15:
            continue
        for _ in range(2 if rng.random() < 0.2 else 1):
            label = int(rng.choice(ids)) if rng.random() < 0.15 else row["category_id"]
            segmentation = row["segmentation"]
            if isinstance(segmentation, list):
                points = [np.array(ring).reshape(-1, 2) for ring in segmentation]
                middle = np.concatenate(points).mean(axis=0)
                size, shift = rng.normal(1, 0.1), rng.normal(0, rng.choice([0.5, 3, 15]), 2)
                moved = [(middle + shift + (ring - middle) * size).ravel().tolist() for ring in points]
                segmentation = [[round(number, 2) for number in ring] for ring in moved]
            score = round(float(rng.random()), 2)  # so that many are equal
            found.append(
                {**{"image_id": row["image_id"], "category_id": label}, "score": score} | {"segmentation": segmentation}
            )
    return found


@pytest.mark.once
@pytest.mark.parametrize("seed", range(4))
def test_perturbed_outlines_give_their_numbers(
    coco100: tuple[Document, list[Document]], tmp_path: Path, seed: int
) -> None:
    document, _ = coco100
    codes = {
        row["id"]: coco.frPyObjects(row["segmentation"], *row["segmentation"]["size"])
        for row in document["annotations"]
        if isinstance(row["segmentation"], dict)
    }
    for row in document["annotations"]:
        row["segmentation"] = codes.get(row["id"], row["segmentation"])
    results = perturbed(document, seed)
    assert any(isinstance(row["segmentation"], dict) for row in results), "crowds are among them"
    metrics = measured(document, results, tmp_path)
    assert [metrics[name] for name in NAMES] == pytest.approx(theirs(document, results), abs=1e-12)


@pytest.fixture
def evaluated(world: Callable[..., Any], coco100: tuple[Document, list[Document]]) -> Evaluation:
    """COCO-100 in a project, perturbed outlines and one mask predicted and evaluated."""
    document, segments = coco100
    names = {row["id"]: row["name"] for row in document["categories"]}
    here = world([names[number] for number in sorted(names)], task="polygons")
    known = {row.name: row.class_id for row in here.schema.classes.all()}
    paths = {image["id"]: image["file_name"] for image in document["images"]}
    here.add(list(paths.values()))
    for image in document["images"]:
        Item.objects.filter(path=image["file_name"]).update(width=image["width"], height=image["height"])
    truths = regions_of(document, {key: known[name] for key, name in names.items()})
    here.label({paths[image]: regions for image, regions in truths.items()})
    version = here.publish()
    results = [row for row in perturbed(document, 7) if isinstance(row["segmentation"], list)] + segments[:40]
    lines = [{"path": paths[image], **line} for image, line in lines_of(document, results, names).items()]
    found: Evaluation = here.evaluate(here.predict(here.run(), version, lines, task="polygons"))
    assert [found.metrics[name] for name in NAMES] == pytest.approx(theirs(document, results), abs=1e-12)
    return found


def opened(evaluation: Evaluation, threshold: float, **fields: Any) -> int:
    chosen = FailureFilter.parse({"threshold": str(threshold), **{key: str(value) for key, value in fields.items()}})
    page = browse.matches(evaluation, chosen, limit=500)
    listed = len(page.matches)
    while listed < page.count:
        listed += len(browse.matches(evaluation, chosen, offset=listed, limit=500).matches)
    assert listed == browse.count(evaluation, chosen)
    return listed


@pytest.mark.once
def test_every_number_opens_as_many_results_as_it_says(evaluated: Evaluation) -> None:
    best = float(evaluated.threshold or 0)
    for threshold in (0.0, best, 0.8):
        counts = summary.counts(evaluated, threshold)
        assert counts.kinds["wrong_class"] and counts.kinds["bad_location"] and counts.kinds["missed"]
        for state in ("tp", "fp", "fn"):
            assert opened(evaluated, threshold, state=state) == getattr(counts, state)
        for kind, number in counts.kinds.items():
            assert opened(evaluated, threshold, kind=kind) == number
    for truth, predicted, number in summary.confusion(evaluated, best):
        assert opened(evaluated, best, cell=f"{truth}:{predicted}") == number


@pytest.mark.once
def test_matches_show_the_outlines_of_truth_and_prediction(evaluated: Evaluation) -> None:
    found = browse.matches(evaluated, FailureFilter.parse({"state": "all", "threshold": "0"}), limit=500).matches
    assert len(found) == 500
    for match in found:
        for place, box in ((match.truth_place, match.box), (match.predicted_place, match.predicted_box)):
            assert (place is None) == (box is None)
            if place is not None and box is not None:
                assert place["kind"] == "polygon"
                points = [point for part in place["geometry"] for point in part[0]]
                across, down = zip(*points, strict=True)
                assert [min(across), min(down), max(across), max(down)] == box
    item = Item.objects.get(uuid=found[0].item)
    scene = browse.scene(evaluated, item, threshold=0.0)
    assert scene.truths and all(box.place for box in [*scene.truths, *scene.predictions])
    pairs = places.of_matches(evaluated, [match.row for match in found])
    assert [pairs[match.row][0] for match in found] == [match.truth_place for match in found]
    own = [match for match in found if rows_of(evaluated).detection[match.row]]
    assert own and [pairs[match.row][1] for match in own] == [match.predicted_place for match in own]
    said = places.of_predictions(evaluated.prediction_set, [str(item.uuid)])[str(item.uuid)]
    assert len(said) == len(scene.predictions) and {one.place["kind"] for one in said} == {"polygon"}


@pytest.mark.once
def test_pages_say_mask_iou_and_embed_the_outlines(evaluated: Evaluation, client: Client, alice: Any) -> None:
    client.force_login(alice)
    project = evaluated.prediction_set.run.project.name
    page = client.get(f"/p/{project}/runs/{evaluated.prediction_set.run.uuid}/").content.decode()
    assert "mask IoU .5" in page
    shown = client.get(f"/p/{project}/failures/?evaluation={evaluated.uuid}").content.decode()
    assert "mask IoU" in shown and '"predictedRegion": {"kind": "polygon"' in shown
    failure = evaluated.occurrences.filter(kind="bad_location").latest("pk").failure
    regions = client.get(f"/p/{project}/failures/{failure.uuid}/").context["regions"]
    assert [(one["layer"], one["kind"]) for one in regions] == [("truth", "polygon"), ("prediction", "polygon")]
    assert regions[0]["geometry"] != regions[1]["geometry"]


def test_what_is_wrong_with_a_polygon_is_said_by_its_line(world: Callable[..., Any]) -> None:
    here = world(task="polygons")
    here.add(["a.png"], width=20, height=10)
    here.label({"a.png": []})
    version = here.publish()

    def send(polygon: Any) -> None:
        here.predict(
            here.run(),
            version,
            [{"path": "a.png", "polygons": [[0, 0, 5, 0, 5, 5], polygon], "labels": ["RBC"] * 2, "scores": [1, 1]}],
            task="polygons",
        )

    for polygon, words in (
        (
            {"size": [20, 10], "counts": [200]},
            r"Line 1 has a polygon.*number 2 of .a.png.: the mask is of 20 x 10 pixels.*10 x 20",
        ),
        ([0, 0, 5, 0], r"number 2 of .*: a ring of 2 points"),
        ([0, 0, 5, "5", 1, 1], r"number 2 of .*: the point .* is not two numbers"),
        ({"size": [10, 20], "counts": [3]}, r"number 2 of .*: a mask's counts sum up to 3"),
        ("mask", r"number 2 of .*: an outline is a list"),
    ):
        with pytest.raises(BadInput, match=words):
            send(polygon)


def test_a_mask_of_no_pixels_is_a_false_alarm_without_a_place(world: Callable[..., Any]) -> None:
    here = world(task="polygons")
    here.add(["a.png"], width=4, height=3)
    here.label({"a.png": [Region("r", "polygon", 1, geometry=((((0.0, 0.0), (3.0, 0.0), (3.0, 3.0)),),))]})
    line = {"polygons": [{"size": [3, 4], "counts": [12]}], "labels": ["RBC"], "scores": [0.5]}
    found = here.evaluate(here.predict(here.run(), here.publish(), [{"path": "a.png", **line}], task="polygons"))
    assert (found.metrics["fp"], found.metrics["fn"]) == (1, 1)
    assert places.of_rows(found, [0, 1]).keys() == {1}


def test_truths_that_are_masks_count_by_their_pixels(world: Callable[..., Any]) -> None:
    here = world(task="masks")
    here.add(["a.png"], width=4, height=3)
    here.label({"a.png": [Region("r", "mask", 1, geometry=Mask(3, 4, (3, 6, 3)))]})
    wrong = {"size": [3, 4], "counts": [0, 2, 10]}
    places_said = [{"size": [3, 4], "counts": [3, 6, 3]}, wrong]
    line = {"path": "a.png", "polygons": places_said, "labels": ["RBC"] * 2, "scores": [0.9, 0.5]}
    found = here.evaluate(here.predict(here.run(), here.publish(), [line], task="polygons"))
    assert (found.metrics["tp"], found.metrics["fp"], found.metrics["fn"]) == (1, 1, 0)
    [offered] = prelabels.suggestions(found, [Item.objects.get()], 0.1).values()
    pixels = [SHAPES["mask"].from_result(each["value"], Image(4, 3)) for each in offered]
    assert pixels == [tidy(read_mask(wrong))]


def test_boxes_of_a_schema_are_no_polygons(world: Callable[..., Any]) -> None:
    here = world()
    here.add(["a.png"])
    here.label({"a.png": []})
    with pytest.raises(BadInput, match="has no <BrushLabels> or <PolygonLabels>, so there are no polygons to predict"):
        here.predict(here.run(), here.publish(), [], task="polygons")


LEFT, RIGHT = ([0, 0, 16, 0, 0, 16], [16, 0, 16, 16, 0, 16])
"""Two halves of one square: the same bounds, hardly a pixel in common."""


def test_a_false_alarm_is_known_again_by_its_mask_not_by_its_bounds(world: Callable[..., Any]) -> None:
    here = world(task="polygons")
    here.add(["a.png", "b.png"], width=20, height=16)
    here.label({"a.png": [], "b.png": []})
    version = here.publish()

    def alarms(name: str, *polygons: Any) -> Evaluation:
        count = len(polygons)
        line = {"path": "a.png", "polygons": list(polygons), "labels": ["RBC"] * count, "scores": [0.9] * count}
        nothing = {"path": "b.png", "polygons": [], "labels": [], "scores": []}
        found: Evaluation = here.evaluate(here.predict(here.run(name), version, [nothing, line], task="polygons"))
        return found

    def failures(evaluation: Evaluation) -> list[int]:
        return list(evaluation.occurrences.order_by("row").values_list("failure", flat=True))

    left = alarms("left", LEFT)
    right = alarms("right", RIGHT)
    assert failures(left) != failures(right), "the same bounds, another shape"
    pixels = coco.merge(coco.frPyObjects([LEFT], 16, 20))
    both = alarms("both", [1, 0, 17, 0, 1, 16], RIGHT, {"size": [16, 20], "counts": pixels["counts"].decode()})
    assert failures(both)[1:] == [*failures(right), *failures(left)], "an outline and its mask are one alarm"
    assert failures(both)[0] not in failures(both)[1:], "one to one"
    changed = transitions.of(left, right)
    assert (changed.counts()["new"], changed.counts()["resolved"]) == (1, 1)
    assert transitions.of(right, both).counts()["persisting"] == 1


def test_an_alarm_whose_predictions_are_gone_keeps_no_other_from_its_record(world: Callable[..., Any]) -> None:
    here = world(task="polygons")
    here.add(["a.png"], width=20, height=16)
    here.label({"a.png": []})
    version = here.publish()
    line = {"path": "a.png", "polygons": [LEFT], "labels": ["RBC"], "scores": [0.9]}
    first = here.evaluate(here.predict(here.run("first"), version, [line], task="polygons"))
    files.held(first.prediction_set.columns).unlink()
    again = here.evaluate(here.predict(here.run("again"), version, [{**line, "scores": [0.8]}], task="polygons"))
    assert again.occurrences.count() == 1
