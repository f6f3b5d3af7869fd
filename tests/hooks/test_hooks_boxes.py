"""Boxes: COCO's numbers to the last digit, and one kind for every mistake, against pycocotools and hotcoco."""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lode_hooks.evaluations.metrics import overlaps
from lode_hooks.evaluations.metrics.arrays import Detections, Truths
from lode_hooks.evaluations.metrics.average_precision import NAMES
from lode_hooks.evaluations.metrics.boxes import BoxEvaluation, evaluate_boxes
from lode_hooks.evaluations.metrics.columns import (
    BOX_PREDICTIONS,
    ITEMS,
    TRUTHS,
    box_matches,
    frame_of,
    read_boxes,
    write,
)
from lode_hooks.evaluations.metrics.curves import best_threshold, curve
from lode_hooks.evaluations.metrics.kinds import EXPLAINED, FN, FP, IGNORED, KINDS, MISSED, TIDE, TP
from lode_hooks.evaluations.metrics.rows import Rows, cells

pytestmark = pytest.mark.once

Document = dict[str, Any]


def columns(document: Document, results: list[dict[str, Any]]) -> tuple[Truths, Detections]:
    """COCO's documents as columns, images in the order of their ids."""
    place = {number: n for n, number in enumerate(sorted(image["id"] for image in document["images"]))}

    def box(row: dict[str, Any]) -> list[float]:
        x, y, w, h = row["bbox"]
        return [x, y, x + w, y + h]

    rows = document["annotations"]
    truths = Truths.of(
        [place[row["image_id"]] for row in rows],
        [row["category_id"] for row in rows],
        [box(row) for row in rows],
        [row["area"] for row in rows],
        [row["iscrowd"] for row in rows],
    )
    detections = Detections.of(
        [place[row["image_id"]] for row in results],
        [row["category_id"] for row in results],
        [box(row) for row in results],
        [row["score"] for row in results],
    )
    return truths, detections


def ours(document: Document, results: list[dict[str, Any]]) -> BoxEvaluation:
    return evaluate_boxes(*columns(document, results), classes=[row["id"] for row in document["categories"]])


def pycocotools(document: Document, results: list[dict[str, Any]]) -> list[float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = document
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(number) for number in evaluation.stats]


def hotcoco(document: Document, results: list[dict[str, Any]]) -> Any:
    from hotcoco import COCO, COCOeval

    with tempfile.TemporaryDirectory() as name:
        truth_file, result_file = Path(name) / "truth.json", Path(name) / "results.json"
        truth_file.write_text(json.dumps(document))
        result_file.write_text(json.dumps(results))
        truth = COCO(str(truth_file))
        evaluation = COCOeval(truth, truth.load_res(str(result_file)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.summarize()
    return evaluation


def scene(seed: int, crowds: bool = True, images: int = 12, classes: int = 4) -> tuple[Document, list[dict[str, Any]]]:
    """A drawn scene on whole pixels with tied scores and overlaps, empty images, an empty class, crowds, huge boxes."""
    rng = np.random.default_rng(seed)
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image in range(1, images + 1):
        boxes = rng.integers(0, 7 if image % 3 else 1)
        for _ in range(boxes):
            w, h = (int(n) for n in rng.choice([4, 10, 30, 60, 120, 400], 2))
            x, y = (int(n) for n in rng.integers(0, 60, 2))
            area = w * h * float(rng.choice([1.0, 0.6]))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(rng.integers(1, classes)),
                    "bbox": [x, y, w, h],
                    "area": area,
                    "iscrowd": int(crowds and rng.random() < 0.15),
                }
            )
            for _ in range(int(rng.integers(0, 5))):
                shift = rng.integers(-4, 5, 4) * rng.choice([0, 1, 3])
                results.append(
                    {
                        "image_id": image,
                        "category_id": int(annotations[-1]["category_id"])
                        if rng.random() < 0.7
                        else int(rng.integers(1, classes + 1)),
                        "bbox": [
                            x + int(shift[0]),
                            y + int(shift[1]),
                            max(w + int(shift[2]), 1),
                            max(h + int(shift[3]), 1),
                        ],
                        "score": float(rng.choice([0.1, 0.3, 0.5, 0.9])),
                    }
                )
        if rng.random() < 0.5:
            results.append({"image_id": image, "category_id": classes, "bbox": [0, 0, 9, 9], "score": 0.5})
    order = rng.permutation(len(results))
    document = {
        "images": [{"id": image, "width": 500, "height": 500} for image in range(1, images + 1)],
        "categories": [{"id": label, "name": str(label)} for label in range(1, classes + 1)],
        "annotations": annotations,
    }
    return document, [results[n] for n in order]


