"""What assistants have learned, whether they may help, where they did, and predictors of others."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lode_platform.callers import Caller
from lode_platform.models import Job, Project, User


class AssistantModel(models.Model):
    """What an assistant learned from a schema's label sets at a moment; the newest is the one that answers.

    ``arrays`` names its file in the store, "" where it needs none. ``label_sets`` and ``regions`` say how much it
    learned from, ``last_label_set`` which was the newest that there was. ``accuracy`` and ``trivial`` are the
    assistant's measure and that of the trivial guess, on ``held_out`` regions that it did not learn from.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    schema = models.ForeignKey("annotation.Schema", on_delete=models.CASCADE, related_name="assistant_models")
    schema_revision = models.ForeignKey("annotation.SchemaRevision", on_delete=models.CASCADE, related_name="+")
    assistant = models.CharField(max_length=32)
    arrays = models.CharField(max_length=100, blank=True)
    label_sets = models.PositiveIntegerField()
    regions = models.PositiveIntegerField()
    last_label_set = models.BigIntegerField()
    held_out = models.PositiveIntegerField()
    accuracy = models.FloatField(null=True, blank=True)
    trivial = models.FloatField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    version = models.CharField(max_length=80, blank=True, help_text="of an assistant that is given, what it is")
    answer_ms = models.FloatField()
    seconds = models.FloatField(help_text="that learning and measuring took")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["schema", "assistant", "-id"], name="assistant_newest")]

    @property
    def title(self) -> str:
        """What the assistant is called."""
        from lode_annotation.assist.assistants import ASSISTANTS  # these import Django's models

        return str(ASSISTANTS[self.assistant].title) if self.assistant in ASSISTANTS else self.assistant

    @property
    def better(self) -> bool:
        """Whether it was measured, and is better than the trivial guess."""
        return self.accuracy is not None and self.trivial is not None and self.accuracy > self.trivial


class AssistantSwitch(models.Model):
    """Somebody switched an assistant of a schema off, or on again; without a row it is on."""

    schema = models.ForeignKey("annotation.Schema", on_delete=models.CASCADE, related_name="assistant_switches")
    assistant = models.CharField(max_length=32)
    on = models.BooleanField()
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schema", "assistant"], name="assistant_switch")]


class AssistantUse(models.Model):
    """An assistant helped with a task: the person whom it answered, or, by pre-labels, whoever does it (null)."""

    task = models.ForeignKey("annotation.Task", on_delete=models.CASCADE, related_name="assistant_uses")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    assistant = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "user", "assistant"], name="assistant_use"),
            models.UniqueConstraint("task", "assistant", name="assistant_prelabelled", condition=Q(user=None)),
        ]


class PredictorQuerySet(models.QuerySet["Predictor"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(schema__project__in=Project.objects.visible_to(caller))


class Predictor(models.Model):
    """A model of somebody else's behind HTTP, as Label Studio's ML backends are.

    ``model_version`` is what it called itself when it was set up, ``fault`` why it last failed to answer.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    schema = models.ForeignKey("annotation.Schema", on_delete=models.CASCADE, related_name="predictors")
    name = models.CharField(max_length=64)
    url = models.URLField(max_length=500)
    on = models.BooleanField(default=True)
    interactive = models.BooleanField(default=False, help_text="it also answers clicks in the editor")
    model_version = models.CharField(max_length=200, blank=True)
    fault = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PredictorQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schema", "name"], name="predictor_name")]
