from typing import Any

from django.db import migrations, models


def by_code_point(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL paths compare by code point, as versions list them, so that their index has the list's order."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute('ALTER TABLE datasets_entry ALTER COLUMN path TYPE varchar(1024) COLLATE "C"')


class Migration(migrations.Migration):
    """The index of a dataset's entries by path is built again: some seconds for a million of them, in which no version
    is published."""

    dependencies = [("datasets", "0003_format_1")]

    operations = [
        migrations.RemoveIndex("entry", "entry_path"),
        migrations.RunPython(by_code_point, migrations.RunPython.noop),
        migrations.AddIndex(
            "entry", models.Index("dataset", "path", "first", "last", "split", "id", name="entry_path")
        ),
    ]
