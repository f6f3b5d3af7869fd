"""Invitations to projects, and who came by them."""

from datetime import datetime
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lode_platform.models import Project, Role, User


class Invitation(models.Model):
    """A link that makes up to ``uses`` people members of a project, with a role, until ``expires_at``.

    The link's secret is kept as a SHA-256 digest. ``account`` is an inactive one, made for the author of imported
    work: the person who opens the link takes it over. ``email`` is where the link was sent.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        USED = "used", _("Used")
        ENDED = "ended", _("Ended")
        REVOKED = "revoked", _("Revoked")

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=16, choices=Role.choices)
    email = models.EmailField(blank=True)
    account = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    uses = models.PositiveSmallIntegerField(default=1)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def state(self, now: datetime | None = None) -> State:
        """Whether it can still be used; reads the people who came by it."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if len(self.people.all()) >= self.uses:
            return self.State.USED
        return self.State.ENDED if self.expires_at <= (now or timezone.now()) else self.State.OPEN


class InvitationUse(models.Model):
    """That a person joined by an invitation, or got a role that allows more."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="people", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invitation", "user"], name="invitation_once_per_person")]
