"""What the matches say at every threshold of the score: counts, precision and recall, histograms, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluation.arrays import Bools, Floats, Ints, Small
from lode_hooks.evaluation.kinds import EXPLAINED, FP, IGNORED, KINDS, MISSED, NONE, TP, Matches

DRAWN = 200
"""Points of a drawn curve at most; the ends and the best F1 are always among them."""


@dataclass(frozen=True)
class Scored:
    """The matches with the columns needed to open them at any threshold.

    Detections (n,): `score`, `label`, `state`, `kind`, `truth`. Truths (m,): `truth_label`, `counts` (False for crowds
    and others that do not count), `match_score` and `claim_score`, minus infinity where there is none.
    """

    score: Floats
    label: Ints
    state: Small
    kind: Small
    truth: Ints
    truth_label: Ints
    counts: Bools
    match_score: Floats
    claim_score: Floats

    @staticmethod
    def of(matches: Matches, score: Floats, label: Ints, truth_label: Ints) -> Scored:
        """From the matches and the columns of detections and truths they were made of."""
        scores = np.append(score, -np.inf)
        return Scored(
            score=score,
            label=label,
            state=matches.state,
            kind=matches.kind,
            truth=matches.truth,
            truth_label=truth_label,
            counts=matches.truth_state != IGNORED,
            match_score=scores[matches.match],
            claim_score=scores[matches.claim],
        )

    def detections_at(self, threshold: float) -> Bools:
        """Detections that count: not ignored, score >= threshold."""
        counted: Bools = (self.state != IGNORED) & (self.score >= threshold)
        return counted

    def truth_kinds_at(self, threshold: float) -> Small:
        """NONE for a truth that is found (or does not count), EXPLAINED or MISSED for one that is not."""
        missing = self.counts & ~(self.match_score >= threshold)
        kinds = np.where(missing, np.where(self.claim_score >= threshold, EXPLAINED, MISSED), NONE)
        return kinds.astype(np.int8)

    def counts_at(self, threshold: float) -> dict[str, int]:
        """tp, fp, fn and the count of every kind among detections and truths with score >= threshold."""
        counted = self.detections_at(threshold)
        truth_kinds = self.truth_kinds_at(threshold)
        counts = {
            "tp": int((counted & (self.state == TP)).sum()),
            "fp": int((counted & (self.state == FP)).sum()),
            "fn": int((truth_kinds != NONE).sum()),
        }
        wrong = self.kind[counted]
        for code, name in enumerate(KINDS):
            if code != NONE:
                counts[name] = int((wrong == code).sum() + (truth_kinds == code).sum())
        return counts


@dataclass(frozen=True)
class Curve:
    """Precision and recall at falling thresholds, one point for each distinct score (or fewer, when drawn)."""

    threshold: Floats
    tp: Ints
    fp: Ints
    truths: int

    @property
    def precision(self) -> Floats:
        """tp / (tp + fp)."""
        precision: Floats = self.tp / np.maximum(self.tp + self.fp, 1)
        return precision

    @property
    def recall(self) -> Floats:
        """tp / truths, 0 without truths."""
        recall: Floats = self.tp / max(self.truths, 1)
        return recall

    @property
    def f1(self) -> Floats:
        """2 tp / (2 tp + fp + fn)."""
        f1: Floats = 2 * self.tp / np.maximum(self.tp + self.fp + self.truths, 1)
        return f1

    def best(self) -> int:
        """Position of the best F1, the highest threshold of equal ones; -1 for an empty curve."""
        return int(np.argmax(self.f1)) if len(self.threshold) else -1

    def drawn(self, most: int = DRAWN) -> Curve:
        """The curve thinned to `most` points, evenly by position."""
        if len(self.threshold) <= most:
            return self
        even = np.linspace(0, len(self.threshold) - 1, most - 1).round().astype(np.int64)
        kept = np.union1d(even, [self.best()])
        return Curve(self.threshold[kept], self.tp[kept], self.fp[kept], self.truths)


def curve(scored: Scored, label: int | None = None) -> Curve:
    """The curve over all classes together, or of one class, at IoU .5."""
    rows = scored.state != IGNORED
    truths = scored.counts
    if label is not None:
        rows = rows & (scored.label == label)
        truths = truths & (scored.truth_label == label)
    kept = np.flatnonzero(rows)
    kept = kept[np.argsort(-scored.score[kept], kind="stable")]
    score, hit = scored.score[kept], scored.state[kept] == TP
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if len(score) else np.zeros(0, dtype=np.int64)
    true = np.cumsum(hit)[last]
    return Curve(score[last], true.astype(np.int64), (last + 1 - true).astype(np.int64), int(truths.sum()))


def best_threshold(scored: Scored) -> float:
    """The score from which on detections count so that F1 over all classes is best; 0 without detections."""
    whole = curve(scored)
    best = whole.best()
    return float(whole.threshold[best]) if best >= 0 else 0.0


@dataclass(frozen=True)
class Histogram:
    """Counts between edges: `edges` (b + 1,), and for each name of a series its counts (b,)."""

    edges: Floats
    series: dict[str, Ints]


def score_histogram(scored: Scored, bins: int = 20) -> Histogram:
    """Detections by score, right ones beside each kind of wrong ones; over 0 to 1, or wider if scores are."""
    counted = scored.state != IGNORED
    low = min(0.0, float(scored.score[counted].min(initial=0.0)))
    high = max(1.0, float(scored.score[counted].max(initial=1.0)))
    edges = np.linspace(low, high, bins + 1).astype(np.float64)
    series = {"tp": _histogram(scored.score[scored.state == TP], edges)}
    for code, name in enumerate(KINDS):
        if code not in (NONE, MISSED, EXPLAINED):
            series[name] = _histogram(scored.score[scored.kind == code], edges)
    return Histogram(edges, series)


def size_histogram(scored: Scored, area: Floats, threshold: float) -> Histogram:
    """Truths that count by size (the square root of their area, in pixels; edges are powers of 2), found or not."""
    size = np.sqrt(np.maximum(area, 0))
    found = scored.counts & (scored.match_score >= threshold)
    top = int(np.ceil(np.log2(max(float(size[scored.counts].max(initial=2.0)), 2.0)))) + 1
    edges: Floats = np.concatenate(([0.0], 2.0 ** np.arange(2, max(top, 3) + 1)))
    kinds = scored.truth_kinds_at(threshold)
    return Histogram(
        edges,
        {
            "tp": _histogram(size[found], edges),
            "explained": _histogram(size[kinds == EXPLAINED], edges),
            "missed": _histogram(size[kinds == MISSED], edges),
        },
    )


@dataclass(frozen=True)
class Reliability:
    """How often a score tells the truth: mean score and share of right detections per bin; `error` is the ECE."""

    edges: Floats
    count: Ints
    mean_score: Floats
    share_right: Floats
    error: float


def reliability(score: Floats, right: Bools, bins: int = 10) -> Reliability:
    """Scores in [0, 1] against being right. ECE = sum of count / n * |share right - mean score| (Guo 2017)."""
    edges = np.linspace(0.0, 1.0, bins + 1).astype(np.float64)
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    whole = np.maximum(count, 1)
    mean_score = np.bincount(place, weights=score, minlength=bins) / whole
    share_right = np.bincount(place, weights=right.astype(np.float64), minlength=bins) / whole
    error = float((count * np.abs(share_right - mean_score)).sum() / max(len(score), 1))
    return Reliability(edges, count.astype(np.int64), mean_score, share_right, error)


def _histogram(values: Floats, edges: Floats) -> Ints:
    return np.histogram(values, bins=edges)[0].astype(np.int64)
