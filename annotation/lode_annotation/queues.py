"""Creates queues, adds tasks, and hands out one task at a time by one statement, never twice at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Max, OuterRef, Q, QuerySet, When
from django.utils import timezone

from lode_annotation import ranking
from lode_annotation.assignments import Assigned, assign
from lode_annotation.models import LabelStudioProject, Lease, Queue, Schema, Task
from lode_annotation.ordering import ORDERINGS
from lode_annotation.queue_context import QueueContext
from lode_annotation.queue_settings import settings_of
from lode_annotation.schemas import latest, refuse_other_media
from lode_annotation.statements import places
from lode_platform import access, events, sql
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.jobs import OPEN
from lode_platform.models import Item, Job, Project, User
from lode_platform.paging import number_of

BATCH = 500
MAX_HOLDING = 20
MAX_OVERLAP = 20
CHOSEN_STATES = (Queue.State.OPEN.value, Queue.State.PAUSED.value, Queue.State.CLOSED.value)
RESERVED = timedelta(days=1)
"""How long a task that came back from review waits for its author."""
_FREED: dict[str, Any] = {"user": None, "since": None, "until": None}


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """An item to add to a queue: why, how urgent (higher first), and what a model already predicts for it."""

    item: Item
    priority: int = 0
    reason: Mapping[str, Any] = field(default_factory=dict)
    prelabels: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A task that somebody holds until a time."""

    task_id: int
    until: datetime


# -- created, filled ---------------------------------------------------------------------------------------------------


def create_queue(
    project: Project,
    caller: Caller,
    *,
    name: str,
    schema: Schema,
    overlap: int = 1,
    kind: str = Queue.Kind.LABELING.value,
    assigned: Assigned | None = None,
    **settings: Any,
) -> Queue:
    """Creates an open queue under the newest revision of ``schema``, each of whose tasks ``overlap`` people answer;
    ``kind`` is what they ask for, ``assigned`` is whom it is for, ``settings`` are those of ``queue_settings``.

    Raises ``Conflict`` when the name is taken.
    """
    user = caller.user
    access.require(caller, project, "queue.manage")
    values = settings_of({"name": name, **settings}, project)
    if schema.project_id != project.pk:
        raise BadInput("The schema belongs to another project.", field="schema")
    if not 1 <= overlap <= MAX_OVERLAP:
        raise BadInput(f"The overlap must be 1 to {MAX_OVERLAP} people a task.", field="overlap")
    taken = Conflict(f"A queue named {values['name']!r} already exists.", code="name_taken", field="name")
    if Queue.objects.filter(project=project, name=values["name"]).exists():
        raise taken
    try:
        with transaction.atomic():
            queue = Queue.objects.create(
                project=project,
                schema_revision=latest(schema),
                overlap=overlap,
                kind=kind,
                created_by=user,
                **values,
            )
            LabelStudioProject.objects.create(queue=queue)
            if assigned is not None:
                assign(queue, assigned)
            events.record(project, user, "queue.create", queue)
    except IntegrityError:
        raise taken from None
    return queue


def add_tasks(queue: Queue, caller: Caller, specs: Sequence[TaskSpec]) -> int:
    """Adds items to the queue and returns how many were new; one that is in it already is left as it is.

    Written in batches of a few hundred, each its own short transaction unless the caller holds one.
    """
    user = caller.user
    access.require(caller, queue.project, "queue.manage")
    refuse_micro(queue)
    wanted: dict[int, TaskSpec] = {}
    for spec in specs:
        if spec.item.project_id != queue.project_id:
            raise BadInput(f"{spec.item.path}: the item belongs to another project.", field="item")
        wanted.setdefault(spec.item.pk, spec)
    refuse_other_media(queue.schema_revision.schema, [spec.item for spec in wanted.values()])
    ordered = sorted(wanted.values(), key=lambda spec: -spec.priority)
    added = 0
    for start in range(0, len(ordered), BATCH):
        with transaction.atomic():
            added += _add_batch(queue, ordered[start : start + BATCH])
    if added:
        events.record(queue.project, user, "queue.add", queue, tasks=added)
    return added


