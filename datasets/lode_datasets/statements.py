"""The room's raw SQL: for what many small requests ask, and for what a publish reads of many rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from lode_annotation.models import ImportedLine, LabelSet
from lode_datasets.models import Dataset, DatasetItem, Entry, Version
from lode_platform import access, sql, tokens
from lode_platform.callers import Caller
from lode_platform.models import Blob, Item, PastFile
from motherlode.regions import Texts

__all__ = [
    "Held",
    "Listed",
    "Remote",
    "Standing",
    "began",
    "dataset_of",
    "ended",
    "held",
    "held_pages",
    "label_texts",
    "listed",
    "paths_held",
    "remote_of",
    "standings",
    "splits_of",
]

_DATASET = """
    SELECT q.*, m.role AS member_role FROM datasets_dataset q{scope}
    WHERE p.name = %(project)s AND q.name = %(dataset)s AND q.trashed_at IS NULL
"""
_HELD = """
    SELECT b.md5, b.size FROM platform_blob b
    WHERE b.md5 IN ({md5s}) AND (
      EXISTS (
        SELECT 1 FROM datasets_entry e
        JOIN datasets_version v ON v.dataset_id = e.dataset_id AND v.number >= e.first AND v.state = 'published'
        WHERE e.blob_id = b.id AND e.dataset_id = {dataset})
      OR EXISTS (
        SELECT 1 FROM datasets_versionfile f
        JOIN datasets_version v ON v.dataset_id = f.dataset_id AND v.number >= f.first AND v.state = 'published'
        WHERE f.blob_id = b.id AND f.dataset_id = {dataset}))
"""
_REMOTE = f"""
    SELECT q.id, q.name, m.role, t.role, t.id, t.last_used_at,
           EXISTS ({_HELD.format(md5s="%(md5)s", dataset="q.id")})
    FROM datasets_dataset q{{scope}}
    WHERE p.name = %(project)s AND q.name = %(dataset)s AND q.trashed_at IS NULL
"""  # noqa: S608 - our own statement alone is put in
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


class Remote(NamedTuple):
    """A dataset as one who reads it finds it: their role, that which their token is limited to ("": none), the token
    and when it was last known to be used, and whether a published version holds the blob that was asked for."""

    dataset: int
    name: str
    role: str
    token_role: str
    token: int
    last_used: sql.MaybeTime
    holds: sql.Flag


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


def remote_of(token: str, project: str, name: str, md5: str) -> Remote | None:
    """The dataset for the bearer of a token; None where the token is not valid there, or there is no such dataset."""
    scope, parameters = tokens.sql_scope(token)
    values = {**parameters, "project": project, "dataset": name, "md5": md5}
    return sql.first(Remote, _REMOTE.format(scope=scope), values)


# From one name to the next by the index: rows of one name are skipped however many they are.
_SPLITS = """
    WITH RECURSIVE named (dataset, split) AS (
        SELECT d.id, (SELECT MIN(i.split) FROM datasets_datasetitem i WHERE i.dataset_id = d.id)
        FROM datasets_dataset d WHERE d.project_id = %s
        UNION ALL
        SELECT n.dataset, (
            SELECT MIN(i.split) FROM datasets_datasetitem i WHERE i.dataset_id = n.dataset AND i.split > n.split)
        FROM named n WHERE n.split IS NOT NULL
    )
    SELECT DISTINCT split FROM named WHERE split IS NOT NULL
