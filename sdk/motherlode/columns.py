"""What is looked up in a version again and again, as columns in one file, so that a second look parses nothing.

Made from a version's verified files, and good while those files have the state (inode, size and times) in which they
were hashed.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motherlode.files import State
from motherlode.forms.form import Form, Read, Sets
from motherlode.kept_columns import Kept, read_kept, write_kept
from motherlode.lock import Pin
from motherlode.manifest import Row
from motherlode.shapes import SHAPES

__all__ = ["Columns", "of_sets", "read_columns", "write_columns"]

NUMBER = 4
"""The number of what a file of columns holds; each change of it is another."""


@dataclass(slots=True)
class Columns:
    """The items of a version, sorted by path: their splits, and the place of each one's label line.

    `split_of` and `file_of` are numbers of `splits` and of `files`, which hold the labels; `counts` says how many
    things of known kinds are said of each, `number` is that of the format, as `schema.json` says it. `sources` are the
    files, below the cache's root, that all of it was read from, with their states.
    """

    paths: list[str]
    splits: list[str]
    split_of: array[int]
    files: list[Row]
    file_of: array[int]
    starts: array[int]
    ends: array[int]
    counts: array[int]
    number: int = 0
    sources: dict[str, State] = field(default_factory=dict)


def of_sets(sets: Sets, form: Form, files: Mapping[str, Row], read: Read) -> Columns:
    """The columns of a version's sets, which are of the same items; `files` are its files."""
    splits, labels = sets.splits, sets.labels
    names = sorted(set(splits.values()))
    numbers = {name: number for number, name in enumerate(names)}
    places = [labels.places[path] for path in splits]
    data = [read(name) for name in labels.files]
    count = form.count
    counts = [count(data[file][start:end], labels.files[file]) for file, start, end in places]
    return Columns(
        paths=list(splits),
        splits=names,
        split_of=array("I", [numbers[split] for split in splits.values()]),
        files=[files[name] for name in labels.files],
        file_of=array("I", [file for file, _, _ in places]),
        starts=array("Q", [start for _, start, _ in places]),
        ends=array("Q", [end for _, _, end in places]),
        counts=array("I", counts),
    )


def _made_for(pin: Pin) -> dict[str, Any]:
    """What must be the same where columns are read again."""
    return {"digest": pin.digest, "index": pin.index, "kinds": sorted(SHAPES), "number": NUMBER}


def write_columns(file: Path, pin: Pin, columns: Columns) -> None:
    """Keep columns, where that can be written."""
    head = {
        **_made_for(pin),
        "splits": columns.splits,
        "files": columns.files,
        "format": columns.number,
        "sources": columns.sources,
    }
    numbers = [columns.split_of, columns.file_of, columns.starts, columns.ends, columns.counts]
    write_kept(file, Kept(columns.paths, numbers, head))


def read_columns(file: Path, pin: Pin) -> Columns | None:
    """What was kept of this version; None where there is nothing, or nothing that is whole."""
    kept = read_kept(file, _made_for(pin))
    if kept is None:
        return None
    split_of, file_of, starts, ends, counts = kept.columns
    return Columns(
        paths=kept.names,
        splits=kept.head["splits"],
        split_of=split_of,
        files=[Row(*row) for row in kept.head["files"]],
        file_of=file_of,
        starts=starts,
        ends=ends,
        counts=counts,
        number=kept.head["format"],
        sources=kept.head["sources"],
    )
