"""People, projects, blobs, items, jobs and events: what every other room stands on."""

from typing import Self
from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from lode_platform.callers import Caller
from motherlode import media
from motherlode.media import Media


class User(AbstractUser):
    """A person; their public name is ``uuid``."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)


class Role(models.TextChoices):
    """What a member may do; docs/permissions.md holds the role x verb table."""

    OWNER = "owner", _("Owner")
    ENGINEER = "engineer", _("Engineer")
    REVIEWER = "reviewer", _("Reviewer")
    ANNOTATOR = "annotator", _("Annotator")
    VIEWER = "viewer", _("Viewer")


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, caller: Caller) -> Self:
        """The live projects the caller is a member of (or, with a project's token, that project alone)."""
        seen = self.filter(trashed_at=None, memberships__user=caller.user)
        return seen if caller.only_project is None else seen.filter(pk=caller.only_project)


class Project(models.Model):
    """The border of every permission. ``name`` is its slug in URLs, the CLI and the SDK."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.SlugField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    trashed_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("name", name="project_name", condition=Q(trashed_at=None))]

    def __str__(self) -> str:
        return self.title or self.name


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_member")]


class ApiToken(models.Model):
    """A token, kept as a SHA-256 digest; the plain text is shown once, when it is made.

    A token with a project acts in that project alone, with at most ``role``, and never makes projects;
    one without a project acts as its user.
    """

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="api_tokens")
    role = models.CharField(max_length=16, choices=Role.choices, blank=True)
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class Installation(models.Model):
    """The one row that tells this installation from others: all of its machines see it, and no other's do."""

    uuid = models.UUIDField(default=uuid4, editable=False)


class LoginTry(models.Model):
    """How many times recently a login was tried for a name, from an address, or both; see ``throttle``."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField()
    since = models.DateTimeField(db_index=True)


class Blob(models.Model):
    """Bytes in the store, named by md5 (DVC's name) and verified by sha-256."""

    md5 = models.CharField(max_length=32, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    promised_at = models.DateTimeField(null=True, help_text="when somebody was last told that it is here")


class Removal(models.Model):
    """A key of the store whose bytes are about to be removed.

    Of a blob its row has just been deleted. ``stray``: there was no row, and the bytes go in a later round.
    """

    key = models.CharField(max_length=200, unique=True)
    stray = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)


class BlobReceipt(models.Model):
    """This person has sent these bytes, so they may link them to an item."""

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="receipts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blob", "user"], name="one_receipt_per_sender")]


LIVE = Q(trashed_at=None, staged_by=None)
"""Neither in the trash nor still being brought in by a job."""
_SEEN = ("trashed_at", "staged_by")  # in the indexes of such rows, though null: SQLite reads the row of each otherwise


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, caller: Caller) -> Self:
        """The live items of the projects the caller may see."""
        return self.live().filter(project__in=Project.objects.visible_to(caller))

    def live(self) -> Self:
        """Neither in the trash nor still being brought in by a job."""
        return self.filter(LIVE)


class Item(models.Model):
    """One thing to label: a blob under a unique path of its project.

    ``kind`` is its medium. ``width`` and ``height`` are those of the upright image (EXIF orientation applied), in
    pixels, ``orientation`` the EXIF value 1..8 found in the bytes; ``length`` is a text's, in code points. Ask
    ``media``: each is 0 where the medium has none. ``staged_by`` is set while an import job has not finished.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="items")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="items")
    path = models.CharField(max_length=1024)
    path_fold = models.CharField(max_length=1024, help_text="motherlode.paths.fold(path): case-folded NFC")
    kind = models.CharField(max_length=16, default="image")
    media_type = models.CharField(max_length=100)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    length = models.PositiveIntegerField(default=0)
    orientation = models.PositiveSmallIntegerField(default=1)
    group = models.CharField(max_length=200, blank=True, help_text="patient, scene, video: never split apart")
    metadata = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    staged_by = models.ForeignKey("Job", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    trashed_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "path_fold", name="item_path", condition=LIVE),
            models.UniqueConstraint("staged_by", "path_fold", name="item_staged", condition=Q(staged_by__isnull=False)),
        ]
        # Each list walks an index that holds its live items alone and in its order, so that counting, skipping to a
        # deep page and taking the newest read no row but those shown.
        indexes = [
            models.Index("project", "id", *_SEEN, name="item_live", condition=LIVE),
            models.Index("project", "path", "id", *_SEEN, name="item_live_path", condition=LIVE),
            models.Index(
                "project",
                F("width").desc(),
                F("length").desc(),
                F("path").desc(),
                F("id").desc(),
                *_SEEN,
                name="item_live_size",
                condition=LIVE,
            ),
            models.Index(
                "project", "group", "path", "id", *_SEEN, name="item_live_group", condition=LIVE & ~Q(group="")
            ),
            models.Index("project", "path", name="item_trash", condition=Q(trashed_at__isnull=False)),
            models.Index("project", "kind", name="item_no_image", condition=~Q(kind="image")),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def media(self) -> Media:
        """What its bytes are, as far as labels must know it."""
        return media.of(self.kind, width=self.width, height=self.height, length=self.length)


class PastFile(models.Model):
    """A file that an item had until another took its place; published versions may still hold it.

    ``resized``: the new file has another size, so labels from before ``replaced_at`` may not fit it.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="past_files")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="past_files")
    media_type = models.CharField(max_length=100)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    length = models.PositiveIntegerField(default=0)
    orientation = models.PositiveSmallIntegerField()
    resized = models.BooleanField()
    replaced_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField()

    @property
    def media(self) -> Media:
        """What the bytes are; a file keeps its item's medium, which its name says."""
        return media.of(self.item.kind, width=self.width, height=self.height, length=self.length)


