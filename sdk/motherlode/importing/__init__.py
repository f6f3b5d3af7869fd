"""Bringing a folder in: items by digest, each byte sent once, then its labels; what is missing is made.

The folder is read here, on the client's side. What its dataset holds just so is found out by one request and left
alone. Images are hashed and sent in parallel, a thousand at a time, and the labels of those that are there follow while
the next are sent; the server is asked first which bytes it lacks, so an import that broke off goes on where it stopped
when it is run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.importing.comparing import same_records, take_same, unchanged, what_was_read
from motherlode.importing.filling import Filling
from motherlode.importing.known import KnownFolder
from motherlode.importing.report import ImportOptions, ImportReport, count_splits
from motherlode.importing.schema import Maker, task_asked
from motherlode.importing.sending import Sender, item_path
from motherlode.importing.source import Source, look, read_source
from motherlode.importing.target import Target

__all__ = [
    "ImportOptions",
    "ImportReport",
    "KnownFolder",
    "Source",
    "Target",
    "bring_in",
    "default_project",
    "look",
    "read_source",
    "task_asked",
    "unchanged",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def bring_in(
    client: Client,
    source: Source,
    options: ImportOptions,
    say: Callable[[str], None] = lambda text: None,
    *,
    target: Target | None = None,
    known: KnownFolder | None = None,
    key: str = "",
) -> ImportReport:
    """Bring a folder's items and labels into a dataset, making project, schema and dataset where they are missing.

    `target` is what was found on the server so far. `known` is what is remembered of the folder, `key` what its reading
    depended on; a folder that came in is remembered by it.
    """
    if not _NAME.match(options.dataset):
        raise BadInput(
            f"{options.dataset!r} is not a valid dataset name: up to 64 of a-z, 0-9, - and _, a letter or digit first"
        )
    known = known or KnownFolder(source.root)
    if options.control:
        source.records = [replace(record, control=options.control) for record in source.records]
    report = ImportReport(options.project, options.dataset, source.format.name)
    report.problems += [problem.as_json() for problem in source.problems]
    target = target or Target(client, options)
    made = Maker(target, report, say)
    made.check(source)
    uuids = made.there(source)
    made.project()
    try:
        _bring(target, source, report, made, uuids, known)
        known.remember(key, what_was_read(source, key, made.notes(source)))
    finally:
        known.save()
    return report


def _bring(
    target: Target,
    source: Source,
    report: ImportReport,
    made: Maker,
    uuids: dict[str, str],
    known: KnownFolder,
) -> None:
    client, options = target.client, target.options
    report.images = sum(record.present for record in source.records)
    same = same_records(target, source, known)
    there = {record.path for record in same}
    rest = [record for record in source.records if record.path not in there]
    take_same(same, report)
    sender = Sender(client, options, source, report, known)

    def make() -> Mapping[str, Any]:
        sender.progress.clear()
        schema = made.schema(source)
        made.dataset(schema)
        return schema

    with client.background() as selecting, client.background() as labelling:
        filling = Filling(client, options, source, report, make, selecting, labelling)
        for records, sent in sender.send([record for record in rest if record.present]):
            uuids |= sent
            if sent:
                filling.take(records, sent)
        if report.images and not uuids and not same:
            return  # no image could be read: an empty dataset would be all that is left of it
        filling.open()
        filling.take([record for record in rest if not record.present], uuids)
        count_splits([r for r in source.records if r.path in there or item_path(r, options) in uuids], report)
        filling.finish()


def default_project(folder: Path) -> str:
    """A project's name made of a folder's."""
    name = "".join(letter if letter.isalnum() else "-" for letter in folder.resolve().name.lower())
    return name.strip("-") or "project"
