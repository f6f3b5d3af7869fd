"""Lines stored by change: a base, and layers of the lines that changed after it.

The items, labels and splits of a dataset are sets of JSON lines, one for each path. A version does not write all of a
set again: it adds a **layer** with the lines that are new or other than before, and `{"path": ..., "removed": true}`
for those that are gone. Read in the order of their names the files give the set: of two lines with one path the later
one holds.

Two rules keep reading cheap, and follow from the numbers of lines alone, so that a repository can be made again to the
same bytes:

- where more than a quarter of all stored lines would be superseded (and more than `SLACK`), the version writes a new
  **base**, in files of `BASE_LINES` lines, and earlier files are not part of it;
- `FAN` neighbouring layers of one rank become one of the next rank, written with the version that completes them; so
  there are at most `FAN - 1` layers of each rank.

A file's name says which versions it speaks of: `v000001-base-00000.jsonl` is the first file of the base that version 1
wrote, `v000002.jsonl` the layer of version 2, `v000002-v000009.jsonl` the merged one of versions 2 to 9. All lines are
sorted by path in code point order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

__all__ = [
    "BASE_LINES",
    "FAN",
    "Layer",
    "Plan",
    "Stack",
    "base_file",
    "base_pieces",
    "file_of",
    "files_of",
    "plan",
    "read",
    "removal",
]

BASE_LINES = 4096
FAN = 8
GONE = b',"removed":true}'
SLACK = 1024  # superseded lines that never ask for a new base

Line: TypeAlias = tuple[str, bytes]  # a path and its line, without the newline


@dataclass(frozen=True, slots=True)
class Layer:
    """What changed from version `first` to `last`, in `lines` lines; `rank` says how often layers were merged."""

    first: int
    last: int
    lines: int
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """How a version's set of lines is stored: the version that wrote the base, its lines, and the layers after it."""

    base: int
    base_lines: int
    layers: tuple[Layer, ...] = ()

    @property
    def lines(self) -> int:
        """All lines stored, those superseded among them."""
        return self.base_lines + sum(layer.lines for layer in self.layers)

    def as_json(self) -> dict[str, Any]:
        """The stack as a JSON object."""
        layers = [[layer.first, layer.last, layer.lines, layer.rank] for layer in self.layers]
        return {"base": [self.base, self.base_lines], "layers": layers}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Stack:
        """Read what `as_json` gave."""
        base, lines = row["base"]
        return cls(int(base), int(lines), tuple(Layer(*map(int, layer)) for layer in row["layers"]))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a version writes: all lines as a new base, the lines changed from `first` on as a layer, or nothing."""

    version: int
    base: bool = False
    first: int = 0
    rank: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed, so that the parent's files hold."""
        return not self.base and not self.first

    def after(self, stack: Stack | None, lines: int) -> Stack:
        """How the set is stored once the `lines` lines asked for have been written."""
        if self.base or stack is None:
            return Stack(self.version, lines)
        if self.is_empty:
            return stack
        kept = tuple(layer for layer in stack.layers if layer.last < self.first)
        return Stack(stack.base, stack.base_lines, (*kept, Layer(self.first, self.version, lines, self.rank)))


def plan(stack: Stack | None, version: int, changed: int, held: int) -> Plan:
    """What `version` writes where `changed` lines came, went or changed since its parent, and `held` lines hold now.

    `stack` is how the parent's are stored, None for a first version.
    """
    if stack is None:
        return Plan(version, base=True)
    if not changed:
        return Plan(version)
    stored = stack.lines + changed
    if stored - held > max(SLACK, stored // 4):
        return Plan(version, base=True)
    first, rank = version, 0
    layers = list(stack.layers)
    while len(layers) >= FAN - 1 and all(layer.rank == rank for layer in layers[1 - FAN :]):
        first = layers[1 - FAN].first
        del layers[1 - FAN :]
        rank += 1
    return Plan(version, first=first, rank=rank)


def base_file(version: int, number: int) -> str:
    """The name of a base's file, counted from 0."""
    return f"v{version:06}-base-{number:05}.jsonl"


def file_of(layer: Layer) -> str:
    """The name of a layer's file."""
    return f"v{layer.first:06}.jsonl" if layer.first == layer.last else f"v{layer.first:06}-v{layer.last:06}.jsonl"


def files_of(stack: Stack) -> list[str]:
    """The names of all files that make up the set, in the order in which they are read."""
    count = max(1, -(-stack.base_lines // BASE_LINES))
    return [base_file(stack.base, number) for number in range(count)] + [file_of(layer) for layer in stack.layers]


def base_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A base's files from its lines, sorted by path: at least one, at most `BASE_LINES` lines each."""
    rest = iter(lines)
    piece = list(islice(rest, BASE_LINES))
    while True:
        yield b"".join([line + b"\n" for line in piece])
        piece = list(islice(rest, BASE_LINES))
        if not piece:
            return


def removal(path: str) -> bytes:
    """The line that says that a path is gone."""
    return json.dumps({"path": path, "removed": True}, ensure_ascii=False, separators=(",", ":")).encode()


def read(files: Sequence[Iterable[Line]]) -> dict[str, bytes]:
    """The lines that hold, by path, sorted, from those of each file in the order of `files_of`."""
    held: dict[str, bytes] = {}
    for lines in files:
        held.update(lines)
    gone = {path for path, line in held.items() if line.endswith(GONE) and line == removal(path)}
    return {path: held[path] for path in sorted(held.keys() - gone)}
