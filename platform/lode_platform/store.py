"""The content-addressed store, in DVC's layout: ``files/md5/ab/cdef...``, so that it is the DVC remote itself.

A blob is named by its md5 and verified by its sha-256; bytes whose md5 is known but whose sha-256 differs are refused.
Bytes are written under a temporary name on the same file system, forced to disk, made read-only and renamed, and the
folder is forced to disk too, before any row points at them: whatever happens, a name in the store holds whole bytes.

``Store`` knows hashes and rows and nothing of files, which are its backend's (``store_files``).
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from lode_platform import bulk
from lode_platform.among import among
from lode_platform.errors import BadInput, Conflict, LodeError, NotFound, TooLarge, known
from lode_platform.models import Blob, BlobReceipt, Removal, User
from lode_platform.store_files import Backend, Folder, new_file
from lode_platform.store_remote import Remote

CHUNK = 1 << 20
GRACE = timedelta(days=1)  # what somebody was told is here stays for so long, needed or not
STAGED = "parked"  # the folder keeps the name that it had in stores made before
_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_md5(md5: str) -> str:
    """``md5`` if it is 32 lower-case hex digits, else ``BadInput``; names from outside pass here before any path."""
    if not _MD5.fullmatch(md5):
        raise BadInput(f"{md5!r} is not an md5: 32 lower-case hex digits.", code="bad_md5")
    return md5


def check_sha256(sha256: str) -> str:
    """``sha256`` if it is 64 lower-case hex digits, else ``BadInput``."""
    if not _SHA256.fullmatch(sha256):
        raise BadInput(f"{sha256!r} is not a sha-256: 64 lower-case hex digits.", code="bad_sha256")
    return sha256


def key_of(md5: str, *, directory: bool = False) -> str:
    """The name of a blob below the store's root, as DVC has it."""
    return f"files/md5/{md5[:2]}/{md5[2:]}{'.dir' if directory else ''}"


@dataclass(slots=True)
class Written:
    """Bytes that lie on disk under a temporary name, with what they are; ``moved`` once they have their own."""

    path: str | Path
    md5: str
    sha256: str
    size: int
    moved: bool = False


class Kept(NamedTuple):
    """A blob without its row's object, which takes longer to make than most files to write."""

    pk: int
    md5: str
    sha256: str
    size: int


