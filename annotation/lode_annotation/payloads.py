"""What the editor is sent: a task with its medium, its questions, its lease, and whatever is known of it already."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from lode_annotation import queues, sql
from lode_annotation.label_sets import shown
from lode_annotation.models import Annotation, Queue, Review, Task
from lode_annotation.queue_context import QueueContext, context_for, context_of_task
from lode_platform.errors import Gone
from lode_platform.models import User

TASK = "t.uuid, t.number, t.priority, t.state, t.reason, t.prelabels, i.uuid, i.path, i.width, i.height, b.md5"
TASK_WIDTH = 11
FILE = " JOIN platform_blob b ON b.id = i.blob_id"
LABELS = (
    ' LEFT JOIN annotation_labelset ls ON ls.item_id = i.id AND ls.schema_id = %s AND ls."current"'
    " AND ls.staged_by_id IS NULL"
)


def next_payload(queue: Queue | UUID, user: User, holding: Sequence[UUID] = ()) -> dict[str, Any] | None:
    """Claims the person's next task of the queue and describes it; None when nothing is left. Three statements."""
    context = context_for(user, queue if isinstance(queue, UUID) else queue.uuid, "queue.label")
    held = queues.claim(context, user, holding)
    return claimed(context, user, held, holding) if held else None


def task_payload(task: Task | UUID, user: User) -> dict[str, Any]:
    """Holds this very task for the person and describes it. Raises ``queues.NoPlace``, ``Gone`` for a trashed item."""
    context, task_id = context_of_task(user, task if isinstance(task, UUID) else task.uuid, "queue.label")
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
    found = sql.row(
        f"SELECT {TASK}, a.uuid, a.revision, a.state, a.draft, a.draft_at, a.draft_base, a.schema_revision_id,"
        " ar.result, ls.regions"
        f" FROM annotation_task t JOIN platform_item i ON i.id = t.item_id AND i.trashed_at IS NULL{FILE}"
        " LEFT JOIN annotation_annotation a ON a.task_id = t.id AND a.user_id = %s"
        " LEFT JOIN annotation_annotationrevision ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{LABELS} WHERE t.id = %s",
        [user.pk, context.schema_id, task_id],
    )
    if found is None:
        return None
    uuid, revision, state, draft, draft_at, draft_base, made_under, result, regions = found[TASK_WIDTH:]
    payload = _common(context, found)
    annotation = None
    if uuid is not None and revision:
        annotation = {
            "id": str(sql.uuid(uuid)),
            "revision": revision,
            "state": state,
            "result": _on_this_picture(context.translate(sql.loads(result) or [], made_under), payload["media"]),
        }
    kept = None
    if draft is not None:
        kept = {
            "result": _on_this_picture(context.translate(sql.loads(draft), made_under), payload["media"]),
            "saved_at": _iso(sql.when(draft_at)),
            "base_revision": draft_base,
        }
    start = None
    if annotation is None and regions is not None:
        start = shown(sql.loads(regions), payload["media"]["width"], payload["media"]["height"], context.rules)
    payload |= {
        "annotation_id": str(sql.uuid(uuid)) if uuid is not None else None,
        "annotation": annotation,
        "draft": kept,
        "start": start,
        "lease": lease(until),
    }
    return payload


def _on_this_picture(result: list[Any], media: Mapping[str, Any]) -> list[Any]:
    """An earlier result for the picture as it is: where its file was replaced by one of another size, the result's
    percents are taken over, for a person to look at and to save or mend."""
    size = {"original_width": media["width"], "original_height": media["height"]}
    return [
        {**entry, **size} if isinstance(entry, dict) and not size.items() <= {**size, **entry}.items() else entry
        for entry in result
    ]


