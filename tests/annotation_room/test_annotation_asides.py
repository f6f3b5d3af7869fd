"""What is said beside answers: why a task is skipped, a flag with a note, and until when a queue is due."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lode_annotation.models import Queue
from lode_platform.models import Event, Project, User

pytestmark = pytest.mark.django_db
NOTE = "<b>blurred</b> & dark"


def test_reasons_to_skip_come_with_the_task_and_a_skip_keeps_its_reason(
    make_queue: Callable[..., Queue], api: Callable[..., Any], alice: User, bob: User, answer: Callable[..., Any]
) -> None:
    queue = make_queue(2)
    changed = api(alice).patch(f"queues/{queue.uuid}", {"skip_reasons": [" too  dark ", "no cells", "too dark"]})
    assert changed.json()["skip_reasons"] == ["too dark", "no cells"]
    got = api(bob).post(f"queues/{queue.uuid}/next", {}).json()
    assert got["queue"]["skip_reasons"] == ["too dark", "no cells"] and got["task"]["flag"] == ""
    task = queue.tasks.get(uuid=got["task"]["id"])
    assert api(bob).post(f"tasks/{task.uuid}/skip", answer([], reason="too dark")).status_code == 200
    assert task.annotations.get().revisions.get().reason == "too dark"
    for wrong in ([f"reason {n}" for n in range(10)], ["x" * 101], "dark"):
        assert api(alice).patch(f"queues/{queue.uuid}", {"skip_reasons": wrong}).status_code == 400


def test_a_flagged_task_is_listed_and_the_flag_is_taken_off(
    make_queue: Callable[..., Queue],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    project: Project,
    alice: User,
    bob: User,
    victor: User,
) -> None:
    queue = make_queue(3)
    task = queue.tasks.get(number=2)
    page = f"/p/{project.name}/queues/{queue.uuid}/"
    assert "Flags: all" not in client_for(alice).get(page).content.decode()
    said = api(bob).put(f"tasks/{task.uuid}/flag", {"note": f"  {NOTE} "})
    assert said.status_code == 200 and said.json()["note"] == NOTE and said.json()["by"] == bob.username
    assert api(victor).put(f"tasks/{task.uuid}/flag", {"note": "mine"}).status_code == 403
    assert api(bob).put(f"tasks/{task.uuid}/flag", {"note": " "}).status_code == 400
    listed = api(alice).get(f"queues/{queue.uuid}/tasks?flagged=1").json()["results"]
    assert [one["flag"]["note"] for one in listed] == [NOTE] and listed[0]["uuid"] == str(task.uuid)
    assert len(api(alice).get(f"queues/{queue.uuid}/tasks?flagged=0").json()["results"]) == 2
    shown = client_for(alice).get(f"{page}?flagged=1").content.decode()
    assert shown.count('name="task"') == 1 and "&lt;b&gt;blurred" in shown and NOTE not in shown
    assert "&lt;b&gt;blurred" in client_for(alice).get(f"/p/{project.name}/tasks/{task.uuid}/").content.decode()
    assert client_for(bob).post(f"/p/{project.name}/tasks/{task.uuid}/unflag/").status_code == 302
    assert api(alice).get(f"queues/{queue.uuid}/tasks?flagged=1").json()["results"] == []
    assert list(Event.objects.filter(verb__endswith="flag").order_by("pk").values_list("verb", flat=True)) == [
        "task.flag",
        "task.unflag",
    ]


def test_a_queue_is_overdue_from_the_day_after_until_it_is_closed(
    make_queue: Callable[..., Queue], api: Callable[..., Any], client_for: Any, project: Project, alice: User
) -> None:
    queue, today = make_queue(1), timezone.localdate()
    address, page = f"queues/{queue.uuid}", f"/p/{project.name}/queues/{queue.uuid}/"
    assert api(alice).patch(address, {"due": str(today)}).json()["overdue"] is False
    late = api(alice).patch(address, {"due": str(today - timedelta(days=1))}).json()
    assert late["overdue"] is True and "overdue since" in client_for(alice).get(page).content.decode()
    assert api(alice).patch(address, {"state": "closed"}).json()["overdue"] is False
    assert api(alice).patch(address, {"due": "tomorrow"}).status_code == 400
    assert api(alice).patch(address, {"due": None}).json()["due"] is None


def test_settings_are_changed_on_the_queues_page(
    make_queue: Callable[..., Queue], client_for: Callable[[User], Client], project: Project, alice: User
) -> None:
    queue = make_queue(1, reason="hard cells")
    change = f"/p/{project.name}/queues/{queue.uuid}/change/"
    form = {
        "settings": "1",
        "reason": "all",
        "ordering": "random",
        "skip_reasons": "dark\nempty\n",
        "due": "2030-01-31",
    }
    assert client_for(alice).post(change, form).status_code == 302
    queue.refresh_from_db()
    kept = (queue.reason, queue.ordering, queue.skip_reasons, str(queue.due))
    assert kept == ("all", "random", ["dark", "empty"], "2030-01-31")
    assert client_for(alice).post(change, {**form, "due": "soon"}).status_code == 400
    assert client_for(alice).post(change, {**form, "ordering": "by name"}).status_code == 400
