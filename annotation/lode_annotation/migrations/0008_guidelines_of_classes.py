"""A guideline is a class's: that of a label goes to each control that has it."""

from typing import Any

from django.db import migrations, models


def forward(apps: Any, _schema_editor: Any) -> None:
    """Names the control above the labels of each revision that has guidelines."""
    revisions = apps.get_model("annotation", "SchemaRevision").objects
    for revision in revisions.exclude(guidelines={}).only("controls", "guidelines"):
        found: dict[str, dict[str, str]] = {}
        for control in revision.controls:
            for label in control["labels"]:
                if text := revision.guidelines.get(label["value"]):
                    found.setdefault(control["name"], {})[label["value"]] = text
        revisions.filter(pk=revision.pk).update(guidelines=found)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0007_imported_line")]

    operations = [
        migrations.AlterField(
            "schemarevision",
            "guidelines",
            models.JSONField(default=dict, help_text="Markdown text by control and label"),
        ),
        migrations.RunPython(forward, migrations.RunPython.noop),
    ]
