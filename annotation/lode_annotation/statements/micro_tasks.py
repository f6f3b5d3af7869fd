"""Micro-tasks as they are put to a person, and the votes on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from lode_annotation.models import Task
from lode_annotation.statements.contexts import QUEUE_COLUMNS, QUEUE_JOINS, QueueRow
from lode_annotation.statements.payloads import TASK_COLUMNS, TaskRow
from lode_annotation.statements.tables import (
    BLOB,
    ITEM,
    LABEL_SET,
    LEASE,
    MICRO_RULE,
    MICRO_TASK,
    QUEUE,
    TASK,
    USER,
    VOTE,
    Key,
)
from lode_platform import access, sql
from lode_platform.callers import Caller
from lode_platform.sql import Flag, Json

JUDGED = 50
"""Of so many of their last votes it is counted how often a person agreed with the others."""


class AskedRow(NamedTuple):
    """What a micro-task asks, and the item's current labels where they are others than those it was asked about."""

    region: str
    class_id: int | None
    subject: Json
    text: str
    is_same: Flag
    regions: Json
    answers: Json
    digest: str | None


class QuestionRow(NamedTuple):
    """A micro-task with its item, as it is put to a person."""

    task: TaskRow
    asked: AskedRow


class PollRow(NamedTuple):
    """All that a vote depends on: the question, its rule, the votes so far, and what the operation has written already.

    ``correction_...`` is the task that the queue of corrections has for the item already. ``votes``:
    ``[[number, user, answer, undone, outcome, [agreed, judged]], ...]``, the undone ones too: how often, of how many
    votes, the person said what most of the others said; ``mine`` is the same of who asks.
    """

    queue: QueueRow
    task_id: int
    uuid: sql.Uuid
    item_id: int
    state: str
    priority: int
    is_gone: Flag
    asked: AskedRow
    min_votes: int
    max_votes: int
    error_limit: float
    corrections: int | None
    correction_task: int | None
    correction_state: str | None
    correction_reason: Json
    votes: Json
    mine: Json
    operation_task: int | None
    operation_user: int | None
    operation_answer: str | None
    operation_next: int | None


SAME = "ls.id = mt.label_set_id"
CHANGED = ", ".join(f"CASE WHEN {SAME} THEN NULL ELSE ls.{name} END" for name in ("regions", "answers", "digest"))
ASKED = f"mt.region, mt.class_id, mt.subject, mt.text, coalesce({SAME}, %(no)s), {CHANGED}"
CURRENT = (
    f' LEFT JOIN {LABEL_SET} ls ON ls.item_id = i.id AND ls.schema_id = %(schema)s AND ls."current"'
    " AND ls.staged_by_id IS NULL"
)


def question_of(task_id: int, schema_id: int) -> QuestionRow | None:
    """A micro-task as it is put to a person; None where its item is in the trash."""
    return sql.first(
        QuestionRow,
        f"SELECT {TASK_COLUMNS}, {ASKED} FROM {TASK} t JOIN {MICRO_TASK} mt ON mt.task_id = t.id"
        f" JOIN {ITEM} i ON i.id = t.item_id AND i.trashed_at IS NULL JOIN {BLOB} b ON b.id = i.blob_id{CURRENT}"
        " WHERE t.id = %(task)s",
        {"task": task_id, "schema": schema_id, "no": False},
    )


def _track(user: str, array: str) -> str:
    """How often somebody agreed with most of the others, of how many of their last votes on other questions."""
    others = (
        f"SELECT sum(CASE x.answer WHEN 'yes' THEN 1 WHEN 'no' THEN -1 ELSE 0 END) FROM {VOTE} x"
        " WHERE x.task_id = z.task_id AND x.user_id <> z.user_id AND NOT x.undone"
    )
    last = (
        f"SELECT z.answer, ({others}) AS lead FROM {VOTE} z WHERE z.queue_id = q.id AND z.user_id = {user}"
        f" AND NOT z.undone AND z.answer IN ('yes', 'no') AND z.task_id <> t.id ORDER BY z.id DESC LIMIT {JUDGED}"
    )
    agreed = "coalesce(sum(CASE WHEN (w.answer = 'yes') = (w.lead > 0) THEN 1 ELSE 0 END), 0)"
    return f"(SELECT {array}({agreed}, count(*)) FROM ({last}) w WHERE w.lead <> 0)"


