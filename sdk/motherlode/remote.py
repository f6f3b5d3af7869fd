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

Put: TypeAlias = Callable[[Row, memoryview], object]

BATCH_FILES = 500
BATCH_BYTES = 8 << 20


class Remote:
    """Fetches what a pinned version is made of; `client` makes the client that is asked, when something is lacking."""

    def __init__(self, pin: Pin, cache: Cache, client: Callable[[], Client]) -> None:
        self.pin = pin
        self.cache = cache
        self.client = client
        self.spoke = False
        """Whether the server was asked for anything."""

    def head(self) -> bytes:
        """The list of the version's files as the server has it, not checked yet."""
        self.spoke = True
        client, pin = self.client(), self.pin
        dataset = f"{client.project_path(pin.project)}/datasets/{quote(pin.dataset, safe='')}"
        return client.raw("GET", f"/api/v1/{dataset}/versions/{pin.version}/manifest").content

    def bring(self, rows: Iterable[Row], label: str, put: Put | None = None) -> None:
        """Fetch the files that the cache lacks; `put` takes small ones. Raises `NotVerified` where one is not what its
        row says."""
        missing = self.cache.missing(rows)
        if not missing:
            return
        self.spoke = True
        client = self.client()
        put = put or self._put
        with Progress(f"Fetching {label}", len(missing), show=client.show_progress) as bar:
            # several threads that make small files stand in each other's way: they fetch, and this one writes
            for came in client.each(self.batch, list(batches(missing))):
                for row, data in came:
                    if data is not None:
                        put(row, data)
                bar.advance(len(came))

    def _put(self, row: Row, data: memoryview) -> None:
        if not self.cache.has(row):
            self.cache.put(row, data)

    def batch(self, batch: list[Row]) -> list[tuple[Row, memoryview | None]]:
        """Fetch some files by one request, or as many as the server's packs take; gives their bytes as they came, None
        for a large file, which is in the cache."""
        client = self.client()
        address = f"/dvc/{quote(self.pin.project, safe='')}/{quote(self.pin.dataset, safe='')}"
        if len(batch) == 1 and batch[0].size > BATCH_BYTES:
            self._fetch_big(client, address, batch[0])
            return [(batch[0], None)]
        left = {row.md5: row for row in batch}
        found: list[tuple[Row, memoryview | None]] = []
        headers = {"Content-Type": "application/json"}
        while left:
            body = json.dumps({"oids": list(left)}).encode()
            answer = client.raw("POST", f"{address}/pack", repeatable=True, content=body, headers=headers)
            came = _unpacked(answer.content, left)
            if not came:
                raise ServerFault(f"the server's pack is empty; asked for were {count_files(len(left))}")
            found += came
            for row, _ in came:
                left.pop(row.md5, None)
        return found

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


def _unpacked(pack: bytes, asked: Mapping[str, Row]) -> list[tuple[Row, memoryview]]:
    """The files of a pack, not copied: `<md5> <size>`, a line feed, the bytes, back to back. One that is cut short is
    left out.

    Raises `ServerFault`.
    """
    found: list[tuple[Row, memoryview]] = []
    whole = memoryview(pack)
    at = 0
    while (end := pack.find(b"\n", at)) >= 0:
        line = pack[at:end]
        name, _, length = line.partition(b" ")
        row = asked.get(name.decode("ascii", "replace"))
        if row is None or not length.isdigit():
            raise ServerFault(f"the server's pack holds {line[:80]!r}, which was not asked for")
        at = end + 1 + int(length)
        if at > len(pack):
            break
        found.append((row, whole[end + 1 : at]))
    return found


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches of at most 500 files and 8 MiB; a larger file is a batch of its own."""
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