"""


def splits_of(project: int) -> set[str]:
    """The splits that items of the project (its key) are in, in whatever dataset."""
    with connection.cursor() as cursor:
        cursor.execute(_SPLITS, [project])
        return {row[0] for row in cursor.fetchall()}


def held(dataset: int, md5s: Sequence[str]) -> dict[str, int]:
    """The sizes of those of the md5s whose blob some published version of the dataset (its key) holds."""
    statement = _HELD.format(md5s=", ".join(["%s"] * len(md5s)), dataset="%s")
    with connection.cursor() as cursor:
        cursor.execute(statement, [*md5s, dataset, dataset])
        return dict(cursor.fetchall())


# -- what a publish reads --------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """An item as a version holds it; ``width``, ``height`` and ``length`` are those of these very bytes, ``metadata``
    the canonical text of the fields that are carried of it."""

    path: str
    md5: str
    sha256: str
    size: int
    split: str
    label_set: int | None
    kind: str
    width: int
    height: int
    length: int
    entry: int = 0
    metadata: str | None = None


class Listed(NamedTuple):
    """An item's bytes as DVC's listing names them."""

    path: str
    md5: str


_ENTRY = Entry._meta.db_table
_BYTES = f"JOIN {Blob._meta.db_table} b ON b.id = e.blob_id"
_ITEM = f"JOIN {Item._meta.db_table} i ON i.id = e.item_id"
_PAST = f"FROM {PastFile._meta.db_table} p WHERE p.item_id = e.item_id AND p.blob_id = e.blob_id"
# The item may have got another file since: the numbers of these bytes are then those of a past file.
_NUMBERS = ", ".join(
    f"CASE WHEN i.blob_id = e.blob_id THEN i.{name} ELSE COALESCE((SELECT MAX(p.{name}) {_PAST}), i.{name}) END"
    for name in ("width", "height", "length")
)
_COLUMNS = f"e.path, b.md5, b.sha256, b.size, e.split, e.label_set_id, i.kind, {_NUMBERS}, e.id, e.metadata"
_HOLDS = "e.dataset_id = %(dataset)s AND e.first <= %(number)s AND (e.last IS NULL OR e.last >= %(number)s)"
_CHANGED = f"SELECT {_COLUMNS} FROM {_ENTRY} e {_BYTES} {_ITEM} WHERE e.dataset_id = %(dataset)s AND "
_PAGE = f"""
    SELECT {{columns}} FROM {_ENTRY} e INDEXED BY entry_path CROSS {_BYTES} {{more}}
    WHERE {_HOLDS} AND e.path > %(after)s ORDER BY e.path LIMIT %(size)s
"""
_SORTED = f'SELECT {{columns}} FROM {_ENTRY} e {_BYTES} {{more}} WHERE {_HOLDS} ORDER BY e.path COLLATE "C"'
_MANY = {
    "sqlite": "IN (SELECT value FROM json_each(%(many)s))",
    "postgresql": "= ANY(ARRAY(SELECT json_array_elements_text(%(many)s::json)))",
}


def began(version: Version) -> list[Held]:
    """The items that came or changed with the version, as it holds them, in no order."""
    return _held(f"{_CHANGED} e.first = %(number)s", {"dataset": version.dataset_id, "number": version.number})


def ended(version: Version) -> list[Held]:
    """The items that went or changed with the version, as the one before held them, in no order."""
    return _held(f"{_CHANGED} e.last = %(number)s", {"dataset": version.dataset_id, "number": version.number - 1})


def _held(statement: str, values: Mapping[str, Any]) -> list[Held]:
    with connection.cursor() as cursor:  # all at once: PostgreSQL would plan a cursor as if its first rows were wanted
        cursor.execute(statement, values)
        return [Held._make(row) for row in cursor.fetchall()]


def held_pages(version: Version, size: int) -> Iterator[list[Held]]:
    """All items of the version, by path in code point order, so many at a time; memory is that of a page."""
    for page in _pages(_COLUMNS, version, size, {"sqlite": f"CROSS {_ITEM}", "postgresql": _ITEM}[connection.vendor]):
        yield [Held._make(row) for row in page]


def listed(version: Version, size: int) -> Iterator[list[Listed]]:
    """Path and md5 of all items of the version, as ``held_pages``."""
    for page in _pages("e.path, b.md5", version, size):
        yield [Listed._make(row) for row in page]


def _pages(columns: str, version: Version, size: int, more: str = "") -> Iterator[list[tuple[Any, ...]]]:
    """SQLite takes no write while a read is open, so it is asked for a page at a time, along the index by path;
    PostgreSQL, whose index may have another order, sorts once and keeps what is still to be read."""
    values = {"dataset": version.dataset_id, "number": version.number}
    if connection.vendor == "postgresql":
        with connection.chunked_cursor() as cursor:
            cursor.execute(_SORTED.format(columns=columns, more=more), values)
            while page := cursor.fetchmany(size):
                yield page
        return
    after, page = "", [()]
    while page:
        with connection.cursor() as cursor:
            cursor.execute(_PAGE.format(columns=columns, more=more), {**values, "after": after, "size": size})
            page = cursor.fetchall()
        if page:
            yield page
            after = page[-1][0]


def paths_held(dataset: int, number: int, paths: Sequence[str]) -> set[str]:
    """Those of the paths that version ``number`` of the dataset (its key) holds."""
    statement = f"SELECT e.path FROM {_ENTRY} e WHERE {_HOLDS} AND e.path {_MANY[connection.vendor]}"
    with connection.cursor() as cursor:
        cursor.execute(statement, {"dataset": dataset, "number": number, "many": json.dumps(list(paths))})
        return {row[0] for row in cursor.fetchall()}


# -- what label sets say ---------------------------------------------------------------------------------------------

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
