"""The audit log: who did what to which thing."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from lode_platform.models import Event, Project, User
from lode_platform.webhooks import outbox


def record(project: Project | None, actor: User | None, verb: str, target: Model | None = None, **data: Any) -> Event:
    """Writes one row, in the caller's transaction, and with it what the project's webhooks are to be told of it.
    ``target`` is named by its model and its ``uuid``."""
    event = _of(project, actor, verb, target, data)
    with transaction.atomic(savepoint=False):
        event.save(force_insert=True)
        outbox.tell_of(event, target)
    return event


def record_many(project: Project, actor: User, verb: str, told: Iterable[tuple[Model, dict[str, Any]]]) -> None:
    """As ``record`` of each target and its data, in as few statements as one takes."""
    rows = [(_of(project, actor, verb, target, data), target) for target, data in told]
    if not rows:
        return
    with transaction.atomic(savepoint=False):
        Event.objects.bulk_create([event for event, _ in rows], batch_size=500)
        outbox.tell_of_all(project, verb, rows)


def _of(project: Project | None, actor: User | None, verb: str, target: Model | None, data: dict[str, Any]) -> Event:
    uuid: UUID | None = getattr(target, "uuid", None)
    kind = target._meta.model_name or "" if target is not None else ""
    return Event(project=project, actor=actor, verb=verb, target_type=kind, target=uuid, data=data)
