"""All tables of the room at once, for a new database; one that has some of them goes on by what this replaces."""

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def by_code_point(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL paths compare by code point, as versions list them, so that their index has the list's order."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute('ALTER TABLE datasets_entry ALTER COLUMN path TYPE varchar(1024) COLLATE "C"')


class Migration(migrations.Migration):
    replaces = [
        ("datasets", "0001_initial"),
        ("datasets", "0002_find_entries_by_blob"),
        ("datasets", "0003_format_1"),
        ("datasets", "0004_pages_of_entries"),
    ]

    initial = True

    dependencies = [
        ("platform", "0004_installation"),
        ("annotation", "0003_review_undone"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.SlugField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True)),
                ("split_policy", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("trashed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="datasets", to="platform.project"
                    ),
                ),
                (
                    "schema",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="datasets", to="annotation.schema"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("project"),
                        models.F("name"),
                        condition=models.Q(("trashed_at", None)),
                        name="dataset_name",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("split", models.CharField(max_length=32)),
                (
                    "decided_by",
                    models.CharField(
                        choices=[("hash", "Hash"), ("import", "Import"), ("person", "Person")], max_length=8
                    ),
                ),
                ("decided_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dataset_items", to="datasets.dataset"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="dataset_items", to="platform.item"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("dataset"), models.F("split"), name="dataset_item_split")],
                "constraints": [models.UniqueConstraint(fields=("dataset", "item"), name="item_once_per_dataset")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=1024)),
                ("split", models.CharField(max_length=32)),
                ("first", models.PositiveIntegerField()),
                ("last", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "blob",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="platform.blob",
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="platform.item"
                    ),
                ),
                (
                    "label_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="annotation.labelset",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(models.F("dataset"), models.F("first"), name="entry_first"),
                    models.Index(
                        models.F("dataset"),
                        models.F("last"),
                        condition=models.Q(("last__isnull", False)),
                        name="entry_last",
                    ),
                    models.Index(models.F("blob"), models.F("dataset"), models.F("first"), name="entry_blob"),
                    models.Index(
                        models.F("dataset"),
                        models.F("path"),
                        models.F("first"),
                        models.F("last"),
                        models.F("split"),
                        models.F("id"),
                        name="entry_path",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("dataset", "item", "first"), name="entry_once")],
            },
        ),
        migrations.RunPython(by_code_point, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("publishing", "Publishing"), ("published", "Published"), ("failed", "Failed")],
                        default="publishing",
                        max_length=12,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(help_text="the commit's time; set once when the row is written")),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, max_length=73)),
                ("dir_oid", models.CharField(blank=True, max_length=36)),
                ("commit", models.CharField(blank=True, max_length=40)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("files", models.PositiveIntegerField(default=0)),
                ("server_url", models.CharField(blank=True, max_length=300)),
                ("counts", models.JSONField(default=dict)),
                ("checks", models.JSONField(default=list)),
                (
                    "stamp",
                    models.JSONField(
                        default=dict, help_text="project, dataset, schema, author, email: names as they stood"
                    ),
                ),
                ("frozen", models.BinaryField(null=True)),
                ("operation_id", models.UUIDField(blank=True, help_text="the client's key", null=True, unique=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="datasets.dataset"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="platform.job",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="datasets.version",
                    ),
                ),
                (
                    "schema_revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="annotation.schemarevision",
                    ),
                ),
                ("format", models.PositiveSmallIntegerField(default=0)),
                ("index", models.CharField(blank=True, max_length=71)),
                ("labels_digest", models.CharField(blank=True, max_length=73)),
                ("listings", models.JSONField(default=dict)),
                ("stacks", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("dataset", "number"), name="version_number"),
                    models.UniqueConstraint(
                        models.F("dataset"),
                        condition=models.Q(("state", "published"), _negated=True),
                        name="one_publish_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pins", to="datasets.version"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("version", "user"), name="one_pin_per_person")],
            },
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=64)),
                ("set_at", models.DateTimeField(auto_now_add=True)),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="aliases", to="datasets.dataset"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="aliases", to="datasets.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("dataset"),
                        models.F("name"),
                        models.OrderBy(models.F("id"), descending=True),
                        name="alias_newest",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VersionFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=200)),
                ("first", models.PositiveIntegerField()),
                ("last", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "blob",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="version_files", to="platform.blob"
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="datasets.dataset"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("dataset", "path", "first"), name="version_file_once")],
            },
        ),
    ]
