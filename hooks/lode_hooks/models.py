"""Runs, prediction sets, evaluations, failures, verdicts and mining rounds."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lode_annotation.models import LabelSet, Queue, Task
from lode_datasets.models import Dataset, Version
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))


class Run(models.Model):
    """One experiment run, ours or another tracker's by link. ``uuid`` is made by the client."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    params = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    code_commit = models.CharField(max_length=64, blank=True)
    tracker = models.CharField(max_length=16, blank=True, help_text="mlflow")
    tracker_id = models.CharField(max_length=200, blank=True)
    tracker_url = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class RunUse(models.Model):
    """A run uses a version: with which split and for what purpose."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="uses")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="run_uses")
    split = models.CharField(max_length=32, blank=True)
    purpose = models.CharField(max_length=32, default="training")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "version", "split", "purpose"], name="use_once")]


class Metric(models.Model):
    """One number a run logged; `value` is null where it is not finite, and `flag` says what it is then."""

    class Flag(models.TextChoices):
        NAN = "nan", _("not a number")
        INFINITE = "inf", _("infinite")
        MINUS_INFINITE = "-inf", _("minus infinite")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="metrics")
    key = models.CharField(max_length=200)
    value = models.FloatField(null=True)
    flag = models.CharField(max_length=4, choices=Flag.choices, blank=True)
    step = models.BigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index("run", "key", "step", name="metric_key")]


class PredictionSet(models.Model):
    """A run's predictions on a split of a version (``split`` may be ``pool``); rows lie in one Parquet file.

    ``out_of_fold`` marks predictions on items the model was not trained on although their split is train. ``partial``
    says that a part of the split is meant and nothing is said of the rest: ``scope`` names its ``meant`` items.
    ``items`` of them have a prediction. ``class_ids`` says that whole numbers among the labels are permanent class ids.
    ``control`` names the schema's control that they answer, "" where no two ask for one kind.
    """

    class State(models.TextChoices):
        RECEIVING = "receiving", _("Receiving")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="prediction_sets")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="prediction_sets")
    split = models.CharField(max_length=32)
    model = models.CharField(max_length=200, blank=True)
    task = models.CharField(max_length=32, help_text="name of an evaluator")
    out_of_fold = models.BooleanField(default=False)
    partial = models.BooleanField(default=False)
    class_ids = models.BooleanField(default=False)
    control = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVING)
    ranks = models.JSONField(default=dict, help_text='senders that ended: {"of": 2, "parts": {"0": 3}}')
    scope = models.CharField(max_length=300, blank=True, help_text="Parquet file of the items meant; blank: the split")
    meant = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(default=0)
    predictions = models.PositiveBigIntegerField(default=0)
    columns = models.CharField(max_length=300, blank=True, help_text="Parquet file below the store's columns/")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class PredictionPart(models.Model):
    """A part of a prediction set as it arrived; sending it again changes nothing."""

    prediction_set = models.ForeignKey(PredictionSet, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    file = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prediction_set", "number"], name="part_once")]


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(prediction_set__run__in=Run.objects.visible_to(caller))

    def ready(self) -> Self:
        """Those whose job is done."""
        return self.filter(state=Evaluation.State.READY)

    def whole(self) -> Self:
        """With all that pages and REST name of them, in one query."""
        return self.select_related(
            "prediction_set__run__project", "prediction_set__version", "version__dataset", "version__schema_revision"
        )


class Evaluation(models.Model):
    """Prediction set x a version's truth x settings -> matches, counts, metrics; cached and reproducible.

    ``metrics``: AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl tp fp fn (boxes, polygons); accuracy, macro_f1
    (classes).
    ``counts``: by failure kind and confusion cell at score 0 and at ``threshold`` (that of best F1).
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    prediction_set = models.ForeignKey(PredictionSet, on_delete=models.CASCADE, related_name="evaluations")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="evaluations", help_text="the truth")
    settings = models.JSONField(default=dict)
    settings_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    metrics = models.JSONField(default=dict)
    per_class = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    curves = models.JSONField(default=dict)
    threshold = models.FloatField(null=True, blank=True)
    columns = models.CharField(max_length=300, blank=True, help_text="matches as Parquet, below the store's columns/")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction_set", "version", "settings_digest"], name="evaluation_once")
        ]


