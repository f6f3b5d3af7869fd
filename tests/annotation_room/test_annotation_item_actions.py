"""Items put into a queue in bulk, and the priority of tasks, each undone; the columns of this room."""

from collections.abc import Callable
from typing import Any

import pytest

from lode_annotation.models import Lease, Queue, Schema, Task
from lode_annotation.queue_context import context_for
from lode_annotation.queues import claim
from lode_platform import bulk_actions, item_columns
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, Project, User

pytestmark = pytest.mark.django_db


def test_items_are_queued_and_taken_out_but_for_what_is_begun(
    project: Project, alice: User, bob: User, make_queue: Callable[..., Queue], make_items: Callable[..., list[Item]]
) -> None:
    queue = make_queue(2, name="cells")
    Queue.objects.update(overlap=2)
    make_items(project, 3)
    given = {"queue": "cells", "priority": "9"}
    row = bulk_actions.begin(project, Caller(alice), "queue", given, filter={"query": "width>0"})
    queue.refresh_from_db()
    assert row.count == 3 and queue.size == 5 == queue.tasks.count()
    assert Lease.objects.filter(queue=queue, rank=9).count() == 6
    held = claim(context_for(Caller(bob), queue.uuid, "queue.label"), bob)
    assert held is not None
    undone = bulk_actions.undo(row, Caller(alice))
    assert undone.undo_result == {"removed": 2, "begun": 1} and queue.tasks.count() == 3


def test_a_queue_is_made_for_items_and_closed_when_that_is_undone(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]]
) -> None:
    made = make_items(project, 2)
    caller, given = Caller(alice), {"new_queue": "look again", "schema": "cells"}
    row = bulk_actions.begin(project, caller, "queue", given, items=[item.uuid for item in made])
    queue = Queue.objects.get(name="look again")
    assert list(queue.tasks.order_by("number").values_list("item__path", flat=True)) == [item.path for item in made]
    assert item_columns.table(made, item_columns.wanted(["queue"], project), alice)[0][1][0][1] == "look again"
    for wrong, words in [({**given, "queue": "look again"}, "Choose a queue"), ({"new_queue": "b"}, "needs a schema")]:
        with pytest.raises(BadInput, match=words):
            bulk_actions.begin(project, caller, "queue", wrong, items=[made[0].uuid])
    bulk_actions.undo(row, caller)
    queue.refresh_from_db()
    assert (queue.state, queue.size) == ("closed", 0)


def test_priorities_are_set_and_each_given_back(
    project: Project, alice: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(4, name="cells")
    tasks = list(queue.tasks.order_by("number"))
    Task.objects.filter(pk=tasks[1].pk).update(priority=4)
    Lease.objects.filter(task=tasks[1]).update(rank=4)
    Task.objects.filter(pk=tasks[3].pk).update(state="done")
    given = {"queue": "cells", "priority": "7"}
    row = bulk_actions.begin(project, Caller(alice), "priority", given, filter={})

    def priorities(model: Any) -> list[int]:
        field = "rank" if model is Lease else "priority"
        return list(model.objects.filter(queue=queue).order_by("pk").values_list(field, flat=True))

    assert row.count == 3 and priorities(Task) == [7, 7, 7, 0] == priorities(Lease)
    Task.objects.filter(pk=tasks[2].pk).update(priority=1)  # somebody's own doing since
    Lease.objects.filter(task=tasks[2]).update(rank=1)
    bulk_actions.undo(row, Caller(alice))
    assert priorities(Task) == [0, 4, 1, 0] == priorities(Lease)


def test_a_task_says_what_the_project_says_of_its_item(
    alice: User, make_queue: Callable[..., Queue], api: Callable[..., Any]
) -> None:
    queue = make_queue(1)
    Item.objects.update(metadata={"site": "Berlin", "age": 60})
    payload = api(alice).post(f"queues/{queue.uuid}/next").json()
    assert payload["media"]["metadata"] == {"site": "Berlin", "age": 60}
