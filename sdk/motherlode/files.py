"""Files of the cache: hashed, linked, forced to disk, and known again by their state."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import md5, sha256
from pathlib import Path

__all__ = ["State", "force", "hash_file", "let_clocks_move", "place", "sha256_of", "state_at", "state_of", "write_new"]

CHUNK = 1 << 20
RACY_NS = 50_000_000
INODES = (1 << 63) - 1

State = list[int]
"""Inode, size, mtime and ctime of a file."""


def hash_file(path: Path) -> tuple[str, str, int]:
    """md5, sha256 and size of a file, read once."""
    one, two, size = md5(usedforsecurity=False), sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            one.update(chunk)
            two.update(chunk)
            size += len(chunk)
    return one.hexdigest(), two.hexdigest(), size


def sha256_of(path: str) -> str:
    """The sha256 of a file."""
    digest = sha256()
    with open(path, "rb", buffering=0) as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_new(path: str, data: bytes | memoryview, named: Callable[[], object] | None = None) -> State:
    """Write a new file, which is read only; its state once `named` has given it another name. A failure leaves none of
    it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o444)
    try:
        try:
            done = os.write(handle, data)
            while done < len(data):
                done += os.write(handle, memoryview(data)[done:])
            if named is not None:
                named()
            return state_of(os.fstat(handle))
        finally:
            os.close(handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def place(blob: str | Path, target: str | Path) -> None:
    """Let `target` be the blob: a hard link, or a read-only copy where links do not work."""
    try:
        os.link(blob, target)
    except OSError:
        shutil.copyfile(blob, target)
        os.chmod(target, 0o444)


def force(root: Path, paths: Iterable[str | Path]) -> None:
    """Force what was written to disk: the whole file system at once where the system can, else file by file."""
    with suppress(OSError):
        if sys.platform == "linux":
            handle = os.open(root, os.O_RDONLY)
            try:
                import ctypes  # only who writes waits for its import

                if ctypes.CDLL(None).syncfs(handle) == 0:
                    return
            finally:
                os.close(handle)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_sync, paths))


def _sync(path: str | Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())


def let_clocks_move(states: Iterable[State]) -> None:
    """Wait until a change of these files would give them another ctime."""
    left = RACY_NS - (time.time_ns() - max((state[3] for state in states), default=0))
    if 0 < left <= RACY_NS:
        time.sleep(left / 1e9)


def state_at(path: str) -> State | None:
    """What a file is like now; None where there is none."""
    try:
        return state_of(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def state_of(stat: os.stat_result) -> State:
    """What of a file's status shows a change."""
    return [stat.st_ino & INODES, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
