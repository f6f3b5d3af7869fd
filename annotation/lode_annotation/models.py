"""Schemas, queues, tasks, leases, annotations, reviews and label sets."""

from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lode_annotation.canonical_list import CanonicalList
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, PastFile, Project, User
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


class QueueQuerySet(models.QuerySet["Queue"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(project__in=Project.objects.visible_to(caller))


class Queue(models.Model):
    """Ordered work for annotators: items of one project under one schema.

    ``filling`` is the job that adds tasks now. A new queue is in the state of the same name until all are there.
    """

    class State(models.TextChoices):
        FILLING = "filling", _("Being filled")
        OPEN = "open", _("Open")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="queues")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="queues")
    name = models.CharField(max_length=200)
    reason = models.CharField(max_length=300, blank=True)
    overlap = models.PositiveSmallIntegerField(default=1)
    review = models.BooleanField(default=False, help_text="only a reviewer's accept writes the label set")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    size = models.PositiveIntegerField(default=0, help_text="how many tasks were ever put in")
    filling = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = QueueQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="queue_name")]

    def __str__(self) -> str:
        return self.name


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(queue__project__in=Project.objects.visible_to(caller))


class Task(models.Model):
    """An item in a queue: why it is asked (``reason``) and what a model already thinks (``prelabels``).

    ``reason``: ``{"text", "strategy"?, "run"?, "failure"?, "failure_url"?, "box"?, "kind"?, "score"?, "round"?,
    "arm"?}``; the box is where the failure lies, xyxy in pixels of the upright image.
    ``prelabels``: Label Studio result regions, each with ``score``.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SUBMITTED = "submitted", _("Waiting for review")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")

    uuid = models.UUIDField(default=uuid4, unique=True)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="tasks")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="tasks")
    number = models.PositiveIntegerField(help_text="its place in the queue, from 1: what '12 of 80' counts")
    priority = models.IntegerField(default=0, help_text="higher first")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.JSONField(default=dict)
    prelabels = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "item"], name="item_once_per_queue"),
            models.UniqueConstraint(fields=["queue", "number"], name="task_number_in_queue"),
        ]
        indexes = [models.Index("queue", "state", "number", name="task_queue_state")]


class Lease(models.Model):
    """One place at a task: made with the task, one per overlap, so a task is never held by more people than that.

    Free when ``user`` is null or ``until`` has passed; ``closed`` when its place was answered, skipped or withdrawn.
    ``queue`` and ``priority`` repeat the task's, so that the claim is one statement on one partial index.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)  # two partial ones
    priority = models.IntegerField(default=0)
    place = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="leases")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "place"], name="lease_place")]
        indexes = [
            models.Index("queue", F("priority").desc(), "id", name="lease_next", condition=Q(closed=False)),
            models.Index("queue", "user", name="lease_held", condition=Q(closed=False, user__isnull=False)),
        ]


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(task__queue__project__in=Project.objects.visible_to(caller))

    def waiting_for(self, reviewer: User) -> Self:
        """What this reviewer may judge now: submitted, by somebody else, the item not in the trash."""
        return self.filter(state="submitted", task__item__trashed_at=None).exclude(user=reviewer)


class Annotation(models.Model):
    """One person's answer to a task; its words are in its revisions, of which none is ever overwritten.

    ``revision`` 0 says that nothing was answered yet. ``draft`` is what the person's page last kept here of unfinished
    work: no revision, overwritten by the next keeping, emptied by the answer.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        SKIPPED = "skipped", _("Skipped")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    uuid = models.UUIDField(default=uuid4, unique=True)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="annotations")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="annotations")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    revision = models.PositiveIntegerField(default=1, help_text="number of the newest revision, 0 for a draft alone")
    draft = models.JSONField(null=True, blank=True, help_text="unfinished result as the page last kept it")
    draft_base = models.PositiveIntegerField(null=True, blank=True, help_text="the revision the draft began from")
    draft_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True, help_text="came too late: somebody else had the task")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="one_answer_per_person")]
        indexes = [
            models.Index("task", "updated_at", name="annotation_waiting", condition=Q(state="submitted")),
            models.Index("user", "task", name="annotation_lost", condition=Q(lost_at__isnull=False)),
            models.Index("user", "task", name="annotation_rejected", condition=Q(state="rejected")),
        ]


class AnnotationRevision(models.Model):
    """One save of an annotation: Label Studio result JSON exactly as it was sent.

    ``operation_id`` is the client's key: a second arrival is answered with the first one's answer, whose next task
    is ``next_task``.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    operation_id = models.UUIDField(unique=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=Annotation.State.choices)
    result = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True, help_text="why it was skipped")
    lead_time = models.FloatField(default=0, help_text="seconds")
    next_task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["annotation", "number"], name="annotation_revision_number")]


