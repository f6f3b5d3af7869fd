"""The gate: every rule refuses by region, and nothing that Label Studio lets through passes."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.gate import checked, problems_of
from lode_annotation.labeling import config_for, controls_json, parse_config, rules_of
from lode_annotation.models import LabelSet, Queue, Task
from lode_platform.errors import BadInput
from lode_platform.models import User

BOXES = rules_of(controls_json(parse_config(config_for(["RBC", "WBC"], "boxes")), {"RBC": 1, "WBC": 2}))
CLASSES = rules_of(controls_json(parse_config(config_for(["good", "bad"], "classes")), {"good": 1, "bad": 2}))


def rules_broken(result: Any, rules: Any = BOXES) -> list[tuple[str, str]]:
    return [(problem.region, problem.rule) for problem in problems_of(result, 640, 480, rules)]


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"value": {"x": math.nan}}, "number"),
        ({"value": {"y": math.inf}}, "number"),
        ({"value": {"width": "30"}}, "number"),
        ({"value": {"width": True}}, "number"),
        ({"value": {"height": None}}, "number"),
        ({"value": {"width": 0}}, "area"),
        ({"value": {"height": -1}}, "area"),
        ({"value": {"x": -0.1}}, "outside"),
        ({"value": {"x": 90, "width": 11}}, "outside"),
        ({"value": {"y": 100, "height": 1e-9}}, "area"),
        ({"value": {"rotation": 12}}, "rotation"),
        ({"value": {"rectanglelabels": ["Platelet"]}}, "class"),
        ({"value": {"rectanglelabels": []}}, "label"),
        ({"value": {"rectanglelabels": ["RBC", "WBC"]}}, "label"),
        ({"from_name": "other"}, "control"),
        ({"from_name": ["label"]}, "control"),
        ({"to_name": "text"}, "object"),
        ({"type": "polygonlabels"}, "type"),
        ({"original_width": 480, "original_height": 640}, "image"),
    ],
)
def test_a_broken_rule_is_named_with_its_region(box: Callable[..., Any], change: dict[str, Any], rule: str) -> None:
    good, bad = box(id="good"), box(id="bad", **change)
    assert rules_broken([good, bad]) == [("bad", rule)]


def test_ids_are_there_and_unique(box: Callable[..., Any]) -> None:
    assert rules_broken([box(id="a"), box(id="a")]) == [("a", "duplicate")]
    assert rules_broken([box(id=""), 7]) == [("#1", "id"), ("#2", "id")]
    assert rules_broken({"a": 1}) == [("", "shape")]


def test_a_required_choice_must_be_there_once_and_single() -> None:
    def chosen(*labels: str, name: str = "c") -> dict[str, Any]:
        return {
            "id": name,
            "from_name": "class",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": [*labels]},
        }

    assert rules_broken([], CLASSES) == [("", "required")]
    assert rules_broken([chosen("good")], CLASSES) == []
    assert rules_broken([chosen("good", "bad")], CLASSES) == [("c", "label"), ("", "required")]
    assert rules_broken([chosen("ugly")], CLASSES) == [("c", "class"), ("", "required")]
    assert rules_broken([chosen("good"), chosen("bad", name="d")], CLASSES) == [("d", "duplicate")]


def test_a_float_that_sticks_out_by_its_last_digit_passes_and_the_image_size_is_added(box: Callable[..., Any]) -> None:
    sent = box(100 - 1 / 3, 0, 1 / 3 + 1e-10, 100)
    kept = checked([sent], 640, 480, BOXES)
    assert (kept[0]["original_width"], kept[0]["original_height"]) == (640, 480)
    assert kept[0]["value"] == sent["value"]


def test_the_refusal_names_every_region(box: Callable[..., Any]) -> None:
    with pytest.raises(BadInput) as caught:
        checked([box(id="a", value={"width": 0}), box(id="b", label="x")], 640, 480, BOXES)
    assert [row["region"] for row in caught.value.facts["problems"]] == ["a", "b"]


@pytest.mark.django_db
def test_a_refused_answer_changes_nothing_and_keeps_the_lease(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], box: Callable[..., Any], answer: Any
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    got = program.post(f"tasks/{task}/submit", answer([box(id="bad", value={"width": 0})]))
    assert got.status_code == 400 and got.json()["code"] == "bad_result"
    assert got.json()["problems"][0]["region"] == "bad" and got.json()["problems"][0]["rule"] == "area"
    assert Task.objects.get().state == "open" and not LabelSet.objects.exists()
    assert program.post(f"tasks/{task}/submit", answer()).status_code == 200
