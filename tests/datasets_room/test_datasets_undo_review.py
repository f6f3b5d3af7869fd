"""A verdict that a version stands on is not taken back."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lode_annotation import queues
from lode_annotation.models import LabelSet
from lode_platform.callers import Caller
from lode_platform.models import User

pytestmark = pytest.mark.django_db


def test_a_verdict_whose_labels_a_version_holds_cannot_be_taken_back(
    api: Callable[..., Any], rita: User, bob: User, cells: Any
) -> None:
    item, other = cells.add(2)
    queue = queues.create_queue(cells.project, Caller(cells.user), name="check", schema=cells.schema, review=True)
    queues.add_tasks(queue, Caller(cells.user), [queues.TaskSpec(item=item), queues.TaskSpec(item=other)])
    given = []
    for _ in range(2):
        task = api(bob).post(f"queues/{queue.uuid}/next").json()
        body = {"operation_id": str(uuid4()), "result": task["start"][:1]}
        answer = api(bob).post(f"tasks/{task['task']['id']}/submit", body).json()["annotation"]
        word = {"verdict": "accept", "operation_id": str(uuid4())}
        assert api(rita).post(f"annotations/{answer['id']}/review", word).status_code == 200
        given.append(f"annotations/{answer['id']}/review?operation_id={word['operation_id']}")
    assert api(rita).delete(given[0]).status_code == 200
    current = LabelSet.objects.current()
    assert len(current.get(item=item).regions) == 2 and len(current.get(item=other).regions) == 1
    cells.publish()
    refused = api(rita).delete(given[1])
    assert refused.status_code == 409 and "a version contains these labels" in refused.json()["error"]
    assert len(current.get(item=other).regions) == 1
