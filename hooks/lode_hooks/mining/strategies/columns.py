"""What a mining strategy reads and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.functional import Promise

from lode_hooks.evaluations.metrics.arrays import Detections, Floats, Ints, Small

Words = str | Promise

Reason = dict[str, Any]
"""Why an item is asked: plain JSON, at least `{"strategy": name, "text": a short sentence}`."""


@dataclass(frozen=True)
class FailureRows:
    """Failures as columns (f,): `item` its candidate, `kind` code of KINDS, `score` of the prediction (NaN: none),
    `size` in pixels (square root of the box's area; 0 for classes), `number` by which whoever gathered them finds each
    again (not a row of any file), and the class ids of truth and prediction (-1: none)."""

    item: Ints
    kind: Small
    score: Floats
    size: Floats
    number: Ints
    truth_class: Ints
    predicted_class: Ints

    @staticmethod
    def none() -> FailureRows:
        """No failures, as for a pool."""
        ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        return FailureRows(ints, np.zeros(0, dtype=np.int8), floats, floats, ints, ints, ints)


@dataclass(frozen=True)
class Candidates:
    """Items that may be chosen, 0 to `count` - 1, and what a run said of them.

    `detections.image` and `failures.item` are candidates' numbers. `probabilities` (count, classes) has NaN rows where
    the run said nothing. `names` are the classes' names by id, for the reasons' words.
    """

    count: int
    detections: Detections | None = None
    probabilities: Floats | None = None
    failures: FailureRows = field(default_factory=FailureRows.none)
    names: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranking:
    """Scores (count,) in [0, 1], higher first, minus infinity for an item the strategy has nothing to say of;
    `failure` (count,) the `number` of the failure that caused it (-1: none); `reason` makes the words for one item."""

    score: Floats
    failure: Ints
    reason: Callable[[int], Reason]


@dataclass(frozen=True)
class Strategy:
    """A name for URLs and rows, a title and a sentence for people, and the function; only `random` heeds the seed."""

    name: str
    title: Words
    says: Words
    rank: Callable[[Candidates, int], Ranking]
