"""Items the run was least sure of."""

from __future__ import annotations

import numpy as np

from lode_hooks.evaluation.arrays import Bools, Detections, Floats
from lode_hooks.strategies.candidates import Candidates, Ranking, Reason, Strategy


def rank(candidates: Candidates, seed: int) -> Ranking:
    """Classes: the margin. Boxes: `box_uncertainty`. Items the run said nothing of are left out."""
    score: Floats = np.full(candidates.count, -np.inf)
    words = "unsure"
    if candidates.probabilities is not None:
        said = ~np.isnan(candidates.probabilities).any(axis=1)
        score[said] = margin(candidates.probabilities[said])
        words = "classes nearly as likely"
    elif candidates.detections is not None:
        score, said = box_uncertainty(candidates.detections, candidates.count)
        score = np.where(said, score, -np.inf)
        words = "a box neither likely nor unlikely"

    def reason(item: int) -> Reason:
        return {"strategy": "uncertain", "text": f"{words} ({score[item]:.2f})", "score": round(float(score[item]), 4)}

    return Ranking(score=score, failure=np.full(candidates.count, -1, dtype=np.int64), reason=reason)


def least_confidence(probabilities: Floats) -> Floats:
    """1 - p1 for probabilities (n, classes)."""
    result: Floats = 1 - probabilities.max(axis=1)
    return result


def margin(probabilities: Floats) -> Floats:
    """1 - (p1 - p2): near 1 where the two likeliest classes are level; 1 - p1 with a single class."""
    if probabilities.shape[1] < 2:
        return least_confidence(probabilities)
    top = np.partition(probabilities, -2, axis=1)
    result: Floats = 1 - (top[:, -1] - top[:, -2])
    return result


def entropy(probabilities: Floats) -> Floats:
    """-sum p ln p / ln K, 0 to 1."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    result: Floats = -(probabilities * logs).sum(axis=1) / np.log(max(probabilities.shape[1], 2))
    return result


def box_uncertainty(detections: Detections, count: int) -> tuple[Floats, Bools]:
    """An image's score and whether it has one: the largest 1 - |2 s - 1| of its boxes, s the score cut to [0, 1].

    A box with score .5 is as unsure as can be (1), one with 0 or 1 is sure (0). The maximum, not the sum, which would
    favour crowded images. An image without any box has no score: nothing was said of it.
    """
    doubt = 1 - np.abs(2 * np.clip(detections.score, 0, 1) - 1)
    score = np.zeros(count)
    np.maximum.at(score, detections.image, doubt)
    said = np.zeros(count, dtype=np.bool_)
    said[detections.image] = True
    return score, said


STRATEGY = Strategy("uncertain", "Items the run was least sure of: level classes, boxes with a middling score.", rank)