def poll_of(caller: Caller, task: UUID, operation_id: UUID) -> PollRow | None:
    """A micro-task with the votes on it, and what the operation's id stands for; None where there is none that the
    person may see, and for a task that asks for labels."""
    scope, parameters = access.sql_scope(caller)
    postgresql = connection.vendor == "postgresql"
    array, group = ("json_build_array", "json_agg") if postgresql else ("json_array", "json_group_array")
    nested = "{}" if postgresql else "json({})"
    row = f"{array}(v.number, v.user_id, v.answer, v.undone, v.outcome, {nested.format(_track('v.user_id', array))})"
    votes = f"SELECT {group}({row}) FROM {VOTE} v WHERE v.task_id = t.id"
    return sql.first(
        PollRow,
        f"SELECT {QUEUE_COLUMNS}, t.id, t.uuid, t.item_id, t.state, t.priority, i.trashed_at IS NOT NULL, {ASKED},"
        " mr.min_votes, mr.max_votes, mr.error_limit, mr.corrections_id, ct.id, ct.state, ct.reason,"
        f" ({votes}), {_track('m.user_id', array)}, op.task_id, op.user_id, op.answer, op.next_task_id"
        f" FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{scope}{QUEUE_JOINS} JOIN {ITEM} i ON i.id = t.item_id"
        f" JOIN {MICRO_TASK} mt ON mt.task_id = t.id JOIN {MICRO_RULE} mr ON mr.queue_id = q.id"
        f"{CURRENT.replace('%(schema)s', 's.id')}"
        f" LEFT JOIN {TASK} ct ON ct.queue_id = mr.corrections_id AND ct.item_id = t.item_id AND ct.subject = ''"
        f" LEFT JOIN {VOTE} op ON op.operation_id = %(operation)s WHERE t.uuid = %(task)s",
        {**parameters, "task": task, "operation": operation_id, "no": False},
    )


class TrackRow(NamedTuple):
    """A person, and how often they agreed with most of the others, of how many votes."""

    user: int
    track: Json


def tracks(queue_id: int, users: Sequence[int]) -> dict[int, tuple[int, int]]:
    """By person: how often they agreed with most of the others, of how many of their last votes in a queue."""
    named, values = sql.one_of("user", users)
    array = "json_build_array" if connection.vendor == "postgresql" else "json_array"
    track = _track("u.id", array).replace("q.id", "%(queue)s").replace(" AND z.task_id <> t.id", "")
    rows = sql.rows(
        TrackRow, f"SELECT u.id, {track} FROM {USER} u WHERE u.id IN ({named})", {**values, "queue": queue_id}
    )
    return {row.user: (row.track[0], row.track[1]) for row in rows}


def insert_vote(
    *,
    task_id: int,
    queue_id: int,
    user_id: int,
    number: int,
    class_id: int | None,
    answer: str,
    outcome: str,
    undone: bool,
    seconds: float,
    operation_id: UUID,
    next_task_id: int | None,
) -> None:
    """A vote under its number; ``IntegrityError`` where another one has it, or the person has voted."""
    sql.change(
        f"INSERT INTO {VOTE} (task_id, queue_id, user_id, number, class_id, answer, outcome, undone, seconds,"
        " operation_id, next_task_id, created_at) VALUES (%(task)s, %(queue)s, %(user)s, %(number)s, %(class)s,"
        " %(answer)s, %(outcome)s, %(undone)s, %(seconds)s, %(operation)s, %(next)s, %(now)s)",
        {
            "task": task_id,
            "queue": queue_id,
            "user": user_id,
            "number": number,
            "class": class_id,
            "answer": answer,
            "outcome": outcome,
            "undone": undone,
            "seconds": seconds,
            "operation": operation_id,
            "next": next_task_id,
            "now": timezone.now(),
        },
    )


