"""Who the numbers of a Label Studio export are: read from a file of people, else known by their number alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motherlode.errors import BadInput
from motherlode.formats.values import text_of

__all__ = ["People"]


class People:
    """The mail address, else the name, of each person number."""

    def __init__(self, named: Mapping[int, str] | None = None) -> None:
        self._named = dict(named or {})
        self.unknown: set[int] = set()

    @classmethod
    def read(cls, file: Path) -> People:
        """A JSON list as Label Studio's `/api/users` gives it, or an object of mail addresses or user names by number.

        Raises `BadInput` that names the file and the row.
        """
        try:
            rows = json.loads(text_of(file.read_bytes()))
        except OSError as error:
            raise BadInput(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{file} is not JSON: {error}") from None
        return cls.of(rows, str(file))

    @classmethod
    def of(cls, rows: Any, file: str) -> People:
        """As `read`, from what the file holds."""
        pairs = rows.items() if isinstance(rows, dict) else enumerate(rows) if isinstance(rows, list) else ()
        named = {}
        for place, row in pairs:
            try:
                number = int(place if isinstance(rows, dict) else row["id"])
                name = row if isinstance(row, str) else row.get("email") or row.get("username")
            except (AttributeError, KeyError, TypeError, ValueError):
                number, name = 0, None
            if not isinstance(name, str) or not name.strip():
                raise BadInput(
                    f"{file}, {place}: {row!r:.80} is not a person; write a list of objects with id and email, or an"
                    ' object such as {"1": "ann@example.org"}'
                )
            named[number] = name.strip()[:120]
        if not named:
            raise BadInput(f'{file} names nobody; write an object such as {{"1": "ann@example.org"}}')
        return cls(named)

    def name(self, said: Any) -> str:
        """The person that `completed_by` (a number, or an object), `user` or `created_by` means; "" for nobody."""
        if isinstance(said, dict):
            name = said.get("email") or said.get("username")
            if isinstance(name, str) and name.strip():
                return name.strip()[:120]
            said = said.get("id")
        if isinstance(said, str) and said.strip() and not said.strip().isdecimal():
            return said.strip()[:120]
        try:
            number = int(said)
        except (TypeError, ValueError, OverflowError):
            return ""
        if number not in self._named:
            self.unknown.add(number)
            return f"person {number}"
        return self._named[number]
