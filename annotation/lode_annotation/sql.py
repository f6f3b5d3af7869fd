"""Raw statements that read and write alike on SQLite and PostgreSQL: for the paths whose statements are counted."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

Row = tuple[Any, ...]


def rows(statement: str, parameters: Sequence[Any]) -> list[Row]:
    """Runs one statement and gives all it returns; ``UUID`` and ``datetime`` parameters are put as the database
    keeps them."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [put(value) for value in parameters])
        return list(cursor.fetchall()) if cursor.description else []


def row(statement: str, parameters: Sequence[Any]) -> Row | None:
    """The first row of ``rows``."""
    found = rows(statement, parameters)
    return found[0] if found else None


def change(statement: str, parameters: Sequence[Any]) -> int:
    """Runs one statement that returns nothing and answers how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [put(value) for value in parameters])
        return int(cursor.rowcount)


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
    """A value for a JSON column. Raises ValueError for NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def marks(values: Sequence[Any]) -> str:
    """Placeholders for ``IN (...)``; ``NULL`` for none, which nothing equals."""
    return ", ".join(["%s"] * len(values)) if values else "NULL"


def locking(clause: str) -> str:
    """A locking clause where the database has row locks; SQLite's writers are alone already."""
    return clause if connection.features.has_select_for_update_skip_locked else ""
