"""One digest for a set of lines, whatever order and files they lie in.

Each line is named by its path. The lines of a set are the leaves of a tree, which follows from them alone:

- a leaf is the sha-256 of the line's bytes, without its newline; its place is the sha-256 of its path;
- a node of at most `BUCKET` leaves is the sha-256 of a byte 0 and the leaves, 32 bytes each, in the order of their
  places;
- a larger node has sixteen children, by the next four bits of the place, the highest first; it is the sha-256 of a
  byte 1 and the children, 32 bytes each, 32 zero bytes for one without leaves.

So two sets with equal lines have one root, and where two nodes are equal nothing below them differs. A line begins with
a brace and a node's bytes with 0 or 1, so that none can be taken for the other.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from operator import eq
from typing import BinaryIO, TypeAlias
from zlib import crc32

__all__ = ["BUCKET", "BadTrees", "Gathered", "Leaves", "Trees", "leaf_of", "place_of", "root", "roots"]

BUCKET = 16
SIZE = 32
NOTHING = bytes(SIZE)

Leaves: TypeAlias = tuple[bytes, ...]
"""The leaves of one place, 32 bytes each, one for each set."""


def place_of(path: str) -> bytes:
    """Where a path's leaf lies in the tree, 32 bytes."""
    return sha256(path.encode()).digest()


def leaf_of(line: bytes) -> bytes:
    """A line's leaf, 32 bytes. The line comes without its newline."""
    return sha256(line).digest()


