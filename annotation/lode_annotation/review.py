"""A reviewer accepts an answer, fixes it, or sends it back with a comment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lode_annotation import comments, payloads, queues, ran_dry, told
from lode_annotation.documents import document_of
from lode_annotation.label_sets import accept, regions_held
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Review, Task
from lode_annotation.queue_context import QueueContext, context_for
from lode_annotation.statements import reviews
from lode_annotation.submit import keep
from lode_annotation.validation import to_stored_text, validate
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Forbidden, NotFound
from lode_platform.models import Item, Project, User
from lode_platform.paging import AtLeast

MOST_WAITING = 1000
"""How many answers of a queue are counted where many queues are listed."""


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What a reviewer sends: a verdict on a revision, with the fixed ``result`` where the verdict is "fix"."""

    operation_id: UUID
    verdict: str
    base: int | None = None
    comment: str = ""
    result: Sequence[Any] | None = None
    lead_time: float = 0.0
    want_next: bool = False
    holding: Sequence[UUID] = field(default_factory=tuple)


def review(caller: Caller, annotation: UUID, request: ReviewRequest) -> dict[str, Any]:
    """Gives the verdict and answers ``{"review": {...}, "annotation": {...}, "next": payload or None}``.

    The operation's id is looked at first. Accept and fix write the label set; reject puts the task back into its
    queue with the comment as its reason. Raises ``Conflict`` ``stale`` when the answer has changed or was judged by
    somebody else, ``Forbidden`` on one's own answer.
    """
    user = caller.user
    if request.verdict not in Review.Verdict.values:
        raise BadInput("The verdict must be accept, fix or reject.", field="verdict")
    found = (
        Annotation.objects.visible_to(caller)
        .select_related("task__queue", "task__item", "user")
        .filter(uuid=annotation)
    ).first()
    if found is None:
        raise NotFound("There is no such annotation.")
    context = context_for(caller, found.task.queue.uuid, "annotation.review")
    done = _given(user, found.pk, request)
    if done is None:
        if found.user_id == user.pk:
            raise Forbidden("Your own answer must be reviewed by somebody else.", code="own_answer")
        try:
            with transaction.atomic():
                done = _judge(user, context, found.pk, request)
        except Conflict as error:
            # The same verdict sent twice at once: the second arrival waited for the first.
            done = _given(user, found.pk, request)
            if done is None:
                raise _with_draft(user, context, found.task_id, request, error) from None
    following = payloads.next_review(context.queue.uuid, caller, request.holding) if request.want_next else None
    return {"review": as_json(done), "next": following}


def _given(user: User, annotation: int, request: ReviewRequest) -> Review | None:
    """The review that this operation has written already."""
    done = Review.objects.filter(operation_id=request.operation_id).select_related("annotation", "revision").first()
    if done is not None and (done.annotation_id, done.reviewer_id) != (annotation, user.pk):
        raise Conflict("This operation_id was used for something else.", code="operation_used")
    return done


def _with_draft(user: User, context: QueueContext, task_id: int, request: ReviewRequest, error: Conflict) -> Conflict:
    """The refusal of a verdict; a fix that came with it is kept as the reviewer's draft of the task."""
    if request.verdict != Review.Verdict.FIX or not request.result:
        return error
    kept = keep(user, context, task_id, request.result, late=True)
    said = f"{error.message} Your fix is kept as a draft that reviewers see."
    return Conflict(said, code=error.code, **{**error.facts, "kept_as": str(kept)})


def as_json(row: Review) -> dict[str, Any]:
    """A review as REST shows it."""
    return {
        "uuid": str(row.uuid),
        "verdict": row.verdict,
        "comment": row.comment,
        "annotation": str(row.annotation.uuid),
        "revision": row.revision.number,
        "created_at": row.created_at,
    }


