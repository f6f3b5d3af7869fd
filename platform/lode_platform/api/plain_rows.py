"""Many plain rows, checked by one quick look; whatever is out of the ordinary is checked by the shape itself."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from rest_framework import serializers

Check = Callable[[list[Any]], bool]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class PlainRows(serializers.ListSerializer[Any]):
    """A list of rows that hold texts, whole numbers and uuids, as an import sends them by the thousand.

    REST framework takes a tenth of a millisecond for a row. Rows that can only be right, and that the slow way would
    leave as they are, are taken as they are; if one of them is not so, all are checked in the slow way, which says what
    is wrong.
    """

    _plain: list[dict[str, Any]] | None = None

    def plain(self, data: Any) -> list[dict[str, Any]] | None:
        """The checked rows, None where the slow way has to look at them."""
        most: int | None = self.max_length  # type: ignore[attr-defined]
        if type(data) is not list or (most is not None and len(data) > most):
            return None
        if not {dict}.issuperset(map(type, data)):
            return None
        fields = self.child.fields  # type: ignore[union-attr]
        if not fields.keys() >= set().union(*data):
            return None
        rows = list(map(dict.copy, data))
        for name, field in fields.items():
            values = [row[name] for row in data if name in row]
            if not _check(field)(values):
                return None
            if len(values) < len(data):
                if field.required:
                    return None
                default = field.default
                for row in rows:
                    if name not in row:
                        row[name] = default() if callable(default) else default
            if isinstance(field, serializers.UUIDField):
                for row in rows:
                    if type(row[name]) is str:
                        row[name] = UUID(row[name])
        return rows

    def are_plain(self, data: Any) -> bool:
        """Whether ``data`` is taken as it is; it is remembered for ``run_validation``, which comes next."""
        self._plain = self.plain(data)
        return self._plain is not None

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self._plain if self._plain is not None else super().run_validation(data)


def _check(field: serializers.Field[Any, Any, Any, Any]) -> Check:
    """What says whether all values of a field can only be right."""
    if isinstance(field, serializers.CharField):
        return partial(_are_texts, field.max_length or 0)
    if isinstance(field, serializers.UUIDField):
        return _are_uuids
    if isinstance(field, serializers.IntegerField):
        return partial(_are_numbers, field.min_value or 0)
    return _are_none


def _are_texts(most: int, values: list[Any]) -> bool:
    if not {str}.issuperset(map(type, values)) or not all(map(str.isprintable, values)):
        return False
    return all(0 < size <= most for size in set(map(len, values))) and [*map(str.strip, values)] == values


def _are_numbers(least: int, values: list[Any]) -> bool:
    return {int}.issuperset(map(type, values)) and (not values or least <= min(values) <= max(values) < 1 << 63)


def _are_uuids(values: list[Any]) -> bool:
    return {str}.issuperset(map(type, values)) and all(map(_UUID.fullmatch, values))


def _are_none(values: list[Any]) -> bool:
    return not values


def plain_names(fields: Mapping[str, Any], data: Mapping[str, Any]) -> set[str]:
    """The names of those ``fields`` whose rows in ``data`` are plain: nothing more need be checked of them."""
    return {name for name, field in fields.items() if isinstance(field, PlainRows) and field.are_plain(data.get(name))}
