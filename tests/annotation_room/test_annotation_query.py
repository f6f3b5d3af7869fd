"""What this room adds to the query language: the labels of an item, and who gave them."""

from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.models import Queue, Schema
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User
from lode_platform.query import parse
from lode_platform.query_fields import compile_query
from motherlode.labeling_config import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]], send: Callable[..., Any]
) -> list[Item]:
    """Five items: an RBC and a WBC, two RBC, nothing there, unlabelled, and a class of another schema alone."""
    create_schema(project, Caller(alice), name="quality", config=build(["sharp", "RBC"], "classes"))
    items = make_items(project, 5)
    labels = [["RBC", "WBC"], ["RBC", "RBC"], []]
    lines = [
        {
            "path": item.path,
            "labelled": True,
            "regions": [
                {"kind": "box", "label": label, "box": [n * 9 + 1, 1, n * 9 + 8, 9]} for n, label in enumerate(names)
            ],
        }
        for item, names in zip(items, labels, strict=False)
    ]
    send(*lines)
    send({"path": items[4].path, "labelled": True, "regions": [{"kind": "choice", "label": "RBC"}]}, schema="quality")
    return items


CASES = {
    "class:RBC": [0, 1, 4],
    "class:rbc and schema:cells": [0, 1],
    "class:RBC not class:WBC": [1, 4],
    "class:sharp": [],
    "class:RBC or class:WBC": [0, 1, 4],
    "schema:quality": [4],
    "regions:2": [0, 1],
    "regions:0": [2, 4],
    "regions>=1": [0, 1],
    "labelled:no": [3],
    "labelled:yes class!=RBC": [2],
}


@pytest.mark.parametrize("text", CASES)
def test_items_are_found_by_what_is_true_of_them(
    project: Project, alice: User, labelled: list[Item], text: str
) -> None:
    rows = project.items.live().filter(compile_query(parse(text), project, alice).condition)
    assert sorted(rows.values_list("pk", flat=True)) == [labelled[n].pk for n in CASES[text]]


def test_items_are_found_by_who_answered_and_by_the_name_of_their_queue(
    api: Callable[..., Any], project: Project, alice: User, bob: User, make_queue: Callable[..., Queue], answer: Any
) -> None:
    queue = make_queue(3, name="first look")
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    program.post(f"tasks/{task}/submit", answer())
    done = queue.tasks.get(uuid=task).item.path

    def found(query: str) -> list[str]:
        rows = project.items.live().filter(compile_query(parse(query), project, alice).condition)
        return list(rows.values_list("path", flat=True))

    assert found("annotator:BOB") == [done]
    assert len(found('queue:"First look"')) == 3
    assert len(found('queue:"first look" -annotator:bob')) == 2


def test_a_query_fills_a_queue(
    client_for: Callable[..., Any],
    project: Project,
    alice: User,
    labelled: list[Item],
    run_jobs: Callable[[], int],
) -> None:
    client, at = client_for(alice), f"/p/{project.name}/queues/new/"
    body = {"name": "again", "schema": "cells", "reason": "again", "query": "class:RBC and regions:2"}
    assert client.post(at, body).status_code == 302
    run_jobs()
    tasks = Queue.objects.get(name="again").tasks.values_list("item", flat=True)
    assert set(tasks) == {item.pk for item in labelled[:2]}
    counted = client.get(at, {"count": "1", "query": "class:RBC and regions:2"})
    assert "2 matching items" in counted.content.decode()
    refused = client.get(at, {"count": "1", "query": "clas:x"})
    assert refused.status_code == 400