def _add_batch(queue: Queue, specs: Sequence[TaskSpec]) -> int:
    row = Queue.objects.select_for_update().only("size", "overlap", "filling", "ordering").get(pk=queue.pk)
    refuse_while_filling(row)
    there = set(
        Task.objects.filter(queue=queue, item__in=[spec.item.pk for spec in specs]).values_list("item_id", flat=True)
    )
    new = [spec for spec in specs if spec.item.pk not in there]
    tasks = Task.objects.bulk_create(
        Task(
            queue=queue,
            item=spec.item,
            number=row.size + offset,
            priority=spec.priority,
            reason=dict(spec.reason) or ({"text": queue.reason} if queue.reason else {}),
            prelabels=list(spec.prelabels),
        )
        for offset, spec in enumerate(new, start=1)
    )
    ordering = ORDERINGS[row.ordering]
    Lease.objects.bulk_create(
        Lease(task=task, queue=queue, rank=ordering.rank(ranking.facts_of(task)), place=place)
        for task in tasks
        for place in range(row.overlap)
    )
    Queue.objects.filter(pk=queue.pk).update(size=F("size") + len(new), **Queue.REFILLED)
    queue.size = row.size + len(new)
    return len(new)


def refuse_while_filling(queue: Queue) -> None:
    """Raises ``Conflict`` while a job fills the queue: what is added then would be taken out with what it added."""
    if queue.filling_id and Job.objects.filter(pk=queue.filling_id, state__in=OPEN).exists():
        raise Conflict("The queue is being filled; wait for the job, or cancel it.", code="being_filled")


def refuse_micro(queue: Queue) -> None:
    """Raises ``Conflict`` for a queue of micro-tasks, into which questions are put instead of items to label."""
    if queue.kind == Queue.Kind.MICRO:
        raise Conflict(f"The queue {queue.name!r} has micro-tasks; choose a queue to label in.", code="other_kind")


def tasks_by_state(queues: Iterable[Queue]) -> dict[int, dict[str, int]]:
    """How many tasks of each queue, by its key, are in each state: one query."""
    own = Task.objects.filter(queue=OuterRef("pk"))
    each = {state: number_of(own.filter(state=state)) for state in Task.State.values}
    rows = Queue.objects.filter(pk__in=[queue.pk for queue in queues]).annotate(**each).values("pk", *each)
    with sql.rows_by_index():
        return {row.pop("pk"): row for row in rows}


def take_out(queue: Queue, caller: Caller, first: int, last: int) -> int:
    """Removes the tasks numbered ``first`` to ``last`` that nobody has started or holds, and returns how many: the undo
    of ``add_tasks``."""
    user = caller.user
    access.require(caller, queue.project, "queue.manage")
    with transaction.atomic():
        Queue.objects.select_for_update().only("pk").get(pk=queue.pk)
        gone = remove_unstarted(queue, first, last)
        highest = queue.tasks.aggregate(n=Max("number"))["n"] or 0
        Queue.objects.filter(pk=queue.pk).update(size=highest)
        if gone:
            events.record(queue.project, user, "queue.take_out", queue, tasks=gone)
    queue.size = highest
    return gone


