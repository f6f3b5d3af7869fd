"""What webhooks are told of this room: answers, verdicts, flags, and queues that run dry and are finished."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from lode_annotation.models import Annotation, Queue, Task
from lode_annotation.queues import TaskSpec, add_tasks
from lode_platform.callers import Caller
from lode_platform.models import Event, Item, Project, User
from lode_platform.webhooks import managing
from lode_platform.webhooks.kinds import KINDS
from lode_platform.webhooks.models import WebhookDelivery

Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def told(project: Project, alice: User) -> Told:
    """What a webhook of every kind was told since it was last asked."""
    hook = managing.add(project, Caller(alice), url="https://example.org/", kinds=list(KINDS))

    def since() -> list[dict[str, Any]]:
        rows = [json.loads(row.body) for row in hook.deliveries.order_by("pk")]
        hook.deliveries.all().delete()
        return rows

    return since


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [row["kind"] for row in rows]


def test_an_answer_a_verdict_and_the_end_of_a_queue_are_told(
    told: Told, make_queue: Any, says: Any, api: Any, bob: User, rita: User, run_jobs: Any
) -> None:
    queue: Queue = make_queue(2, name="cells", review=True)
    assert kinds(told()) == ["schema.revised", "queue.created", "queue.filled"]
    first = says(bob, queue)
    task = Task.objects.get(annotations__uuid=first["id"])
    [row] = told()
    assert (row["kind"], row["by"], row["data"]) == (
        "annotation.submitted",
        "bob",
        {
            "annotation": {"id": first["id"], "revision": 1},
            "task": {"id": str(task.uuid), "number": task.number},
            "queue": {"id": str(queue.uuid), "name": "cells"},
            "item": {"id": str(task.item.uuid), "path": task.item.path},
            "state": "submitted",
        },
    )
    says(bob, queue, skip=True)
    assert kinds(told()) == ["task.skipped"]
    assert api(bob).post(f"queues/{queue.uuid}/next").status_code == 204
    assert api(bob).post(f"queues/{queue.uuid}/next").status_code == 204
    assert [(row["kind"], row["data"]["tasks"], row["by"]) for row in told()] == [("queue.ran_dry", 2, None)]
    verdict = {"verdict": "reject", "operation_id": str(uuid4()), "comment": "look again"}
    assert api(rita).post(f"annotations/{first['id']}/review", verdict).status_code == 200
    [row] = told()
    assert (row["kind"], row["by"]) == ("annotation.rejected", "rita")
    assert {name: row["data"][name] for name in ("author", "verdict", "comment")} == {
        "author": "bob",
        "verdict": "reject",
        "comment": "look again",
    }
    assert (
        api(rita).delete(f"annotations/{first['id']}/review?operation_id={verdict['operation_id']}").status_code < 300
    )
    assert kinds(told()) == ["annotation.review_undone"]


def test_a_queue_is_finished_when_the_last_verdict_is_given_and_runs_dry_again_only_when_more_was_added(
    told: Told,
    make_queue: Any,
    make_items: Callable[..., list[Item]],
    says: Any,
    api: Any,
    alice: User,
    bob: User,
    rita: User,
    project: Project,
    django_capture_on_commit_callbacks: Any,
) -> None:
    queue: Queue = make_queue(1, review=True)
    told()
    with django_capture_on_commit_callbacks(execute=True):
        answered = says(bob, queue)
    assert kinds(told()) == ["annotation.submitted", "queue.ran_dry"]
    with django_capture_on_commit_callbacks(execute=True):
        verdict = {"verdict": "accept", "operation_id": str(uuid4())}
        assert api(rita).post(f"annotations/{answered['id']}/review", verdict).status_code == 200
    assert kinds(told()) == ["annotation.accepted", "queue.finished"]
    with transaction.atomic():
        add_tasks(queue, Caller(alice), [TaskSpec(item=item) for item in make_items(project, 1, prefix="more")])
    queue.refresh_from_db()
    assert queue.dry_at is None and queue.finished_at is None
    with django_capture_on_commit_callbacks(execute=True):
        says(bob, queue)
    assert kinds(told()) == ["queue.filled", "annotation.submitted", "queue.ran_dry"]


def test_a_queue_without_review_runs_dry_and_is_finished_at_once(
    told: Told, make_queue: Any, says: Any, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    queue: Queue = make_queue(1)
    told()
    with django_capture_on_commit_callbacks(execute=True):
        says(bob, queue)
    assert kinds(told()) == ["annotation.submitted", "queue.ran_dry", "queue.finished"]


def test_a_flag_is_told_and_so_is_an_import(
    told: Told, make_queue: Any, api: Any, bob: User, send: Any, project: Project
) -> None:
    queue: Queue = make_queue(1)
    task = Task.objects.get(queue=queue)
    told()
    assert api(bob).put(f"tasks/{task.uuid}/flag", {"note": "blurred"}).status_code == 200
    [row] = told()
    assert (row["kind"], row["data"]["note"], row["data"]["task"]["id"]) == ("task.flagged", "blurred", str(task.uuid))
    send({"path": task.item.path, "width": 64, "height": 48, "labelled": True, "regions": []})
    assert "labels.imported" in kinds(told())


def test_an_answer_that_is_refused_tells_nothing(told: Told, make_queue: Any, api: Any, bob: User, answer: Any) -> None:
    queue: Queue = make_queue(1)
    task = Task.objects.get(queue=queue)
    told()
    wrong = answer([{"id": "x", "from_name": "nothing", "to_name": "image", "type": "rectanglelabels", "value": {}}])
    assert api(bob).post(f"tasks/{task.uuid}/submit", wrong).status_code == 400
    assert told() == [] and not Annotation.objects.exists()


def test_without_webhooks_an_answer_writes_nothing_for_them(make_queue: Any, says: Any, bob: User) -> None:
    says(bob, make_queue(2))
    assert not WebhookDelivery.objects.exists() and not Event.objects.filter(verb="queue.run_dry").exists()


def notified(api: Any, user: User) -> list[str]:
    return [row["text"] for row in api(user).get("notifications").json()["results"]]


def test_returned_answers_are_counted_by_queue_and_taken_back_with_the_verdict(
    make_queue: Any, says: Any, api: Any, bob: User, rita: User
) -> None:
    queue: Queue = make_queue(2, name="cells", review=True)
    answers = [says(bob, queue) for _number in range(2)]
    operations = [str(uuid4()) for _answer in answers]
    for answered, operation in zip(answers, operations, strict=True):
        verdict = {"verdict": "reject", "operation_id": operation, "comment": "look again, @bob and @rita and @alice"}
        assert api(rita).post(f"annotations/{answered['id']}/review", verdict).status_code == 200
    assert notified(api, bob) == ["2 of your answers in “cells” were sent back."]
    [row] = api(bob).get("notifications").json()["results"]
    assert row["url"] == f"/label/{queue.uuid}/" and notified(api, rita) == []
    undo = f"annotations/{answers[1]['id']}/review?operation_id={operations[1]}"
    assert api(rita).delete(undo).status_code == 200
    assert notified(api, bob) == ["rita sent your answer in “cells” back."]


def test_a_mention_in_a_comment_or_a_flag_is_told_to_members_only(
    make_queue: Any, says: Any, api: Any, bob: User, rita: User, erin: User, charlie: User
) -> None:
    queue: Queue = make_queue(1, review=True)
    answered = says(bob, queue)
    task = Task.objects.select_related("item").get()
    verdict = {"verdict": "accept", "operation_id": str(uuid4()), "comment": "@erin: a model error? @charlie @bob"}
    assert api(rita).post(f"annotations/{answered['id']}/review", verdict).status_code == 200
    assert notified(api, erin) == notified(api, bob) == [f"rita mentioned you at {task.item.path}."]
    assert api(bob).put(f"tasks/{task.uuid}/flag", {"note": "see @erin"}).status_code == 200
    assert notified(api, erin) == [f"You were mentioned 2 times at {task.item.path}, last by bob."]
    assert notified(api, charlie) == []


def test_who_made_a_queue_is_told_that_it_ran_dry_and_the_owners_where_that_person_left(
    make_queue: Any, says: Any, api: Any, bob: User, alice: User, erin: User, project: Project
) -> None:
    queue: Queue = make_queue(1, name="cells")
    Queue.objects.update(created_by=erin)
    says(bob, queue)
    api(bob).post(f"queues/{queue.uuid}/next")
    assert notified(api, erin) == ["The queue “cells” has no open task left."] and notified(api, alice) == []
    project.memberships.filter(user=erin).delete()
    other: Queue = make_queue(1, name="more")
    Queue.objects.filter(pk=other.pk).update(created_by=erin)
    says(bob, other)
    api(bob).post(f"queues/{other.uuid}/next")
    assert notified(api, alice) == ["The queue “more” has no open task left."]
