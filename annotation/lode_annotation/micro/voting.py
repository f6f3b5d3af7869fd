"""Hands questions out and takes votes: nobody is asked twice, and nobody in vain.

Votes on a question are numbered, and each follows from those before it: whoever has read the same ones as somebody else
at the same time finds the number taken and reads again. So no lock is held, and no question gets a vote too many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from lode_annotation import queues
from lode_annotation.micro import corrections, payloads
from lode_annotation.micro.certainty import NO, Ballot, Stopping, outcome, still_needed
from lode_annotation.models import Lease, Queue, Task, Vote
from lode_annotation.queue_context import QueueContext, context_for, context_of, context_of_task
from lode_annotation.statements import micro_tasks as statements
from lode_annotation.statements import places
from lode_annotation.statements.micro_tasks import PollRow
from lode_annotation.submit import DEADLOCKS, MAX_ATTEMPTS
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, NotFound
from lode_platform.models import User

KIND = Queue.Kind.MICRO.value


@dataclass(frozen=True, slots=True)
class VoteRequest:
    """What a page or program sends for a question; ``seconds`` is how long it was looked at."""

    operation_id: UUID
    answer: str
    seconds: float = 0.0
    want_next: bool = False
    holding: Sequence[UUID] = field(default_factory=tuple)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From the validated body of a vote."""
        return cls(given["operation_id"], given["answer"], given["seconds"], given["next"], given["holding"])


@dataclass(frozen=True, slots=True)
class _Poll:
    """A question with the votes on it, read for a person."""

    context: QueueContext
    row: PollRow

    @property
    def rule(self) -> Stopping:
        return Stopping(self.row.min_votes, self.row.max_votes, self.row.error_limit)

    @property
    def last(self) -> int:
        """The number of the last vote, or undo."""
        return max((number for number, *_rest in self.row.votes or ()), default=0)

    def ballots(self, without: int | None = None) -> list[Ballot]:
        """The votes that count, in their order, without those of a person."""
        counting = sorted(vote for vote in self.row.votes or () if not vote[3] and vote[1] != without)
        return [Ballot(answer, *track) for _number, _user, answer, _undone, _outcome, track in counting]

    def vote_of(self, user: User) -> Sequence[Any] | None:
        """The person's vote that counts."""
        return next((vote for vote in self.row.votes or () if vote[1] == user.pk and not vote[3]), None)


class _Overtaken(Exception):
    """Somebody else has voted, or taken the place, meanwhile."""


def next_question(caller: Caller, queue: UUID, holding: Sequence[UUID] = ()) -> dict[str, Any] | None:
    """The person's next question: one that they hold and that is not named in ``holding``, else a free one that they
    were not asked. None when nothing is left or the queue is not open."""
    context = context_for(caller, queue, "queue.label", KIND)
    return payloads.claimed(context, caller.user, queues.claim(context, caller.user, holding), holding)


def vote(caller: Caller, task: UUID, request: VoteRequest) -> dict[str, Any]:
    """Takes a vote and gives ``{"vote": {"task", "answer"}, "next": question or None}``; a repeat of the operation gets
    the same.

    Raises ``NotFound``, or ``Conflict``: ``voted`` (once is enough), ``decided``, ``withdrawn`` (the label has changed
    since), ``lease_lost``, ``queue_closed``, ``not_assigned``, ``operation_used`` or ``overtaken``.
    """
    for _attempt in range(MAX_ATTEMPTS):
        poll = _poll(caller, task, request.operation_id)
        if poll.row.operation_task is not None:
            return _repeat(caller.user, poll, request)
        try:
            return _vote(caller.user, poll, request)
        except (IntegrityError, OperationalError) as error:
            if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") not in DEADLOCKS:
                raise
        except (_Overtaken, corrections.ItemTaken):
            pass
    raise Conflict("Others keep voting on this question; send the vote again.", code="overtaken")


def _poll(caller: Caller, task: UUID, operation_id: UUID) -> _Poll:
    row = statements.poll_of(caller, task, operation_id)
    if row is None:
        context_of_task(caller, task, "queue.label", KIND)  # says what the task is instead, to whom may know
        raise NotFound("There is no such micro-task.")
    return _Poll(context_of(caller, row.queue, "queue.label", KIND), row)


def _repeat(user: User, poll: _Poll, request: VoteRequest) -> dict[str, Any]:
    row = poll.row
    if (row.operation_task, row.operation_user) != (row.task_id, user.pk) or row.operation_answer != request.answer:
        raise Conflict("This operation_id was used for something else.", code="operation_used")
    following = None
    if row.operation_next is not None:
        own = Lease.objects.filter(task_id=row.operation_next, user=user, closed=False)
        until = own.values_list("until", flat=True).first()
        found = statements.question_of(row.operation_next, row.queue.schema_id) if until else None
        if found is not None:
            following = payloads.question_json(poll.context, found, until)
    return _json(row.uuid, request.answer, following)


def _json(task: UUID, answer: str, following: dict[str, Any] | None) -> dict[str, Any]:
    return {"vote": {"task": str(task), "answer": answer}, "next": following}


