"""What people said of the same things, counted once for all who ask how far they agree."""

from django.db import models
from django.db.models import Q

from lode_annotation.models.queues import Queue, Task
from lode_platform.models import User


class Comparison(models.Model):
    """How often two answers to a task said ``one_class`` and ``two_class`` of the same thing under a control.

    ``one`` and ``two`` gave the answers, ``one`` the person made earlier; without a ``two`` the answer is compared with
    the label set that the task came to. A class of 0 says nothing; ``iou`` is the sum over regions, ``one_value`` and
    ``two_value`` are numbers that were given. ``voices`` is how many of the task's answers say anything under the
    control, and ``answered_at`` when the last of them came.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comparisons")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    control = models.CharField(max_length=200)
    one = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    two = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    one_class = models.PositiveIntegerField()
    two_class = models.PositiveIntegerField()
    count = models.PositiveIntegerField(default=1)
    iou = models.FloatField(default=0)
    one_value = models.FloatField(null=True, blank=True)
    two_value = models.FloatField(null=True, blank=True)
    voices = models.PositiveSmallIntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("queue", "control", "one_class", "two_class", name="comparison_cell"),
            models.Index("one", "queue", name="comparison_person"),
            models.Index("two", "queue", name="comparison_other", condition=Q(two__isnull=False)),
        ]


class ConfusionEstimate(models.Model):
    """What the answers to a queue's tasks came to as an estimate of how often people say which class of which.

    ``parameters`` is ``agreement.dawid_skene.Estimate`` as JSON and ``digest`` names it: votes that were weighed by it
    say so. A newer one never replaces it. ``tasks`` is how many it comes from.
    """

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="estimates")
    control = models.CharField(max_length=200)
    digest = models.CharField(max_length=16)
    parameters = models.JSONField()
    tasks = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index("queue", "control", models.F("id").desc(), name="estimate_newest")]
