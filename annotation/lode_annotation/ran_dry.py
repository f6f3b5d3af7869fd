"""Notices when a queue has no open task left, and when none waits for review either.

Looked for after the transaction of an answer, so that of two people who answer the last two tasks at once the later
one sees both; and whenever somebody is given no task, so that a process which dies in between is made up for.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from lode_annotation.models import Queue, Task
from lode_annotation.told import notify_ran_dry
from lode_platform import events


def look(key: int) -> None:
    """Puts on record, once until more tasks are added, that the queue ran dry and that it is finished: one statement
    while tasks are open."""
    with transaction.atomic():
        if _has_no_more(key, [Task.State.OPEN], "dry_at"):
            _record(key, "queue.run_dry")
    if Queue.objects.filter(pk=key, finished_at=None).exclude(dry_at=None).exists():
        with transaction.atomic():
            if _has_no_more(key, [Task.State.OPEN, Task.State.SUBMITTED], "finished_at"):
                _record(key, "queue.finish")


def _has_no_more(key: int, states: list[Task.State], field: str) -> bool:
    more = Task.objects.filter(queue=OuterRef("pk"), state__in=states)
    rows = Queue.objects.filter(~Exists(more), pk=key, size__gt=0, state=Queue.State.OPEN, **{field: None})
    return bool(rows.update(**{field: timezone.now()}))


def _record(key: int, verb: str) -> None:
    queue = Queue.objects.select_related("project", "created_by").get(pk=key)
    events.record(queue.project, None, verb, queue, name=queue.name, tasks=queue.size)
    if verb == "queue.run_dry":
        notify_ran_dry(queue)
