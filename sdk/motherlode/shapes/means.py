"""Means of coordinates and of angles that no order changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["circular_mean", "mean"]


def mean(values: Sequence[float]) -> float:
    """Of numbers; where all are the same, that one to the last digit."""
    return values[0] if len(set(values)) == 1 else math.fsum(values) / len(values)


def circular_mean(degrees: Sequence[float]) -> float:
    """Of angles: the direction of the sum of their unit vectors, 0 to 360; where all are the same, that one."""
    if len(set(degrees)) == 1:
        return degrees[0]
    along = math.fsum(math.cos(math.radians(angle)) for angle in degrees)
    across = math.fsum(math.sin(math.radians(angle)) for angle in degrees)
    return math.degrees(math.atan2(across, along)) % 360
