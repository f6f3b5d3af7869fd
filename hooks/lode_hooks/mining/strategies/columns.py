"""What a mining strategy reads and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NewType

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Detections, Floats, Ints, Small

CandidateIndex = NewType("CandidateIndex", int)
"""A candidate's place, 0 to `Candidates.count` - 1."""

FailureNumber = NewType("FailureNumber", int)
"""A failure's number among those gathered for a round (no row of any file); -1 stands for none."""

NO_FAILURE = FailureNumber(-1)

Reason = dict[str, Any]
"""Why an item is asked: plain JSON, at least `{"strategy": name, "text": a short sentence}`."""


@dataclass(frozen=True)
class FailureRows:
    """Failures as columns (f,): `item` its candidate, `kind` code of KINDS, `score` of the prediction (NaN: none),
    `size` in pixels (square root of the box's area; 0 for classes), `number` (`FailureNumber`) by which they are found
    again after the choice, and the class ids of truth and prediction (-1: none)."""

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

    `detections.image` and `failures.item` are `CandidateIndex`. `probabilities` (count, classes) has NaN rows where
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
    reason: Callable[[CandidateIndex], Reason]


@dataclass(frozen=True)
class Strategy:
    """A name for URLs and rows, a title and a sentence for people, and the function; only `random` heeds the seed.

    `title` and `description` are English and are translated where they are shown. `icon` is one of Tabler's that the
    pages know, `default_weight` (0 to 100) where its slider stands before anybody moves it.
    """

    name: str
    title: str
    description: str
    rank: Callable[[Candidates, int], Ranking]
    icon: str = "target"
    default_weight: int = 0