class FailureQuerySet(models.QuerySet["Failure"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))


class Failure(models.Model):
    """A failure that lasts across runs and versions.

    With ``region``: that truth region was missed, misread or misplaced. Without: a false alarm at ``box``, linked to
    later ones inside the item by class and IoU >= .5. ``uuid`` is a uuid5 of (project, item, region or first box).
    """

    uuid = models.UUIDField(unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="failures")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="failures")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="failures")
    region = models.CharField(max_length=200, blank=True, help_text="id of the truth region")
    frame = models.PositiveIntegerField(null=True, blank=True)
    class_id = models.PositiveIntegerField()
    box = models.JSONField(null=True, help_text="xyxy, pixels of the upright image")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FailureQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("project", "item", name="failure_item")]


class FailureOccurrence(models.Model):
    """A failure seen in an evaluation: of which kind, with which prediction and score."""

    class Kind(models.TextChoices):
        MISSED = "missed", _("Missed")
        FALSE_ALARM = "false_alarm", _("False alarm")
        WRONG_CLASS = "wrong_class", _("Wrong class")
        BAD_LOCATION = "bad_location", _("Bad location")
        DUPLICATE = "duplicate", _("Duplicate")

    failure = models.ForeignKey(Failure, on_delete=models.CASCADE, related_name="occurrences")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="occurrences")
    row = models.PositiveIntegerField(help_text="row in the evaluation's matches")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    score = models.FloatField(null=True)
    iou = models.FloatField(null=True)
    truth_class = models.PositiveIntegerField(null=True)
    predicted_class = models.PositiveIntegerField(null=True)
    predicted_box = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evaluation", "row"], name="occurrence_once")]
        indexes = [models.Index("evaluation", "kind", F("score").desc(), name="occurrence_kind")]


class Verdict(models.Model):
    """What a reviewer says of a failure, at the label set they saw; append-only, the newest one counts."""

    class Kind(models.TextChoices):
        MODEL_ERROR = "model_error", _("Model error")
        LABEL_ERROR = "label_error", _("Label error")
        AMBIGUOUS = "ambiguous", _("Ambiguous")
        OUT_OF_SCOPE = "out_of_scope", _("Out of scope")

    uuid = models.UUIDField(default=uuid4, unique=True)
    failure = models.ForeignKey(Failure, on_delete=models.CASCADE, related_name="verdicts")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    label_set = models.ForeignKey(LabelSet, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class MiningRoundQuerySet(models.QuerySet["MiningRound"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))


class MiningRound(models.Model):
    """Strategy + budget + random control share -> chosen items -> a queue.

    ``settings``: ``{"strategies": {"failures": weight, ...}, "budget": n, "random": share, "filters": {...},
    "seed": n}``.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="mining_rounds")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="mining_rounds")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="mining_rounds")
    name = models.CharField(max_length=200)
    settings = models.JSONField(default=dict)
    queue = models.OneToOneField(Queue, null=True, blank=True, on_delete=models.SET_NULL, related_name="mining_round")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MiningRoundQuerySet.as_manager()


class MinedItem(models.Model):
    """An item a mining round chose, by which strategy, in which arm (mined or the random control)."""

    class Arm(models.TextChoices):
        MINED = "mined", _("Mined")
        CONTROL = "control", _("Control")

    round = models.ForeignKey(MiningRound, on_delete=models.CASCADE, related_name="mined_items")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    failure = models.ForeignKey(Failure, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    strategy = models.CharField(max_length=32)
    arm = models.CharField(max_length=8, choices=Arm.choices)
    score = models.FloatField(default=0)
    reason = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "item"], name="item_once_per_round")]
