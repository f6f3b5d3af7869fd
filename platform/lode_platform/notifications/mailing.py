"""Mails people what they have not read: one mail a person for all that is due, by a job, off where no mail is set up.

A mail is claimed by an UPDATE that moves ``mail_due`` on, so a worker that dies leaves it to be sent, at most ``TRIES``
times.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lode_platform import jobs, mail
from lode_platform.addresses import absolute
from lode_platform.callers import Caller
from lode_platform.errors import NotFound
from lode_platform.models import Job, JobState, User
from lode_platform.notifications import kinds
from lode_platform.notifications.models import MailChoice, Notification
from lode_platform.notifications.notify import choose
from lode_platform.tidy import hourly

VERB = "notifications.mail"
TRIES = 5
AGAIN = timedelta(minutes=10)
MOST_IN_A_MAIL = 50
READ_FOR, KEPT_FOR = timedelta(days=30), timedelta(days=180)
ROWS = 500
log = logging.getLogger(__name__)
_signer = Signer(salt="lode_platform.notifications")


def look() -> None:
    """Enqueues the job that mails where something is due and none is open."""
    due = Notification.objects.filter(mail_due__lte=timezone.now())
    if due.exists() and not Job.objects.filter(verb=VERB, state__in=jobs.OPEN).exists():
        jobs.enqueue(VERB, project=None, user=None, title=_("Mail notifications"))


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """Sends a mail to each person for whom something is due."""
    sent = 0
    due = Notification.objects.filter(mail_due__lte=timezone.now())
    for key in list(due.order_by("user").values_list("user", flat=True).distinct()[:1000]):
        work.check()
        sent += _mail(User.objects.get(pk=key))
    return {"sent": sent}


def _mail(user: User) -> int:
    now = timezone.now()
    mine = Notification.objects.filter(user=user, mail_due__lte=now)
    rows = list(mine.visible_to(Caller(user)).select_related("project").order_by("at")[:MOST_IN_A_MAIL])
    keys = [row.pk for row in rows]
    claimed = mine.filter(pk__in=keys).update(mail_due=now + AGAIN, mail_tries=F("mail_tries") + 1)
    mine.exclude(pk__in=mine.visible_to(Caller(user)).values("pk")).update(mail_due=None)  # of a project they left
    if not keys or claimed != len(keys):
        return 0  # read, or taken by another worker, meanwhile: the rest comes with the next
    held = Notification.objects.filter(pk__in=keys)
    if not mail.configured() or not user.email or not user.is_active:
        held.update(mail_due=None)
        return 0
    try:
        mail.send(user.email, *message(user, rows))
    except mail.Unsent as error:  # the notification is in the app
        log.warning("A mail to %s was not sent: %s", user.username, error)
        held.filter(mail_tries__gte=TRIES).update(mail_due=None)
        return 0
    held.update(mail_due=None, mailed_at=timezone.now())
    return 1


def message(user: User, rows: Sequence[Notification]) -> tuple[str, str, dict[str, str]]:
    """Subject, text and headers of the mail that tells a person of notifications, with a link that ends such mails."""
    said = [(" ".join(kinds.words(row).split()), kinds.path(row)) for row in rows]
    names = {row.kind for row in rows}
    stop = absolute(reverse("platform:unsubscribe", args=[signed(user, names.pop() if len(names) == 1 else "")]))
    more = ngettext("%(n)d notification", "%(n)d notifications", len(rows)) % {"n": len(rows)}
    subject = said[0][0] if len(said) == 1 else more
    lines = [f"{text}\n{absolute(path) if path else ''}".rstrip() for text, path in said]
    foot = _("No more mails like this: %(stop)s\nYour choices: %(choices)s") % {
        "stop": stop,
        "choices": absolute(f"{reverse('platform:account')}#mail"),
    }
    return (
        f"[Motherlode] {subject}"[:200],
        "\n\n".join([*lines, f"-- \n{foot}\n"]),
        {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


# -- ended by a link ---------------------------------------------------------------------------------------------------


def signed(user: User, kind: str) -> str:
    """What the link of a mail names: a person, and the kind that they end; "" for all."""
    return _signer.sign(f"{user.uuid.hex}.{kind}")


def meant(text: str) -> tuple[User, list[str]]:
    """The person and the kinds of such a link. Raises ``NotFound`` for one that we never made."""
    try:
        uuid, _dot, kind = _signer.unsign(text).partition(".")
    except BadSignature:
        raise NotFound(_("This link is cut short, or is none of ours.")) from None
    found = User.objects.filter(uuid=uuid, is_active=True).first()
    if found is None:
        raise NotFound(_("There is no such account any more."))
    return found, [kind] if kind in kinds.NOTICES else list(kinds.NOTICES)


def unsubscribe(text: str) -> None:
    """Ends the mails that a link names."""
    user, names = meant(text)
    choose(user, dict.fromkeys(names, MailChoice.When.NEVER.value))


# -- tidied ------------------------------------------------------------------------------------------------------------


@hourly
def tidy() -> dict[str, int]:
    """Removes notifications that were read a month ago, unread ones of half a year, and jobs that have mailed."""
    now, gone = timezone.now(), 0
    for rows in (
        Notification.objects.filter(read_at__lt=now - READ_FOR),
        Notification.objects.filter(at__lt=now - KEPT_FOR),
    ):
        keys = list(rows.values_list("pk", flat=True)[: 10 * ROWS])
        for start in range(0, len(keys), ROWS):
            gone += Notification.objects.filter(pk__in=keys[start : start + ROWS]).delete()[0]
    done = Job.objects.filter(verb=VERB, state=JobState.SUCCEEDED, finished_at__lt=now - timedelta(days=1))
    Job.objects.filter(pk__in=list(done.values_list("pk", flat=True)[: 10 * ROWS])).delete()
    return {"notifications": gone}
