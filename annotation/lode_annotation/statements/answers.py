"""An answer to a task, and the label set that an accepted one makes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from django.utils import timezone

from lode_annotation import models as annotation
from lode_annotation.statements.contexts import QUEUE_COLUMNS, QUEUE_JOINS, QueueRow
from lode_annotation.statements.tables import ANNOTATION, ITEM, LABEL_SET, QUEUE, SAVED, TASK, key_of
from lode_platform import access, sql
from lode_platform.callers import Caller
from lode_platform.sql import Json, MaybeUuid
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
        " opa.uuid, op.number, op.next_task_id, op.author_id, opa.task_id"
        f" FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{scope}{QUEUE_JOINS} JOIN {ITEM} i ON i.id = t.item_id"
        f" LEFT JOIN {ANNOTATION} a ON a.task_id = t.id AND a.user_id = m.user_id"
        f" LEFT JOIN {SAVED} op ON op.operation_id = %(operation)s"
        f" LEFT JOIN {ANNOTATION} opa ON opa.id = op.annotation_id"
        f" WHERE t.uuid = %(task)s",
        {**parameters, "task": task, "operation": operation_id},
    )


def insert_annotation(uuid: UUID, *, task_id: int, user_id: int, schema_revision_id: int, state: str) -> int:
    """The person's first answer to the task; its key."""
    return key_of(
        f"INSERT INTO {ANNOTATION} (uuid, task_id, user_id, schema_revision_id, state, revision, created_at,"
        " updated_at) VALUES (%(uuid)s, %(task)s, %(user)s, %(schema_revision)s, %(state)s, 1, %(now)s, %(now)s)"
        " RETURNING id",
        {
            "uuid": uuid,
            "task": task_id,
            "user": user_id,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )


def raise_revision(annotation_id: int, *, revision: int, schema_revision_id: int, state: str) -> bool:
    """Gives an answer of this ``revision`` its next number and empties its draft; False where it has another."""
    changed = sql.change(
        f"UPDATE {ANNOTATION} SET state = %(state)s, revision = revision + 1, schema_revision_id = %(schema_revision)s,"
        " draft = NULL, draft_at = NULL, draft_base = NULL, lost_at = NULL, updated_at = %(now)s"
        " WHERE id = %(annotation)s AND revision = %(revision)s",
        {
            "annotation": annotation_id,
            "revision": revision,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )
    return changed == 1


def insert_revision(
    annotation_id: int,
    number: int,
    *,
    operation_id: UUID,
    author_id: int,
    state: str,
    result: str,
    reason: str,
    lead_time: float,
    next_task_id: int | None,
) -> int:
    """A revision with its ``result`` as JSON text; its key."""
    return key_of(
        f"INSERT INTO {SAVED} (uuid, annotation_id, number, operation_id, author_id, state, result, reason, lead_time,"
        " next_task_id, created_at) VALUES (%(uuid)s, %(annotation)s, %(number)s, %(operation)s, %(author)s, %(state)s,"
        " %(result)s, %(reason)s, %(lead_time)s, %(next_task)s, %(now)s) RETURNING id",
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
        },
    )


def finish_task(task_id: int, item_id: int, *, state: str, finished_at: datetime | None) -> None:
    """Sets a task's state and holds its item until the transaction ends.

    A writer of an item's label sets holds it, after the places of a task and before anything else of it.
    """
    lock = sql.locking(" FOR NO KEY UPDATE")
    sql.change(
        f"WITH held AS (SELECT id FROM {ITEM} WHERE id = %(item)s{lock}) UPDATE {TASK} SET state = %(state)s,"
        " finished_at = %(finished)s WHERE id = %(task)s AND EXISTS (SELECT 1 FROM held)",
        {"item": item_id, "task": task_id, "state": state, "finished": finished_at},
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
    texts: Texts,
) -> None:
    """An accepted answer's label set becomes the current one."""
    sql.change(
        f"INSERT INTO {LABEL_SET} (uuid, item_id, schema_id, schema_revision_id, source, annotation_revision_id,"
        ' answers, regions, relations, digest, "current", created_by_id, created_at) VALUES (%(uuid)s, %(item)s,'
        " %(schema)s, %(schema_revision)s, %(source)s, %(annotation_revision)s, %(answers)s, %(regions)s,"
        " %(relations)s, %(digest)s, %(yes)s, %(user)s, %(now)s)",
        {
            "uuid": uuid4(),
            "item": item_id,
            "schema": schema_id,
            "schema_revision": schema_revision_id,
            "source": annotation.LabelSet.Source.ANNOTATION.value,
            "annotation_revision": annotation_revision_id,
            **texts._asdict(),
            "digest": texts.digest,
            "yes": True,
            "user": user_id,
            "now": timezone.now(),
        },
    )
