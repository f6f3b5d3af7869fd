"""What is looked up in a version again and again, as columns in one file, so that a second look parses nothing.

Made from a version's verified files, and good while those files have the state (inode, size and times) in which they
were hashed. One line is the sha-256 of the rest, one a JSON object, then follow the paths and the numbers.
"""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from motherlode.files import State
from motherlode.forms.form import Form, Read, Sets
from motherlode.lock import Pin
from motherlode.manifest import Row
from motherlode.shapes import SHAPES

__all__ = ["Columns", "of_sets", "read_columns", "write_columns"]

NUMBER = 2
"""The number of this file's own layout; each change of it is another."""


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
    arrays = [sys.byteorder, array("I").itemsize, array("Q").itemsize]
    return {"arrays": arrays, "digest": pin.digest, "index": pin.index, "kinds": sorted(SHAPES), "number": NUMBER}


def write_columns(file: Path, pin: Pin, columns: Columns) -> None:
    """Keep columns, where that can be written; a path with a line's end in it keeps them from it."""
    text = "\n".join(columns.paths)
    if columns.paths and text.count("\n") != len(columns.paths) - 1:
        return
    paths = text.encode()
    numbers = (columns.split_of, columns.file_of, columns.starts, columns.ends, columns.counts)
    head = {
        **_made_for(pin),
        "items": len(columns.paths),
        "paths": len(paths),
        "splits": columns.splits,
        "files": columns.files,
        "format": columns.number,
        "sources": columns.sources,
    }
    rest = b"".join([json.dumps(head).encode(), b"\n", paths, *(column.tobytes() for column in numbers)])
    part = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        part.write_bytes(sha256(rest).hexdigest().encode() + b"\n" + rest)
        os.replace(part, file)
    except OSError:
        with suppress(OSError):
            part.unlink()


def read_columns(file: Path, pin: Pin) -> Columns | None:
    """What was kept of this version; None where there is nothing, or nothing that is whole."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    view = memoryview(data)
    if len(data) < 65 or sha256(view[65:]).hexdigest().encode() != data[:64]:
        return None
    end = data.find(b"\n", 65)
    head = json.loads(data[65:end])
    if {key: head.get(key) for key in _made_for(pin)} != _made_for(pin):
        return None
    at = end + 1 + head["paths"]
    text = data[end + 1 : at].decode()
    made = []
    for kind in "IIQQI":
        column = array(kind)
        size = head["items"] * column.itemsize
        column.frombytes(view[at : at + size])
        made.append(column)
        at += size
    return Columns(
        paths=text.split("\n") if head["items"] else [],
        splits=head["splits"],
        split_of=made[0],
        files=[Row(*row) for row in head["files"]],
        file_of=made[1],
        starts=made[2],
        ends=made[3],
        counts=made[4],
        number=head["format"],
        sources=head["sources"],
    )