def root(leaves: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The root, 32 bytes, of leaves given as (place, leaf) in any order; no place may come twice (ValueError)."""
    rows = list(leaves)
    [found] = roots([place for place, _ in rows], [[leaf for _, leaf in rows]])
    return found


def roots(places: Sequence[bytes], sets: Iterable[Sequence[bytes]]) -> list[bytes]:
    """The root of each of several sets with the same places, its leaves in their order; the places are sorted once.

    Raises `ValueError` for a place that stands twice, and for a set with another number of leaves than of places.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    ordered = [places[at] for at in order]
    if any(map(eq, ordered, islice(ordered, 1, None))):
        raise ValueError("a path stands twice in one set of lines")
    keys = _Keys(b"".join(ordered))
    made = []
    for leaves in sets:
        if len(leaves) != len(order):
            raise ValueError(f"{len(leaves)} leaves of {len(order)} places")
        made += keys.nodes([b"".join([leaves[at] for at in order])], 0, len(order), 0)
    return made


class _Keys:
    """The places of some leaves, sorted, 32 bytes each in one row; what cuts their leaves into nodes.

    Leaves come as one row of bytes too, so that those of a node are one slice of it.
    """

    def __init__(self, places: bytes) -> None:
        self._places = places
        self._bytes: dict[int, bytes] = {}

    def nodes(self, sets: Sequence[bytes], start: int, end: int, depth: int) -> list[bytes]:
        """Of each set the node of its leaves `start` to `end`, whose places share their first `depth` groups of four
        bits."""
        if end - start <= BUCKET:
            low, high = SIZE * start, SIZE * end
            return [sha256(b"\x00" + leaves[low:high]).digest() for leaves in sets]
        at = depth // 2
        keys = self._bytes.get(at)
        if keys is None:
            keys = self._bytes[at] = self._places[at::SIZE]
        first, step = (keys[start] & 0xF0, 1) if depth % 2 else (0, 16)
        children, nothing, below = [], [NOTHING] * len(sets), start
        for bits in range(16):
            above = end if bits == 15 else bisect_left(keys, first + (bits + 1) * step, below, end)
            children.append(self.nodes(sets, below, above, depth + 1) if above > below else nothing)
            below = above
        return [sha256(b"\x01" + b"".join(one)).digest() for one in zip(*children, strict=True)]


# Kept between versions

KEPT = 256  # leaves below a node that is kept, on average
DEEPEST = 4
WHOLE, CHANGED = b"trees 2\n", b"change 1\n"


class BadTrees(ValueError):
    """Bytes that `Trees` did not write, or not these."""


class Trees:
    """The trees of several sets of lines that have the same paths, so that a change costs what it touches.

    All leaves are held as bytes, in the nodes of one `depth`, whose hashes are held too: a change sorts and hashes the
    nodes that it touches, and those above them. `root` gives the same 32 bytes from the leaves alone. Such a part is
    rows of 32 bytes one after the other: its places, sorted, then its leaves in each set, in the order of their places.
    """

    def __init__(self, sets: int, expected: int = 0) -> None:
        """Empty trees of so many `sets`, laid out for the `expected` number of places."""
        self.sets = sets
        self.depth = next(depth for depth in range(DEEPEST + 1) if depth == DEEPEST or 16**depth * KEPT >= expected)
        self._stride = SIZE * (1 + sets)
        self._parts: list[bytes] = [b""] * 16**self.depth
        self._nodes = [_Keys(b"").nodes([b""], 0, 0, self.depth) * len(self._parts) for _ in range(sets)]
        self._fresh: dict[bytes, bytes] = {}  # changed since they were read or written, by place
        self.stale = 0
        """How many records `dump_changes` has written since all was written: many of them are dearer than all."""

    def __len__(self) -> int:
        """The number of places."""
        return sum(map(len, self._parts)) // self._stride

    @classmethod
    def build(cls, sets: int, rows: Iterable[tuple[bytes, Leaves]], expected: int) -> Trees:
        """The trees of (place, leaves) in any order, read once; `stale` as a whole, for nothing of them is written.
        Raises ValueError where a place comes twice."""
        gathered = Gathered(sets, expected)
        for place, leaves in rows:
            gathered.add(place, leaves)
        made = gathered.trees()
        made.stale = len(made)
        return made

    def get(self, place: bytes) -> Leaves | None:
        """The leaves of a place, None where there are none."""
        part = self._parts[self._part_of(place)]
        at, there = self._find(part, place)
        return self._leaves(part, at) if there else None

    def update(self, changes: Mapping[bytes, Leaves | None]) -> None:
        """Put the leaves of places, new or changed; None takes a place away."""
        touched: dict[int, dict[bytes, bytes]] = {}
        for place, leaves in changes.items():
            record = b"" if leaves is None else place + b"".join(leaves)
            touched.setdefault(self._part_of(place), {})[place] = record
            self._fresh[place] = record or place + bytes(self._stride - SIZE)
        for number, rows in touched.items():
            self._hash(number, self._put(number, rows))

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The root of each set, 32 bytes."""
        counts = [len(part) // self._stride for part in self._parts]
        sums = [0]
        for count in counts:
            sums.append(sums[-1] + count)
        return tuple(self._above(of, 0, len(counts), 0, sums) for of in range(self.sets))

    def _above(self, of: int, start: int, end: int, depth: int, sums: Sequence[int]) -> bytes:
        """The node of a set over the parts `start` to `end`."""
        if depth == self.depth:
            return self._nodes[of][start]
        if sums[end] - sums[start] <= BUCKET:
            return sha256(b"\x00" + b"".join([self._column(part, of) for part in self._parts[start:end]])).digest()
        node, step = sha256(b"\x01"), (end - start) // 16
        for below in range(start, end, step):
            empty = sums[below + step] == sums[below]
            node.update(NOTHING if empty else self._above(of, below, below + step, depth + 1, sums))
        return node.digest()

    # as bytes

    def dump(self) -> Iterator[bytes]:
        """All of it as bytes, in pieces; `load` reads them."""
        sizes = array("I", [len(part) // self._stride for part in self._parts])
        if sys.byteorder == "big":
            sizes.byteswap()
        head = WHOLE + bytes([self.sets, self.depth]) + sizes.tobytes() + self._hashes()
        yield head
        check = crc32(head)
        for part in self._parts:
            check = crc32(part, check)
            yield part
        yield check.to_bytes(4, "big")
        self._fresh, self.stale = {}, 0

    def dump_changes(self) -> bytes:
        """What was changed since it was read or written, as bytes."""
        head = CHANGED + bytes([self.sets, self.depth]) + self._hashes()
        body = head + b"".join([self._fresh[place] for place in sorted(self._fresh)])
        self.stale += len(self._fresh)
        self._fresh = {}
        return body + crc32(body).to_bytes(4, "big")

    @classmethod
    def load(cls, whole: BinaryIO, changes: Iterable[bytes] = ()) -> Trees:
        """Read what `dump` wrote and all that `dump_changes` wrote after it, in order. Raises `BadTrees`."""
        head = whole.read(len(WHOLE) + 2)
        if not head.startswith(WHOLE) or len(head) != len(WHOLE) + 2 or head[-1] > DEEPEST:
            raise BadTrees("not the trees of a version")
        made = cls(head[-2])
        made._lay_out(head[-1])
        sizes, raw = array("I"), whole.read(4 * len(made._parts))
        hashes = whole.read(made.sets * len(made._parts) * SIZE)
        check = crc32(hashes, crc32(raw, crc32(head)))
        sizes.frombytes(raw[: len(raw) // 4 * 4])
        if sys.byteorder == "big":
            sizes.byteswap()
        if len(sizes) != len(made._parts):
            raise BadTrees("the trees of a version end too early")
        for number, size in enumerate(sizes):
            made._parts[number] = whole.read(size * made._stride)
            check = crc32(made._parts[number], check)
        if whole.read(5) != check.to_bytes(4, "big"):
            raise BadTrees("the trees of a version are not as they were written")
        made._take_hashes(hashes)
        touched: dict[int, dict[bytes, bytes]] = {}
        for change in changes:
            made._read(change, touched)
        for number, rows in touched.items():
            made._put(number, rows)
        return made

    def _read(self, data: bytes, touched: dict[int, dict[bytes, bytes]]) -> None:
        """What `dump_changes` wrote: its records over those read before, by part and place, and its hashes."""
        head = CHANGED + bytes([self.sets, self.depth])
        start = len(head) + self.sets * len(self._parts) * SIZE
        if data[: len(head)] != head or len(data) < start + 4 or (len(data) - start - 4) % self._stride:
            raise BadTrees("not a change of these trees")
        if crc32(data[:-4]).to_bytes(4, "big") != data[-4:]:
            raise BadTrees("a change of the trees is not as it was written")
        gone, stride = bytes(self._stride - SIZE), self._stride
        for at in range(start, len(data) - 4, stride):
            record = data[at : at + stride]
            place = record[:SIZE]
            self.stale += 1
            touched.setdefault(self._part_of(place), {})[place] = b"" if record[SIZE:] == gone else record
        self._take_hashes(data[len(head) : start])

    # within

    def _lay_out(self, depth: int) -> None:
        self.depth = depth
        self._parts = [b""] * 16**depth

    def _hashes(self) -> bytes:
        return b"".join([b"".join(nodes) for nodes in self._nodes])

    def _take_hashes(self, data: bytes) -> None:
        width = len(self._parts) * SIZE
        sets = [data[start : start + width] for start in range(0, self.sets * width, width)]
        self._nodes = [[row[at : at + SIZE] for at in range(0, width, SIZE)] for row in sets]

    def _part_of(self, place: bytes) -> int:
        return int.from_bytes(place[:2], "big") >> (16 - 4 * self.depth)

    def _find(self, part: bytes, place: bytes) -> tuple[int, bool]:
        """Where a place stands in a part, or would stand; and whether it is there."""
        low, high = 0, len(part) // self._stride
        count = high
        while low < high:
            middle = (low + high) // 2
            if part[middle * SIZE : middle * SIZE + SIZE] < place:
                low = middle + 1
            else:
                high = middle
        return low, low < count and part[low * SIZE : low * SIZE + SIZE] == place

    def _leaves(self, part: bytes, at: int) -> Leaves:
        row = len(part) // (1 + self.sets)
        starts = range(row + at * SIZE, len(part), row)
        return tuple([part[start : start + SIZE] for start in starts])

    def _column(self, part: bytes, of: int) -> bytes:
        """A part's leaves in a set."""
        row = len(part) // (1 + self.sets)
        return part[(1 + of) * row : (2 + of) * row]

    def _put(self, number: int, rows: Mapping[bytes, bytes]) -> set[int]:
        """Put records (a place and its leaves) by place into a part (empty: none now); the sets whose node may have
        changed."""
        part, row = self._parts[number], len(self._parts[number]) // (1 + self.sets)
        edits = [(*self._find(part, place), record) for place, record in sorted(rows.items())]
        columns: list[bytes] = []
        moved: set[int] = set()
        for column in range(1 + self.sets):
            pieces: list[bytes] = []
            start, done = column * row, 0
            for at, there, record in edits:
                leaf = record[column * SIZE : column * SIZE + SIZE]
                pieces += (part[start + done * SIZE : start + at * SIZE], leaf)
                done = at + there
                if there and record and leaf != part[start + at * SIZE : start + done * SIZE]:
                    moved.add(column - 1)
            columns += [*pieces, part[start + done * SIZE : start + row]]
        self._parts[number] = b"".join(columns)
        shifted = any(there != bool(record) for _at, there, record in edits)
        return set(range(self.sets)) if shifted else moved

    def _part(self, records: Sequence[bytes]) -> bytes:
        """A part of sorted records."""
        starts = range(0, self._stride, SIZE)
        return b"".join([b"".join([record[at : at + SIZE] for record in records]) for at in starts])

    def _hash(self, number: int, sets: Collection[int]) -> None:
        part = self._parts[number]
        count = len(part) // self._stride
        columns = [self._column(part, of) for of in sets]
        nodes = _Keys(part[: count * SIZE]).nodes(columns, 0, count, self.depth)
        for of, node in zip(sets, nodes, strict=True):
            self._nodes[of][number] = node


class Gathered:
    """Leaves on their way into new `Trees`, in any order; held as bytes, so that a million of them fit into memory."""

    def __init__(self, sets: int, expected: int) -> None:
        """For so many `sets`, laid out for the `expected` number of places."""
        self._trees = Trees(sets, expected)
        self._parts = [bytearray() for _ in self._trees._parts]
        self._shift = 16 - 4 * self._trees.depth

    def add(self, place: bytes, leaves: Leaves) -> None:
        """Take the leaves of a place."""
        self._parts[(place[0] << 8 | place[1]) >> self._shift] += b"".join((place, *leaves))

    def add_lines(self, paths: Iterable[str], sets: Iterable[Iterable[bytes]]) -> None:
        """Take the lines of many paths, those of each set in the order of the paths."""
        leaves = [[sha256(line).digest() for line in lines] for lines in sets]
        places = [sha256(path.encode()).digest() for path in paths]
        for record in zip(places, *leaves, strict=True):
            first, second = record[0][:2]
            self._parts[(first << 8 | second) >> self._shift] += b"".join(record)

    def trees(self) -> Trees:
        """The trees; nothing can be added afterwards. Raises ValueError where a place came twice."""
        made, stride = self._trees, self._trees._stride
        for number, part in enumerate(self._parts):
            records = sorted([bytes(part[at : at + stride]) for at in range(0, len(part), stride)])
            if any(here[:SIZE] == after[:SIZE] for here, after in zip(records, records[1:], strict=False)):
                raise ValueError("a path stands twice in one set of lines")
            self._parts[number] = bytearray()
            made._parts[number] = made._part(records)
            made._hash(number, range(made.sets))
        return made
