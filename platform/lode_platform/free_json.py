"""JSON from outside: the one rule for what may stand where the caller decides what is said.

Parameters of a run, metadata of an item, filters, settings, lines of an import: whatever is taken can be kept by each
database, sent out again and read by others. Text holds no NUL character and no half of a surrogate pair, in keys
neither; numbers are finite; depth and number of values are bounded, and so is the memory that they take.
"""

import json
from typing import Any, NoReturn

import orjson

from lode_platform.errors import BadInput
from motherlode.json_flaws import MAX_DEPTH, MAX_VALUES, flaw, too_deep

__all__ = ["MAX_DEPTH", "MAX_VALUES", "check", "dumps", "flaw", "loads", "loads_looked_at"]

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
    if (
        len(text) > MAX_VALUES and text.count(",") > MAX_VALUES
    ):  # each value but the first of its list or object follows a comma
        raise ValueError(f"it holds more than {MAX_VALUES} values")
    value, sound = _decoded(text)
    if too_deep(text, value):
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


def check(value: Any) -> None:
    """Raises ``BadInput`` (bad_value), naming the field, where ``value`` cannot be kept."""
    if found := flaw(value):
        where, what = found
        raise BadInput(f"{where or 'The body'} {what}; take it out.", code="bad_value", field=where)
