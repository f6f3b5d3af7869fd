"""Which queues Label Studio's clients find, and by which numbers."""

from typing import Self

from django.db import models
from django.db.models import Q

from lode_annotation.models.queues import Queue
from lode_platform.callers import Caller
from lode_platform.models import Project


class LabelStudioProjectQuerySet(models.QuerySet["LabelStudioProject"]):
    def visible_to(self, caller: Caller) -> Self:
        """Those of the caller's projects; one that was deleted is there again once its queue is open again."""
        mine = self.filter(queue__project__in=Project.objects.visible_to(caller))
        return mine.exclude(Q(deleted_at__isnull=False) & Q(queue__state=Queue.State.CLOSED))


class LabelStudioProject(models.Model):
    """A queue as a project of Label Studio's clients, whose number is this row's key; made with the queue.

    ``field`` is the name that tasks have for what they are about, "" for the schema's own (``image``, ``text``);
    ``said`` are the settings that a client gave and that a queue has no place for.
    """

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, related_name="label_studio")
    field = models.CharField(max_length=200, blank=True, default="")
    said = models.JSONField(default=dict)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LabelStudioProjectQuerySet.as_manager()
