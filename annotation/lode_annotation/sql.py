"""Raw statements that read and write alike on SQLite and PostgreSQL: for the paths whose statements are counted."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

Row = tuple[Any, ...]
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class PreparedCursor(psycopg.Cursor[Row]):
    """PostgreSQL plans a statement once for each connection: planning was more than half of its work for a round."""

    def execute(self, query: Any, params: Any = None, **_options: Any) -> Self:
        return super().execute(query, params, prepare=True)


def rows(statement: str, parameters: Sequence[Any]) -> list[Row]:
    """Runs one statement and gives all it returns; ``UUID`` and ``datetime`` parameters are put as the database
    keeps them."""
    with _cursor() as cursor:
        cursor.execute(statement, [put(value) for value in parameters])
        return list(cursor.fetchall()) if cursor.description else []


def row(statement: str, parameters: Sequence[Any]) -> Row | None:
    """The first row of ``rows``."""
    found = rows(statement, parameters)
    return found[0] if found else None


def change(statement: str, parameters: Sequence[Any]) -> int:
    """Runs one statement that returns nothing and answers how many rows it touched."""
    with _cursor() as cursor:
        cursor.execute(statement, [put(value) for value in parameters])
        return int(cursor.rowcount)


def _cursor() -> CursorWrapper:
    """One whose statements are prepared, on PostgreSQL; Django's own, where a log wants them with their values."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    prepared: Any = PreparedCursor(connection.connection)
    return connection.make_cursor(prepared)


def put(value: Any) -> Any:
    """A parameter as the database keeps it."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def uuid(value: Any) -> UUID:
    """A UUID column's value."""
    return value if isinstance(value, UUID) else UUID(value)


def when(value: Any) -> datetime | None:
    """A timestamp column's value, in UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def loads(value: Any) -> Any:
    """A JSON column's value, null as None."""
    return json.loads(value) if isinstance(value, str) else value


def text(value: Any) -> str:
    """A JSON column's value as JSON text."""
    return value if isinstance(value, str) else json.dumps(value)


def dumps(value: Any) -> str:
    """A value for a JSON column. Raises ValueError for what no database keeps: NaN, infinities, NUL characters and
    halves of surrogate pairs."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    if "\\u0000" in text and NUL.search(text):
        raise ValueError("a NUL character")
    return text


def marks(values: Sequence[Any]) -> str:
    """Placeholders for ``IN (...)``; ``NULL`` for none, which nothing equals."""
    return ", ".join(["%s"] * len(values)) if values else "NULL"


def locking(clause: str) -> str:
    """A locking clause where the database has row locks; SQLite's writers are alone already."""
    return clause if connection.features.has_select_for_update_skip_locked else ""


def held_item(item: str) -> str:
    """A common table expression ``held`` that locks a row of items until the transaction ends; ``item`` is its key's
    SQL. Whoever writes an item's label sets holds it, after the places of a task and before anything else of it."""
    return f"held AS (SELECT id FROM platform_item WHERE id = {item}{locking(' FOR NO KEY UPDATE')})"
