"""What checks ask of the items of a version, or of a dataset as it stands: the same statements of either."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from lode_annotation.models import AnnotationRevision, LabelSet, Review
from lode_datasets.models import Dataset, DatasetItem, Entry, Version
from lode_platform.models import Blob, Item, PastFile
from motherlode.manifest import POOL

__all__ = [
    "Labelled",
    "Named",
    "Picture",
    "Rows",
    "Torn",
    "Twin",
    "labelled",
    "of_selection",
    "of_version",
    "outgrown",
    "pictures",
    "pooled",
    "repeats",
    "torn_groups",
    "twins",
    "unreadable",
    "unreviewed",
]

_LABELS = LabelSet._meta.db_table
_HELD = f"""
    SELECT e.item_id AS item, e.path AS path, e.blob_id AS blob, e.label_set_id AS labels, e.split AS split
    FROM {Entry._meta.db_table} e
    WHERE e.dataset_id = %(dataset)s AND e.first <= %(number)s AND (e.last IS NULL OR e.last >= %(number)s)
"""
_STANDING = f"""
    SELECT i.id AS item, i.path AS path, i.blob_id AS blob, l.id AS labels,
        CASE WHEN l.id IS NULL THEN %(pool)s ELSE s.split END AS split
    FROM {DatasetItem._meta.db_table} s
    JOIN {Item._meta.db_table} i ON i.id = s.item_id AND i.trashed_at IS NULL AND i.staged_by_id IS NULL
    LEFT JOIN {_LABELS} l ON l.item_id = i.id AND l.schema_id = %(schema)s AND l.current AND l.staged_by_id IS NULL
    WHERE s.dataset_id = %(dataset)s
"""
_TWINS = f"""
    SELECT e.item, e.path, b.md5, e.split FROM ({{rows}}) e JOIN {Blob._meta.db_table} b ON b.id = e.blob
    WHERE e.split <> %(pool)s AND e.blob IN (
        SELECT t.blob FROM ({{rows}}) t WHERE t.split <> %(pool)s GROUP BY t.blob HAVING MIN(t.split) <> MAX(t.split))
"""
_TORN = f"""
    SELECT i."group", MIN(e.item) FROM ({{rows}}) e JOIN {Item._meta.db_table} i ON i.id = e.item
    WHERE e.split <> %(pool)s AND i."group" <> '' GROUP BY i."group" HAVING MIN(e.split) <> MAX(e.split)
"""
# Of the current label sets: one that says the same, saved since, says that they fit.
_OUTGROWN = f"""
    SELECT e.item, e.path FROM ({{rows}}) e
    JOIN {_LABELS} l ON l.item_id = e.item AND l.schema_id = %(schema)s AND l.current AND l.staged_by_id IS NULL
    WHERE e.item IN (SELECT p.item_id FROM {PastFile._meta.db_table} p JOIN {Item._meta.db_table} i ON i.id = p.item_id
        WHERE p.resized AND i.project_id = %(project)s)
    AND l.regions <> '[]' AND EXISTS (
        SELECT 1 FROM {PastFile._meta.db_table} p
        WHERE p.item_id = e.item AND p.resized AND p.replaced_at > l.created_at)
"""
_POOLED = "SELECT e.item, e.path FROM ({rows}) e WHERE e.split = %(pool)s LIMIT %(most)s"
_LABELLED = f"""
    SELECT e.item, e.split, e.labels, i.kind, i.width, i.height, i.length
    FROM ({{rows}}) e JOIN {Item._meta.db_table} i ON i.id = e.item
"""
_PICTURES = f"""
    SELECT e.path, b.md5, e.split, e.item, i.blob_id = e.blob FROM ({{rows}}) e
    JOIN {Item._meta.db_table} i ON i.id = e.item JOIN {Blob._meta.db_table} b ON b.id = e.blob
    WHERE i.kind = 'image' AND e.split <> %(pool)s
"""
_REPEATS = f"""
    SELECT e.item, e.path, b.md5, e.split FROM ({{rows}}) e JOIN {Blob._meta.db_table} b ON b.id = e.blob
    WHERE e.blob IN (SELECT t.blob FROM ({{rows}}) t GROUP BY t.blob HAVING COUNT(*) > 1)
