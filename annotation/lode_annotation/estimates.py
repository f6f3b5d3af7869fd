"""How often each person says which class of which, estimated from all answers to a queue's tasks.

Made when answers were compared, for queues whose consensus weighs classes so; the rule of consensus reads the newest.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Max

from lode_annotation.agreement.comparing import NOTHING
from lode_annotation.agreement.dawid_skene import Estimate, estimate
from lode_annotation.consensus import DAWID_SKENE, rule_for
from lode_annotation.merging import by_id
from lode_annotation.models import Comparison, ConfusionEstimate, Queue, SchemaRevision
from lode_annotation.rules import rules_of
from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.errors import NotFound
from lode_platform.models import Project, User

MOST = 100
"""Estimates that are listed."""


def newest(queue: int) -> dict[str, Estimate]:
    """The newest estimate of each control of the queue with this key, by the control's name: one statement."""
    last = ConfusionEstimate.objects.filter(queue=queue).order_by().values("control").annotate(last=Max("pk"))
    rows = ConfusionEstimate.objects.filter(pk__in=last.values("last"))
    return {row.control: Estimate.from_json(row.parameters) for row in rows}


def changed(project: Project) -> list[ConfusionEstimate]:
    """The estimates, to be written, of the queues of a project whose consensus asks for them, as far as they come to
    something else than the newest does."""
    queues = Queue.objects.filter(project=project, consensus=DAWID_SKENE, overlap__gt=1).order_by("pk")
    return [row for queue in queues.select_related("schema_revision") for row in _changed_of(queue)]


def _changed_of(queue: Queue) -> Iterator[ConfusionEstimate]:
    newest_merges = SchemaRevision.objects.filter(schema=queue.schema_revision.schema_id).order_by("-number")
    merged = by_id(newest_merges.values_list("merged", flat=True)[0])
    before = newest(queue.pk)
    for control in rules_of(queue.schema_revision.controls).asked:
        if rule_for(DAWID_SKENE, control).name != DAWID_SKENE or control.per_region:
            continue
        said = _said(queue, control.name)
        if not said:
            continue
        classes = sorted({NOTHING, *(merged.get(one, one) for one in control.class_ids.values())})
        made = estimate([row for row in said if row[2] in classes], classes)
        if control.name in before and before[control.name].digest == made.digest:
            continue
        tasks = len({task for task, _person, _class in said})
        facts: dict[str, Any] = {"digest": made.digest, "parameters": made.as_json(), "tasks": tasks}
        yield ConfusionEstimate(queue=queue, control=control.name, **facts)


def _said(queue: Queue, control: str) -> list[tuple[int, str, int]]:
    """What each person said of each task that several have answered: (task, username, class)."""
    pairs = Comparison.objects.filter(queue=queue, control=control, two__isnull=False).order_by()
    one = pairs.values_list("task_id", "one_id", "one_class")
    rows = set(one.union(pairs.values_list("task_id", "two_id", "two_class")))
    names = dict(User.objects.filter(pk__in={user for _task, user, _class in rows}).values_list("pk", "username"))
    return sorted((task, names[user], class_id) for task, user, class_id in rows)


def listed(caller: Caller, queue: UUID) -> list[dict[str, Any]]:
    """The estimates of a queue, the newest of each control first. Raises ``NotFound`` or ``Forbidden``."""
    found = Queue.objects.visible_to(caller).select_related("project", "schema_revision").filter(uuid=queue).first()
    if found is None:
        raise NotFound("There is no such queue.")
    access.require(caller, found.project, "annotation.review")
    names = found.schema_revision.class_names
    rows = ConfusionEstimate.objects.filter(queue=found).order_by("control", "-pk")[:MOST]
    return [_as_json(row, names) for row in rows]


def _as_json(row: ConfusionEstimate, names: Mapping[int, str]) -> dict[str, Any]:
    given = row.parameters
    return {
        "control": row.control,
        "digest": row.digest,
        "tasks": row.tasks,
        "created_at": row.created_at,
        "labels": [names.get(class_id, "") for class_id in given["classes"]],
        **given,
    }
