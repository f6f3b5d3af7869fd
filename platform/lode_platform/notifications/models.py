"""What people are to know of, and how they want to be told by mail."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lode_platform.callers import Caller
from lode_platform.models import Project, User


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, caller: Caller) -> Self:
        """The caller's own, of the projects that they may still see."""
        seen = Q(project__in=Project.objects.visible_to(caller))
        return self.filter(seen if caller.only_project else seen | Q(project=None), user=caller.user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing that a person should know of. What happens to the same thing (``key``) before they have read of it
    raises ``count``; ``data`` is what the kind's words need of the last time. It is mailed once, from ``mail_due`` on.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=100)
    count = models.PositiveIntegerField(default=1)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "key"], name="notification_unread_once", condition=Q(read_at__isnull=True)
            )
        ]
        indexes = [
            models.Index("user", "at", name="notification_list"),
            models.Index("mail_due", name="notification_mail", condition=Q(mail_due__isnull=False)),
        ]


class MailChoice(models.Model):
    """How a person wants to be told of a kind by mail, where it is not as the kind does by itself."""

    class When(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        DAILY = "daily", _("once a day")
        NEVER = "never", _("never")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=32)
    when = models.CharField(max_length=8, choices=When.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="mail_choice_once")]
