"""Objects at places: truths and detections in, COCO's numbers and the per-object matches out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lode_hooks.evaluations.metrics.arrays import Detections, Ints, Truths
from lode_hooks.evaluations.metrics.average_precision import AveragePrecision, average_precision
from lode_hooks.evaluations.metrics.kinds import BACKGROUND, FN, FP, TP, Matches, classify
from lode_hooks.evaluations.metrics.matching import ignored_truths, match
from lode_hooks.evaluations.metrics.overlaps import Similarity, overlapping_pairs


@dataclass(frozen=True)
class BoxEvaluation:
    """COCO's tables and the matches at IoU .5; `metrics()` is what a run shows."""

    average_precision: AveragePrecision
    matches: Matches

    def metrics(self) -> dict[str, float]:
        """AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl, and tp fp fn at IoU .5 and score 0."""
        counts = {
            "tp": float((self.matches.state == TP).sum()),
            "fp": float((self.matches.state == FP).sum()),
            "fn": float((self.matches.truth_state == FN).sum()),
        }
        return self.average_precision.summary() | counts


def evaluate_boxes(
    truths: Truths,
    detections: Detections,
    classes: npt.ArrayLike | None = None,
    ignore_difficult: bool = False,
    similarity: Similarity | None = None,
) -> BoxEvaluation:
    """Evaluate to COCO's definitions (pycocotools is the reference) with every detection and truth accounted for.

    `classes` are the class ids that AP is a mean over (default: those of the truths and detections; one without truths
    is left out of the mean). `ignore_difficult` takes VOC's difficult truths out of the count, as VOC does; COCO knows
    no such flag. AP heeds the 100 best detections per class and image, the matches keep every one. `similarity` says
    how far a detection and a truth are alike (default: the IoU of their boxes). Raises ValueError for a score that is
    not finite.
    """
    if not np.isfinite(detections.score).all():
        raise ValueError("every score must be a finite number")
    known = (
        np.union1d(truths.label, detections.label)
        if classes is None
        else np.unique(np.asarray(classes, dtype=np.int64))
    )
    order = score_order(detections)
    pairs = overlapping_pairs(truths, detections, order, BACKGROUND, similarity)
    ignored = ignored_truths(truths, ignore_difficult)
    matching = match(truths, detections, pairs, ignored)
    return BoxEvaluation(
        average_precision=average_precision(truths, detections, known, matching, ignored, order),
        matches=classify(truths, detections, pairs, matching, ignored[:, 0]),
    )


def score_order(detections: Detections) -> Ints:
    """Rows by image, class and descending score; equal scores in the order they were sent."""
    order: Ints = np.lexsort((-detections.score, detections.label, detections.image)).astype(np.int64)
    return order
