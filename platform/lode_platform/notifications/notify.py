"""Tells people, in the transaction of what they are told of; and marks what they have read."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from lode_platform import mail
from lode_platform.callers import Caller
from lode_platform.models import Membership, Project, Role, User
from lode_platform.notifications.kinds import NOTICES, When
from lode_platform.notifications.models import MailChoice, Notification

__all__ = ["choose", "mentioned", "notify", "owners", "read", "withdraw"]

SOON = timedelta(minutes=2)
"""Until something is mailed at once: what follows in the meantime comes with it."""
DAILY_AT = 7
MENTION = re.compile(r"(?<![\w.@+-])@([\w.@+-]{1,150})")
MOST_MENTIONED = 10


def notify(
    people: Iterable[User],
    kind: str,
    *,
    project: Project | None,
    key: str,
    data: Mapping[str, Any],
    by: User | None = None,
) -> None:
    """Tells each of ``people`` but ``by`` themselves, in the caller's transaction. What they have not read yet of the
    same ``kind`` and ``key`` is counted on and says the last time's ``data``."""
    said = {**data, "by": by.username if by else ""}
    for user in sorted(set(people), key=lambda one: one.pk):
        if user != by and user.is_active:
            _tell(user, kind, project, key, said)


def _tell(user: User, kind: str, project: Project | None, key: str, data: Mapping[str, Any]) -> None:
    now = timezone.now()
    same = Notification.objects.filter(user=user, kind=kind, key=key, read_at=None)
    more: dict[str, Any] = {"count": F("count") + 1, "data": dict(data), "at": now}
    if same.update(**more):
        return
    try:
        with transaction.atomic():
            due = _mail_due(user, kind, now)
            Notification.objects.create(
                user=user, project=project, kind=kind, key=key, data=dict(data), at=now, mail_due=due
            )
    except IntegrityError:  # told of by somebody else at the same moment
        same.update(**more)


def _mail_due(user: User, kind: str, now: datetime) -> datetime | None:
    if not mail.configured() or not user.email:
        return None
    chosen = MailChoice.objects.filter(user=user, kind=kind).values_list("when", flat=True).first()
    when = chosen or NOTICES[kind].mail
    if when == When.AT_ONCE:
        return now + SOON
    if when == When.DAILY:
        today = now.replace(hour=DAILY_AT, minute=0, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    return None


def withdraw(user: User, kind: str, key: str) -> None:
    """Takes one back of which the person has not read yet, because it was undone."""
    same = Notification.objects.filter(user=user, kind=kind, key=key, read_at=None)
    if not same.filter(count__gt=1).update(count=F("count") - 1):
        same.delete()


def mentioned(project: Project, text: str) -> list[User]:
    """The members of a project whom a text names as ``@name``, at most ten."""
    names = {one.rstrip(".-+@") for one in MENTION.findall(text)}
    if not names:
        return []
    found = Membership.objects.filter(project=project, user__username__in=sorted(names)[: 5 * MOST_MENTIONED])
    rows = found.select_related("user").order_by("user__username")
    return [row.user for row in rows[:MOST_MENTIONED]]


def owners(project: Project) -> list[User]:
    """The owners of a project."""
    return [row.user for row in project.memberships.filter(role=Role.OWNER).select_related("user")]


def read(caller: Caller, uuid: Any = None) -> int:
    """Marks one as read, or all; answers how many were not. What was still to be mailed is mailed no more."""
    rows = Notification.objects.visible_to(caller).unread()
    rows = rows if uuid is None else rows.filter(uuid=uuid)
    return rows.update(read_at=timezone.now(), mail_due=None)


def choose(user: User, choices: Mapping[str, str]) -> None:
    """Keeps how a person wants to be told of each kind by mail; what they no longer want waits no more."""
    with transaction.atomic():
        for kind, when in choices.items():
            MailChoice.objects.update_or_create(user=user, kind=kind, defaults={"when": when})
        never = [kind for kind, when in choices.items() if when == When.NEVER]
        Notification.objects.filter(Q(kind__in=never), user=user).exclude(mail_due=None).update(mail_due=None)
