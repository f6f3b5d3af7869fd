"""Takes an answer once, validated, never over somebody else's, never lost; and hands the next task out with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from lode_annotation import payloads, queues, ran_dry, told
from lode_annotation.documents import document_of
from lode_annotation.label_sets import accept, regions_held
from lode_annotation.models import Annotation, AnnotationRevision, Lease, Task
from lode_annotation.queue_context import QueueContext, context_of
from lode_annotation.resolve import Voice, is_reviewed, resolve
from lode_annotation.statements import answers
from lode_annotation.statements.answers import AnswerRow, Standing
from lode_annotation.validation import to_stored_text, validate
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, NotFound
from lode_platform.models import User

UNCHECKED = -1
MAX_ATTEMPTS = 8
DEADLOCKS = ("40P01", "40001")  # PostgreSQL's: this one was chosen to give way, and may try again


def base_of(given: Mapping[str, Any]) -> int:
    """A request's ``base_revision``: left out is unchecked, null is "from nothing"."""
    return UNCHECKED if "base_revision" not in given else (given["base_revision"] or 0)


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

    @classmethod
    def of(cls, given: Mapping[str, Any], *, skip: bool = False) -> Self:
        """From the validated body of a submit or skip."""
        return cls(
            operation_id=given["operation_id"],
            result=given["result"],
            lead_time=given["lead_time"],
            base=base_of(given),
            annotation_id=given["annotation_id"],
            want_next=given["next"],
            holding=given["holding"],
            skip=skip,
            reason=given.get("reason", ""),
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """All that an answer depends on, read by one statement."""

    context: QueueContext
    row: AnswerRow

    @property
    def revision(self) -> int:
        return self.row.revision or 0

    def used_elsewhere(self, user: User) -> bool:
        """Whether the operation's id belongs to another task or person."""
        row = self.row
        if row.operation_annotation is None:
            return False
        return (row.operation_task, row.operation_author) != (row.task_id, user.pk)


class _Overtaken(Exception):
    """The annotation got another revision between reading and writing."""


def submit(caller: Caller, task: UUID, request: SubmitRequest) -> dict[str, Any]:
    """Takes an answer and gives ``{"annotation": {"id", "revision", "state"}, "next": payload or None}``.

    The operation's id is looked at first: a repeat gets the stored answer. Raises ``BadInput`` (by region and rule) or
    ``Conflict``: ``stale`` with both sides, ``lease_lost``, ``queue_closed``, ``operation_used``, ``id_taken`` or
    ``overtaken``. With each of these the work is kept as a draft: a valid answer is saved or kept, whatever races it.
    """
    user = caller.user
    found = _find(caller, task, request.operation_id)
    for _ in range(MAX_ATTEMPTS):
        if found.used_elsewhere(user):
            raise _kept(user, found, request, "This operation_id was used for something else.", "operation_used")
        if found.row.operation_annotation is not None:
            return _repeat(user, found, found.row.operation_annotation)
        try:
            return _answer(user, found, request)
        except (IntegrityError, OperationalError) as error:
            # The same operation, the same person's other page or a deadlock between two: read again, decide again.
            if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") not in DEADLOCKS:
                raise
            if _belongs_to_another(user, found, request):
                raise _kept(user, found, request, "This id belongs to another answer.", "id_taken") from None
        except _Overtaken:
            pass
        found = _find(caller, task, request.operation_id)
    if request.base != UNCHECKED:
        raise _stale(user, found, request)
    raise _kept(user, found, request, "This answer kept changing meanwhile; send it again.", "overtaken")


def _belongs_to_another(user: User, found: _Found, request: SubmitRequest) -> bool:
    """Whether the id that the sender gave the answer is that of another task's or person's."""
    if request.annotation_id is None:
        return False
    same = Annotation.objects.filter(uuid=request.annotation_id)
    return same.exclude(task_id=found.row.task_id, user=user).exists()


def _kept(user: User, found: _Found, request: SubmitRequest, why: str, code: str) -> Conflict:
    """A refusal of an answer that is kept as its sender's draft."""
    kept = keep(user, found.context, found.row.task_id, request.result, base=request.base, uuid=request.annotation_id)
    return Conflict(f"{why} What you sent is kept as a draft.", code=code, kept_as=str(kept))


def _find(caller: Caller, task: UUID, operation_id: UUID) -> _Found:
    row = answers.answer_of(caller, task, operation_id)
    if row is None:
        raise NotFound("There is no such task.")
    return _Found(context_of(caller, row.queue, "queue.label"), row)


def _repeat(user: User, found: _Found, annotation: UUID) -> dict[str, Any]:
    """The stored answer, with the same next task as long as it is still this person's and unanswered."""
    state = Annotation.objects.values_list("state", flat=True).get(uuid=annotation)
    next_task, payload = found.row.operation_next_task, None
    if next_task is not None:
        held = Lease.objects.filter(task_id=next_task, user=user, closed=False).values_list("until", flat=True).first()
        if held is not None:
            payload = payloads.of_task(found.context, user, next_task, held)
    return _json(annotation, found.row.operation_revision, state, payload)


def _json(uuid: UUID, number: int, state: str, payload: dict[str, Any] | None) -> dict[str, Any]:
    return {"annotation": {"id": str(uuid), "revision": number, "state": state}, "next": payload}


def _answer(user: User, found: _Found, request: SubmitRequest) -> dict[str, Any]:
    context, row = found.context, found.row
    if request.base != UNCHECKED and request.base != found.revision:
        raise _stale(user, found, request)
    if request.annotation_id and row.annotation and found.revision and request.annotation_id != row.annotation:
        raise _stale(user, found, request)
    result: list[Any] = list(request.result)
    if not request.skip:
        held = partial(regions_held, row.item_id, context.queue.schema_id)
        result = validate(request.result, row.media, context.rules, held, partial(document_of, row.item_id))
    text = to_stored_text(result)
    state = _state(user, found, request, result)
    try:
        with transaction.atomic():
            taken = _close_and_claim(user, found, request)
            uuid, standing = _write(user, found, request, state, text, taken)
            mine = None if request.skip else Voice(standing.id, uuid, found.revision + 1, user.username, result)
            outcome = resolve(context, row, mine, standing)
            finished = timezone.now() if outcome.is_over else None
            answers.finish_task(
                row.task_id,
                row.item_id,
                state=outcome.state.value,
                finished_at=finished,
                to_compare=context.queue.overlap > 1 or row.is_honeypot,
            )
            if context.queue.tells:
                told.answered(context, row.task_id, user, uuid, found.revision + 1, state, request.reason)
            if taken is None and not context.queue.is_dry and outcome.state != Task.State.OPEN:
                transaction.on_commit(partial(ran_dry.look, context.queue.id), robust=True)
            if outcome.truth is not None:
                accept(
                    item_id=row.item_id,
                    schema_id=context.queue.schema_id,
                    schema_revision_id=context.queue.revision_id,
                    annotation_revision_id=outcome.truth.revision_id,
                    user_id=user.pk,
                    result=outcome.truth.result,
                    media=row.media,
                    rules=context.rules,
                    merged=context.merged,
                    source=outcome.truth.source,
                    votes=outcome.truth.votes,
                )
    except queues.NoPlace as error:
        late = _late(user, context, row.task_id, request.result, error, base=request.base, uuid=request.annotation_id)
        raise late from None
    payload = payloads.claimed(context, user, taken, request.holding) if taken else None
    return _json(uuid, found.revision + 1, state.value, payload)


def _state(user: User, found: _Found, request: SubmitRequest, result: Sequence[Any]) -> Annotation.State:
    """An answer that decides alone is accepted as it comes."""
    context, row = found.context, found.row
    if request.skip:
        return Annotation.State.SKIPPED
    if context.queue.overlap > 1:
        return Annotation.State.SUBMITTED
    alone = Voice(0, row.annotation or UUID(int=0), found.revision + 1, user.username, result)
    return Annotation.State.SUBMITTED if is_reviewed(context, row, [alone]) else Annotation.State.ACCEPTED


def _close_and_claim(user: User, found: _Found, request: SubmitRequest) -> "queues.HeldTask | None":
    """Closes the person's place at the task, and takes their next one if they want it. Raises ``NoPlace``."""
    context, task_id = found.context, found.row.task_id
    claim = queues.close_and_claim(context, user, task_id, request.holding, want_next=request.want_next)
    if not claim.closed:
        raise queues.no_place(context, task_id)
    if claim.next is None and request.want_next:
        return queues.claim(context, user, request.holding)
    return claim.next


def _write(
    user: User,
    found: _Found,
    request: SubmitRequest,
    state: Annotation.State,
    result: str,
    taken: "queues.HeldTask | None",
) -> tuple[UUID, Standing]:
    """The annotation's uuid, and how the task stands with its new revision, whose ``result`` is JSON text."""
    row, queue = found.row, found.context.queue
    shared: dict[str, Any] = {
        "task_id": row.task_id,
        "overlap": queue.overlap,
        "schema_revision_id": queue.revision_id,
        "state": state.value,
    }
    if row.annotation_id is None or row.annotation is None:
        uuid = request.annotation_id or uuid4()
        key = answers.insert_annotation(uuid, user_id=user.pk, **shared)
    else:
        uuid, key = row.annotation, row.annotation_id
        if not answers.raise_revision(key, revision=found.revision, **shared):
            raise _Overtaken
    standing = answers.insert_revision(
        key,
        found.revision + 1,
        operation_id=request.operation_id,
        author_id=user.pk,
        result=result,
        reason=request.reason[:300],
        lead_time=request.lead_time,
        next_task_id=taken.task_id if taken else None,
        **shared,
    )
    return uuid, standing


# -- work that cannot become an answer is kept -------------------------------------------------------------------------


def _stale(user: User, found: _Found, request: SubmitRequest) -> Conflict:
    """Both sides of an answer that began from an older revision; the sender's is kept as their draft."""
    row = found.row
    keep(user, found.context, row.task_id, request.result, base=request.base, uuid=request.annotation_id)
    revisions = AnnotationRevision.objects.filter(annotation=row.annotation_id, number=found.revision)
    theirs = {
        "id": str(row.annotation) if row.annotation else None,
        "revision": found.revision,
        "result": revisions.values_list("result", flat=True).first() or [],
    }
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
                    "schema_revision_id": context.queue.revision_id,
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
    return {"saved_at": payloads.iso(at)}
