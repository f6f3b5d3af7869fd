"""The items' own fields that a version carries: their kinds, and their values as Python's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from motherlode.manifest import canonical

__all__ = ["Metadata", "as_text", "kinds_in", "plain", "values_of"]


class Metadata(dict[str, Any]):
    """An item's fields by name, all those that its version carries: a text, a number, a bool, or a `date` (a `datetime`
    where it says a time), and None where the item has no value.

    A field that the version does not carry raises KeyError, which names those that it does.
    """

    def __missing__(self, name: str) -> Any:
        there = f"it carries {', '.join(self)}" if self else "it carries none; choose fields when publishing"
        raise KeyError(f"the version carries no field {name!r}: {there}")


def kinds_in(schema: bytes) -> dict[str, str]:
    """The kinds of the fields that a version carries, by name, from its `schema.json`."""
    found = json.loads(schema).get("metadata")
    return {str(name): str(kind) for name, kind in found.items()} if isinstance(found, dict) else {}


def values_of(said: Mapping[str, Any] | None, kinds: Mapping[str, str]) -> Metadata:
    """The fields of an item, from the `metadata` of its label line."""
    own = said or {}
    return Metadata({name: _value(own.get(name), kind) for name, kind in kinds.items()})


def _value(value: Any, kind: str) -> Any:
    """A field's value; one of a kind that this program does not know stays as it stands in the line."""
    if kind != "date" or not isinstance(value, str):
        return value
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(value)
        except ValueError:
            continue
    return value


def plain(values: Metadata) -> dict[str, Any]:
    """The fields that have a value, as JSON has them: a date is a text."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None
    }


def as_text(values: Mapping[str, Any]) -> str | None:
    """The canonical text of fields as a label line has them, without those that are None; None where nothing is left.

    A whole number has no decimal point, whatever it was written as.
    """
    own = {name: _plain(value) for name, value in values.items() if value is not None}
    return canonical(own) if own else None


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        from decimal import Decimal

        return int(Decimal(repr(value)))
    return value
