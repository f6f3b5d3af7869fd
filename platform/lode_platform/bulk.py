"""Many rows in one statement: a prepared INSERT run over them on SQLite, one INSERT over arrays on PostgreSQL.

Written past the ORM's instances, whose making takes longer than the database's work. Every column that is not named
gets one value for all rows: the field's default, or now; the database gives its own.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.utils import timezone

from lode_platform import table_statistics


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: dict[str, Any] | None = None,
    ignore_conflicts: bool = False,
) -> None:
    """Inserts ``rows``, values of the fields ``columns`` (attribute names: ``blob_id``) each, in their order.

    ``same`` are values that all rows have. JSON is given as its text. Rows that stand in the way of a unique constraint
    raise ``IntegrityError``, or are passed over with ``ignore_conflicts``. Call it in a transaction. Once enough was
    written the table's statistics are renewed (`table_statistics`).
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    given = [fields[name] for name in columns]
    left = {name: field for name, field in fields.items() if name not in columns and not field.primary_key}
    shared = {name: field for name, field in left.items() if name in (same or {}) or not field.has_db_default()}
    values = [_shared(field, (same or {})) for field in shared.values()]
    prepared = _prepared(given, rows)
    if not prepared:
        return
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in [*given, *shared.values()])
    head = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({names})"
    tail = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_type(field)}[]" for field in given)
            constants = "".join(f", %s::{_type(field)}" for field in shared.values())
            listed = [list(column) for column in zip(*prepared, strict=True)]
            statement = f"{head} SELECT row.*{constants} FROM unnest({arrays}) AS row{tail}"  # noqa: S608
            cursor.execute(statement, [*values, *listed])
        else:
            marks = ", ".join(["%s"] * (len(given) + len(shared)))
            cursor.executemany(f"{head} VALUES ({marks}){tail}", [(*row, *values) for row in prepared])
    table_statistics.wrote(len(prepared), model)


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Gives rows new values of the fields ``columns``: each of ``rows`` is a primary key, then those values. Call it in
    a transaction."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    given = [fields[name] for name in columns]
    prepared = [(*row[1:], row[0]) for row in rows]
    if not prepared:
        return
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(str(field.column))} = %s" for field in given)
    key = quote(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {key} = %s", prepared)  # noqa: S608


def _type(field: "models.Field[Any, Any]") -> str:
    """The column's type without a length: a cast would cut what is too long, the column refuses it."""
    return str(field.db_type(connection)).partition("(")[0]


def _shared(field: "models.Field[Any, Any]", same: dict[str, Any]) -> Any:
    """The one value of all rows, as the database keeps it."""
    if field.attname in same:
        value = same[field.attname]
    elif getattr(field, "auto_now_add", False):
        value = timezone.now()
    else:
        value = field.get_default()
    return field.get_db_prep_save(value, connection)


def _prepared(fields: Sequence["models.Field[Any, Any]"], rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """The rows with each value as the database keeps it."""
    uuids = [place for place, field in enumerate(fields) if isinstance(field, models.UUIDField)]
    if not uuids or connection.features.has_native_uuid_field:
        return list(rows)
    prepared: list[Sequence[Any]] = []
    for row in rows:
        kept = list(row)
        for place in uuids:
            kept[place] = kept[place].hex
        prepared.append(kept)
    return prepared
