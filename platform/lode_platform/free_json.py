"""JSON from outside: the one rule for what may stand where the caller decides what is said.

Parameters of a run, metadata of an item, filters, settings, lines of an import: whatever is taken can be kept by each
database, sent out again and read by others. Text holds no NUL character and no half of a surrogate pair, in keys
neither; numbers are finite; depth and number of values are bounded, and so is the memory that they take.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import orjson

from lode_platform.errors import BadInput

MAX_DEPTH = 64
MAX_VALUES = 1_000_000
_ODD = re.compile("[\x00\ud800-\udfff]")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19  # digits of a whole number that may be too long for 64 bits, each of them a 0


def loads(text: str | bytes) -> Any:
    """The value that ``text`` (UTF-8) says.

    Raises ``ValueError``, in words that end a sentence, for what is not JSON (``NaN`` and ``Infinity`` are not), is
    nested deeper than ``MAX_DEPTH`` or holds more than ``MAX_VALUES`` values.
    """
    return _loaded(text.decode() if isinstance(text, bytes) else text)[0]


def loads_looked_at(text: str) -> tuple[Any, tuple[str, str] | None]:
    """As ``loads``, with the ``flaw`` of the value, None where it has none; most texts need no look at each value."""
    value, sound = _loaded(text)
    return value, None if sound else flaw(value)


def _loaded(text: str) -> tuple[Any, bool]:
    """The value, and whether it is known to have no ``flaw``."""
    if text.count(",") > MAX_VALUES:  # each value but the first of its list or object follows a comma
        raise ValueError(f"it holds more than {MAX_VALUES} values")
    value, sound = _decoded(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    return value, sound


def _decoded(text: str) -> tuple[Any, bool]:
    """Read by ``orjson``, in a sixth of the time, which takes no half of a surrogate pair and no number that is not
    finite. What it refuses, or reads otherwise (a whole number of more than 64 bits), the standard library reads."""
    if _LONG not in text.encode("utf-8", "surrogatepass").translate(_DIGITS):
        try:
            return orjson.loads(text), "\\u0000" not in text
        except orjson.JSONDecodeError:
            pass
    try:
        return _DECODER.decode(text), False
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None


def dumps(value: Any, *, sort: bool = False) -> bytes:
    """The value as JSON (UTF-8), its keys in order with ``sort``. Raises ``ValueError`` for half a surrogate pair."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None)
    except TypeError:  # a whole number of more than 64 bits, or half a surrogate pair
        return json.dumps(value, ensure_ascii=False, sort_keys=sort, separators=(",", ":")).encode()


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON; send null")


_DECODER = json.JSONDecoder(parse_constant=_refused)


def _deeper(value: Any, most: int) -> bool:
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
    """Where ``value`` cannot be kept, as ``params.lr`` or ``items.3``, and what is wrong there; None where it can."""
    for where, one in _walk(value):
        if isinstance(one, str) and (odd := _ODD.search(one)):
            return where, "holds a NUL character" if odd[0] == "\0" else "holds half of a surrogate pair"
        if isinstance(one, float | int) and not _finite(one):
            return where, "is not a finite number"
    return None


def check(value: Any) -> None:
    """Raises ``BadInput`` (bad_value), naming the field, where ``value`` cannot be kept."""
    if found := flaw(value):
        where, what = found
        raise BadInput(f"{where or 'The body'} {what}; take it out.", code="bad_value", field=where)


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
