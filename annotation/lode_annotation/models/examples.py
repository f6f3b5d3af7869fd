"""Items, and parts of them, that show what counts as a class."""

from uuid import uuid4

from django.db import models

from lode_annotation.models.schemas import Schema
from lode_platform.models import Item, User


class ClassExample(models.Model):
    """An item, or a part of it, that shows what counts as a class (``good``), or what does not.

    It belongs to the class's permanent id, whatever the revision. ``box`` is ``[x1, y1, x2, y2]`` in pixels of the
    upright image, of the page ``frame``; ``span`` is ``[start, end]`` in code points; neither: all of the item.
    ``path`` is the item's from when it was chosen, for what has left the trash since.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    schema = models.ForeignKey(Schema, on_delete=models.CASCADE, related_name="examples")
    class_id = models.PositiveIntegerField()
    item = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="+")
    path = models.CharField(max_length=1024)
    frame = models.PositiveIntegerField(default=0)
    box = models.JSONField(null=True, blank=True)
    span = models.JSONField(null=True, blank=True)
    good = models.BooleanField(default=True)
    caption = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["class_id", "position", "pk"]
        indexes = [models.Index("schema", "class_id", "position", name="class_example_order")]
