"""All tables of the room at once, for a new database; one that has some of them goes on by what this replaces."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("hooks", "0001_initial"),
        ("hooks", "0002_columns_lie_in_the_store"),
        ("hooks", "0003_prediction_scope"),
        ("hooks", "0004_a_verdict_is_kept_once"),
        ("hooks", "0005_runs_with_ranks_and_tags"),
        ("hooks", "0006_long_region_ids"),
        ("hooks", "0007_failure_occurrences"),
        ("hooks", "0008_tasks_are_named_by_evaluators"),
        ("hooks", "0009_predictions_of_a_control"),
    ]

    initial = True

    dependencies = [
        ("platform", "0001_initial"),
        ("annotation", "0001_initial"),
        ("datasets", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Failure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(unique=True)),
                ("region", models.CharField(blank=True, help_text="id of the truth region", max_length=200)),
                ("frame", models.PositiveIntegerField(blank=True, null=True)),
                ("class_id", models.PositiveIntegerField()),
                ("box", models.JSONField(help_text="xyxy, pixels of the upright image", null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="failures", to="datasets.dataset"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="failures", to="platform.item"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="failures", to="platform.project"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("project"), models.F("item"), name="failure_item")],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("finished", "Finished"), ("failed", "Failed")],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("params", models.JSONField(default=dict)),
                ("code_commit", models.CharField(blank=True, max_length=64)),
                ("tracker", models.CharField(blank=True, help_text="mlflow", max_length=16)),
                ("tracker_id", models.CharField(blank=True, max_length=200)),
                ("tracker_url", models.CharField(blank=True, max_length=500)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="platform.project"
                    ),
                ),
                ("tags", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="MiningRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("settings", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mining_rounds", to="datasets.dataset"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mining_rounds", to="platform.project"
                    ),
                ),
                (
                    "queue",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="mining_round",
                        to="annotation.queue",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mining_rounds", to="hooks.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MinedItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("strategy", models.CharField(max_length=32)),
                ("arm", models.CharField(choices=[("mined", "Mined"), ("control", "Control")], max_length=8)),
                ("score", models.FloatField(default=0)),
                ("reason", models.JSONField(default=dict)),
                (
                    "failure",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="hooks.failure",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="platform.item"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="annotation.task",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mined_items", to="hooks.mininground"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("round", "item"), name="item_once_per_round")],
            },
        ),
        migrations.CreateModel(
            name="PredictionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("split", models.CharField(max_length=32)),
                ("model", models.CharField(blank=True, max_length=200)),
                ("task", models.CharField(help_text="name of an evaluator", max_length=32)),
                ("out_of_fold", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("receiving", "Receiving"), ("ready", "Ready"), ("failed", "Failed")],
                        default="receiving",
                        max_length=10,
                    ),
                ),
                ("items", models.PositiveIntegerField(default=0)),
                ("predictions", models.PositiveBigIntegerField(default=0)),
                (
                    "columns",
                    models.CharField(blank=True, help_text="Parquet file below the store's columns/", max_length=300),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prediction_sets",
                        to="datasets.version",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prediction_sets", to="hooks.run"
                    ),
                ),
                ("class_ids", models.BooleanField(default=False)),
                ("meant", models.PositiveIntegerField(default=0)),
                ("partial", models.BooleanField(default=False)),
                (
                    "scope",
                    models.CharField(
                        blank=True, help_text="Parquet file of the items meant; blank: the split", max_length=300
                    ),
                ),
                ("ranks", models.JSONField(default=dict, help_text='senders that ended: {"of": 2, "parts": {"0": 3}}')),
                ("control", models.CharField(blank=True, default="", max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="PredictionPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("file", models.CharField(max_length=300)),
                (
                    "prediction_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="hooks.predictionset"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("prediction_set", "number"), name="part_once")],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("settings", models.JSONField(default=dict)),
                ("settings_digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("ready", "Ready"), ("failed", "Failed")],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("metrics", models.JSONField(default=dict)),
                ("per_class", models.JSONField(default=list)),
                ("counts", models.JSONField(default=dict)),
                ("curves", models.JSONField(default=dict)),
                ("threshold", models.FloatField(blank=True, null=True)),
                (
                    "columns",
                    models.CharField(
                        blank=True, help_text="matches as Parquet, below the store's columns/", max_length=300
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                    "version",
                    models.ForeignKey(
                        help_text="the truth",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="datasets.version",
                    ),
                ),
                (
                    "prediction_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="hooks.predictionset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("prediction_set", "version", "settings_digest"), name="evaluation_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Metric",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200)),
                ("value", models.FloatField(null=True)),
                ("step", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="metrics", to="hooks.run"
                    ),
                ),
                (
                    "flag",
                    models.CharField(
                        blank=True,
                        choices=[("nan", "not a number"), ("inf", "infinite"), ("-inf", "minus infinite")],
                        max_length=4,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("run"), models.F("key"), models.F("step"), name="metric_key")],
            },
        ),
        migrations.CreateModel(
            name="RunUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("split", models.CharField(blank=True, max_length=32)),
                ("purpose", models.CharField(default="training", max_length=32)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="hooks.run"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="run_uses", to="datasets.version"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "version", "split", "purpose"), name="use_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FailureOccurrence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.PositiveIntegerField(help_text="row in the evaluation's matches")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missed", "Missed"),
                            ("false_alarm", "False alarm"),
                            ("wrong_class", "Wrong class"),
                            ("bad_location", "Bad location"),
                            ("duplicate", "Duplicate"),
                        ],
                        max_length=16,
                    ),
                ),
                ("score", models.FloatField(null=True)),
                ("iou", models.FloatField(null=True)),
                ("truth_class", models.PositiveIntegerField(null=True)),
                ("predicted_class", models.PositiveIntegerField(null=True)),
                ("predicted_box", models.JSONField(null=True)),
                (
                    "evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="occurrences", to="hooks.evaluation"
                    ),
                ),
                (
                    "failure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="occurrences", to="hooks.failure"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("evaluation"),
                        models.F("kind"),
                        models.OrderBy(models.F("score"), descending=True),
                        name="occurrence_kind",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("evaluation", "row"), name="occurrence_once")],
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("model_error", "Model error"),
                            ("label_error", "Label error"),
                            ("ambiguous", "Ambiguous"),
                            ("out_of_scope", "Out of scope"),
                        ],
                        max_length=16,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "failure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="verdicts", to="hooks.failure"
                    ),
                ),
                (
                    "label_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotation.labelset",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
    ]
