"""The confusion matrix as cells of matches: each cell holds exactly the rows it counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluation.arrays import Bools, Ints
from lode_hooks.evaluation.curves import Scored
from lode_hooks.evaluation.kinds import MISSED, TP, WRONG_CLASS

NOTHING = -1
"""The row of detections that stand for no truth, and the column of truths that nothing stands for."""


@dataclass(frozen=True)
class Cell:
    """`count` pairs of this truth and this prediction, either of them NOTHING."""

    truth: int
    predicted: int
    count: int


@dataclass(frozen=True)
class Cells:
    """Where every row lies: detections (n,) in (`truth`, `predicted`) if `detection`, and missed truths (m,) in
    (`truth_label`, NOTHING) if `missed`."""

    detection: Bools
    truth: Ints
    predicted: Ints
    missed: Bools
    truth_label: Ints

    def count(self) -> list[Cell]:
        """The cells that hold something, by truth and prediction."""
        pairs = np.concatenate(
            (
                np.stack((self.truth, self.predicted), axis=1)[self.detection],
                np.stack((self.truth_label, np.full_like(self.truth_label, NOTHING)), axis=1)[self.missed],
            )
        )
        cells, counts = np.unique(pairs, axis=0, return_counts=True)
        return [Cell(int(cell[0]), int(cell[1]), int(count)) for cell, count in zip(cells, counts, strict=True)]

    def detections_in(self, truth: int, predicted: int) -> Ints:
        """Rows of the detections in a cell."""
        return np.flatnonzero(self.detection & (self.truth == truth) & (self.predicted == predicted))

    def truths_in(self, truth: int, predicted: int) -> Ints:
        """Rows of the truths in a cell: only the column NOTHING has any."""
        return np.flatnonzero(self.missed & (self.truth_label == truth) & (predicted == NOTHING))


def confusion(scored: Scored, threshold: float) -> Cells:
    """Put every detection that counts and every missed truth in one cell.

    A right detection lies on the diagonal, a `wrong_class` one in (the class of the truth it points at, its class);
    false alarms, bad locations and duplicates in (NOTHING, its class); missed truths in (their class, NOTHING). A truth
    that is explained has no cell of its own: the detection that explains it has one.
    """
    paired = (scored.state == TP) | (scored.kind == WRONG_CLASS)
    labels = np.append(scored.truth_label, NOTHING)
    return Cells(
        detection=scored.detections_at(threshold),
        truth=np.where(paired, labels[scored.truth], NOTHING),
        predicted=scored.label,
        missed=scored.truth_kinds_at(threshold) == MISSED,
        truth_label=scored.truth_label,
    )
