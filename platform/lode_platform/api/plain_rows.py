"""Many plain rows, checked by one quick look; whatever is out of the ordinary is checked by the shape itself."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

Check = Callable[[Any], bool]


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
        fields = self.child.fields  # type: ignore[union-attr]
        checks = {name: _check(field) for name, field in fields.items()}
        defaults = {name: field.default for name, field in fields.items() if not field.required}
        rows: list[dict[str, Any]] = []
        for row in data:
            if type(row) is not dict or not row.keys() <= checks.keys():
                return None
            if len(row) < len(checks) and not row.keys() >= checks.keys() - defaults.keys():
                return None
            made = dict(row)
            for name, check in checks.items():
                if name not in row:
                    default = defaults[name]
                    made[name] = default() if callable(default) else default
                elif not check(row[name]):
                    return None
                elif check is _is_uuid:
                    made[name] = UUID(row[name])
            rows.append(made)
        return rows

    def are_plain(self, data: Any) -> bool:
        """Whether ``data`` is taken as it is; it is remembered for ``run_validation``, which comes next."""
        self._plain = self.plain(data)
        return self._plain is not None

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self._plain if self._plain is not None else super().run_validation(data)


def _check(field: serializers.Field[Any, Any, Any, Any]) -> Check:
    if isinstance(field, serializers.CharField):
        most = field.max_length or 0

        def is_text(value: Any) -> bool:
            return type(value) is str and 0 < len(value) <= most and value.isprintable() and value == value.strip()

        return is_text
    if isinstance(field, serializers.UUIDField):
        return _is_uuid
    if isinstance(field, serializers.IntegerField):
        least = field.min_value or 0
        return lambda value: type(value) is int and least <= value < 1 << 63
    return _never


def _is_uuid(value: Any) -> bool:
    if type(value) is not str or len(value) != 36 or value[8] + value[13] + value[18] + value[23] != "----":
        return False
    return value.replace("-", "").isascii() and _is_hex(value)


def _is_hex(value: str) -> bool:
    try:
        int(value.replace("-", ""), 16)
    except ValueError:
        return False
    return "_" not in value


def _never(_value: Any) -> bool:
    return False


def plain_names(fields: Mapping[str, Any], data: Mapping[str, Any]) -> set[str]:
    """The names of those ``fields`` whose rows in ``data`` are plain: nothing more need be checked of them."""
    return {name for name, field in fields.items() if isinstance(field, PlainRows) and field.are_plain(data.get(name))}
