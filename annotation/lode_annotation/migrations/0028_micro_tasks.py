import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0027_class_examples"),
        ("platform", "0010_bulk_actions_and_saved_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MicroTask",
            fields=[
                (
                    "task",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="micro",
                        serialize=False,
                        to="annotation.task",
                    ),
                ),
                ("region", models.TextField(blank=True, default="")),
                ("class_id", models.PositiveIntegerField(blank=True, null=True)),
                ("subject", models.JSONField(default=dict)),
                ("text", models.CharField(max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="MicroTaskRule",
            fields=[
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="micro",
                        serialize=False,
                        to="annotation.queue",
                    ),
                ),
                ("question", models.CharField(max_length=200)),
                ("min_votes", models.PositiveSmallIntegerField()),
                ("max_votes", models.PositiveSmallIntegerField()),
                ("error_limit", models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("class_id", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("yes", "Yes"),
                            ("no", "No"),
                            ("unsure", "Unsure"),
                            ("undo", "Undo"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("yes", "Yes"),
                            ("no", "No"),
                            ("undecided", "Undecided"),
                        ],
                        default="",
                        max_length=9,
                    ),
                ),
                ("undone", models.BooleanField(default=False)),
                ("seconds", models.FloatField(default=0)),
                ("operation_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="task",
            name="item_once_per_queue",
        ),
        migrations.AddField(
            model_name="queue",
            name="kind",
            field=models.CharField(
                choices=[("labeling", "Labeling"), ("micro", "Micro-tasks")],
                db_default="labeling",
                default="labeling",
                help_text="what its tasks ask for",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="subject",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(fields=("queue", "item", "subject"), name="item_once_per_queue"),
        ),
        migrations.AddField(
            model_name="microtask",
            name="label_set",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotation.labelset",
            ),
        ),
        migrations.AddField(
            model_name="microtask",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="annotation.queue",
            ),
        ),
        migrations.AddField(
            model_name="microtaskrule",
            name="corrections",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotation.queue",
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="next_task",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotation.task",
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="annotation.queue",
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="votes",
                to="annotation.task",
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="microtask",
            index=models.Index(models.F("queue"), models.F("class_id"), name="micro_task_class"),
        ),
        migrations.AddIndex(
            model_name="vote",
            index=models.Index(
                models.F("queue"),
                models.F("user"),
                models.F("id"),
                condition=models.Q(("undone", False)),
                name="vote_of_person",
            ),
        ),
        migrations.AddIndex(
            model_name="vote",
            index=models.Index(
                models.F("queue"),
                models.F("class_id"),
                models.F("outcome"),
                condition=models.Q(("undone", False), models.Q(("outcome", ""), _negated=True)),
                name="vote_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(fields=("task", "number"), name="vote_number"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone", False)),
                fields=("task", "user"),
                name="one_vote_per_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone", False), models.Q(("outcome", ""), _negated=True)),
                fields=("task",),
                name="one_outcome_per_task",
            ),
        ),
    ]
