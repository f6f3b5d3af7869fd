"""Numbers as JSON has them."""

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["are_numbers", "is_number"]


def is_number(value: Any) -> bool:
    """Whether JSON's value is a number that a float can hold."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def are_numbers(values: Sequence[Any]) -> bool:
    """Whether each of JSON's values `is_number`, in a fraction of the time."""
    if not set(map(type, values)) <= {int, float}:
        return all(map(is_number, values))
    try:
        return all(map(math.isfinite, values))
    except OverflowError:
        return False
