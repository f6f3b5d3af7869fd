"""Validation: every rule refuses by region, and nothing that Label Studio lets through passes."""

import json
import math
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.models import LabelSet, Queue, Schema, Task
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.rules import rules_of
from lode_annotation.validation import problems_of, validate
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import build
from motherlode.media import Image

CELLS = {("label", "RBC"): 1, ("label", "WBC"): 2}
BOXES = rules_of(controls_json(parse_config(build(["RBC", "WBC"], "boxes")), CELLS))
QUALITY = {("choice", "good"): 1, ("choice", "bad"): 2}
CLASSES = rules_of(controls_json(parse_config(build(["good", "bad"], "classes", required=True)), QUALITY))


def rules_broken(result: Any, rules: Any = BOXES) -> list[tuple[str, str]]:
    return [(problem.region, problem.rule) for problem in problems_of(result, Image(640, 480), rules)]


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
        ({"value": {"rotation": "12"}}, "number"),
        ({"value": {"rotation": 45, "x": 130}}, "outside"),
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
            "from_name": "choice",
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
    kept = validate([sent], Image(640, 480), BOXES)
    assert (kept[0]["original_width"], kept[0]["original_height"]) == (640, 480)
    assert kept[0]["value"] == sent["value"]


def test_the_refusal_names_every_region(box: Callable[..., Any]) -> None:
    with pytest.raises(BadInput) as caught:
        validate([box(id="a", value={"width": 0}), box(id="b", label="x")], Image(640, 480), BOXES)
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


@pytest.mark.django_db
@pytest.mark.parametrize("odd", [r"1e999", r'"a\u0000b"', r'"\ud800"'], ids=["infinite", "nul", "half a surrogate"])
@pytest.mark.parametrize("door", ["submit", "skip", "draft", "review"])
def test_what_no_database_keeps_is_refused_with_words(
    odd: str, door: str, api: Callable[..., Any], bob: User, rita: User, make_queue: Callable[..., Queue], box: Any
) -> None:
    queue = make_queue(1, review=True)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    body = {"operation_id": str(uuid4()), "result": [box()]}
    path = f"tasks/{task}/{door}"
    if door == "review":
        done = api(bob).post(f"tasks/{task}/submit", body).json()["annotation"]["id"]
        path, body = f"annotations/{done}/review", {**body, "operation_id": str(uuid4()), "verdict": "fix"}
    if door == "draft":
        body = {}
    body["result"] = [box(id="odd", meta={"text": "@"})]
    text = json.dumps(body).replace('"@"', odd)
    program = api(rita if door == "review" else bob)
    got = program.put(path, text) if door == "draft" else program.post(path, text)
    assert got.status_code == 400 and got.json()["code"] == "bad_result" and "odd" in got.json()["error"]


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_that_no_database_holds_is_refused(
    api: Callable[..., Any],
    bob: User,
    alice: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
    number: int,
) -> None:
    queue = make_queue(1)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    assert api(bob).post(f"tasks/{task}/submit", answer(base_revision=number)).status_code == 400
    assert api(bob).put(f"tasks/{task}/draft", {"result": [], "base_revision": number}).status_code == 400
    assert api(alice).post(f"queues/{queue.uuid}/tasks", {"items": {}, "priority": number}).status_code == 400
    begun = api(alice).post("projects/blood/label-imports", {"uuid": str(uuid4()), "schema": "cells"})
    address = f"/api/v1/label-imports/{begun.json()['uuid']}/parts/{number}"
    sent = api(alice).client.put(address, b"", content_type="application/x-ndjson")
    assert (sent.status_code, sent.json()["code"]) == (400, "bad_part")


@pytest.mark.django_db
@pytest.mark.parametrize("door", ["submit", "skip"])
def test_a_result_that_is_no_list_is_refused(
    door: str, api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Any
) -> None:
    queue = make_queue(1)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    got = api(bob).post(f"tasks/{task}/{door}", {**answer(), "result": 5})
    assert got.status_code == 400 and got.json()["code"] == "bad_result"


@pytest.mark.django_db
def test_a_region_that_came_in_with_more_corners_than_one_may_draw_is_kept_as_it_is(
    send: Callable[..., Any],
    api: Callable[..., Any],
    bob: User,
    alice: User,
    project: Project,
    make_items: Callable[..., list[Item]],
    answer: Callable[..., dict[str, Any]],
) -> None:
    [item] = make_items(project, 1)
    angles = (2 * math.pi * corner / 10_001 for corner in range(10_001))
    ring = [[32 + 20 * math.cos(angle), 24 + 20 * math.sin(angle)] for angle in angles]
    row = {"path": item.path, "labelled": True, "regions": [{"kind": "polygon", "label": "lake", "polygon": [[ring]]}]}
    send(row, schema="lakes")
    queue = create_queue(project, Caller(alice), name="lakes", schema=Schema.objects.get())
    add_tasks(queue, Caller(alice), [TaskSpec(item=item)])
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()
    [start] = task["start"]
    points = start["value"]["points"]
    moved = {**start, "value": {**start["value"], "points": [[points[0][0], points[0][1] + 1], *points[1:]]}}
    refused = program.post(f"tasks/{task['task']['id']}/submit", answer([moved]))
    assert [(problem["region"], problem["rule"]) for problem in refused.json()["problems"]] == [(start["id"], "points")]
    before = LabelSet.objects.current().get()
    assert program.post(f"tasks/{task['task']['id']}/submit", answer([start])).status_code == 200
    assert LabelSet.objects.current().get().regions == before.regions
