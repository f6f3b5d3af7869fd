import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def number(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The queues that there are, the oldest first."""
    keys = apps.get_model("annotation", "Queue").objects.order_by("pk").values_list("pk", flat=True)
    rows = apps.get_model("annotation", "LabelStudioProject")
    rows.objects.bulk_create([rows(queue_id=key) for key in keys], batch_size=1000)


def mend(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Tasks that moved in had a text for a reason, with which none could be opened again."""
    apps.get_model("annotation", "Task").objects.filter(reason="{}").update(reason={})


class Migration(migrations.Migration):
    """Queues have numbers by which Label Studio's clients name them; moved tasks have a reason that is an object."""

    dependencies = [("annotation", "0023_honeypots")]

    operations = [
        migrations.CreateModel(
            name="LabelStudioProject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(blank=True, default="", max_length=200)),
                ("said", models.JSONField(default=dict)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "queue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="label_studio",
                        to="annotation.queue",
                    ),
                ),
            ],
        ),
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.RunPython(mend, migrations.RunPython.noop),
    ]
