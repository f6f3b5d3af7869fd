"""A class belongs to its control: each to the first control that has it, ids as they are."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import migrations, models


def owners(controls: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The name of the first control that has each class."""
    found: dict[int, str] = {}
    for control in controls:
        for label in control["labels"]:
            found.setdefault(label["class_id"], control["name"])
    return found


def forward(apps: Any, _schema_editor: Any) -> None:
    """Names the control in every revision's classes, and in the schema's by the newest revision that has the class."""
    schemas = apps.get_model("annotation", "Schema")
    revisions = apps.get_model("annotation", "SchemaRevision")
    classes = apps.get_model("annotation", "LabelClass")
    for schema in schemas.objects.values_list("pk", flat=True):
        owner: dict[int, str] = {}
        first = ""
        keys = list(revisions.objects.filter(schema=schema).order_by("number").values_list("pk", flat=True))
        for revision in (revisions.objects.get(pk=key) for key in keys):
            mine = owners(revision.controls)
            owner |= mine
            first = revision.controls[0]["name"] if revision.controls else first
            named = [{**row, "control": mine.get(row["id"], first)} for row in revision.classes]
            revisions.objects.filter(pk=revision.pk).update(classes=named)
        for row in classes.objects.filter(schema=schema):
            classes.objects.filter(pk=row.pk).update(control=owner.get(row.class_id, first))


class Migration(migrations.Migration):
    dependencies = [("annotation", "0005_three_lists_of_a_label_set")]

    operations = [
        migrations.RemoveConstraint("labelclass", "class_name"),
        migrations.AddField("labelclass", "control", models.CharField(max_length=200, default=""), False),
        migrations.AddConstraint(
            "labelclass",
            models.UniqueConstraint(
                fields=["schema", "control", "name"], name="class_name", condition=models.Q(retired_at=None)
            ),
        ),
        migrations.RunPython(forward, migrations.RunPython.noop),
    ]
