"""Sends what webhooks are to be told: by a job for each webhook, signed, retried, never inside a request.

Each try is claimed by one UPDATE that moves the delivery's ``due_at`` on: a worker that dies leaves it to be tried
again, so a receiver may get the same twice, and tells by ``id``. What failed is tried again by ``DELAYS``; a webhook
that failed rests a while, so that a dead address holds up no worker, and one at which nothing arrives is switched off.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_platform import events, jobs, outgoing
from lode_platform.errors import LodeError
from lode_platform.models import Job, JobState
from lode_platform.notifications.notify import notify, owners
from lode_platform.tidy import hourly
from lode_platform.webhooks.models import Webhook, WebhookDelivery

log = logging.getLogger(__name__)

VERB = "webhooks.send"
SECONDS = 10.0
MOST_READ = 16 * 1024
MOST_KEPT = 1000
DELAYS = tuple(timedelta(seconds=n) for n in (30, 120, 600, 1800, 7200, 18_000, 28_800))
"""Until the next try, after the first, the second, ...: eight tries within sixteen hours."""
TERM = timedelta(days=1)
MOST_REST = timedelta(minutes=10)
CLAIMED = timedelta(seconds=60)
AT_ONCE = 200
"""Deliveries that one job sends before it makes room for others."""
KEPT_FOR = timedelta(days=30)
ROWS = 500
GONE = 410

State = WebhookDelivery.State


# -- signed ------------------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """32 random bytes, as the Standard Webhooks specification writes a key."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def signature(secret: str, delivery: UUID | str, stamp: int, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 of "delivery.stamp.body" in base64; ``stamp`` is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery}.{stamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(row: WebhookDelivery, body: bytes) -> dict[str, str]:
    """What goes with a body: its type, the delivery's id, the time, the signature."""
    stamp = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "Motherlode-Webhooks/1",
        "Webhook-Id": str(row.uuid),
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": signature(row.webhook.secret, row.uuid, stamp, body),
        "Motherlode-Kind": row.kind,
    }


# -- woken -------------------------------------------------------------------------------------------------------------


def wake(webhooks: Iterable[Webhook]) -> None:
    """Enqueues the job of each webhook that has none open; what it misses the next sweep finds."""
    for row in webhooks:
        if row.job is None or row.job.state not in jobs.OPEN:
            _enqueue(row)


def _enqueue(row: Webhook) -> None:
    with transaction.atomic():
        row.job = jobs.enqueue(VERB, project=None, user=None, title=row.url, arguments={"webhook": str(row.uuid)})
        Webhook.objects.filter(pk=row.pk).update(job=row.job)


def due() -> Any:
    """The deliveries that may be tried now, the oldest first."""
    now = timezone.now()
    rested = Q(webhook__rest_until=None) | Q(webhook__rest_until__lte=now)
    return (
        WebhookDelivery.objects.filter(rested, state=State.WAITING, due_at__lte=now)
        .filter(webhook__on=True, webhook__project__trashed_at=None)
        .order_by("due_at", "pk")
    )


def look() -> None:
    """Wakes the webhooks for which something is due: one statement where nothing is."""
    keys = set(due().values_list("webhook", flat=True)[:1000])
    if keys:
        wake(Webhook.objects.filter(pk__in=keys).select_related("job"))


# -- sent --------------------------------------------------------------------------------------------------------------


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """Sends what is due for one webhook, until a try fails; after ``AT_ONCE`` another job goes on."""
    uuid = work.arguments["webhook"]
    mine = due().filter(webhook__uuid=uuid).select_related("webhook__project", "webhook__job")
    sent = 0
    while sent < AT_ONCE:
        work.check()
        row = mine.first()
        if row is None:
            return {"sent": sent}
        if not claim(row):
            continue
        work.step("claimed")
        if not _try(row):
            return {"sent": sent}
        sent += 1
    if row := mine.first():
        _enqueue(row.webhook)
    return {"sent": sent}


def claim(row: WebhookDelivery) -> bool:
    """Takes a try at a delivery by one UPDATE that must touch one row."""
    now = timezone.now()
    taken = WebhookDelivery.objects.filter(pk=row.pk, state=State.WAITING, attempts=row.attempts, due_at__lte=now)
    row.attempts += 1
    return bool(taken.update(attempts=F("attempts") + 1, due_at=now + CLAIMED, tried_at=now))


