"""Names, and columns of numbers about them, kept in a file below the cache: a second look parses nothing.

One line is the sha-256 of the rest, one a JSON object, then follow the names and the numbers.
"""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = ["Kept", "read_kept", "write_kept"]

DIGEST = 65  # bytes of the first line


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file holds: names, columns of numbers, and the JSON object that was written with them."""

    names: list[str]
    columns: list[array[Any]]
    head: Mapping[str, Any]


def write_kept(file: Path, kept: Kept) -> None:
    """Keep it, where that can be written; a name with a line's end in it keeps all from it."""
    names = "\n".join(kept.names).encode()
    if kept.names and names.count(b"\n") != len(kept.names) - 1:
        return
    columns = [[column.typecode, column.itemsize, len(column)] for column in kept.columns]
    layout = {"order": sys.byteorder, "names": [len(kept.names), len(names)], "columns": columns}
    head = json.dumps({"layout": layout, **kept.head}).encode()
    rest = b"".join([head, b"\n", names, *(column.tobytes() for column in kept.columns)])
    part = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        part.write_bytes(sha256(rest).hexdigest().encode() + b"\n" + rest)
        os.replace(part, file)
    except OSError:
        with suppress(OSError):
            part.unlink()


def read_kept(file: Path, same: Mapping[str, Any]) -> Kept | None:
    """What was kept; None where there is nothing, or nothing that is whole, of this machine and says the `same`."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    view = memoryview(data)
    if len(data) < DIGEST or sha256(view[DIGEST:]).hexdigest().encode() != data[: DIGEST - 1]:
        return None
    end = data.index(b"\n", DIGEST)
    head = json.loads(data[DIGEST:end])
    layout = head.pop("layout", None)
    if layout is None or layout["order"] != sys.byteorder or {key: head.get(key) for key in same} != same:
        return None
    count, size = layout["names"]
    at = end + 1 + size
    names = data[end + 1 : at].decode().split("\n") if count else []
    columns = []
    for typecode, itemsize, length in layout["columns"]:
        column: array[Any] = array(typecode)
        if column.itemsize != itemsize:
            return None
        column.frombytes(view[at : at + length * itemsize])
        at += length * itemsize
        columns.append(column)
    return Kept(names, columns, head)
