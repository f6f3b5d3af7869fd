"""The audit log: who did what to which thing."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from lode_platform.models import Event, Project, User
from lode_platform.webhooks import outbox


def record(project: Project | None, actor: User | None, verb: str, target: Model | None = None, **data: Any) -> Event:
    """Writes one row, in the caller's transaction, and with it what the project's webhooks are to be told of it.
    ``target`` is named by its model and its ``uuid``."""
    uuid: UUID | None = getattr(target, "uuid", None)
    kind = target._meta.model_name or "" if target is not None else ""
    with transaction.atomic(savepoint=False):
        event = Event.objects.create(project=project, actor=actor, verb=verb, target_type=kind, target=uuid, data=data)
        outbox.tell_of(event, target)
    return event