def remove_unstarted(queue: Queue, first: int, last: int) -> int:
    """Removes the tasks numbered ``first`` to ``last`` that nobody has started or holds, in the caller's transaction;
    answers how many."""
    wanted = Task.objects.filter(queue=queue, number__range=(first, last), state=Task.State.OPEN)
    leases = Lease.objects.select_for_update().filter(task__in=wanted).order_by("pk")
    held = {task for task, user in leases.values_list("task_id", "user_id") if user is not None}
    gone = wanted.exclude(pk__in=held).exclude(annotations__isnull=False)
    keys = list(gone.values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        Task.objects.filter(pk__in=keys[start : start + BATCH]).delete()
    return len(keys)


def change_queue(
    queue: Queue,
    caller: Caller,
    *,
    state: str | None = None,
    newest: bool = False,
    assigned: Assigned | None = None,
    **settings: Any,
) -> Queue:
    """Opens, pauses or closes a queue, changes whom it is for (``assigned``) or ``settings`` of ``queue_settings``, or
    moves it to the schema's newest revision (``newest``). Another ordering of many tasks is written by a job."""
    user = caller.user
    access.require(caller, queue.project, "queue.manage")
    if state is not None:
        if state not in CHOSEN_STATES:
            raise BadInput(f"{state!r} is not a valid state; states are {', '.join(CHOSEN_STATES)}.", field="state")
        if queue.state == Queue.State.FILLING:
            refuse_while_filling(queue)
        queue.state = state
    ordering = queue.ordering
    values = settings_of(settings, queue.project)
    for name, value in values.items():
        setattr(queue, name, value)
    if newest:
        queue.schema_revision = latest(queue.schema_revision.schema)
    try:
        with transaction.atomic():
            queue.save(update_fields=["state", "schema_revision", *values])
            events.record(queue.project, user, "queue.change", queue, state=queue.state)
            if assigned is not None:
                assign(queue, assigned)
            if queue.ordering != ordering:
                ranking.order(queue, caller)
    except IntegrityError:
        raise Conflict(f"A queue named {queue.name!r} already exists.", code="name_taken", field="name") from None
    return queue


# -- handed out --------------------------------------------------------------------------------------------------------


def claim(context: QueueContext, user: User, holding: Sequence[UUID] = ()) -> HeldTask | None:
    """The next task for ``user``: their own unexpired lease not named in ``holding``, else the first free place.

    One statement. None when nothing is left or the queue is not open.
    """
    if not context.gives_tasks:
        return None
    # A second look where nothing came: the person's own lease may have lapsed into another's hands between the
    # statement's reading and its writing.
    for _look in range(2):
        try:
            taken = _take(context, user, holding, closing=None).next
        except _TakenMeanwhile:
            continue
        if taken is not None:
            return taken
    return None


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What one claiming statement did: whether it closed the place asked for, and the next task it took."""

    closed: bool
    next: HeldTask | None


def close_and_claim(
    context: QueueContext, user: User, task_id: int, holding: Sequence[UUID], *, want_next: bool
) -> ClaimResult:
    """Closes the person's place at a task and, by the same statement, takes their next one.

    The place is theirs if they hold it, held it last, or it lapsed and nobody took it; ``closed`` False says that
    somebody else has it, or that a queue which is not open gives none.
    """
    return _take(context, user, holding, closing=task_id, want_next=want_next and context.gives_tasks)


def _take(
    context: QueueContext, user: User, holding: Sequence[UUID], *, closing: int | None, want_next: bool = True
) -> ClaimResult:
    if len(holding) > MAX_HOLDING:
        raise BadInput(f"At most {MAX_HOLDING} tasks can be held at once.", field="holding")
    until = lease_end()
    with _one_place(context):
        tasks = places.close_and_claim(
            user.pk,
            context.queue.id,
            until,
            is_open=context.gives_tasks,
            overlap=context.queue.overlap,
            holding=holding,
            closing=closing,
            want_next=want_next,
        )
    taken = next((task_id for task_id in tasks if task_id != closing), None)
    return ClaimResult(
        closed=closing in tasks,
        next=HeldTask(taken, until) if taken is not None else None,
    )


class _TakenMeanwhile(IntegrityError):
    """The person's other page has just taken another place at the same task."""


@contextmanager
def _one_place(context: QueueContext) -> Iterator[None]:
    """What takes a place at a task that has several: two statements of one person at once may choose two of them, of
    which the database lets one be. Raises ``_TakenMeanwhile`` for the other; the transaction around it goes on."""
    if context.queue.overlap == 1:
        yield
        return
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _TakenMeanwhile from error


def lease_end() -> datetime:
    """Until when a lease that is given now lasts."""
    return timezone.now() + timedelta(seconds=settings.TASK_LEASE_SECONDS)


# -- held, given back, released --------------------------------------------------------------------------------------


def hold(context: QueueContext, user: User, task_id: int) -> datetime:
    """Takes or renews the person's place at a task and answers until when: the heartbeat of an open page.

    A place that this person has answered cannot be taken by another, so it counts as held. Raises ``NoPlace``.
    """
    until = lease_end()
    try:
        held = _hold(context, user, task_id, until)
    except _TakenMeanwhile:  # by the person's own other page: the place that it got is theirs
        held = _hold(context, user, task_id, until)
    if not held:
        raise no_place(context, task_id)
    return until


def _hold(context: QueueContext, user: User, task_id: int, until: datetime) -> bool:
    with _one_place(context):
        return places.hold(user.pk, task_id, until, is_open=context.gives_tasks)


class NoPlace(Conflict):
    """The person has no place at a task: somebody else has it, or its queue gives none out."""


def no_place(context: QueueContext, task_id: int) -> NoPlace:
    """Why the person gets no place at the task: ``lease_lost`` or, where nobody else has it, ``queue_closed`` or
    ``not_assigned``."""
    taken = Lease.objects.filter(Q(closed=True) | Q(until__gt=timezone.now()), task_id=task_id)
    if context.gives_tasks or taken.exclude(user=None).exists():
        return NoPlace("Somebody else has this task now.", code="lease_lost")
    if context.is_open:
        return NoPlace(f"The queue {context.queue.name!r} is for other people.", code="not_assigned")
    return NoPlace(
        f"The queue {context.queue.name!r} is {_state_words(context)}: it hands out no tasks.", code="queue_closed"
    )


def _state_words(context: QueueContext) -> str:
    return "being filled" if context.queue.state == Queue.State.FILLING else context.queue.state


def give_back(user: User, task_id: int, until: datetime | None = None) -> bool:
    """Frees the person's place at a task; with ``until`` only the lease that was given until then."""
    held = Lease.objects.filter(task_id=task_id, user=user, closed=False)
    if until is not None:
        held = held.filter(until=until)
    return bool(held.update(user=None, since=None, until=None))


def held(queue: Queue) -> QuerySet[Lease]:
    """Who holds what of the queue at this moment, the longest first."""
    rows = Lease.objects.filter(queue=queue, closed=False, user__isnull=False, until__gt=timezone.now())
    return rows.select_related("user", "task__item").order_by("since")


def clear(queue: Queue, caller: Caller, leases: Iterable[int]) -> int:
    """Releases held tasks (unfinished work stays as drafts). For managers."""
    user = caller.user
    access.require(caller, queue.project, "queue.manage")
    held = Lease.objects.filter(queue=queue, closed=False, pk__in=list(leases)).exclude(user=None)
    freed = held.update(user=None, since=None, until=None)
    if freed:
        events.record(queue.project, user, "queue.clear", queue, leases=freed)
    return freed


def reopen(task_id: int, reason: Mapping[str, Any], person: User, *, reserved: bool = True) -> None:
    """Opens the person's place at a task again, or the first where they have none, in the caller's transaction.

    With ``reserved`` it waits for them for ``RESERVED``; then, or once they give it back, anybody may get it.
    """
    now = timezone.now()
    kept = {"user": person, "since": now, "until": now + RESERVED} if reserved else _FREED
    Task.objects.filter(pk=task_id).update(state=Task.State.OPEN, finished_at=None, reason=dict(reason))
    theirs = Case(When(user=person, then=0), default=1)
    first = Lease.objects.filter(task_id=task_id).order_by(theirs, "place").values_list("pk", flat=True)[:1]
    Lease.objects.filter(pk__in=list(first)).update(closed=False, **kept)


def is_reserved(place: Lease, author: User) -> bool:
    """Whether the place waits for its author, who has not asked for it yet."""
    if place.user_id != author.pk or place.since is None or place.until is None:
        return False
    return place.until - place.since == RESERVED


def reopen_for(task: Task, caller: Caller) -> None:
    """Opens a finished task again for the caller alone; the answers given stay. Raises ``Conflict``."""
    user = caller.user
    access.require(caller, task.queue.project, "annotation.review")
    refuse_micro(task.queue)
    with transaction.atomic():
        list(Lease.objects.select_for_update().filter(task=task).order_by("pk").values("pk"))
        task.refresh_from_db(fields=["state", "reason"])
        if task.state not in (Task.State.DONE, Task.State.SKIPPED):
            raise Conflict("Only a finished task can be opened again.", code="not_finished")
        if task.item.trashed_at is not None:
            raise Conflict("The item of this task is in the trash.", code="item_trashed")
        reopen(task.pk, task.reason, user)
        events.record(task.queue.project, user, "task.reopen", task)


def withdraw(task_id: int, why: str) -> None:
    """Takes a task out of the queue, because its item is in the trash."""
    with transaction.atomic():
        Lease.objects.filter(task_id=task_id).update(closed=True)
        task = Task.objects.select_for_update().get(pk=task_id)
        Task.objects.filter(pk=task_id).update(
            state=Task.State.SKIPPED, finished_at=timezone.now(), reason={**task.reason, "withdrawn": why}
        )