def lease(until: datetime | None) -> dict[str, Any]:
    """A lease as it is shown: until when, and how long it is renewed for."""
    seconds = settings.TASK_LEASE_SECONDS
    return {"until": _iso(until or timezone.now() + timedelta(seconds=seconds)), "seconds": seconds}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _common(context: QueueContext, columns: Sequence[Any]) -> dict[str, Any]:
    uuid, number, priority, state, reason, prelabels, item, path, width, height, md5 = columns[:TASK_WIDTH]
    item_uuid = sql.uuid(item)
    return {
        "task": {
            "id": str(sql.uuid(uuid)),
            "priority": priority,
            "state": state,
            "reason": sql.loads(reason),
            "position": number,
            "total": context.size,
        },
        "media": {
            "id": str(item_uuid),
            "url": f"{reverse('platform:media', args=[item_uuid])}?file={md5}",
            "width": width,
            "height": height,
            "path": path,
        },
        "config": {"schema": context.schema, "revision": context.revision, "controls": context.rules.controls},
        "queue": {"id": str(context.queue), "name": context.name, "review": context.review},
        "prelabels": sql.loads(prelabels),
    }


# -- for reviewers -----------------------------------------------------------------------------------------------------


def next_review(queue: Queue | UUID, user: User, holding: Sequence[UUID] = ()) -> dict[str, Any] | None:
    """The oldest answer of the queue that waits for this reviewer: submitted, not their own, not in ``holding``."""
    context = context_for(user, queue if isinstance(queue, UUID) else queue.uuid, "annotation.review")
    waiting = (
        Annotation.objects.waiting_for(user)
        .filter(task__queue_id=context.queue_id)
        .exclude(uuid__in=list(holding))
        .order_by("updated_at", "id")
        .values_list("uuid", flat=True)
        .first()
    )
    return of_review(context, user, waiting) if waiting else None


def of_review(context: QueueContext, user: User, annotation: UUID) -> dict[str, Any] | None:
    """An annotation as a reviewer finds it, with the task, earlier reviews and other people's unfinished work.

    ``start`` is what the project holds of the item so far, ``waiting`` how many answers of the queue wait for this
    reviewer, this one among them.
    """
    found = sql.row(
        f"SELECT {TASK}, t.id, a.id, a.revision, a.state, u.username, a.schema_revision_id, ar.result, ar.created_at,"
        " ar.lead_time, ls.regions"
        " FROM annotation_annotation a JOIN annotation_task t ON t.id = a.task_id"
        f" JOIN platform_item i ON i.id = t.item_id{FILE} JOIN platform_user u ON u.id = a.user_id"
        " JOIN annotation_annotationrevision ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{LABELS} WHERE a.uuid = %s",
        [context.schema_id, annotation],
    )
    if found is None:
        return None
    task_id, annotation_id, revision, state, username, made_under, result, at, lead_time, regions = found[TASK_WIDTH:]
    payload = _common(context, found)
    width, height = payload["media"]["width"], payload["media"]["height"]
    payload |= {
        "annotation": {
            "id": str(annotation),
            "revision": revision,
            "state": state,
            "result": _on_this_picture(context.translate(sql.loads(result), made_under), payload["media"]),
            "user": username,
            "submitted_at": _iso(sql.when(at)),
            "lead_time": lead_time,
        },
        "start": shown(sql.loads(regions), width, height, context.rules) if regions is not None else None,
        "reviews": [
            {
                "verdict": review.verdict,
                "comment": review.comment,
                "reviewer": review.reviewer.username,
                "created_at": _iso(review.created_at),
            }
            for review in Review.objects.standing()
            .filter(annotation_id=annotation_id)
            .select_related("reviewer")
            .order_by("created_at")
        ],
        "waiting": Annotation.objects.waiting_for(user).filter(task__queue_id=context.queue_id).count(),
        "others": [
            {
                "id": str(other.uuid),
                "user": other.user.username,
                "result": other.draft,
                "saved_at": _iso(other.draft_at),
                "late": other.lost_at is not None,
            }
            for other in Annotation.objects.filter(task_id=task_id, draft__isnull=False)
            .exclude(pk=annotation_id)
            .select_related("user")
        ],
    }
    return payload
