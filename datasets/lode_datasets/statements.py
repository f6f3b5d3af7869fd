"""The room's raw SQL: for addresses that answer many small requests, where building a query costs more than it."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from lode_annotation.models import ImportedLine, LabelSet
from lode_datasets.models import Dataset, DatasetItem
from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.models import Blob, Item, PastFile
from motherlode.regions import Texts

__all__ = ["Standing", "dataset_of", "held", "label_texts", "standings"]

_DATASET = """
    SELECT q.*, m.role AS member_role FROM datasets_dataset q{scope}
    WHERE p.name = %(project)s AND q.name = %(dataset)s AND q.trashed_at IS NULL
"""
_HELD = """
    SELECT b.md5 FROM platform_blob b
    WHERE b.md5 IN ({md5s}) AND (
      EXISTS (
        SELECT 1 FROM datasets_entry e
        JOIN datasets_version v ON v.dataset_id = e.dataset_id AND v.number >= e.first AND v.state = 'published'
        WHERE e.blob_id = b.id AND e.dataset_id = %s)
      OR EXISTS (
        SELECT 1 FROM datasets_versionfile f
        JOIN datasets_version v ON v.dataset_id = f.dataset_id AND v.number >= f.first AND v.state = 'published'
        WHERE f.blob_id = b.id AND f.dataset_id = %s))
"""
_STANDINGS = f"""
    SELECT i.path, b.sha256, d.split, d.decided_by, m.digest
    FROM {Item._meta.db_table} i
    JOIN {Blob._meta.db_table} b ON b.id = i.blob_id
    JOIN {DatasetItem._meta.db_table} d ON d.item_id = i.id AND d.dataset_id = %s
    LEFT JOIN {LabelSet._meta.db_table} l
      ON l.item_id = i.id AND l.schema_id = %s AND l.current AND l.staged_by_id IS NULL
    LEFT JOIN {ImportedLine._meta.db_table} m
      ON m.label_set_id = l.id AND m.schema_revision_id = %s AND NOT EXISTS (
        SELECT 1 FROM {PastFile._meta.db_table} f WHERE f.item_id = i.id AND f.replaced_at >= m.read_at)
    WHERE i.project_id = %s AND i.trashed_at IS NULL AND i.staged_by_id IS NULL AND i.path_fold IN ({{folds}})
"""  # noqa: S608 - tables alone are put in


class Standing(NamedTuple):
    """How an item of a dataset stands: its bytes, its split and what decided it, and the digest of the imported line
    that its labels say in full, None where they say anything else."""

    path: str
    sha256: str
    split: str
    decided_by: str
    digest: str | None


def standings(dataset: Dataset, revision: int, folds: Sequence[str]) -> list[Standing]:
    """The items of the dataset of these names (folded), their labels under this revision of its schema."""
    statement = _STANDINGS.format(folds=", ".join(["%s"] * len(folds)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [dataset.pk, dataset.schema_id, revision, dataset.project_id, *folds])
        return [Standing(*row) for row in cursor.fetchall()]


def dataset_of(caller: Caller, project: str, name: str) -> tuple[Dataset, str] | None:
    """The dataset and the caller's role in its project; None where one of the two is not there."""
    scope, parameters = access.sql_scope(caller)
    values = {**parameters, "project": project, "dataset": name}
    found = next(iter(Dataset.objects.raw(_DATASET.format(scope=scope), values)), None)
    return None if found is None else (found, found.member_role)  # type: ignore[attr-defined]


def held(dataset: int, md5s: Sequence[str]) -> set[str]:
    """Those of the md5s whose blob some published version of the dataset (its key) holds."""
    statement = _HELD.format(md5s=", ".join(["%s"] * len(md5s)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*md5s, dataset, dataset])
        return {row[0] for row in cursor.fetchall()}


_LABEL_TEXTS = {
    "sqlite": "SELECT id, answers, regions, relations FROM {table} WHERE id IN (SELECT value FROM json_each(%(ids)s))",
    "postgresql": "SELECT id, answers, regions, relations FROM {table} WHERE id = ANY(%(ids)s::bigint[])",
}


def label_texts(label_sets: Sequence[int]) -> dict[int, Texts]:
    """What label sets say, by primary key: the canonical texts of their lists, without the cost of objects."""
    if not label_sets:
        return {}
    vendor = connection.vendor
    ids = json.dumps(label_sets) if vendor == "sqlite" else list(label_sets)
    with connection.cursor() as cursor:
        cursor.execute(_LABEL_TEXTS[vendor].format(table=LabelSet._meta.db_table), {"ids": ids})
        return {key: Texts(answers, regions, relations) for key, answers, regions, relations in cursor.fetchall()}
