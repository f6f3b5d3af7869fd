"""What the editor is sent: a task with its medium, its questions, its lease, and whatever is known of it already."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from lode_annotation import comments, queues
from lode_annotation.label_sets import shown
from lode_annotation.models import Annotation, AnnotationRevision, Queue, Review, Task
from lode_annotation.queue_context import QueueContext, context_for, context_of_task
from lode_annotation.rules import rules_of, translated
from lode_annotation.statements import reviews
from lode_annotation.statements.payloads import ReviewRow, TaskRow, answer_to_review, own_task
from lode_annotation.validation import size_said
from lode_platform.callers import Caller
from lode_platform.errors import Gone
from lode_platform.item_media import MEDIA
from lode_platform.models import Item, User
from lode_platform.paging import MOST
from motherlode.frames import page_kept, pages_of
from motherlode.media import Media


def task_payload(task: Task | UUID, caller: Caller) -> dict[str, Any]:
    """Holds this very task for the person and describes it. Raises ``queues.NoPlace``, ``Gone`` for a trashed item."""
    user = caller.user
    context, task_id = context_of_task(caller, task if isinstance(task, UUID) else task.uuid, "queue.label")
    until = queues.hold(context, user, task_id)
    payload = of_task(context, user, task_id, until)
    if payload is None:
        raise Gone("The item of this task is in the trash.", code="item_trashed")
    return payload


def claimed(
    context: QueueContext, user: User, held: "queues.HeldTask", holding: Sequence[UUID]
) -> dict[str, Any] | None:
    """Describes a claimed task. One whose item has gone to the trash is withdrawn and the next one taken instead."""
    for _ in range(100):
        payload = of_task(context, user, held.task_id, held.until)
        if payload is not None:
            return payload
        queues.withdraw(held.task_id, "The item is in the trash.")
        again = queues.claim(context, user, holding)
        if again is None:
            return None
        held = again
    return None


def of_task(context: QueueContext, user: User, task_id: int, until: datetime | None) -> dict[str, Any] | None:
    """A task as the person finds it: one statement; None when its item is in the trash."""
    found = own_task(user.pk, task_id, context.queue.schema_id)
    if found is None:
        return None
    payload = _common(context, found.task)
    payload["comments"] = []
    annotation = None
    if found.annotation is not None and found.revision:
        annotation = {
            "id": str(found.annotation),
            "revision": found.revision,
            "state": found.state,
            "result": _on_this_item(context.translate(found.result or [], found.made_under), found.task.media),
        }
        payload["comments"] = comments.of_key(found.annotation_id or 0)
    kept = None
    if found.draft is not None:
        kept = {
            "result": _on_this_item(context.translate(found.draft, found.made_under), found.task.media),
            "saved_at": iso(found.draft_at),
            "base_revision": found.draft_base,
        }
    start = None
    if annotation is None and found.regions is not None:
        start = shown([*found.regions, *found.answers], found.task.media, context.rules, found.relations)
    payload |= {
        "annotation_id": str(found.annotation) if found.annotation is not None else None,
        "annotation": annotation,
        "draft": kept,
        "start": start,
        "lease": lease(until),
    }
    return payload


def _on_this_item(result: list[Any], media: Media) -> list[Any]:
    """An earlier result for the item as it is: where an image was replaced by one of another size, the result's
    percents are taken over, and what lay on a page that is gone comes to the last one, for a person to look at and to
    save or mend."""
    size = size_said(media)
    return [
        {**entry, **size, **page_kept(entry, media)}
        if isinstance(entry, dict) and not {**size, **page_kept(entry, media)}.items() <= {**size, **entry}.items()
        else entry
        for entry in result
    ]


def lease(until: datetime | None) -> dict[str, Any]:
    """A lease as it is shown: until when, and how long it is renewed for."""
    seconds = settings.TASK_LEASE_SECONDS
    return {"until": iso(until or timezone.now() + timedelta(seconds=seconds)), "seconds": seconds}


def iso(moment: datetime | None) -> str | None:
    """A moment as JSON has it here, and as Label Studio writes it."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def media_payload(item: UUID, md5: str, row: TaskRow | Item) -> dict[str, Any]:
    """An item as the editor loads it: where its bytes and its values are, and what they are."""
    url = f"{reverse('platform:media', args=[item])}?file={md5}"
    return {
        "id": str(item),
        "url": url,
        "values": f"{url}&as=values" if MEDIA[row.kind].has_values(row.media_type, row.media) else None,
        "kind": row.kind,
        "width": row.width,
        "height": row.height,
        "length": row.length,
        "pages": pages_of(row.media),
        "path": row.path,
        "metadata": row.metadata,
    }


