"""What a publish changes: read at one moment as it starts, kept in the version's row, written as entries by the job.

``freeze`` compares the selection, its labels and splits with the newest version's entries, all inside the database, and
gives only what differs. That moment is the one whose content the version will have: label sets and the bytes of items
never change, so the ids it gives say everything, with what the items' own fields said where the version carries some;
what is labelled meanwhile changes the next version.

Of a first version that is every item, so it is read, packed, kept and written a batch at a time: nowhere in here stand
more than two batches.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.db import connection, transaction

from lode_annotation.models import LabelSet
from lode_datasets import carried
from lode_datasets.models import Dataset, DatasetItem, Entry, Version, VersionFile
from lode_platform import table_statistics
from lode_platform.models import Blob, Item
from motherlode.manifest import POOL

__all__ = ["Batch", "Frozen", "apply", "freeze", "thaw", "withdraw"]

BATCH = 5000  # entries a transaction: under 200 ms, so annotators label on; fewer touch as many pages of an index
CHUNK = 1 << 18


class Batch(NamedTuple):
    """Some of what differs: the items that are new or differ, as they now are, as JSON rows of item, blob, label set
    (null: unlabelled), split and, where fields are carried, what they say (null: nothing); and those that are gone, as
    a JSON list. All by primary key, in no order; then how many of each."""

    new: str
    gone: str
    news: int
    gones: int


@dataclass(frozen=True)
class Frozen:
    """What differs, packed for the version's row: so many items that are ``new`` or differ (``unlabelled`` of them have
    no labels), and so many that are ``gone``."""

    packed: bytes
    new: int
    gone: int
    unlabelled: int

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


TABLES = {
    "selected": DatasetItem._meta.db_table,
    "item": Item._meta.db_table,
    "labels": LabelSet._meta.db_table,
    "entry": Entry._meta.db_table,
    "blob": Blob._meta.db_table,
}
# SQLite is told to go along the selection, and to find current labels in the index that holds no others.
HINTS = {
    "sqlite": {"cross": "CROSS", "current": "INDEXED BY one_current_label_set"},
    "postgresql": {"cross": "", "current": ""},
}

# Digests are looked up for those alone whose label set is another: of most items it is the one that the version has.
CHANGED = """
SELECT i.id, i.blob_id, l.id, CASE WHEN l.id IS NULL THEN %(pool)s ELSE s.split END, e.id IS NULL{own}
FROM {selected} s
{cross} JOIN {item} i ON i.id = s.item_id AND i.trashed_at IS NULL AND i.staged_by_id IS NULL
LEFT JOIN {labels} l {current}
    ON l.item_id = i.id AND l.schema_id = %(schema)s AND l."current" AND l.staged_by_id IS NULL
LEFT JOIN {entry} e ON e.dataset_id = s.dataset_id AND e.item_id = i.id AND e.last IS NULL
WHERE s.dataset_id = %(dataset)s
    AND ({differs}{other_metadata})
"""
DIFFERS = """
        e.id IS NULL OR e.blob_id <> i.blob_id OR e.path <> i.path
        OR (e.label_set_id IS NULL) <> (l.id IS NULL)
        OR e.split <> CASE WHEN l.id IS NULL THEN %(pool)s ELSE s.split END
        OR (
            e.label_set_id <> l.id
            AND (SELECT digest FROM {labels} WHERE id = l.id) <> (SELECT digest FROM {labels} WHERE id = e.label_set_id)
        )
"""
# Asked only where this version or the one before carries fields. What it finds may say the same in other words, so the
# values are compared again as they will stand; `own` gives both, and whether anything else differs.
OWN = {
    "sqlite": ", i.metadata, e.metadata, ({differs})",
    "postgresql": ", i.metadata::text, e.metadata, ({differs})",
}
OTHER_METADATA = {
    "sqlite": " OR json_extract(e.metadata, {name}) IS NOT json_extract(i.metadata, {name})",
    "postgresql": " OR e.metadata::jsonb -> {name}::text IS DISTINCT FROM i.metadata -> {name}::text",
}
NO_MORE_METADATA = " OR e.metadata IS NOT NULL"
GONE = """
SELECT e.item_id, NULL, NULL, '', false
FROM {entry} e
LEFT JOIN {item} i ON i.id = e.item_id AND i.trashed_at IS NULL AND i.staged_by_id IS NULL
LEFT JOIN {selected} s ON s.dataset_id = e.dataset_id AND s.item_id = i.id
WHERE e.dataset_id = %(dataset)s AND e.last IS NULL AND s.id IS NULL
"""
# Of an index each, but for the items in the trash or on their way in, which are few.
SELECTED = """
SELECT (SELECT COUNT(*) FROM {selected} WHERE dataset_id = %(dataset)s)
    - (SELECT COUNT(*) FROM {item} i {cross} JOIN {selected} s ON s.item_id = i.id AND s.dataset_id = %(dataset)s
        WHERE i.project_id = %(project)s AND i.trashed_at IS NOT NULL)
    - (SELECT COUNT(*) FROM {item} i {cross} JOIN {selected} s ON s.item_id = i.id AND s.dataset_id = %(dataset)s
        WHERE i.staged_by_id IS NOT NULL AND i.trashed_at IS NULL)
