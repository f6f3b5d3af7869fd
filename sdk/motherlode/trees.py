"""Making a tree of the cache: what comes from the server is written into it and linked from there as a blob.

A tree is made under another name and appears by one rename, when all of it is there. Who makes one holds its lock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from motherlode.cache import Cache, check_bytes, remove_tree
from motherlode.files import force, let_clocks_move, place, state_at, write_new
from motherlode.manifest import Row
from motherlode.seen import write_seen

__all__ = ["Building", "building"]


@contextmanager
def building(cache: Cache, tree: Path, rows: Sequence[tuple[str, Row]]) -> Iterator[Building]:
    """Make `tree` of `rows` (path in the tree, row). Blobs that are put into the building are in the tree then; all
    others must be in the cache at the end."""
    for left in tree.parent.glob(f".{tree.name}.*.part"):  # by who was killed while making it
        shutil.rmtree(left, ignore_errors=True)
    made = Building(cache, tree, rows)
    try:
        yield made
        made.finish()
    finally:
        shutil.rmtree(made.part, ignore_errors=True)


class Building:
    """A tree that is being made, for now in the folder `part`."""

    def __init__(self, cache: Cache, tree: Path, rows: Sequence[tuple[str, Row]]) -> None:
        self.part = tree.with_name(f".{tree.name}.{os.getpid()}.part")
        self._cache = cache
        self._tree = tree
        self._rows = rows
        self._paths = {row.md5: path for path, row in rows}
        self._put: set[str] = set()
        self._links = True  # until one cannot be made
        self._folders: set[str] = set()
        with cache.writing():
            self.part.mkdir(parents=True)

    def put(self, row: Row, data: bytes | memoryview) -> None:
        """Take a small blob: hashed, written into the tree, and only then linked under its name in the cache.

        Where that cannot be, it goes into the cache alone. Raises `NotVerified`, `DiskFull`.
        """
        path = self._paths.get(row.md5)
        if path is None or not self._links or not self._taken(path, row, data):
            self._cache.put(row, data)

    def _taken(self, path: str, row: Row, data: bytes | memoryview) -> bool:
        check_bytes(row, data)
        target, blob = f"{self.part}/{path}", self._cache.path(row.md5)
        self._folder_of(target)
        try:
            self._cache.fresh[row.md5] = write_new(target, data, partial(_link, target, blob))
        except OSError as error:
            # the blob is there, or this disk does not tell two names apart; where links cannot be made none is tried
            self._links = isinstance(error, FileExistsError)
            return self._links and self._cache.has(row)
        self._put.add(path)
        return True

    def _folder_of(self, target: str) -> None:
        folder = target.rpartition("/")[0]
        if folder not in self._folders:
            with self._cache.writing():
                os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)

    def finish(self) -> None:
        """Link what was not put, let the tree appear, and write down what need not be hashed again."""
        with self._cache.writing():
            for path, row in self._rows:
                if path not in self._put:
                    self._add(row.md5, f"{self.part}/{path}")
            remove_tree(self._tree)
            os.replace(self.part, self._tree)
        self._remember()

    def _add(self, oid: str, target: str) -> None:
        """A blob into the tree. What changed it since it was hashed shows in its state: then it is hashed again."""
        self._folder_of(target)
        blob, known = self._cache.path(oid), self._cache.fresh.pop(oid, None)
        before = state_at(blob) if known else None
        place(blob, target)
        after = state_at(target) if known and before == known else None
        if known and after and after[:3] == known[:3]:
            self._cache.fresh[oid] = after

    def _remember(self) -> None:
        """Write down what came from the server just now and is linked, once it is safely on the disk."""
        fresh, self._cache.fresh = self._cache.fresh, {}
        seen = {path: fresh[row.md5] for path, row in self._rows if row.md5 in fresh}
        if seen:
            force(self._cache.root, (self._tree / path for path in seen))
            let_clocks_move(seen.values())
            write_seen(self._tree, seen, whole=len(seen) == len(self._rows))


def _link(target: str, blob: str) -> None:
    try:
        os.link(target, blob)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.makedirs(blob.rpartition("/")[0])
        os.link(target, blob)
