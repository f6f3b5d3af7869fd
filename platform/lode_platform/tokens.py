"""API tokens: made, shown once, kept as digests, checked at the door.

The plain text is ``lode_<prefix>_<secret>`` with 256 random bits, so a plain SHA-256 of it is safe to keep. The same
text is the password of git and of the DVC remote.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from lode_platform import events, token_uses
from lode_platform.callers import Caller, Token
from lode_platform.errors import BadInput
from lode_platform.models import ApiToken, Membership, Project, Role, User
from lode_platform.throttle import count_wrong_token

LAST_USED_EVERY = timedelta(minutes=5)


class BadToken(Exception):
    """The token is unknown, expired, revoked, or its person or project is no longer there."""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_token(
    user: User, *, project: Project | None = None, role: str = "", name: str = "", days: int | None = None
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nothing can show again.

    With ``project`` it acts there alone, with at most ``role`` (the person's own role where empty); ``days`` says when
    it expires.
    """
    if role and role not in Role.values:
        raise BadInput(f"{role!r} is not a role; roles are {', '.join(Role.values)}.", field="role")
    if role and project is None:
        raise BadInput("A role needs a project: only a project's token is limited to a role.", field="role")
    if days is not None and days < 1:
        raise BadInput("A token lives for at least one day.", field="days")
    prefix = secrets.token_hex(4)
    text = f"lode_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        project=project,
        role=role,
        name=name,
        prefix=prefix,
        digest=_digest(text),
        expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
    )
    return token, text


# Written out because it stands before every request of a program: the same through the ORM costs five times as much.
_BY_DIGEST = """
    SELECT u.*, t.id AS token_pk, t.project_id AS token_project, t.role AS token_role,
           t.last_used_at IS NULL OR t.last_used_at < %s AS token_unseen
    FROM platform_apitoken t
    JOIN platform_user u ON u.id = t.user_id
    LEFT JOIN platform_project p ON p.id = t.project_id
    WHERE t.digest = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s)
      AND u.is_active AND p.trashed_at IS NULL
"""


def caller_for_token(text: str) -> Caller:
    """The person behind a token, and what limits it: one query.

    Raises ``BadToken``. That it was used is noted at most once every few minutes, and written later.
    """
    now = timezone.now()
    moment = connection.ops.adapt_datetimefield_value
    values = [moment(now - LAST_USED_EVERY), _digest(text), moment(now)]
    user = next(iter(User.objects.raw(_BY_DIGEST, values)), None)
    if user is None:
        raise BadToken("The token is unknown, expired or revoked, or its person or project is no longer there.")
    columns = vars(user)  # those of the token are taken off the person, so that nothing hangs on them
    token = Token(columns.pop("token_pk"), columns.pop("token_project"), columns.pop("token_role"))
    if columns.pop("token_unseen"):
        token_uses.note(token.pk, now)
    return Caller(user, token)


def sql_scope(text: str) -> tuple[str, dict[str, Any]]:
    """For raw statements on a table ``q`` with a ``project_id``: joins to the live project ``p``, to the token ``t``
    where it may act there, and to the membership ``m`` of its person; and their parameters.

    A row found proves the token valid; where there is none, ``caller_for_token`` tells whether the token is why.
    """
    joins = (
        f" JOIN {Project._meta.db_table} p ON p.id = q.project_id AND p.trashed_at IS NULL"
        f" JOIN {ApiToken._meta.db_table} t ON t.digest = %(digest)s AND t.revoked_at IS NULL"
        " AND (t.expires_at IS NULL OR t.expires_at > %(now)s) AND (t.project_id IS NULL OR t.project_id = p.id)"
        f" JOIN {User._meta.db_table} u ON u.id = t.user_id AND u.is_active"
        f" JOIN {Membership._meta.db_table} m ON m.project_id = p.id AND m.user_id = u.id"
    )
    return joins, {"digest": _digest(text), "now": timezone.now()}


def note_use(token: int, last: datetime | None) -> None:
    """A token (primary key) was used, which was ``last`` known to be: noted at most once every few minutes."""
    now = timezone.now()
    if last is None or last < now - LAST_USED_EVERY:
        token_uses.note(token, now)


def revoke(token: ApiToken, actor: User) -> None:
    """Ends the token at once and for good."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        events.record(token.project, actor, "token.revoke", token, prefix=token.prefix)


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer TOKEN``, or another of the ``schemes``."""

    schemes: ClassVar[frozenset[bytes]] = frozenset({b"bearer"})

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() not in self.schemes:
            return None
        try:
            caller = caller_for_token(text.decode("ascii").strip())
        except (BadToken, UnicodeDecodeError) as error:
            count_wrong_token(request._request)
            raise AuthenticationFailed("The token is unknown, expired or revoked.", code="bad_token") from error
        assert caller.token is not None
        return caller.user, caller.token

    def authenticate_header(self, request: Request | HttpRequest) -> str:
        return 'Bearer realm="Motherlode"'