def finish(task_id: int, finished_at: datetime) -> None:
    """The question is decided."""
    sql.change(
        f"UPDATE {TASK} SET state = %(done)s, finished_at = %(at)s WHERE id = %(task)s",
        {"done": Task.State.DONE.value, "at": finished_at, "task": task_id},
    )


def open_places(task_id: int, wanted: int) -> None:
    """Has ``wanted`` places of a question open, as far as there are so many; those in hand stay."""
    taken = (
        f"SELECT count(*) FROM {LEASE} o WHERE o.task_id = %(task)s AND NOT o.closed AND o.user_id IS NOT NULL"
        " AND o.until > %(now)s"
    )
    free = (
        f"SELECT f.id, row_number() OVER (ORDER BY f.closed, f.place) AS nth FROM {LEASE} f"
        " WHERE f.task_id = %(task)s AND (f.user_id IS NULL OR (NOT f.closed AND f.until <= %(now)s))"
    )
    sql.change(
        f"UPDATE {LEASE} SET closed = (free.nth > %(wanted)s - ({taken})) FROM ({free}) free"
        f" WHERE {LEASE}.id = free.id AND {LEASE}.closed <> (free.nth > %(wanted)s - ({taken}))",
        {"task": task_id, "wanted": wanted, "now": timezone.now()},
    )


def close_places(task_id: int) -> None:
    """Nobody gets the question any more, and nobody has it."""
    sql.change(f"UPDATE {LEASE} SET closed = %(yes)s WHERE task_id = %(task)s", {"yes": True, "task": task_id})


# -- corrections -------------------------------------------------------------------------------------------------------


class CorrectionQueue(NamedTuple):
    """A labeling queue that takes one task more: its number, how many people answer it, how tasks are ordered."""

    number: int
    overlap: int
    ordering: str


def make_room(queue_id: int) -> CorrectionQueue | None:
    """Counts one task more in a queue that is not closed and not being filled; None in another."""
    return sql.first(
        CorrectionQueue,
        f"UPDATE {QUEUE} SET size = size + 1 WHERE id = %(queue)s AND filling_id IS NULL"
        " AND state IN ('open', 'paused') RETURNING size, overlap, ordering",
        {"queue": queue_id},
    )


def add_correction(uuid: UUID, *, queue_id: int, item_id: int, number: int, priority: int, reason: str) -> int | None:
    """A task of that number for an item; its key, None where the queue has just got the item from another vote."""
    json = "::jsonb" if connection.vendor == "postgresql" else ""
    made = sql.first(
        Key,
        f"INSERT INTO {TASK} (uuid, queue_id, item_id, subject, number, priority, state, reason, prelabels, flag,"
        f" created_at) SELECT %(uuid)s, %(queue)s, %(item)s, '', %(number)s, %(priority)s, %(open)s, %(reason)s{json},"
        f" '[]'{json}, '', %(now)s WHERE NOT EXISTS (SELECT 1 FROM {TASK} t WHERE t.queue_id = %(queue)s"
        " AND t.item_id = %(item)s) RETURNING id",
        {
            "uuid": uuid,
            "queue": queue_id,
            "item": item_id,
            "number": number,
            "priority": priority,
            "open": Task.State.OPEN.value,
            "reason": reason,
            "now": timezone.now(),
        },
    )
    return made.id if made else None


def add_correction_places(task_id: int, queue_id: int, overlap: int, rank: int) -> None:
    """The places of such a task."""
    places = " UNION ALL ".join(f"SELECT {place} AS place" for place in range(overlap))
    sql.change(
        f"INSERT INTO {LEASE} (task_id, queue_id, rank, place, closed) SELECT %(task)s, %(queue)s, %(rank)s, p.place,"
        f" %(no)s FROM ({places}) p",
        {"task": task_id, "queue": queue_id, "rank": rank, "no": False},
    )
