"""Learns where objects lie in a whole picture: what pre-labels are made of.

At each place of a grid trees say, from the brightness around it, of which class an object has its middle there, if of
any; what a click there would mean, and then one in the middle of that, are its box. Of boxes that overlap the most
certain is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from lode_annotation.assist import clicking, polar
from lode_annotation.assist.clicking import Clicks
from lode_annotation.assist.pictures import Picture, Seen, Suggestion, medians, overlap
from lode_annotation.assist.polar import Floats, Numbers
from lode_annotation.assist.trees import Forest

REACH = 0.9
"""How far around a place is looked, in longer sides of the median box."""
FINEST, PLACES = 6.0, 4000
"""The least distance of the grid's places, in pixels, and the most of them in a picture."""
LIKELY = 0.2
NEAR = 0.5
"""Where a place is an object's no more: in halves of its box."""
SAME = 0.4
"""The IoU from which two boxes are one object."""


@dataclass(frozen=True, eq=False)
class Finder:
    """What was learned: ``forest`` gives the shares of ``classes``, of which 0 is "nothing has its middle here";
    ``threshold`` is the least score of what is suggested."""

    clicks: Clicks
    classes: npt.NDArray[np.int64]
    forest: Forest
    threshold: float = 0.0

    def shares(self, seen: Seen, points: Numbers) -> Numbers:
        """(rows, classes)"""
        return self.forest.predict(_features(seen, points, self.clicks))

    def found(self, seen: Seen) -> tuple[Numbers, npt.NDArray[np.int64], Numbers]:
        """Boxes (rows, 4) in pixels of the array, their classes and scores, the most certain first."""
        points = grid(seen, self.clicks)
        shares = self.shares(seen, points)
        boxes: list[Numbers] = [np.zeros((0, 4))]
        scores: list[Numbers] = [np.zeros(0)]
        numbers: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        for column, number in enumerate(self.classes.tolist()):
            likely = (shares[:, column] > LIKELY) & _peaks(points, shares[:, column])
            if not number or not likely.any():
                continue
            same = [number] * int(likely.sum())
            first = self.clicks.boxes(seen, points[likely], same)
            middle = (first[:, :2] + first[:, 2:]) / 2
            boxes.append(self.clicks.boxes(seen, middle, same))
            numbers.append(np.full(len(middle), number))
            scores.append(self.shares(seen, middle)[:, column])
        kept = _distinct(np.concatenate(boxes), every := np.concatenate(scores))
        return np.concatenate(boxes)[kept], np.concatenate(numbers)[kept], every[kept]

    def suggestions(self, seen: Seen) -> list[Suggestion]:
        """What is found in a picture."""
        boxes, numbers, scores = self.found(seen)
        sure = scores >= self.threshold
        return self.clicks.suggestions(seen, boxes[sure], numbers[sure].tolist(), scores[sure].tolist())

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As it is kept."""
        return (
            self.clicks.arrays()
            | self.forest.arrays("finder")
            | {
                "classes": self.classes,
                "threshold": np.array(self.threshold),
            }
        )

    @classmethod
    def kept(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what ``arrays`` gave. Raises KeyError where one is missing."""
        forest = Forest.kept(arrays, "finder")
        return cls(Clicks.kept(arrays), arrays["classes"], forest, float(arrays["threshold"]))


def learned(pictures: Sequence[Picture], clicks: Clicks) -> Finder:
    """Learns from whole pictures: what is not labelled in them is nothing. The same pictures teach the same."""
    rng = np.random.default_rng(0)
    features: list[Floats] = []
    wanted: list[npt.NDArray[np.int64]] = []
    for picture in pictures:
        boxes, numbers = picture.boxes, np.array(picture.class_ids, dtype=np.int64)
        places = grid(picture.seen, clicks)
        places = places + rng.uniform(-0.5, 0.5, places.shape) * _step(picture.seen, clicks)
        if len(boxes):
            middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum((boxes[:, 2:] - boxes[:, :2]) / 2, 0.5)
            away = np.linalg.norm((places[:, None] - middle) / half, axis=2).min(axis=1)
            places = places[away > NEAR]
        nothing = places[rng.permutation(len(places))[: max(6, 3 * len(boxes))]]
        features.append(_features(picture.seen, nothing, clicks))
        wanted.append(np.zeros(len(nothing), dtype=np.int64))
        for _ in range(2 if len(boxes) else 0):
            features.append(_features(picture.seen, clicking.clicks_in(boxes, rng), clicks))
            wanted.append(numbers)
    forest = clicking.fitted("Classifier", np.concatenate(features), np.concatenate(wanted))
    return Finder(clicks, forest.classes_.astype(np.int64), Forest.of(forest))


