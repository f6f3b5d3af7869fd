"""Texts: one document a file, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from motherlode.media.medium import BadMedia, Media

__all__ = ["MAX_BYTES", "Text", "decoded"]

MAX_BYTES = 16 << 20
"""A larger file is refused: nobody labels one document of several million characters."""

_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_REMEDY = "save it as UTF-8"


@dataclass(frozen=True, slots=True)
class Text(Media):
    """A text; `length` is the number of its Unicode code points after decoding, line ends as they are in the file."""

    kind = "text"
    noun, one, plural = "text", "a text", "texts"
    tag = "Text"
    looks = frozenset({"granularity", "highlightColor", "showLabels", "selectionEnabled"})
    suffixes = frozenset({".txt"})
    inline = True
    content_types = frozenset({"text/plain"})

    length: int

    @classmethod
    def probe(cls, data: bytes) -> Text:
        return cls(len(decoded(data)))

    @classmethod
    def as_data(cls, data: bytes) -> str:
        return decoded(data)

    @classmethod
    def from_data(cls, said: Any) -> bytes:
        if not isinstance(said, str) or not said:
            raise BadMedia("is not a text", "write one")
        data = said.encode("utf-8", "replace")
        cls.probe(data)
        return data

    def place(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`start` and `end` in code points."""
        if given.keys() != {"start", "end"}:
            raise ValueError("it has a start and an end, and nothing else")
        start, end = given["start"], given["end"]
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= self.length:
            raise ValueError(f"{start!r:.40} to {end!r:.40} is not a part of its {self.length:,} characters")
        return {"start": start, "end": end}

    def place_of(self, bounds: tuple[float, float, float, float], page: int = 0) -> dict[str, Any]:
        return {"start": int(bounds[0]), "end": int(bounds[2])}

    def words(self) -> str:
        return "1 character" if self.length == 1 else f"{self.length:,} characters"


def decoded(data: bytes) -> str:
    """The text of a file's bytes: UTF-8 with or without a byte order mark, or UTF-16 with one; the mark is left out.

    Raises `BadMedia` for any other encoding, an empty text, a NUL character (a binary file) and more than `MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        raise BadMedia(f"is larger than {MAX_BYTES >> 20} MiB", "split it into documents", "too_large")
    if data.startswith(_UTF32):
        raise BadMedia("is UTF-32, which is not read", _REMEDY)
    encoding = _UTF16.get(data[:2])
    try:
        text = data[2:].decode(encoding) if encoding else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 at byte {error.start:,} and has no byte order mark of UTF-16"
        if encoding:
            what = "is not the UTF-16 that its byte order mark says"
        raise BadMedia(what, _REMEDY) from None
    if not text:
        raise BadMedia("is empty, so there is nothing to label", "leave it out", "empty")
    if "\0" in text:
        raise BadMedia("holds a NUL character, so it is not a text", "leave it out")
    return text
