"""A queue and the person who works on it."""

from typing import Any, NamedTuple
from uuid import UUID

from lode_annotation.statements.tables import MEMBERSHIP, PROJECT, QUEUE, REVISION, SCHEMA, TASK
from lode_platform import models as platform
from lode_platform import sql
from lode_platform.sql import Flag, JsonText, Uuid


class QueueRow(NamedTuple):
    """A queue, its schema revision, and the person's role in its project."""

    id: int  # noqa: A003
    uuid: Uuid
    name: str
    state: str
    review: Flag
    overlap: int
    size: int
    project_id: int
    role: str
    revision_id: int
    revision: int
    controls: JsonText
    schema_id: int
    schema: str


QUEUE_COLUMNS = (
    "q.id, q.uuid, q.name, q.state, q.review, q.overlap, q.size, p.id, m.role, r.id, r.number, r.controls, s.id, s.name"
)
# From a queue ``q`` on; the membership is the person's, so a stranger finds nothing.
QUEUE_JOINS = (
    f" JOIN {PROJECT} p ON p.id = q.project_id AND p.trashed_at IS NULL"
    f" JOIN {MEMBERSHIP} m ON m.project_id = p.id AND m.user_id = %(user)s"
    f" JOIN {REVISION} r ON r.id = q.schema_revision_id JOIN {SCHEMA} s ON s.id = r.schema_id"
)


class TaskOfQueueRow(NamedTuple):
    """A task's queue and the task's key."""

    queue: QueueRow
    task_id: int


def scope_of(user: platform.User) -> tuple[str, dict[str, Any]]:
    """The condition that keeps a project's token within its project."""
    project = getattr(user, "token_project_id", None)
    return (" AND p.id = %(token_project)s", {"token_project": project}) if project else ("", {})


def queue_for(user: platform.User, queue: UUID) -> QueueRow | None:
    """A queue of a project that the person is a member of."""
    within, scope = scope_of(user)
    statement = f"SELECT {QUEUE_COLUMNS} FROM {QUEUE} q{QUEUE_JOINS} WHERE q.uuid = %(queue)s{within}"
    return sql.first(QueueRow, statement, {"user": user.pk, "queue": queue, **scope})


def queue_of_task(user: platform.User, task: UUID) -> TaskOfQueueRow | None:
    """A task's queue, where the person is a member of its project."""
    within, scope = scope_of(user)
    return sql.first(
        TaskOfQueueRow,
        f"SELECT {QUEUE_COLUMNS}, t.id FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{QUEUE_JOINS}"
        f" WHERE t.uuid = %(task)s{within}",
        {"user": user.pk, "task": task, **scope},
    )
