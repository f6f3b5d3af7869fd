"""JSON documents of any size, read one value after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TextIO

from motherlode.errors import BadInput

__all__ = ["BadJson", "Stream", "batches", "first_object", "parts"]

CHUNK = 1 << 20
_AFTER_VALUE = frozenset(",]}: \t\r\n")


class BadJson(BadInput):
    """JSON that breaks off or is none; the message says where."""


class Stream:
    """A text stream of which JSON values are taken one after the other."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._before = 0
        self._decode = json.JSONDecoder().raw_decode

    def _more(self) -> bool:
        try:
            piece = self._stream.read(max(CHUNK, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            where = self._before + len(self._text)
            raise BadJson(f"not {error.encoding.upper()} ({error.reason}) after character {where}") from None
        if not piece:
            return False
        self._before += self._at
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True

    def fail(self, what: str) -> BadJson:
        return BadJson(f"{what} at character {self._before + self._at}")

    def peek(self) -> str:
        """The next character that is not a space, "" at the end."""
        mark = self._text[self._at : self._at + 1]
        if mark and not mark.isspace():
            return mark
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, character: str) -> None:
        if self.peek() != character:
            raise self.fail(f"{character!r} expected")
        self._at += 1

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except RecursionError:
                raise self.fail("nested too deeply") from None
            except json.JSONDecodeError as error:
                # it may only be cut off by the end of the piece: an error well before that end is a real one
                if error.pos < len(self._text) - 16 and not error.msg.startswith("Unterminated") or not self._more():
                    self._at = max(self._at, error.pos)
                    raise self.fail(error.msg) from None
                continue
            except ValueError as error:  # a number of thousands of digits
                raise self.fail(str(error).split(";")[0]) from None
            if self._text[end : end + 1] not in _AFTER_VALUE and self._more():
                continue  # a number may go on in the next piece
            self._at = end
            return value

    def elements(self) -> Iterator[Any]:
        """The elements of the array that comes next."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Any]]:
        """The elements of the array that comes next, many at a time where they are objects written alike."""
        self.skip("[")
        if self.peek() == "]":
            self._at += 1
            return
        between: str | None = ""  # how one object ends and the next begins; None: they are read one by one
        while True:
            batch, ended = self._alike(between) if between else ([], False)
            if batch is None:
                batch, between = [], None
            if not batch:
                batch.append(self.value())
            end = self._before + self._at
            yield batch
            if ended:
                return
            mark = self.peek()
            if mark not in ("]", ","):
                raise self.fail("',' expected")
            self._at += 1
            if mark == "]":
                return
            if between == "":
                between = self._between(end)

    def _between(self, end: int) -> str:
        """What stands from the last character of an object, which ended at `end`, to the first of the next."""
        if self.peek() != "{" or end <= self._before:
            return ""
        text = self._text[end - 1 - self._before : self._at + 1]
        return text if text[0] == "}" else ""

    def _alike(self, between: str) -> tuple[list[Any] | None, bool]:
        """The objects that stand whole in what was read, and whether the array ends with them; None where what looks
        like the end of one is none."""
        cut = self._text.rfind(between, self._at)
        if cut < 0:
            return [], False
        text = f"[{self._text[self._at : cut + 1]}]"
        try:
            found, end = self._decode(text, 0)
        except (ValueError, RecursionError):
            return None, False
        ended = end < len(text)
        self._at += end - 1 if ended else end - 2
        return found, ended


def batches(stream: TextIO, arrays: set[str] | None = None) -> Iterator[tuple[str, int, list[Any]]]:
    """(key, position of the first, elements) for all of each array of the document, many at a time, and
    (key, -1, [value]) for all else.

    A document that is an array itself (COCO results) has the key "". The keys of arrays, of empty ones too, are put
    into `arrays`. Raises `BadJson`.
    """
    source = Stream(stream)
    if source.peek() == "[":
        yield from _counted("", source)
        return
    source.skip("{")
    while source.peek() != "}":
        key = str(source.value())
        source.skip(":")
        if source.peek() == "[":
            if arrays is not None:
                arrays.add(key)
            yield from _counted(key, source)
        else:
            yield key, -1, [source.value()]
        if source.peek() == ",":
            source.skip(",")
    source.skip("}")
    if source.peek():
        raise source.fail("something after the end of the document")


def _counted(key: str, source: Stream) -> Iterator[tuple[str, int, list[Any]]]:
    position = 0
    for batch in source.batches():
        yield key, position, batch
        position += len(batch)


@lru_cache(maxsize=1)
def first_object(text: str) -> Mapping[str, Any] | None:
    """A JSON document that is an object, or the first element where it is an array of them; else None.

    Raises ValueError or RecursionError for what is not JSON.
    """
    value = json.loads(text)
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, dict) else None


def parts(stream: TextIO, arrays: set[str] | None = None) -> Iterator[tuple[str, int, Any]]:
    """(key, position, element) for each element of each array of the document, (key, -1, value) for all else; as
    `batches` gives them. Raises `BadJson`."""
    for key, first, batch in batches(stream, arrays):
        for position, element in enumerate(batch, first):
            yield key, position, element
