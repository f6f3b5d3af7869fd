"""A micro-task as a page or a program is sent it: the question, the item, and the part of it that is asked about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lode_annotation import payloads, queues
from lode_annotation.micro.subjects import subject_of
from lode_annotation.queue_context import QueueContext
from lode_annotation.rules import asks_of
from lode_annotation.statements import micro_tasks as statements
from lode_annotation.statements.micro_tasks import AskedRow, QuestionRow
from lode_platform.drawing import drawn
from lode_platform.item_media import MEDIA
from lode_platform.item_media.medium import Excerpt
from lode_platform.models import User
from lode_platform.templatetags.lode import class_color
from motherlode.shapes import SHAPES

CHANGED = "The label has changed since it was asked about."
TRASHED = "The item is in the trash."
MOST_LOOKS = 100


def has_changed(asked: AskedRow) -> bool:
    """Whether what is asked about is no more what the item's labels say."""
    if asked.is_same:
        return False
    rows = asked.regions or [], asked.answers or []
    return bool(subject_of(asked.region, asked.class_id, *rows, asked.digest or "") != asked.subject)


def claimed(context: QueueContext, user: User, held: "queues.HeldTask | None", holding: Any) -> dict[str, Any] | None:
    """Describes a claimed question. One that is out of date is withdrawn, and the next one taken instead."""
    for _look in range(MOST_LOOKS):
        if held is None:
            return None
        found = statements.question_of(held.task_id, context.queue.schema_id)
        if found is not None and not has_changed(found.asked):
            return question_json(context, found, held.until)
        queues.withdraw(held.task_id, TRASHED if found is None else CHANGED)
        held = queues.claim(context, user, holding)
    return None


def question_json(context: QueueContext, row: QuestionRow, until: datetime | None) -> dict[str, Any]:
    """What a person is asked."""
    asked, task = row.asked, row.task
    region = asked.subject.get("region") if asked.region else None
    label = context.rules.names.get(asked.class_id or 0, "")
    return {
        "task": {
            "id": str(task.task),
            "position": task.number,
            "total": context.queue.size,
            "reason": task.reason,
        },
        "question": {
            "text": asked.text,
            "class_id": asked.class_id,
            "class_name": label,
            "guideline": _guideline(context, asked.class_id),
            "region": asked.region or None,
        },
        "media": payloads.media_payload(task.item, task.md5, task),
        "regions": _drawn(context, region, label),
        "excerpt": _excerpt(task.kind, task.md5, region),
        "queue": {"id": str(context.queue.uuid), "name": context.queue.name},
        "lease": payloads.lease(until),
    }


def _drawn(context: QueueContext, region: Mapping[str, Any] | None, label: str) -> list[Any]:
    if region is None:
        return []
    own = region.get("class_id", 0)
    asks = asks_of(context.rules.controls).get(own)
    return list(drawn(region, label=label, color=class_color(own or 1), asks=asks))


def _excerpt(kind: str, md5: str, region: Mapping[str, Any] | None) -> Excerpt | None:
    shape = SHAPES.get(region["kind"]) if region else None
    if region is None or shape is None or not shape.quotes:
        return None
    place: Any = shape.from_json(region["geometry"])
    return MEDIA[kind].excerpt(md5, place.start, place.end)


def _guideline(context: QueueContext, class_id: int | None) -> str:
    """What the schema's guideline says of a class."""
    labels = (label for control in context.rules.controls for label in control["labels"])
    return next((str(one.get("guideline") or "") for one in labels if one["class_id"] == class_id), "")
