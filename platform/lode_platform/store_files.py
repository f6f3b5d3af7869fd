"""Where the store's bytes lie: what a backend does, and a folder as one. It knows nothing of hashes or rows.

The other one is ``store_remote``: a bucket, or whatever else fsspec reaches.
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
MANY = 16  # files from which on their whole file system is forced to disk at once


class Backend(Protocol):
    """Where bytes lie, by key (parts joined by ``/``). What has been put or committed is whole and durable.

    ``scratch`` names a local file to write before ``commit`` moves it under its key; ``write`` makes a whole one.
    ``local`` gives a file of this machine to read, ``read_many`` small files of known sizes in order, ``signed`` an
    address at which the bytes can be had for so many seconds (None where there is no such thing). ``open``, ``read``,
    ``read_many`` and ``local`` raise ``FileNotFoundError``.
    """

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Writes the bytes under the key; what raises leaves nothing."""
        path = self.scratch()
        try:
            with path.open("xb") as file:
                file.writelines(chunks)
            self.commit([(path, key)])
        finally:
            path.unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO: ...
    def read(self, key: str, most: int) -> bytes | None: ...
    def read_many(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes]: ...
    def local(self, key: str) -> Path: ...
    def size(self, key: str) -> int | None: ...
    def sizes(self, keys: Sequence[str]) -> Sequence[int | None]: ...
    def age(self, key: str) -> float | None: ...
    def list(self, folder: str) -> Iterator[tuple[str, float]]: ...
    def delete(self, *keys: str) -> None: ...
    def scratch(self, name: str = "") -> Path: ...
    def write(self, data: bytes) -> str: ...
    def commit(self, moves: Sequence[tuple[str | Path, str]]) -> None: ...
    def tidy(self, seconds: float) -> int: ...
    def signed(self, key: str, seconds: int, media_type: str, disposition: str) -> str | None: ...


class Folder(Backend):
    """A folder of one file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch: Path | None = None
        self._own, self._number = uuid4().hex, count()
        self._read_only: set[str] = set()

    def scratch(self, name: str = "") -> Path:
        """A name beside the store's files, on their file system: a new one, or ``name``, which a later request finds
        again."""
        if self._scratch is None:
            folder = self.root / "tmp"
            folder.mkdir(parents=True, exist_ok=True)
            self._scratch = folder
        return self._scratch / (name or f"{self._own}-{next(self._number)}")

    def write(self, data: bytes) -> str:
        """Writes the bytes to a new scratch file, read-only, and gives its path; what raises leaves nothing."""
        if self._scratch is None:
            self.scratch()
        path = f"{self._scratch}/{self._own}-{next(self._number)}"
        handle = os.open(path, _NEW, 0o400)
        try:
            if (size := os.write(handle, data)) < len(data):
                _write_all(handle, data[size:])
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(handle)
        self._read_only.add(path)
        return path

    def tidy(self, seconds: float) -> int:
        """Removes temporary files that nobody has written to for so long: what a killed process left, or a sender who
        never went on. Answers how many."""
        old = [key for key, age in self.list("tmp") if age > seconds]
        self.delete(*old)
        return len(old)

    def list(self, folder: str) -> Iterator[tuple[str, float]]:
        """The keys of the files below a folder, sorted, and for how many seconds nobody has written to each."""
        for file in sorted((self.root / folder).rglob("*")):
            with suppress(FileNotFoundError):
                if not file.is_dir():
                    yield file.relative_to(self.root).as_posix(), time.time() - file.stat().st_mtime

    def commit(self, moves: Sequence[tuple[str | Path, str]]) -> None:
        """Forces the files to disk, read-only, moves each under its key, and forces their folders to disk."""
        root, files = str(self.root), [str(path) for path, _ in moves]
        for file in files:
            if file not in self._read_only and os.stat(file).st_mode & 0o222:  # what came in pieces was appended to
                os.chmod(file, 0o400)
        self._sync_all(files)
        folders: set[str] = set()
        for parent in {f"{root}/{key.rpartition('/')[0]}" for _, key in moves}:
            if not os.path.isdir(parent):
                os.makedirs(parent, exist_ok=True)
                folders.update((os.path.dirname(parent), os.path.dirname(os.path.dirname(parent)), root))
            folders.add(parent)
        for file, (_, key) in zip(files, moves, strict=True):
            os.replace(file, f"{root}/{key}")
        self._sync_all(sorted(folders))

    def _sync_all(self, paths: Sequence[str]) -> None:
        """Forces files and folders to disk: many by one call for their whole file system, where the system has it."""
        if len(paths) < MANY or not _sync_file_system(str(self.root)):
            for path in paths:
                _sync(path)

    def open(self, key: str) -> BinaryIO:
        return open(f"{self.root}/{key}", "rb")

    def read(self, key: str, most: int) -> bytes | None:
        """All bytes of a small file, without a file object, which takes longer to make than it to read; None where they
        are more than ``most``."""
        handle = os.open(f"{self.root}/{key}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(handle).st_size
            return os.read(handle, size + 1) if size <= most else None
        finally:
            os.close(handle)

    def read_many(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes]:
        """All bytes of files, in order; each is read when it is asked for. One of another size is not there."""
        for key, size in wanted:
            data = self.read(key, size)
            if data is None or len(data) < size:
                raise FileNotFoundError(key)
            yield data

    def local(self, key: str) -> Path:
        """The file itself."""
        path = self.root / key
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def size(self, key: str) -> int | None:
        """In bytes; None where there is nothing under the key."""
        try:
            return os.stat(f"{self.root}/{key}").st_size
        except FileNotFoundError:
            return None

    def sizes(self, keys: Sequence[str]) -> Sequence[int | None]:
        """That of each, in order."""
        return [self.size(key) for key in keys]

    def age(self, key: str) -> float | None:
        """For how many seconds nobody has written to it; None where there is nothing under the key."""
        try:
            return time.time() - (self.root / key).stat().st_mtime
        except FileNotFoundError:
            return None

    def delete(self, *keys: str) -> None:
        for key in keys:
            (self.root / key).unlink(missing_ok=True)

    def signed(self, key: str, seconds: int, media_type: str, disposition: str) -> str | None:
        """A folder has no addresses."""
        return None


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """What writes to a new file, read-only from the start; a file object takes longer to make than most files to
    write."""
    handle = os.open(path, _NEW, 0o400)
    try:
        yield partial(_write_all, handle)
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file_system(path: str) -> bool:
    """Forces the file system that ``path`` lies on to disk; False where the system has no such call."""
    if not sys.platform.startswith("linux"):
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(handle)
    return True
