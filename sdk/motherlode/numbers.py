"""Numbers as JSON has them."""

import math
from typing import Any

__all__ = ["is_number"]


def is_number(value: Any) -> bool:
    """Whether JSON's value is a number that a float can hold."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
