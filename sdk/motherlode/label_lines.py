"""The label lines of a pinned version, each read when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from motherlode.forms import Said
from motherlode.manifest import Row

if TYPE_CHECKING:
    from motherlode.snapshots import Snapshot

__all__ = ["Lines"]


class Lines:
    """The label lines of a version by the items' places in its columns; files of labels are read as they are needed.

    `counts` says how many things are said of each item.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.form = snapshot.form
        self.columns = snapshot.columns
        self.counts = self.columns.counts
        self._snapshot = snapshot
        self._data: list[bytes | None] = [None] * len(self.columns.files)

    @property
    def classes(self) -> Mapping[int, str]:
        """The label of each class id."""
        return self._snapshot.classes

    @property
    def metadata_kinds(self) -> Mapping[str, str]:
        """The kinds of the items' own fields that the version carries."""
        return self._snapshot.metadata_kinds

    def line(self, at: int) -> bytes:
        """An item's line, without its newline. Raises `NotVerified`."""
        columns = self.columns
        number = columns.file_of[at]
        data = self._data[number]
        if data is None:
            data = self._data[number] = self._read(columns.files[number])
        return data[columns.starts[at] : columns.ends[at]]

    def _read(self, row: Row) -> bytes:
        cache = self._snapshot.cache
        self._snapshot.remote.bring([row], row.path)
        blob = cache.blob(row.md5)
        return cache.read(row, self.columns.sources.get(blob.relative_to(cache.root).as_posix()))

    def said(self, at: int) -> Said:
        """What an item's line says. Raises `BadManifest`."""
        columns = self.columns
        return self.form.said(self.line(at), f"{columns.files[columns.file_of[at]].path}: {columns.paths[at]}")

    def split(self, at: int) -> str:
        """An item's split."""
        return self.columns.splits[self.columns.split_of[at]]
