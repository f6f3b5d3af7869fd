"""Tasks are handed out in the queue's ordering, which may change, and so may the priorities of many."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.written_out import written_out

from lode_annotation import filling, ranking
from lode_annotation.models import Lease, Queue, Task
from lode_annotation.ordering import ORDERINGS, TaskFacts
from lode_annotation.queues import TaskSpec, add_tasks, change_queue
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User

pytestmark = pytest.mark.django_db
SCORES: list[list[Any]] = [[], [0.9], [0.1, 0.55], [0.99, "none"], [0.3, 7]]
UNSURE = [2, 4, 1, 3, 0]  # .9, .6, .2, .02, without a score
PRIORITIES = [0, 5, -3, 5, 1]
URGENT = [1, 3, 4, 0, 2]


@pytest.fixture
def filled(
    make_queue: Callable[..., Queue], make_items: Callable[..., list[Item]], project: Project, alice: User
) -> Callable[..., Queue]:
    """``filled(ordering=)``: a queue of five tasks, added one by one, of the priorities and scores above."""

    def make(**facts: Any) -> Queue:
        queue = make_queue(0, **facts)
        for item, priority, scores in zip(make_items(project, 5), PRIORITIES, SCORES, strict=True):
            prelabels = [{"score": score} for score in scores]
            add_tasks(queue, Caller(alice), [TaskSpec(item, priority=priority, prelabels=prelabels)])
        return queue

    return make


def handed_out(queue: Queue, client: Client) -> list[int]:
    """The tasks in the order in which they are handed out, counted from 0."""
    found: list[dict[str, Any]] = []
    for _one in range(queue.size):
        holding = {"holding": [one["task"]["id"] for one in found]}
        got = client.post(f"/api/v1/queues/{queue.uuid}/next", holding, content_type="application/json")
        assert got.status_code == 200
        found.append(got.json())
    Lease.objects.update(user=None, since=None, until=None)
    return [one["task"]["position"] - 1 for one in found]


def by_uuid(queue: Queue) -> list[int]:
    """At random is by the tasks' own random uuids."""
    return [task.number - 1 for task in sorted(queue.tasks.all(), key=lambda task: -(task.uuid.int >> 97))]


@pytest.mark.parametrize("later", [False, True], ids=["created", "changed"])
@pytest.mark.parametrize("ordering", list(ORDERINGS))
def test_tasks_are_handed_out_in_the_queues_ordering(
    ordering: str,
    later: bool,
    filled: Callable[..., Queue],
    client_for: Callable[[User], Client],
    bob: User,
    alice: User,
) -> None:
    queue = filled(overlap=2) if later else filled(overlap=2, ordering=ordering)
    if later:
        change_queue(queue, Caller(alice), ordering="oldest")
        change_queue(queue, Caller(alice), ordering=ordering)
    wanted = {"priority": URGENT, "oldest": [0, 1, 2, 3, 4], "random": by_uuid(queue), "uncertainty": UNSURE}
    assert handed_out(queue, client_for(bob)) == wanted[ordering]


def test_many_tasks_are_ordered_and_prioritised_by_a_job(
    filled: Callable[..., Queue],
    client_for: Callable[[User], Client],
    api: Callable[..., Any],
    bob: User,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = filled()
    monkeypatch.setattr(ranking, "BATCH", 2)
    got = api(alice).patch(f"queues/{queue.uuid}", {"ordering": "uncertainty"})
    assert got.status_code == 200 and got.json()["ordering"] == "uncertainty"
    assert handed_out(queue, client_for(bob)) == URGENT
    jobs.run_pending()
    assert handed_out(queue, client_for(bob)) == UNSURE
    api(alice).patch(f"queues/{queue.uuid}", {"ordering": "priority"})
    said = api(alice).post(f"queues/{queue.uuid}/priority", {"priority": 9, "filter": {"state": "open"}}).json()
    assert said["changed"] == 0 and said["job"]["state"] == "queued"
    jobs.run_pending()
    assert [job.result["changed"] for job in Job.objects.filter(verb=ranking.VERB).order_by("pk")] == [5, 5, 5]
    assert handed_out(queue, client_for(bob)) == [0, 1, 2, 3, 4]
    assert set(queue.tasks.values_list("priority", flat=True)) == {9}


def test_a_queue_filled_by_a_filter_has_its_ordering(
    make_items: Callable[..., list[Item]],
    project: Project,
    schema: Any,
    alice: User,
    bob: User,
    client_for: Callable[[User], Client],
) -> None:
    make_items(project, 6)
    queue, _filled = filling.create_filled(project, Caller(alice), {}, name="mixed", schema=schema, ordering="random")
    assert handed_out(queue, client_for(bob)) == by_uuid(queue)


def test_selected_tasks_get_a_priority_on_the_page_and_their_places_the_rank(
    filled: Callable[..., Queue], client_for: Callable[[User], Client], project: Project, bob: User, alice: User
) -> None:
    queue = filled(overlap=2)
    last = queue.tasks.get(number=5)
    address = f"/p/{project.name}/queues/{queue.uuid}/priority/"
    assert client_for(alice).post(address, {"priority": "50", "task": [str(last.uuid)]}).status_code == 302
    assert set(Lease.objects.filter(task=last).values_list("rank", flat=True)) == {50}
    assert handed_out(queue, client_for(bob))[0] == 4
    all_of = {"priority": "-7", "all": "1", "q": queue.tasks.get(number=2).item.path}
    assert client_for(alice).post(address, all_of).status_code == 302
    assert list(queue.tasks.filter(priority=-7).values_list("number", flat=True)) == [2]
    assert handed_out(queue, client_for(bob))[-1] == 1
    assert client_for(bob).post(address, all_of).status_code == 403
    assert client_for(alice).post(address, {**all_of, "priority": "high"}).status_code == 400


def test_a_priority_is_refused_by_name(filled: Callable[..., Queue], api: Callable[..., Any], alice: User) -> None:
    queue, other = filled(), filled()
    foreign = str(Task.objects.filter(queue=other).values_list("uuid", flat=True)[0])
    address = f"queues/{queue.uuid}/priority"
    for body, field in (
        ({"priority": 1}, "tasks"),
        ({"priority": 1, "tasks": [foreign]}, "tasks"),
        ({"priority": 1, "filter": {"colour": "red"}}, "colour"),
        ({"priority": 1, "filter": {"state": "lost"}}, "state"),
        ({"priority": 2**31, "filter": {}}, "priority"),
    ):
        got = api(alice).post(address, body)
        assert got.status_code == 400 and field in str(got.json()), got.content
    assert api(alice).patch(f"queues/{queue.uuid}", {"ordering": "alphabet"}).status_code == 400
    assert list(queue.tasks.order_by("number").values_list("priority", flat=True)) == PRIORITIES


def test_the_ordering_that_is_written_out_puts_crowded_pictures_first(filled: Callable[..., Queue]) -> None:
    crowded = written_out("The task with the most").Crowded()
    facts = [TaskFacts(task.uuid, task.priority, task.prelabels) for task in filled().tasks.order_by("number")]
    assert [crowded.rank(one) for one in facts] == [0, 1, 2, 2, 2]
