"""Rows whose column holds one of many values, in one parameter of the statement, however many they are.

Django's ``in`` looks at each value half a dozen times and gives each a parameter of its own, of which SQLite takes only
so many: to ask for a thousand rows takes longer than to read them.
"""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup
from django.db.models.sql.compiler import SQLCompiler

Value = str | int | UUID


class _Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        values: tuple[Value, ...] = self.rhs
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*parameters, list(values))
        listed = json.dumps([value.hex if isinstance(value, UUID) else value for value in values])
        return f"{column} IN (SELECT value FROM json_each(%s))", (*parameters, listed)


def among(field: str, values: Iterable[Value]) -> "Lookup[Any]":
    """A condition for ``filter``: ``field``, of texts, whole numbers, uuids or keys, holds one of ``values``."""
    return _Among(F(field), tuple(values))
