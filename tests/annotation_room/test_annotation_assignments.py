"""A queue for some people or roles: only these get its tasks, and work begun before may be ended."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lode_annotation.models import Queue
from lode_annotation.shell_entries import my_tasks
from lode_platform.models import Project, User

pytestmark = pytest.mark.django_db


def test_only_those_whom_a_queue_is_for_get_its_tasks(
    make_queue: Callable[..., Queue],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    project: Project,
    alice: User,
    bob: User,
    rita: User,
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(3)
    begun = api(bob).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    for_rita = api(alice).patch(f"queues/{queue.uuid}", {"assigned": {"users": [rita.username]}})
    assert for_rita.json()["assigned"] == {"users": [rita.username], "roles": []}
    assert api(bob).post(f"queues/{queue.uuid}/next", {"holding": [begun]}).status_code == 204
    free = queue.tasks.exclude(uuid=begun).first()
    assert free is not None
    refused = api(bob).post(f"tasks/{free.uuid}/open")
    assert refused.status_code == 409 and refused.json()["code"] == "not_assigned"
    ended = api(bob).post(f"tasks/{begun}/submit", answer(next=True))
    assert ended.status_code == 200 and ended.json()["next"] is None
    assert not list(my_tasks(project, bob)) and [row.count for row in my_tasks(project, rita)] == [2]
    assert "This queue is for other people" in client_for(bob).get(f"/label/{queue.uuid}/").content.decode()
    assert api(rita).post(f"queues/{queue.uuid}/next", {}).status_code == 200
    both = {"users": [rita.username], "roles": ["annotator"]}
    assert api(alice).patch(f"queues/{queue.uuid}", {"assigned": both}).json()["assigned"] == both
    assert [row.count for row in my_tasks(project, bob)] == [1]
    assert api(bob).post(f"queues/{queue.uuid}/next", {}).status_code == 200
    api(alice).patch(f"queues/{queue.uuid}", {"assigned": {"users": [], "roles": []}})
    assert not queue.assignments.exists()


def test_strangers_and_unknown_roles_are_refused_by_name(
    make_queue: Callable[..., Queue], api: Callable[..., Any], alice: User, bob: User, charlie: User
) -> None:
    queue = make_queue(1)
    api(alice).patch(f"queues/{queue.uuid}", {"assigned": {"users": [bob.username]}})
    for wrong, said in (({"users": [charlie.username]}, charlie.username), ({"roles": ["chief"]}, "chief")):
        got = api(alice).patch(f"queues/{queue.uuid}", {"assigned": wrong})
        assert got.status_code == 400 and said in got.json()["error"]
    assert [row.user for row in queue.assignments.all()] == [bob]


def test_whom_a_queue_is_for_is_chosen_on_its_page(
    make_queue: Callable[..., Queue], client_for: Callable[[User], Client], project: Project, alice: User, bob: User
) -> None:
    queue = make_queue(1)
    address = f"/p/{project.name}/queues/{queue.uuid}/"
    form = {"settings": "1", "assigned": [f"user:{bob.username}", "role:reviewer"]}
    assert client_for(alice).post(f"{address}change/", form).status_code == 302
    page = client_for(alice).get(address).content.decode()
    assert page.count("checked>") == 2 and "for bob, Reviewer" in page
    assert client_for(alice).post(f"{address}change/", {**form, "assigned": ["user:nobody"]}).status_code == 400
    assert queue.assignments.count() == 2
