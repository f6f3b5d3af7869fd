"""Migrations under a lock: of several processes that start on one database, one brings it up to date, the rest wait.

On PostgreSQL the lock is the database's own, so that it holds across machines; on SQLite it is a file beside the
database.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

LOCK = 0x10DE


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Held by one process of this machine at a time; a process that dies lets it go."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def database_lock(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Held by one process of all that use the database at a time; the others wait."""
    connection = connections[alias]
    if connection.vendor == "sqlite":
        with file_lock(Path(f"{connection.settings_dict['NAME']}.migrating")):
            yield
        return
    # A transaction on a connection of its own: it outlives the migrations' transactions, and a pooler that gives each
    # transaction a server keeps the lock with it.
    keeper = connection.copy()
    try:
        keeper.set_autocommit(False)
        with keeper.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
    finally:
        keeper.close()


def is_behind(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether the database lacks a migration."""
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