"""
_GIVEN = f"SELECT COUNT(*) FROM ({{rows}}) e JOIN {_LABELS} l ON l.id = e.labels WHERE l.source <> 'import'"
_UNREVIEWED = f"""
    SELECT e.item, e.path FROM ({{rows}}) e JOIN {_LABELS} l ON l.id = e.labels
    WHERE l.source <> 'import' AND NOT EXISTS (
        SELECT 1 FROM {AnnotationRevision._meta.db_table} a
        JOIN {Review._meta.db_table} r ON r.annotation_id = a.annotation_id
        WHERE a.id = l.annotation_revision_id AND r.verdict IN ('accept', 'fix') AND r.undone_at IS NULL)
"""
_UNREADABLE = f"""
    SELECT e.item, e.path FROM ({{rows}}) e
    JOIN {Item._meta.db_table} i ON i.id = e.item JOIN {Blob._meta.db_table} b ON b.id = e.blob
    WHERE i.kind = 'image' AND (i.width = 0 OR i.height = 0) OR b.size = 0
"""


@dataclass(frozen=True)
class Rows:
    """A statement that gives ``item, path, blob, labels`` (null: unlabelled) and ``split`` of items, and its values."""

    statement: str
    values: Mapping[str, Any]


class Twin(NamedTuple):
    """An item whose bytes stand in another split too."""

    path: str
    md5: str
    split: str
    item: int


class Torn(NamedTuple):
    """A group that stands in two splits, and one of its items."""

    group: str
    item: int


class Named(NamedTuple):
    """An item by its path."""

    path: str
    item: int


class Labelled(NamedTuple):
    """An item's split and label set, and the numbers of its medium."""

    item: int
    split: str
    labels: int | None
    kind: str
    width: int
    height: int
    length: int


class Picture(NamedTuple):
    """A picture of a split, and whether its item still has that file."""

    path: str
    md5: str
    split: str
    item: int
    is_current: bool


def of_version(version: Version) -> Rows:
    """The items of a version, published or on its way."""
    return Rows(_HELD, _values(version.dataset) | {"number": version.number})


def of_selection(dataset: Dataset) -> Rows:
    """The items that a version published now would hold."""
    return Rows(_STANDING, _values(dataset))


def _values(dataset: Dataset) -> dict[str, Any]:
    return {"dataset": dataset.pk, "schema": dataset.schema_id, "project": dataset.project_id, "pool": POOL}


def _all(statement: str, rows: Rows, **more: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(rows=rows.statement), {**rows.values, **more})
        return list(cursor.fetchall())


def twins(rows: Rows) -> list[Twin]:
    """The items whose bytes stand in two splits, by path; the pool counts as no split."""
    return sorted(Twin(path, md5, split, item) for item, path, md5, split in _all(_TWINS, rows))


def torn_groups(rows: Rows) -> list[Torn]:
    """The groups (patients, scenes, videos) of items that stand in two splits, by name."""
    return sorted(Torn._make(row) for row in _all(_TORN, rows))


def outgrown(rows: Rows) -> list[Named]:
    """The items whose labels were made for a picture of another size, by path."""
    return sorted(Named(path, item) for item, path in _all(_OUTGROWN, rows))


def pooled(rows: Rows, most: int) -> dict[int, str]:
    """The keys and paths of some unlabelled items."""
    return dict(_all(_POOLED, rows, most=most))


def labelled(rows: Rows) -> list[Labelled]:
    """The split and the label set of each item, None where it is unlabelled."""
    return [Labelled._make(row) for row in _all(_LABELLED, rows)]


def repeats(rows: Rows) -> list[Twin]:
    """The items whose bytes stand more than once among all, by path."""
    return sorted(Twin(path, md5, split, item) for item, path, md5, split in _all(_REPEATS, rows))


def unreviewed(rows: Rows) -> tuple[int, list[Named]]:
    """How many items have labels that people gave here, and those of them that no reviewer accepted or fixed."""
    [[given]] = _all(_GIVEN, rows)
    return given, sorted(Named(path, item) for item, path in _all(_UNREVIEWED, rows))


def unreadable(rows: Rows) -> list[Named]:
    """The items whose rows say that there is nothing to see."""
    return sorted(Named(path, item) for item, path in _all(_UNREADABLE, rows))


def pictures(rows: Rows) -> list[Picture]:
    """The pictures of all splits but the pool, by path."""
    return sorted(Picture._make(row) for row in _all(_PICTURES, rows))
