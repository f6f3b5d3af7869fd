"""Tasks whose right answer is known."""

from django.db import models

from lode_annotation.models.label_sets import LabelSet
from lode_annotation.models.queues import Task


class Honeypot(models.Model):
    """A task whose answers never become a label set; they are compared with ``label_set``, what was current when the
    task was mixed in. That is null where the label set was undone since: then there is nothing to compare with."""

    task = models.OneToOneField(Task, on_delete=models.CASCADE, primary_key=True, related_name="honeypot")
    label_set = models.ForeignKey(LabelSet, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
