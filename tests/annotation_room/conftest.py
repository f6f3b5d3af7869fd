"""A schema, a queue and answers for the annotation room's tests."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lode_annotation.models import Queue, Schema
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import build

LABELS = ["RBC", "WBC", "Platelets"]


@pytest.fixture
def schema(project: Project, alice: User) -> Schema:
    return create_schema(project, Caller(alice), name="cells", config=build(LABELS, "boxes"))


@pytest.fixture
def make_queue(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]]
) -> Callable[..., Queue]:
    """``make_queue(5, review=True, overlap=2)``: an open queue of that many new items, asked for in their order."""

    def make(count: int = 3, *, name: str = "", schema: Schema = schema, **facts: Any) -> Queue:
        queue = create_queue(project, Caller(alice), name=name or f"queue {uuid4().hex[:6]}", schema=schema, **facts)
        add_tasks(queue, Caller(alice), [TaskSpec(item=item) for item in make_items(project, count)])
        return queue

    return make


def make_box(
    x: float = 10.0, y: float = 20.0, width: float = 30.0, height: float = 25.0, **more: Any
) -> dict[str, Any]:
    value: dict[str, Any] = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
    value["rectanglelabels"] = [more.pop("label", "RBC")]
    value |= more.pop("value", {})
    entry = {"id": str(uuid4()), "from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": value}
    return entry | more


@pytest.fixture
def box() -> Callable[..., dict[str, Any]]:
    """``box(x, y, width, height, label=, id=)``: one box of a Label Studio result, in percent."""
    return make_box


@pytest.fixture
def answer() -> Callable[..., dict[str, Any]]:
    """``answer(result, **fields)``: the body of a submit, under an operation id of its own."""

    def make(result: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
        regions = [make_box()] if result is None else result
        return {"result": regions, "operation_id": str(uuid4()), "lead_time": 1.5, **more}

    return make


@pytest.fixture
def send(
    api: Callable[..., Any], erin: User, project: Project, run_jobs: Callable[[], int]
) -> Callable[..., dict[str, Any]]:
    """``send(*lines, schema=)``: sends lines of a label import through REST, runs the job and answers its row."""

    def go(*lines: dict[str, Any], parts: int = 1, **opening: Any) -> dict[str, Any]:
        program, uuid = api(erin), str(uuid4())
        body = {"uuid": uuid, "schema": "cells", "format": "voc", **opening}
        assert program.post(f"projects/{project.name}/label-imports", body).status_code == 201
        for number in range(parts):
            rows = "\n".join(json.dumps(row) for row in lines[number::parts])
            got = program.client.put(
                f"/api/v1/label-imports/{uuid}/parts/{number}", rows, content_type="application/x-ndjson"
            )
            assert got.status_code == 200, got.content
        started = program.post(f"label-imports/{uuid}/finish")
        assert started.status_code == 202, started.content
        run_jobs()
        return dict(program.get(f"jobs/{started.json()['uuid']}").json())

    return go


@pytest.fixture
def says(api: Callable[..., Any], answer: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """``says(bob, queue, result)``: the person takes their next task and answers it; with ``skip`` they skip it."""

    def go(user: User, queue: Queue, result: list[dict[str, Any]] | None = None, skip: bool = False) -> dict[str, Any]:
        program = api(user)
        got = program.post(f"queues/{queue.uuid}/next")
        assert got.status_code == 200, got.content
        address = f"tasks/{got.json()['task']['id']}/{'skip' if skip else 'submit'}"
        sent = program.post(address, answer(result))
        assert sent.status_code == 200, sent.content
        return dict(sent.json()["annotation"])

    return go
