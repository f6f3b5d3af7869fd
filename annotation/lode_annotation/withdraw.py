"""Takes an answer back, with the labels that it alone made true; nothing of it is lost."""

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from lode_annotation import queues
from lode_annotation.label_sets import named_elsewhere
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Task
from lode_annotation.queue_context import QueueContext, context_for
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, Forbidden, NotFound
from lode_platform.models import Item

TAKEN_BACK = "Taken back"
"""The reason of the skip that an answer which was taken back is from then on."""


def is_withdrawn(row: Annotation, save: AnnotationRevision) -> bool:
    """Whether an answer, by its newest revision, was taken back."""
    return row.state == Annotation.State.SKIPPED and save.reason == TAKEN_BACK


def withdraw(caller: Caller, annotation: UUID) -> None:
    """Takes an answer back: it becomes a skip by a new revision, the label set that it alone made true is current no
    longer, and its task is open again. A repeat changes nothing.

    One's own, or with ``labels.import`` anybody's. Raises ``NotFound``, ``Forbidden``, and ``Conflict``: ``built_on``
    where a version holds its labels, ``merged`` where several answers made them, ``under_review``.
    """
    visible = Annotation.objects.visible_to(caller).select_related("task__queue__project")
    found = visible.filter(uuid=annotation).first()
    if found is None:
        raise NotFound("There is no such annotation.")
    project = found.task.queue.project
    context = context_for(caller, found.task.queue.uuid, "queue.label")
    if found.user_id != caller.user.pk:
        role = access.role_in(project, caller.user)
        if not access.permits(caller, role, "labels.import"):
            raise Forbidden("This answer is somebody else's: who imports labels may take it back.", code="own_answer")
    with transaction.atomic():
        _take_back(caller, context, found.pk)


def _take_back(caller: Caller, context: QueueContext, key: int) -> None:
    # In the order in which a verdict locks: the task's places, the answer, the item.
    list(Lease.objects.select_for_update().filter(task__annotations=key).order_by("pk").values("pk"))
    found = (
        Annotation.objects.select_for_update(of=("self",)).select_related("task__queue__project", "user").get(pk=key)
    )
    last = found.revisions.filter(number=found.revision).first()
    if last is None:
        raise NotFound("There is no such annotation.")
    if is_withdrawn(found, last):
        return
    if found.state in (Annotation.State.SUBMITTED, Annotation.State.ACCEPTED):
        if found.reviews.standing().exists():
            raise Conflict("A reviewer has judged this answer: undo the review first.", code="under_review")
        _out_of_the_truth(context, found)
    found.revision += 1
    found.state = Annotation.State.SKIPPED
    found.save(update_fields=["state", "revision", "updated_at"])
    values: dict[str, Any] = {"author": caller.user, "state": found.state, "result": [], "reason": TAKEN_BACK}
    AnnotationRevision.objects.create(annotation=found, number=found.revision, operation_id=uuid4(), **values)
    task = found.task
    queues.reopen(task.pk, task.reason, found.user, reserved=False)
    Task.objects.filter(pk=task.pk).update(to_compare=True)
    events.record(task.queue.project, caller.user, "annotation.withdraw", found, revision=found.revision)


def _out_of_the_truth(context: QueueContext, found: Annotation) -> None:
    """The label set that one of the answer's revisions is, no longer current; without one there is nothing to do."""
    Item.objects.select_for_update(no_key=True).only("pk").get(pk=found.task.item_id)
    current = LabelSet.objects.current().filter(item=found.task.item_id, schema=context.queue.schema_id)
    mine = current.filter(annotation_revision__annotation=found).first()
    merged = current.filter(source=LabelSet.Source.CONSENSUS).exclude(votes=None).first()
    if (
        merged is not None
        and merged.votes
        and any(one["annotation"] == str(found.uuid) for one in merged.votes["answers"])
    ):
        raise Conflict("The labels of this item were merged from several answers, this one among them.", code="merged")
    if mine is None:
        return
    if named_elsewhere(mine):
        raise Conflict("A version contains the labels of this answer: answer the task anew.", code="built_on")
    LabelSet.objects.filter(pk=mine.pk).update(current=False)
