"""The bulk actions of this room: items put into a queue, and the priority of their tasks."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_annotation import queues
from lode_annotation.micro import item_action
from lode_annotation.models import Lease, Queue, Schema, Task, TaskQuerySet
from lode_annotation.ordering import DEFAULT
from lode_annotation.ranking import BATCH, rank_tasks
from lode_annotation.schemas import refuse_other_media
from lode_annotation.statements import places
from lode_platform import bulk_actions, events, table_statistics
from lode_platform.bulk_actions import Action, Argument, items_of, keep_only
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import BulkAction, Project, User

LIVE = Q(item__trashed_at=None, item__staged_by=None)


def _queues(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = Queue.objects.filter(project=project, kind=Queue.Kind.LABELING).exclude(state=Queue.State.CLOSED)
    rows = rows.order_by("-pk")
    return [(name, name) for name in rows.values_list("name", flat=True)[:200]]


def _schemas(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = Schema.objects.filter(project=project).order_by("name")
    return [(row.name, str(row)) for row in rows[:200]]


def _one_queue(project: Project, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    if bool(arguments["queue"]) == bool(arguments["new_queue"]):
        raise BadInput(_("Choose a queue, or give the name of a new one."), field="queue")
    if arguments["new_queue"] and not arguments["schema"]:
        raise BadInput(_("A new queue needs a schema."), field="schema")
    if Queue.objects.filter(project=project, name=arguments["new_queue"]).exists():
        raise BadInput(_("There is a queue %(name)r already.") % {"name": arguments["new_queue"]}, field="new_queue")
    return arguments


def _held(name: str, row: BulkAction) -> Queue:
    return Queue.objects.select_for_update().get(project=row.project, name=name)


def _enqueue(row: BulkAction) -> dict[str, Any]:
    """All tasks in one transaction, numbered by path; an item that is in the queue already is left as it is."""
    given = row.arguments
    keep_only(row, LIVE)
    if given["new_queue"]:
        schema = Schema.objects.get(project=row.project, name=given["schema"])
        caller = Caller(row.created_by)
        queues.create_queue(row.project, caller, name=given["new_queue"], schema=schema)
    queue = _held(given["new_queue"] or given["queue"], row)
    queues.refuse_micro(queue)
    queues.refuse_while_filling(queue)
    refuse_other_media(queue.schema_revision.schema, items_of(row))
    keep_only(row, ~Q(Exists(Task.objects.filter(queue=queue, item=OuterRef("item")))))
    first = queue.size + 1
    why = {"text": queue.reason} if queue.reason else {}
    added = places.add_tasks(queue.pk, items_of(row), queue.size, given["priority"] or 0, why)
    places.add_places(queue.pk, queue.size, queue.overlap)
    if queue.ordering != DEFAULT:  # places are made with their task's priority
        _rank(queue, queue.tasks.filter(number__gt=queue.size))
    Queue.objects.filter(pk=queue.pk).update(size=F("size") + added, **Queue.REFILLED)
    table_statistics.wrote(added, Task, Lease)
    if added:
        events.record(row.project, row.created_by, "queue.add", queue, tasks=added)
    return {"queue": str(queue.uuid), "first": first, "last": first + added - 1}


def _enqueue_undone(row: BulkAction) -> dict[str, Any]:
    """Takes out what nobody has begun; a queue that was made for it and has no task left is closed."""
    queue = Queue.objects.select_for_update().filter(uuid=row.result["queue"]).first()
    if queue is None:
        return {"removed": 0}
    removed = queues.remove_unstarted(queue, row.result["first"], row.result["last"])
    highest = queue.tasks.order_by("-number").values_list("number", flat=True).first() or 0
    closed = {"state": Queue.State.CLOSED} if row.arguments["new_queue"] and not highest else {}
    Queue.objects.filter(pk=queue.pk).update(size=highest, **closed)
    return {"removed": removed, "begun": row.count - removed}


def _prioritize(row: BulkAction) -> dict[str, Any]:
    """The open tasks of the items in one queue, and their places."""
    queue = _held(row.arguments["queue"], row)
    tasks = Task.objects.filter(queue=queue, state=Task.State.OPEN)
    of_item = tasks.filter(item=OuterRef("item"))
    keep_only(row, Q(Exists(of_item.exclude(priority=row.arguments["priority"]))))
    row.held.update(number_before=Subquery(of_item.values("priority")))
    changed = tasks.filter(item__in=row.held.values("item"))
    changed.update(priority=row.arguments["priority"])
    _rank(queue, changed)
    return {"queue": str(queue.uuid)}


def _prioritize_undone(row: BulkAction) -> dict[str, Any]:
    """Those that still have the priority that the action gave them."""
    tasks = Task.objects.filter(queue__uuid=row.result["queue"], item__in=row.held.values("item"))
    before = row.held.filter(item=OuterRef("item")).values("number_before")
    changed = tasks.filter(priority=row.arguments["priority"]).update(priority=Subquery(before))
    queue = Queue.objects.filter(uuid=row.result["queue"]).first()
    if queue is not None:
        _rank(queue, tasks)
    return {"changed": changed}


def _rank(queue: Queue, tasks: TaskQuerySet) -> None:
    """Ranks the tasks in the queue's ordering, some thousand at a time."""
    keys = list(tasks.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        rank_tasks(queue, keys[start : start + BATCH])


def register() -> None:
    """Called once, when the application is ready."""
    queue = Argument("queue", gettext_lazy("Queue"), "choice", _queues)
    bulk_actions.add(
        Action(
            "queue",
            gettext_lazy("Add to a queue"),
            "checklist",
            "queue.manage",
            _enqueue,
            _enqueue_undone,
            [
                Argument("queue", gettext_lazy("Queue"), "choice", _queues, required=False),
                Argument("new_queue", gettext_lazy("Or a new queue"), required=False),
                Argument("schema", gettext_lazy("Schema of a new queue"), "choice", _schemas, required=False),
                Argument("priority", gettext_lazy("Priority, the highest first"), "number", default="0"),
            ],
            check=_one_queue,
        )
    )
    priority = Argument("priority", gettext_lazy("Priority, the highest first"), "number", default="1")
    bulk_actions.add(
        Action(
            "priority",
            gettext_lazy("Set the priority of tasks"),
            "flag",
            "queue.manage",
            _prioritize,
            _prioritize_undone,
            [queue, priority],
        )
    )
    bulk_actions.add(item_action.ACTION)