def _try(row: WebhookDelivery) -> bool:
    """Sends it and writes down what came of it; whether it arrived."""
    body, begun = row.body.encode(), time.monotonic()
    status, answer, error = None, "", ""
    try:
        got = outgoing.post(row.webhook.url, body, headers(row, body), seconds=SECONDS, most=MOST_READ)
    except LodeError as problem:
        error = problem.message
    except Exception as problem:  # whatever a foreign address makes a library raise is a try that failed
        log.warning("Webhook %s could not be sent to: %r", row.webhook.uuid, problem)
        error = _("It could not be sent: %(why)s.") % {"why": type(problem).__name__}
    else:
        status, answer = got.status, got.text.replace("\0", "\ufffd")[:MOST_KEPT]
        if 300 <= status < 400:
            error = _("It answered %(status)s: redirects are not followed.") % {"status": status}
        elif not 200 <= status < 300:
            error = _("It answered %(status)s.") % {"status": status}
    said = {"status": status, "answer": answer, "error": error[:500], "seconds": time.monotonic() - begun}
    mine = WebhookDelivery.objects.filter(pk=row.pk, state=State.WAITING, attempts=row.attempts)
    if not error:
        mine.update(state=State.DELIVERED, **said)
        failing = Webhook.objects.filter(pk=row.webhook_id, failures__gt=0)
        failing.update(failures=0, rest_until=None)
        return True
    with transaction.atomic():
        now = timezone.now()
        later = _next_try(row, now)
        values = {"due_at": later} if later else {"state": State.FAILED}
        if mine.update(**values, **said):
            _failed(row, now, given_up=later is None, gone=status == GONE)
    return False


def _next_try(row: WebhookDelivery, now: datetime) -> datetime | None:
    """When it is tried again; None where it has been tried enough."""
    if row.attempts > len(DELAYS):
        return None
    later = now + DELAYS[row.attempts - 1]
    return later if later < row.created_at + TERM else None


def _failed(row: WebhookDelivery, now: datetime, *, given_up: bool, gone: bool) -> None:
    """Lets the webhook rest, and switches it off where nothing has arrived for as long as this was tried."""
    webhook = Webhook.objects.select_for_update(of=("self",)).select_related("project").get(pk=row.webhook_id)
    webhook.failures += 1
    webhook.rest_until = now + min(DELAYS[min(webhook.failures, len(DELAYS)) - 1], MOST_REST)
    webhook.save(update_fields=["failures", "rest_until"])
    if not webhook.on:
        return
    arrived = webhook.deliveries.filter(state=State.DELIVERED, tried_at__gte=row.created_at)
    if gone:
        switch_off(webhook, _("It answered 410: the address is gone."))
    elif given_up and not arrived.exists():
        tries = {"tries": row.attempts, "why": row.error or _("nothing arrived")}
        switch_off(webhook, _("Nothing has arrived in %(tries)d tries.") % tries)


def switch_off(webhook: Webhook, why: str) -> None:
    """Ends the sending to a webhook until somebody switches it on again; what waits is given up."""
    Webhook.objects.filter(pk=webhook.pk).update(on=False, off_why=why[:300])
    waiting = webhook.deliveries.filter(state=State.WAITING)
    waiting.update(state=State.FAILED, error=_("The webhook was switched off."))
    events.record(webhook.project, None, "webhook.off", webhook, url=webhook.url, why=why)
    data = {"webhook": str(webhook.uuid), "url": webhook.url, "why": why, "project": webhook.project.name}
    notify(owners(webhook.project), "webhook_off", project=webhook.project, key=f"webhook:{webhook.uuid}", data=data)


# -- tidied ------------------------------------------------------------------------------------------------------------


@hourly
def tidy() -> dict[str, int]:
    """Removes deliveries of a month ago, and jobs that have done their sending."""
    now, gone = timezone.now(), 0
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEPT_FOR).exclude(state=State.WAITING)
    for _batch in range(100):
        keys = list(old.values_list("pk", flat=True)[:ROWS])
        if not keys:
            break
        gone += WebhookDelivery.objects.filter(pk__in=keys).delete()[0]
    done = Job.objects.filter(
        verb=VERB, project=None, state__in=(JobState.SUCCEEDED, JobState.FAILED), finished_at__lt=now - TERM
    )
    done.filter(pk__in=list(done.values_list("pk", flat=True)[: 10 * ROWS])).delete()
    return {"webhook deliveries": gone}