def _judge(user: User, context: QueueContext, key: int, request: ReviewRequest) -> Review:
    # First the task's places, as a submit does: two that lock in another order may wait for each other.
    list(Lease.objects.select_for_update().filter(task__annotations=key).order_by("pk").values("pk"))
    found = Annotation.objects.select_for_update(of=("self",)).select_related("task__item").get(pk=key)
    revision = found.revisions.filter(number=found.revision).first()
    if revision is None or found.state != Annotation.State.SUBMITTED or request.base not in (None, found.revision):
        raise _stale(found, revision, request)
    task = found.task
    if task.state != Task.State.SUBMITTED:
        raise _not_waiting(context, task)
    if request.verdict == Review.Verdict.FIX:
        held = partial(regions_held, task.item_id, context.queue.schema_id)
        document = partial(document_of, task.item_id)
        result = validate(list(request.result or []), task.item.media, context.rules, held, document)
        to_stored_text(result)
        revision = _fixed(user, context, found, request, result)
    accepted, comment, open_comments = request.verdict != Review.Verdict.REJECT, request.comment.strip(), ""
    found.state = Annotation.State.ACCEPTED if accepted else Annotation.State.REJECTED
    found.save(update_fields=["state", "revision", "schema_revision", "updated_at"])
    row = Review.objects.create(
        annotation=found,
        revision=revision,
        reviewer=user,
        verdict=request.verdict,
        comment=request.comment,
        operation_id=request.operation_id,
        task_reason=task.reason,
    )
    if accepted:
        row.replaced_id = _accept(user, context, task, revision, found.schema_revision_id)
        row.save(update_fields=["replaced"])
        Task.objects.filter(pk=task.pk).update(state=Task.State.DONE, finished_at=timezone.now(), to_compare=True)
    else:
        reason = {name: value for name, value in task.reason.items() if name != "sent_back"}
        asked = task.reason.get("asked", task.reason.get("text", ""))
        open_comments, count = comments.as_reason(found)
        queues.reopen(
            task.pk,
            {
                **reason,
                "text": comment or open_comments or "Sent back by a reviewer",
                "asked": asked,
                "sent_back": {
                    "by": user.username,
                    "comment": comment or open_comments,
                    "comments": count,
                    "at": timezone.now().isoformat(),
                },
            },
            found.user,
            reserved=_may_label(found.user, task.queue.project),
        )
    said = {"comment": comment} if comment else {}
    if not accepted:
        told.notify_returned(task, found.user, user, comment or open_comments)
    told.notify_mentioned(task, comment, user, but=None if accepted else found.user)
    events.record(task.queue.project, user, f"annotation.{request.verdict}", found, revision=revision.number, **said)
    if accepted and context.queue.is_dry:
        transaction.on_commit(partial(ran_dry.look, context.queue.id), robust=True)
    return row


def _may_label(author: User, project: Project) -> bool:
    """Whether the author still labels in the project, so that the task can wait for them."""
    return author.is_active and access.permits(Caller(author), access.role_in(project, author), "queue.label")


def _fixed(
    user: User, context: QueueContext, found: Annotation, request: ReviewRequest, result: list[dict[str, Any]]
) -> AnnotationRevision:
    found.revision += 1
    found.schema_revision_id = context.queue.revision_id
    return AnnotationRevision.objects.create(
        annotation=found,
        number=found.revision,
        operation_id=request.operation_id,
        author=user,
        state=Annotation.State.ACCEPTED,
        result=result,
        lead_time=request.lead_time,
    )


def _accept(user: User, context: QueueContext, task: Task, revision: AnnotationRevision, made_under: int) -> int | None:
    """Writes the label set; the key of the one that it replaces."""
    words = context.translate(revision.result, made_under)
    held = partial(regions_held, task.item_id, context.queue.schema_id)
    result = validate(words, task.item.media, context.rules, held, partial(document_of, task.item_id))
    Item.objects.select_for_update(no_key=True).only("pk").get(pk=task.item_id)
    before = LabelSet.objects.current().filter(item_id=task.item_id, schema_id=context.queue.schema_id)
    replaced = before.values_list("pk", flat=True).first()
    accept(
        item_id=task.item_id,
        schema_id=context.queue.schema_id,
        schema_revision_id=context.queue.revision_id,
        annotation_revision_id=revision.pk,
        user_id=user.pk,
        result=result,
        media=task.item.media,
        rules=context.rules,
        merged=context.merged,
    )
    return replaced


def _not_waiting(context: QueueContext, task: Task) -> Conflict:
    """The refusal of a verdict where the answers of others are still to come, or have been resolved."""
    if task.state == Task.State.OPEN:
        given = Lease.objects.filter(task=task, closed=True).count()
        said = f"{given} of {context.queue.overlap} people have answered this task; it can be reviewed once all have."
        return Conflict(said, code="answers_missing")
    return Conflict("This task is finished: its labels came from other answers.", code="not_waiting")


def _stale(found: Annotation, revision: AnnotationRevision | None, request: ReviewRequest) -> Conflict:
    last = found.reviews.standing().select_related("reviewer").order_by("-created_at").first()
    judged = f" {last.reviewer.username} gave the verdict {last.verdict}." if last else ""
    return Conflict(
        f"This answer has changed since you opened it for review.{judged}",
        code="stale",
        theirs={
            "id": str(found.uuid),
            "revision": found.revision,
            "state": found.state,
            "result": revision.result if revision else [],
        },
        yours={"base_revision": request.base, "result": list(request.result or [])},
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many answers of a queue wait for a reviewer, and since when the oldest does: of those counted, where there
    are `AtLeast` so many."""

    count: int = 0
    oldest: datetime | None = None


def waiting(user: User, queue_ids: Sequence[int]) -> dict[int, Waiting]:
    """What waits for this reviewer in each of these queues that has some."""
    return {
        row.queue: Waiting(AtLeast(MOST_WAITING) if row.n > MOST_WAITING else row.n, row.oldest)
        for row in reviews.waiting_in_queues(queue_ids, user.pk, MOST_WAITING + 1)
    }
