"""The board of queues: how far, who is at work, how fast, until when; statements do not grow with its rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_annotation.board import board_rows
from lode_annotation.models import Lease, Queue, Task
from lode_platform.models import Membership, Project, Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(
    make_queue: Callable[..., Queue], project: Project, client_for: Callable[[User], Client]
) -> Callable[[], Queue]:
    """``busy()``: a queue of six tasks, begun ten days ago: one done today, two three days ago, one skipped eight days
    ago, one waiting for review; its last is held by somebody new."""

    def make() -> Queue:
        queue, now = make_queue(6), timezone.now()
        user = User.objects.create(username=f"worker {User.objects.count()}")
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
        Queue.objects.filter(pk=queue.pk).update(created_at=now - timedelta(days=10))
        for number, state, days in ((1, "done", 0), (2, "done", 3), (3, "done", 3), (4, "skipped", 8)):
            rows = Task.objects.filter(queue=queue, number=number)
            rows.update(state=state, finished_at=now - timedelta(days=days))
        queue.tasks.filter(number=5).update(state="submitted")
        Lease.objects.filter(queue=queue, task__number__lt=6).update(closed=True)
        got = client_for(user).post(f"/api/v1/queues/{queue.uuid}/next", {}, content_type="application/json")
        assert got.status_code == 200
        queue.refresh_from_db()
        return queue

    return make


def test_a_row_says_how_far_who_how_fast_and_until_when(busy: Callable[[], Queue], alice: User) -> None:
    queue = busy()
    [row] = board_rows([queue], alice)
    assert (row.total, row.finished, row.backlog) == (6, 4, 2)
    assert [count for _day, count in row.days] == [0, 0, 0, 2, 0, 0, 1]
    assert (row.today, row.week, row.most) == (1, 3, 2)
    assert [one.user.username for one in row.people] == [Lease.objects.get(task__number=6).user.username]  # type: ignore[union-attr]
    assert row.oldest == Lease.objects.get(task__number=6).since
    start = timezone.localtime(row.now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=6)
    assert row.end is not None and abs(row.end - (row.now + (row.now - start) * 2 / 3)) < timedelta(seconds=1)
    assert [part["width"] for part in row.parts] == ["50.00", "16.67", "16.67", "16.67"]


def test_an_end_is_estimated_only_where_there_is_a_pace(make_queue: Callable[..., Queue], alice: User) -> None:
    [row] = board_rows([make_queue(2)], alice)
    assert row.end is None and row.backlog == 2 and row.oldest is None and row.most == 1


def test_the_boards_statements_do_not_grow_with_its_rows(
    busy: Callable[[], Queue],
    client_for: Callable[[User], Client],
    api: Callable[..., Any],
    project: Project,
    alice: User,
) -> None:
    client, page = client_for(alice), f"/p/{project.name}/queues/"

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as shown:
            assert client.get(page).status_code == 200
        with CaptureQueriesContext(connection) as said:
            assert api(alice).get(f"projects/{project.name}/board").status_code == 200
        return len(shown), len(said)

    busy()
    cost()  # what is read once for all
    few = cost()
    for _more in range(5):
        busy()
    assert cost() == few


def test_a_row_opens_into_the_tasks_being_labelled_which_a_manager_releases(
    busy: Callable[[], Queue],
    client_for: Callable[[User], Client],
    api: Callable[..., Any],
    project: Project,
    alice: User,
    bob: User,
) -> None:
    queue, other = busy(), busy()
    page = f"/p/{project.name}/queues/{queue.uuid}"
    task = queue.tasks.get(number=6)
    assert "Release" in client_for(alice).get(f"{page}/held/").content.decode()
    assert "Release" not in client_for(bob).get(f"{page}/held/").content.decode()
    assert client_for(bob).post(f"{page}/clear/", {"task": task.uuid}).status_code == 403
    released = client_for(alice).post(f"{page}/clear/", {"task": task.uuid, "to": "board"})
    assert released.status_code == 302 and released["Location"] == f"/p/{project.name}/queues/"
    assert Lease.objects.get(task=task).user is None
    assert "Nobody is labelling" in client_for(alice).get(f"{page}/held/").content.decode()
    rows = api(bob).get(f"projects/{project.name}/board").json()["results"]
    assert {row["queue"]: len(row["people"]) for row in rows} == {str(queue.uuid): 0, str(other.uuid): 1}
    address = f"queues/{other.uuid}/leases"
    assert api(alice).delete(f"{address}?task={task.uuid}").status_code == 204
    assert Lease.objects.filter(queue=other, user__isnull=False).count() == 1
    assert api(alice).delete(f"{address}?task={other.tasks.get(number=6).uuid}").status_code == 204
    assert not Lease.objects.filter(queue=other, user__isnull=False).exists()
    assert api(alice).delete(f"{address}?task=six").status_code == 400
