"""Runs the rooms' raw statements, which read and write alike on SQLite and PostgreSQL.

A room's statements stand in its ``statements`` module. Parameters are named, and a row comes back as the `NamedTuple`
that the statement asks for: a field annotated with ``Uuid``, ``Time``, ``Json`` ... is converted, a field that is a
`NamedTuple` itself takes as many columns as it has fields.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self, TypeAlias, TypeVar, cast, get_type_hints
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

Columns = tuple[Any, ...]
Parameters = Mapping[str, Any]
Row = TypeVar("Row", bound=Columns)
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class PreparedCursor(psycopg.Cursor[Columns]):
    """PostgreSQL plans a statement once for each connection: planning was more than half of its work for a round."""

    def execute(self, query: Any, params: Any = None, **_options: Any) -> Self:
        return super().execute(query, params, prepare=True)


# -- the values of columns ---------------------------------------------------------------------------------------------


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return cast(datetime, moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)


def _loads(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


Uuid: TypeAlias = Annotated[UUID, _uuid]
Time: TypeAlias = Annotated[datetime, _time]
Flag: TypeAlias = Annotated[bool, bool]
Json: TypeAlias = Annotated[Any, _loads]
JsonText: TypeAlias = Annotated[str, _text]
MaybeUuid: TypeAlias = Annotated[UUID | None, _uuid]
MaybeTime: TypeAlias = Annotated[datetime | None, _time]


def dumps(value: Any) -> str:
    """A value for a JSON column. Raises ValueError for what no database keeps: NaN, infinities, NUL characters and
    halves of surrogate pairs."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode()
    if "\\u0000" in text and NUL.search(text):
        raise ValueError("a NUL character")
    return text


# -- statements --------------------------------------------------------------------------------------------------------


def rows(kind: type[Row], statement: str, parameters: Parameters) -> list[Row]:
    """All rows of one statement; ``UUID`` and ``datetime`` parameters are put as the database keeps them."""
    with _cursor() as cursor:
        cursor.execute(statement, {name: _put(value) for name, value in parameters.items()})
        return [_read(kind, iter(columns)) for columns in cursor.fetchall()]


def first(kind: type[Row], statement: str, parameters: Parameters) -> Row | None:
    """The first row of one statement."""
    found = rows(kind, statement, parameters)
    return found[0] if found else None


def change(statement: str, parameters: Parameters) -> int:
    """Runs one statement that returns nothing and answers how many rows it touched."""
    with _cursor() as cursor:
        cursor.execute(statement, {name: _put(value) for name, value in parameters.items()})
        return int(cursor.rowcount)


def one_of(name: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """What stands in ``IN (...)`` for these values, and their parameters; ``NULL`` for none, which nothing equals."""
    parameters = {f"{name}_{number}": value for number, value in enumerate(values)}
    return ", ".join(f"%({key})s" for key in parameters) or "NULL", parameters


def locking(clause: str) -> str:
    """A locking clause where the database has row locks; SQLite's writers are alone already."""
    return clause if connection.features.has_select_for_update_skip_locked else ""


@contextmanager
def rows_by_index() -> Iterator[None]:
    """Within it PostgreSQL looks the rows of a short list up one by one, in indexes that are mostly in memory, where it
    would otherwise read the whole of another table."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL random_page_cost = 0.1")
        yield


def _cursor() -> CursorWrapper:
    """One whose statements are prepared, on PostgreSQL; Django's own, where a log wants them with their values."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    prepared: Any = PreparedCursor(connection.connection)
    return connection.make_cursor(prepared)


def _put(value: Any) -> Any:
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


@cache
def _fields(kind: type[Columns]) -> tuple[tuple[type[Columns] | None, Callable[[Any], Any] | None], ...]:
    """Of each field of a `NamedTuple`: the row that it is, or how its column is converted."""
    fields: list[tuple[type[Columns] | None, Callable[[Any], Any] | None]] = []
    for hint in get_type_hints(kind, include_extras=True).values():
        nested = hint if isinstance(hint, type) and issubclass(hint, tuple) else None
        fields.append((nested, next(iter(getattr(hint, "__metadata__", ())), None)))
    return tuple(fields)


def _read(kind: type[Row], columns: Iterator[Any]) -> Row:
    values = []
    for nested, convert in _fields(kind):
        if nested is not None:
            values.append(_read(nested, columns))
            continue
        value = next(columns)
        values.append(value if convert is None or value is None else convert(value))
    return cast(Row, cast(Any, kind)(*values))
