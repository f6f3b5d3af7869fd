"""What a publish changes: read in one statement as it starts, kept in the version's row, written as entries by the job.

``freeze`` compares the selection, its labels and splits with the newest version's entries, all inside the database, and
gives only what differs. That one statement is the moment whose content the version will have: label sets and items
never change, so the ids it gives say everything, and labels saved meanwhile change the next version.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from django.db import connection, transaction

from lode_annotation.models import LabelSet
from lode_datasets.models import Dataset, DatasetItem, Entry, Version, VersionFile
from lode_platform import table_statistics
from lode_platform.models import Blob, Item
from motherlode.manifest import POOL

__all__ = ["Change", "Changes", "apply", "freeze", "thaw", "withdraw"]

BATCH = 2000  # entries a transaction: well under 200 ms, so annotators label on

Change = tuple[int, int, int | None, str]  # item, blob, label set (None: unlabelled), split


@dataclass(frozen=True)
class Changes:
    """The items that are new or differ, as they now are, and those that are gone; all by primary key."""

    new: Sequence[Change]
    gone: Sequence[int]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)

    def pack(self) -> bytes:
        """As bytes for the version's row."""
        return zlib.compress(json.dumps([self.new, self.gone], separators=(",", ":")).encode(), 1)


def thaw(packed: bytes | memoryview) -> Changes:
    """What ``pack`` packed."""
    new, gone = json.loads(zlib.decompress(bytes(packed)))
    return Changes([tuple(row) for row in new], gone)


TABLES = {
    "selected": DatasetItem._meta.db_table,
    "item": Item._meta.db_table,
    "labels": LabelSet._meta.db_table,
    "entry": Entry._meta.db_table,
    "blob": Blob._meta.db_table,
}

FREEZE = """
SELECT i.id, i.blob_id, l.id, CASE WHEN l.id IS NULL THEN %(pool)s ELSE s.split END
FROM {selected} s
JOIN {item} i ON i.id = s.item_id AND i.trashed_at IS NULL AND i.staged_by_id IS NULL
LEFT JOIN {labels} l
    ON l.item_id = i.id AND l.schema_id = %(schema)s AND l."current" AND l.staged_by_id IS NULL
LEFT JOIN {entry} e ON e.dataset_id = s.dataset_id AND e.item_id = i.id AND e.last IS NULL
LEFT JOIN {labels} b ON b.id = e.label_set_id
WHERE s.dataset_id = %(dataset)s
    AND (
        e.id IS NULL OR e.blob_id <> i.blob_id OR e.path <> i.path
        OR (e.label_set_id IS NULL) <> (l.id IS NULL) OR b.digest <> l.digest
        OR e.split <> CASE WHEN l.id IS NULL THEN %(pool)s ELSE s.split END
    )
UNION ALL
SELECT e.item_id, NULL, NULL, ''
FROM {entry} e
LEFT JOIN {item} i ON i.id = e.item_id AND i.trashed_at IS NULL AND i.staged_by_id IS NULL
LEFT JOIN {selected} s ON s.dataset_id = e.dataset_id AND s.item_id = i.id
WHERE e.dataset_id = %(dataset)s AND e.last IS NULL AND s.id IS NULL
ORDER BY 1
""".format(**TABLES)


def freeze(dataset: Dataset) -> Changes:
    """What differs between the selection now and the newest version, by one statement, so at one moment."""
    postgres = connection.vendor == "postgresql"
    # On SQLite a transaction would keep writers out while it reads; one statement needs none.
    with transaction.atomic() if postgres else nullcontext(), connection.cursor() as cursor:
        if postgres:
            # Whole tables are compared. With statistics from before a bulk change the planner takes them for small and
            # loops over one for every row of the other: minutes, where hashing takes a tenth of a second.
            cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(FREEZE, {"dataset": dataset.pk, "schema": dataset.schema_id, "pool": POOL})
        rows = cursor.fetchall()
    new = [(item, blob, labels, split) for item, blob, labels, split in rows if blob is not None]
    return Changes(new, [item for item, blob, _, _ in rows if blob is None])


# -- written as entries ----------------------------------------------------------------------------------------------

# One JSON text carries a batch to either database, so that it is one statement there too.
ROWS = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS item, json_extract(value, '$[1]') AS blob,"
        " json_extract(value, '$[2]') AS labels, json_extract(value, '$[3]') AS split FROM json_each(%s)"
    ),
    "postgresql": (
        "SELECT (value->>0)::bigint AS item, (value->>1)::bigint AS blob,"
        " (value->>2)::bigint AS labels, value->>3 AS split FROM json_array_elements(%s::json)"
    ),
}
IDS = {
    "sqlite": "IN (SELECT value FROM json_each(%s))",
    # An array, not a subquery: whatever the statistics say, it is looked up by index and never joined row by row.
    "postgresql": "= ANY(ARRAY(SELECT value::bigint FROM json_array_elements_text(%s::json)))",
}
CLOSE = "UPDATE {entry} SET last = %s WHERE dataset_id = %s AND last IS NULL AND first <= %s AND item_id {ids}"
OPEN = """
INSERT INTO {entry} (dataset_id, item_id, path, blob_id, label_set_id, split, first, last)
SELECT %s, f.item, i.path, f.blob, f.labels, f.split, %s, NULL
FROM ({rows}) f JOIN {item} i ON i.id = f.item
WHERE true
ON CONFLICT DO NOTHING
"""


class Writer(Protocol):
    """What ``apply`` writes under: a job's ``Work``."""

    def fenced(self) -> AbstractContextManager[None]: ...


def apply(version: Version, changes: Changes, work: Writer) -> Iterator[int]:
    """Writes the version's entries, a batch a transaction; gives the rows done so far. Again changes nothing."""
    close = CLOSE.format(ids=IDS[connection.vendor], **TABLES)
    open_ = OPEN.format(rows=ROWS[connection.vendor], **TABLES)
    before, done = version.number - 1, 0
    for start in range(0, max(len(changes.new), len(changes.gone)), BATCH):
        new, gone = changes.new[start : start + BATCH], changes.gone[start : start + BATCH]
        with work.fenced(), connection.cursor() as cursor:
            if before:
                items = [row[0] for row in new] + list(gone)
                cursor.execute(close, [before, version.dataset_id, before, json.dumps(items)])
            if new:
                cursor.execute(open_, [version.dataset_id, version.number, json.dumps(new)])
                table_statistics.wrote(len(new), Entry)
        done += len(new) + len(gone)
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
