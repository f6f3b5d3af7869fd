"""The task that a micro-task answered with no opens in the queue of corrections: why, and where in the item."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from lode_annotation import queues
from lode_annotation.models import Queue, Task
from lode_annotation.ordering import ORDERINGS, TaskFacts
from lode_annotation.statements import micro_tasks as statements
from lode_annotation.statements.micro_tasks import PollRow
from lode_platform import sql
from lode_platform.models import User
from motherlode.regions import box_of

STRATEGY = "micro-task"
MOST_TEXT = 600


class ItemTaken(Exception):
    """Another vote has just put the item into the queue of corrections."""


def why(poll: PollRow, no: int, asked: int, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The reason of a correction, or what it becomes of the one ``before``: the words, the questions, the regions, and
    the box around these, where they are on one page."""
    said = f"{no} of {asked} said no: “{poll.asked.text}”"
    old = dict(before or {})
    reason: dict[str, Any] = {
        **old,
        "text": f"{old['text']}; {said}"[:MOST_TEXT] if old.get("text") else said,
        "strategy": old.get("strategy", STRATEGY),
        "micro_tasks": [*old.get("micro_tasks", ()), str(poll.uuid)],
    }
    region = poll.asked.subject.get("region") if poll.asked.region else None
    box = box_of(region) if region else None
    if region:
        reason["regions"] = [*old.get("regions", ()), region["id"]]
    if region and box:
        page, other = region.get("frame", 0) or 0, old.get("box")
        if other is None:
            reason |= {"box": list(box), **({"page": page} if page else {})}
        elif old.get("page", 0) == page:
            reason["box"] = [*map(min, box[:2], other[:2]), *map(max, box[2:], other[2:])]
    return reason


def open_one(poll: PollRow, person: User, no: int, asked: int, priority: int) -> bool:
    """Opens the item of a micro-task for correction, in the vote's transaction; whether it did, since a queue that is
    closed or being filled takes nothing. A task that the queue has for the item already gets one reason more, and is
    opened again where it was finished. Raises ``ItemTaken``."""
    if poll.corrections is None:
        return False
    if poll.correction_task is not None:
        reason = why(poll, no, asked, poll.correction_reason)
        if poll.correction_state in (Task.State.DONE, Task.State.SKIPPED):
            queues.reopen(poll.correction_task, reason, person, reserved=False)
        else:
            Task.objects.filter(pk=poll.correction_task).update(reason=reason)
        return True
    room = statements.make_room(poll.corrections)
    if room is None:
        return False
    uuid, reason = uuid4(), why(poll, no, asked)
    made = statements.add_correction(
        uuid,
        queue_id=poll.corrections,
        item_id=poll.item_id,
        number=room.number,
        priority=priority,
        reason=sql.dumps(reason),
    )
    if made is None:
        raise ItemTaken
    rank = ORDERINGS[room.ordering].rank(TaskFacts(uuid, priority))
    statements.add_correction_places(made, poll.corrections, room.overlap, rank)
    return True


def take_back(queue: int, item: int, micro_task: UUID) -> None:
    """Removes what a micro-task opened for correction, in the caller's transaction, where nobody has begun it; what
    other questions stand behind keeps their words."""
    task = Task.objects.filter(queue=queue, item=item, state=Task.State.OPEN).first()
    if task is None or task.reason.get("micro_tasks") != [str(micro_task)]:
        return
    corrections = Queue.objects.select_for_update().get(pk=queue)
    queues.remove_unstarted(corrections, task.number, task.number)
