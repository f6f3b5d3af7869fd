"""Who calls: a person, and the token that they came in with, if any. Every question of permission is asked with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lode_platform.models import User

__all__ = ["Caller", "Token"]


@dataclass(frozen=True)
class Token:
    """What limits a token: the key of its one ``project`` (None: all), and the most it may do there ("": all)."""

    pk: int
    project: int | None = None
    role: str = ""


@dataclass(frozen=True)
class Caller:
    """A person behind a request. Without ``token`` they came by the login page, or a command acts for them."""

    user: User
    token: Token | None = None

    @property
    def only_project(self) -> int | None:
        """The key of the one project that the caller may act in; None: any that the person is a member of."""
        return self.token.project if self.token else None

    @property
    def token_role(self) -> str:
        """The role that the token is limited to; "" for no limit."""
        return self.token.role if self.token else ""
