"""A queue as one person works on it: its rule, its schema revision and their role, fetched by one statement."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lode_annotation.merging import by_id
from lode_annotation.models import Queue, SchemaRevision
from lode_annotation.rules import Rules, rules_from, rules_of, translated
from lode_annotation.statements import contexts
from lode_annotation.statements.contexts import QueueRow
from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, NotFound

OTHER_KIND = {
    "labeling": "The queue {name!r} has no micro-tasks: its items are labelled.",
    "micro": "The queue {name!r} has micro-tasks: they are voted on.",
}
"""Why a queue of this kind does not do what only the other kind does."""


@dataclass(frozen=True, slots=True)
class QueueContext:
    """A queue's facts, the person's role in its project, and the schema revision made ready."""

    queue: QueueRow
    rules: Rules

    @property
    def is_open(self) -> bool:
        return self.queue.state == "open"

    @property
    def gives_tasks(self) -> bool:
        """Whether the person gets new tasks of it: it is open, and for them."""
        return self.is_open and self.queue.for_me

    @property
    def merged(self) -> dict[int, int]:
        """The class that took another one in, by that one's id."""
        return by_id(self.queue.merged)

    def translate(self, result: Any, revision_id: int | None) -> list[Any]:
        """A result made under another revision of the schema, with the labels of this one (one more statement)."""
        if revision_id is None or revision_id == self.queue.revision_id:
            return list(result)
        made_under = SchemaRevision.objects.get(pk=revision_id)
        return translated(result, rules_of(made_under.controls), self.rules, self.merged)


def context_of(caller: Caller, row: QueueRow, verb: str, kind: str | None = Queue.Kind.LABELING.value) -> QueueContext:
    """The context of a row that was read for this person. Raises ``Forbidden`` without the verb, ``Conflict``
    (``other_kind``) where the queue asks for something else than ``kind``, None for whatever it asks."""
    access.check(caller, row.role, verb, row.project_id)
    if kind not in (None, row.kind):
        raise Conflict(OTHER_KIND[row.kind].format(name=row.name), code="other_kind")
    return QueueContext(row, rules_from(row.revision_id, row.controls))


def context_for(caller: Caller, queue: UUID, verb: str, kind: str | None = Queue.Kind.LABELING.value) -> QueueContext:
    """The person's context of ``queue``: one statement. ``NotFound`` to strangers, ``Forbidden`` without the verb."""
    found = contexts.queue_for(caller, queue)
    if found is None:
        raise NotFound("There is no such queue.")
    return context_of(caller, found, verb, kind)


def context_of_task(
    caller: Caller, task: UUID, verb: str, kind: str | None = Queue.Kind.LABELING.value
) -> tuple[QueueContext, int]:
    """The person's context of the queue of ``task``, and the task's key: one statement."""
    found = contexts.queue_of_task(caller, task)
    if found is None:
        raise NotFound("There is no such task.")
    return context_of(caller, found.queue, verb, kind), found.task_id