def _step(seen: Seen, clicks: Clicks) -> float:
    least = min([clicks.size.min(), *clicks.sizes.min(axis=1)]) / 4
    return float(max(FINEST, least, np.sqrt(np.prod(seen.size) / PLACES)))


def grid(seen: Seen, clicks: Clicks) -> Numbers:
    """(rows, 2): the places of a picture that are looked at."""
    step = _step(seen, clicks)
    across, down = (np.arange(step / 2, side, step) for side in seen.size)
    return np.stack(np.meshgrid(across, down), axis=2).reshape(-1, 2)


def _peaks(points: Numbers, shares: Numbers) -> npt.NDArray[np.bool_]:
    """Which places of a grid have no neighbour, of eight, that is more likely."""
    across = int((points[:, 1] == points[0, 1]).sum())
    table = np.pad(shares.reshape(-1, across), 1, constant_values=-1.0)
    rows, columns = table.shape
    around = [table[y : rows - 2 + y, x : columns - 2 + x] for y in range(3) for x in range(3)]
    found: npt.NDArray[np.bool_] = (table[1:-1, 1:-1] >= np.max(around, axis=0)).ravel()
    return found


def _features(seen: Seen, points: Numbers, clicks: Clicks) -> Floats:
    reach = np.full((len(points), 1), clicks.size.max() * REACH)
    return polar.brightness(*polar.sampled(seen.pixels, polar.places(points, reach)), clicks.direction)


def _distinct(boxes: Numbers, scores: Numbers) -> list[int]:
    """The rows to keep: of boxes that are one object the most certain; non-maximum suppression."""
    left, kept = np.argsort(-scores, kind="stable"), []
    while len(left):
        first = left[0]
        kept.append(int(first))
        left = left[overlap(np.broadcast_to(boxes[first], (len(left), 4)), boxes[left]) < SAME]
        left = left[left != first]
    return kept


# -- how well ----------------------------------------------------------------------------------------------------------

Found = Callable[[Seen], tuple[Numbers, npt.NDArray[np.int64], Numbers]]
"""Boxes in a picture, their classes and scores, the most certain first."""


def guessing(pictures: Sequence[Picture]) -> Found:
    """The trivial guess: median boxes of the commonest class, as many as there are in a picture on average, side by
    side over the picture."""
    numbers = [number for picture in pictures for number in picture.class_ids]
    number = max(sorted(set(numbers)), key=numbers.count)
    size, known = medians(pictures)
    half = known.get(number, size) / 2
    count = len(numbers) / max(1, len(pictures))

    def found(seen: Seen) -> tuple[Numbers, npt.NDArray[np.int64], Numbers]:
        step = np.sqrt(np.prod(seen.size) / max(1.0, count))
        across, down = (np.arange(min(step, side) / 2, side, step) for side in seen.size)
        middle = np.stack(np.meshgrid(across, down), axis=2).reshape(-1, 2)
        return np.hstack([middle - half, middle + half]), np.full(len(middle), number), np.ones(len(middle))

    return found


def tally(found: Found, pictures: Sequence[Picture]) -> tuple[Numbers, npt.NDArray[np.bool_], int]:
    """The scores of all that is found, whether each is right, and how many regions there are to find. Right is one of
    the class of a region that it overlaps by an IoU of .5, each region once, the most certain first."""
    scores, right, count = [], [], 0
    for picture in pictures:
        truth, classes = picture.boxes, np.array(picture.class_ids, dtype=np.int64)
        count += len(truth)
        free = np.ones(len(truth), dtype=bool)
        for box, number, score in zip(*found(picture.seen), strict=True):
            near = overlap(np.broadcast_to(box, (len(truth), 4)), truth) * (free & (classes == number))
            best = int(near.argmax()) if len(near) else -1
            hit = best >= 0 and near[best] >= 0.5
            free[best : best + hit] = False
            scores.append(float(score))
            right.append(bool(hit))
    return np.array(scores), np.array(right, dtype=bool), count


def f1_at(scores: Numbers, right: npt.NDArray[np.bool_], count: int, threshold: float) -> float:
    """F1 of what has at least that score."""
    taken = scores >= threshold
    return float(2 * (right & taken).sum() / max(1, taken.sum() + count))


def best_threshold(scores: Numbers, right: npt.NDArray[np.bool_], count: int) -> float:
    """The score from which on F1 is greatest."""
    if not len(scores):
        return 1.0
    order = np.argsort(-scores, kind="stable")
    f1 = 2 * np.cumsum(right[order]) / (np.arange(1, len(order) + 1) + count)
    return float(scores[order][f1.argmax()])