class ItemFolder(models.Model):
    """A folder that some item of the project lies in, now or once: asked so that no item takes a folder's name."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    path_fold = models.CharField(max_length=1024)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "path_fold"], name="item_folder")]


class JobState(models.TextChoices):
    RECEIVING = "receiving", _("Being sent")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, caller: Caller) -> Self:
        """The jobs of the projects the caller may see."""
        return self.filter(project__in=Project.objects.visible_to(caller))


class Job(models.Model):
    """Long work as a row; Celery is only the doorbell.

    A worker claims it by one UPDATE, raises ``fence`` and holds it until ``lease_until``, renewing while it works.
    Every write of the job checks that its fence is still the row's. ``state_data`` is what a restarted job
    resumes from. While what it works on is still being sent it is ``receiving``, and no worker's yet.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="jobs")
    verb = models.CharField(max_length=64, help_text="key of the job registry, such as items.import")
    title = models.CharField(max_length=200, blank=True)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    state_data = models.JSONField(default=dict)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    run_after = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("state", "lease_until", name="job_open", condition=Q(state__in=["queued", "running"])),
            models.Index("project", F("created_at").desc(), name="job_project"),
        ]


class MetadataField(models.Model):
    """A field of its own that a project gives its items: its name and its kind. The values stand in the items."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        BOOLEAN = "boolean", _("boolean")
        DATE = "date", _("date")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="metadata_fields")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="metadata_field_once")]

    def __str__(self) -> str:
        return self.name


class BulkAction(models.Model):
    """Something done to many items at once: whole, or not at all; ``action`` is its name in `bulk_actions`.

    ``chosen``: ``{"items": [uuid]}``, or ``{"filter": {...}}`` as the page Items has it in its address. Its
    `BulkActionItem` rows are the items that it is about to change, and from ``applied_at`` on those that it changed:
    what an undo needs. ``result`` and ``undo_result`` say more, as the action does.
    """

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="bulk_actions")
    action = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    chosen = models.JSONField()
    count = models.PositiveIntegerField(default=0, help_text="how many items it changed")
    result = models.JSONField(default=dict)
    undo_result = models.JSONField(default=dict)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    undo_job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("project", F("id").desc(), name="bulk_action_newest")]


class BulkActionItem(models.Model):
    """An item of a bulk action, and what the action replaced: a number or a time, by action."""

    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="held", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="bulk_actions")
    number_before = models.BigIntegerField(null=True)
    time_before = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "item"], name="bulk_action_item_once")]


class Tag(models.Model):
    """A word that a project puts on items."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint("project", Lower("name"), name="tag_name")]

    def __str__(self) -> str:
        return self.name


class TaggedItem(models.Model):
    """That an item has a tag, and the bulk action that gave it."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="tagged", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="tagged")
    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "item"], name="tag_once_per_item")]


class SavedView(models.Model):
    """A list of items under a name: a query and other filters, how they are laid out, which columns a table has.

    ``filter`` is what the address of the page Items has, ``columns`` are names of fields of the query language. One
    that is not ``shared`` is seen by its maker alone.
    """

    class Layout(models.TextChoices):
        GRID = "grid", _("Grid")
        TABLE = "table", _("Table")

    uuid = models.UUIDField(default=uuid4, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=100)
    filter = models.JSONField(default=dict)
    layout = models.CharField(max_length=8, choices=Layout.choices, default=Layout.GRID)
    columns = models.JSONField(default=list)
    shared = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "created_by", "name"], name="saved_view_name"),
            models.UniqueConstraint(fields=["project", "name"], name="shared_view_name", condition=Q(shared=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Who did what to which thing, when: the audit log."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="events")
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=64)
    target_type = models.CharField(max_length=32)
    target = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index("project", F("at").desc(), name="event_project")]


import lode_platform.invitation_models  # noqa: E402, F401 - tables of this room
import lode_platform.notifications.models  # noqa: E402, F401 - tables of this room
import lode_platform.webhooks.models  # noqa: E402, F401 - tables of this room
