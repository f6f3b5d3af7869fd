"""A queue of many items is filled by a job: in batches, offered once it is whole, taken up again, taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_annotation import filling, queues
from lode_annotation.models import Lease, Queue, Schema, Task
from lode_annotation.queue_context import context_for
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, Job, JobState, Project, User

ClientFor = Callable[..., Any]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda size: monkeypatch.setattr(filling, "BATCH", size)


@pytest.fixture
def begin(project: Project, alice: User, schema: Schema) -> Callable[..., tuple[Queue, filling.Filled]]:
    def make(given: dict[str, Any] | None = None) -> tuple[Queue, filling.Filled]:
        name = f"queue {Queue.objects.count()}"
        return filling.create_filled(project, Caller(alice), given or {}, name=name, schema=schema)

    return make


def die_at(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> Callable[[], None]:
    """The worker dies the n-th time it comes to a step; calling what is returned makes its lease lapse."""
    seen: list[str] = []

    def step(self: jobs.Work, at: str) -> None:
        seen.append(at)
        if seen.count(name) == number and at == name:
            raise KeyboardInterrupt

    monkeypatch.setattr(jobs.Work, "step", step)
    return lambda: void(Job.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1)))


def void(_answer: object) -> None:
    """For a lambda that answers nothing."""


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_queue_filled_from_a_filter_has_each_item_once_by_path(
    project: Project,
    alice: User,
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
    size: int,
) -> None:
    batches(size)
    queue = make_queue(2)
    Queue.objects.update(overlap=2)
    make_items(project, 6)
    chosen = Item.objects.live().filter(project=project, path__icontains="item")
    there = set(queue.tasks.values_list("item_id", flat=True))
    filled = filling.fill(queue, Caller(alice), {"search": "item"}, priority=7)
    if size < 100:
        assert filled.job is not None and queue.tasks.count() == 2
        jobs.run_pending()
        filled.job.refresh_from_db()
        added = filled.job.result["added"]
    else:
        assert filled.job is None
        added = filled.added
    queue.refresh_from_db()
    tasks = list(queue.tasks.select_related("item").order_by("number"))
    assert added == len(tasks) - 2 == chosen.exclude(pk__in=there).count() > 2
    assert [task.number for task in tasks] == list(range(1, queue.size + 1))
    new = tasks[2:]
    assert [task.item.path for task in new] == sorted(task.item.path for task in new)
    assert {(task.priority, task.state, tuple(task.prelabels)) for task in new} == {(7, "open", ())}
    assert len({task.uuid for task in tasks}) == len(tasks)
    places = Lease.objects.filter(task__in=new).order_by("pk")
    wanted = [(task.number, place, False, 7) for task in new for place in (0, 1)]
    assert list(places.values_list("task__number", "place", "closed", "rank")) == wanted
    again = filling.fill(queue, Caller(alice), {"search": "item"})
    jobs.run_pending()
    queue.refresh_from_db()
    assert again.added == 0 and queue.size == len(tasks) and queue.filling is None


@pytest.mark.parametrize(("at", "number"), [("batch", 1), ("batch", 3), ("offered", 1)])
def test_a_new_queue_is_offered_when_it_is_whole_though_workers_die(
    project: Project,
    alice: User,
    client_for: ClientFor,
    begin: Callable[..., tuple[Queue, filling.Filled]],
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    number: int,
) -> None:
    make_items(project, 7)
    batches(2)
    queue, filled = begin()
    assert filled.job is not None and queue.state == "filling"
    lapse = die_at(monkeypatch, at, number)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_pending()
    queue.refresh_from_db()
    client = client_for(alice)
    page = client.get(f"/p/{project.name}/queues/{queue.uuid}/").content.decode()
    if at == "batch":
        assert queue.tasks.count() == 2 * number
        assert queue.state == "filling" and "Being filled" in page
        context = context_for(Caller(alice), queue.uuid, "queue.label")
        assert queues.claim(context, alice) is None
        assert queue not in Queue.objects.filter(state=Queue.State.OPEN)
        with pytest.raises(Conflict, match="being filled"):
            queues.change_queue(queue, Caller(alice), state="open")
        with pytest.raises(Conflict, match="being filled"):
            filling.fill(queue, Caller(alice), {})
        with pytest.raises(Conflict, match="being filled"):
            queues.add_tasks(queue, Caller(alice), [queues.TaskSpec(item=Item.objects.all()[6])])
    lapse()
    assert jobs.run_pending() == 1
    queue.refresh_from_db()
    assert queue.state == "open" and queue.filling is None and queue.size == 7
    assert list(queue.tasks.order_by("number").values_list("number", flat=True)) == list(range(1, 8))
    assert Lease.objects.filter(queue=queue).count() == 7
    assert "Being filled" not in client.get(f"/p/{project.name}/queues/{queue.uuid}/").content.decode()


def test_a_filling_that_is_cancelled_leaves_an_empty_closed_queue_and_can_be_tried_again(
    project: Project,
    begin: Callable[..., tuple[Queue, filling.Filled]],
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_items(project, 7)
    batches(2)
    queue, filled = begin()
    assert filled.job is not None
    lapse = die_at(monkeypatch, "batch", 2)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_pending()
    jobs.cancel(filled.job)
    lapse()
    jobs.run_pending()
    queue.refresh_from_db()
    filled.job.refresh_from_db()
    assert filled.job.state == JobState.CANCELLED
    assert queue.state == "closed" and queue.filling is None and queue.size == 0
    assert not Task.objects.exists() and not Lease.objects.exists()
    jobs.retry(filled.job)
    jobs.run_pending()
    queue.refresh_from_db()
    assert queue.state == "open" and queue.filling is None and queue.size == queue.tasks.count() == 7


def test_adding_that_is_cancelled_takes_out_what_it_added_and_nobody_has_begun(
    project: Project,
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = make_queue(1)
    make_items(project, 7)
    batches(2)
    filled = filling.fill(queue, Caller(alice), {}, priority=5)
    assert filled.job is not None and queue.state == "open"
    lapse = die_at(monkeypatch, "batch", 2)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_pending()
    assert queue.tasks.count() > 2
    held = queues.claim(context_for(Caller(bob), queue.uuid, "queue.label"), bob)
    assert held is not None and Task.objects.get(pk=held.task_id).number > 1
    jobs.cancel(filled.job)
    lapse()
    jobs.run_pending()
    queue.refresh_from_db()
    kept = list(queue.tasks.order_by("number").values_list("pk", flat=True))
    assert len(kept) == 2 and held.task_id in kept
    assert queue.state == "open" and queue.filling is None
    assert queue.size == Task.objects.get(pk=held.task_id).number


def test_a_filter_that_is_no_longer_valid_fails_the_job_and_takes_back(
    project: Project,
    begin: Callable[..., tuple[Queue, filling.Filled]],
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
) -> None:
    make_items(project, 3)
    batches(1)
    queue, filled = begin({"labelled": "no"})
    assert filled.job is not None
    Job.objects.filter(pk=filled.job.pk).update(arguments={**filled.job.arguments, "filter": {"labelled": "perhaps"}})
    jobs.run_pending()
    filled.job.refresh_from_db()
    queue.refresh_from_db()
    assert filled.job.state == JobState.FAILED and "perhaps" in filled.job.error
    assert queue.state == "closed" and queue.size == 0
    with pytest.raises(BadInput, match="no filter"):
        begin({"colour": "red"})


def test_a_refused_filter_leaves_no_queue(begin: Callable[..., tuple[Queue, filling.Filled]]) -> None:
    with pytest.raises(BadInput):
        begin({"labelled": "perhaps"})
    assert not Queue.objects.exists()


def test_a_batch_takes_as_many_statements_however_large_it_is(
    project: Project,
    alice: User,
    schema: Schema,
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
) -> None:
    make_items(project, 50)
    counts = []
    for size, search in ((5, "item-0000"), (25, "item-000")):
        batches(size)
        queue, filled = filling.create_filled(project, Caller(alice), {"search": search}, name=search, schema=schema)
        assert filled.job is not None
        with CaptureQueriesContext(connection) as captured:
            jobs.run_pending()
        queue.refresh_from_db()
        assert queue.size == 2 * size
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_rest_answers_the_job(
    project: Project,
    api: Callable[..., Any],
    alice: User,
    schema: Schema,
    make_items: Callable[..., list[Item]],
    batches: Callable[[int], None],
) -> None:
    make_items(project, 3)
    batches(2)
    client = api(alice)
    made = client.post(f"projects/{project.name}/queues", {"name": "all", "schema": schema.name, "items": {}})
    assert made.status_code == 201, made.content
    said = made.json()
    assert said["state"] == "filling" and said["added"] == 0 and said["job"]["state"] == "queued"
    more = client.post(f"queues/{said['uuid']}/tasks", {"items": {}})
    assert more.status_code == 409 and more.json()["code"] == "being_filled"
    jobs.run_pending()
    queue = client.get(f"queues/{said['uuid']}").json()
    assert queue["state"] == "open" and queue["size"] == queue["counts"]["open"] == 3
    assert client.get(f"jobs/{said['job']['uuid']}").json()["result"]["added"] == 3
    again = client.post(f"queues/{said['uuid']}/tasks", {"items": []})
    assert again.status_code == 201 and again.json() == {"added": 0, "job": None, "size": 3}
