"""The server's side of a pinned version: its list of files, and the files that the cache lacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from motherlode.cache import Blob, Cache
from motherlode.errors import ServerFault, Unreachable
from motherlode.lock import Pin
from motherlode.manifest import Row
from motherlode.progress import Progress

if TYPE_CHECKING:
    import httpx

    from motherlode.client import Client

__all__ = ["Remote", "batches", "count_files"]

Put: TypeAlias = Callable[[Row, bytes], object]

BATCH_FILES = 500
BATCH_BYTES = 32 << 20


class Remote:
    """Fetches what a pinned version is made of; `client` makes the client that is asked, when something is lacking."""

    def __init__(self, pin: Pin, cache: Cache, client: Callable[[], Client]) -> None:
        self.pin = pin
        self.cache = cache
        self.client = client

    def head(self) -> bytes:
        """The list of the version's files as the server has it, not checked yet."""
        client, pin = self.client(), self.pin
        dataset = f"{client.project_path(pin.project)}/datasets/{quote(pin.dataset, safe='')}"
        return client.raw("GET", f"/api/v1/{dataset}/versions/{pin.version}/manifest").content

    def bring(self, rows: Iterable[Row], label: str, put: Put | None = None) -> None:
        """Fetch the files that the cache lacks; `put` takes small ones. Raises `NotVerified` where one is not what its
        row says."""
        missing = self.cache.missing(rows)
        if not missing:
            return
        client = self.client()
        with Progress(f"Fetching {label}", len(missing), show=client.show_progress) as bar:
            for count in client.each(partial(self.batch, put=put or self._put), list(batches(missing))):
                bar.advance(count)

    def _put(self, row: Row, data: bytes) -> None:
        if not self.cache.has(row):
            self.cache.put(row, data)

    def batch(self, batch: list[Row], put: Put) -> int:
        """Fetch some files by one request, or as many as the server's packs take; gives their number."""
        client = self.client()
        address = f"/dvc/{quote(self.pin.project, safe='')}/{quote(self.pin.dataset, safe='')}"
        if len(batch) == 1 and batch[0].size > BATCH_BYTES:
            self._fetch_big(client, address, batch[0])
            return 1
        left = {row.md5: row for row in batch}
        headers = {"Content-Type": "application/json"}
        while left:
            body = json.dumps({"oids": list(left)}).encode()
            came = client.stream(
                "POST", f"{address}/pack", partial(self._pack, left, put), content=body, headers=headers
            )
            if not came:
                raise ServerFault(f"the server's pack is empty; asked for were {count_files(len(left))}")
            left = {oid: row for oid, row in left.items() if oid not in came}
        return len(batch)

    def _fetch_big(self, client: Client, address: str, row: Row) -> None:
        """One large file, going on where an earlier attempt broke off."""
        path = f"{address}/files/md5/{row.md5[:2]}/{row.md5[2:]}"
        with self.cache.lock(f"blob-{row.md5}"):
            while self.cache.missing([row]):
                blob = Blob(self.cache, row, resume=True)
                if blob.size >= row.size:
                    blob.restart()
                span = {"Range": f"bytes={blob.size}-"} if blob.size else {}
                try:
                    client.stream("GET", path, partial(self._one, blob), headers=span, repeatable=False)
                    blob.finish()
                except Unreachable:
                    grown = blob.size > int(span.get("Range", "bytes=0-")[6:-1])
                    blob.leave()
                    if not grown:
                        raise
                finally:
                    blob.leave()

    @staticmethod
    def _one(blob: Blob, answer: httpx.Response) -> None:
        if answer.status_code != 206 and blob.size:
            blob.restart()
        for piece in answer.iter_bytes(1 << 20):
            blob.write(piece)

    @staticmethod
    def _pack(asked: Mapping[str, Row], put: Put, answer: httpx.Response) -> set[str]:
        """Take a pack's files into the cache; gives the oids that came."""
        came: set[str] = set()
        source = _Pieces(answer.iter_bytes())
        while line := source.line():
            name, _, length = line.partition(b" ")
            oid = name.decode("ascii", "replace")
            if oid not in asked or not length.strip().isdigit():
                raise ServerFault(f"the server's pack holds {line[:80]!r}, which was not asked for")
            data = source.take(int(length))
            put(asked[oid], data)
            came.add(oid)
        return came


class _Pieces:
    """Lines and byte counts out of a stream of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0

    def line(self) -> bytes:
        """The next line without its end, b"" at the end of the stream."""
        while (end := self._held.find(b"\n", self._at)) < 0:
            piece = next(self._pieces, None)
            if piece is None:
                if self._at < len(self._held):
                    raise _broken_off()
                return b""
            self._held, self._at = self._held[self._at :] + piece, 0
        line, self._at = self._held[self._at : end], end + 1
        return line

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        parts = [self._held[self._at : self._at + length]]
        left = length - len(parts[0])
        self._at += len(parts[0])
        while left:
            piece = next(self._pieces, None)
            if piece is None:
                raise _broken_off()
            self._held, self._at = piece, min(left, len(piece))
            parts.append(piece[:left])
            left -= self._at
        return parts[0] if len(parts) == 1 else b"".join(parts)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches of at most 500 files and 32 MiB; a larger file is a batch of its own."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == BATCH_FILES or size + row.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch


def count_files(number: int) -> str:
    """`1 file`, `1,200 files`."""
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def _broken_off() -> Exception:
    import httpx  # whoever streams has imported it

    return httpx.ReadError("the pack broke off")
