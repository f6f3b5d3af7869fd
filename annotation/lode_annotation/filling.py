"""Queues filled from a filter: a few tasks at once, many by a job, in short batches inside the database.

A new queue is in the state ``filling``, in which it hands out nothing, until all of its tasks are there; a last short
transaction opens it. A job that dies goes on after its last batch, one that is cancelled or refused takes out what it
put in. Nothing of the items is read here, so a million of them take no memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from lode_annotation.asked_items import items_by_filter
from lode_annotation.models import Lease, Queue, Task
from lode_annotation.ordering import DEFAULT
from lode_annotation.queues import create_queue, refuse_micro, refuse_while_filling, remove_unstarted
from lode_annotation.ranking import rank_tasks
from lode_annotation.schemas import refuse_other_media
from lode_annotation.statements import places
from lode_platform import access, events, jobs, table_statistics
from lode_platform.callers import Caller
from lode_platform.errors import LodeError
from lode_platform.models import ItemQuerySet, Job, Project

VERB = "annotation.fill_queue"
BATCH = 5000
"""Tasks that one transaction puts in, and at most as many as are put in without a job: some 100 ms."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What ``fill`` did: how many tasks it added, or the job that adds them."""

    added: int = 0
    job: Job | None = None


def create_filled(
    project: Project,
    caller: Caller,
    given: Mapping[str, Any],
    *,
    priority: int = 0,
    **facts: Any,
) -> tuple[Queue, Filled]:
    """Creates a queue of the items that a filter selects, whole or not at all; ``facts`` are ``create_queue``'s.

    Raises ``Conflict`` when the name is taken, ``BadInput`` for a filter or a value that there is not.
    """
    with transaction.atomic():
        queue = create_queue(project, caller, **facts)
        filled = _begin(queue, caller, given, priority)
        if filled.job is not None:
            queue.state = Queue.State.FILLING
            queue.save(update_fields=["state"])
    return queue, filled


def fill(queue: Queue, caller: Caller, given: Mapping[str, Any], *, priority: int = 0) -> Filled:
    """Adds the items that a filter selects, by path; those that are in the queue already are left as they are.

    Raises ``Conflict`` while another filling goes on, ``BadInput`` for a filter or a value that there is not.
    """
    with transaction.atomic():
        row = Queue.objects.select_for_update().get(pk=queue.pk)
        refuse_micro(row)
        refuse_while_filling(row)
        filled = _begin(queue, caller, given, priority)
    return filled


def _begin(queue: Queue, caller: Caller, given: Mapping[str, Any], priority: int) -> Filled:
    access.require(caller, queue.project, "queue.manage")
    items = items_by_filter(queue.project, caller.user, given)
    refuse_other_media(queue.schema_revision.schema, items)
    if len(items.order_by()[: BATCH + 1].values_list("pk")) > BATCH:
        arguments = {"queue": str(queue.uuid), "filter": dict(given), "priority": priority, "size": queue.size}
        title = _("Fill the queue %(queue)s") % {"queue": queue.name}
        queue.filling = jobs.enqueue(VERB, project=queue.project, user=caller.user, title=title, arguments=arguments)
        queue.save(update_fields=["filling"])
        return Filled(job=queue.filling)
    added = _add(queue, items, priority)
    if added:
        events.record(queue.project, caller.user, "queue.add", queue, tasks=added)
    return Filled(added)


def _add(queue: Queue, items: ItemQuerySet, priority: int) -> int:
    """One batch, in the caller's transaction."""
    row = Queue.objects.select_for_update().only("size", "overlap", "ordering").get(pk=queue.pk)
    reason = {"text": queue.reason} if queue.reason else {}
    new = places.add_tasks(queue.pk, items, row.size, priority, reason)
    places.add_places(queue.pk, row.size, row.overlap)
    if row.ordering != DEFAULT:  # places are made with their task's priority
        made = queue.tasks.filter(number__gt=row.size).values_list("pk", flat=True)
        rank_tasks(row, list(made))
    queue.size = row.size + new
    Queue.objects.filter(pk=queue.pk).update(size=queue.size, **Queue.REFILLED)
    table_statistics.wrote(new, Task, Lease)
    return new


# -- the job -----------------------------------------------------------------------------------------------------------


Fill = Callable[[jobs.Work, Queue, dict[str, Any]], None]


def carry_out(work: jobs.Work, fill_all: Fill | None = None) -> dict[str, Any]:
    """Adds the tasks batch by batch (``fill_all``, a task an item by itself), then offers the queue; taken up again
    after the last batch."""
    queue = Queue.objects.select_related("project", "created_by").get(uuid=work.arguments["queue"])
    state = work.state
    try:
        if not state:
            state = _start(work, queue)
        if state["phase"] == "fill":
            (fill_all or _fill_all)(work, queue, state)
            _offer(work, queue, state)
            work.step("offered")
    except (jobs.Cancelled, LodeError):
        _take_back(work, queue)
        raise
    return {"queue": str(queue.uuid), "added": state["added"]}


def _start(work: jobs.Work, queue: Queue) -> dict[str, Any]:
    """Takes the queue: at the first try it is this job's already, when tried again after an end it may be another's."""
    with work.fenced():
        row = Queue.objects.select_for_update().get(pk=queue.pk)
        if row.filling_id != work.job.pk:
            refuse_while_filling(row)
            row.filling = work.job
            if not row.size and row.state == Queue.State.CLOSED:
                row.state = Queue.State.FILLING
            row.save(update_fields=["filling", "state"])
        state = {"phase": "fill", "size": row.size, "last": "", "added": 0}
        work.save_state(state)
    queue.state = row.state
    return state


def _fill_all(work: jobs.Work, queue: Queue, state: dict[str, Any]) -> None:
    user = work.job.created_by or queue.created_by
    chosen = items_by_filter(queue.project, user, work.arguments["filter"])
    total = chosen.count()
    more = True
    while more:
        work.progress(state["added"], total, _("Adding tasks"))
        later = chosen.filter(path__gt=state["last"])
        end = next(iter(later.values_list("path", flat=True)[BATCH - 1 : BATCH]), None)
        with work.fenced():
            part = later if end is None else later.filter(path__lte=end)
            state["added"] += _add(queue, part, work.arguments["priority"])
            state["last"] = end or state["last"]
            work.save_state(state)
        work.step("batch")
        more = end is not None


def _offer(work: jobs.Work, queue: Queue, state: dict[str, Any]) -> None:
    with work.fenced():
        rows = Queue.objects.filter(pk=queue.pk)
        rows.filter(state=Queue.State.FILLING).update(state=Queue.State.OPEN)
        rows.update(filling=None)
        state["phase"] = "over"
        work.save_state(state)
        if state["added"]:
            user = work.job.created_by or queue.created_by
            events.record(queue.project, user, "queue.add", queue, tasks=state["added"])


def _take_back(work: jobs.Work, queue: Queue) -> None:
    """Takes out what the job put in and nobody has begun, the last first; a queue that was never offered is closed."""
    if work.state.get("phase") == "fill":
        high = _highest(queue)
        while high > work.state["size"]:
            low = max(work.state["size"], high - BATCH)
            with work.fenced():
                remove_unstarted(queue, low + 1, high)
            high = low
    with work.fenced():
        rows = Queue.objects.filter(pk=queue.pk, filling=work.job)
        rows.filter(state=Queue.State.FILLING).update(state=Queue.State.CLOSED)
        rows.update(filling=None, size=_highest(queue))
        work.save_state({})


def _highest(queue: Queue) -> int:
    return queue.tasks.aggregate(n=Max("number"))["n"] or 0
