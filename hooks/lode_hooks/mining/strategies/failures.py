"""Items where the run failed, the worst failures first, the kinds in turn."""

from __future__ import annotations

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Floats
from lode_hooks.evaluations.metrics.kinds import KINDS, MISSED, describe
from lode_hooks.mining.strategies.columns import CandidateIndex, Candidates, FailureRows, Ranking, Reason, Strategy


def rank(candidates: Candidates, seed: int) -> Ranking:
    """An item's score is the best percentile of its failures among the failures of the same kind.

    Within a kind the confident mistakes come first; missed objects, which have no score of their own, by size, the
    largest first. Percentiles let the kinds share a budget whatever their numbers.
    """
    rows = candidates.failures
    severity = percentiles(rows)
    score = np.full(candidates.count, -np.inf)
    failure = np.full(candidates.count, -1, dtype=np.int64)
    mildest_first = np.argsort(severity, kind="stable")
    score[rows.item[mildest_first]] = severity[mildest_first]  # of repeated indices the last, worst, one stays
    failure[rows.item[mildest_first]] = mildest_first
    number = np.append(rows.number, -1)[failure]

    def reason(item: CandidateIndex) -> Reason:
        return explain(rows, int(failure[item]), candidates.names)

    return Ranking(score=score, failure=number, reason=reason)


def percentiles(rows: FailureRows) -> Floats:
    """For each failure, the share of its kind that is at most as bad: (0, 1], the worst is 1."""
    worth = np.where(rows.kind == MISSED, rows.size, np.nan_to_num(rows.score, nan=0.0))
    result = np.zeros(len(worth))
    for kind in np.unique(rows.kind):
        at = np.flatnonzero(rows.kind == kind)
        order = at[np.argsort(worth[at], kind="stable")]
        result[order] = np.arange(1, len(order) + 1) / len(order)
    return result


def explain(rows: FailureRows, failure: int, names: dict[int, str]) -> Reason:
    """The reason in words and parts: "missed RBC", "RBC predicted as WBC (0.93)"."""
    kind = KINDS[rows.kind[failure]]
    truth = names.get(int(rows.truth_class[failure]), "")
    predicted = names.get(int(rows.predicted_class[failure]), "")
    score = None if np.isnan(rows.score[failure]) else round(float(rows.score[failure]), 4)
    words = describe(kind, truth, predicted)
    text = words if score is None or kind == "missed" else f"{words} ({score:.2f})"
    return {"strategy": "failures", "text": text, "kind": kind, "truth": truth, "predicted": predicted, "score": score}


STRATEGY = Strategy(
    name="failures",
    title="Failures",
    description="Items where the run failed: confident mistakes and large misses first.",
    rank=rank,
    icon="alert-triangle",
    default_weight=70,
)
