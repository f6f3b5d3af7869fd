"""The kinds of notifications: a closed list, which each room fills."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lode_platform.notifications.models import MailChoice, Notification

Text = str | Promise
When = MailChoice.When


@dataclass(frozen=True)
class Notice:
    """A kind: a ``title`` for the choices, an ``icon``, what a notification says, the path that it leads to, and when
    it is mailed to who has not chosen."""

    name: str
    title: Text
    icon: str
    say: Callable[[Notification], str]
    path: Callable[[Notification], str]
    mail: str = When.AT_ONCE.value


NOTICES: dict[str, Notice] = {}


def add(notice: Notice) -> None:
    """Registers a kind. Adding the same name again replaces it."""
    NOTICES[notice.name] = notice


def words(row: Notification) -> str:
    """What a notification says, in the reader's language."""
    notice = NOTICES.get(row.kind)
    return notice.say(row) if notice else _("Something happened of which this server no longer knows the words.")


def path(row: Notification) -> str:
    """Where it leads, "" where that is nowhere any more."""
    notice = NOTICES.get(row.kind)
    return notice.path(row) if notice else ""


def icon(row: Notification) -> str:
    """The icon of its kind."""
    notice = NOTICES.get(row.kind)
    return notice.icon if notice else "bell"
