"""What of this room others are told: the kinds of its webhooks, the job that sends them, jobs that failed."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from lode_platform import events, jobs
from lode_platform.models import Job
from lode_platform.webhooks import kinds, sending
from lode_platform.webhooks.kinds import Kind


def job_failed(row: Job) -> None:
    """Puts a failed job of a project on record."""
    if row.project is not None:
        events.record(row.project, row.created_by, "job.fail", row, work=row.verb, title=row.title, error=row.error)


def register() -> None:
    """Called once, when the application is ready."""
    jobs.job(sending.VERB)(send_webhook)
    jobs.swept(sending.look)
    jobs.on_failure(job_failed)
    kinds.add(Kind("job.failed", _("A job failed"), ("job.fail",)))
    kinds.add(Kind("items.changed", _("Many items were changed at once"), ("items.bulk_action", "items.bulk_undo")))
    kinds.add(Kind("item.file_replaced", _("An item got another file"), ("items.replace",)))
    kinds.add(Kind("member.changed", _("Somebody joined, left or got another role"), ("member.set", "member.remove")))


def send_webhook(work: jobs.Work) -> dict[str, Any]:
    """Sends what is due for a webhook."""
    return sending.carry_out(work)
