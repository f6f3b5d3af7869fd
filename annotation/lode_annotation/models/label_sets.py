"""What projects hold to be true of their items."""

from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from lode_annotation.canonical_list import CanonicalList
from lode_annotation.models.answers import AnnotationRevision
from lode_annotation.models.schemas import Schema, SchemaMigration, SchemaRevision
from lode_platform.models import Item, Job, PastFile, User


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

    Of a consensus, ``annotation_revision`` is the last of the answers and ``votes`` says who answered what:
    ``{"consensus": the queue's choice, "answers": [{"annotation", "revision", "user"}], "votes": [one for each region
    or class that anybody gave, as ``consensus.rule.Merged`` has them]}``. The digest leaves them out.
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
    votes = models.JSONField(null=True, blank=True)
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
