"""Micro-tasks: yes / no / unsure questions about one region, one class or a whole item, and the votes on them."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lode_annotation.models.label_sets import LabelSet
from lode_annotation.models.queues import Queue, Task
from lode_platform.models import User


class MicroTaskRule(models.Model):
    """How a queue of micro-tasks asks: its question, when it stops, and where what was answered with no goes.

    ``question`` is the text that is asked, with ``{label}`` for the class. A question is asked of ``min_votes`` to
    ``max_votes`` people (the queue's overlap), and decided once the chance that the answer is wrong is below
    ``error_limit``. ``corrections`` is the labeling queue that items get into whose question was answered with no.
    """

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, primary_key=True, related_name="micro")
    question = models.CharField(max_length=200)
    min_votes = models.PositiveSmallIntegerField()
    max_votes = models.PositiveSmallIntegerField()
    error_limit = models.FloatField()
    corrections = models.ForeignKey(Queue, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")


class MicroTask(models.Model):
    """What a task asks: a question about the region ``region``, the class ``class_id`` or, without either, the item.

    ``label_set`` is what the project held of the item then, and ``subject`` that of it which is asked about, as
    `micro.subjects.subject_of` has it: once that has changed the question is withdrawn.
    """

    task = models.OneToOneField(Task, on_delete=models.CASCADE, primary_key=True, related_name="micro")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    label_set = models.ForeignKey(LabelSet, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    region = models.TextField(blank=True, default="")
    class_id = models.PositiveIntegerField(null=True, blank=True)
    subject = models.JSONField(default=dict)
    text = models.CharField(max_length=300)

    class Meta:
        indexes = [models.Index("queue", "class_id", name="micro_task_class")]


class Vote(models.Model):
    """One person's answer to a micro-task, or the undo of their last: append-only, numbered from 1 within the task.

    Whoever votes has read the votes before theirs: two who read the same ones take the same ``number``, and one of them
    reads again. ``outcome`` is what the question came to by this vote. A vote that was ``undone``, and the undo itself,
    count no more.
    """

    class Answer(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")
        UNSURE = "unsure", _("Unsure")
        UNDO = "undo", _("Undo")

    class Outcome(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")
        UNDECIDED = "undecided", _("Undecided")

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="votes", db_index=False)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    class_id = models.PositiveIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=6, choices=Answer.choices)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True, default="")
    undone = models.BooleanField(default=False)
    seconds = models.FloatField(default=0)
    operation_id = models.UUIDField(unique=True, default=uuid4)
    next_task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="vote_number"),
            models.UniqueConstraint(fields=["task", "user"], name="one_vote_per_person", condition=Q(undone=False)),
            models.UniqueConstraint(
                fields=["task"], name="one_outcome_per_task", condition=Q(undone=False) & ~Q(outcome="")
            ),
        ]
        indexes = [
            models.Index("queue", "user", "id", name="vote_of_person", condition=Q(undone=False)),
            models.Index(
                "queue", "class_id", "outcome", name="vote_outcome", condition=Q(undone=False) & ~Q(outcome="")
            ),
        ]
