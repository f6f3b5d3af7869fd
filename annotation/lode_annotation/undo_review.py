"""Undoes a reviewer's verdict, as long as nothing depends on it."""

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from lode_annotation import payloads, queues, told
from lode_annotation.label_sets import named_elsewhere
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Review, SchemaMigration, Task
from lode_annotation.queue_context import QueueContext, context_for
from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Item, User
from lode_platform.notifications.notify import withdraw

WAITS = Annotation.State.SUBMITTED
LEFT = {
    Review.Verdict.ACCEPT: Annotation.State.ACCEPTED,
    Review.Verdict.FIX: Annotation.State.ACCEPTED,
    Review.Verdict.REJECT: Annotation.State.REJECTED,
}
"""The state in which a verdict leaves the answer."""


def undo_review(caller: Caller, annotation: UUID, operation: str) -> dict[str, Any]:
    """Undoes one's own verdict, by the id it was sent with, and returns ``{"annotation": payload}``.

    The answer waits for review again and the labels are those that stood before; a fix stays as a revision, with the
    annotator's words on top of it as a new one. A repeat changes nothing. Raises ``Conflict`` ``built_on`` once
    anything stands on the verdict: a newer answer or verdict, other labels, a version, or somebody at the task again.
    """
    user = caller.user
    found = Annotation.objects.visible_to(caller).select_related("task__queue").filter(uuid=annotation).first()
    if found is None:
        raise NotFound("There is no such annotation.")
    context = context_for(caller, found.task.queue.uuid, "annotation.review")
    try:
        operation_id = UUID(operation)
    except ValueError:
        raise BadInput("operation_id must be the uuid that the verdict was sent with.", field="operation_id") from None
    with transaction.atomic():
        _undo(user, context, found.pk, operation_id)
    return {"annotation": payloads.of_review(context, user, annotation)}


def _undo(user: User, context: QueueContext, key: int, operation_id: UUID) -> None:
    # In the order in which a verdict locks: the task's places, the answer, the item.
    list(Lease.objects.select_for_update().filter(task__annotations=key).order_by("pk").values("pk"))
    found = (
        Annotation.objects.select_for_update(of=("self",)).select_related("task__queue__project", "user").get(pk=key)
    )
    given = found.reviews.select_related("revision").filter(operation_id=operation_id, reviewer=user).first()
    if given is None:
        raise NotFound("You gave no such verdict.")
    if given.undone_at is not None:
        return
    if given.task_reason is None:
        raise _built_on("it was given before verdicts could be undone")
    last = found.reviews.standing().order_by("-pk").first()
    if last != given or found.revision != given.revision.number or found.state != LEFT[Review.Verdict(given.verdict)]:
        raise _built_on("this answer was changed or judged again")
    if given.verdict == Review.Verdict.REJECT:
        _out_of_the_queue(found, given)
        withdraw(found.user, "returned", told.returned_key(found.task))
    else:
        _out_of_the_truth(context, found.task, given)
    if given.verdict == Review.Verdict.FIX:
        _as_it_was(found)
    found.state = WAITS
    found.save(update_fields=["state", "revision", "schema_revision", "updated_at"])
    Task.objects.filter(pk=found.task_id).update(
        state=Task.State.SUBMITTED, finished_at=None, reason=given.task_reason, to_compare=True
    )
    given.undone_at = timezone.now()
    given.save(update_fields=["undone_at"])
    events.record(found.task.queue.project, user, "annotation.undo_review", found, verdict=given.verdict)


def _out_of_the_queue(found: Annotation, given: Review) -> None:
    places = Lease.objects.filter(task=found.task_id, closed=False)  # one: a verdict opens its author's alone
    held = places.filter(until__gt=timezone.now()).exclude(user=None)
    taken = [place for place in held if not queues.is_reserved(place, found.user)]
    others = Annotation.objects.filter(task=found.task_id, updated_at__gt=given.created_at).exclude(pk=found.pk)
    if found.task.state != Task.State.OPEN or found.draft is not None or taken or others.exists():
        raise _built_on("somebody is working on the task again")
    places.update(closed=True, user=found.user, since=None, until=None)


def _out_of_the_truth(context: QueueContext, task: Task, given: Review) -> None:
    Item.objects.select_for_update(no_key=True).only("pk").get(pk=task.item_id)
    current = LabelSet.objects.current().filter(item=task.item_id, schema=context.queue.schema_id)
    mine = current.filter(annotation_revision=given.revision_id).first()
    if mine is None:
        raise _built_on("the item has newer labels")
    later = {"revealed_at__gt": given.created_at, "undone_at": None}
    if SchemaMigration.objects.filter(revision__schema=context.queue.schema_id, **later).exists():
        raise _built_on("labels of the schema were merged since")
    if named_elsewhere(mine):
        raise _built_on("a version contains these labels")
    LabelSet.objects.filter(pk=mine.pk).update(current=False)
    if given.replaced_id is not None:
        LabelSet.objects.filter(pk=given.replaced_id).update(current=True)


def _as_it_was(found: Annotation) -> None:
    """The annotator's words once more, as a revision of their own: none is ever taken away."""
    before = found.revisions.exclude(number=found.revision).order_by("-number")[0]
    found.revision += 1
    AnnotationRevision.objects.create(
        annotation=found,
        number=found.revision,
        operation_id=uuid4(),
        author=before.author,
        state=WAITS,
        result=before.result,
        lead_time=before.lead_time,
    )


def _built_on(why: str) -> Conflict:
    return Conflict(f"This verdict can no longer be undone: {why}.", code="built_on")