def _refuse(user: User, poll: _Poll) -> None:
    """Raises what speaks against a vote of the person on the question."""
    row = poll.row
    if poll.vote_of(user) is not None:
        raise Conflict("You have voted on this already.", code="voted")
    if row.state == Task.State.DONE:
        statements.close_places(row.task_id)
        raise Conflict("This question is decided already.", code="decided")
    if row.state == Task.State.OPEN and (row.is_gone or payloads.has_changed(row.asked)):
        queues.withdraw(row.task_id, payloads.TRASHED if row.is_gone else payloads.CHANGED)
    elif row.state == Task.State.OPEN:
        return
    raise Conflict("This question is withdrawn: the label has changed, or the item is gone.", code="withdrawn")


def _vote(user: User, poll: _Poll, request: VoteRequest) -> dict[str, Any]:
    _refuse(user, poll)
    row, context = poll.row, poll.context
    ballots = [*poll.ballots(), Ballot(request.answer, *row.mine)]
    result = outcome(poll.rule, ballots)
    with transaction.atomic():
        taken = _close_and_claim(user, poll, request)
        statements.insert_vote(
            task_id=row.task_id,
            queue_id=row.queue.id,
            user_id=user.pk,
            number=poll.last + 1,
            class_id=row.asked.class_id,
            answer=request.answer,
            outcome=result,
            undone=False,
            seconds=request.seconds,
            operation_id=request.operation_id,
            next_task_id=taken.task_id if taken else None,
        )
        if result:
            statements.finish(row.task_id, timezone.now())
        else:
            statements.open_places(row.task_id, still_needed(poll.rule, ballots))
        if result == NO:
            no = sum(one.answer == NO for one in ballots)
            corrections.open_one(row, user, no, len(ballots), row.priority)
    if taken is None and request.want_next:
        taken = queues.claim(context, user, request.holding)
    following = payloads.claimed(context, user, taken, request.holding) if taken else None
    return _json(row.uuid, request.answer, following)


def _close_and_claim(user: User, poll: _Poll, request: VoteRequest) -> "queues.HeldTask | None":
    """Closes the person's place at the question and takes their next one if they want it. Raises ``NoPlace``."""
    context, task_id, until = poll.context, poll.row.task_id, queues.lease_end()
    touched = places.close_and_claim(
        user.pk,
        context.queue.id,
        until,
        is_open=context.gives_tasks,
        overlap=context.queue.overlap,
        holding=request.holding,
        closing=task_id,
        want_next=request.want_next and context.gives_tasks,
    )
    if task_id not in touched:
        raise queues.no_place(context, task_id)
    return next((queues.HeldTask(key, until) for key in touched if key != task_id), None)


# -- taken back --------------------------------------------------------------------------------------------------------


def undo(caller: Caller, task: UUID, operation_id: UUID) -> dict[str, Any]:
    """Takes the person's last vote in the queue back and puts the question to them again; what it opened for correction
    and nobody has begun is removed. A repeat of the operation gets the same.

    Raises ``NotFound``, or ``Conflict``: ``not_voted``, ``not_last`` (they have voted again since), ``decided`` (by
    somebody's vote since), ``operation_used`` or ``overtaken``.
    """
    user = caller.user
    for _attempt in range(MAX_ATTEMPTS):
        poll = _poll(caller, task, operation_id)
        row = poll.row
        if row.operation_task is not None:
            if (row.operation_task, row.operation_user, row.operation_answer) != (row.task_id, user.pk, "undo"):
                raise Conflict("This operation_id was used for something else.", code="operation_used")
            return _again(poll, user)
        try:
            _undo(user, poll, operation_id)
        except (IntegrityError, OperationalError) as error:
            if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") not in DEADLOCKS:
                raise
        else:
            return _again(poll, user)
    raise Conflict("Others keep voting on this question; send the undo again.", code="overtaken")


def _undo(user: User, poll: _Poll, operation_id: UUID) -> None:
    row, mine = poll.row, poll.vote_of(user)
    if mine is None:
        raise Conflict("You have not voted on this.", code="not_voted")
    number, _user, _answer, _undone, decided, _track = mine
    own = Vote.objects.filter(queue=row.queue.id, user=user, undone=False).order_by("-pk")
    if own.values_list("task", flat=True).first() != row.task_id:
        raise Conflict("Only your last vote can be taken back.", code="not_last")
    if row.state != Task.State.OPEN and not decided:
        raise Conflict("This question has been decided by others since.", code="decided")
    with transaction.atomic():
        # the lease before the task, as all who write both
        now = timezone.now()
        Lease.objects.filter(task=row.task_id, user=user).update(closed=False, since=now, until=queues.lease_end())
        statements.insert_vote(
            task_id=row.task_id,
            queue_id=row.queue.id,
            user_id=user.pk,
            number=poll.last + 1,
            class_id=row.asked.class_id,
            answer=Vote.Answer.UNDO.value,
            outcome="",
            undone=True,
            seconds=0,
            operation_id=operation_id,
            next_task_id=None,
        )
        Vote.objects.filter(task=row.task_id, number=number).update(undone=True)
        if decided:
            Task.objects.filter(pk=row.task_id).update(state=Task.State.OPEN, finished_at=None)
        statements.open_places(row.task_id, still_needed(poll.rule, poll.ballots(without=user.pk)))
        if decided == NO and row.corrections is not None:
            corrections.take_back(row.corrections, row.item_id, row.uuid)


def _again(poll: _Poll, user: User) -> dict[str, Any]:
    """The question once more."""
    row = poll.row
    found = statements.question_of(row.task_id, row.queue.schema_id)
    held = Lease.objects.filter(task=row.task_id, user=user, closed=False).values_list("until", flat=True).first()
    question = payloads.question_json(poll.context, found, held) if found and held else None
    return {"question": question}
