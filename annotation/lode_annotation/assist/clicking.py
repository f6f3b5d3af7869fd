"""Learns from boxes what box is meant by a click within it, and from outlines the outline in a box.

Around the click the picture's brightness is sampled along 24 rays at 28 distances, out to the longer side of the
class's median box; extremely randomised trees (Geurts, Ernst and Wehenkel, "Extremely randomized trees", 2006) say how
far away its four sides are, in units of that median box. An outline is learned alike, around the middle of the box,
as its distance along each ray.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from lode_annotation.assist import polar
from lode_annotation.assist.pictures import Picture, Seen, Suggestion, medians
from lode_annotation.assist.polar import Floats, Numbers, Pixels
from lode_annotation.assist.trees import Forest

SPREAD = 0.1
"""How far a person's click lies from the middle of what is meant: its standard deviation, in parts of the box."""
FARTHEST = 0.35
CLICKS = 4000
"""Clicks that are learned from, at least two of each region and at most four."""
TREES, LEAF, TRIED = 40, 3, 0.05
ROOM = 1.5
"""How far the samples for an outline reach, in halves of the box."""
TALLIED = 20_000


def clicks_in(boxes: Numbers, rng: np.random.Generator) -> Numbers:
    """(rows, 2): where a person might click who means these boxes (rows, 4)."""
    size = boxes[:, 2:] - boxes[:, :2]
    off = np.clip(rng.normal(0, SPREAD, size.shape), -FARTHEST, FARTHEST)
    found: Numbers = (boxes[:, :2] + boxes[:, 2:]) / 2 + off * size
    return found


def fitted(kind: str, features: Floats, wanted: npt.NDArray[Any]) -> Any:
    """Extremely randomised trees of scikit-learn, fitted; ``kind`` is "Regressor" or "Classifier"."""
    from sklearn import ensemble  # the server's extra `assist`: for jobs alone

    trees = getattr(ensemble, f"ExtraTrees{kind}")
    return trees(TREES, max_features=TRIED, min_samples_leaf=LEAF, n_jobs=-1, random_state=0).fit(features, wanted)


@dataclass(frozen=True, eq=False)
class Clicks:
    """What was learned. ``sizes`` (classes, 2) are the median boxes of ``class_ids``, ``size`` that of any other."""

    direction: Floats
    class_ids: npt.NDArray[np.int64]
    sizes: Numbers
    size: Numbers
    box: Forest
    outline: Forest | None = None

    def median(self, class_ids: Sequence[int]) -> Numbers:
        """(rows, 2): the median boxes of these classes: the trivial guess."""
        known = dict(zip(self.class_ids.tolist(), self.sizes, strict=True))
        return np.array([known.get(one, self.size) for one in class_ids]).reshape(-1, 2)

    def boxes(self, seen: Seen, points: Numbers, class_ids: Sequence[int]) -> Numbers:
        """(rows, 4): the boxes meant by clicks (rows, 2), all in pixels of the array."""
        unit = self.median(class_ids)
        colours, within = polar.sampled(seen.pixels, polar.places(points, unit.max(axis=1, keepdims=True)))
        found = self.box.predict(polar.brightness(colours, within, self.direction)) * np.hstack([unit, unit])
        sides: Numbers = np.hstack([points - found[:, :2], points + found[:, 2:]])
        return np.clip(sides, 0, np.tile(seen.size, 2))

    def outlines(self, seen: Seen, boxes: Numbers) -> Numbers | None:
        """(rows, 24, 2): an outline in each box (rows, 4); None where none was learned."""
        if self.outline is None:
            return None
        middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum((boxes[:, 2:] - boxes[:, :2]) / 2, 0.5)
        colours, within = polar.sampled(seen.pixels, polar.places(middle, half * ROOM))
        far = self.outline.predict(polar.brightness(colours, within, self.direction))
        found: Numbers = middle[:, None] + polar.RAYS[None] * far[..., None] * half[:, None]
        return np.clip(found, 0, seen.size)

    def suggestions(
        self, seen: Seen, boxes: Numbers, class_ids: Sequence[int], scores: Sequence[float | None]
    ) -> list[Suggestion]:
        """Boxes (rows, 4) in pixels of the array as suggestions, with their outlines where these were learned."""
        lines = self.outlines(seen, boxes)
        rings = (
            [None] * len(boxes) if lines is None else [[(x, y) for x, y in one.tolist()] for one in lines / seen.scale]
        )
        return [
            Suggestion(number, (box[0], box[1], box[2], box[3]), ring, score)
            for number, box, ring, score in zip(class_ids, (boxes / seen.scale).tolist(), rings, scores, strict=True)
        ]

    def click(self, seen: Seen, x: float, y: float, class_id: int) -> Suggestion:
        """What a click at ``x``, ``y``, in pixels of the item, means."""
        boxes = self.boxes(seen, np.array([[x, y]]) * seen.scale, [class_id])
        return self.suggestions(seen, boxes, [class_id], [None])[0]

    def guess(self, seen: Seen, x: float, y: float, class_id: int) -> Suggestion:
        """The trivial guess: the median box of the class around the click."""
        half = self.median([class_id])[0] / 2 / seen.scale
        return Suggestion(class_id, (x - half[0], y - half[1], x + half[0], y + half[1]))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As it is kept."""
        facts = {name: getattr(self, name) for name in ("direction", "class_ids", "sizes", "size")}
        return facts | self.box.arrays("box") | (self.outline.arrays("outline") if self.outline else {})

    @classmethod
    def kept(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From what ``arrays`` gave. Raises KeyError where one is missing."""
        return cls(
            direction=arrays["direction"],
            class_ids=arrays["class_ids"],
            sizes=arrays["sizes"],
            size=arrays["size"],
            box=Forest.kept(arrays, "box"),
            outline=Forest.kept(arrays, "outline") if "outline_roots" in arrays else None,
        )