class ReviewQuerySet(models.QuerySet["Review"]):
    def standing(self) -> Self:
        """Those that were not taken back."""
        return self.filter(undone_at=None)


class Review(models.Model):
    """A second person's word on one revision of an annotation.

    ``replaced`` and ``task_reason`` are what stood before it, so that it can be taken back (``undone_at``).
    """

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("Accept")
        FIX = "fix", _("Fix")
        REJECT = "reject", _("Reject")

    uuid = models.UUIDField(default=uuid4, unique=True)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews")
    revision = models.ForeignKey(AnnotationRevision, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    operation_id = models.UUIDField(unique=True, default=uuid4)
    replaced = models.ForeignKey("LabelSet", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    task_reason = models.JSONField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()


class LabelSetQuerySet(models.QuerySet["LabelSet"]):
    def current(self) -> Self:
        """The newest visible label set of each (item, schema)."""
        return self.filter(current=True, staged_by=None)

    def outgrown(self) -> Self:
        """Those with places in the picture whose item has since got a picture of another size: they may not fit."""
        since = PastFile.objects.filter(item=OuterRef("item"), resized=True, replaced_at__gt=OuterRef("created_at"))
        return self.exclude(regions=[]).filter(Exists(since))


class LabelSet(models.Model):
    """What the project holds to be true of an item under a schema: append-only.

    ``answers`` (said of the item as a whole), ``regions`` (of a part of it) and ``relations`` (links between regions,
    kept while both are there) are lists of JSON objects, in the words and the very bytes of a version's label line
    (``docs/format.md``): ``motherlode.regions.Region.as_json`` writes them, each naming its control. Three empty lists
    mean "nothing is here"; an item without a label set is unlabelled. ``digest`` is the SHA-256 of the canonical JSON
    object of the three lists, ``{"answers":...,"regions":...,"relations":...}`` (``motherlode.regions.Texts.digest``).
    ``migrated_from`` is the label set that a schema's ``migration`` wrote it from.
    """

    class Source(models.TextChoices):
        ANNOTATION = "annotation", _("Annotation")
        CONSENSUS = "consensus", _("Consensus")
        IMPORT = "import", _("Import")

    uuid = models.UUIDField(default=uuid4, unique=True)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="label_sets")
    schema = models.ForeignKey(Schema, on_delete=models.PROTECT, related_name="label_sets")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices)
    annotation_revision = models.ForeignKey(
        AnnotationRevision, null=True, blank=True, on_delete=models.PROTECT, related_name="label_sets"
    )
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    answers = CanonicalList(default=list)
    regions = CanonicalList(default=list)
    relations = CanonicalList(default=list)
    digest = models.CharField(max_length=64)
    current = models.BooleanField(default=True)
    migration = models.ForeignKey(
        SchemaMigration, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    migrated_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    staged_by = models.ForeignKey(Job, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LabelSetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "item", "schema", name="one_current_label_set", condition=Q(current=True, staged_by=None)
            )
        ]
        indexes = [
            # with what is true of all rows in it, since SQLite reads the row of each otherwise
            models.Index("schema", "item", "current", "staged_by", name="label_set_current", condition=Q(current=True)),
            models.Index("staged_by", name="label_set_staged", condition=Q(staged_by__isnull=False)),
            models.Index("migration", name="label_set_migration", condition=Q(migration__isnull=False)),
            models.Index("migrated_from", name="label_set_migrated", condition=Q(migrated_from__isnull=False)),
        ]

    @property
    def said(self) -> list[dict[str, Any]]:
        """All that is said of the item, be it of a part of it or of the whole: the rows of regions, then of answers."""
        return [*self.regions, *self.answers]


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
