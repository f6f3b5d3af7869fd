"""Answers come in: once each, checked, never over somebody else's, never lost; and the next task goes out with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from lode_annotation import payloads, queues, sql
from lode_annotation.label_sets import accept
from lode_annotation.models import Annotation, Task
from lode_annotation.queue_context import COLUMNS, JOINS, WIDTH, QueueContext, read, scope
from lode_annotation.validation import to_stored_text, validate
from lode_platform import access
from lode_platform.errors import Conflict, NotFound
from lode_platform.models import User

UNCHECKED = -1
MAX_ATTEMPTS = 8
DEADLOCKS = ("40P01", "40001")  # PostgreSQL's: this one was chosen to give way, and may try again


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """What a page or program sends for a task.

    ``base`` is the number of the revision it began from: 0 for none, ``UNCHECKED`` where the sender does not say.
    ``skip`` answers "not this one", with ``reason``; a result sent with it is kept.
    """

    operation_id: UUID
    result: Sequence[Any] = ()
    lead_time: float = 0.0
    base: int = UNCHECKED
    annotation_id: UUID | None = None
    want_next: bool = False
    holding: Sequence[UUID] = field(default_factory=tuple)
    skip: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """All that an answer depends on, read by one statement."""

    context: QueueContext
    task_id: int
    item_id: int
    width: int
    height: int
    annotation_id: int | None
    annotation: UUID | None
    revision: int
    operation: tuple[UUID, int, int | None] | None  # annotation, number, next task
    used_elsewhere: bool  # the operation's id, by another task or person


def submit(user: User, task: UUID, request: SubmitRequest) -> dict[str, Any]:
    """Takes an answer and gives ``{"annotation": {"id", "revision", "state"}, "next": payload or None}``.

    The operation's id is looked at first: a repeat gets the stored answer. Raises ``BadInput`` (by
    region and rule) or ``Conflict``: ``stale`` with both sides, ``lease_lost``, ``queue_closed``, ``operation_used``,
    ``id_taken`` or ``overtaken``. With each of these the work is kept as a draft: a valid answer is
    saved or kept, whatever races it.
    """
    found = _find(user, task, request.operation_id)
    for _ in range(MAX_ATTEMPTS):
        if found.used_elsewhere:
            raise _kept(user, found, request, "This operation_id was used for something else.", "operation_used")
        if found.operation is not None:
            return _repeat(user, found)
        try:
            return _answer(user, found, request)
        except (IntegrityError, OperationalError) as error:
            # The same operation, the same person's other page or a deadlock between two: read again, decide anew.
            if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") not in DEADLOCKS:
                raise
            if _belongs_to_another(user, found, request):
                raise _kept(user, found, request, "This id belongs to another answer.", "id_taken") from None
        except _Overtaken:
            pass
        found = _find(user, task, request.operation_id)
    if request.base != UNCHECKED:
        raise _stale(user, found, request)
    raise _kept(user, found, request, "Other changes to this answer came first each time; send it again.", "overtaken")


def _belongs_to_another(user: User, found: _Found, request: SubmitRequest) -> bool:
    """Whether the id that the sender gave the answer is that of another task's or person's."""
    if request.annotation_id is None:
        return False
    same = Annotation.objects.filter(uuid=request.annotation_id)
    return same.exclude(task_id=found.task_id, user=user).exists()


def _kept(user: User, found: _Found, request: SubmitRequest, why: str, code: str) -> Conflict:
    """A refusal of an answer that is kept as its sender's draft."""
    kept = keep(user, found.context, found.task_id, request.result, base=request.base, uuid=request.annotation_id)
    return Conflict(f"{why} What you sent is kept as a draft.", code=code, kept_as=str(kept))


class _Overtaken(Exception):
    """The annotation got another revision between reading and writing."""


def _find(user: User, task: UUID, operation_id: UUID) -> _Found:
    within, extra = scope(user)
    columns = sql.row(
        f"SELECT {COLUMNS}, t.id, i.id, i.width, i.height, a.id, a.uuid, a.revision,"
        " opa.uuid, op.number, op.next_task_id, op.author_id, opa.task_id"
        " FROM annotation_task t JOIN annotation_queue q ON q.id = t.queue_id"
        f"{JOINS} JOIN platform_item i ON i.id = t.item_id"
        " LEFT JOIN annotation_annotation a ON a.task_id = t.id AND a.user_id = m.user_id"
        " LEFT JOIN annotation_annotationrevision op ON op.operation_id = %s"
        " LEFT JOIN annotation_annotation opa ON opa.id = op.annotation_id"
        f" WHERE t.uuid = %s{within}",
        [user.pk, operation_id, task, *extra],
    )
    if columns is None:
        raise NotFound("There is no such task.")
    context = read(columns)
    access.check(user, context.role, "queue.label", context.project_id)
    task_id, item_id, width, height, annotation_id, annotation, revision = columns[WIDTH : WIDTH + 7]
    op_uuid, op_number, op_next, op_author, op_task = columns[WIDTH + 7 :]
    used = op_uuid is not None
    return _Found(
        context=context,
        task_id=task_id,
        item_id=item_id,
        width=width,
        height=height,
        annotation_id=annotation_id,
        annotation=sql.uuid(annotation) if annotation is not None else None,
        revision=revision or 0,
        operation=(sql.uuid(op_uuid), op_number, op_next) if used else None,
        used_elsewhere=used and (op_task, op_author) != (task_id, user.pk),
    )


