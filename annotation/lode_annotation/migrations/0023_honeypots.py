import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Tasks whose answers are compared with a known label set."""

    dependencies = [("annotation", "0022_finished_tasks")]

    operations = [
        migrations.CreateModel(
            name="Honeypot",
            fields=[
                (
                    "task",
                    models.OneToOneField(
                        "annotation.task",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        related_name="honeypot",
                    ),
                ),
                (
                    "label_set",
                    models.ForeignKey(
                        "annotation.labelset",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