@pytest.fixture
def coco100(test_data: Path) -> tuple[Document, list[dict[str, Any]]]:
    folder = test_data / "coco100"
    document = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    return document, results


PUBLISHED = (
    0.504581, 0.696973, 0.572982, 0.585626, 0.519400, 0.501398,
    0.386813, 0.593680, 0.595353, 0.639811, 0.566421, 0.564291,
)  # fmt: skip


def test_coco100_gives_the_twelve_published_numbers(coco100: tuple[Document, list[dict[str, Any]]]) -> None:
    metrics = ours(*coco100).metrics()
    assert [metrics[name] for name in NAMES] == pytest.approx(PUBLISHED, abs=1e-6)
    assert [metrics[name] for name in NAMES] == pytest.approx(pycocotools(*coco100), abs=1e-12)


def test_coco100_gives_every_object_its_kind(coco100: tuple[Document, list[dict[str, Any]]]) -> None:
    evaluation = ours(*coco100)
    matches, metrics = evaluation.matches, evaluation.metrics()
    assert (metrics["tp"], metrics["fp"], metrics["fn"]) == (649, 85, 181)
    kinds = {name: int((matches.kind == code).sum()) for code, name in enumerate(KINDS)}
    assert (kinds["wrong_class"], kinds["bad_location"], kinds["duplicate"], kinds["false_alarm"]) == (83, 1, 1, 0)
    assert int((matches.truth_kind == MISSED).sum()) == 97
    assert int((matches.truth_kind == EXPLAINED).sum()) == 84
    assert int((matches.state == IGNORED).sum()) == 0
    assert int((matches.truth_state == IGNORED).sum()) == 9