def _common(context: QueueContext, row: TaskRow) -> dict[str, Any]:
    queue = context.queue
    return {
        "task": {
            "id": str(row.task),
            "priority": row.priority,
            "state": row.state,
            "reason": row.reason,
            "flag": row.flag,
            "position": row.number,
            "total": queue.size,
        },
        "media": media_payload(row.item, row.md5, row),
        "config": {"schema": queue.schema, "revision": queue.revision, "controls": context.rules.controls},
        "queue": {
            "id": str(queue.uuid),
            "name": queue.name,
            "review": queue.review,
            "skip_reasons": queue.skip_reasons,
        },
        "prelabels": row.prelabels,
    }


# -- for reviewers -----------------------------------------------------------------------------------------------------


def next_review(
    queue: Queue | UUID, caller: Caller, holding: Sequence[UUID] = (), annotation: UUID | None = None
) -> dict[str, Any] | None:
    """The oldest answer of the queue that waits for this reviewer, or the ``annotation`` where it does: submitted, not
    their own, and not of a task that an answer in ``holding`` is of, since one verdict decides of all its answers."""
    user = caller.user
    context = context_for(caller, queue if isinstance(queue, UUID) else queue.uuid, "annotation.review")
    waiting = (
        Annotation.objects.waiting_for(user)
        .filter(task__queue_id=context.queue.id)
        .exclude(task__in=Annotation.objects.filter(uuid__in=list(holding)).values("task"))
        .order_by("updated_at", "id")
        .values_list("uuid", flat=True)
    )
    if annotation is not None:
        waiting = waiting.filter(uuid=annotation)
    found = waiting.first()
    return of_review(context, user, found) if found else None


def of_review(context: QueueContext, user: User, annotation: UUID) -> dict[str, Any] | None:
    """An annotation as a reviewer finds it, with the task, earlier reviews and other people's unfinished work.

    ``start`` is what the project holds of the item so far, ``waiting`` how many tasks of the queue wait for this
    reviewer, this one among them: several answers to one are decided by one verdict.
    """
    found = answer_to_review(annotation, context.queue.schema_id)
    if found is None:
        return None
    payload = _common(context, found.task)
    start = None
    if found.regions is not None:
        start = shown([*found.regions, *found.answers], found.task.media, context.rules, found.relations)
    payload |= {
        "annotation": {
            "id": str(annotation),
            "revision": found.revision,
            "state": found.state,
            "result": _on_this_item(context.translate(found.result, found.made_under), found.task.media),
            "user": found.username,
            "submitted_at": iso(found.submitted_at),
            "lead_time": found.lead_time,
        },
        "start": start,
        "reviews": [
            {
                "verdict": review.verdict,
                "comment": review.comment,
                "reviewer": review.reviewer.username,
                "created_at": iso(review.created_at),
            }
            for review in Review.objects.standing()
            .filter(annotation_id=found.annotation_id)
            .select_related("reviewer")
            .order_by("created_at")
        ],
        "waiting": sum(row.n for row in reviews.waiting_in_queues([context.queue.id], user.pk, MOST)),
        "others": _others(context, found),
        "comments": comments.of_key(found.annotation_id),
    }
    return payload


def _others(context: QueueContext, found: ReviewRow) -> list[dict[str, Any]]:
    """What else was said of a task under review: the answers of others, and unfinished work where they have none."""
    known = Q(draft__isnull=False) | Q(state__in=Annotation.ANSWERED)
    rows = Annotation.objects.filter(known, task_id=found.task_id).exclude(pk=found.annotation_id)
    newest = AnnotationRevision.objects.filter(annotation__in=rows, number=F("annotation__revision"))
    answers = {row.annotation_id: row for row in newest}
    others = []
    for row in rows.select_related("user", "schema_revision").order_by("pk"):
        answered = row.counts
        result: list[Any] = answers[row.pk].result if answered else row.draft or []
        if row.schema_revision_id != context.queue.revision_id:
            result = translated(result, rules_of(row.schema_revision.controls), context.rules)
        others.append(
            {
                "id": str(row.uuid),
                "user": row.user.username,
                "result": _on_this_item(result, found.task.media),
                "saved_at": iso(answers[row.pk].created_at if answered else row.draft_at),
                "late": not answered and row.lost_at is not None,
                "answered": answered,
            }
        )
    return others
