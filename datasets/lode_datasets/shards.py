"""The label shards of a version, made from the last version's by replacing the lines that changed.

A shard is a text file of one line an item, sorted by path. Reading the old one and putting a few new lines in gives the
same bytes as writing it from scratch, without asking the database for the labels of everything that stayed.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping

from motherlode.manifest import shard_bits, shard_file, shard_of

__all__ = ["BadShard", "merge", "path_of", "plan", "rewrite"]

_LINE = re.compile(rb'\{"height":\d+,"path":("(?:[^"\\]|\\.)*"),')


class BadShard(ValueError):
    """Bytes in the store that are not a label shard of ours."""


def path_of(line: bytes) -> str:
    """The path that a label line is about."""
    found = _LINE.match(line)
    if found is None:
        raise BadShard(f"not a label line: {line[:80]!r}")
    literal = found[1]
    return str(json.loads(literal)) if b"\\" in literal else literal[1:-1].decode()


def merge(old: bytes, drop: Collection[str], new: Mapping[str, bytes]) -> bytes:
    """The shard ``old`` without the lines of ``drop`` and with those of ``new`` (by path), sorted by path."""
    if not old:
        return b"".join([new[path] for path in sorted(new)])
    lines = old.splitlines(keepends=True)
    changed = sorted({*drop, *new})
    if len(changed) * 8 > len(lines):
        by_path = {path_of(line): line for line in lines}
        for path in changed:
            by_path.pop(path, None)
        by_path.update(new)
        return b"".join([by_path[path] for path in sorted(by_path)])
    for path in changed:  # few: found by halving, so that the lines that stay are not even read
        at = bisect_left(lines, path, key=path_of)
        there = at < len(lines) and path_of(lines[at]) == path
        lines[at : at + there] = [new[path]] if path in new else []
    return b"".join(lines)


def plan(items: int, items_before: int, touched: Collection[str]) -> list[int]:
    """The shards to write in a version of ``items`` items: those of ``touched`` paths, or all where their number moves.

    ``items_before`` is 0 for a first version.
    """
    bits = shard_bits(items)
    if not items_before or bits != shard_bits(items_before):
        return list(range(1 << bits))
    return sorted({shard_of(path, bits) for path in touched})


def rewrite(
    shard: int,
    items: int,
    items_before: int,
    read: Callable[[str], bytes],
    drop: Collection[str],
    new: Mapping[str, bytes],
) -> bytes:
    """The bytes of one shard; ``read`` gives an old one by its tracked path, ``drop`` and ``new`` are of this shard."""
    bits = shard_bits(items)
    if not items_before:
        return merge(b"", drop, new)
    before = shard_bits(items_before)
    if before == bits:
        return merge(read(shard_file(shard, bits)), drop, new)
    return merge(b"".join(_lines_of(shard, bits, before, read)), drop, new)


def _lines_of(shard: int, bits: int, before: int, read: Callable[[str], bytes]) -> Iterator[bytes]:
    """The old lines that belong to ``shard`` now that a version has ``2**bits`` shards, not ``2**before``."""
    if before > bits:
        joined = range(shard << (before - bits), (shard + 1) << (before - bits))
        lines = [line for old in joined for line in read(shard_file(old, before)).splitlines(keepends=True)]
        yield from sorted(lines, key=path_of)  # each was sorted, but not one after the other
        return
    for line in read(shard_file(shard >> (bits - before), before)).splitlines(keepends=True):
        if shard_of(path_of(line), bits) == shard:
            yield line
