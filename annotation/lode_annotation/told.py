"""What of this room webhooks and people are told of: answers, verdicts, flags, queues, labels, schemas."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lode_annotation.models import Annotation, Queue, Schema, Task
from lode_annotation.queue_context import QueueContext
from lode_platform.access import permits, role_in
from lode_platform.callers import Caller
from lode_platform.models import Event, Project, User
from lode_platform.notifications import kinds as notifications
from lode_platform.notifications.kinds import Notice
from lode_platform.notifications.models import Notification
from lode_platform.notifications.notify import mentioned, notify, owners
from lode_platform.webhooks import kinds, outbox
from lode_platform.webhooks.kinds import Kind

LONGEST = 1000
"""Characters of a comment that a notification keeps."""


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


def _returned(row: Notification) -> str:
    words = ngettext(
        "%(by)s sent your answer in “%(queue)s” back.",
        "%(n)d of your answers in “%(queue)s” were sent back.",
        row.count,
    )
    return words % {"by": row.data["by"], "queue": row.data["name"], "n": row.count}


def _mention(row: Notification) -> str:
    words = ngettext(
        "%(by)s mentioned you at %(path)s.", "You were mentioned %(n)d times at %(path)s, last by %(by)s.", row.count
    )
    return words % {"by": row.data["by"], "path": row.data["path"], "n": row.count}


def _ran_dry(row: Notification) -> str:
    return say("The queue “%(queue)s” has no open task left.") % {"queue": row.data["name"]}


def _label(row: Notification) -> str:
    return reverse("annotation:label", args=[row.data["queue"]])


def _queue_page(row: Notification) -> str:
    return reverse("annotation:queue", args=[row.data["project"], row.data["queue"]])


def _task_page(row: Notification) -> str:
    return reverse("annotation:task", args=[row.data["project"], row.data["task"]])


NOTICES = (
    Notice("returned", _("A reviewer sent an answer of mine back"), "arrow-back-up", _returned, _label),
    Notice("mention", _("Somebody mentioned me"), "message-2", _mention, _task_page),
    Notice("queue_dry", _("A queue of mine ran dry"), "list-check", _ran_dry, _queue_page),
)


def returned_key(task: Task) -> str:
    """What returned answers are counted by: their queue."""
    return f"queue:{task.queue.uuid}"


def notify_returned(task: Task, author: User, reviewer: User, comment: str) -> None:
    """Tells an author that a reviewer has sent an answer back, with the comment."""
    queue = task.queue
    data = {"queue": str(queue.uuid), "name": queue.name, "comment": comment[:LONGEST]}
    notify([author], "returned", project=queue.project, key=returned_key(task), data=data, by=reviewer)


def notify_mentioned(task: Task, text: str, by: User, *, but: User | None = None) -> None:
    """Tells the members whom a comment or a note on a task names as ``@name``, ``but`` one who knows already."""
    project = task.queue.project
    people = [one for one in mentioned(project, text) if one != but]
    if people:
        data = {"task": str(task.uuid), "path": task.item.path, "project": project.name, "comment": text[:LONGEST]}
        notify(people, "mention", project=project, key=f"task:{task.uuid}", data=data, by=by)


def notify_ran_dry(queue: Queue) -> None:
    """Tells who made a queue that it has no open task left, or the owners where that person does not manage queues."""
    role, maker = role_in(queue.project, queue.created_by), queue.created_by
    people = [maker] if role and permits(Caller(maker), role, "queue.manage") else owners(queue.project)
    data = {"queue": str(queue.uuid), "name": queue.name, "project": queue.project.name}
    notify(people, "queue_dry", project=queue.project, key=f"queue:{queue.uuid}", data=data)


def register() -> None:
    """Called once, when the application is ready."""
    for notice in NOTICES:
        notifications.add(notice)
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
        Kind(
            "annotation.commented",
            _("Somebody commented on an answer, or replied"),
            ("comment.add", "comment.reply"),
            _annotation,
        ),
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
