"""The client's cache: blobs by content as DVC keeps them, and verified trees of the splits that programs read.

Below the root (`MOTHERLODE_CACHE`, else the user's cache folder)::

    files/md5/ab/cdef...      blobs, 0444, the same layout as DVC's cache and remote
    trees/<digest>/<split>/   a version's items as files, hard links of the blobs (copies where links do not work)
    trees/<digest>/<split>.seen   what was hashed and found right: inode, size and times of each file
    manifests/<sha256>.jsonl  the lists of versions' files, and beside each what was read from them (`.columns`)
    folders/<digest>.json     what an import knows of a folder (`motherlode.importing.known`)
    yanked/<name>.json        what was heard of versions that were taken back (`motherlode.yanking`)
    locks/                    one lock a tree: processes of one machine share one download

A file counts as checked while inode, size, mtime and ctime are what they were when it was hashed; ctime cannot be set
back, so a changed byte shows. A file is hashed no sooner than 50 ms after its last change: clocks are coarse. What this
process hashed as it came from the server is not hashed again while its state stays what writing and linking made it.

Blobs that came are forced to disk all at once, before it is remembered that they are right; after a power cut, what
is not remembered is hashed again. What is whole is read without a lock and without a write, so a cache on a read-only
disk serves what it holds.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path
from threading import get_ident
from typing import IO

from motherlode.errors import DiskFull, Mismatch, NotConfigured, NotVerified
from motherlode.files import State, force, let_clocks_move, sha256_of, state_at, state_of, write_new
from motherlode.manifest import ITEMS, Row
from motherlode.seen import Seen, read_seen, seen_file, write_seen

__all__ = ["Blob", "Cache", "check_bytes", "default_root", "remove_tree"]

CHUNK = 1 << 20
HASHED = 4096  # files on their way through the threads at once
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST})


class Cache:
    """The cache at `root`; nothing is made before it is needed."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()
        self._blobs = f"{self.root}/files/md5/"
        self.fresh: dict[str, State] = {}  # by md5: blobs that this process hashed as it wrote them

    def __reduce__(self) -> tuple[type[Cache], tuple[Path]]:
        return Cache, (self.root,)

    def __repr__(self) -> str:
        return f"Cache({str(self.root)!r})"

    # Blobs

    def blob(self, oid: str) -> Path:
        """Where the blob named by this md5 lies, or would lie."""
        return self.root / "files" / "md5" / oid[:2] / oid[2:]

    def missing(self, rows: Iterable[Row]) -> list[Row]:
        """The rows whose blob is not there with its size, each blob once."""
        wanted = {row.md5: row for row in rows}
        try:
            folders = set(os.listdir(self._blobs))
        except OSError:
            folders = set()
        return [row for oid, row in wanted.items() if oid[:2] not in folders or not self.has(row)]

    def has(self, row: Row) -> bool:
        """Whether the row's blob is there with its size."""
        try:
            return os.stat(self.path(row.md5)).st_size == row.size
        except FileNotFoundError:
            return False

    def path(self, oid: str) -> str:
        """`blob` as a text."""
        return f"{self._blobs}{oid[:2]}/{oid[2:]}"

    def put(self, row: Row, data: bytes | memoryview) -> None:
        """Take a small blob: hashed, then written, and never seen half. Raises `NotVerified`, `DiskFull`."""
        check_bytes(row, data)
        folder, _, name = self.path(row.md5).rpartition("/")
        part = f"{folder}/.{name}.{os.getpid()}.{get_ident()}.part"
        with self.writing():
            try:
                written = write_new(part, data)
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)
                written = write_new(part, data)
            try:
                self.settle(part, row, written[0])
            except BaseException:
                with suppress(OSError):
                    os.unlink(part)
                raise

    def settle(self, part: str | Path, row: Row, inode: int) -> None:
        """Let what was written and hashed appear under its name."""
        target = self.path(row.md5)
        os.replace(part, target)
        found = state_of(os.stat(target))
        if found[0] == inode:
            self.fresh[row.md5] = found

    def read(self, row: Row, seen: State | None = None) -> bytes:
        """A small blob's bytes, hashed before they are handed out unless `seen` is its state. Raises `NotVerified`."""
        path = self.blob(row.md5)
        try:
            with path.open("rb") as stream:
                state = state_of(os.fstat(stream.fileno()))
                data = stream.read()
                if seen is not None and state == seen == state_of(os.fstat(stream.fileno())):
                    return data
        except FileNotFoundError:
            raise NotVerified(
                "a file of the version is gone", [Mismatch(row.path, str(path), row.sha256, "")]
            ) from None
        found = sha256(data).hexdigest()
        if found != row.sha256:
            raise NotVerified("a file of the version was changed", [Mismatch(row.path, str(path), row.sha256, found)])
        return data

    def drop(self, row: Row) -> None:
        """Remove a blob that is not what its name says, so that it is fetched again."""
        with suppress(FileNotFoundError):
            self.blob(row.md5).unlink()

    # Trees

    def tree(self, key: str, split: str) -> Path:
        """The folder of the items of `split` ("all": of the whole version); `key` is the digest's hexadecimal part."""
        return self.root / "trees" / key / split

    def is_whole(self, tree: Path) -> bool:
        """Whether every file of a tree was hashed and found right, and none has changed since.

        A tree's files are links of the blobs; a blob that is replaced or removed changes the state of its link.
        """
        seen = read_seen(tree)
        return seen.whole and seen.still_is(tree, self._blobs)

    def check(
        self,
        tree: Path,
        rows: Sequence[tuple[str, Row]],
        *,
        again: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Mismatch]:
        """The files of `tree` that are not what `rows` (path in the tree, row) says, and blobs of theirs that are not.

        Hashed is what was not seen before, or all of it with `again`; `progress` is told (done, of how many).
        """
        before = Seen() if again else read_seen(tree)
        seen = before.by_name()
        files = list(self._files(tree, rows))
        doubtful = [file for file in files if file.state is None or seen.get(file.key) != file.state]
        right: dict[str, State] = {}
        right |= {file.key: file.state for file in files if file.state and seen.get(file.key) == file.state}
        wrong: list[Mismatch] = []
        let_clocks_move(file.state for file in doubtful if file.state)
        for done, (file, found) in enumerate(zip(doubtful, _hashes(doubtful), strict=True), start=1):
            if found != file.row.sha256:
                wrong.append(Mismatch(file.item, str(file.path), file.row.sha256, found))
            elif file.state is not None:
                right[file.key] = file.state
            if progress is not None:
                progress(done, len(doubtful))
        if right != seen or before.whole is not (not wrong):
            force(self.root, (file.path for file in doubtful))
            write_seen(tree, right, whole=not wrong)
        return wrong

    def _files(self, tree: Path, rows: Sequence[tuple[str, Row]]) -> Iterator[_File]:
        for item, row in rows:
            path = f"{tree}/{item}"
            state = state_at(path)
            yield _File(item, path, row, state, item)
            blob = self.path(row.md5)
            beside = state_at(blob)
            if beside is not None and (state is None or beside[0] != state[0]):
                yield _File(item, blob, row, beside, f"//{row.md5}")

    def forget(self, tree: Path) -> None:
        """Remove a tree; its blobs stay."""
        remove_tree(tree)

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Says in words why the cache cannot be written. Raises `DiskFull`, `NotConfigured`."""
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                words = f"the disk of the cache {self.root} is full: free some space there, or set MOTHERLODE_CACHE"
                raise DiskFull(f"{words} to a folder on another; what has come whole is kept") from error
            if error.errno in CLOSED:
                what = f"the cache {self.root} cannot be written ({error.strerror}) and does not hold what is wanted"
                raise NotConfigured(f"{what}; set MOTHERLODE_CACHE to a folder of yours") from error
            raise

    def is_writable(self) -> bool:
        """Whether files can be made in the cache, where it exists."""
        return os.access(self.root, os.W_OK)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` among all processes of this machine; it falls with the process that holds it.

        Raises `NotConfigured` where the cache cannot be written.
        """
        folder = self.root / "locks"
        from filelock import FileLock  # only who fetches waits for its import

        held = FileLock(folder / f"{name}.lock")
        with self.writing():
            folder.mkdir(parents=True, exist_ok=True)
            held.acquire()
        try:
            yield
        finally:
            held.release()


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be checked: the item it belongs to, what it should be, its state on disk (None: gone)."""

    item: str
    path: str
    row: Row
    state: State | None
    key: str

    def hash(self) -> str:
        return sha256_of(self.path) if self.state is not None else ""


class Blob:
    """A blob on its way into the cache: written under a temporary name, hashed while written, renamed when right.

    With `resume`, what an earlier attempt left behind is hashed and kept: `size` bytes are there already.
    """

    def __init__(self, cache: Cache, row: Row, *, resume: bool = False) -> None:
        self.row = row
        self.size = 0
        self._cache = cache
        self._writing = cache.writing
        self._target = cache.blob(row.md5)
        own = "part" if resume else f"{os.getpid()}.{id(self)}.part"
        self._part = self._target.with_name(f".{self._target.name}.{own}")
        self._md5 = md5(usedforsecurity=False)
        self._sha256 = sha256()
        with self._writing():
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[bytes] | None = self._part.open("r+b" if resume and self._part.exists() else "w+b")
        while held := self._stream.read(CHUNK):
            self._hash(held)

    def _hash(self, data: bytes | memoryview) -> None:
        self._md5.update(data)
        self._sha256.update(data)
        self.size += len(data)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises `DiskFull`."""
        assert self._stream is not None
        with self._writing():
            self._stream.write(data)
        self._hash(data)

    def restart(self) -> None:
        """Forget what is there and begin again."""
        assert self._stream is not None
        self._stream.seek(0)
        self._stream.truncate()
        self._md5, self._sha256, self.size = md5(usedforsecurity=False), sha256(), 0

    def finish(self) -> None:
        """Let the blob appear under its name, or remove it and raise `NotVerified`. Raises `DiskFull`."""
        assert self._stream is not None
        found = self._sha256.hexdigest()
        if (self._md5.hexdigest(), found, self.size) != (self.row.md5, self.row.sha256, self.row.size):
            self.abandon()
            raise _other_bytes(self.row, found, self.size)
        with self._writing():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            inode = state_of(os.fstat(self._stream.fileno()))[0]
            self._stream.close()
            self._stream = None
            os.chmod(self._part, 0o444)
            self._cache.settle(self._part, self.row, inode)

    def leave(self) -> None:
        """Keep what was written for the next attempt; what the disk no longer takes is not kept, and hides no error."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None

    def abandon(self) -> None:
        """Remove what was written, unless it is finished."""
        if self._stream is not None:
            self.leave()
            with suppress(OSError):
                self._part.unlink()


def default_root() -> Path:
    """`MOTHERLODE_CACHE`, else the user's cache folder."""
    given = os.environ.get("MOTHERLODE_CACHE")
    if given:
        return Path(given).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "motherlode" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motherlode"


