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

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha256

__all__ = ["BUCKET", "leaf_of", "place_of", "root"]

BUCKET = 16
SIZE = 32


def place_of(path: str) -> bytes:
    """Where a path's leaf lies in the tree, 32 bytes."""
    return sha256(path.encode()).digest()


def leaf_of(line: bytes) -> bytes:
    """A line's leaf, 32 bytes. The line comes without its newline."""
    return sha256(line).digest()


def root(leaves: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The root, 32 bytes, of leaves given as (place, leaf) in any order; no place may come twice (ValueError)."""
    rows = sorted(leaves)
    places = [place for place, _ in rows]
    if any(here == after for here, after in zip(places, places[1:], strict=False)):
        raise ValueError("a path stands twice in one set of lines")
    return _node(places, [leaf for _, leaf in rows], 0, len(rows), 0)


def _node(places: Sequence[bytes], leaves: Sequence[bytes], start: int, end: int, depth: int) -> bytes:
    """The node of the leaves `start` to `end`, whose places share their first `depth` groups of four bits."""
    if end - start <= BUCKET:
        return sha256(b"\x00" + b"".join(leaves[start:end])).digest()
    node = sha256(b"\x01")
    head, half = places[start][: depth // 2], places[start][depth // 2] & 0xF0 if depth % 2 else 0
    below = start
    for bits in range(16):
        above = end if bits == 15 else bisect_left(places, _prefix(head, half, bits + 1, depth), below, end)
        node.update(_node(places, leaves, below, above, depth + 1) if above > below else bytes(SIZE))
        below = above
    return node.digest()


def _prefix(head: bytes, half: int, bits: int, depth: int) -> bytes:
    """The least place whose group of four bits number `depth` is `bits`, after the groups of `head` and `half`."""
    return head + bytes([half | bits if depth % 2 else bits << 4])
