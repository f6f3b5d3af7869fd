"""What of this room people and webhooks are told of, and the jobs that tell them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lode_platform import events, jobs
from lode_platform.models import Job
from lode_platform.notifications import kinds as notifications
from lode_platform.notifications import mailing
from lode_platform.notifications.kinds import Notice
from lode_platform.notifications.models import Notification
from lode_platform.notifications.notify import notify
from lode_platform.webhooks import kinds, sending
from lode_platform.webhooks.kinds import Kind


def _job_failed(row: Notification) -> str:
    words = ngettext("“%(title)s” failed.", "“%(title)s” failed %(n)d times.", row.count)
    return words % {"title": row.data["title"], "n": row.count}


def _webhook_off(row: Notification) -> str:
    return say("The webhook %(url)s was switched off. %(why)s") % {"url": row.data["url"], "why": row.data["why"]}


NOTICES = (
    Notice(
        "job_failed",
        _("A job that I started failed"),
        "activity",
        _job_failed,
        lambda row: reverse("platform:job", args=[row.data["project"], row.data["job"]]),
    ),
    Notice(
        "webhook_off",
        _("A webhook of a project of mine was switched off"),
        "send",
        _webhook_off,
        lambda row: reverse("platform:webhook", args=[row.data["project"], row.data["webhook"]]),
    ),
)


def job_failed(row: Job) -> None:
    """Puts a failed job of a project on record."""
    if row.project is not None:
        if row.created_by is not None:
            data = {"job": str(row.uuid), "title": row.title or row.verb, "project": row.project.name}
            notify([row.created_by], "job_failed", project=row.project, key=f"job:{row.uuid}", data=data)
        events.record(row.project, row.created_by, "job.fail", row, work=row.verb, title=row.title, error=row.error)


def register() -> None:
    """Called once, when the application is ready."""
    jobs.job(sending.VERB)(send_webhook)
    jobs.swept(sending.look)
    jobs.on_failure(job_failed)
    jobs.job(mailing.VERB)(mail)
    jobs.swept(mailing.look)
    for notice in NOTICES:
        notifications.add(notice)
    kinds.add(Kind("job.failed", _("A job failed"), ("job.fail",)))
    kinds.add(Kind("items.changed", _("Many items were changed at once"), ("items.bulk_action", "items.bulk_undo")))
    kinds.add(Kind("item.file_replaced", _("An item got another file"), ("items.replace",)))
    kinds.add(Kind("member.changed", _("Somebody joined, left or got another role"), ("member.set", "member.remove")))


def mail(work: jobs.Work) -> dict[str, Any]:
    """Mails people what they have not read."""
    return mailing.carry_out(work)


def send_webhook(work: jobs.Work) -> dict[str, Any]:
    """Sends what is due for a webhook."""
    return sending.carry_out(work)