class Store:
    """Blobs by content. Every ``add`` forces the bytes to disk before it writes the row."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    # -- bytes in --------------------------------------------------------------------------------------------------

    def add_bytes(self, data: bytes) -> Blob:
        return self.add_many([data])[0]

    def add_many(self, contents: Iterable[bytes]) -> list[Blob]:
        """One blob for each of ``contents``, in order: one round of forcing to disk, two statements for the rows.

        Each is written as it comes, so that all of them need not fit into memory.
        """
        written: list[Written] = []
        with _whole_or_nothing(written):
            for data in contents:
                self._write([data], written)
            return self._keep(written)

    def add_promised(self, contents: Sequence[tuple[str, str, bytes]], sender: User) -> list[Kept | LodeError]:
        """As ``add_many``, of ``(md5, sha256, bytes)``, with a receipt for ``sender``: each is taken or refused on its
        own."""
        refused: dict[int, LodeError] = {}
        for number, (md5, sha256, data) in enumerate(contents):
            found = hashlib.md5(data, usedforsecurity=False).hexdigest(), hashlib.sha256(data).hexdigest()
            if found != (md5, sha256):
                refused[number] = _mismatch(*found)
        known = self.known(md5 for number, (md5, _, _) in enumerate(contents) if number not in refused)
        first = {md5: kept.sha256 for md5, kept in known.items()}
        good: dict[str, tuple[str, bytes]] = {}
        for number, (md5, sha256, data) in enumerate(contents):
            if number in refused:
                continue
            if first.setdefault(md5, sha256) == sha256:
                good[md5] = (sha256, data)
            else:
                refused[number] = _collision(md5)
        written: list[Written] = []
        whole = self._whole({md5: len(data) for md5, (_, data) in good.items() if md5 in known})
        with _whole_or_nothing(written):
            for md5, (sha256, data) in good.items():
                if md5 not in whole:
                    written.append(Written(self.backend.write(data), md5, sha256, len(data)))
            self._move(written)
        fresh = [(w.md5, w.sha256, w.size) for w in written if w.md5 not in known]
        with transaction.atomic():  # else every row is forced to disk by itself
            if fresh:
                bulk.insert(Blob, ["md5", "sha256", "size"], fresh, ignore_conflicts=True)
                known |= self.known(md5 for md5, _, _ in fresh)
            kept = {md5: row for md5, row in known.items() if md5 in good and row.sha256 == good[md5][0]}
            receipts = [(row.pk,) for row in kept.values()]
            bulk.insert(BlobReceipt, ["blob_id"], receipts, same={"user_id": sender.pk}, ignore_conflicts=True)
        return [refused.get(n) or kept.get(md5) or _collision(md5) for n, (md5, _, _) in enumerate(contents)]

    def add_stream(
        self,
        source: IO[bytes] | Iterable[bytes],
        *,
        md5: str | None = None,
        sha256: str | None = None,
        limit: int | None = None,
    ) -> Blob:
        """Reads a file or chunks of bytes into the store.

        Raises ``BadInput`` (hash_mismatch) when the bytes are not those that ``md5`` and ``sha256`` promise,
        ``TooLarge`` over ``limit`` bytes, ``Conflict`` (md5_collision) for a known md5 with another sha-256.
        """
        written: list[Written] = []
        with _whole_or_nothing(written):
            self._write(_chunks(source), written, limit)
            return self._keep_checked(written, md5, sha256)

    def add_file(self, path: Path, *, md5: str | None = None, sha256: str | None = None) -> Blob:
        """Takes over a finished file whose name is from ``backend.scratch()``: it is moved, or removed where its bytes
        are known or refused. Where the disk or the database failed it stays, to be tried again."""
        md5_hash, sha_hash, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        with path.open("rb") as file:
            for chunk in _chunks(file):
                md5_hash.update(chunk)
                sha_hash.update(chunk)
                size += len(chunk)
        written = [Written(path, md5_hash.hexdigest(), sha_hash.hexdigest(), size)]
        try:
            blob = self._keep_checked(written, md5, sha256)
        except LodeError:
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)
        return blob

    def put_object(self, name: str, data: bytes) -> None:
        """Writes DVC's own object ``<md5>.dir`` (a tree's listing); repeating it is harmless."""
        md5 = check_md5(name.removesuffix(".dir"))
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
            raise BadInput(f"The bytes of {name} do not have that md5.", code="hash_mismatch")
        key = key_of(md5, directory=name.endswith(".dir"))
        _keep_keys([key])
        if self.backend.size(key) != len(data):
            with _known_failures():
                self.backend.put(key, [data])

    def add_listing(self, pieces: Iterable[bytes]) -> str:
        """Writes DVC's object ``<md5>.dir`` from its bytes in pieces and gives its name; repeating it is harmless."""
        written: list[Written] = []
        with _whole_or_nothing(written):
            self._write(pieces, written)
            [made] = written
            key = key_of(made.md5, directory=True)
            _keep_keys([key])
            if self.backend.size(key) != made.size:
                self.backend.commit([(made.path, key)])
        return f"{made.md5}.dir"

    def scratch_file(self) -> BinaryIO:
        """A file to write and to read again, where the store writes its own; it has no name and goes when it is
        closed."""
        return cast(BinaryIO, TemporaryFile(dir=self.backend.scratch().parent))

    def stage(self, name: str, source: IO[bytes] | Iterable[bytes], *, limit: int) -> None:
        """Keeps bytes under a name of their own, outside the blobs, for a job to read: an upload to be unpacked.

        Raises ``TooLarge`` over ``limit`` bytes; then nothing of it is kept.
        """
        with _known_failures():
            self.backend.put(f"{STAGED}/{name}", _limited(_chunks(source), limit))

    def staged(self, name: str) -> BinaryIO:
        """What was staged; ``NotFound`` where there is nothing."""
        try:
            return self.backend.open(f"{STAGED}/{name}")
        except FileNotFoundError:
            raise NotFound("The upload is no longer there; send the file again.", code="upload_gone") from None

    def staged_names(self) -> Iterator[tuple[str, float]]:
        """What is staged, and for how many seconds."""
        return ((key.removeprefix(f"{STAGED}/"), age) for key, age in self.backend.list(STAGED))

    def unstage(self, name: str) -> None:
        self.backend.delete(f"{STAGED}/{name}")

    # -- bytes out -------------------------------------------------------------------------------------------------

    def open(self, md5: str, *, directory: bool = False) -> BinaryIO:
        """The bytes, to read; ``NotFound`` where the store has none."""
        try:
            return self.backend.open(key_of(check_md5(md5), directory=directory))
        except FileNotFoundError:
            raise NotFound(f"The store has no bytes for {md5}.", code="no_bytes") from None

    def read_many(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes]:
        """All bytes of small blobs, by md5 and size, in order; ``NotFound`` at one of which the store has none."""
        asked: list[str] = []

        def keys() -> Iterator[tuple[str, int]]:
            for md5, size in wanted:
                asked.append(md5)
                yield key_of(check_md5(md5)), size

        given = self.backend.read_many(keys())
        for number in count():
            try:
                data = next(given, None)
            except FileNotFoundError:
                raise NotFound(f"The store has no bytes for {asked[number]}.", code="no_bytes") from None
            if data is None:
                return
            yield data

    def signed(self, md5: str, seconds: int, media_type: str, disposition: str) -> str | None:
        """An address at which whoever has it gets the bytes for so long; None where the store gives none."""
        return self.backend.signed(key_of(check_md5(md5)), seconds, media_type, disposition)

    def size(self, md5: str, *, directory: bool = False) -> int | None:
        """In bytes; None where the store has none."""
        return self.backend.size(key_of(check_md5(md5), directory=directory))

    def known(self, md5s: Iterable[str]) -> dict[str, Kept]:
        """Those blobs that there are, by md5: one query, and two more where one was last spoken of long ago. They stay
        for half of ``GRACE`` at least, whatever is collected meanwhile."""
        asked, now = tuple(md5s), timezone.now()
        for _again in range(2):
            told = Blob.objects.filter(among("md5", asked)).annotate(told=Coalesce("promised_at", "created_at"))
            rows = list(told.values_list("pk", "md5", "sha256", "size", "told"))
            old = [row[0] for row in rows if row[4] < now - GRACE / 2]
            if not old:
                break
            Blob.objects.filter(among("pk", old)).update(promised_at=now)
        return {row[1]: Kept(*row[:4]) for row in rows}

    def exists(self, md5: str, *, directory: bool = False) -> bool:
        return self.size(md5, directory=directory) is not None

    def rehash(self, md5: str) -> tuple[str, str] | None:
        """The (md5, sha-256) of the bytes that lie under ``md5`` now, read from disk; None where there are none."""
        md5_hash, sha_hash = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        try:
            with self.backend.open(key_of(check_md5(md5))) as file:
                for chunk in _chunks(file):
                    md5_hash.update(chunk)
                    sha_hash.update(chunk)
        except FileNotFoundError:
            return None
        return md5_hash.hexdigest(), sha_hash.hexdigest()

    # -- within ----------------------------------------------------------------------------------------------------

    def _write(self, chunks: Iterable[bytes], written: list[Written], limit: int | None = None) -> None:
        md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        path = self.backend.scratch()
        try:
            with new_file(path) as write:
                for chunk in chunks if limit is None else _limited(chunks, limit):
                    size += len(chunk)
                    md5.update(chunk)
                    sha256.update(chunk)
                    write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        written.append(Written(path, md5.hexdigest(), sha256.hexdigest(), size))

    def _keep_checked(self, written: list[Written], md5: str | None, sha256: str | None) -> Blob:
        bytes_of = written[0]
        if (md5 and bytes_of.md5 != md5) or (sha256 and bytes_of.sha256 != sha256):
            raise _mismatch(bytes_of.md5, bytes_of.sha256)
        return self._keep(written)[0]

    def _whole(self, sizes: Mapping[str, int]) -> set[str]:
        """Those md5s under which the store has so many bytes."""
        there = self.backend.sizes([key_of(md5) for md5 in sizes])
        return {md5 for (md5, size), found in zip(sizes.items(), there, strict=True) if size == found}

    def _move(self, written: Sequence[Written]) -> None:
        """Moves what lies under temporary names to where it stays."""
        _keep_keys(key_of(w.md5) for w in written)
        self.backend.commit([(w.path, key_of(w.md5)) for w in written])
        for w in written:
            w.moved = True

    def _keep(self, written: list[Written]) -> list[Blob]:
        """Moves what is new into place, then writes the rows; the temporary names are gone afterwards."""
        names = {w.md5: w for w in written}
        known = self.known(names)
        for w in written:
            same = known.get(w.md5)
            if w.sha256 != (same.sha256 if same else names[w.md5].sha256):
                raise _collision(w.md5)
        whole = self._whole({md5: names[md5].size for md5 in known})
        new = [w for md5, w in names.items() if md5 not in whole]
        self._move(new)
        fresh = [(w.md5, w.sha256, w.size) for w in new if w.md5 not in known]
        if fresh:
            with transaction.atomic():
                bulk.insert(Blob, ["md5", "sha256", "size"], fresh, ignore_conflicts=True)
                known |= self.known(md5 for md5, _, _ in fresh)
            for w in new:
                if known[w.md5].sha256 != w.sha256:
                    raise _collision(w.md5)
        return [Blob.from_db(DEFAULT_DB_ALIAS, ["id", *Kept._fields[1:]], known[w.md5]) for w in written]


