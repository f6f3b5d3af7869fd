"""A label set says answers, regions and relations, each in the words of the published form and with its control."""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

from django.db import migrations, models

ROWS = 2000
TABLE = "annotation_labelset"
BOX, CHOICE, POLYGON = "box", "choice", "polygon"  # the kinds there were; a geometry's key was its kind

Row: TypeAlias = dict[str, Any]
ControlOf: TypeAlias = Mapping[tuple[str, int], str]
"""The control of each (kind, class id)."""


def canonical(value: Any) -> str:
    """Canonical JSON as it was when this migration was written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(answers: str, regions: str, relations: str) -> str:
    """The digest as it was when this migration was written."""
    return sha256(f'{{"answers":{answers},"regions":{regions},"relations":{relations}}}'.encode()).hexdigest()


def kind_of(tag: str) -> str:
    """The kind that a control's tag asks for."""
    return next((kind for kind in (CHOICE, POLYGON) if tag.lower().startswith(kind)), BOX)


class Controls:
    """Which control a row of a label set answers: the one that has its class in the label set's own revision of the
    schema, else in another (the nearest first), else the first of its kind."""

    def __init__(self, revisions: Any) -> None:
        self._revisions = revisions
        self._of: dict[int, ControlOf] = {}
        self._first: dict[tuple[int, str], str] = {}

    def name(self, revision: int, kind: str, class_id: int) -> str:
        found = self._known(revision).get((kind, class_id)) or self._first.get((revision, kind))
        return found or (CHOICE if kind == CHOICE else "label")

    def _known(self, revision: int) -> ControlOf:
        if revision not in self._of:
            own = self._revisions.get(pk=revision)
            rows = list(self._revisions.filter(schema=own.schema_id).values_list("number", "controls"))
            known: dict[tuple[str, int], str] = {}
            for _number, controls in sorted(rows, key=lambda row: abs(row[0] - own.number)):
                for control in controls:
                    kind = kind_of(control["type"])
                    self._first.setdefault((revision, kind), control["name"])
                    for label in control["labels"]:
                        known.setdefault((kind, label["class_id"]), control["name"])
            self._of[revision] = known
        return self._of[revision]


def in_new_words(row: Mapping[str, Any], control: str) -> Row:
    """A row of the earlier form in the published one's words."""
    kind = row["type"]
    made = {key: row[key] for key in row if key not in ("type", BOX, kind)}
    made |= {"kind": kind, "control": control}
    if kind in row:
        made["geometry"] = row[kind]
    return made


def in_earlier_words(row: Mapping[str, Any]) -> Row:
    """A row as it was before: the bounds of every geometry stood beside it."""
    kind = row["kind"]
    made = {key: row[key] for key in row if key not in ("kind", "control", "geometry")} | {"type": kind}
    if "geometry" in row:
        made[kind] = row["geometry"]
    if kind == POLYGON:
        points = [point for part in row["geometry"] for ring in part for point in ring]
        xs, ys = zip(*points, strict=True)
        made[BOX] = [min(xs), min(ys), max(xs), max(ys)]
    return made


def forward(apps: Any, schema_editor: Any) -> None:
    """Converts label sets in batches by their keys, so that no more than one is held."""
    controls = Controls(apps.get_model("annotation", "SchemaRevision").objects)

    def convert(revision: int, regions: str, _answers: str) -> tuple[str, ...]:
        rows = [
            row if "kind" in row else in_new_words(row, controls.name(revision, row["type"], row["class_id"]))
            for row in json.loads(regions)
        ]
        answers = canonical([row for row in rows if "geometry" not in row])
        placed = canonical([row for row in rows if "geometry" in row])
        return answers, placed, "[]", digest_of(answers, placed, "[]")

    _rewrite(schema_editor, convert)


def backward(_apps: Any, schema_editor: Any) -> None:
    """Puts the earlier form back, regions before answers."""

    def convert(_revision: int, regions: str, answers: str) -> tuple[str, ...]:
        text = canonical([in_earlier_words(row) for rows in (regions, answers) for row in json.loads(rows)])
        return "[]", text, "[]", sha256(text.encode()).hexdigest()

    _rewrite(schema_editor, convert)


def _rewrite(schema_editor: Any, convert: Callable[[int, str, str], tuple[str, ...]]) -> None:
    with schema_editor.connection.cursor() as cursor:
        for rows in _batches(cursor):
            values = [(*convert(revision, regions, answers), key) for key, revision, regions, answers in rows]
            cursor.executemany(
                f"UPDATE {TABLE} SET answers = %s, regions = %s, relations = %s, digest = %s WHERE id = %s", values
            )


def _batches(cursor: Any) -> Iterator[list[tuple[int, int, str, str]]]:
    last = 0
    while True:
        cursor.execute(
            f"SELECT id, schema_revision_id, regions, answers FROM {TABLE} WHERE id > %s ORDER BY id LIMIT {ROWS}",
            [last],
        )
        rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield rows


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_queue_filling")]

    operations = [
        migrations.AddField("labelset", "answers", models.TextField(default=list)),
        migrations.AddField("labelset", "relations", models.TextField(default=list)),
        migrations.RunPython(forward, backward),
    ]
