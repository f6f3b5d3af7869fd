"""Schemas, their classes and revisions, and the migrations that these begin."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

from lode_platform.callers import Caller
from lode_platform.models import Job, Project, User
from motherlode import relations


class SchemaQuerySet(models.QuerySet["Schema"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))


class Schema(models.Model):
    """What may be said of an item; changed only by a new revision."""

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="schemas")
    name = models.SlugField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SchemaQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="schema_name")]

    def __str__(self) -> str:
        return self.title or self.name


class LabelClass(models.Model):
    """A class of a control and its permanent id, unique within the schema (1, 2, ... in order of birth; never
    renumbered, never reused). ``control`` is the control's name as the newest revision that has it says."""

    schema = models.ForeignKey(Schema, on_delete=models.CASCADE, related_name="classes")
    class_id = models.PositiveIntegerField()
    control = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["class_id"]
        constraints = [
            models.UniqueConstraint(fields=["schema", "class_id"], name="class_id_once"),
            models.UniqueConstraint(
                fields=["schema", "control", "name"], name="class_name", condition=Q(retired_at=None)
            ),
        ]


class SchemaRevision(models.Model):
    """An immutable revision: the Label Studio config as written, and what was parsed from it.

    ``controls``: ``[{"name", "type": a kind's ``opening``, "to_name", "choice", "required",
    "labels": [{"value", "class_id", "color", "hotkey", "guideline"}], "options", "page", "pages"}]``.
    ``classes``: ``[{"id", "name", "control"}]`` by id, as they stood at this revision. ``merged``: the class id that
    took another one in, by that one's id as text. ``looks``: what a person has to look at since this revision,
    ``[{"kind", "control", "label", "class_id"}]``. ``restores``: the number of the revision that it brings back.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    schema = models.ForeignKey(Schema, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    config = models.TextField()
    controls = models.JSONField()
    classes = models.JSONField()
    guidelines = models.JSONField(default=dict, help_text="Markdown text by control and label")
    merged = models.JSONField(default=dict)
    looks = models.JSONField(default=list)
    restores = models.PositiveIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["schema", "number"], name="schema_revision_number")]

    @property
    def class_names(self) -> dict[int, str]:
        """The classes' names by their permanent id."""
        return {int(row["id"]): str(row["name"]) for row in self.classes}

    @property
    def said_names(self) -> dict[int, str]:
        """The names of the classes of regions and answers: those of relations are left out."""
        links = {control["name"] for control in self.controls if control["type"] == relations.TAG}
        return {int(row["id"]): str(row["name"]) for row in self.classes if row["control"] not in links}

    @property
    def stands_for(self) -> int:
        """The number of the revision whose words these are: its own, or that of the one it brings back."""
        return self.restores or self.number


class SchemaMigration(models.Model):
    """Label sets written again because a revision merges classes: by one job, for all to see at once or not at all.

    ``merges``: the class id that takes another one in, by that one's id as text. ``report`` is what was done, once
    ``revealed_at`` is set: ``{"label_sets", "trashed", "classes": {id: {"label_sets", "objects"}}}``.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    revision = models.OneToOneField(SchemaRevision, on_delete=models.CASCADE, related_name="migration")
    job = models.OneToOneField(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    merges = models.JSONField()
    report = models.JSONField(default=dict)
    revealed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