def _repeat(user: User, found: _Found) -> dict[str, Any]:
    """The stored answer, with the same next task as long as it is still this person's and unanswered."""
    assert found.operation is not None
    uuid, number, next_task = found.operation
    state = sql.row("SELECT state FROM annotation_annotation WHERE uuid = %s", [uuid])
    payload = None
    if next_task is not None:
        held = sql.row(
            "SELECT until FROM annotation_lease WHERE task_id = %s AND user_id = %s AND NOT closed",
            [next_task, user.pk],
        )
        if held is not None:
            payload = payloads.of_task(found.context, user, next_task, sql.when(held[0]))
    return _json(uuid, number, state[0] if state else "", payload)


def _json(uuid: UUID, number: int, state: str, payload: dict[str, Any] | None) -> dict[str, Any]:
    return {"annotation": {"id": str(uuid), "revision": number, "state": state}, "next": payload}


def _answer(user: User, found: _Found, request: SubmitRequest) -> dict[str, Any]:
    context = found.context
    if request.base != UNCHECKED and request.base != found.revision:
        raise _stale(user, found, request)
    if request.annotation_id and found.annotation and found.revision and request.annotation_id != found.annotation:
        raise _stale(user, found, request)
    result: list[Any] = list(request.result)
    if not request.skip:
        result = validate(request.result, found.width, found.height, context.rules)
    text = to_stored_text(result)
    state, task_state = _states(context, request)
    try:
        with transaction.atomic():
            claim = queues.close_and_claim(context, user, found.task_id, request.holding, want_next=request.want_next)
            if not claim.closed:
                raise queues.no_place(context, found.task_id)
            taken = claim.next
            if taken is None and request.want_next:
                taken = queues.claim(context, user, request.holding)
            uuid, key = _write_annotation(user, found, request, state)
            revision_id = _write_revision(user, key, found.revision + 1, request, state, text, taken)
            finished = None if task_state == Task.State.SUBMITTED else timezone.now()
            sql.change(
                f"WITH {sql.held_item('%s')} UPDATE annotation_task SET state = %s, finished_at = %s"
                " WHERE id = %s AND EXISTS (SELECT 1 FROM held)",
                [found.item_id, task_state.value, finished, found.task_id],
            )
            if state == Annotation.State.ACCEPTED:
                accept(
                    item_id=found.item_id,
                    schema_id=context.schema_id,
                    schema_revision_id=context.revision_id,
                    annotation_revision_id=revision_id,
                    user_id=user.pk,
                    result=result,
                    width=found.width,
                    height=found.height,
                    rules=context.rules,
                )
    except queues.NoPlace as error:
        raise _late(
            user, context, found.task_id, request.result, error, base=request.base, uuid=request.annotation_id
        ) from None
    payload = payloads.claimed(context, user, taken, request.holding) if taken else None
    return _json(uuid, found.revision + 1, state.value, payload)


def _states(context: QueueContext, request: SubmitRequest) -> tuple[Annotation.State, Task.State]:
    if request.skip:
        return Annotation.State.SKIPPED, Task.State.SKIPPED
    if context.review:
        return Annotation.State.SUBMITTED, Task.State.SUBMITTED
    return Annotation.State.ACCEPTED, Task.State.DONE


def _write_annotation(user: User, found: _Found, request: SubmitRequest, state: Annotation.State) -> tuple[UUID, int]:
    now = timezone.now()
    if found.annotation_id is None:
        uuid = request.annotation_id or uuid4()
        made = sql.row(
            "INSERT INTO annotation_annotation (uuid, task_id, user_id, schema_revision_id, state, revision,"
            " created_at, updated_at) VALUES (%s, %s, %s, %s, %s, 1, %s, %s) RETURNING id",
            [uuid, found.task_id, user.pk, found.context.revision_id, state.value, now, now],
        )
        assert made is not None
        return uuid, made[0]
    assert found.annotation is not None
    changed = sql.row(
        "UPDATE annotation_annotation SET state = %s, revision = revision + 1, schema_revision_id = %s, draft = NULL,"
        " draft_at = NULL, draft_base = NULL, lost_at = NULL, updated_at = %s"
        " WHERE id = %s AND revision = %s RETURNING id",
        [state.value, found.context.revision_id, now, found.annotation_id, found.revision],
    )
    if changed is None:
        raise _Overtaken
    return found.annotation, changed[0]