def learned(pictures: Sequence[Picture]) -> Clicks:
    """Learns from pictures with at least one region. The same pictures teach the same."""
    rng = np.random.default_rng(0)
    size, known = medians(pictures)
    count = sum(len(picture.taught) for picture in pictures)
    times = max(2, min(4, CLICKS // count))
    rows = [_sampled(picture, size, known, rng) for picture in pictures if picture.taught for _ in range(times)]
    colours, within, far, depth = (np.concatenate(column) for column in zip(*rows, strict=True))
    direction = _direction(colours, within, depth, rng)
    box = Forest.of(fitted("Regressor", polar.brightness(colours, within, direction), far))
    ids = np.array(sorted(known), dtype=np.int64)
    sizes = np.array([known[one] for one in ids.tolist()], dtype=np.float64).reshape(-1, 2)
    return Clicks(direction, ids, sizes, size, box, _outline(pictures, direction, times, rng))


def _sampled(
    picture: Picture, size: Numbers, known: Mapping[int, Numbers], rng: np.random.Generator
) -> tuple[Pixels, npt.NDArray[np.bool_], Numbers, Floats]:
    """A click in each region: the colours around it, which of them lie within the picture, how far away the box's
    sides are in units of the median box, and how deep within or without the box each sample lies (1: on its border)."""
    boxes = picture.boxes
    unit = np.array([known.get(one, size) for one in picture.class_ids])
    points = clicks_in(boxes, rng)
    at = polar.places(points, unit.max(axis=1, keepdims=True))
    colours, within = polar.sampled(picture.seen.pixels, at)
    far = np.hstack([points - boxes[:, :2], boxes[:, 2:] - points]) / np.hstack([unit, unit])
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum((boxes[:, 2:] - boxes[:, :2]) / 2, 0.5)
    depth = (np.abs(at - middle[:, None]) / half[:, None]).max(axis=2).astype(np.float32)
    return colours, within, far, depth


def _direction(colours: Pixels, within: npt.NDArray[np.bool_], depth: Floats, rng: np.random.Generator) -> Floats:
    inner, outer = (colours[part & within] for part in (depth < 0.6, (depth > 1.1) & (depth < 1.6)))
    some = [part[rng.permutation(len(part))[:TALLIED]] for part in (inner, outer)]
    return polar.telling_direction(some[0], some[1])


# -- outlines ----------------------------------------------------------------------------------------------------------


def _outline(pictures: Iterable[Picture], direction: Floats, times: int, rng: np.random.Generator) -> Forest | None:
    """Learned from regions that are made of outlines, in boxes as far from theirs as those that are found."""
    features, wanted = [], []
    for picture in pictures:
        for one in picture.taught:
            if not one.shape.segmented:
                continue
            rings = [ring for part in one.shape.parts(one.geometry) for ring in part[:1]]
            outline = [np.array(ring, dtype=np.float64) * picture.seen.scale for ring in rings]
            for _ in range(times):
                size = one.box[2:] - one.box[:2]
                middle = (one.box[:2] + one.box[2:]) / 2 + rng.normal(0, 0.06, 2) * size
                half = np.maximum(size / 2 * np.exp(rng.normal(0, 0.12, 2)), 0.5)
                far = distances([(ring - middle) / half for ring in outline])
                colours, within = polar.sampled(picture.seen.pixels, polar.places(middle[None], half[None] * ROOM))
                features.append(polar.brightness(colours, within, direction)[0])
                wanted.append(far)
    return Forest.of(fitted("Regressor", np.array(features), np.array(wanted))) if features else None


def distances(rings: Iterable[Numbers]) -> Numbers:
    """(24,): how far out the outermost crossing of each ray from the origin with closed rings (points, 2) lies; .05,
    where it meets none."""
    found = np.full(polar.ANGLES, 0.05)
    for ring in rings:
        side = np.roll(ring, -1, axis=0) - ring
        across = polar.RAYS[:, :1] * side[:, 1] - polar.RAYS[:, 1:] * side[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (ring[:, 0] * side[:, 1] - ring[:, 1] * side[:, 0]) / across
            along = (ring[:, 0] * polar.RAYS[:, 1:] - ring[:, 1] * polar.RAYS[:, :1]) / across
        meets = (np.abs(across) > 1e-12) & (far > 0) & (along >= 0) & (along <= 1)
        found = np.maximum(found, np.where(meets, far, 0).max(axis=1, initial=0))
    return found
