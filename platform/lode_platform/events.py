"""The audit log: who did what to which thing."""

from typing import Any
from uuid import UUID

from django.db.models import Model

from lode_platform.models import Event, Project, User


def record(project: Project | None, actor: User | None, verb: str, target: Model | None = None, **data: Any) -> Event:
    """Writes one row, in the caller's transaction. ``target`` is named by its model and its ``uuid``."""
    uuid: UUID | None = getattr(target, "uuid", None)
    kind = target._meta.model_name or "" if target is not None else ""
    return Event.objects.create(project=project, actor=actor, verb=verb, target_type=kind, target=uuid, data=data)
