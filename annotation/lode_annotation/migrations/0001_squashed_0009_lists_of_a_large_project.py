"""All tables of the room at once, for a new database; one that has some of them goes on by what this replaces."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("annotation", "0001_initial"),
        ("annotation", "0002_regions_as_text"),
        ("annotation", "0003_review_undone"),
        ("annotation", "0004_queue_filling"),
        ("annotation", "0005_three_lists_of_a_label_set"),
        ("annotation", "0006_classes_belong_to_their_control"),
        ("annotation", "0007_imported_line"),
        ("annotation", "0008_guidelines_of_classes"),
        ("annotation", "0009_lists_of_a_large_project"),
    ]

    initial = True

    dependencies = [
        ("platform", "0004_installation"),
    ]

    operations = [
        migrations.CreateModel(
            name="LabelImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("schema_name", models.SlugField(max_length=64)),
                (
                    "dataset",
                    models.CharField(blank=True, help_text="what the caller will put the items into", max_length=64),
                ),
                ("format", models.CharField(blank=True, max_length=16)),
                ("replace", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "job",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="platform.job",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="label_imports", to="platform.project"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Schema",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.SlugField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="schemas", to="platform.project"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("project", "name"), name="schema_name")],
            },
        ),
        migrations.CreateModel(
            name="LabelClass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("class_id", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "schema",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="classes", to="annotation.schema"
                    ),
                ),
                ("control", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["class_id"],
                "constraints": [
                    models.UniqueConstraint(fields=("schema", "class_id"), name="class_id_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)),
                        fields=("schema", "control", "name"),
                        name="class_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SchemaRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("number", models.PositiveIntegerField()),
                ("config", models.TextField()),
                ("controls", models.JSONField()),
                ("classes", models.JSONField()),
                ("guidelines", models.JSONField(default=dict, help_text="Markdown text by control and label")),
                ("message", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "schema",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revisions", to="annotation.schema"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [models.UniqueConstraint(fields=("schema", "number"), name="schema_revision_number")],
            },
        ),
        migrations.CreateModel(
            name="Queue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("overlap", models.PositiveSmallIntegerField(default=1)),
                (
                    "review",
                    models.BooleanField(default=False, help_text="only a reviewer's accept writes the label set"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filling", "Being filled"),
                            ("open", "Open"),
                            ("paused", "Paused"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("size", models.PositiveIntegerField(default=0, help_text="how many tasks were ever put in")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="queues", to="platform.project"
                    ),
                ),
                (
                    "schema_revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queues",
                        to="annotation.schemarevision",
                    ),
                ),
                (
                    "filling",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="platform.job",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("project", "name"), name="queue_name")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "number",
                    models.PositiveIntegerField(help_text="its place in the queue, from 1: what '12 of 80' counts"),
                ),
                ("priority", models.IntegerField(default=0, help_text="higher first")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("submitted", "Waiting for review"),
                            ("done", "Done"),
                            ("skipped", "Skipped"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("reason", models.JSONField(default=dict)),
                ("prelabels", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tasks", to="platform.item"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="annotation.queue"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(models.F("queue"), models.F("state"), models.F("number"), name="task_queue_state")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("queue", "item"), name="item_once_per_queue"),
                    models.UniqueConstraint(fields=("queue", "number"), name="task_number_in_queue"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Annotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("skipped", "Skipped"),
                            ("accepted", "Accepted"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "revision",
                    models.PositiveIntegerField(
                        default=1, help_text="number of the newest revision, 0 for a draft alone"
                    ),
                ),
                (
                    "draft",
                    models.JSONField(blank=True, help_text="unfinished result as the page last kept it", null=True),
                ),
                (
                    "draft_base",
                    models.PositiveIntegerField(blank=True, help_text="the revision the draft began from", null=True),
                ),
                ("draft_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lost_at",
                    models.DateTimeField(blank=True, help_text="came too late: somebody else had the task", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="annotations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "schema_revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.schemarevision"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="annotations", to="annotation.task"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("task"),
                        models.F("updated_at"),
                        condition=models.Q(("state", "submitted")),
                        name="annotation_waiting",
                    ),
                    models.Index(
                        models.F("user"),
                        models.F("task"),
                        condition=models.Q(("lost_at__isnull", False)),
                        name="annotation_lost",
                    ),
                    models.Index(
                        models.F("user"),
                        models.F("task"),
                        condition=models.Q(("state", "rejected")),
                        name="annotation_rejected",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("task", "user"), name="one_answer_per_person")],
            },
        ),
        migrations.CreateModel(
            name="AnnotationRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("number", models.PositiveIntegerField()),
                ("operation_id", models.UUIDField(unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("skipped", "Skipped"),
                            ("accepted", "Accepted"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                ("result", models.JSONField(default=list)),
                ("reason", models.CharField(blank=True, help_text="why it was skipped", max_length=300)),
                ("lead_time", models.FloatField(default=0, help_text="seconds")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "annotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="annotation.annotation",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "next_task",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="annotation.task",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("annotation", "number"), name="annotation_revision_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "source",
                    models.CharField(
                        choices=[("annotation", "Annotation"), ("consensus", "Consensus"), ("import", "Import")],
                        max_length=10,
                    ),
                ),
                ("regions", models.TextField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("current", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "annotation_revision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="label_sets",
                        to="annotation.annotationrevision",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="label_sets", to="platform.item"
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
                    "staged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="platform.job",
                    ),
                ),
                (
                    "schema",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="label_sets", to="annotation.schema"
                    ),
                ),
                (
                    "schema_revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.schemarevision"
                    ),
                ),
                ("answers", models.TextField(default=list)),
                ("relations", models.TextField(default=list)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("staged_by"), condition=models.Q(("staged_by__isnull", False)), name="label_set_staged"
                    ),
                    models.Index(
                        models.F("schema"),
                        models.F("item"),
                        models.F("current"),
                        models.F("staged_by"),
                        condition=models.Q(("current", True)),
                        name="label_set_current",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("item"),
                        models.F("schema"),
                        condition=models.Q(("current", True), ("staged_by", None)),
                        name="one_current_label_set",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("accept", "Accept"), ("fix", "Fix"), ("reject", "Reject")], max_length=8
                    ),
                ),
                ("comment", models.TextField(blank=True)),
                ("operation_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "annotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="annotation.annotation"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="annotation.annotationrevision",
                    ),
                ),
                (
                    "replaced",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="annotation.labelset",
                    ),
                ),
                ("task_reason", models.JSONField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("priority", models.IntegerField(default=0)),
                ("place", models.PositiveSmallIntegerField(default=0)),
                ("since", models.DateTimeField(blank=True, null=True)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("closed", models.BooleanField(default=False)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="leases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotation.queue",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="leases", to="annotation.task"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("queue"),
                        models.OrderBy(models.F("priority"), descending=True),
                        models.F("id"),
                        condition=models.Q(("closed", False)),
                        name="lease_next",
                    ),
                    models.Index(
                        models.F("queue"),
                        models.F("user"),
                        condition=models.Q(("closed", False), ("user__isnull", False)),
                        name="lease_held",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("task", "place"), name="lease_place")],
            },
        ),
        migrations.CreateModel(
            name="LabelImportPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("lines", models.TextField()),
                ("count", models.PositiveIntegerField(default=0)),
                (
                    "label_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="annotation.labelimport"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [models.UniqueConstraint(fields=("label_import", "number"), name="label_import_part")],
            },
        ),
        migrations.CreateModel(
            name="ImportedLine",
            fields=[
                (
                    "label_set",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="annotation.labelset",
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("read_at", models.DateTimeField()),
                (
                    "schema_revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="annotation.schemarevision"
                    ),
                ),
            ],
        ),
    ]
