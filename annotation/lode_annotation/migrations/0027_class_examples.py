import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Items, and parts of them, that show what counts as a class."""

    dependencies = [
        ("annotation", "0026_queues_that_ran_dry"),
        ("platform", "0010_bulk_actions_and_saved_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClassExample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "schema",
                    models.ForeignKey(
                        "annotation.schema", on_delete=django.db.models.deletion.CASCADE, related_name="examples"
                    ),
                ),
                ("class_id", models.PositiveIntegerField()),
                (
                    "item",
                    models.ForeignKey(
                        "platform.item", null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+"
                    ),
                ),
                ("path", models.CharField(max_length=1024)),
                ("frame", models.PositiveIntegerField(default=0)),
                ("box", models.JSONField(blank=True, null=True)),
                ("span", models.JSONField(blank=True, null=True)),
                ("good", models.BooleanField(default=True)),
                ("caption", models.CharField(blank=True, max_length=200)),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "created_by",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL, on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["class_id", "position", "pk"],
                "indexes": [models.Index("schema", "class_id", "position", name="class_example_order")],
            },
        ),
    ]
