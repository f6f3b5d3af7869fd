"""Answers to tasks, each of their saves, and what reviewers said of them."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lode_annotation.models.queues import Task
from lode_annotation.models.schemas import SchemaRevision
from lode_platform.callers import Caller
from lode_platform.models import Project, User


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(task__queue__project__in=Project.objects.visible_to(caller))

    def waiting_for(self, reviewer: User) -> Self:
        """What this reviewer may judge now: submitted, by somebody else, the item not in the trash, and its task
        answered by as many as were asked."""
        return self.filter(state="submitted", task__state=Task.State.SUBMITTED, task__item__trashed_at=None).exclude(
            user=reviewer
        )


class Annotation(models.Model):
    """One person's answer to a task; its words are in its revisions, of which none is ever overwritten.

    ``revision`` 0 says that nothing was answered yet. ``draft`` is what the person's page last kept here of unfinished
    work: no revision, overwritten by the next keeping, emptied by the answer. Where several people answer a task their
    answers stay ``submitted``, however they are resolved: none of them alone becomes the label set, unless a reviewer
    accepts it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        SKIPPED = "skipped", _("Skipped")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    ANSWERED = (State.SUBMITTED, State.ACCEPTED)
    """The states of an answer that counts among those to its task."""

    uuid = models.UUIDField(default=uuid4, unique=True)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="annotations")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="annotations")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    revision = models.PositiveIntegerField(default=1, help_text="number of the newest revision, 0 for a draft alone")
    draft = models.JSONField(null=True, blank=True, help_text="unfinished result as the page last kept it")
    draft_base = models.PositiveIntegerField(null=True, blank=True, help_text="the revision the draft began from")
    draft_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True, help_text="came too late: somebody else had the task")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AnnotationQuerySet.as_manager()

    @property
    def counts(self) -> bool:
        """Whether it is among the answers to its task."""
        return self.state in self.ANSWERED

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="one_answer_per_person")]
        indexes = [
            models.Index("task", "updated_at", name="annotation_waiting", condition=Q(state="submitted")),
            models.Index("user", "task", name="annotation_lost", condition=Q(lost_at__isnull=False)),
            models.Index("user", "task", name="annotation_rejected", condition=Q(state="rejected")),
        ]


class AnnotationRevision(models.Model):
    """One save of an annotation: Label Studio result JSON exactly as it was sent.

    ``operation_id`` is the client's key: a second arrival is answered with the first one's answer, whose next task
    is ``next_task``.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    operation_id = models.UUIDField(unique=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=Annotation.State.choices)
    result = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True, help_text="why it was skipped")
    lead_time = models.FloatField(default=0, help_text="seconds")
    next_task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["annotation", "number"], name="annotation_revision_number")]


class ReviewQuerySet(models.QuerySet["Review"]):
    def standing(self) -> Self:
        """Those that were not taken back."""
        return self.filter(undone_at=None)


class Review(models.Model):
    """A second person's word on one revision of an annotation.

    ``replaced`` and ``task_reason`` are what stood before it, so that it can be taken back (``undone_at``).
    """

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("Accept")
        FIX = "fix", _("Fix")
        REJECT = "reject", _("Reject")

    uuid = models.UUIDField(default=uuid4, unique=True)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews")
    revision = models.ForeignKey(AnnotationRevision, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    operation_id = models.UUIDField(unique=True, default=uuid4)
    replaced = models.ForeignKey("LabelSet", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    task_reason = models.JSONField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()
