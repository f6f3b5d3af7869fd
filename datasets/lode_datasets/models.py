"""Datasets, their working selection, published versions and the changes between them."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from lode_annotation.models import LabelSet, Schema, SchemaRevision
from lode_platform.callers import Caller
from lode_platform.models import Blob, Item, Job, Project, User
from motherlode.manifest import POOL


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, caller: Caller) -> Self:
        return self.filter(trashed_at=None, project__in=Project.objects.visible_to(caller))


class Dataset(models.Model):
    """A named selection of items + schema + split policy.

    ``split_policy``: ``{"train": 0.8, "val": 0.1, "test": 0.1, "salt": "..."}``; an item's split is
    decided once, by the hash of its group or else of its bytes. ``metadata_kinds``: the fields of the items that the
    next version carries, the kind of each by name. ``check_severities``: how much what a check finds weighs, by its
    name, where the dataset says otherwise than the check.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    name = models.SlugField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    schema = models.ForeignKey(Schema, on_delete=models.PROTECT, related_name="datasets")
    split_policy = models.JSONField(default=dict)
    metadata_kinds = models.JSONField(default=dict, blank=True)
    check_severities = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    trashed_at = models.DateTimeField(null=True, blank=True)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "name", name="dataset_name", condition=Q(trashed_at=None)),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class DatasetItem(models.Model):
    """An item in a dataset's working selection, with its split, decided once, when it came in.

    While the item is unlabelled it is in the pool all the same: a version then says ``pool``, and the split decided
    here takes effect with its first labels.
    """

    class DecidedBy(models.TextChoices):
        HASH = "hash", _("Hash")
        IMPORT = "import", _("Import")
        PERSON = "person", _("Person")

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="dataset_items")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="dataset_items")
    split = models.CharField(max_length=32)
    decided_by = models.CharField(max_length=8, choices=DecidedBy.choices)
    decided_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "item"], name="item_once_per_dataset")]
        indexes = [models.Index("dataset", "split", name="dataset_item_split")]


def standing() -> Case:
    """The split that a version published now would give a ``DatasetItem``: ``pool`` while it is unlabelled."""
    labels = LabelSet.objects.current().filter(item=OuterRef("item"), schema=OuterRef("dataset__schema"))
    return Case(When(Exists(labels), then=F("split")), default=Value(POOL))


class VersionQuerySet(models.QuerySet["Version"]):
    def visible_to(self, caller: Caller) -> Self:
        """The published versions of the datasets the caller may see; nobody sees any other."""
        return self.published().filter(dataset__in=Dataset.objects.visible_to(caller))

    def published(self) -> Self:
        return self.filter(state=Version.State.PUBLISHED)

    def unpublished(self) -> Self:
        return self.exclude(state=Version.State.PUBLISHED)


class Version(models.Model):
    """An immutable snapshot named ``dataset@vN``, whose identity is ``digest``: ``sha256m1:<64 hex>`` of the content.

    ``format`` is 1 (docs/format.md), or 0 for a version published before there was one, whose digest is
    ``sha256:<64 hex>`` of its manifest. Of format 1, ``index`` is ``sha256:<64 hex>`` of the list of its files that are
    not items, ``labels_digest`` is its labels' without their ids, ``stacks`` says how each set of lines is stored
    (``motherlode.layers.Stack``), and ``listings`` names the DVC ``.dir`` object of each. ``dir_oid`` is that of
    ``data/items``, or of all ``data/`` in format 0.

    The row is written first (state ``publishing``) and holds all that the version will be: ``frozen`` is what changed
    against the parent, read by one statement; ``stamp`` the names the commit says, as they stood. Blobs, ``.dir``,
    commit, refs and tag are a pure function of the row, whatever is labelled meanwhile. ``frozen`` is dropped once the
    version is published: its rows are in ``Entry`` then.

    ``metadata_kinds`` are the fields of its items that it carries: the kind of each, by name.

    ``counts``: ``{"items", "labelled", "regions", "splits": {split: items}, "classes": {class id: regions},
    "split_classes": {split: {class id: regions}}}``, and ``"metadata": {field: items that have it}`` where it carries
    any.
    """

    class State(models.TextChoices):
        PUBLISHING = "publishing", _("Publishing")
        PUBLISHED = "published", _("Published")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid4, unique=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    schema_revision = models.ForeignKey(SchemaRevision, on_delete=models.PROTECT, related_name="versions")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PUBLISHING)
    message = models.TextField(blank=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(help_text="the commit's time; set once when the row is written")
    published_at = models.DateTimeField(null=True, blank=True)
    format = models.PositiveSmallIntegerField(default=0)  # noqa: A003 - the word of the trade
    digest = models.CharField(max_length=73, blank=True)
    index = models.CharField(max_length=71, blank=True)
    labels_digest = models.CharField(max_length=73, blank=True)
    stacks = models.JSONField(default=dict)
    listings = models.JSONField(default=dict)
    dir_oid = models.CharField(max_length=36, blank=True)
    commit = models.CharField(max_length=40, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    server_url = models.CharField(max_length=300, blank=True)
    counts = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    stamp = models.JSONField(default=dict, help_text="project, dataset, schema, author, email: names as they stood")
    metadata_kinds = models.JSONField(default=dict, blank=True)
    frozen = models.BinaryField(null=True, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, unique=True, help_text="the client's key")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="version_number"),
            models.UniqueConstraint("dataset", name="one_publish_at_a_time", condition=~Q(state="published")),
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.dataset.name}@v{self.number}"

    @property
    def yanked(self) -> "Yank | None":
        """Why it was taken back, None while it counts; a query of its own unless ``yank`` was selected with it."""
        return getattr(self, "yank", None)