def test_coco100_with_area_as_width_times_height(coco100: tuple[Document, list[dict[str, Any]]]) -> None:
    document, results = coco100
    for row in document["annotations"]:
        row["area"] = row["bbox"][2] * row["bbox"][3]
    metrics = ours(document, results).metrics()
    expected = (0.504581, 0.696973, 0.572982, 0.593789, 0.559493, 0.489367)
    assert [metrics[name] for name in NAMES[:6]] == pytest.approx(expected, abs=1e-6)
    document["annotations"] = [row for row in document["annotations"] if not row["iscrowd"]]
    metrics = ours(document, results).metrics()
    expected = (0.503647, 0.696973, 0.571667, 0.593252, 0.557991, 0.489363)
    assert [metrics[name] for name in NAMES[:6]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_drawn_scenes_with_ties_and_crowds_equal_pycocotools(seed: int) -> None:
    document, results = scene(seed)
    metrics = ours(document, results).metrics()
    assert [metrics[name] for name in NAMES] == pytest.approx(pycocotools(document, results), abs=1e-12)


@pytest.mark.parametrize("seed", range(40, 60))
def test_more_than_a_hundred_detections_of_a_class_in_an_image(seed: int) -> None:
    document, results = scene(seed, images=2, classes=2)
    more = [dict(row, score=round(row["score"] * n / 60, 3)) for n in range(1, 60) for row in results]
    metrics = ours(document, more).metrics()
    assert [metrics[name] for name in NAMES] == pytest.approx(pycocotools(document, more), abs=1e-12)


@pytest.mark.parametrize("seed", range(100, 130))
def test_kinds_of_mistakes_equal_hotcoco(seed: int) -> None:
    document, results = scene(seed, crowds=False)
    evaluation, oracle = ours(document, results), hotcoco(document, results)
    metrics = evaluation.metrics()
    assert [metrics[name] for name in NAMES] == pytest.approx([float(n) for n in oracle.stats], abs=1e-12)
    counts = oracle.tide_errors(pos_thr=0.5, bg_thr=0.1)["counts"]
    mine = {name: int((evaluation.matches.tide == code).sum()) for code, name in enumerate(TIDE) if name}
    mine["Miss"] = int((evaluation.matches.truth_kind == MISSED).sum())
    assert mine == counts


def test_pairs_in_many_small_portions_are_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    document, results = scene(7)
    whole = ours(document, results)
    monkeypatch.setattr(overlaps, "PAIRS_AT_ONCE", 3)
    parts = ours(document, results)
    assert parts.metrics() == whole.metrics()
    assert np.array_equal(parts.matches.truth, whole.matches.truth)


def test_an_annotation_with_id_zero_is_found_like_any_other() -> None:
    document, _ = scene(3)
    document["annotations"] = [
        {"id": 0, "image_id": 1, "category_id": 1, "bbox": [5, 5, 40, 40], "area": 1600.0, "iscrowd": 0}
    ]
    results = [{"image_id": 1, "category_id": 1, "bbox": [5, 5, 40, 40], "score": 0.9}]
    assert pycocotools(document, results)[0] == 0.0  # the trap: id 0 means "unmatched" there
    assert ours(document, results).metrics()["AP"] == pytest.approx(1.0)
    assert float(hotcoco(document, results).stats[0]) == pytest.approx(1.0)


def test_a_box_without_width_can_never_be_found_and_lowers_recall() -> None:
    truths = Truths.of([0, 0], [1, 1], [[5, 5, 5, 40], [50, 50, 90, 90]])
    detections = Detections.of([0, 0], [1, 1], [[5, 5, 5, 40], [50, 50, 90, 90]], [0.9, 0.8])
    evaluation = evaluate_boxes(truths, detections)
    assert evaluation.metrics()["AR100"] == 0.5
    assert (evaluation.metrics()["tp"], evaluation.metrics()["fp"], evaluation.metrics()["fn"]) == (1, 1, 1)


def test_equal_scores_are_taken_in_the_order_of_images() -> None:
    truths = Truths.of([1], [1], [[0, 0, 40, 40]])
    first_wrong = Detections.of([0, 1], [1, 1], [[0, 0, 40, 40], [0, 0, 40, 40]], [0.5, 0.5])
    assert evaluate_boxes(truths, first_wrong).metrics()["AP50"] == pytest.approx(0.5)
    moved = Truths.of([0], [1], [[0, 0, 40, 40]])
    assert evaluate_boxes(moved, first_wrong).metrics()["AP50"] == pytest.approx(1.0)


def test_an_area_equal_to_a_bound_lies_in_both_ranges() -> None:
    truths = Truths.of([0], [1], [[0, 0, 32, 32]])
    detections = Detections.of([0], [1], [[0, 0, 32, 32]], [0.5])
    metrics = evaluate_boxes(truths, detections).metrics()
    assert (metrics["APs"], metrics["APm"], metrics["APl"]) == pytest.approx((1.0, 1.0, -1.0))


def test_difficult_truths_count_unless_they_are_to_be_ignored() -> None:
    truths = Truths.of([0, 0], [1, 1], [[0, 0, 40, 40], [50, 50, 90, 90]], difficult=[False, True])
    detections = Detections.of([0], [1], [[50, 50, 90, 90]], [0.9])
    counted = evaluate_boxes(truths, detections).metrics()
    assert (counted["tp"], counted["fp"], counted["fn"]) == (1, 0, 1)
    ignored = evaluate_boxes(truths, detections, ignore_difficult=True).metrics()
    assert (ignored["tp"], ignored["fp"], ignored["fn"]) == (0, 0, 1)


def test_a_crowd_takes_many_detections_and_none_of_them_is_right_or_wrong() -> None:
    truths = Truths.of([0], [1], [[0, 0, 100, 100]], crowd=[True])
    detections = Detections.of([0, 0], [1, 1], [[0, 0, 30, 30], [50, 50, 80, 80]], [0.9, 0.8])
    evaluation = evaluate_boxes(truths, detections)
    assert evaluation.matches.state.tolist() == [IGNORED, IGNORED]
    assert evaluation.matches.truth_state.tolist() == [IGNORED]
    assert (evaluation.metrics()["tp"], evaluation.metrics()["fp"], evaluation.metrics()["fn"]) == (0, 0, 0)


def test_nothing_at_all_is_minus_one_as_in_coco() -> None:
    nothing = evaluate_boxes(Truths.of([], [], []), Detections.of([], [], [], []), classes=[1, 2])
    assert set(nothing.metrics()[name] for name in NAMES) == {-1.0}
    only_truth = evaluate_boxes(Truths.of([0], [1], [[0, 0, 9, 9]]), Detections.of([], [], [], []))
    assert (only_truth.metrics()["AP"], only_truth.metrics()["fn"]) == (0.0, 1)
    only_detection = evaluate_boxes(Truths.of([], [], []), Detections.of([0], [1], [[0, 0, 9, 9]], [0.5]))
    assert (only_detection.metrics()["AP"], only_detection.metrics()["fp"]) == (-1.0, 1)


def test_detections_of_classes_outside_the_schema_do_not_disturb_the_others() -> None:
    document, results = scene(11)
    stray = [dict(row, category_id=99) for row in results[:20]]
    metrics = ours(document, results + stray).metrics()
    assert [metrics[name] for name in NAMES] == pytest.approx(pycocotools(document, results), abs=1e-12)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        evaluate_boxes(Truths.of([], [], []), Detections.of([0], [1], [[0, 0, 9, 9]], [float("nan")]))


def test_tide_parts_the_false_alarms_in_background_and_both() -> None:
    truths = Truths.of([0], [1], [[0, 0, 40, 40]])
    far, half_off = [300, 300, 340, 340], [0, 0, 40, 100]
    detections = Detections.of([0, 0], [2, 2], [far, half_off], [0.9, 0.8])
    matches = evaluate_boxes(truths, detections).matches
    assert [KINDS[code] for code in matches.kind] == ["false_alarm", "false_alarm"]
    assert [TIDE[code] for code in matches.tide] == ["Bkg", "Both"]
    assert matches.truth.tolist() == [-1, -1]
    assert matches.iou.tolist() == pytest.approx([0, 0.4])


@pytest.mark.parametrize(
    ("label", "box", "kind", "tide"),
    [
        (1, [0, 0, 40, 20], "bad_location", "Loc"),  # IoU .5 with its own class: not yet a duplicate
        (1, [0, 0, 40, 4], "bad_location", "Loc"),  # .1
        (2, [0, 0, 40, 20], "wrong_class", "Cls"),  # .5 with another class
        (2, [0, 0, 40, 4], "false_alarm", "Bkg"),  # .1: no more than background
    ],
)
def test_at_the_very_bounds_of_tide_an_error_has_the_kind_that_tide_gives(
    label: int, box: list[float], kind: str, tide: str
) -> None:
    truths = Truths.of([0], [1], [[0, 0, 40, 40]])
    detections = Detections.of([0, 0], [1, label], [[0.0, 0.0, 40.0, 40.0], box], [0.9, 0.8])
    matches = evaluate_boxes(truths, detections).matches
    assert (KINDS[matches.kind[1]], TIDE[matches.tide[1]]) == (kind, tide)


def test_the_best_scoring_claim_explains_a_miss() -> None:
    truths = Truths.of([0], [1], [[0, 0, 40, 40]])
    detections = Detections.of([0] * 3, [2, 3, 1], [[0, 0, 40, 40], [0, 0, 40, 40], [0, 0, 40, 90]], [0.5, 0.9, 0.7])
    matches = evaluate_boxes(truths, detections).matches
    assert [KINDS[code] for code in matches.kind] == ["wrong_class", "wrong_class", "bad_location"]
    assert (matches.truth_kind.tolist(), matches.claim.tolist(), matches.match.tolist()) == ([EXPLAINED], [1], [-1])


def kept(document: Document, results: list[dict[str, Any]], folder: Path) -> tuple[Rows, BoxEvaluation]:
    """The rows that pages count and open, written to a file and read again as an evaluation's job does."""
    truths, detections = columns(document, results)
    count, nothing = len(document["images"]), [None] * len(truths)
    places = {name: folder / f"{name}.parquet" for name in ("items", "truths", "predictions", "matches")}
    items = [str(number) for number in range(count)]
    write(frame_of(ITEMS, dict(zip(ITEMS, (items, items, [1] * count, [1] * count), strict=True))), places["items"])
    names = [str(number) for number in range(len(truths))]
    sides = (truths.area.tolist(), truths.crowd.tolist(), truths.difficult.tolist())
    said = (truths.image.astype(str).tolist(), nothing, names, truths.label.tolist(), *truths.box.T.tolist(), *sides)
    write(frame_of(TRUTHS, dict(zip(TRUTHS, said, strict=True))), places["truths"])
    sent = (detections.image.astype(str).tolist(), [None] * len(detections), detections.label.tolist())
    found = (*sent, *detections.box.T.tolist(), detections.score.tolist())
    write(frame_of(BOX_PREDICTIONS, dict(zip(BOX_PREDICTIONS, found, strict=True))), places["predictions"])
    read = read_boxes(places["items"], places["truths"], places["predictions"])
    evaluation = evaluate_boxes(read.truths, read.detections)
    write(box_matches(read, evaluation.matches), places["matches"])
    return Rows.read(places["matches"]), evaluation


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_matches_at_score_zero_answer_for_every_threshold(seed: int, threshold: float, tmp_path: Path) -> None:
    """Leaving the lower scores out and evaluating again gives what the rows say."""
    document, results = scene(seed)
    rows, _ = kept(document, results, tmp_path)
    fresh = kept(document, [row for row in results if row["score"] >= threshold], tmp_path)[1].matches
    at = rows.at(threshold)
    counted = rows.detection & (rows.score >= threshold)
    assert at.state[counted].tolist() == fresh.state.tolist()
    assert at.kind[counted].tolist() == fresh.kind.tolist()
    assert np.array_equal(at.listed[counted], fresh.state != IGNORED)
    assert at.state[~rows.detection].tolist() == fresh.truth_state.tolist()
    assert at.kind[~rows.detection].tolist() == fresh.truth_kind.tolist()
    explained = np.flatnonzero(at.kind == EXPLAINED)
    claims = fresh.claim[explained - int(rows.detection.sum())]
    assert at.shown[explained].tolist() == np.flatnonzero(counted)[claims].tolist()


def test_coco100_confusion_cells_hold_exactly_their_pairs(
    coco100: tuple[Document, list[dict[str, Any]]], tmp_path: Path
) -> None:
    rows, _ = kept(*coco100, tmp_path)
    truth, predicted, has_cell = (column[rows.at(0.0).listed] for column in cells(rows, rows.at(0.0)))
    assert (has_cell & (truth == predicted)).sum() == 649
    assert (has_cell & (truth > 0) & (predicted > 0)).sum() == 649 + 83
    assert (has_cell & (predicted == 0)).sum() == 97
    assert (has_cell & (truth == 0)).sum() == 2
    assert (~has_cell).sum() == 84  # explained: the mistake that explains them has the cell


def test_best_f1_is_the_best_of_all_thresholds(coco100: tuple[Document, list[dict[str, Any]]], tmp_path: Path) -> None:
    rows, _ = kept(*coco100, tmp_path)
    best = best_threshold(rows)

    def f1(threshold: float) -> float:
        at = rows.at(threshold)
        tp, fp, fn = ((at.listed & (at.state == state)).sum() for state in (TP, FP, FN))
        return float(2 * tp / (2 * tp + fp + fn))

    assert f1(best) == max(f1(float(score)) for score in np.unique(rows.score[rows.detection]))
    drawn = curve(rows).drawn(50)
    assert len(drawn.threshold) <= 50
    assert best in drawn.threshold
    assert drawn.recall[-1] == pytest.approx(649 / 830)


def test_a_class_has_a_curve_of_its_own(tmp_path: Path) -> None:
    rows, _ = kept(*scene(5), tmp_path)
    total = curve(rows)
    parts = [curve(rows, label) for label in range(1, 5)]
    assert sum(part.truths for part in parts) == total.truths
    assert sum(int(part.tp[-1]) for part in parts if len(part.tp)) == total.tp[-1]
