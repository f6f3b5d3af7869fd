"""An answer to a task, and the label set that an accepted one makes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from lode_annotation.statements.contexts import QUEUE_COLUMNS, QUEUE_JOINS, QueueRow
from lode_annotation.statements.tables import (
    ANNOTATION,
    HONEYPOT,
    ITEM,
    LABEL_SET,
    LEASE,
    QUEUE,
    REVISION,
    SAVED,
    TASK,
    USER,
    Key,
    key_of,
)
from lode_platform import access, sql
from lode_platform.callers import Caller
from lode_platform.sql import Flag, Json, MaybeUuid
from motherlode import media
from motherlode.media import Media
from motherlode.regions import Texts


class AnswerRow(NamedTuple):
    """All that an answer to a task depends on; ``operation_...`` is what the operation's id has written already."""

    queue: QueueRow
    task_id: int
    item_id: int
    kind: str
    width: int
    height: int
    length: int
    annotation_id: int | None
    annotation: MaybeUuid
    revision: int | None
    operation_annotation: MaybeUuid
    operation_revision: int
    operation_next_task: int | None
    operation_author: int
    operation_task: int
    is_honeypot: Flag

    @property
    def media(self) -> Media:
        """What the item's bytes are."""
        return media.of(self.kind, width=self.width, height=self.height, length=self.length)


def answer_of(caller: Caller, task: UUID, operation_id: UUID) -> AnswerRow | None:
    """A task, the person's answer to it so far, and what the operation's id stands for."""
    scope, parameters = access.sql_scope(caller)
    return sql.first(
        AnswerRow,
        f"SELECT {QUEUE_COLUMNS}, t.id, i.id, i.kind, i.width, i.height, i.length, a.id, a.uuid, a.revision,"
        " opa.uuid, op.number, op.next_task_id, op.author_id, opa.task_id,"
        f" EXISTS (SELECT 1 FROM {HONEYPOT} h WHERE h.task_id = t.id)"
        f" FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{scope}{QUEUE_JOINS} JOIN {ITEM} i ON i.id = t.item_id"
        f" LEFT JOIN {ANNOTATION} a ON a.task_id = t.id AND a.user_id = m.user_id"
        f" LEFT JOIN {SAVED} op ON op.operation_id = %(operation)s"
        f" LEFT JOIN {ANNOTATION} opa ON opa.id = op.annotation_id"
        f" WHERE t.uuid = %(task)s",
        {**parameters, "task": task, "operation": operation_id},
    )


def _held_task(overlap: int) -> str:
    """Where several people answer a task they come one after the other from here on, so that the last sees all."""
    lock = sql.locking(" FOR NO KEY UPDATE") if overlap > 1 else ""
    return f"WITH held AS (SELECT id FROM {TASK} WHERE id = %(task)s{lock})"