def _hashes(files: Sequence[_File]) -> Iterator[str]:
    """The sha256 of each file, in order, a few threads at work."""
    if len(files) < 2:
        yield from map(_File.hash, files)
        return
    from concurrent.futures import ThreadPoolExecutor  # whoever hashes nothing does not wait for its import

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for low in range(0, len(files), HASHED):
            some = files[low : low + HASHED]
            for hashes in pool.map(_hash_all, [some[at : at + 32] for at in range(0, len(some), 32)]):
                yield from hashes


def _hash_all(files: Sequence[_File]) -> list[str]:
    return [file.hash() for file in files]


def check_bytes(row: Row, data: bytes | memoryview) -> None:
    """Raise `NotVerified` unless these are the row's bytes, by both hashes."""
    found = sha256(data).hexdigest()
    if (md5(data, usedforsecurity=False).hexdigest(), found, len(data)) != (row.md5, row.sha256, row.size):
        raise _other_bytes(row, found, len(data))


def _other_bytes(row: Row, found: str, size: int) -> NotVerified:
    came = f"as it came, {size} of {row.size} bytes"
    wrong = Mismatch(row.path.removeprefix(ITEMS), came, row.sha256, found)
    return NotVerified("the server sent other bytes than it published", [wrong])


def remove_tree(tree: Path) -> None:
    """Remove a tree and what was remembered of it; others see it whole or not at all."""
    with suppress(FileNotFoundError):
        seen_file(tree).unlink()
    if tree.exists():
        gone = tree.with_name(f".{tree.name}.{os.getpid()}.gone")
        shutil.rmtree(gone, ignore_errors=True)
        os.replace(tree, gone)
        shutil.rmtree(gone, ignore_errors=True)
