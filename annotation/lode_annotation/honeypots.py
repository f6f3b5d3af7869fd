"""Honeypots: tasks with items whose label set is known, mixed into a queue to see how well its annotators answer.

Nothing in what an annotator is sent tells them from tasks of items without labels. Their answers are never reviewed and
never become a label set.
"""

from collections.abc import Mapping, Sequence
from random import SystemRandom
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from lode_annotation.asked_items import items_by_filter
from lode_annotation.models import Annotation, Honeypot, LabelSet, Lease, Queue, Task, TaskQuerySet
from lode_annotation.queues import TaskSpec, add_tasks, refuse_micro, refuse_while_filling
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput

MOST = 1000
"""Honeypots that one call mixes in."""
FEW, LOOKS = 10_000, 20
DICE = SystemRandom()


def mix_in(queue: Queue, caller: Caller, rate: float, given: Mapping[str, Any] | None = None) -> int:
    """Mixes honeypots in so that they are ``rate`` of the tasks that nobody has begun, at most ``MOST``; answers how
    many. Their items fit the filters ``given``, have a current label set under the queue's schema, made for the picture
    as it is, and are not in the queue; which of them, and at which places, is random. The items whose places they take
    are added to the end.

    Raises ``BadInput`` for a rate outside of 0 to .5 and where no known item is left, ``Conflict`` while a job fills
    the queue.
    """
    access.require(caller, queue.project, "queue.manage")
    refuse_micro(queue)
    if not 0 < rate <= 0.5:
        raise BadInput("The rate of honeypots must be above 0 and at most 0.5.", field="rate")
    with transaction.atomic():
        refuse_while_filling(Queue.objects.select_for_update().get(pk=queue.pk))
        unbegun = _unbegun(queue)
        all_of, there = unbegun.count(), unbegun.filter(honeypot__isnull=False).count()
        # those that give way stay at the end, so a mixed-in task is one more: (there + n) / (all_of + n) = rate
        wanted = max(0, min(MOST, round((rate * all_of - there) / (1 - rate))))
        known = _known(queue, caller, given or {}, wanted)
        if wanted and not known:
            said = "No item with a current label set under the queue's schema is left to mix in."
            raise BadInput(said, code="no_honeypots", field="filter")
        places = _hold_some(unbegun.filter(honeypot=None), len(known), all_of, queue.size)
        mixed = _take_places(queue, caller, places, known)
        if mixed:
            events.record(queue.project, caller.user, "queue.honeypots", queue, tasks=mixed)
    queue.refresh_from_db(fields=["size"])
    return mixed


def _unbegun(queue: Queue) -> TaskQuerySet:
    """The open tasks that nobody holds or has begun."""
    begun = Annotation.objects.filter(task=OuterRef("pk"))
    taken = Lease.objects.filter(Q(user__isnull=False) | Q(closed=True), task=OuterRef("pk"))
    return Task.objects.filter(~Exists(begun), ~Exists(taken), queue=queue, state=Task.State.OPEN)


def _hold_some(rows: TaskQuerySet, count: int, all_of: int, size: int) -> list[int]:
    """The keys of so many of these tasks, at random, whose places nobody gets until the transaction ends. In a large
    queue they are looked for at random numbers, so that a million tasks are never read."""
    if all_of <= FEW:
        keys = set(rows.values_list("pk", flat=True))
    else:
        keys = set()
        for _look in range(LOOKS):
            if len(keys) >= count:
                break
            numbers = {DICE.randint(1, size) for _one in range(4 * count)}
            keys |= set(rows.filter(number__in=numbers).values_list("pk", flat=True))
    chosen = DICE.sample(sorted(keys), min(count, len(keys)))
    list(Lease.objects.select_for_update().filter(task__in=chosen).order_by("pk").values_list("pk"))
    still = set(rows.filter(pk__in=chosen).values_list("pk", flat=True))
    return [key for key in chosen if key in still]


def _known(queue: Queue, caller: Caller, given: Mapping[str, Any], count: int) -> list[tuple[int, int]]:
    """So many items and label sets that may be mixed in, at random."""
    items = items_by_filter(queue.project, caller.user, given).order_by().values("pk")
    sets = LabelSet.objects.current().filter(schema=queue.schema_revision.schema_id, item__in=items)
    sets = sets.exclude(pk__in=sets.outgrown().values("pk"))
    asked = Task.objects.filter(queue=queue, item=OuterRef("item"))
    return list(sets.exclude(Exists(asked)).order_by("?").values_list("item", "pk")[:count])


def _take_places(queue: Queue, caller: Caller, places: Sequence[int], known: Sequence[tuple[int, int]]) -> int:
    """The known items take the places of others, which are added to the end as they were; answers how many."""
    tasks = list(Task.objects.filter(pk__in=places).select_related("item"))
    moved = [TaskSpec(task.item, task.priority, task.reason, task.prelabels) for task in tasks]
    made = []
    for task, (item, label_set) in zip(tasks, known[: len(tasks)], strict=True):
        task.item_id, task.prelabels = item, []
        task.reason = {"text": queue.reason} if queue.reason else {}
        made.append(Honeypot(task=task, label_set_id=label_set))
    Task.objects.bulk_update(tasks, ["item", "reason", "prelabels"], batch_size=200)
    Honeypot.objects.bulk_create(made)
    if moved:
        add_tasks(queue, caller, moved)
    return len(made)


# -- compared ----------------------------------------------------------------------------------------------------------
