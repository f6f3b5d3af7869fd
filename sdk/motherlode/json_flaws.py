"""What no server keeps of a value that JSON says: too deep, too large, or of what no database holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_VALUES", "flaw", "too_deep"]

MAX_DEPTH = 64
MAX_VALUES = 1_000_000
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes({*range(256)} - {*b'[]{}"'})
_ODD = re.compile("[\x00\ud800-\udfff]")


def too_deep(text: str, value: Any) -> bool:
    """Whether lists and objects are nested in more than `MAX_DEPTH` levels in a value and the JSON text of it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    brackets = text.encode("utf-8", "replace").translate(_AS_SQUARE, _OTHERS).replace(b'""', b"")
    if b'"' in brackets:  # one stands within a string
        return _deeper(value, MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")  # the innermost level
        if not brackets:
            return False
    return True


def _deeper(value: Any, most: int) -> bool:
    """Whether lists and objects are nested in more levels."""
    level = [value]
    for _ in range(most):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def flaw(value: Any) -> tuple[str, str] | None:
    """Where `value` cannot be kept, as `params.lr` or `items.3`, and what is wrong there; None where it can."""
    for where, one in _walk(value):
        if isinstance(one, str) and (odd := _ODD.search(one)):
            return where, "holds a NUL character" if odd[0] == "\0" else "holds half of a surrogate pair"
        if isinstance(one, float | int) and not _finite(one):
            return where, "is not a finite number"
    return None


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond what any float holds
        return False


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every scalar and every key with the path that leads to it."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        where, one = waiting.pop()
        if isinstance(one, Mapping):
            for key, child in one.items():
                if isinstance(key, str) and _ODD.search(key):
                    yield f"{where or 'The body'}: a field's name", key
                waiting.append((f"{where}.{key}" if where else str(key), child))
        elif isinstance(one, Sequence) and not isinstance(one, str | bytes):
            waiting += [(f"{where}.{number}" if where else str(number), child) for number, child in enumerate(one)]
        else:
            yield where, one