def _write_revision(
    user: User,
    annotation_id: int,
    number: int,
    request: SubmitRequest,
    state: Annotation.State,
    result: str,
    taken: "queues.HeldTask | None",
) -> int:
    made = sql.row(
        "INSERT INTO annotation_annotationrevision (uuid, annotation_id, number, operation_id, author_id, state,"
        " result, reason, lead_time, next_task_id, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [
            uuid4(),
            annotation_id,
            number,
            request.operation_id,
            user.pk,
            state.value,
            result,
            request.reason[:300],
            request.lead_time,
            taken.task_id if taken else None,
            timezone.now(),
        ],
    )
    assert made is not None
    return int(made[0])


# -- work that cannot become an answer is kept -------------------------------------------------------------------------


def _stale(user: User, found: _Found, request: SubmitRequest) -> Conflict:
    """Both sides of an answer that began from an older revision; the sender's is kept as their draft."""
    keep(user, found.context, found.task_id, request.result, base=request.base, uuid=request.annotation_id)
    result: Any = []
    if found.annotation_id is not None and found.revision:
        row = sql.row(
            "SELECT result FROM annotation_annotationrevision WHERE annotation_id = %s AND number = %s",
            [found.annotation_id, found.revision],
        )
        result = sql.loads(row[0]) if row else []
    theirs = {"id": str(found.annotation) if found.annotation else None, "revision": found.revision, "result": result}
    return Conflict(
        "This answer was changed in the meantime; both sides are here.",
        code="stale",
        theirs=theirs,
        yours={"base_revision": request.base if request.base != UNCHECKED else None, "result": list(request.result)},
    )


def _late(
    user: User,
    context: QueueContext,
    task_id: int,
    result: Sequence[Any],
    error: "queues.NoPlace",
    *,
    base: int,
    uuid: UUID | None,
) -> Conflict:
    """The refusal of work on a task at which the person has no place; reviewers see the draft it is kept as."""
    kept = keep(user, context, task_id, result, base=base, uuid=uuid, late=True)
    said = f"{error.message} What you sent is kept as a draft that reviewers see."
    return Conflict(said, code=error.code, kept_as=str(kept))


def keep(
    user: User,
    context: QueueContext,
    task_id: int,
    result: Sequence[Any],
    *,
    base: int = UNCHECKED,
    uuid: UUID | None = None,
    late: bool = False,
) -> UUID:
    """Keeps unfinished work as the person's draft of a task and answers the annotation's uuid; ``late``: somebody
    else has the task, so that reviewers are shown it."""
    to_stored_text(result)
    values: Mapping[str, Any] = {
        "draft": list(result),
        "draft_at": timezone.now(),
        "draft_base": base if base != UNCHECKED else None,
    }
    if late:
        values = {**values, "lost_at": timezone.now()}
    try:
        with transaction.atomic():
            annotation, made = Annotation.objects.get_or_create(
                task_id=task_id,
                user=user,
                defaults={
                    "uuid": _free_uuid(uuid),
                    "schema_revision_id": context.revision_id,
                    "state": Annotation.State.DRAFT,
                    "revision": 0,
                    **values,
                },
            )
            if not made:
                Annotation.objects.filter(pk=annotation.pk).update(**values)
    except IntegrityError:  # another answer was given this id between the look and the write
        if uuid is None:
            raise
        return keep(user, context, task_id, result, base=base, late=late)
    return annotation.uuid


def _free_uuid(uuid: UUID | None) -> UUID:
    taken = uuid is None or Annotation.objects.filter(uuid=uuid).exists()
    return uuid4() if taken or uuid is None else uuid


def save_draft(
    user: User,
    context: QueueContext,
    task_id: int,
    result: Sequence[Any],
    *,
    base: int = UNCHECKED,
    uuid: UUID | None = None,
) -> dict[str, Any]:
    """The page's regular keeping of unfinished work, which also renews the lease.

    Kept in any case; raises ``Conflict`` ``lease_lost`` when somebody else has the task, ``queue_closed`` when the
    queue gives none out any more.
    """
    try:
        queues.hold(context, user, task_id)
    except queues.NoPlace as error:
        raise _late(user, context, task_id, result, error, base=base, uuid=uuid) from None
    keep(user, context, task_id, result, base=base, uuid=uuid)
    at = Annotation.objects.filter(task_id=task_id, user=user).values_list("draft_at", flat=True).get()
    return {"saved_at": at.isoformat().replace("+00:00", "Z") if at else None}
