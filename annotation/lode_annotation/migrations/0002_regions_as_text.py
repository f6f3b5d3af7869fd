"""A label set's regions as their canonical text, which publishing reads as it stands."""

import json
from typing import Any

from django.db import migrations, models

ROWS = 2000


def canonical(value: Any) -> str:
    """Canonical JSON as it was when this migration was written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def make_canonical(apps: Any, schema_editor: Any) -> None:
    """Rewrites the texts that a JSON column wrote in its own way."""
    table = "annotation_labelset"
    with schema_editor.connection.cursor() as cursor:
        last = 0
        while True:
            cursor.execute(f"SELECT id, regions FROM {table} WHERE id > %s ORDER BY id LIMIT {ROWS}", [last])
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            texts = [(canonical(json.loads(text)), key) for key, text in rows]
            cursor.executemany(f"UPDATE {table} SET regions = %s WHERE id = %s", texts)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]

    operations = [
        migrations.AlterField("labelset", "regions", models.TextField(default=list)),
        migrations.RunPython(make_canonical, migrations.RunPython.noop),
    ]
