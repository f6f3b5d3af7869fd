"""The items of a project as they are now, found by a query. (What a version holds stands in `Samples`.)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["Item", "items"]


@dataclass(frozen=True)
class Item:
    """One item of a project: its path and its bytes, not its labels.

    `width` and `height` are pixels of the upright image, `length` a text's code points; each is 0 of another medium.
    `metadata` holds its own fields.
    """

    uuid: str
    path: str
    kind: str
    media_type: str
    size: int
    md5: str
    sha256: str
    width: int
    height: int
    length: int
    group: str
    metadata: Mapping[str, Any]
    created_at: datetime


def items(query: str = "", *, project: str | None = None, client: Client | None = None) -> Iterator[Item]:
    """The items that a query finds, in the order they came: `items("class:RBC and not split:test")`.

    All of the project where the query is empty. They are asked for page by page as they are read. Raises `Refused`,
    which names the field or the value that there is not.
    """
    from motherlode.client import Client

    with nullcontext(client) if client else Client() as asked:
        path = f"{asked.project_path(project)}/items"
        for row in asked.pages(path, **({"query": query} if query else {})):
            yield _item(row)


def _item(row: Mapping[str, Any]) -> Item:
    known = {name: row[name] for name in Item.__dataclass_fields__ if name != "created_at"}
    return Item(**known, created_at=datetime.fromisoformat(row["created_at"]))
