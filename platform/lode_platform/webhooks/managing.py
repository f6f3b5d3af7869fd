"""Adds, changes and removes webhooks, and sends to them again or for a test. For a project's owners."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_platform import access, events, outgoing
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Project
from lode_platform.webhooks import kinds, outbox
from lode_platform.webhooks.models import Webhook, WebhookDelivery
from lode_platform.webhooks.sending import new_secret

MANAGE = "project.manage"
MOST = 20
"""Webhooks of one project."""


def no_such_webhook() -> NotFound:
    """What is said where there is none, or none that the caller may see."""
    return NotFound(_("There is no such webhook."))


def find(caller: Caller, uuid: UUID | str) -> Webhook:
    """A webhook of a project that the caller manages. Raises ``NotFound``, ``Forbidden``."""
    found = Webhook.objects.visible_to(caller).select_related("project", "created_by").filter(uuid=uuid).first()
    if found is None:
        raise no_such_webhook()
    access.require(caller, found.project, MANAGE)
    return found


def add(project: Project, caller: Caller, *, url: str, kinds: Sequence[str]) -> Webhook:
    """Adds a webhook; its ``secret`` is to be shown now and never again.

    Raises ``Forbidden``, ``BadInput`` for an address that may not be asked or a kind that there is not, ``Conflict``
    where there are ``MOST``.
    """
    access.require(caller, project, MANAGE)
    made = Webhook(project=project, created_by=caller.user, secret=new_secret())
    made.url, made.kinds = _address(url), _kinds(kinds)
    with transaction.atomic():
        Project.objects.select_for_update().only("pk").get(pk=project.pk)
        if project.webhooks.count() >= MOST:
            raise Conflict(_("There are %(n)d webhooks here; remove one first.") % {"n": MOST}, code="too_many")
        made.save()
        events.record(project, caller.user, "webhook.add", made, url=made.url, kinds=made.kinds)
    return made


def change(webhook: Webhook, caller: Caller, changes: Mapping[str, Any]) -> Webhook:
    """Changes any of ``url``, ``kinds`` and ``on``; raises as ``add`` does."""
    access.require(caller, webhook.project, MANAGE)
    values: dict[str, Any] = {}
    if "url" in changes:
        values["url"] = _address(changes["url"])
    if "kinds" in changes:
        values["kinds"] = _kinds(changes["kinds"])
    if "on" in changes:
        values["on"] = changes["on"]
    if changes.get("on") or "url" in changes:
        values |= {"off_why": "", "failures": 0, "rest_until": None}
    for name, value in values.items():
        setattr(webhook, name, value)
    with transaction.atomic():
        webhook.save(update_fields=list(values))
        if changes.get("on") is False:
            waiting = webhook.deliveries.filter(state=WebhookDelivery.State.WAITING)
            waiting.update(state=WebhookDelivery.State.FAILED, error=_("The webhook was switched off."))
        events.record(webhook.project, caller.user, "webhook.change", webhook, changed=sorted(changes), url=webhook.url)
    return webhook


def replace_secret(webhook: Webhook, caller: Caller) -> str:
    """Gives the webhook another secret, which signs from now on; it is to be shown now and never again."""
    access.require(caller, webhook.project, MANAGE)
    webhook.secret = new_secret()
    with transaction.atomic():
        webhook.save(update_fields=["secret"])
        events.record(webhook.project, caller.user, "webhook.secret", webhook, url=webhook.url)
    return webhook.secret


def remove(webhook: Webhook, caller: Caller) -> None:
    """Removes a webhook and its log; what waits is not sent."""
    access.require(caller, webhook.project, MANAGE)
    with transaction.atomic():
        events.record(webhook.project, caller.user, "webhook.remove", webhook, url=webhook.url)
        webhook.delete()


def send_test(webhook: Webhook, caller: Caller) -> WebhookDelivery:
    """Sends a ``webhook.test``, whatever kinds the webhook wants. Raises ``Conflict`` for one that is switched off."""
    access.require(caller, webhook.project, MANAGE)
    _refuse_off(webhook)
    event, data = uuid4(), {"webhook": str(webhook.uuid)}
    body = outbox.as_body(event, kinds.TEST, timezone.now(), webhook.project, caller.user, data)
    return _send(webhook, kinds.TEST, event, body)


def send_again(webhook: Webhook, caller: Caller, delivery: UUID | str) -> WebhookDelivery:
    """Sends what a delivery said once more, as another delivery with the same ``id`` in its body.

    Raises ``NotFound``, and ``Conflict`` for one that still waits or a webhook that is switched off.
    """
    access.require(caller, webhook.project, MANAGE)
    found = webhook.deliveries.filter(uuid=delivery).first()
    if found is None:
        raise NotFound(_("There is no such delivery."))
    _refuse_off(webhook)
    if found.state == WebhookDelivery.State.WAITING:
        raise Conflict(_("This delivery still waits to be sent."), code="waiting")
    return _send(webhook, found.kind, found.event, found.body)


def _send(webhook: Webhook, kind: str, event: UUID, body: str) -> WebhookDelivery:
    """At once, whatever failed before."""
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(rest_until=None)
        return outbox.write([webhook], kind, event, body)[0]


def _refuse_off(webhook: Webhook) -> None:
    if not webhook.on:
        raise Conflict(_("The webhook is switched off; switch it on first."), code="webhook_off")


def _address(url: str) -> str:
    outgoing.check_address(url)
    outgoing.refuse_private(url)
    return url


def _kinds(given: Sequence[str]) -> list[str]:
    if not given:
        raise BadInput(_("Choose at least one kind of event."), field="kinds")
    if wrong := kinds.unknown(given):
        known = ", ".join(sorted(kinds.KINDS))
        said = {"name": wrong[0][:80], "known": known}
        raise BadInput(_("There is no kind of event %(name)r; there are %(known)s.") % said, field="kinds")
    return sorted(set(given))
