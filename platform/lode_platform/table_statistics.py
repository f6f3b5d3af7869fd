"""What the database knows of its tables' sizes, by which it plans: renewed after bulk writes, here and nowhere else.

A plan made for an empty table loops over a full one. PostgreSQL looks again by itself after a minute or so, SQLite
never does. PostgreSQL is told to look at once at which pages hold only rows that everybody sees, too: until then no
count is read from an index alone, and a million rows take it four times as long.
"""

import logging
from collections import Counter

from django.db import DatabaseError, connection, models, transaction

log = logging.getLogger(__name__)

FEWEST = 1000
"""Rows written to a table before it is looked at."""
SAMPLE = 1000
"""Rows of an index that SQLite looks at: some milliseconds, however long the table."""

LEFT_OVER = 10
"""A table is looked at again at the end of a job, where the job wrote more than this share of its rows since."""

_written: Counter[str] = Counter()
_counted: Counter[str] = Counter()


def wrote(rows: int, *tables: type[models.Model]) -> None:
    """Says that about so many rows were written to each of these models' tables.

    Their statistics are renewed once twice as many rows were written as when this process last had them renewed: a
    plan hangs on a table's order of magnitude, and renewing them makes each connection read the schema again. Inside a
    transaction that happens after it has committed. A database that is busy keeps the statistics it has.
    """
    if rows <= 0:
        return
    stale = []
    for model in tables:
        table = model._meta.db_table
        _written[table] += rows
        if _written[table] >= max(FEWEST, _counted[table]):
            _counted[table] += _written.pop(table)
            stale.append(table)
    if stale:
        transaction.on_commit(lambda: renew(stale), robust=True)


def settle() -> None:
    """Renews the statistics of tables that this process wrote many rows to since it last had them renewed: at the end
    of a job, so that the first page after it is planned by what there is. Does nothing inside a transaction."""
    if connection.in_atomic_block:
        return
    stale = [table for table, rows in list(_written.items()) if rows >= max(FEWEST, _counted[table] // LEFT_OVER)]
    for table in stale:
        _counted[table] += _written.pop(table)
    if stale:
        renew(stale)


def renew(tables: list[str]) -> None:
    """Renews the statistics of these tables now; not for inside a transaction."""
    quoted = [connection.ops.quote_name(table) for table in tables]
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                verb = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE FALSE)"
                cursor.execute(f"{verb} {', '.join(quoted)}")
                return
            cursor.execute(f"PRAGMA analysis_limit = {SAMPLE}")
            for table in quoted:
                cursor.execute(f"ANALYZE {table}")
            # Other connections read statistics together with the schema, so the schema is changed and changed back.
            with transaction.atomic():
                cursor.execute("CREATE VIEW statistics_are_new AS SELECT 1")
                cursor.execute("DROP VIEW statistics_are_new")
    except DatabaseError as error:
        log.warning("The statistics of %s were not renewed: %s", ", ".join(tables), error)
