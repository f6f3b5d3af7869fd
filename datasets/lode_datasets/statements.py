"""The room's raw SQL: for addresses that answer many small requests, where building a query costs more than it."""

from collections.abc import Sequence

from django.db import connection

from lode_datasets.models import Dataset
from lode_platform import access
from lode_platform.callers import Caller

__all__ = ["dataset_of", "held"]

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
