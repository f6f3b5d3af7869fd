"""Items the run was least sure of."""

from __future__ import annotations

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Floats
from lode_hooks.mining.strategies.columns import CandidateIndex, Candidates, Ranking, Reason, Strategy


def rank(candidates: Candidates, seed: int) -> Ranking:
    """Classes: the margin. Boxes: `box_uncertainty`. Items the run said nothing of are left out."""
    score: Floats = np.full(candidates.count, -np.inf)
    words = "the run was unsure"
    if candidates.probabilities is not None:
        said = ~np.isnan(candidates.probabilities).any(axis=1)
        score[said] = margin(candidates.probabilities[said])
        words = "the run was undecided between two classes"
    elif candidates.detections is not None:
        score, said = box_uncertainty(candidates.detections, candidates.count)
        score = np.where(said, score, -np.inf)
        words = "the run was unsure of a box"

    def reason(item: CandidateIndex) -> Reason:
        uncertainty = float(score[item])
        return {
            "strategy": "uncertain",
            "text": f"{words} (uncertainty {uncertainty:.0%})",
            "score": round(uncertainty, 4),
        }

    return Ranking(score=score, failure=np.full(candidates.count, -1, dtype=np.int64), reason=reason)


def margin(probabilities: Floats) -> Floats:
    """1 - (p1 - p2): near 1 where the two likeliest classes are level; 1 - p1 with a single class."""
    if probabilities.shape[1] < 2:
        single: Floats = 1 - probabilities.max(axis=1)
        return single
    top = np.partition(probabilities, -2, axis=1)
    result: Floats = 1 - (top[:, -1] - top[:, -2])
    return result


def box_uncertainty(detections: Detections, count: int) -> tuple[Floats, Bools]:
    """An image's score and whether it has one: the largest 1 - |2 s - 1| of its boxes, s the score cut to [0, 1].

    A box with score .5 is as unsure as can be (1), one with 0 or 1 is sure (0). The maximum, not the sum, which would
    favour crowded images. An image without any box has no score: nothing was said of it.
    """
    uncertainty = 1 - np.abs(2 * np.clip(detections.score, 0, 1) - 1)
    score = np.zeros(count)
    np.maximum.at(score, detections.image, uncertainty)
    said = np.zeros(count, dtype=np.bool_)
    said[detections.image] = True
    return score, said


STRATEGY = Strategy(
    name="uncertain",
    title="Uncertain",
    description="Items that the run was least sure of: two classes almost level, boxes with a middling score.",
    rank=rank,
    icon="question-mark",
    default_weight=30,
)
