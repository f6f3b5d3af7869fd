"""Answers to items of several pages: which page each region lies on, from a submit to the label set."""

from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.models import LabelSet, Queue
from lode_annotation.rules import rules_of
from lode_annotation.validation import problems_of
from lode_platform.models import Item, User
from motherlode.labeling_config import build
from motherlode.media import Image

BOXES = rules_of(controls_json(parse_config(build(["RBC"], "boxes")), {("label", "RBC"): 1}))
QUALITY = rules_of(controls_json(parse_config(build(["good"], "classes")), {("choice", "good"): 1}))


@pytest.mark.parametrize("index", [0, 2, None])
def test_a_page_that_is_there_is_taken(box: Callable[..., Any], index: int | None) -> None:
    assert list(problems_of([box(item_index=index)], Image(64, 48, 3), BOXES)) == []


@pytest.mark.parametrize(("pages", "index"), [(3, 3), (3, -1), (3, "0"), (3, 1.5), (3, True), (3, {}), (1, 1)])
def test_a_page_that_is_not_there_is_refused_by_region(box: Callable[..., Any], pages: int, index: Any) -> None:
    [problem] = problems_of([box(id="a"), box(id="b", item_index=index)], Image(64, 48, pages), BOXES)
    assert (problem.region, problem.rule) == ("b", "page") and "item's pages" in problem.error


def test_an_answer_about_the_whole_item_names_no_page() -> None:
    entry = {"id": "q", "from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": ["good"]}}
    assert list(problems_of([{**entry, "item_index": 0}], Image(64, 48, 3), QUALITY)) == []
    [problem] = problems_of([{**entry, "item_index": 2}], Image(64, 48, 3), QUALITY)
    assert problem.rule == "page" and "leave out item_index" in problem.error


@pytest.mark.django_db
def test_a_submitted_page_is_the_frame_of_the_label_set_and_comes_back(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], box: Callable[..., Any], answer: Any
) -> None:
    queue = make_queue(1)
    Item.objects.update(length=3)
    program = api(bob)
    payload = program.post(f"queues/{queue.uuid}/next").json()
    assert (payload["media"]["pages"], payload["media"]["length"]) == (3, 3)
    task = payload["task"]["id"]
    refused = program.post(f"tasks/{task}/submit", answer([box(item_index=3)]))
    assert refused.status_code == 400 and refused.json()["problems"][0]["rule"] == "page"
    sent = [box(id="a", item_index=0), box(id="b", item_index=2), box(id="c")]
    assert program.post(f"tasks/{task}/submit", answer(sent)).status_code == 200
    assert [row.get("frame") for row in LabelSet.objects.get().regions] == [None, 2, None]
    shown = program.post(f"tasks/{task}/open").json()["annotation"]["result"]
    assert [entry.get("item_index") for entry in shown] == [0, 2, None]

    Item.objects.update(length=2)  # another file has come, with fewer pages
    shown = program.post(f"tasks/{task}/open").json()["annotation"]["result"]
    assert [entry.get("item_index") for entry in shown] == [0, 1, None]