def _keep_keys(keys: Iterable[str]) -> None:
    """Takes back what is about to be removed of these keys, before anything is written there; where the removal is
    under way, waits until it is over."""
    found = Removal.objects.filter(among("key", keys))
    if found.exists():
        found.delete()


def _mismatch(md5: str, sha256: str) -> BadInput:
    words = "The bytes that arrived are not those that were promised: a hash differs."
    return BadInput(words, code="hash_mismatch", md5=md5, sha256=sha256)


def _collision(md5: str) -> Conflict:
    return Conflict(f"Other bytes with the md5 {md5} are known: a collision.", code="md5_collision", md5=md5)


def _chunks(source: IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    read: Any = getattr(source, "read", None)
    if read is None:
        yield from source
        return
    while chunk := read(CHUNK):
        yield chunk


def _limited(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same chunks; ``TooLarge`` once they are more than ``limit`` bytes."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The bytes are more than the limit of {limit}.", limit=limit)
        yield chunk


@contextmanager
def _known_failures() -> Iterator[None]:
    """A full disk becomes ``DiskFull``."""
    try:
        yield
    except OSError as error:
        if ours := known(error):
            raise ours from error
        raise


@contextmanager
def _whole_or_nothing(written: list[Written]) -> Iterator[None]:
    """Removes whatever still lies under a temporary name; a full disk becomes ``DiskFull``."""
    try:
        with _known_failures():
            yield
    finally:
        for w in written:
            if not w.moved:
                Path(w.path).unlink(missing_ok=True)


def store() -> Store:
    """The store that ``MOTHERLODE_STORE`` names."""
    place, home = str(settings.STORE), Path(settings.HOME)
    if "://" not in place:
        return Store(Folder(Path(place)))
    return Store(_remote(place, json.dumps(settings.STORE_OPTIONS), home))


@lru_cache(maxsize=2)
def _remote(url: str, options: str, home: Path) -> Remote:
    """One for each process: it holds connections and threads."""
    return Remote(url, json.loads(options), scratch=home / "tmp", copies=home / "copies")


os.register_at_fork(after_in_child=_remote.cache_clear)