"""


def freeze(dataset: Dataset, kinds: Mapping[str, str] | None = None) -> Frozen:
    """What differs between the selection and the newest version at one moment, where the next one carries fields of
    these ``kinds``, by name; for None those that the dataset's choice says."""
    packer, pieces = zlib.compressobj(1), []
    new = gone = unlabelled = 0
    for rows in _differing(dataset, carried.fields_of(dataset) if kinds is None else kinds):
        some = [row for row in rows if row[1] is not None]
        new += len(some)
        gone += len(rows) - len(some)
        unlabelled += sum(row[2] is None for row in some)
        for batch in _cut(some, [row[0] for row in rows if row[1] is None]):
            pieces.append(packer.compress("{}\t{}\t{}\t{}\n".format(*batch).encode()))
    return Frozen(b"%d\n%b" % (new + gone, b"".join([*pieces, packer.flush()])), new, gone, unlabelled)


_text = json.JSONEncoder(separators=(",", ":")).encode


def _differing(dataset: Dataset, kinds: Mapping[str, str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows that differ, a batch at a time: as a ``Batch`` has them, and of those that are gone the key alone.

    The entries are compared with the selection the other way round only where they are more than those of the selection
    that were found.
    """
    values = {"dataset": dataset.pk, "schema": dataset.schema_id, "project": dataset.project_id, "pool": POOL}
    with _one_moment():
        newest = dataset.versions.published().order_by("-number").first()
        held, fresh = newest.counts["items"] if newest else 0, 0
        before = newest.metadata_kinds if newest else {}
        for rows in _batches(_changed(kinds, before, values), values):
            fresh += sum(row[4] for row in rows)
            yield _described(rows, kinds) if kinds or before else [row[:4] for row in rows]
        if held and held != _selected(values) - fresh:
            yield from _batches(GONE.format(**_names()), values)


def _changed(kinds: Mapping[str, str], before: Mapping[str, str], values: dict[str, Any]) -> str:
    """The statement that finds what is new or differs; the names of fields are put into its ``values``."""
    vendor, differs = connection.vendor, DIFFERS.format(**_names())
    if not kinds and not before:
        return CHANGED.format(own="", differs=differs, other_metadata="", **_names())
    others = []
    for number, name in enumerate(sorted(kinds)):
        values[f"field{number}"] = f'$."{name}"' if vendor == "sqlite" else name
        others.append(OTHER_METADATA[vendor].format(name=f"%(field{number})s"))
    # a field that is carried no more is taken away wherever it stands
    if before.keys() - kinds.keys():
        others.append(NO_MORE_METADATA)
    own = OWN[vendor].format(differs=differs)
    return CHANGED.format(own=own, differs=differs, other_metadata="".join(others), **_names())


def _described(rows: Sequence[tuple[Any, ...]], kinds: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """Rows with what their fields say; those that differ in nothing are left out."""
    found = []
    for *row, _fresh, said, before, differs in rows:
        text = carried.text_of(said, kinds) if kinds else None
        if differs or text != before:
            found.append((*row, text))
    return found


def _names() -> dict[str, str]:
    return {**TABLES, **HINTS[connection.vendor]}


@contextmanager
def _one_moment() -> Iterator[None]:
    """All statements within see the rows as they stood at the first of them."""
    is_nested = connection.in_atomic_block
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_nested:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            # Whole tables are compared, and all rows wanted. With statistics from before a bulk change the planner
            # takes them for small and loops over one for every row of the other: minutes, where hashing takes a tenth
            # of a second.
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
            yield
    elif is_nested:
        yield
    else:
        with connection.cursor() as cursor:  # not by Django, whose transactions keep writers out
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")


def _batches(statement: str, values: Mapping[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(BATCH):
            yield rows


def _selected(values: Mapping[str, Any]) -> int:
    """How many items the selection has that are neither in the trash nor on their way in."""
    with connection.cursor() as cursor:
        cursor.execute(SELECTED.format(**_names()), values)
        return int(cursor.fetchone()[0])


def thaw(packed: bytes | memoryview) -> tuple[int, Iterator[Batch]]:
    """How many rows ``freeze`` packed, and the rows."""
    data = bytes(packed)
    if data.startswith(b"x"):  # one text of all rows, as it was packed before
        new, gone = json.loads(zlib.decompress(data))
        return len(new) + len(gone), _cut(new, gone)
    total, _, body = data.partition(b"\n")
    return int(total), _unpacked(body)


def _cut(new: Sequence[Any], gone: Sequence[int]) -> Iterator[Batch]:
    for start in range(0, max(len(new), len(gone)), BATCH):
        some, others = new[start : start + BATCH], gone[start : start + BATCH]
        yield Batch(_text(some), _text(others), len(some), len(others))


def _unpacked(body: bytes) -> Iterator[Batch]:
    unpacker, rest = zlib.decompressobj(), b""
    for start in range(0, len(body), CHUNK):
        *lines, rest = (rest + unpacker.decompress(body[start : start + CHUNK])).split(b"\n")
        for line in lines:
            new, gone, news, gones = line.decode().split("\t")
            yield Batch(new, gone, int(news), int(gones))


# -- written as entries ----------------------------------------------------------------------------------------------

# One JSON text carries a batch to either database, so that it is one statement there too.
ROWS = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS item, json_extract(value, '$[1]') AS blob,"
        " json_extract(value, '$[2]') AS labels, json_extract(value, '$[3]') AS split,"
        " json_extract(value, '$[4]') AS metadata FROM json_each(%s)"
    ),
    "postgresql": (
        "SELECT (value->>0)::bigint AS item, (value->>1)::bigint AS blob,"
        " (value->>2)::bigint AS labels, value->>3 AS split, value->>4 AS metadata FROM json_array_elements(%s::json)"
    ),
}
IDS = {
    "sqlite": ("IN (SELECT json_extract(value, '$[0]') FROM json_each(%s) UNION ALL SELECT value FROM json_each(%s))"),
    # An array, not a subquery: whatever the statistics say, it is looked up by index and never joined row by row.
    "postgresql": (
        "= ANY(ARRAY(SELECT (value->>0)::bigint FROM json_array_elements(%s::json)"
        " UNION ALL SELECT value::bigint FROM json_array_elements_text(%s::json)))"
    ),
}
CLOSE = "UPDATE {entry} SET last = %s WHERE dataset_id = %s AND last IS NULL AND first <= %s AND item_id {ids}"
OPEN = """
INSERT INTO {entry} (dataset_id, item_id, path, blob_id, label_set_id, split, first, last, metadata)
SELECT %s, f.item, i.path, f.blob, f.labels, f.split, %s, NULL, f.metadata
FROM ({rows}) f JOIN {item} i ON i.id = f.item
WHERE true
ON CONFLICT DO NOTHING
"""


class Writer(Protocol):
    """What ``apply`` writes under: a job's ``Work``."""

    def fenced(self) -> AbstractContextManager[None]: ...


def apply(version: Version, batches: Iterable[Batch], work: Writer) -> Iterator[int]:
    """Writes the version's entries, a batch a transaction; gives the rows done so far. Again changes nothing."""
    close = CLOSE.format(ids=IDS[connection.vendor], **TABLES)
    open_ = OPEN.format(rows=ROWS[connection.vendor], **TABLES)
    before, done = version.number - 1, 0
    for batch in batches:
        with work.fenced(), connection.cursor() as cursor:
            if before:
                cursor.execute(close, [before, version.dataset_id, before, batch.new, batch.gone])
            if batch.news:
                cursor.execute(open_, [version.dataset_id, version.number, batch.new])
                table_statistics.wrote(batch.news, Entry)
        done += batch.news + batch.gones
        yield done


def withdraw(version: Version) -> None:
    """Takes an unpublished version back as if it had never been asked for; nobody has seen it.

    The row goes last, so that a withdrawal cut short is finished by the next one.
    """
    before = version.number - 1
    for model in (Entry, VersionFile):
        rows = model._default_manager.filter(dataset=version.dataset_id)
        while ids := list(rows.filter(first=version.number).values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=ids).delete()
        while ids := list(rows.filter(last=before).values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=ids).update(last=None)
    with transaction.atomic():
        Version.objects.unpublished().filter(pk=version.pk).delete()
