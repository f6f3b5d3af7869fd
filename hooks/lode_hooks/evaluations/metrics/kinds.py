"""One kind for every false positive and every missed truth, by TIDE's rule.

Bolya 2020 (arXiv 2008.08115), t_f = .5, t_b = .1, over the truths that count; for an unmatched detection the first
that holds:

- `bad_location`: its best same-class IoU lies in [t_b, t_f];
- `wrong_class`: its best IoU with another class is >= t_f;
- `duplicate`: its best same-class IoU is >= t_f (that truth belongs to a detection with a better score);
- `false_alarm`: everything else. TIDE parts it in Bkg (no IoU above t_b) and Both (an IoU with another class between
  t_b and t_f: wrong class and bad location). Neither a new class nor a new box alone makes such a detection right, and
  TIDE repairs both by deletion, so they are one kind here; TIDE's own name stays beside it.

A truth that counts and has no match is `explained` by the best-scoring wrong_class or bad_location detection that
points at it, else `missed`. A detection matched to a truth that does not count is ignored: it is neither a true nor a
false positive.

None of this depends on detections with a lower score, so the matches at score 0 hold the answer for every threshold s:
a detection counts if its score is >= s, and a truth is found, explained or missed by comparing the scores of its match
and of its claim with s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Floats, Ints, Small, Truths, segment_starts
from lode_hooks.evaluations.metrics.matching import Matching
from lode_hooks.evaluations.metrics.overlaps import Pairs
from motherlode.failure_kinds import FAILURE_KINDS

FOREGROUND = 0.5
BACKGROUND = 0.1

TP, FP, FN, IGNORED = 0, 1, 2, 3
STATES = ("tp", "fp", "fn", "ignored")
"""What a row of matches is; a truth that is found has the state tp too."""

NONE, MISSED, FALSE_ALARM, WRONG_CLASS, BAD_LOCATION, DUPLICATE, EXPLAINED = range(7)
KINDS: tuple[str, ...] = ("", *FAILURE_KINDS, "explained")
"""Names by code. An explained truth is not a failure of its own: its detection is."""

TIDE = ("", "Miss", "Bkg", "Both", "Cls", "Loc", "Dupe")
"""TIDE's names; Bkg and Both are false alarms."""


@dataclass(frozen=True)
class Matches:
    """The matches at IoU .5 and score 0: a row for every detection and a row for every truth.

    Detections (n,): `state` TP, FP or IGNORED; `kind` one of KINDS (NONE unless FP); `tide` one of TIDE; `truth` the
    row it matched or points at (-1: none) and `iou` with it (for a false alarm: the best IoU >= .1 with any truth).
    Truths (m,): `truth_state` TP, FN or IGNORED; `truth_kind` NONE, MISSED or EXPLAINED; `match` the detection that
    found it and `claim` the best-scoring wrong_class or bad_location detection that points at it (-1: none; a found
    truth may have a claim too, which speaks when the threshold rises above its match's score).
    """

    state: Small
    kind: Small
    tide: Small
    truth: Ints
    iou: Floats
    truth_state: Small
    truth_kind: Small
    match: Ints
    claim: Ints


def classify(truths: Truths, detections: Detections, pairs: Pairs, matching: Matching, ignored: Bools) -> Matches:
    """Give every detection and every truth its state and kind. `ignored` (m,) are the truths that do not count."""
    state = np.full(len(detections), FP, dtype=np.int8)
    truth = np.full(len(detections), -1, dtype=np.int64)
    iou = np.zeros(len(detections))
    matched = matching.truth >= 0
    rows, partners = matching.candidate[matched], matching.truth[matched]
    truth[rows], iou[rows] = partners, matching.iou[matched]
    state[rows] = np.where(ignored[partners], IGNORED, TP)

    match = np.full(len(truths), -1, dtype=np.int64)
    found = rows[~ignored[partners]]
    match[truth[found]] = found

    kind = np.zeros(len(detections), dtype=np.int8)
    tide = np.zeros(len(detections), dtype=np.int8)
    wrong = state == FP
    _name_errors(truths, detections, pairs, ignored, wrong, kind, tide, truth, iou)

    claim = claims(detections.score, kind, truth, len(truths))
    truth_state = np.where(ignored, IGNORED, np.where(match >= 0, TP, FN)).astype(np.int8)
    truth_kind = np.where(truth_state != FN, NONE, np.where(claim >= 0, EXPLAINED, MISSED)).astype(np.int8)
    return Matches(state, kind, tide, truth, iou, truth_state, truth_kind, match, claim)


