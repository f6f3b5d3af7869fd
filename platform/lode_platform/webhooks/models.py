"""Addresses that are told of what happens in a project, and each telling."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lode_platform.callers import Caller
from lode_platform.models import Job, Project, User


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, caller: Caller) -> Self:
        """The webhooks of the projects the caller may see."""
        return self.filter(project__in=Project.objects.visible_to(caller))


class Webhook(models.Model):
    """An address and the kinds of what it is told. ``secret`` signs what is sent to it; it is shown once.

    ``failures`` counts the tries that failed one after the other; until ``rest_until`` nothing is tried. One that was
    switched off by itself says why in ``off_why``. ``job`` is the last one that sends for it.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    secret = models.CharField(max_length=80)
    on = models.BooleanField(default=True)
    off_why = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    rest_until = models.DateTimeField(null=True, blank=True)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One thing that a webhook is told: written with what happened, sent by a job, kept as the log.

    ``event`` is the ``id`` in the ``body``, the same for each webhook and when it is sent again. While it is waiting it
    is tried from ``due_at`` on; who tries it first moves that on, so that a try that dies is followed by another.
    ``status``, ``answer`` and ``error`` are those of the last try.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    kind = models.CharField(max_length=64)
    event = models.UUIDField()
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index("webhook", "id", name="webhook_delivery_log"),
            models.Index("webhook", "due_at", name="webhook_delivery_waiting", condition=Q(state="waiting")),
            models.Index("created_at", name="webhook_delivery_old"),
        ]
