"""Which items a version has, by path, so that a page of them under any filter is a slice of arrays.

`Rows` are items in the order of their paths: the key of each one's entry, its split, its path, and for each class the
places of the items that show it. A version has those of a base, less some, and some that came since (`Members`); so
what a version keeps follows what changed. No database here.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["BadMembers", "Chosen", "Gathering", "Items", "Members", "Rows", "Wanted", "dump", "load"]

Array: TypeAlias = npt.NDArray[Any]

EMPTY = -1  # the class of items of which somebody said that nothing is there
MOST_STALE = 8  # a new base is due where more than this share of it changed
FREQUENT = 20_000
SLACK = 4096  # changes that never ask for one
MAGIC = b"members 1\n"
ALIGNED = 64


class BadMembers(ValueError):
    """Bytes that `dump` did not write."""


class Items(NamedTuple):
    """Items of a version as columns: the key of each one's entry, its path, its split, and the classes that are said of
    it (None: unlabelled)."""

    entries: Sequence[int]
    paths: Sequence[str]
    splits: Sequence[str]
    classes: Sequence[Sequence[int] | None]


@dataclass(frozen=True)
class Wanted:
    """A filter: items of a split, that show a class, of which nothing is said to be there, whose path has a text."""

    split: str = ""
    class_id: int | None = None
    empty: bool = False
    text: str = ""


@dataclass(frozen=True)
class Rows:
    """Items by path. ``names`` are the splits that ``splits`` counts; ``paths`` has a NUL after each; the places of the
    n-th of ``classes`` are ``places`` from the n-th of ``starts`` to the next."""

    names: list[str]
    entries: Array
    splits: Array
    paths: Array
    classes: Array
    starts: Array
    places: Array

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def lines(self) -> list[bytes]:
        """The paths."""
        return self.paths.tobytes().split(b"\0")[:-1]

    def chosen(self, wanted: Wanted) -> Array:
        """The places of the items that a filter takes, in order."""
        found: Array | None = None if wanted.class_id is None else self._of(wanted.class_id)
        if wanted.empty:
            found = self._both(found, self._of(EMPTY))
        if wanted.text:
            found = self._both(found, self._with(wanted.text))
        if found is None and not wanted.split:
            return np.arange(len(self), dtype=np.uint32)
        if wanted.split:
            code = self.names.index(wanted.split) if wanted.split in self.names else -1
            splits = self.splits if found is None else self.splits[found]
            hits = np.flatnonzero(splits == code)
            found = hits if found is None else found[hits]
        assert found is not None
        return found

    def _of(self, class_id: int) -> Array:
        at = int(np.searchsorted(self.classes, class_id))
        if at == len(self.classes) or self.classes[at] != class_id:
            return np.empty(0, np.uint32)
        return self.places[self.starts[at] : self.starts[at + 1]]

    def _with(self, text: str) -> Array:
        wanted = text.lower()
        if not wanted.isascii():
            lines = self.paths.tobytes().decode().lower().split("\0")[:-1]
            return np.array([at for at, line in enumerate(lines) if wanted in line], np.uint32)
        data, ends = self.paths.tobytes().lower(), np.flatnonzero(self.paths == 0)
        return np.unique(np.searchsorted(ends, _places_of(wanted.encode(), data)))

    @staticmethod
    def _both(one: Array | None, other: Array) -> Array:
        return other if one is None else np.intersect1d(one, other, assume_unique=True)

    def taken(self, order: Array) -> Rows:
        """The rows at these places, in this order, which is that of their paths."""
        lines = self.lines
        moved = np.full(len(self), -1, np.int64)
        moved[order] = np.arange(len(order))
        places = moved[self.places]
        kept = places >= 0
        classes = np.repeat(self.classes, np.diff(self.starts))[kept]
        return _rows(
            self.names,
            self.entries[order],
            self.splits[order],
            [lines[at] for at in order.tolist()],
            classes,
            places[kept],
        )

    def and_(self, more: Rows) -> Rows:
        """These and more, by path."""
        names = list(dict.fromkeys([*self.names, *more.names]))
        codes = np.array([names.index(name) for name in more.names] or [0], np.uint16)
        lines = [*self.lines, *more.lines]
        both = _rows(
            names,
            np.concatenate([self.entries, more.entries]),
            np.concatenate([self.splits, codes[more.splits]]),
            lines,
            np.concatenate([np.repeat(rows.classes, np.diff(rows.starts)) for rows in (self, more)]),
            np.concatenate([self.places, more.places.astype(np.int64) + len(self)]),
        )
        return both.taken(np.array(sorted(range(len(lines)), key=lines.__getitem__), np.int64))

    def arrays(self) -> dict[str, Array]:
        """The arrays by name, as `dump` takes them."""
        return {name: getattr(self, name) for name in ("entries", "splits", "paths", "classes", "starts", "places")}


def _rows(
    names: Sequence[str], entries: Array, splits: Array, lines: Sequence[bytes], classes: Array, places: Array
) -> Rows:
    """Rows of which each of ``places`` shows the class beside it; one that shows it twice is counted once."""
    both = np.unique((classes.astype(np.int64) << 32) | places.astype(np.int64))
    there, starts = np.unique(both >> 32, return_index=True)
    paths = np.frombuffer(b"".join([line + b"\0" for line in lines]), np.uint8)
    return Rows(
        list(names),
        entries.astype(np.int64),
        splits.astype(np.uint16),
        paths,
        there.astype(np.int32),
        np.append(starts, len(both)).astype(np.int64),
        (both & 0xFFFFFFFF).astype(np.uint32),
    )


def _places_of(needle: bytes, data: bytes) -> Array:
    """Where a text stands in the bytes; once at least for each line that has it. A frequent one is looked for
    everywhere at once."""
    found: list[int] = []
    at = data.find(needle)
    while at >= 0 and len(found) < FREQUENT:
        found.append(at)
        at = data.find(needle, data.index(b"\0", at))
    if at < 0:
        return np.array(found, np.int64)
    row = np.frombuffer(data, np.uint8)
    width = len(row) - len(needle) + 1
    hits = row[:width] == needle[0]
    for place, byte in enumerate(needle[1:], start=1):
        hits &= row[place : place + width] == byte
    return np.flatnonzero(hits)


class Gathering:
    """Rows on their way, in the order of their paths."""

    def __init__(self) -> None:
        self._codes: defaultdict[str, int] = defaultdict(count().__next__)
        self._count = 0
        self._parts: list[tuple[Array, ...]] = []
        self._lines: list[bytes] = []

    def add(self, items: Items) -> None:
        """Takes the next items."""
        said = [() if one is None else one or (EMPTY,) for one in items.classes]
        after = self._count + len(said)
        self._parts.append(
            (
                np.array(items.entries, np.int64),
                np.array([self._codes[split] for split in items.splits], np.uint16),
                np.fromiter(chain.from_iterable(said), np.int32),
                np.repeat(np.arange(self._count, after), [*map(len, said)]),
            )
        )
        self._lines += [path.encode() for path in items.paths]
        self._count = after

    def rows(self) -> Rows:
        """All of them."""
        none = (np.empty(0, np.int64), np.empty(0, np.uint16), np.empty(0, np.int32), np.empty(0, np.int64))
        entries, splits, classes, places = map(np.concatenate, zip(none, *self._parts, strict=True))
        return _rows([*self._codes], entries, splits, self._lines, classes, places)


def _sorted(items: Items) -> Rows:
    order = sorted(range(len(items.paths)), key=items.paths.__getitem__)
    gathering = Gathering()
    gathering.add(
        Items(
            [items.entries[at] for at in order],
            [items.paths[at] for at in order],
            [items.splits[at] for at in order],
            [items.classes[at] for at in order],
        )
    )
    return gathering.rows()


@dataclass(frozen=True)
class Chosen:
    """The items of a version that a filter takes, by path: counted, and cut into pages."""

    members: Members
    base: Array
    came: Array

    def __len__(self) -> int:
        return len(self.base) + len(self.came)

    @cached_property
    def _ranks(self) -> Array:
        """How many stand before each of those that came."""
        return np.searchsorted(self.base, self.members.at[self.came]) + np.arange(len(self.came))

    def entries(self, start: int, stop: int) -> list[int]:
        """The keys of the entries from one place to another."""
        stop = min(stop, len(self))
        first, last = np.searchsorted(self._ranks, [start, stop])
        found = np.empty(max(stop - start, 0), np.int64)
        is_old = np.ones(len(found), bool)
        is_old[self._ranks[first:last] - start] = False
        found[~is_old] = self.members.came.entries[self.came[first:last]]
        found[is_old] = self.members.base.entries[self.base[start - first : stop - last]]
        return [int(key) for key in found]


@dataclass(frozen=True)
class Members:
    """The items of a version: those of a ``base`` but for the places ``gone``, and those that ``came``, each before the
    item of the base whose place ``at`` says. ``name`` is the base's, "" of one that has none yet."""

    base: Rows
    name: str = ""
    gone: Array = field(default_factory=lambda: np.empty(0, np.uint32))
    came: Rows = field(default_factory=lambda: Gathering().rows())
    at: Array = field(default_factory=lambda: np.empty(0, np.uint32))

    def __len__(self) -> int:
        return len(self.base) - len(self.gone) + len(self.came)

    def chosen(self, wanted: Wanted) -> Chosen:
        """Those that a filter takes."""
        base = self.base.chosen(wanted)
        if len(self.gone):
            base = base[self._held[base]]
        return Chosen(self, base, self.came.chosen(wanted))

    @property
    def _held(self) -> Array:
        held = np.ones(len(self.base), bool)
        held[self.gone] = False
        return held

    def changed(self, ended: Items, began: Items) -> Members:
        """The next version's: without the items whose entries ``ended``, with those whose entries ``began``."""
        over = np.array(ended.entries, np.int64)
        hits = np.flatnonzero(np.isin(self.base.entries, over))
        gone = np.union1d(self.gone, hits).astype(np.uint32)
        came = self.came.taken(np.flatnonzero(~np.isin(self.came.entries, over))).and_(_sorted(began))
        known = dict(zip(self.came.lines, self.at.tolist(), strict=True))
        places = dict(zip(self.base.entries[hits].tolist(), hits.tolist(), strict=True))
        for entry, path in zip(ended.entries, ended.paths, strict=True):
            if entry in places:
                known[path.encode()] = places[entry]
        for line in [line for line in came.lines if line not in known]:
            known[line] = bisect_left(self.base.lines, line)
        made = Members(self.base, self.name, gone, came, np.array([known[line] for line in came.lines], np.uint32))
        stale = len(gone) + len(came)
        return Members(made.whole()) if stale > SLACK and stale * MOST_STALE > len(self.base) else made

    def whole(self) -> Rows:
        """All as one base."""
        return self.base.taken(np.flatnonzero(self._held)).and_(self.came)


# -- as bytes --------------------------------------------------------------------------------------------------------


def dump(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> Iterator[bytes]:
    """Facts and arrays as bytes, in pieces; `load` reads them."""
    shapes = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    head = MAGIC + json.dumps({**facts, "arrays": shapes}).encode() + b"\n"
    yield head + b" " * (-len(head) % ALIGNED)
    for array in arrays.values():
        yield np.ascontiguousarray(array).tobytes()
        yield bytes(-array.nbytes % ALIGNED)


def load(file: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """What `dump` wrote; the arrays are read from the disk where they are looked at. Raises `BadMembers`."""
    with file.open("rb") as read:
        if read.readline() != MAGIC:
            raise BadMembers("not the members of a version")
        try:
            facts = json.loads(read.readline())
            at, arrays = read.tell(), {}
            for name, dtype, count in facts["arrays"]:
                at += -at % ALIGNED
                kind = np.dtype(dtype)
                empty = np.empty(0, kind)
                arrays[name] = np.memmap(file, kind, "r", at, (count,)) if count else empty
                at += count * kind.itemsize
        except (ValueError, KeyError, TypeError) as error:
            raise BadMembers("the members of a version are not as they were written") from error
    return facts, arrays
