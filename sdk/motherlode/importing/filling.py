"""Filling a dataset: items are put in with their splits, and their labels sent, while other items are still on their
way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from motherlode.client import Background, Client
from motherlode.formats.source import Record
from motherlode.importing.report import ImportOptions, ImportReport, take_result
from motherlode.importing.sending import batches, item_path
from motherlode.importing.source import Source

__all__ = ["Filling"]

SELECTED = 1000
PART = 1000
PART_BYTES = 8 << 20

_as_line = json.JSONEncoder(ensure_ascii=False).encode


class Filling:
    """Puts records into a dataset that `make` makes, with its schema, once there is something to put in.

    Items are put in one request after the other, in their order, and so are the parts of labels, beside them.
    """

    def __init__(
        self,
        client: Client,
        options: ImportOptions,
        source: Source,
        report: ImportReport,
        make: Callable[[], Mapping[str, Any]],
        selecting: Background,
        labelling: Background,
    ) -> None:
        self._client = client
        self._options = options
        self._source = source
        self._report = report
        self._make = make
        self._selecting = selecting
        self._labelling = labelling
        self._project = client.project_path(options.project)
        self._schema: Mapping[str, Any] | None = None
        self._labels = ""  # the address of the import of labels
        self._parts = 0

    def open(self) -> None:
        """Make what is missing, where that was not done yet."""
        if self._schema is None:
            self._schema = self._make()

    def take(self, records: Sequence[Record], uuids: Mapping[str, str]) -> None:
        """Put the items of these records into the dataset, by their path, and send what is said of them.

        Of a file that came with its labels these are sent where its item is there: else they would fall on another item
        of its name.
        """
        self.open()
        chosen = [(uuids[path], record) for record in records if (path := item_path(record, self._options)) in uuids]
        there = {record.path for _, record in chosen}
        for batch in batches(chosen, SELECTED):
            self._selecting.do(self._select, batch)
        labelled = [record for record in records if record.labelled and (not record.present or record.path in there)]
        for lines in _parts(labelled, self._options, self._source):
            self._open_labels()
            self._labelling.do(self._put, self._parts, lines)
            self._parts += 1

    def finish(self) -> None:
        """Wait until all has been sent, and until the server has written the labels."""
        self._labelling.results()
        for lost in self._selecting.results():
            for given, kept, by, items in lost:
                key = (given, kept, by)
                self._report.splits_lost[key] = self._report.splits_lost.get(key, 0) + items
        if self._labels:
            answer = self._client.post(f"{self._labels}/finish", repeatable=True)
            job = self._client.wait(answer, "Writing labels")
            take_result(job.get("result") or {}, self._report)

    def _select(self, batch: Sequence[tuple[str, Record]]) -> list[tuple[str, str, str, int]]:
        """Put items into the dataset, with the splits that the source gives them; the splits that lost."""
        body = {
            "items": [uuid for uuid, _ in batch],
            "splits": {uuid: record.split for uuid, record in batch if record.split is not None},
        }
        address = f"{self._project}/datasets/{quote(self._options.dataset)}/items"
        lost = self._client.post(address, body, repeatable=True).get("lost", ())
        return [(str(row["given"]), str(row["kept"]), str(row["by"]), int(row["items"])) for row in lost]

    def _open_labels(self) -> None:
        if self._labels:
            return
        assert self._schema is not None
        body = {
            "uuid": str(uuid4()),
            "schema": self._schema["name"],
            "dataset": self._options.dataset,
            "format": self._source.format.name,
            "replace": self._options.replace,
        }
        made = self._client.post(f"{self._project}/label-imports", body, repeatable=True)
        self._labels = f"label-imports/{made['uuid']}"

    def _put(self, number: int, lines: bytes) -> None:
        headers = {"Content-Type": "application/x-ndjson"}
        self._client.request("PUT", f"{self._labels}/parts/{number}", content=lines, headers=headers)


def _parts(records: Iterable[Record], options: ImportOptions, source: Source) -> Iterator[bytes]:
    """The records as JSON lines, each with the digest that a later import will ask by, in parts of at most `PART` lines
    and about `PART_BYTES`."""
    lines: list[bytes] = []
    size = 0
    for record in records:
        row = {**record.as_json(), "path": item_path(record, options)}
        if (digest := source.digest(record)) is not None:
            row["digest"] = digest
        line = _as_line(row).encode() + b"\n"
        if lines and (len(lines) == PART or size + len(line) > PART_BYTES):
            yield b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines)
