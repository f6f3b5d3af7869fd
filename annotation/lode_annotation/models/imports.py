"""Labels on their way in, and what came in."""

from uuid import uuid4

from django.db import models

from lode_annotation.models.label_sets import LabelSet
from lode_annotation.models.schemas import SchemaRevision
from lode_platform.models import Job, Project, User


class ImportedLine(models.Model):
    """What an import said of an item in full: the same line again, under the same revision and of the same file,
    changes nothing, and need not be sent.

    ``digest`` is the sender's name for what the line says. ``read_at`` is when the item's file was looked at.
    """

    label_set = models.OneToOneField(LabelSet, primary_key=True, on_delete=models.CASCADE, related_name="+")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    read_at = models.DateTimeField()


class LabelImport(models.Model):
    """Labels on their way in from a file: sent in parts, then taken in by one job.

    ``schema_name`` names a schema that the job makes or extends with the labels it finds. ``replace`` lets it put
    imported labels over those that came from a person.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_imports")
    schema_name = models.SlugField(max_length=64)
    dataset = models.CharField(max_length=64, blank=True, help_text="what the caller will put the items into")
    format = models.CharField(max_length=16, blank=True)  # noqa: A003 - the word of the trade
    replace = models.BooleanField(default=False)
    job = models.OneToOneField(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class LabelImportPart(models.Model):
    """JSON lines as they were sent, kept until the import's job has ended; sending a part again replaces it.

    ``labels`` are those that the lines name, ``[[control, task, [label, ...]], ...]``, found while they were checked.
    ``rest`` are the places, from 0, of the lines whose label sets were not staged as the part came; null where none
    was. ``regions`` counts those of the label sets that were.
    """

    label_import = models.ForeignKey(LabelImport, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    lines = models.TextField()
    count = models.PositiveIntegerField(default=0)
    labels = models.JSONField(null=True)
    rest = models.JSONField(null=True)
    regions = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["label_import", "number"], name="label_import_part")]
