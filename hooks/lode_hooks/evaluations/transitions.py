"""Which truths were fixed and which wrong predictions are new between two evaluations, as masks over their rows."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lode_annotation import identity
from lode_hooks.evaluations import alarms, files
from lode_hooks.evaluations.metrics import paired
from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Ints, Small
from lode_hooks.evaluations.metrics.kinds import FP, NONE, TP
from lode_hooks.evaluations.metrics.overlaps import Similarity
from lode_hooks.evaluations.metrics.rows import Rows, RowsAt
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.models import Evaluation

OF_TRUTHS = ("fixed", "regressed", "unchanged", "ok")
OF_ALARMS = ("new", "persisting", "resolved")


@dataclass(frozen=True)
class Transitions:
    """Two evaluations side by side; `before` and `after` are their rows.

    `truth` (rows of after): the code of `paired.TRANSITIONS` for the match of every truth that both hold, else -1;
    `truth_class` and `codes` are those truths as columns. `new` and `persisting` are masks over the wrong
    predictions of after, `resolved` over those of before. `by_place` counts the items whose truths have no region id
    in common, so that they are joined by class and place.
    """

    truth: Small
    new: Bools
    persisting: Bools
    resolved: Bools
    truth_class: Ints
    codes: Small
    by_place: int = 0

    def mask(self, name: str) -> Bools:
        """Matches of `after` with this transition."""
        if name in OF_TRUTHS:
            chosen: Bools = self.truth == paired.TRANSITIONS.index(name)
            return chosen
        return self.new if name == "new" else self.persisting

    def counts(self) -> dict[str, int]:
        """Matches of each transition."""
        return paired.count_transitions(self.codes) | {
            "new": int(self.new.sum()),
            "persisting": int(self.persisting.sum()),
            "resolved": int(self.resolved.sum()),
        }


def of(before: Evaluation, after: Evaluation, threshold: float | None = None) -> Transitions:
    """Compare at a threshold for both, or each at its own."""
    one, two = threshold_or_own(before, threshold), threshold_or_own(after, threshold)
    first, second = files.held(before.columns), files.held(after.columns)
    key = (first, first.stat().st_mtime_ns, one, second, second.stat().st_mtime_ns, two)
    known = _known(key)
    if not known:

        def alike(old: Ints, new: Ints) -> Similarity | None:
            return alarms.similarity(before, old, after, new)

        known.append(compared(rows_of(before), one, rows_of(after), two, alike))
    return known[0]


@lru_cache(maxsize=16)
def _known(key: tuple[Any, ...]) -> list[Transitions]:
    """A place for what was compared."""
    return []


Alike = Callable[[Ints, Ints], Similarity | None]
"""The similarity of wrong predictions of after and before, from their rows of before and of after."""


def compared(
    before: Rows, before_threshold: float, after: Rows, after_threshold: float, alike: Alike = lambda old, new: None
) -> Transitions:
    """Truths by item, frame and region (by place in items that share no region); wrong predictions by item, frame,
    class and IoU >= .5, one to one; `alike` says whose IoU, where it is not that of their bounds."""
    one, two = before.at(before_threshold), after.at(after_threshold)
    known = truths(before, one)
    fresh = truths(after, two)
    moved, items = _by_place(before, known, after, fresh)
    truth = np.full(len(after), -1, dtype=np.int8)
    shared = [
        (row, known[old][1], right) for key, (row, right) in fresh.items() if (old := moved.get(key, key)) in known
    ]
    kept = np.array([row for row, _was, _right in shared], dtype=np.int64)
    was = np.array([was for _row, was, _right in shared], dtype=np.bool_)
    right = np.array([right for _row, _was, right in shared], dtype=np.bool_)
    codes = paired.transitions(was, right)
    truth[kept] = codes
    new, persisting, resolved = _alarms(before, one, after, two, alike)
    return Transitions(
        truth=truth,
        new=new,
        persisting=persisting,
        resolved=resolved,
        truth_class=after.truth_class[kept],
        codes=codes,
        by_place=items,
    )


Truth = tuple[str, int | None, str]
"""Item, frame and region."""


def truths(rows: Rows, at: RowsAt) -> dict[Truth, tuple[int, bool]]:
    """Every truth that counts: the row of its match, and whether it is right."""
    found: dict[Truth, tuple[int, bool]] = {}
    right = at.listed & (at.state == TP)
    # of whole-image classes a wrong answer is the match of its truth; of boxes the truth has a row of its own
    lost = at.listed & ~right if _whole_images(rows) else at.missing
    for row in np.flatnonzero(right | lost).tolist():
        found[(rows.item[row], rows.frame[row], rows.region[row] or "")] = (row, bool(right[row]))
    return found


def _by_place(
    before: Rows, known: Mapping[Truth, tuple[int, bool]], after: Rows, fresh: Mapping[Truth, tuple[int, bool]]
) -> tuple[dict[Truth, Truth], int]:
    """Truths of after to those of before in the items whose truths share no region, and how many such items there are.

    Labels that were made elsewhere, or imported before regions kept their ids, give the same objects new ids.
    """
    lone: dict[str, tuple[list[Truth], list[Truth]]] = {}
    shared: set[str] = set()
    for side, truths_of in enumerate((known, fresh)):
        for key in truths_of:
            if key in known and key in fresh:
                shared.add(key[0])
            else:
                lone.setdefault(key[0], ([], []))[side].append(key)
    partners: dict[Truth, Truth] = {}
    items = 0
    for item, (old, new) in lone.items():
        if item in shared or not old or not new:
            continue
        items += 1
        pairs = identity.paired(
            [thing_at(before, known[key][0]) for key in old], [thing_at(after, fresh[key][0]) for key in new]
        )
        partners.update((new[right], old[left]) for right, left in pairs.items())
    return partners, items


def thing_at(rows: Rows, row: int) -> identity.Thing:
    """The truth of a row, as far as its identity goes."""
    box = rows.truth_box[row].tolist()
    place = None if any(map(math.isnan, box)) else (box[0], box[1], box[2], box[3])
    return identity.Thing(int(rows.truth_class[row]), place, rows.frame[row])


def _whole_images(rows: Rows) -> bool:
    return bool(len(rows)) and bool(np.isnan(rows.truth_box).all() and np.isnan(rows.predicted_box).all())


def _alarms(before: Rows, one: RowsAt, after: Rows, two: RowsAt, alike: Alike) -> tuple[Bools, Bools, Bools]:
    wrong_before = np.flatnonzero(one.listed & (one.state == FP) & (one.kind != NONE))
    wrong_after = np.flatnonzero(two.listed & (two.state == FP) & (two.kind != NONE))
    new, persisting = np.zeros(len(after), dtype=np.bool_), np.zeros(len(after), dtype=np.bool_)
    resolved = np.zeros(len(before), dtype=np.bool_)
    places: dict[tuple[str, int | None], int] = {}

    def images(rows: Rows, chosen: Ints) -> list[int]:
        return [places.setdefault((rows.item[row], rows.frame[row]), len(places)) for row in chosen.tolist()]

    if _whole_images(before) or _whole_images(after):
        # one prediction an item: the same wrong class again is the same mistake
        seen = {(before.item[row], int(before.predicted_class[row])) for row in wrong_before.tolist()}
        again = {(after.item[row], int(after.predicted_class[row])) for row in wrong_after.tolist()}
        for row in wrong_after.tolist():
            same = (after.item[row], int(after.predicted_class[row])) in seen
            persisting[row], new[row] = same, not same
        for row in wrong_before.tolist():
            resolved[row] = (before.item[row], int(before.predicted_class[row])) not in again
        return new, persisting, resolved
    first = Detections.of(
        images(before, wrong_before),
        before.predicted_class[wrong_before],
        before.predicted_box[wrong_before],
        before.score[wrong_before],
    )
    second = Detections.of(
        images(after, wrong_after),
        after.predicted_class[wrong_after],
        after.predicted_box[wrong_after],
        after.score[wrong_after],
    )
    partner = paired.link(first, second, alike(wrong_before, wrong_after))
    persisting[wrong_after[partner >= 0]] = True
    new[wrong_after[partner < 0]] = True
    resolved[wrong_before] = True
    resolved[wrong_before[partner[partner >= 0]]] = False
    return new, persisting, resolved
