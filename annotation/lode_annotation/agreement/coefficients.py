"""Coefficients of agreement between people, 1 for perfect agreement and 0 for what chance would give.

None where a coefficient is not defined: where nothing was rated twice, or everybody only ever said one thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.ArrayLike
Rating = float | None
"""What a person said of a unit: a number, or the number of a category; None where they said nothing."""


def cohen(confusion: Matrix) -> float | None:
    """Cohen's kappa of two people from their (k, k) counts, one person's category by the other's.

    (po - pe) / (1 - pe); J. Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    total = counts.sum()
    if not total:
        return None
    observed = np.trace(counts) / total
    expected = (counts.sum(axis=0) * counts.sum(axis=1)).sum() / total**2
    return _beyond(observed, expected)


def fleiss(counts: Matrix) -> float | None:
    """Fleiss' kappa from (units, categories) counts of raters: how many said the category of the unit.

    Each unit has the same number of raters, two or more. J. L. Fleiss, "Measuring nominal scale agreement among many
    raters", 1971. Raises ``ValueError`` where the numbers differ.
    """
    table = np.asarray(counts, dtype=np.float64)
    raters = table.sum(axis=1)
    if not table.size or raters[0] < 2:
        return None
    if (raters != raters[0]).any():
        raise ValueError("Fleiss' kappa needs the same number of raters for each unit.")
    n = raters[0]
    observed = ((table**2).sum(axis=1) - n).mean() / (n * (n - 1))
    expected = ((table.sum(axis=0) / table.sum()) ** 2).sum()
    return _beyond(observed, expected)


def fleiss_of_pairs(confusion: Matrix) -> float | None:
    """Fleiss' kappa from the (k, k) counts of all pairs of raters of each unit, where all units have as many raters.

    The share of agreeing pairs is the mean of the units' own shares then, and a rater is in as many pairs as any other.
    """
    pairs = np.asarray(confusion, dtype=np.float64)
    total = pairs.sum()
    if not total:
        return None
    shares = (pairs.sum(axis=0) + pairs.sum(axis=1)) / (2 * total)
    return _beyond(np.trace(pairs) / total, (shares**2).sum())


def coincidences(units: Sequence[Sequence[Rating]]) -> tuple[list[float], npt.NDArray[np.float64]]:
    """The values that occur, sorted, and their (k, k) coincidence matrix: each ordered pair of ratings of one unit by
    two people counts 1 / (m - 1), where m people rated the unit. Units rated once or never do not count."""
    rated = [[value for value in unit if value is not None] for unit in units]
    rated = [unit for unit in rated if len(unit) > 1]
    values = sorted({value for unit in rated for value in unit})
    place = {value: number for number, value in enumerate(values)}
    matrix = np.zeros((len(values), len(values)))
    for unit in rated:
        each = np.zeros(len(values))
        for value in unit:
            each[place[value]] += 1
        matrix += (np.outer(each, each) - np.diag(each)) / (len(unit) - 1)
    return values, matrix


def alpha_nominal(matrix: Matrix) -> float | None:
    """Krippendorff's alpha of categories from their (k, k) coincidences: 1 - Do / De.

    K. Krippendorff, "Computing Krippendorff's alpha-reliability", 2011.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    each, n = counts.sum(axis=1), counts.sum()
    expected = n**2 - (each**2).sum()
    if n < 2 or not expected:
        return None
    return float(1 - (n - 1) * (n - np.trace(counts)) / expected)


@dataclass(frozen=True, slots=True)
class Sums:
    """What the interval alpha needs of the pairs of ratings of each unit, each pair counting 1 / (m - 1) where m people
    rated the unit: the ``weight``, the sums of a + b, of a² + b² and of (a - b)²."""

    weight: float
    values: float
    squares: float
    differences: float


def alpha_interval(sums: Sums) -> float | None:
    """Krippendorff's alpha of numbers, whose difference is squared; as ``alpha_nominal``, in closed form.

    Over all n = 2 * weight pairable values, De = 2 (n * sum v² - (sum v)²) / (n (n - 1)) and Do = 2 * differences / n.
    """
    n = 2 * sums.weight
    spread = n * sums.squares - sums.values**2
    if n < 2 or spread <= 0:
        return None
    return float(1 - (n - 1) * 2 * sums.differences / (2 * spread))


def f1(matched: float, one_only: float, two_only: float) -> float | None:
    """The share of regions of two people that have a counterpart: 2m / (2m + those without one). The same both ways."""
    total = 2 * matched + one_only + two_only
    return 2 * matched / total if total else None


def ambiguity(confusion: Mapping[tuple[int, int], float], category: int) -> float | None:
    """How often two people differ where at least one of them said the category: 1 - (both said it) / (either did)."""
    either = sum(count for pair, count in confusion.items() if category in pair)
    return 1 - confusion.get((category, category), 0) / either if either else None


def _beyond(observed: float, expected: float) -> float | None:
    """(observed - expected) / (1 - expected)."""
    return float((observed - expected) / (1 - expected)) if expected < 1 else None