class Entry(models.Model):
    """Membership as change: this item, with these bytes, labels and split, from ``first`` to ``last`` version.

    ``last`` is null while the newest version still holds it. No row per item per version. ``metadata`` is what the
    label line says of the item's own fields, as canonical JSON; null where it says nothing.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="entries", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="entries")
    path = models.CharField(max_length=1024)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="entries", db_index=False)
    label_set = models.ForeignKey(LabelSet, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    split = models.CharField(max_length=32)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.TextField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "item", "first"], name="entry_once")]
        indexes = [
            models.Index("blob", "dataset", "first", name="entry_blob"),
            # with all that says which version holds an entry: a deep page skips along the index and reads no row
            models.Index("dataset", "path", "first", "last", "split", "id", name="entry_path"),
            models.Index("dataset", "first", name="entry_first"),
            models.Index("dataset", "last", name="entry_last", condition=Q(last__isnull=False)),
        ]


class VersionFile(models.Model):
    """A file of a version that is not an item: lines of labels, items and splits, schema.json; kept as change."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="version_files")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "path", "first"], name="version_file_once")]


class Alias(models.Model):
    """A movable name for a version; each move is a row, the newest one counts. ``message`` says why it was moved."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="aliases")
    name = models.SlugField(max_length=64)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="aliases")
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)
    message = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index("dataset", "name", F("id").desc(), name="alias_newest")]


class ProtectedAlias(models.Model):
    """An alias that only an owner moves, while this row is there."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="protected_aliases")
    name = models.SlugField(max_length=64)
    protected_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    protected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="protected_alias_once")]


class Yank(models.Model):
    """A version taken back, and why, while this row is there. Its bytes stay, and ``latest`` passes over it."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="yank")
    reason = models.TextField()
    yanked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    yanked_at = models.DateTimeField()


class Pin(models.Model):
    """Somebody pinned this version: who, from which lock; shown before anything a version holds is removed."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="pins")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "user"], name="one_pin_per_person")]


class CheckRun(models.Model):
    """What the checks found of a version, or of what a dataset held at that moment (``version`` null).

    Kept beside the version: none of it is in the published bytes. Of runs without a version a dataset keeps the newest.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="check_runs")
    version = models.OneToOneField(Version, null=True, blank=True, on_delete=models.SET_NULL, related_name="check_run")
    items = models.PositiveIntegerField(help_text="how many the version or the selection has")
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class Waiver(models.Model):
    """Somebody lets a check's errors pass, up to ``count`` of them, until the end of a day, and says why.

    Never changed or removed: it ends by its day, or earlier by somebody's word.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="waivers")
    name = models.CharField(max_length=40, help_text="the check's")
    count = models.PositiveIntegerField(help_text="as many had been found; more than that it does not cover")
    reason = models.CharField(max_length=1000)
    until = models.DateField()
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index("dataset", "name", name="waiver_check")]


class CheckResult(models.Model):
    """What one check found: ``count`` of what it counts among ``looked_at`` items.

    ``facts`` are what is said of it (``checks.check.Fact``); ``items`` the first of those concerned, ``[{"item": uuid,
    "path", "note"}]``; ``left_out`` says what was not looked at. ``waiver`` is what let an error pass then.
    """

    run = models.ForeignKey(CheckRun, on_delete=models.CASCADE, related_name="results")
    name = models.CharField(max_length=40)
    severity = models.CharField(max_length=8)
    count = models.PositiveIntegerField()
    looked_at = models.PositiveIntegerField()
    left_out = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(default=list)
    items = models.JSONField(default=list)
    waiver = models.ForeignKey(Waiver, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="check_once_per_run")]
        ordering = ["id"]
