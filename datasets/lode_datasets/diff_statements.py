"""The raw SQL of a diff: items that differ between two versions, told apart, counted and paged inside the database."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection

from lode_annotation.models import LabelSet
from lode_datasets.models import Entry, Version
from lode_platform import sql
from lode_platform.models import User

__all__ = ["Counted", "Labels", "PairRow", "counted", "labels", "metadata", "page"]

ENTRY, LABELS, USER = (model._meta.db_table for model in (Entry, LabelSet, User))
_SIDE = f"""
    SELECT e.id, e.item_id, e.path, e.split, e.blob_id, e.label_set_id, l.digest, e.metadata
    FROM {ENTRY} e LEFT JOIN {LABELS} l ON l.id = e.label_set_id
    WHERE e.dataset_id = %(dataset)s
"""
# The two sides of an item are brought together by grouping: a join would be planned by statistics, and badly without.
_BOTH = [
    (f"{side}{name}", number, column)
    for number, side in enumerate("ab")
    for name, column in (
        *(("", "id"), ("_path", "path"), ("_split", "split"), ("_blob", "blob_id")),
        *(("_digest", "digest"), ("_labels", "label_set_id"), ("_metadata", "metadata")),
    )
]
# Of two versions the lower and the higher: what began in between and the higher one has, what the lower one had and has
# ended in between. Which of the two sides is "before" (a) and which "after" (b) is the caller's.
_PAIRS = f"""
WITH began AS MATERIALIZED (
    {_SIDE} AND e.first > %(low)s AND e.first <= %(high)s AND (e.last IS NULL OR e.last >= %(high)s)
), ended AS MATERIALIZED (
    {_SIDE} AND e.last >= %(low)s AND e.last < %(high)s AND e.first <= %(low)s
), sides AS (
    SELECT 0 AS later, s.* FROM {{before}} s UNION ALL SELECT 1, s.* FROM {{after}} s
), both_sides AS (
    SELECT {", ".join(f"MAX(CASE WHEN later = {n} THEN {column} END) AS {name}" for name, n, column in _BOTH)}
    FROM sides GROUP BY item_id
), pair AS (
    SELECT p.*, COALESCE(b_path, a_path) AS path, CASE
        WHEN p.a IS NULL THEN 'added'
        WHEN p.b IS NULL THEN 'removed'
        WHEN p.a_blob <> p.b_blob THEN 'replaced'
        WHEN p.a_digest IS NULL AND p.b_digest IS NOT NULL THEN 'labelled'
        WHEN p.a_digest IS NOT NULL AND p.b_digest IS NULL THEN 'unlabelled'
        WHEN p.a_digest <> p.b_digest THEN 'relabelled'
        WHEN p.a_split <> p.b_split THEN 'moved_split'
        WHEN COALESCE(p.a_metadata, '') <> COALESCE(p.b_metadata, '') THEN 'metadata'
        ELSE 'same' END AS kind
    FROM both_sides p
)
"""
_TAKEN = """
    kind <> 'same' AND (%(kind)s = '' OR kind = %(kind)s)
    AND (%(split)s = '' OR a_split = %(split)s OR b_split = %(split)s)
"""
_METADATA = """
SELECT a_metadata, b_metadata FROM pair
WHERE a IS NOT NULL AND b IS NOT NULL AND COALESCE(a_metadata, '') <> COALESCE(b_metadata, '')
"""
_BOTH_DIFFER = "p.a IS NOT NULL AND p.b IS NOT NULL AND COALESCE(p.a_digest, '') <> COALESCE(p.b_digest, '')"


class PairRow(NamedTuple):
    """An item that differs: its path, what happened to it, and its entries on both sides by primary key."""

    path: str
    kind: str
    before: int | None
    after: int | None


class Counted(NamedTuple):
    """How many items differ in one way between these two splits."""

    kind: str
    before: str | None
    after: str | None
    number: int


class Labels(NamedTuple):
    """The label texts of an item on both sides; None where it has none."""

    pair: PairRow
    a_split: str | None
    b_split: str | None
    a_regions: str | None
    a_answers: str | None
    b_regions: str | None
    b_answers: str | None
    person: str | None


def _pairs(old: Version, new: Version) -> tuple[str, dict[str, Any]]:
    forward = old.number <= new.number
    before, after = ("ended", "began") if forward else ("began", "ended")
    low, high = sorted((old.number, new.number))
    values: dict[str, Any] = {"dataset": old.dataset_id, "low": low, "high": high}
    return _PAIRS.format(before=before, after=after), values


def _by_path() -> str:
    """By code point, as a version's own lists."""
    return 'path COLLATE "C"' if connection.vendor == "postgresql" else "path"


def counted(old: Version, new: Version) -> list[Counted]:
    """The items that differ, by what happened to them and by their splits on both sides."""
    pairs, values = _pairs(old, new)
    statement = "SELECT kind, a_split, b_split, count(*) FROM pair WHERE kind <> 'same' GROUP BY kind, a_split, b_split"
    return sql.rows(Counted, pairs + statement, values)


def metadata(old: Version, new: Version) -> Iterator[tuple[str | None, str | None]]:
    """What the carried fields of the items in both versions say where that differs, before and after, in no order."""
    pairs, values = _pairs(old, new)
    with connection.chunked_cursor() as cursor:
        cursor.execute(pairs + _METADATA, values)
        while rows := cursor.fetchmany(2000):
            yield from rows


def page(
    old: Version,
    new: Version,
    kind: str = "",
    split: str = "",
    *,
    offset: int = 0,
    limit: int | None = None,
) -> list[PairRow]:
    """The items that differ, by path: all, or so many from a place on."""
    pairs, values = _pairs(old, new)
    values |= {"kind": kind, "split": split, "offset": offset, "limit": limit}
    cut = "" if limit is None else " LIMIT %(limit)s OFFSET %(offset)s"
    statement = f"SELECT path, kind, a, b FROM pair WHERE {_TAKEN} ORDER BY {_by_path()}{cut}"
    return sql.rows(PairRow, pairs + statement, values)


def labels(old: Version, new: Version, *, one_sided: bool) -> Iterator[Labels]:
    """The label texts of the items that are in both versions with other labels; or, ``one_sided``, of those that came
    or went. By path, each side read a part at a time."""
    pairs, values = _pairs(old, new)
    chosen = "(p.a IS NULL OR p.b IS NULL)" if one_sided else _BOTH_DIFFER
    statement = (
        f"{pairs} SELECT p.path, p.kind, p.a, p.b, p.a_split, p.b_split,"
        " x.regions, x.answers, y.regions, y.answers, u.username"
        f" FROM pair p LEFT JOIN {LABELS} x ON x.id = p.a_labels LEFT JOIN {LABELS} y ON y.id = p.b_labels"
        f" LEFT JOIN {USER} u ON u.id = y.created_by_id WHERE {chosen} ORDER BY p.{_by_path()}"
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(2000):
            yield from (Labels(PairRow(*row[:4]), *row[4:]) for row in rows)
