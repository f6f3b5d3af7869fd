"""A queue and the person who works on it."""

from typing import NamedTuple
from uuid import UUID

from lode_annotation.statements.tables import ASSIGNMENT, QUEUE, REVISION, SCHEMA, TASK, WEBHOOK
from lode_platform import access, sql
from lode_platform.callers import Caller
from lode_platform.sql import Flag, Json, JsonText, Uuid


class QueueRow(NamedTuple):
    """A queue, its schema revision, the merges of the schema's newest one, and the person's role in its project.

    ``is_dry``: it was found to have no open task, nor got one since; ``tells``: the project has webhooks.
    """

    id: int  # noqa: A003
    uuid: Uuid
    name: str
    kind: str
    state: str
    review: Flag
    review_rule: Json
    overlap: int
    consensus: str
    size: int
    skip_reasons: Json
    for_me: Flag
    is_dry: Flag
    tells: Flag
    project_id: int
    role: str
    revision_id: int
    revision: int
    controls: JsonText
    schema_id: int
    schema: str
    merged: Json


QUEUE_COLUMNS = (
    "q.id, q.uuid, q.name, q.kind, q.state, q.review, q.review_rule, q.overlap, q.consensus, q.size, q.skip_reasons,"
    f" (NOT EXISTS (SELECT 1 FROM {ASSIGNMENT} x WHERE x.queue_id = q.id) OR EXISTS (SELECT 1 FROM {ASSIGNMENT} x"
    " WHERE x.queue_id = q.id AND (x.user_id = m.user_id OR x.role = m.role))),"
    f' q.dry_at IS NOT NULL, EXISTS (SELECT 1 FROM {WEBHOOK} w WHERE w.project_id = p.id AND w."on"),'
    " p.id, m.role, r.id, r.number, r.controls, s.id, s.name"
    f", (SELECT n.merged FROM {REVISION} n WHERE n.schema_id = s.id ORDER BY n.number DESC LIMIT 1)"
)
# From a queue ``q`` on; ``access.sql_scope`` joins its project ``p`` and the caller's membership ``m``.
QUEUE_JOINS = f" JOIN {REVISION} r ON r.id = q.schema_revision_id JOIN {SCHEMA} s ON s.id = r.schema_id"


class TaskOfQueueRow(NamedTuple):
    """A task's queue and the task's key."""

    queue: QueueRow
    task_id: int


def queue_for(caller: Caller, queue: UUID) -> QueueRow | None:
    """A queue of a project that the person is a member of."""
    scope, parameters = access.sql_scope(caller)
    statement = f"SELECT {QUEUE_COLUMNS} FROM {QUEUE} q{scope}{QUEUE_JOINS} WHERE q.uuid = %(queue)s"
    return sql.first(QueueRow, statement, {**parameters, "queue": queue})


def queue_of_task(caller: Caller, task: UUID) -> TaskOfQueueRow | None:
    """A task's queue, where the person is a member of its project."""
    scope, parameters = access.sql_scope(caller)
    return sql.first(
        TaskOfQueueRow,
        f"SELECT {QUEUE_COLUMNS}, t.id FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{scope}{QUEUE_JOINS}"
        f" WHERE t.uuid = %(task)s",
        {**parameters, "task": task},
    )
