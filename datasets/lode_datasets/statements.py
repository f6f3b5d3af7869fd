"""The room's raw SQL: for addresses that answer many small requests, where building a query costs more than it."""

from collections.abc import Sequence

from django.db import connection

from lode_datasets.models import Dataset
from lode_platform.models import User

__all__ = ["dataset_of", "held"]

_DATASET = """
    SELECT d.*, m.role AS member_role
    FROM platform_project p
    JOIN platform_membership m ON m.project_id = p.id
    JOIN datasets_dataset d ON d.project_id = p.id
    WHERE p.name = %(project)s AND p.trashed_at IS NULL AND m.user_id = %(user)s
      AND d.name = %(dataset)s AND d.trashed_at IS NULL
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


def dataset_of(user: User, project: str, name: str) -> tuple[Dataset, str] | None:
    """The dataset and the person's role in its project; None where one of the two is not there."""
    values = {"project": project, "user": user.pk, "dataset": name}
    found = next(iter(Dataset.objects.raw(_DATASET, values)), None)
    return None if found is None else (found, found.member_role)  # type: ignore[attr-defined]


def held(dataset: int, md5s: Sequence[str]) -> set[str]:
    """Those of the md5s whose blob some published version of the dataset (its key) holds."""
    statement = _HELD.format(md5s=", ".join(["%s"] * len(md5s)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*md5s, dataset, dataset])
        return {row[0] for row in cursor.fetchall()}
