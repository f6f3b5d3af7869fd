"""A queue as one person works on it: its rule, its schema revision and their role, fetched by one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lode_annotation import sql
from lode_annotation.labeling_config import Rules, rules_from, translated
from lode_platform import access
from lode_platform.errors import NotFound
from lode_platform.models import User

COLUMNS = (
    "q.id, q.uuid, q.name, q.state, q.review, q.overlap, q.size, p.id, m.role, r.id, r.number, r.controls, s.id, s.name"
)
WIDTH = 14
# From a queue ``q`` on; the membership is the person's, so a stranger finds nothing.
JOINS = (
    " JOIN platform_project p ON p.id = q.project_id AND p.trashed_at IS NULL"
    " JOIN platform_membership m ON m.project_id = p.id AND m.user_id = %s"
    " JOIN annotation_schemarevision r ON r.id = q.schema_revision_id"
    " JOIN annotation_schema s ON s.id = r.schema_id"
)


@dataclass(frozen=True, slots=True)
class QueueContext:
    """A queue's facts, the person's role in its project, and the schema revision made ready."""

    queue_id: int
    queue: UUID
    name: str
    state: str
    review: bool
    overlap: int
    size: int
    project_id: int
    role: str
    revision_id: int
    revision: int
    rules: Rules
    schema_id: int
    schema: str

    @property
    def open(self) -> bool:
        return self.state == "open"

    def translate(self, result: Any, revision_id: int | None) -> list[Any]:
        """A result made under another revision of the schema, with the labels of this one (one more statement)."""
        if revision_id is None or revision_id == self.revision_id:
            return list(result)
        found = sql.row("SELECT controls FROM annotation_schemarevision WHERE id = %s", [revision_id])
        if found is None:
            return list(result)
        return translated(result, rules_from(revision_id, sql.text(found[0])), self.rules)


def read(columns: Sequence[Any]) -> QueueContext:
    """The context in the first ``WIDTH`` columns of a row."""
    queue_id, queue, name, state, review, overlap, size, project_id, role, revision_id, revision = columns[:11]
    controls, schema_id, schema = columns[11:14]
    return QueueContext(
        queue_id=queue_id,
        queue=sql.uuid(queue),
        name=name,
        state=state,
        review=bool(review),
        overlap=overlap,
        size=size,
        project_id=project_id,
        role=role,
        revision_id=revision_id,
        revision=revision,
        rules=rules_from(revision_id, sql.text(controls)),
        schema_id=schema_id,
        schema=schema,
    )


def scope(user: User) -> tuple[str, list[Any]]:
    """The condition that keeps a project's token within its project."""
    project_id = getattr(user, "token_project_id", None)
    return (" AND p.id = %s", [project_id]) if project_id else ("", [])


def context_for(user: User, queue: UUID, verb: str) -> QueueContext:
    """The person's context at ``queue``: one statement. ``NotFound`` to strangers, ``Forbidden`` without the verb."""
    within, extra = scope(user)
    found = sql.row(
        f"SELECT {COLUMNS} FROM annotation_queue q{JOINS} WHERE q.uuid = %s{within}", [user.pk, queue, *extra]
    )
    if found is None:
        raise NotFound("There is no such queue.")
    context = read(found)
    access.check(user, context.role, verb, context.project_id)
    return context


def context_of_task(user: User, task: UUID, verb: str) -> tuple[QueueContext, int]:
    """The person's context at the queue of ``task``, and the task's key: one statement."""
    within, extra = scope(user)
    found = sql.row(
        f"SELECT {COLUMNS}, t.id FROM annotation_task t JOIN annotation_queue q ON q.id = t.queue_id{JOINS}"
        f" WHERE t.uuid = %s{within}",
        [user.pk, task, *extra],
    )
    if found is None:
        raise NotFound("There is no such task.")
    context = read(found)
    access.check(user, context.role, verb, context.project_id)
    return context, found[WIDTH]
