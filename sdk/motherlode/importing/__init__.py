"""Bringing a folder in: items by digest, each byte sent once, then its labels; what is missing is made.

The folder is read here, on the client's side. Images are hashed and sent in parallel, a thousand at a time; the server
is asked first which bytes it lacks, so an import that broke off goes on where it stopped when it is run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.importing.report import ImportOptions, ImportReport
from motherlode.importing.schema import Maker, task_asked
from motherlode.importing.sending import Sender, item_path, select, send_labels
from motherlode.importing.source import Source, look, read_source

__all__ = [
    "ImportOptions",
    "ImportReport",
    "Source",
    "bring_in",
    "default_project",
    "look",
    "read_source",
    "task_asked",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def bring_in(
    client: Client, source: Source, options: ImportOptions, say: Callable[[str], None] = lambda text: None
) -> ImportReport:
    """Bring a folder's items and labels into a dataset, making project, schema and dataset where they are missing."""
    if not _NAME.match(options.dataset):
        raise BadInput(
            f"{options.dataset!r} is not a valid dataset name: up to 64 of a-z, 0-9, - and _, a letter or digit first"
        )
    report = ImportReport(options.project, options.dataset, source.format.name)
    report.problems += [problem.as_json() for problem in source.problems]
    made = Maker(client, options, report, say)
    made.check(source)
    uuids = made.there(source)
    made.project()
    present = [record for record in source.records if record.present]
    report.images = len(present)
    uuids |= Sender(client, options, source, report).send(present)
    if present and not uuids:
        return report  # no image could be read: an empty dataset would be all that is left of it
    schema = made.schema(source)
    made.dataset(schema)
    select(client, options, source.records, uuids, report)
    # labels of an image that was refused must not fall on another item of its name
    labelled = [
        record
        for record in source.records
        if record.labelled and (not record.present or item_path(record, options) in uuids)
    ]
    if labelled:
        send_labels(client, options, source, labelled, schema, report)
    return report


def default_project(folder: Path) -> str:
    """A project's name made of a folder's."""
    name = "".join(letter if letter.isalnum() else "-" for letter in folder.resolve().name.lower())
    return name.strip("-") or "project"
