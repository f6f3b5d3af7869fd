"""Values as label files hold them: text, ids, flags, numbers and label names, each read by one function.

Every reader reads by these, so that one value means the same in a COCO document, a VOC file, a YOLO row, a results
file and an id map. All raise `BadValue` (a ValueError) in words that go behind the file and row that hold the value.
"""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, BinaryIO, TextIO
from unicodedata import normalize

__all__ = [
    "MAX_LABEL",
    "BadValue",
    "flag",
    "id_key",
    "label_name",
    "number",
    "numbers",
    "open_text",
    "plain_attributes",
    "shown",
    "text_of",
    "whole_number",
]

MAX_LABEL = 200  # letters of a label's name, as schemas allow

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# what tools of Windows write under the name of the smaller set
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "cp950"}
_XML_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WHOLE = re.compile(r"([+-]?)0*([0-9]{1,18}?)(?:\.0*)?\Z")
_ID = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.0+)?\Z")

_LARGE = 1 << 53  # up to which every whole number is a float
_WORDS = {
    **dict.fromkeys(("", "0", "false", "no", "n", "f", "off"), False),
    **dict.fromkeys(("1", "true", "yes", "y", "t", "on"), True),
}


class BadValue(ValueError):
    """A value that is not what its place asks for; the message says what it is and what is asked for."""


def shown(value: Any, most: int = 40) -> str:
    """A value as a message quotes it: on one line, and not longer than `most` letters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


# Text


def text_of(data: bytes) -> str:
    """The text of a file: by its byte order mark, else by the encoding that its XML declares, else UTF-8."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding)
    if data.startswith((b"<\0", b"\0<")):  # UTF-16 without a mark, as XML allows
        return _decode(data, "utf-16-le" if data[0] else "utf-16-be")
    declared = _DECLARATION.match(data[:1024].lstrip())
    if declared is None:
        return _decode(data, "utf-8")
    encoding = declared[1].decode("ascii")
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise BadValue(f"it declares the encoding {encoding!r}, which is not known") from None
    if name.startswith(("utf-16", "utf-32")):  # of single bytes, so that it is neither, whatever it says
        return _decode(data, "utf-8")
    try:
        return _decode(data, name)
    except BadValue:
        if name not in _SUPERSETS:
            raise
        return _decode(data, _SUPERSETS[name])


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadValue(f"it is not {encoding.upper()} at byte {error.start:,} ({error.reason})") from None
    except LookupError:  # a codec that is none of text, such as "hex"
        raise BadValue(f"it declares the encoding {encoding!r}, which is none of text") from None


def open_text(stream: BinaryIO) -> TextIO:
    """A stream of JSON as text, by its byte order mark or its first bytes, else UTF-8."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Raw(stream))
    return io.TextIOWrapper(buffered, encoding=json.detect_encoding(buffered.peek(4)[:4]))


class _Raw(io.RawIOBase):
    """Any binary stream, so that it can be buffered."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


# Single values


def id_key(value: Any) -> str:
    """The key of an id: 1, 1.0, "1" and "1.0" are one; other text is itself, in NFC and without outer spaces."""
    if type(value) is int:
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadValue(f"the id {shown(value)} is neither a number nor a text")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadValue(f"the id {value} is not finite")
        return str(int(value)) if value.is_integer() else repr(value)
    text = normalize("NFC", str(value).strip())
    if not text:
        raise BadValue("the id is empty")
    found = _ID.match(text)
    if found is None:
        return text
    return found[2] if found[2] == "0" else found[1] + found[2]


def flag(value: Any) -> bool:
    """A yes or no: True, 1, 1.0, "1", "true", "yes" and their opposites; None and "" are no."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and (word := value.strip().lower()) in _WORDS:
        return _WORDS[word]
    try:
        amount = number(value)
    except BadValue:
        amount = math.nan
    if amount not in (0, 1):
        raise BadValue(f"{shown(value)} is neither yes nor no (1 or 0, true or false)")
    return amount == 1


def number(value: Any) -> float:
    """A finite number, also where it is written as text."""
    if type(value) is float and -math.inf < value < math.inf:
        return value
    if type(value) is int and -_LARGE < value < _LARGE:
        return float(value)
    if type(value) is str and value.isascii() and "_" not in value:
        try:
            amount = float(value)
        except ValueError:
            amount = math.nan
        if -math.inf < amount < math.inf:
            return amount
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadValue(f"{shown(value)} is not a number")
    try:
        amount = float(value) if not isinstance(value, str) or "_" not in value else math.nan
    except (ValueError, OverflowError):
        amount = math.nan
    if not math.isfinite(amount):
        raise BadValue(f"{shown(value)} is not a {'finite ' if isinstance(value, float) else ''}number")
    return amount


def numbers(words: Sequence[str]) -> list[float]:
    """The `number` of each word. Raises BadValue for the first that is none."""
    try:
        amounts = list(map(float, words))
    except ValueError:
        return [number(word) for word in words]
    written = "".join(words)
    if math.isfinite(sum(amounts)) and written.isascii() and "_" not in written:
        return amounts
    return [number(word) for word in words]


def whole_number(value: Any) -> int:
    """A whole number, also where it is written as text or as 2.0."""
    if isinstance(value, str) and len(value) < 10 and value.isdecimal():
        return int(value)
    if isinstance(value, str) and (found := _WHOLE.match(value.strip())):
        return int(found[1] + found[2])
    amount = number(value)
    if not amount.is_integer():
        raise BadValue(f"{shown(value)} is not a whole number")
    return int(amount)


def label_name(value: Any) -> str:
    """A label's name: trimmed, in NFC, of characters that XML can hold, at most `MAX_LABEL` of them, the first no $."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadValue(f"the name {shown(value)} is not a text")
    return _label_name(str(value))


@lru_cache(maxsize=4096)  # a source has few names and says them often
def _label_name(value: str) -> str:
    name = normalize("NFC", str(value).strip())
    if not name:
        raise BadValue("the name is empty")
    if name.startswith("$"):
        raise BadValue(f"the name {shown(name)} begins with $, by which schemas name data")
    if unsafe := _XML_UNSAFE.search(name):
        raise BadValue(f"the name {shown(name)} holds the character {ascii(unsafe[0])}, which no schema can hold")
    if len(name) > MAX_LABEL:
        raise BadValue(f"the name {shown(name)} has {len(name)} letters, more than {MAX_LABEL}")
    return name


def plain_attributes(value: Any) -> tuple[dict[str, Any], str]:
    """The attributes of a label that JSON can keep, and what is wrong with the others ("" where nothing is)."""
    if value is None or value == [] or value == {}:
        return {}, ""
    if not isinstance(value, dict):
        return {}, f"its attributes {shown(value)} are not an object"
    kept = {key: entry for key, entry in value.items() if _is_plain(key) and _is_plain(entry)}
    left = [key for key in value if key not in kept]
    return kept, f"its attributes {shown(left)} cannot be kept" if left else ""


def _is_plain(value: Any) -> bool:
    """Whether a value is a text, a finite number, a yes or no, none, or a list of such."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, list):
        return all(not isinstance(entry, list) and _is_plain(entry) for entry in value)
    return value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
