"""From published truth and sent predictions to numbers, matches and failures."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lode_datasets import selection
from lode_datasets.models import DatasetItem
from lode_hooks.evaluations import evaluate, files, headline, summary
from lode_hooks.failures import browse, verdicts
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.models import Evaluation, Failure, FailureOccurrence
from lode_platform.models import User
from motherlode.regions import Region

PUBLISHED = (0.504581, 0.696973, 0.572982, 0.585626, 0.519400, 0.501398)


@pytest.fixture
def coco100(world: Callable[..., Any], test_data: Path) -> Evaluation:
    """COCO-100 in a project, its boxes predicted and evaluated."""
    folder = test_data / "coco100"
    document = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    names = {row["id"]: row["name"] for row in document["categories"]}
    here = world([names[number] for number in sorted(names)])
    classes = {row.name: row.class_id for row in here.schema.classes.all()}
    paths = {image["id"]: image["file_name"] for image in document["images"]}
    here.add(list(paths.values()), width=700, height=700)
    truths: dict[str, list[Region]] = {path: [] for path in paths.values()}
    for row in document["annotations"]:
        x, y, w, h = row["bbox"]
        truths[paths[row["image_id"]]].append(
            Region(
                str(uuid4()),
                "box",
                classes[names[row["category_id"]]],
                geometry=(x, y, x + w, y + h),
                area=row["area"],
                iscrowd=bool(row["iscrowd"]),
            )
        )
    here.label(truths)
    version = here.publish()
    lines: dict[str, dict[str, Any]] = {
        path: {"path": path, "boxes": [], "labels": [], "scores": []} for path in paths.values()
    }
    for row in results:
        x, y, w, h = row["bbox"]
        line = lines[paths[row["image_id"]]]
        line["boxes"].append([x, y, x + w, y + h])
        line["labels"].append(names[row["category_id"]])
        line["scores"].append(row["score"])
    found: Evaluation = here.evaluate(here.predict(here.run(), version, list(lines.values())))
    return found


def test_coco100_through_the_store_keeps_its_numbers_and_every_count_opens(coco100: Evaluation) -> None:
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl")
    assert [coco100.metrics[name] for name in names] == pytest.approx(PUBLISHED, abs=1e-6)
    assert (coco100.metrics["tp"], coco100.metrics["fp"], coco100.metrics["fn"]) == (649, 85, 181)
    for threshold in (0.0, coco100.threshold, 0.9):
        counts = summary.counts(coco100, threshold)
        if threshold == 0.0:
            assert (counts.tp, counts.fp, counts.fn) == (649, 85, 181)
            kinds = {"missed": 97, "explained": 84, "wrong_class": 83, "bad_location": 1, "duplicate": 1}
            assert counts.kinds == kinds | {"false_alarm": 0}
        assert opened(coco100, threshold, state="tp") == counts.tp
        assert opened(coco100, threshold, state="fp") == counts.fp
        assert opened(coco100, threshold, state="fn") == counts.fn
        assert opened(coco100, threshold, state="truths") == 830
        assert opened(coco100, threshold, state="all") == counts.tp + counts.fp + counts.fn
        for kind, number in counts.kinds.items():
            assert opened(coco100, threshold, kind=kind) == number
        cells = summary.confusion(coco100, threshold)
        assert sum(number for _truth, _predicted, number in cells) == counts.tp + counts.fp + counts.kinds["missed"]
        for truth, predicted, number in cells:
            chosen = FailureFilter(threshold=threshold, cell=(truth, predicted))
            assert browse.count(coco100, chosen) == number
            if threshold == 0.0 and truth != predicted:
                assert opened(coco100, threshold, cell=(truth, predicted)) == number
        for row in summary.per_class(coco100, threshold):
            chosen = FailureFilter(threshold=threshold, predicted_class=row.class_id)
            assert browse.count(coco100, replace(chosen, state="tp")) == row.tp
            assert browse.count(coco100, replace(chosen, state="fp")) == row.fp
            chosen = FailureFilter(threshold=threshold, truth_class=row.class_id)
            assert browse.count(coco100, replace(chosen, state="fn")) == row.fn


def opened(evaluation: Evaluation, threshold: float | None, **fields: Any) -> int:
    """The matches that a filter lists, to the last one."""
    chosen = FailureFilter(threshold=threshold, **fields)
    total, listed = 0, 0
    while True:
        found = browse.matches(evaluation, chosen, offset=listed, limit=500)
        total, listed = found.count, listed + len(found.matches)
        if not found.matches:
            assert listed == total == browse.count(evaluation, chosen)
            return total


@pytest.mark.once
def test_coco100_facets_histograms_and_curves_open_what_they_count(coco100: Evaluation) -> None:
    start = FailureFilter(threshold=0.0)
    for name, values in browse.facets(coco100, start).items():
        for facet in values:
            if name in ("score", "iou"):
                low, high = facet.value.split("-")
                chosen = FailureFilter.parse({"threshold": "0", f"min_{name}": low, f"max_{name}": high})
            else:
                chosen = FailureFilter.parse({"threshold": "0", name: facet.value})
            assert browse.count(coco100, chosen) == facet.count, (name, facet)
    bins = summary.histograms(coco100, 0.0)
    assert sum(right for _low, _high, right, _wrong in bins.score) == 649
    assert sum(wrong for _low, _high, _right, wrong in bins.score) == 85
    assert sum(found + lost for _name, _low, _high, found, lost in bins.size) == 830
    whole = summary.pr_curves(coco100)[0]
    assert whole.truths == 830
    assert whole.points[-1][0] == pytest.approx(649 / 830)


@pytest.mark.once
def test_coco100_failures_are_as_many_as_its_failures(coco100: Evaluation) -> None:
    assert coco100.threshold is not None
    at_zero = browse.matches(coco100, FailureFilter(threshold=0.0), limit=500)
    assert at_zero.count == 182
    assert all(match.failure for match in at_zero.matches)
    kinds = dict.fromkeys(FailureOccurrence.Kind.values, 0)
    for kind in FailureOccurrence.objects.filter(evaluation=coco100).values_list("kind", flat=True):
        kinds[kind] += 1
    assert kinds["wrong_class"] == 83
    assert kinds["missed"] >= 97


def test_an_evaluation_is_made_once_for_the_same_settings(coco100: Evaluation) -> None:
    again = evaluate.request_evaluation(coco100.prediction_set, coco100.created_by)
    assert again.pk == coco100.pk
    other = evaluate.request_evaluation(coco100.prediction_set, coco100.created_by, settings={"ignore_difficult": True})
    assert other.pk != coco100.pk


def test_columns_that_are_gone_are_said_in_words(world: Callable[..., Any], api: Any, erin: User, home: Path) -> None:
    here = world()
    here.add(["a.png"])
    here.label({"a.png": [Region("a1", "box", 1, geometry=(10, 10, 50, 50))]})
    evaluation = here.evaluate(
        here.predict(here.run(), here.publish(), [{"path": "a.png", "boxes": [], "labels": [], "scores": []}])
    )
    files.held(evaluation.columns).unlink()
    answer = api(erin).get(f"evaluations/{evaluation.uuid}/failures")
    assert (answer.status_code, answer.json()["code"]) == (410, "columns_gone")
    assert "bring the store back" in answer.json()["error"] and str(home) not in answer.json()["error"]


def test_intervals_of_a_difference_need_the_same_images_and_not_only_as_many(world: Callable[..., Any]) -> None:
    here = world()
    here.add(["a.png", "b.png", "c.png"])
    here.label({path: [Region(path, "box", 1, geometry=(10, 10, 50, 50))] for path in here.items})

    def evaluated(name: str, paths: list[str]) -> Evaluation:
        boxes = {"boxes": [[10, 10, 50, 50]], "labels": ["RBC"], "scores": [0.9]}
        found: Evaluation = here.evaluate(here.predict(here.run(name), version, [{"path": p, **boxes} for p in paths]))
        return found

    DatasetItem.objects.filter(item__path="c.png").delete()
    version = here.publish("a and b")
    one, two = evaluated("one", ["a.png"]), evaluated("two", ["a.png", "b.png"])
    assert "AP50" in headline.differences(one, two)
    selection.add_items(here.dataset, [here.items["c.png"]], splits={here.items["c.png"].uuid: "test"})
    DatasetItem.objects.filter(item__path="a.png").delete()
    version = here.publish("b and c")
    three = evaluated("three", ["b.png", "c.png"])
    assert three.counts["images"] == two.counts["images"] == 2
    assert headline.differences(two, three) == {}


@pytest.fixture
def trial(world: Callable[..., Any]) -> Any:
    """Six test images with a cell each; a run that was tried on three of them and says nothing of the third."""
    here = world()
    here.add([f"{name}.png" for name in "abcdef"])
    here.label({path: [Region(path, "box", 1, geometry=(10, 10, 50, 50))] for path in here.items})
    version = here.publish()
    right = {"boxes": [[10, 10, 50, 50]], "labels": ["RBC"], "scores": [0.9]}
    here.run_tried = here.run()
    lines = [{"path": "a.png", **right}, {"path": "b.png", **right}, {"path": "c.png", "predicted": False}]
    here.part = here.evaluate(here.predict(here.run_tried, version, lines, partial=True))
    here.version = version
    return here


def test_a_part_of_a_split_is_scored_as_that_part(trial: Any) -> None:
    part = trial.part
    assert (part.metrics["tp"], part.metrics["fn"], part.counts["images"]) == (2, 1, 3)
    missed = browse.matches(part, FailureFilter(kind="missed")).matches
    assert [match.path for match in missed] == ["c.png"]
    assert set(FailureOccurrence.objects.filter(evaluation=part).values_list("failure__item__path", flat=True)) == {
        "c.png"
    }
    # the same items on corrected labels, and the whole split beside them, which shares no file of truths with the part
    trial.label({"f.png": [], "a.png": []})
    assert trial.evaluate(part.prediction_set, trial.publish()).metrics["fn"] == 1
    whole = trial.evaluate(trial.predict(trial.run("whole"), trial.version, []))
    assert (whole.metrics["fn"], whole.counts["images"]) == (6, 6)


def test_a_failure_outside_a_part_is_not_called_right_there(trial: Any) -> None:
    trial.evaluate(trial.predict(trial.run("whole"), trial.version, []))
    inside, outside = (Failure.objects.get(region=f"{name}.png") for name in "cf")
    assert [(dot.run.name, dot.kind) for dot in verdicts.history(inside)] == [
        ("baseline", "missed"),
        ("whole", "missed"),
    ]
    assert [dot.run.name for dot in verdicts.history(outside)] == ["whole"]


def test_the_coverage_stands_beside_the_numbers_on_every_page(trial: Any, erin: User, client_for: Any) -> None:
    browser, run = client_for(erin), trial.run_tried
    viewer = f"/p/blood/failures/?evaluation={trial.part.uuid}"
    for page in (
        "/p/blood/runs/",
        *(f"/p/blood/runs/{run.uuid}/?tab={t}" for t in ("", "predictions", "lineage")),
        viewer,
    ):
        assert "3 of 6 items, 2 of them predicted" in browser.get(page).content.decode(), page
