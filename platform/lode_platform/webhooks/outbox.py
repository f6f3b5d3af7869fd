"""Writes down what a project's webhooks are to be told, in the transaction of what happened.

A delivery is a row: rolled back with what it tells of, sent by a job after the commit, and found by the sweep of any
worker where the process died in between.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from lode_platform.models import Event, Project, User
from lode_platform.webhooks import kinds
from lode_platform.webhooks.models import Webhook, WebhookDelivery

Ring = Callable[[list[int]], None]
LONGEST = 2000


def tell_of(event: Event, target: Model | None) -> None:
    """Tells the webhooks of an event's project of it, where its verb is that of a kind: one statement without any."""
    if event.project is not None:
        tell_of_all(event.project, event.verb, [(event, target)])


def tell_of_all(project: Project, verb: str, events: Iterable[tuple[Event, Model | None]]) -> None:
    """As ``tell_of`` of each of a project's events of one verb."""
    kind = kinds.kind_of(verb)
    wanting = _wanting(project, kind.name) if kind is not None else []
    if kind is None or not wanting:
        return
    for event, target in events:
        data = kind.facts(event, target)
        write(wanting, kind.name, event.uuid, as_body(event.uuid, kind.name, event.at, project, event.actor, data))


def tell(project: Project | int, kind: str, actor: User | None, facts: Callable[[Project], Mapping[str, Any]]) -> None:
    """Tells a project's webhooks of something that the audit log does not hold. ``project`` may be a key."""
    wanting = _wanting(project, kind)
    if wanting:
        found, event = wanting[0].project, uuid4()
        write(wanting, kind, event, as_body(event, kind, timezone.now(), found, actor, facts(found)))


def _wanting(project: Project | int, kind: str) -> list[Webhook]:
    rows = Webhook.objects.filter(project=project, on=True).select_related("project", "job").order_by("pk")
    return [row for row in rows if kind in row.kinds]


def as_body(event: UUID, kind: str, at: datetime, project: Project, actor: User | None, data: Mapping[str, Any]) -> str:
    """What is sent, as the text that is signed: docs/webhooks.md says what each name means."""
    said = {
        "id": str(event),
        "kind": kind,
        "at": at.isoformat(),
        "project": project.name,
        "by": actor.username if actor else None,
        "data": _plain(data),
    }
    return json.dumps(said, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """A value as JSON has it; long texts are cut, so that no body grows with what people write."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value[:100]]
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def write(webhooks: Iterable[Webhook], kind: str, event: UUID, body: str) -> list[WebhookDelivery]:
    """A delivery for each webhook, in the caller's transaction; a job sends them once that has committed."""
    now, rows = timezone.now(), list(webhooks)
    made = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(webhook=row, kind=kind, event=event, body=body, due_at=now) for row in rows
    )
    from lode_platform.webhooks import sending  # which enqueues jobs, whose failures are events themselves

    transaction.on_commit(partial(sending.wake, rows), robust=True)
    return made
