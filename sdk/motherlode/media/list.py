"""Lists: entries to compare or to rank, such as the results of a search or the answers of models; JSON lines a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from motherlode.media.medium import BadMedia, Media
from motherlode.media.text import decoded

__all__ = ["MOST_ENTRIES", "Entry", "List", "entries_of"]

MOST_ENTRIES = 1_000
MOST_ID = 200
_REMEDY = 'write a line for each entry, such as {"id": "a", "title": "...", "body": "..."}'


class Entry(NamedTuple):
    """One of a list: the `id` that answers name it by, and what is shown of it."""

    id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class List(Media):
    """A list; `length` is the number of its entries."""

    kind = "list"
    noun, one, plural = "list", "a list", "lists"
    tag = "List"
    looks = frozenset({"title"})
    suffixes = frozenset({".jsonl"})
    inline = True
    content_types = frozenset({"application/jsonl"})

    length: int

    @classmethod
    def probe(cls, data: bytes) -> List:
        return cls(len(entries_of(decoded(data))))

    @classmethod
    def as_data(cls, data: bytes) -> list[dict[str, str]]:
        return [entry._asdict() for entry in entries_of(decoded(data))]

    @classmethod
    def from_data(cls, said: Any) -> bytes:
        if not isinstance(said, list):
            raise BadMedia("is not a list of objects", _REMEDY)
        try:
            data = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in said).encode("utf-8", "replace")
        except (RecursionError, TypeError, ValueError):
            raise BadMedia("is not JSON", _REMEDY) from None
        cls.probe(data)
        return data

    def words(self) -> str:
        return "1 entry" if self.length == 1 else f"{self.length:,} entries"


def entries_of(text: str) -> list[Entry]:
    """The entries of a list's decoded text, in its order: an object a line, with an `id` of its own, and a `title`, a
    `body` or both; what else it says is left alone. Raises `BadMedia` that names the line."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        entry = _entry(line, number)
        if entry.id in found:
            raise BadMedia(f"has the id {entry.id!r} twice, again in line {number}", "give each entry its own")
        found[entry.id] = entry
        if len(found) > MOST_ENTRIES:
            raise BadMedia(f"has more than {MOST_ENTRIES:,} entries", "split it", "too_large")
    if not found:
        raise BadMedia("has no entries", _REMEDY, "empty")
    return list(found.values())


def _entry(line: str, number: int) -> Entry:
    try:
        said: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise BadMedia(f"is not JSON in line {number}", _REMEDY) from None
    if not isinstance(said, dict):
        raise BadMedia(f"has no object in line {number}", _REMEDY)
    own = said.get("id")
    name = str(own) if isinstance(own, int) and not isinstance(own, bool) else own
    if not isinstance(name, str) or not name.strip() or len(name) > MOST_ID:
        raise BadMedia(f"has no id of 1 to {MOST_ID} characters in line {number}", _REMEDY)
    title, body = said.get("title") or "", said.get("body") or ""
    if not isinstance(title, str) or not isinstance(body, str) or not (title.strip() or body.strip()):
        raise BadMedia(f"has neither a title nor a body in line {number}, as texts", _REMEDY)
    return Entry(name, title.strip(), body.strip())
