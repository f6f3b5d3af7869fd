"""Ranks of places in their queue's ordering, and priorities of many tasks: at once for a few thousand, else by a job.

A job goes through the queue in batches by task number and may be taken up again anywhere. Meanwhile tasks are handed
out, some by the old ranks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from lode_annotation.models import Queue, Task
from lode_annotation.ordering import ORDERINGS, TaskFacts
from lode_annotation.ordering.ordering import HIGHEST
from lode_annotation.statements import places
from lode_annotation.task_filters import tasks_by_filter, tasks_by_uuid
from lode_platform import access, events, jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Job

VERB = "annotation.order_queue"
BATCH = 5000
TRIES = 5


@dataclass(frozen=True, slots=True)
class Changed:
    """How many tasks were changed, or the job that changes them."""

    tasks: int = 0
    job: Job | None = None


def facts_of(task: Task) -> TaskFacts:
    """What an ordering may know of a task."""
    return TaskFacts(task.uuid, task.priority, task.prelabels)


def rank_tasks(queue: Queue, tasks: Sequence[int]) -> None:
    """Writes the ranks of the tasks with these keys, in the caller's transaction."""
    ordering = ORDERINGS[queue.ordering]
    columns = ("pk", "uuid", "priority", *(["prelabels"] if ordering.reads_prelabels else []))
    found = Task.objects.filter(pk__in=tasks).values_list(*columns)
    places.set_ranks([(key, ordering.rank(TaskFacts(*facts))) for key, *facts in found])


def order(queue: Queue, caller: Caller) -> Changed:
    """Ranks all tasks of a queue whose ordering has changed."""
    return _change(queue, caller, {}, None)


def prioritise(
    queue: Queue,
    caller: Caller,
    priority: int,
    *,
    tasks: Sequence[UUID] | None = None,
    given: Mapping[str, Any] | None = None,
) -> Changed:
    """Gives the named ``tasks``, or those that fit the filters ``given``, this priority (higher first).

    Raises ``BadInput`` for an unknown task or filter, and where neither or both are given.
    """
    access.require(caller, queue.project, "queue.manage")
    if not -HIGHEST <= priority <= HIGHEST:
        raise BadInput(f"The priority must be -{HIGHEST} to {HIGHEST}.", field="priority")
    if (tasks is None) == (given is None):
        raise BadInput("Name either tasks or a filter.", field="tasks")
    if tasks is None:
        return _change(queue, caller, dict(given or {}), priority)
    with transaction.atomic():
        keys = list(tasks_by_uuid(queue, tasks).values_list("pk", flat=True))
        _write(queue, keys, priority)
        events.record(queue.project, caller.user, "queue.prioritise", queue, tasks=len(keys), priority=priority)
    return Changed(len(keys))


def _change(queue: Queue, caller: Caller, given: Mapping[str, Any], priority: int | None) -> Changed:
    access.require(caller, queue.project, "queue.manage")
    with transaction.atomic():
        keys = list(tasks_by_filter(queue, given).values_list("pk", flat=True)[: BATCH + 1])
        if priority is not None:
            events.record(queue.project, caller.user, "queue.prioritise", queue, filter=given, priority=priority)
        if len(keys) > BATCH:
            title = _("Order the queue %(queue)s") % {"queue": queue.name}
            arguments = {"queue": str(queue.uuid), "filter": dict(given), "priority": priority}
            return Changed(
                job=jobs.enqueue(VERB, project=queue.project, user=caller.user, title=title, arguments=arguments)
            )
        _write(queue, keys, priority)
    return Changed(len(keys))


def _write(queue: Queue, keys: Sequence[int], priority: int | None) -> None:
    if priority is not None:
        Task.objects.filter(pk__in=keys).update(priority=priority)
    rank_tasks(queue, keys)


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """Goes through the queue batch by batch, by the ordering that it has at each."""
    queue = Queue.objects.get(uuid=work.arguments["queue"])
    chosen = tasks_by_filter(queue, work.arguments["filter"])
    state = work.state or {"last": 0, "changed": 0}
    more = True
    while more:
        work.progress(state["changed"], queue.size, _("Ordering tasks"))
        state, more = _batch(work, queue, chosen, state)
        work.step("batch")
    return {"queue": str(queue.uuid), "changed": state["changed"]}


def _batch(work: jobs.Work, queue: Queue, chosen: Any, state: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """One transaction. An answer that waits for a place ranked here, and holds another, may make the database end one
    of the two: then it is done again."""
    for attempt in range(1, TRIES + 1):
        try:
            with work.fenced():
                queue.refresh_from_db(fields=["ordering"])
                part = list(chosen.filter(number__gt=state["last"]).values_list("number", "pk")[:BATCH])
                _write(queue, [key for _number, key in part], work.arguments["priority"])
                if part:
                    state = {"last": part[-1][0], "changed": state["changed"] + len(part)}
                work.save_state(state)
            return state, len(part) == BATCH
        except OperationalError:
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")
