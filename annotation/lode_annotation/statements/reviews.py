"""How many answers wait for a reviewer, and how many were sent back."""

from collections.abc import Sequence
from typing import NamedTuple

from lode_annotation.statements.tables import ANNOTATION, ITEM, TASK
from lode_platform import sql
from lode_platform.sql import MaybeTime

# Since when an answer of the task ``t`` waits for this person, as `AnnotationQuerySet.waiting_for` says; null where
# none does. A column, so that PostgreSQL looks it up for one task after another in their order.
SINCE = (
    f"(SELECT min(a.updated_at) FROM {ANNOTATION} a CROSS JOIN {ITEM} i WHERE a.task_id = t.id"
    " AND a.state = 'submitted' AND a.user_id <> %(user)s AND i.id = t.item_id AND i.trashed_at IS NULL)"
)


class Rejected(NamedTuple):
    """A queue's key and how many answers of it were sent back."""

    queue: int
    n: int


class OfQueue(NamedTuple):
    """A queue's key, how many answers of it wait, and since when the first of them."""

    queue: int
    n: int
    oldest: MaybeTime


def waiting_in_queues(queue_ids: Sequence[int], user_id: int, most: int) -> list[OfQueue]:
    """What waits for this person's verdict in each of these queues, at most a hundred, that has some; counted up to
    ``most``. A task's state says that an answer of it waits, so no other task is looked at."""
    if not queue_ids:
        return []
    values = {f"queue_{number}": queue for number, queue in enumerate(queue_ids)}
    each = " UNION ALL ".join(
        f"SELECT * FROM (SELECT * FROM (SELECT t.queue_id AS queue, {SINCE} AS since FROM {TASK} t"
        f" WHERE t.queue_id = %({name})s AND t.state = 'submitted' ORDER BY t.number) every WHERE since IS NOT NULL"
        f" LIMIT %(most)s) {name}"
        for name in values
    )
    statement = f"SELECT w.queue, count(*), min(w.since) FROM ({each}) w GROUP BY w.queue"
    return sql.rows(OfQueue, statement, {**values, "user": user_id, "most": most})


def rejected_in_queues(queue_ids: Sequence[int]) -> dict[int, int]:
    """How many answers of each of these queues were sent back and are as they were; no queue without one."""
    named, values = sql.one_of("queue", queue_ids)
    statement = (
        f"SELECT t.queue_id, count(*) FROM {ANNOTATION} a CROSS JOIN {TASK} t WHERE a.state = 'rejected'"
        f" AND t.id = a.task_id AND t.queue_id IN ({named}) GROUP BY t.queue_id"
    )
    with sql.rows_by_index():
        return dict(sql.rows(Rejected, statement, values))
