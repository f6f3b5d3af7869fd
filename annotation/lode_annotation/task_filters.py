"""Which tasks of a queue a list shows, and a change of many touches."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lode_annotation.models import Queue, Task, TaskQuerySet
from lode_platform.errors import BadInput

MOST_NAMED = 5000


def tasks_by_filter(queue: Queue, given: Mapping[str, Any]) -> TaskQuerySet:
    """The queue's tasks that fit every filter: ``state``, ``q`` (a part of the path), and ``flagged`` (1 or 0)."""
    rows = Task.objects.filter(queue=queue)
    for name, value in given.items():
        if value in ("", None):
            continue
        if name == "state":
            if value not in Task.State.values:
                raise BadInput(f"{value!r} is not a valid task state.", code="bad_filter", field="state")
            rows = rows.filter(state=value)
        elif name == "q":
            rows = rows.filter(item__path__icontains=str(value))
        elif name == "flagged":
            rows = rows.filter(flagged_at__isnull=str(value).lower() in ("0", "false", "no"))
        else:
            raise BadInput(
                f"Tasks have no filter {name!r}; filters are state, q, flagged.", code="bad_filter", field=name
            )
    return rows.order_by("number")


def tasks_by_uuid(queue: Queue, uuids: Sequence[UUID]) -> TaskQuerySet:
    """The queue's tasks with these uuids. Raises ``BadInput`` where one of them is not there, or too many are named."""
    if len(uuids) > MOST_NAMED:
        said = f"At most {MOST_NAMED} tasks can be named in one call; use filters for more."
        raise BadInput(said, code="too_many", field="tasks")
    rows = Task.objects.filter(queue=queue, uuid__in=list(uuids))
    there = set(rows.values_list("uuid", flat=True))
    for uuid in uuids:
        if uuid not in there:
            raise BadInput(f"There is no task {uuid} in this queue.", code="unknown_task", field="tasks")
    return rows.order_by("number")