def insert_annotation(
    uuid: UUID, *, task_id: int, user_id: int, overlap: int, schema_revision_id: int, state: str
) -> int:
    """The person's first answer to a task; its key. One that several answer is held until the transaction ends."""
    return key_of(
        f"{_held_task(overlap)} INSERT INTO {ANNOTATION} (uuid, task_id, user_id, schema_revision_id, state, revision,"
        " created_at, updated_at) SELECT %(uuid)s, id, %(user)s, %(schema_revision)s, %(state)s, 1, %(now)s, %(now)s"
        " FROM held RETURNING id",
        {
            "uuid": uuid,
            "task": task_id,
            "user": user_id,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )


def raise_revision(
    annotation_id: int, *, task_id: int, overlap: int, revision: int, schema_revision_id: int, state: str
) -> bool:
    """Gives an answer of this ``revision`` its next number and empties its draft; False where it has another. A task
    that several answer is held until the transaction ends."""
    changed = sql.rows(
        Key,
        f"{_held_task(overlap)} UPDATE {ANNOTATION} SET state = %(state)s, revision = revision + 1,"
        " schema_revision_id = %(schema_revision)s, draft = NULL, draft_at = NULL, draft_base = NULL, lost_at = NULL,"
        " updated_at = %(now)s"
        " WHERE id = %(annotation)s AND revision = %(revision)s AND EXISTS (SELECT 1 FROM held)"
        " RETURNING id",
        {
            "task": task_id,
            "annotation": annotation_id,
            "revision": revision,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )
    return bool(changed)


class Standing(NamedTuple):
    """How a task stands with a new revision of an answer: the revision's key, how many places are open, and, where none
    is, the ``others``: those whose place is answered, ``[{"id": key of the revision, "annotation", "revision": its
    number, "user", "result", "made_under": key of a schema revision, "controls": of it, null for the queue's own}]``.
    """

    id: int  # noqa: A003
    open_places: int
    others: Json


def _standing() -> str:
    """What is returned of a task with a new revision. An answer whose author has no place any more does not count."""
    row = (
        "'id', ar.id, 'annotation', a.uuid, 'revision', ar.number, 'user', u.username, 'made_under', r.id,"
        " 'controls', CASE WHEN r.id <> %(schema_revision)s THEN {controls} END, 'result', {result}"
    )
    if connection.vendor == "postgresql":
        each = f"json_agg(json_build_object({row.format(controls='r.controls::text', result='ar.result')}))"
    else:
        each = f"json_group_array(json_object({row.format(controls='r.controls', result='json(ar.result)')}))"
    others = (
        f"SELECT {each} FROM {LEASE} l JOIN {ANNOTATION} a ON a.task_id = l.task_id AND a.user_id = l.user_id"
        f" JOIN {SAVED} ar ON ar.annotation_id = a.id AND ar.number = a.revision JOIN {USER} u ON u.id = a.user_id"
        f" JOIN {REVISION} r ON r.id = a.schema_revision_id"
        " WHERE l.task_id = %(task)s AND a.id <> %(annotation)s AND a.state IN ('submitted', 'accepted')"
    )
    left = f"SELECT count(*) FROM {LEASE} l WHERE l.task_id = %(task)s AND NOT l.closed"
    return f", ({left}), CASE WHEN NOT EXISTS ({left.replace('count(*)', '1')}) THEN ({others}) END"


def insert_revision(
    annotation_id: int,
    number: int,
    *,
    task_id: int,
    overlap: int,
    schema_revision_id: int,
    operation_id: UUID,
    author_id: int,
    state: str,
    result: str,
    reason: str,
    lead_time: float,
    next_task_id: int | None,
) -> Standing:
    """A revision with its ``result`` as JSON text, and how its task stands with it, where several people answer it."""
    returned = f"id{_standing()}" if overlap > 1 else "id, 0, NULL"
    [standing] = sql.rows(
        Standing,
        f"INSERT INTO {SAVED} (uuid, annotation_id, number, operation_id, author_id, state, result, reason, lead_time,"
        " next_task_id, created_at) VALUES (%(uuid)s, %(annotation)s, %(number)s, %(operation)s, %(author)s, %(state)s,"
        " %(result)s, %(reason)s, %(lead_time)s, %(next_task)s, %(now)s)"
        f" RETURNING {returned}",
        {
            "uuid": uuid4(),
            "annotation": annotation_id,
            "number": number,
            "operation": operation_id,
            "author": author_id,
            "state": state,
            "result": result,
            "reason": reason,
            "lead_time": lead_time,
            "next_task": next_task_id,
            "now": timezone.now(),
            "task": task_id,
            "schema_revision": schema_revision_id,
        },
    )
    return standing


def finish_task(
    task_id: int, item_id: int, *, state: str, finished_at: datetime | None, to_compare: bool = False
) -> None:
    """Sets a task's state, and that its answers are to be compared, and holds its item until the transaction ends.

    A writer of an item's label sets holds it, after the places of a task and before anything else of it.
    """
    lock = sql.locking(" FOR NO KEY UPDATE")
    sql.change(
        f"WITH held AS (SELECT id FROM {ITEM} WHERE id = %(item)s{lock}) UPDATE {TASK} SET state = %(state)s,"
        " finished_at = %(finished)s, to_compare = (to_compare OR %(compare)s) WHERE id = %(task)s"
        " AND EXISTS (SELECT 1 FROM held)",
        {"item": item_id, "task": task_id, "state": state, "finished": finished_at, "compare": to_compare},
    )


# -- label sets --------------------------------------------------------------------------------------------------------


class SaidRow(NamedTuple):
    """All that a label set says."""

    regions: Json
    answers: Json
    relations: Json


def retire_label_set(item_id: int, schema_id: int) -> SaidRow:
    """The current label set of an item under a schema is current no more; all that it says, nothing without one."""
    retired = sql.first(
        SaidRow,
        f'UPDATE {LABEL_SET} SET "current" = %(no)s WHERE item_id = %(item)s AND schema_id = %(schema)s AND "current"'
        " AND staged_by_id IS NULL RETURNING regions, answers, relations",
        {"no": False, "item": item_id, "schema": schema_id},
    )
    return retired or SaidRow([], [], [])


def insert_label_set(
    *,
    item_id: int,
    schema_id: int,
    schema_revision_id: int,
    annotation_revision_id: int,
    user_id: int,
    source: str,
    votes: Mapping[str, Any] | None,
    texts: Texts,
) -> None:
    """The label set that answers come to becomes the current one."""
    sql.change(
        f"INSERT INTO {LABEL_SET} (uuid, item_id, schema_id, schema_revision_id, source, annotation_revision_id,"
        ' answers, regions, relations, digest, votes, "current", created_by_id, created_at) VALUES (%(uuid)s, %(item)s,'
        " %(schema)s, %(schema_revision)s, %(source)s, %(annotation_revision)s, %(answers)s, %(regions)s,"
        " %(relations)s, %(digest)s, %(votes)s, %(yes)s, %(user)s, %(now)s)",
        {
            "uuid": uuid4(),
            "item": item_id,
            "schema": schema_id,
            "schema_revision": schema_revision_id,
            "source": source,
            "annotation_revision": annotation_revision_id,
            **texts._asdict(),
            "digest": texts.digest,
            "votes": None if votes is None else sql.dumps(votes),
            "yes": True,
            "user": user_id,
            "now": timezone.now(),
        },
    )
