"""Worlds that take long to build: built by the first test of a process that wants them, brought back for the others.

A world is rows and files. Every test begins with the tables as migrations leave them and with an empty state folder, so
what a build adds to both is all there is to bring back.
"""

import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection, transaction

World = TypeVar("World")
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Kept:
    world: Any
    rows: Rows
    files: Path


_kept: dict[str, Kept] = {}


def kept(name: str, home: Path, folder: Callable[[str], Path], build: Callable[[], World]) -> World:
    """What ``build`` makes in an empty database and an empty ``home``; ``folder`` makes one that outlives the test.

    The answer is the caller's own: a copy, where the world was built before.
    """
    known = _kept.get(name)
    if known is None:
        before = _rows()
        world = build()
        files = folder(name)
        shutil.copytree(home, files, dirs_exist_ok=True)
        _kept[name] = Kept(deepcopy(world), _added(before, _rows()), files)
        return world
    shutil.copytree(known.files, home, dirs_exist_ok=True)
    with transaction.atomic(), connection.cursor() as cursor:  # keys are checked when all rows are there
        for table, (columns, rows) in known.rows.items():
            names, places = ", ".join(map(connection.ops.quote_name, columns)), ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
    world = deepcopy(known.world)
    assert isinstance(world, type(known.world))
    return world


def _rows() -> Rows:
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = ([column[0] for column in cursor.description], cursor.fetchall())
    return found


def _added(before: Rows, after: Rows) -> Rows:
    added: Rows = {}
    for table, (columns, rows) in after.items():
        had = {repr(row) for row in before[table][1]}
        if new := [row for row in rows if repr(row) not in had]:
            added[table] = (columns, new)
    return added
