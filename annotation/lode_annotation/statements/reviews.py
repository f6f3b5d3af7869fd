"""How many answers wait for a reviewer."""

from collections.abc import Sequence
from typing import NamedTuple

from lode_annotation.statements.tables import ANNOTATION, ITEM, QUEUE, TASK
from lode_platform import sql

# What `AnnotationQuerySet.waiting_for` selects. CROSS JOIN keeps SQLite to this order: the few submitted answers first
# (by their partial index, which needs the state as it stands here), not every task of the project.
WAITING = (
    f" FROM {ANNOTATION} a CROSS JOIN {TASK} t CROSS JOIN {QUEUE} q CROSS JOIN {ITEM} i"
    " WHERE a.state = 'submitted' AND a.user_id <> %(user)s AND t.id = a.task_id AND q.id = t.queue_id"
    " AND i.id = t.item_id AND i.trashed_at IS NULL"
)


class Count(NamedTuple):
    """A number of rows."""

    n: int


class OfQueue(NamedTuple):
    """A queue's key and a number."""

    queue: int
    n: int


def waiting_in_project(project_id: int, user_id: int, most: int) -> int:
    """The answers of a project that wait for this person's verdict, counted up to ``most``."""
    statement = f"SELECT count(*) FROM (SELECT 1 AS n{WAITING} AND q.project_id = %(project)s LIMIT %(most)s) w"
    [found] = sql.rows(Count, statement, {"project": project_id, "user": user_id, "most": most})
    return found.n


def waiting_in_queues(queue_ids: Sequence[int], user_id: int) -> dict[int, int]:
    """The same of each of these queues that has some."""
    named, values = sql.one_of("queue", queue_ids)
    statement = f"SELECT t.queue_id, count(*){WAITING} AND t.queue_id IN ({named}) GROUP BY t.queue_id"
    return dict(sql.rows(OfQueue, statement, {**values, "user": user_id}))