def _name_errors(
    truths: Truths,
    detections: Detections,
    pairs: Pairs,
    ignored: Bools,
    wrong: Bools,
    kind: Small,
    tide: Small,
    truth: Ints,
    iou: Floats,
) -> None:
    """Write kind, tide, truth and iou of the detections that are `wrong`."""
    kind[wrong], tide[wrong] = FALSE_ALARM, TIDE.index("Bkg")
    kept = np.flatnonzero(wrong[pairs.detection] & ~ignored[pairs.truth])
    if len(kept) == 0:
        return
    detection, partner, overlap = pairs.detection[kept], pairs.truth[kept], pairs.iou[kept]
    same = detections.label[detection] == truths.label[partner]
    starts = segment_starts(detection)
    rows = detection[starts]
    same_iou, same_truth = _best(np.where(same, overlap, -1.0), partner, starts)
    other_iou, other_truth = _best(np.where(same, -1.0, overlap), partner, starts)

    near = (same_iou >= BACKGROUND) & (same_iou <= FOREGROUND)
    swapped = ~near & (other_iou >= FOREGROUND)
    repeated = ~near & ~swapped & (same_iou >= FOREGROUND)
    rest = ~near & ~swapped & ~repeated
    both = rest & (np.maximum(same_iou, other_iou) > BACKGROUND)
    for which, name, code in (
        (near, "Loc", BAD_LOCATION),
        (swapped, "Cls", WRONG_CLASS),
        (repeated, "Dupe", DUPLICATE),
    ):
        kind[rows[which]], tide[rows[which]] = code, TIDE.index(name)
    tide[rows[both]] = TIDE.index("Both")
    by_class = near | repeated
    truth[rows] = np.where(by_class, same_truth, np.where(swapped, other_truth, -1))
    iou[rows] = np.where(
        by_class, same_iou, np.where(swapped, other_iou, np.maximum(np.maximum(same_iou, other_iou), 0))
    )


def _best(overlap: Floats, partner: Ints, starts: Ints) -> tuple[Floats, Ints]:
    """The largest overlap of each segment and the last truth that has it, as in matching."""
    best: Floats = np.maximum.reduceat(overlap, starts)
    lengths = np.diff(np.append(starts, len(overlap)))
    position = np.where(overlap == np.repeat(best, lengths), np.arange(len(overlap)), -1)
    return best, partner[np.maximum.reduceat(position, starts)]


def claims(score: Floats, kind: Small, truth: Ints, count: int) -> Ints:
    """For each truth, the best-scoring detection that would be right with another class or another box; else -1."""
    claimants = np.flatnonzero((kind == WRONG_CLASS) | (kind == BAD_LOCATION))
    worst_first = claimants[np.lexsort((-claimants, score[claimants]))]
    claim = np.full(count, -1, dtype=np.int64)
    claim[truth[worst_first]] = worst_first  # the last write of repeated indices stays: the best score, first sent
    return claim


def describe(kind: str, truth: str, predicted: str) -> str:
    """A failure in a few English words, from the names of its classes: "missed RBC", "RBC predicted as WBC"."""
    if kind == "explained":
        kind = "wrong_class" if truth != predicted else "bad_location"
    return {
        "missed": f"missed {truth}",
        "false_alarm": f"false alarm {predicted}",
        "wrong_class": f"{truth} predicted as {predicted}",
        "bad_location": f"bad location {predicted}",
        "duplicate": f"duplicate {predicted}",
    }.get(kind, truth or predicted)
