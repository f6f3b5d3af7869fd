"""The rows of an evaluation's matches, as arrays, and what they are at a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NewType

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Floats, Ints, Small
from lode_hooks.evaluations.metrics.columns import PREDICTED_BOX, TRUTH_BOX
from lode_hooks.evaluations.metrics.kinds import EXPLAINED, FN, FP, IGNORED, MISSED, NONE, TP, WRONG_CLASS, claims
from lode_hooks.evaluations.metrics.late import pl

MatchRow = NewType("MatchRow", int)
"""A row of an evaluation's matches: it names the same match for good."""

LARGEST_SMALL, LARGEST_MEDIUM = 32.0**2, 96.0**2


@dataclass(frozen=True)
class Rows:
    """Matches as arrays (n,), row for row with the file; see `columns.MATCHES`.

    `score` and `claim_score` are minus infinity where there is none, boxes NaN, classes and partners -1. `area` is the
    truth's, else the prediction's, in square pixels.
    """

    unit: Ints
    item: list[str]
    frame: list[int | None]
    region: list[str | None]
    detection: Bools
    state: Small
    kind: Small
    score: Floats
    claim_score: Floats
    iou: Floats
    truth_class: Ints
    predicted_class: Ints
    partner: Ints
    area: Floats
    truth_box: Floats
    predicted_box: Floats

    def __len__(self) -> int:
        return len(self.unit)

    @staticmethod
    def read(path: Path) -> Rows:
        """From the Parquet file of an evaluation."""
        frame = pl.read_parquet(path)

        def floats(name: str, missing: float) -> Floats:
            return frame[name].fill_null(missing).to_numpy().astype(np.float64)

        truth_box = np.stack([floats(name, np.nan) for name in TRUTH_BOX], axis=1)
        predicted_box = np.stack([floats(name, np.nan) for name in PREDICTED_BOX], axis=1)
        area = floats("area", np.nan)
        own = (predicted_box[:, 2] - predicted_box[:, 0]) * (predicted_box[:, 3] - predicted_box[:, 1])
        return Rows(
            unit=frame["unit"].to_numpy().astype(np.int64),
            item=frame["item"].to_list(),
            frame=frame["frame"].to_list(),
            region=frame["region"].to_list(),
            detection=frame["detection"].to_numpy().astype(np.bool_),
            state=frame["state"].to_numpy().astype(np.int8),
            kind=frame["kind"].to_numpy().astype(np.int8),
            score=floats("score", -np.inf),
            claim_score=floats("claim_score", -np.inf),
            iou=floats("iou", np.nan),
            truth_class=frame["truth_class"].to_numpy().astype(np.int64),
            predicted_class=frame["predicted_class"].to_numpy().astype(np.int64),
            partner=frame["partner"].to_numpy().astype(np.int64),
            area=np.where(np.isnan(area), own, area),
            truth_box=truth_box,
            predicted_box=predicted_box,
        )

    def same_units(self, other: Rows) -> bool:
        """Whether a unit's number stands for the same image in both, as far as they have rows of it."""
        known = dict(zip(self.unit.tolist(), zip(self.item, self.frame, strict=True), strict=True))
        theirs = dict(zip(other.unit.tolist(), zip(other.item, other.frame, strict=True), strict=True))
        return all(known.get(unit, image) == image for unit, image in theirs.items())

    @cached_property
    def claim(self) -> Ints:
        """For every truth the row of the detection that explains it where nothing finds it, else -1."""
        return claims(self.score, self.kind, self.partner, len(self))

    def at(self, threshold: float) -> RowsAt:
        """Every row's state and kind when only predictions with score >= `threshold` count."""
        state = self.state.copy()
        kind = self.kind.copy()
        is_truth = (~self.detection) & (self.state != IGNORED)
        gone = self.detection & ~(self.score >= threshold)
        found = is_truth & (self.score >= threshold) & (self.score > -np.inf)
        missing = is_truth & ~found
        claimed = (self.claim_score >= threshold) & (self.claim_score > -np.inf)
        state[missing] = FN
        kind[missing] = np.where(claimed[missing], EXPLAINED, MISSED)
        state[found], kind[found] = TP, NONE
        listed = np.where(self.detection, ~gone & (self.state != IGNORED), missing)
        own = np.arange(len(self))
        shown = np.where(kind == EXPLAINED, self.claim, np.where(kind == MISSED, -1, own))
        return RowsAt(state=state, kind=kind, listed=listed, found=found, missing=missing, shown=shown)


@dataclass(frozen=True)
class RowsAt:
    """Rows at a threshold: `state` and `kind` codes, and masks.

    `listed`: the rows that are listed as matches, one for each matched pair (its detection), each wrong detection and
    each truth that is not found. `found` and `missing` part the truths that count. `shown` is the row whose prediction
    a match shows:
    its own, of an explained truth that of the detection that explains it, -1 for a missed one, which has none.
    """

    state: Small
    kind: Small
    listed: Bools
    found: Bools
    missing: Bools
    shown: Ints

    @property
    def failing(self) -> Bools:
        """Wrong detections and missed truths: what a failure is made of. Explained truths have their detection."""
        failing: Bools = self.listed & ((self.state == FP) | (self.kind == MISSED))
        return failing


def cells(rows: Rows, at: RowsAt) -> tuple[Ints, Ints, Bools]:
    """Confusion cell (truth, prediction) of every match, 0 for nothing, and which matches have one.

    Right detections on the diagonal, `wrong_class` between two classes, other wrong detections in (0, class), missed
    truths in (class, 0). Explained truths have none: the detection that explains them has one.
    """
    paired = (at.state == TP) | (at.kind == WRONG_CLASS)
    truth = np.where(rows.detection & ~paired, 0, np.maximum(rows.truth_class, 0))
    predicted = np.where(at.kind == MISSED, 0, np.maximum(rows.predicted_class, 0))
    return truth, predicted, at.listed & (at.kind != EXPLAINED)


def size_names(area: Floats) -> Small:
    """0 small, 1 medium, 2 large by COCO's areas; -1 where there is no box."""
    codes = np.where(area < LARGEST_SMALL, 0, np.where(area < LARGEST_MEDIUM, 1, 2))
    return np.where(np.isnan(area), -1, codes).astype(np.int8)
