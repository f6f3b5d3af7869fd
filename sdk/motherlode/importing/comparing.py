"""Asking the server, before anything is sent, what of a folder its dataset holds just so; a whole folder in a request.

What is the same is neither sent nor read again, and the report says of it what an import of it would say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from motherlode.errors import NotFound
from motherlode.formats.source import Record
from motherlode.importing.known import KnownFolder
from motherlode.importing.report import ImportReport, count_splits
from motherlode.importing.sending import batches
from motherlode.importing.source import Source
from motherlode.importing.target import Target
from motherlode.paths import check_path

__all__ = ["same_records", "take_same", "what_was_read", "unchanged"]

ROWS = 2_500  # files of a request
AT_ONCE = 2  # requests under way, while the next is made ready

File: TypeAlias = tuple[str, str, str | None, str | None]
"""A file's name, its SHA-256, the split it is given, and the digest of its labels."""


class _Read(NamedTuple):
    """A record as far as a report counts it."""

    split: str | None
    split_from: str
    labelled: bool


def same_records(target: Target, source: Source, known: KnownFolder) -> list[Record]:
    """The records that are in the dataset just so."""
    present = [record for record in source.records if record.present]
    if not present or not target.is_there:
        return []
    parts = (_files(part, source, known) for part in batches(present, ROWS))
    same = _same(target, parts)
    return [record for record in present if record.path in same]


def _files(records: Sequence[Record], source: Source, known: KnownFolder) -> list[File]:
    digests = known.digests_of(record.path for record in records)
    return [(r.path, digests[r.path].sha256, r.split, source.digest(r)) for r in records if r.path in digests]


def _same(target: Target, parts: Iterable[Sequence[File]]) -> set[str]:
    """The names of the files that are in the dataset just so, asked for in parts."""

    def ask(part: Sequence[File]) -> Iterator[str]:
        rows = [[check_path(target.options.prefix + name), *said] for name, *said in part]
        answer = target.client.post(f"{target.address}/compare", {"files": rows}, repeatable=True)
        other = set(answer["different"])
        return (name for number, (name, *_) in enumerate(part) if number not in other)

    try:
        return {name for names in target.client.each(ask, iter(parts), at_most=AT_ONCE) for name in names}
    except NotFound:  # the dataset is gone, or the server is older than this
        return set()


def take_same(same: Iterable[Record | _Read], report: ImportReport) -> None:
    """Put into the report what is there as it was."""
    for record in same:
        report.existing += 1
        report.unchanged += record.labelled


def what_was_read(source: Source, key: str, notes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What to remember of a folder that came in, so that `unchanged` need not read it; {} where it must.

    `notes` are what the next import would say of the schema.
    """
    if not key or not all(record.present for record in source.records):
        return {}
    return {
        "format": source.format.name,
        "ids": bool(source.ids),
        "problems": [*(problem.as_json() for problem in source.problems), *map(dict, notes)],
        "rows": [[r.path, r.split, r.split_from, source.digest(r)] for r in source.records],
    }


def unchanged(target: Target, known: KnownFolder, key: str, *, ids_kept: bool) -> ImportReport | None:
    """The report of a folder that nothing has changed in, here or there, since it was last brought in; else None.

    Then the labels are not even read: `key` is that of `KnownFolder.key`. `ids_kept`: the ids of COCO documents, which
    an import keeps, are there.
    """
    read = known.read.get(key)
    if not key or read is None or (read["ids"] and not ids_kept):
        return None
    rows: list[tuple[str, str | None, str, str | None]] = [tuple(row) for row in read["rows"]]
    digests = known.digests_of(name for name, *_ in rows)
    if len(digests) < len(rows) or not any(labels for *_, labels in rows):  # without labels the schema may differ
        return None
    files = [(name, digests[name].sha256, split, labels) for name, split, _, labels in rows]
    if len(_same(target, batches(files, ROWS))) < len(files):
        return None
    options = target.options
    report = ImportReport(options.project, options.dataset, str(read["format"]), images=len(rows))
    report.problems += read["problems"]
    records = [_Read(split, origin, labels is not None) for _, split, origin, labels in rows]
    count_splits(records, report)
    take_same(records, report)
    return report
