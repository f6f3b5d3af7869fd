"""Aliases of a dataset's versions: where each points, its history, moving and protecting it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from motherlode.errors import BadInput
from motherlode.versions import Name, client_for, dataset_path, parse_name

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["Move", "alias_path", "history", "set_alias"]


@dataclass(frozen=True, slots=True)
class Move:
    """An alias that was pointed at a `version`; `before` is the number of the one it named until then, if any."""

    name: str
    version: int
    before: int | None
    set_by: str
    set_at: datetime
    message: str

    @classmethod
    def from_json(cls, name: str, row: Mapping[str, Any]) -> Move:
        """A row of the server's."""
        when = datetime.fromisoformat(str(row["set_at"]).replace("Z", "+00:00"))
        before = row.get("before")
        return cls(name, int(row["version"]), before, str(row["set_by"]), when, str(row.get("message") or ""))


def alias_path(client: Client, name: Name, alias: str) -> str:
    """`projects/<p>/datasets/<d>/aliases/<a>`, to begin a path with. Raises `BadInput` for another kind of name."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", alias):
        raise BadInput(f"{alias!r} cannot be an alias: a-z, 0-9, - and _, beginning with a letter")
    return f"{dataset_path(client, name)}/aliases/{alias}"


def set_alias(name: str, alias: str, message: str = "", *, client: Client | None = None) -> Move:
    """Point an alias at a version: `set_alias("cells@v3", "production", "beats v2 on the night shift")`.

    Gives its newest move, which is an earlier one where it points there already. Raises `NotAllowed` for a protected
    alias unless you are an owner, `BadInput` for a name without a version, `NotFound` for a version that is not there.
    """
    version = parse_name(name)
    if not version.version:
        raise BadInput(f"say which version {alias!r} should name: {name}@v3")
    asked = client or client_for(version)
    return Move.from_json(
        alias, asked.put(alias_path(asked, version, alias), {"version": version.version, "message": message})
    )


def history(dataset: str, alias: str, *, client: Client | None = None) -> Iterator[Move]:
    """The moves of an alias, the newest first. Raises `NotFound` where there is no such alias."""
    name = parse_name(dataset)
    asked = client or client_for(name)
    for row in asked.pages(f"{alias_path(asked, name, alias)}/moves"):
        yield Move.from_json(alias, row)
