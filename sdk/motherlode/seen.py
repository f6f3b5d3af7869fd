"""What of a tree was hashed and found right: the names of its files and their states."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path

from motherlode.files import State, state_of
from motherlode.kept_columns import Kept, read_kept, write_kept

__all__ = ["Seen", "read_seen", "seen_file", "write_seen"]

FIELDS = 4  # of a state
_state = attrgetter("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


@dataclass(slots=True)
class Seen:
    """Files by name with their states, one after the other; `whole` says that it is all of the tree, and right."""

    names: list[str] = field(default_factory=list)
    states: array[int] = field(default_factory=lambda: array("q"))
    whole: bool = False

    def by_name(self) -> dict[str, State]:
        """The state of each file."""
        numbers = self.states.tolist()
        return {name: numbers[at : at + FIELDS] for name, at in zip(self.names, _steps(len(numbers)), strict=True)}

    def still_is(self, tree: Path, blobs: str) -> bool:
        """Whether every file has the state that it had; a name that begins with `//` is that of a blob by its md5."""
        folder = None
        try:
            # a name below an open folder is found sooner than a whole path
            if os.stat in os.supports_dir_fd and not any(map(_is_blob, self.names)):
                folder = os.open(tree, os.O_RDONLY)
                found = map(partial(os.stat, dir_fd=folder), self.names)
            else:
                root = f"{tree}/"
                found = map(os.stat, [_blob_of(name, blobs) if _is_blob(name) else root + name for name in self.names])
            return array("q", chain.from_iterable(map(_state, found))) == self.states
        except OverflowError:  # inodes of more than 63 bits, which `state_of` cuts
            root = f"{tree}/"
            return all(
                state_of(os.stat(_blob_of(name, blobs) if _is_blob(name) else root + name)) == state
                for name, state in self.by_name().items()
            )
        except (FileNotFoundError, NotADirectoryError):
            return False
        finally:
            if folder is not None:
                os.close(folder)


def _is_blob(name: str) -> bool:
    return name[:2] == "//"


def _blob_of(name: str, blobs: str) -> str:
    return f"{blobs}{name[2:4]}/{name[4:]}"


def _steps(length: int) -> Iterator[int]:
    return iter(range(0, length, FIELDS))


def seen_file(tree: Path) -> Path:
    """Where it is kept what of a tree was found right."""
    return tree.with_name(f"{tree.name}.seen")


def read_seen(tree: Path) -> Seen:
    """What was found right before; nothing where the file is gone or not one of ours."""
    kept = read_kept(seen_file(tree), {})
    return Seen() if kept is None else Seen(kept.names, kept.columns[0], kept.head["whole"])


def write_seen(tree: Path, seen: Mapping[str, State], *, whole: bool) -> None:
    """Remember what was found right, where that can be written: without it all is hashed again next time."""
    states = array("q", chain.from_iterable(seen.values()))
    write_kept(seen_file(tree), Kept([*seen], [states], {"whole": whole}))
