"""What of this room webhooks are told of: answers, verdicts, flags, queues, labels, schemas."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from lode_annotation.models import Annotation, Queue, Schema, Task
from lode_annotation.queue_context import QueueContext
from lode_platform.models import Event, Project, User
from lode_platform.webhooks import kinds, outbox
from lode_platform.webhooks.kinds import Kind


def about_task(task: Task) -> dict[str, Any]:
    """A task, its queue and its item, as webhooks are told."""
    return {
        "task": {"id": task.uuid, "number": task.number},
        "queue": {"id": task.queue.uuid, "name": task.queue.name},
        "item": {"id": task.item.uuid, "path": task.item.path},
    }


def answered(
    context: QueueContext,
    task_id: int,
    user: User,
    annotation: UUID,
    revision: int,
    state: Annotation.State,
    reason: str,
) -> None:
    """Tells the project's webhooks that somebody has answered or skipped a task, in the transaction of that."""
    skipped = state == Annotation.State.SKIPPED

    def facts(_project: Project) -> Mapping[str, Any]:
        task = Task.objects.select_related("queue", "item").get(pk=task_id)
        said: dict[str, Any] = {"reason": reason} if skipped else {"state": state.value}
        return {"annotation": {"id": annotation, "revision": revision}, **about_task(task), **said}

    outbox.tell(context.queue.project_id, "task.skipped" if skipped else "annotation.submitted", user, facts)


def _annotation(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Annotation)
    task = Task.objects.select_related("queue", "item").get(pk=target.task_id)
    return {
        "annotation": {"id": target.uuid, "revision": event.data.get("revision", target.revision)},
        **about_task(task),
        "author": target.user.username,
        "verdict": event.data.get("verdict") or event.verb.partition(".")[2],
        "comment": event.data.get("comment", ""),
    }


def _task(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Task)
    return {**about_task(target), **event.data}


def _queue(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Queue)
    facts = {name: value for name, value in event.data.items() if name != "name"}
    return {"queue": {"id": target.uuid, "name": target.name}, **facts}


def _schema(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Schema)
    return {"schema": {"id": target.uuid, "name": target.name}, **event.data}


def register() -> None:
    """Called once, when the application is ready."""
    for kind in (
        Kind("annotation.submitted", _("Somebody answered a task")),
        Kind("task.skipped", _("Somebody skipped a task")),
        Kind(
            "annotation.accepted",
            _("A reviewer accepted or fixed an answer"),
            ("annotation.accept", "annotation.fix"),
            _annotation,
        ),
        Kind("annotation.rejected", _("A reviewer sent an answer back"), ("annotation.reject",), _annotation),
        Kind("annotation.review_undone", _("A reviewer undid a verdict"), ("annotation.undo_review",), _annotation),
        Kind("task.flagged", _("Somebody flagged a task"), ("task.flag",), _task),
        Kind("queue.created", _("A queue was created"), ("queue.create",), _queue),
        Kind("queue.filled", _("Tasks were added to a queue"), ("queue.add",), _queue),
        Kind("queue.ran_dry", _("A queue has no open task left"), ("queue.run_dry",), _queue),
        Kind("queue.finished", _("A queue has no task left to answer or to review"), ("queue.finish",), _queue),
        Kind("labels.imported", _("Labels were imported"), ("labels.import",)),
        Kind(
            "schema.revised", _("A schema was created or got a revision"), ("schema.create", "schema.revise"), _schema
        ),
    ):
        kinds.add(kind)
