"""What a person has answered in a queue, the newest first: the way back to it, also from another page or machine."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lode_annotation.models import Annotation
from lode_annotation.queue_context import QueueContext
from lode_platform.models import User

MAX_ANSWERS = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """A task that the person answered or skipped, with the state and revision of the answer."""

    task: UUID
    path: str
    position: int
    state: str
    revision: int
    answered_at: datetime


def recent_answers(context: QueueContext, user: User) -> list[Answered]:
    """The person's last ``MAX_ANSWERS`` answers in the queue, the newest first; items in the trash are left out."""
    rows = Annotation.objects.filter(
        task__queue_id=context.queue.id, task__item__trashed_at=None, user=user, revision__gt=0
    ).order_by("-updated_at", "-pk")
    columns = ("task__uuid", "task__item__path", "task__number", "state", "revision", "updated_at")
    return [Answered(*row) for row in rows.values_list(*columns)[:MAX_ANSWERS]]
