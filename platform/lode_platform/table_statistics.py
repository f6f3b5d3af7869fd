"""What the database knows of its tables' sizes, by which it plans: renewed after bulk writes, here and nowhere else.

A plan made for an empty table loops over a full one. PostgreSQL looks again by itself after a minute or so, SQLite
never does.
"""

import logging
from collections import Counter

from django.db import DatabaseError, connection, models, transaction

log = logging.getLogger(__name__)

FEWEST = 1000
"""Rows written to a table before it is looked at."""
SAMPLE = 1000
"""Rows of an index that SQLite looks at: some milliseconds, however long the table."""

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


def renew(tables: list[str]) -> None:
    """Renews the statistics of these tables now; not for inside a transaction."""
    quoted = [connection.ops.quote_name(table) for table in tables]
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"ANALYZE {', '.join(quoted)}")
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
