"""Shares of successes with what chance alone would do to them."""

import math
from collections.abc import Sequence

import numpy as np

from lode_hooks.evaluations.metrics.paired import Interval

Z = 1.959963984540054
RESAMPLES = 4000

Outcome = tuple[int, int]
"""An item's successes and tries: objects of one item are not independent."""


def wilson(successes: int, total: int) -> tuple[float | None, float | None]:
    """The 95 % interval of a share (Wilson 1927); None, None of nothing."""
    if total == 0:
        return None, None
    share = successes / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    whole = 1 + Z * Z / total
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def difference(one: Sequence[Outcome], two: Sequence[Outcome], seed: int = 0) -> Interval | None:
    """Share of `one` minus share of `two` with its 95 % interval; None where either has no try.

    The wider, on either side, of two intervals: Newcombe's of 1998, which is right for few tries but takes them for
    independent, and a bootstrap over items, which knows that those of one item are not but is too sure with few items.
    """
    first, second = _of(one), _of(two)
    if not first[:, 1].sum() or not second[:, 1].sum():
        return None
    (p, low_p, high_p), (q, low_q, high_q) = (_with_wilson(rows) for rows in (first, second))
    low = p - q - math.hypot(p - low_p, high_q - q)
    high = p - q + math.hypot(high_p - p, q - low_q)
    rng = np.random.default_rng(seed)
    drawn = _resampled(first, rng) - _resampled(second, rng)
    least, most = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(p - q, min(low, float(least)), max(high, float(most)))


def _of(outcomes: Sequence[Outcome]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array(outcomes, dtype=np.int64).reshape(-1, 2)


def _with_wilson(rows: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> tuple[float, float, float]:
    successes, tries = (int(number) for number in rows.sum(axis=0))
    low, high = wilson(successes, tries)
    return successes / tries, low or 0.0, 1.0 if high is None else high


def _resampled(
    rows: np.ndarray[tuple[int, int], np.dtype[np.int64]], rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Shares (`RESAMPLES`,) of the items drawn with replacement; NaN where none of those drawn has a try."""
    sums = rows[rng.integers(0, len(rows), (RESAMPLES, len(rows)))].sum(axis=1)
    shares = np.full(RESAMPLES, np.nan)
    np.divide(sums[:, 0], sums[:, 1], out=shares, where=sums[:, 1] > 0)
    return shares
