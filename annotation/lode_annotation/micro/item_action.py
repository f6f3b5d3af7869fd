"""The bulk action that asks about the labels of chosen items."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_annotation import queues
from lode_annotation.micro import asking
from lode_annotation.models import LabelClass, LabelSet, Queue, Schema
from lode_platform import events
from lode_platform.bulk_actions import Action, Argument, items_of, keep_only
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import BulkAction, Project, User

MOST_ITEMS = 20_000
"""Of one action, which asks in one transaction; a queue's own page asks about any number, by a job."""
LIVE = Q(item__trashed_at=None, item__staged_by=None)


def labels(project: Project, user: User | None = None) -> list[tuple[str, str]]:
    """What may be asked about: the classes of a schema, each as ``schema:id``, and all of them as ``schema:``."""
    by_schema: dict[int, list[LabelClass]] = {}
    for row in LabelClass.objects.filter(schema__project=project, retired_at=None).order_by("class_id"):
        by_schema.setdefault(row.schema_id, []).append(row)
    choices = []
    for schema in Schema.objects.filter(project=project).order_by("name"):
        choices.append((f"{schema.name}:", _("%(schema)s: every class") % {"schema": schema.name}))
        own = by_schema.get(schema.pk, ())
        choices += [(f"{schema.name}:{row.class_id}", f"{schema.name}: {row.name}") for row in own]
    return choices


def _queues(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = Queue.objects.filter(project=project, kind=Queue.Kind.MICRO).exclude(state=Queue.State.CLOSED)
    return [(name, name) for name in rows.order_by("-pk").values_list("name", flat=True)[:200]]


def _check(project: Project, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    if bool(arguments["queue"]) == bool(arguments["new_queue"]):
        raise BadInput(_("Choose a queue, or give the name of a new one."), field="queue")
    if Queue.objects.filter(project=project, name=arguments["new_queue"]).exists():
        raise BadInput(_("There is a queue %(name)r already.") % {"name": arguments["new_queue"]}, field="new_queue")
    if arguments["queue"]:
        schema = Schema.objects.filter(project=project, revisions__queues__name=arguments["queue"]).get()
        if schema.name != arguments["about"].rpartition(":")[0]:
            words = _("The queue asks about labels of the schema %(name)r.") % {"name": schema.name}
            raise BadInput(words, field="about")
    return arguments


def _ask(row: BulkAction) -> dict[str, Any]:
    given = row.arguments
    name, _colon, label = given["about"].rpartition(":")
    schema = Schema.objects.get(project=row.project, name=name)
    keep_only(row, LIVE)
    held = LabelSet.objects.current().filter(item=OuterRef("item"), schema=schema)
    if keep_only(row, Q(Exists(held))) > MOST_ITEMS:
        words = _("At most %(n)s items can be asked about at once; use “Ask more” on the page of the queue for more.")
        raise BadInput(words % {"n": f"{MOST_ITEMS:,}"}, code="too_many", field="items")
    if given["new_queue"]:
        asking.create_queue(
            row.project,
            Caller(row.created_by),
            name=given["new_queue"],
            schema=schema,
            question=given["question"],
        )
    queue = (
        Queue.objects.select_for_update(of=("self",))
        .select_related("schema_revision__schema", "project")
        .get(project=row.project, name=given["new_queue"] or given["queue"])
    )
    queues.refuse_while_filling(queue)
    first = queue.size + 1
    added = asking.ask_of(
        queue, asking.rule_of(queue), items_of(row), asking.class_of(queue, label), given["priority"] or 0
    )
    if added:
        events.record(row.project, row.created_by, "queue.add", queue, tasks=added)
    return {"queue": str(queue.uuid), "first": first, "last": first + added - 1, "questions": added}


def _undone(row: BulkAction) -> dict[str, Any]:
    """Takes out what nobody has begun; a queue that was made for it and has no question left is closed."""
    queue = Queue.objects.select_for_update().filter(uuid=row.result["queue"]).first()
    if queue is None:
        return {"removed": 0}
    removed = queues.remove_unstarted(queue, row.result["first"], row.result["last"])
    highest = queue.tasks.order_by("-number").values_list("number", flat=True).first() or 0
    closed = {"state": Queue.State.CLOSED} if row.arguments["new_queue"] and not highest else {}
    Queue.objects.filter(pk=queue.pk).update(size=highest, **closed)
    return {"removed": removed, "begun": row.result["questions"] - removed}


ACTION = Action(
    "micro-tasks",
    gettext_lazy("Ask micro-tasks"),
    "checkbox",
    "queue.manage",
    _ask,
    _undone,
    [
        Argument("about", gettext_lazy("Ask about"), "choice", labels),
        Argument("queue", gettext_lazy("Queue of micro-tasks"), "choice", _queues, required=False),
        Argument("new_queue", gettext_lazy("Or a new queue"), required=False),
        Argument("question", gettext_lazy("Question of a new queue, with {label}"), required=False),
        Argument("priority", gettext_lazy("Priority, the highest first"), "number", default="0"),
    ],
    check=_check,
)
