"""Sending a source's files: the bytes that the server lacks, and the items made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

from motherlode.client import Client
from motherlode.errors import NotFound
from motherlode.formats.source import Problem, Record
from motherlode.importing.known import KnownFolder
from motherlode.importing.report import ImportOptions, ImportReport
from motherlode.importing.source import Source
from motherlode.paths import check_path
from motherlode.progress import Progress

__all__ = ["Sender", "batches", "item_path"]

BATCH = 1000  # images under way together
AT_ONCE = 2  # batches under way: one is made ready while the other is sent, and more only stand in each other's way
SMALL = 1 << 20  # files up to here travel many in a request
PACK_FILES = 1000
HELD_BYTES = 16 << 20  # of a batch's files that were read for their digests, until they are sent
PACK_BYTES = 8 << 20
PIECE = 8 << 20  # a larger file is sent in pieces and goes on where it broke off

Row: TypeAlias = dict[str, Any]
"""A file: path, md5, sha256 and size, its `name` in the source, its `data` where held, and whether to send it."""

Thing = TypeVar("Thing")


def item_path(record: Record, options: ImportOptions) -> str:
    """The path that a record's item has on the server, whatever composition its file's name has here."""
    return check_path(options.prefix + record.path)


def batches(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def _packs(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Files in packs of at most `PACK_FILES` and `PACK_BYTES`; those that the server has weigh nothing."""
    pack: list[Row] = []
    size = 0
    for row in rows:
        weight = row["size"] if row["send"] else 0
        if pack and (len(pack) == PACK_FILES or size + weight > PACK_BYTES):
            yield pack
            pack, size = [], 0
        pack.append(row)
        size += weight
    if pack:
        yield pack


@dataclass
class _Done:
    """What became of a batch of images: what was sent of it, the items made, and what was refused."""

    records: list[Record]
    sent_bytes: int = 0
    made: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Mapping[str, Any]] = field(default_factory=list)


class Sender:
    """Sends the bytes that the server lacks, and makes the items."""

    def __init__(
        self, client: Client, options: ImportOptions, source: Source, report: ImportReport, known: KnownFolder
    ) -> None:
        self._client = client
        self._known = known
        self._options = options
        self._source = source
        self._report = report
        self._project = client.project_path(options.project)
        self.progress = Progress("Sending images", show=client.show_progress)

    def send(self, records: Sequence[Record]) -> Iterator[tuple[list[Record], dict[str, str]]]:
        """Send all; gives each batch as it is done, with the uuid of each of its items by its path.

        Two batches are under way at once: while one is hashed another is sent and looked at by the server.
        """
        self.progress.total = len(records)
        with self.progress:
            for done in self._client.each(self._send_batch, batches(records, BATCH), at_most=AT_ONCE):
                yield done.records, self._take(done)
                self.progress.advance(len(done.records))

    def _send_batch(self, batch: list[Record]) -> _Done:
        done = _Done(batch)
        rows: list[Row] = []
        held = 0
        for record in batch:
            digests, data = self._known.looked_at(record.path)
            held += len(data or b"")
            row = {"path": item_path(record, self._options), **digests._asdict(), "name": record.path}
            rows.append({**row, "data": data if held <= HELD_BYTES else None})
        offers = [{key: row[key] for key in ("path", "md5", "sha256", "size")} for row in rows]
        answer = self._client.post(f"{self._project}/uploads", {"files": offers}, repeatable=True)
        refused = {problem["path"] for problem in answer.get("problems", ())}
        done.problems += answer.get("problems", ())
        lacking = set(answer["send"])
        rows = [row for row in rows if row["path"] not in refused]
        for row in rows:
            row["send"] = row["md5"] in lacking
            lacking.discard(row["md5"])
            if row["send"] and row["size"] > SMALL:
                done.sent_bytes += self._put(row)
                row["send"] = False
        for pack in _packs(rows):
            self._send_pack(pack, done)
        return done

    def _take(self, done: _Done) -> dict[str, str]:
        """Put into the report what became of a batch; gives the uuid of each of its items by its path."""
        report = self._report
        uuids: dict[str, str] = {}
        self._report_problems(done.problems)
        report.sent_bytes += done.sent_bytes
        for made in done.made:
            self._report_problems(made["problems"])
            report.created += len(made["created"])
            report.existing += len(made["existing"])
            report.replaced += len(made["replaced"])
            report.resized += [str(row["path"]) for row in made["resized"]]
            taken = (*made["created"], *made["existing"], *made["replaced"])
            uuids |= {str(row["path"]): str(row["uuid"]) for row in taken}
        return uuids

    def _report_problems(self, problems: Iterable[Mapping[str, Any]]) -> None:
        for problem in problems:
            path, error = str(problem.get("path", "")), str(problem.get("error") or problem.get("code"))
            remedy = "It was left out; the rest came in"
            if problem.get("code") == "path_taken":
                error = "An item of this name holds other bytes."
                remedy = "It was left out; --replace-media gives the item this file, --prefix brings it in beside it"
            row = Problem("unreadable", path, "", error, remedy, path)
            self._report.problems.append(row.as_json())

    def _send_pack(self, pack: list[Row], done: _Done) -> None:
        """Make many items in one request: a line of JSON that names them, then the bytes that the server lacks."""
        items: list[dict[str, Any]] = []
        pieces: list[bytes] = []
        for row in pack:
            item = {"uuid": str(uuid4()), "path": row["path"], "md5": row["md5"], "sha256": row["sha256"]}
            if row["send"]:
                data = row.pop("data")
                if data is None:
                    with open(f"{self._source.root.root}/{row['name']}", "rb") as stream:
                        data = stream.read()
                if len(data) == row["size"]:  # else it was written to since it was hashed, and is not sent
                    pieces.append(data)
                    item["size"] = row["size"]
            items.append(item)
        head = json.dumps({"items": items, "replace_media": self._options.replace_media}).encode() + b"\n"
        body = b"".join([head, *pieces])
        headers = {"Content-Type": "application/octet-stream"}
        address = f"{self._project}/items/pack"
        done.made.append(self._client.request("POST", address, content=body, headers=headers, repeatable=True))
        done.sent_bytes += sum(map(len, pieces))

    def _put(self, row: Row) -> int:
        path, size = self._source.root.file(row["name"]), int(row["size"])
        address = f"{self._project}/blobs/{row['md5']}"
        headers = {"X-Sha256": str(row["sha256"]), "Content-Type": "application/octet-stream"}
        if size <= PIECE:
            self._client.request("PUT", address, content=path.read_bytes(), headers=headers)
            return size
        return self._put_pieces(path, size, address, headers)

    def _put_pieces(self, path: Path, size: int, address: str, headers: dict[str, str]) -> int:
        try:
            there = self._client.raw("HEAD", f"/api/v1/{address}").headers
            offset = int(there.get("Upload-Offset", 0))
            if offset == size and there.get("Upload-Complete") != "1":  # all sent, but not taken over: the end again
                offset -= PIECE
        except NotFound:
            offset = 0
        sent = 0
        with path.open("rb") as stream:
            stream.seek(offset)
            while offset < size:
                piece = stream.read(PIECE)
                span = f"bytes {offset}-{offset + len(piece) - 1}/{size}"
                self._client.request("PUT", address, content=piece, headers={**headers, "Content-Range": span})
                offset += len(piece)
                sent += len(piece)
        return sent
