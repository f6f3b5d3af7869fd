"""Queues, their tasks, and the places at these that people take."""

from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lode_annotation.models.schemas import SchemaRevision
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User


class QueueQuerySet(models.QuerySet["Queue"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))

    def for_member(self, user: User, role: str) -> Self:
        """Those that are for everyone, for this person, or for their role."""
        assigned = Assignment.objects.filter(queue=OuterRef("pk"))
        mine = assigned.filter(Q(user=user) | Q(role=role))
        return self.filter(~Exists(assigned) | Exists(mine))


class Queue(models.Model):
    """Ordered work for annotators: items of one project under one schema.

    ``filling`` is the job that adds tasks now. A new queue is in the state of the same name until all are there.
    """

    class State(models.TextChoices):
        FILLING = "filling", _("Being filled")
        OPEN = "open", _("Open")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    class Kind(models.TextChoices):
        LABELING = "labeling", _("Labeling")
        MICRO = "micro", _("Micro-tasks")

    class Consensus(models.TextChoices):
        MERGED = "merged", _("Merge the answers by votes")
        DAWID_SKENE = "dawid_skene", _("Merge by votes, classes weighed by how often each person is right")
        LAST = "last", _("Take the last answer")

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="queues")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="queues")
    name = models.CharField(max_length=200)
    kind = models.CharField(
        max_length=8,
        choices=Kind.choices,
        default=Kind.LABELING,
        db_default=Kind.LABELING,
        help_text="what its tasks ask for",
    )
    reason = models.CharField(max_length=300, blank=True)
    overlap = models.PositiveSmallIntegerField(default=1, help_text="how many people answer each task")
    consensus = models.CharField(
        max_length=20,
        choices=Consensus.choices,
        default=Consensus.MERGED,
        help_text="how several answers become one label set where no reviewer decides",
    )
    ordering = models.CharField(max_length=20, default="priority")
    skip_reasons = models.JSONField(
        default=list, blank=True, help_text="what a skip may be given as its reason by one key"
    )
    due = models.DateField(null=True, blank=True)
    review = models.BooleanField(default=False, help_text="only a reviewer's accept writes the label set")
    review_rule = models.JSONField(default=dict, help_text="which answers are reviewed, where it is not all of them")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    size = models.PositiveIntegerField(default=0, help_text="how many tasks were ever put in")
    dry_at = models.DateTimeField(null=True, blank=True, help_text="since when no task was open, until more are added")
    finished_at = models.DateTimeField(null=True, blank=True, help_text="since when none waited for review either")
    filling = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = QueueQuerySet.as_manager()

    REFILLED: ClassVar[dict[str, None]] = {"dry_at": None, "finished_at": None}
    """What an update of a queue that gets tasks sets beside."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="queue_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_overdue(self) -> bool:
        """Whether its due day is over, in the server's time zone, while it hands out tasks."""
        return self.due is not None and self.due < timezone.localdate() and self.state != self.State.CLOSED


class Assignment(models.Model):
    """A person or a role that a queue is for; a queue without any is for everyone who may label."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "user"], name="person_once_per_queue", condition=Q(user__isnull=False)
            ),
            models.UniqueConstraint(fields=["queue", "role"], name="role_once_per_queue", condition=~Q(role="")),
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="") | (Q(user__isnull=True) & ~Q(role="")), name="person_or_role"
            ),
        ]


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(queue__project__in=Project.objects.visible_to(caller))


class Task(models.Model):
    """An item in a queue: why it is asked (``reason``) and what a model already thinks (``prelabels``).

    ``reason``: ``{"text", "strategy"?, "run"?, "failure"?, "failure_url"?, "box"?, "kind"?, "score"?, "round"?,
    "arm"?}``; the box is where the failure lies, xyxy in pixels of the upright image.
    ``prelabels``: Label Studio result regions, each with ``score``. ``origin``: a ``lines.Origin`` of the SDK.
    ``subject``: what of the item a micro-task asks about, as a key; empty where the task is to label the item.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SUBMITTED = "submitted", _("Waiting for review")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")

    uuid = models.UUIDField(default=uuid4, unique=True)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="tasks")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="tasks")
    subject = models.CharField(max_length=32, blank=True, default="", db_default="")
    number = models.PositiveIntegerField(help_text="its place in the queue, from 1: what '12 of 80' counts")
    priority = models.IntegerField(default=0, help_text="higher first")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.JSONField(default=dict)
    prelabels = models.JSONField(default=list)
    origin = models.JSONField(null=True, blank=True)
    flag = models.CharField(max_length=300, blank=True, default="", help_text="why it was flagged")
    flagged_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    flagged_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    to_compare = models.BooleanField(db_default=False, help_text="its answers have changed since they were compared")

    objects = TaskQuerySet.as_manager()

    @property
    def answered(self) -> int:
        """How many people have answered it, of prefetched annotations; skips and answers sent back do not count."""
        return sum(row.counts for row in self.annotations.all())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "item", "subject"], name="item_once_per_queue"),
            models.UniqueConstraint(fields=["queue", "number"], name="task_number_in_queue"),
        ]
        indexes = [
            models.Index("queue", "state", "number", name="task_queue_state"),
            models.Index("queue", "id", name="task_to_compare", condition=Q(to_compare=True)),
            models.Index("queue", "finished_at", name="task_finished", condition=Q(finished_at__isnull=False)),
            models.Index("queue", "number", name="task_flagged", condition=Q(flagged_at__isnull=False)),
        ]


class Lease(models.Model):
    """One place at a task: made with the task, one per overlap, so a task is never held by more people than that.

    Free when ``user`` is null or ``until`` has passed; ``closed`` when its place was answered, skipped or withdrawn.
    ``queue`` repeats the task's and ``rank`` is what the queue's ordering says of it, so that the claim is one
    statement on one partial index whatever the ordering.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)  # two partial ones
    rank = models.IntegerField(default=0, help_text="in the queue's ordering, higher first")
    place = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="leases")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "place"], name="lease_place"),
            models.UniqueConstraint(
                fields=["task", "user"], name="one_place_per_person", condition=Q(user__isnull=False)
            ),
        ]
        indexes = [
            models.Index("queue", "place", F("rank").desc(), "id", name="lease_next", condition=Q(closed=False)),
            models.Index("queue", "user", name="lease_held", condition=Q(closed=False, user__isnull=False)),
        ]
