"""Predictions: what a model says of an item."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import le
from typing import Any, SupportsFloat

from motherlode.errors import BadInput
from motherlode.numbers import are_numbers
from motherlode.outlines import Outline, read_outline
from motherlode.regions import BadRegion, Box
from motherlode.shapes import BY_TASK, Shape
from motherlode.shapes.shape import one_of

__all__ = ["BadPrediction", "Prediction", "plain"]


class BadPrediction(BadInput):
    """A prediction that cannot be logged; the message names its path and what is wrong with it."""


@dataclass(frozen=True, slots=True, init=False)
class Prediction:
    """What a model says of the item at `path`.

    Boxes: `boxes` (xyxy, pixels of the upright image), with as many `labels` and `scores`; all empty says "nothing is
    here". Outlines: `polygons` in their place, each one ring of x and y (as Ultralytics' `masks.xy` has them), a list
    of rings, or a mask as COCO's run-length code (`motherlode.outlines.read_outline` says how each looks). Objects of
    another kind of region: their geometries under the kind's `task`, kept as JSON in `places`. `frames` are the pages
    that the objects lie on, from 0 on, one for each: an item of several pages needs them. Classes: `label`, and
    `probabilities` where the model gives them: by label, or one for each of the names that `log_predictions(...,
    names=)` is given. Labels are names, or numbers of which `log_predictions` is told what they mean. NumPy arrays and
    tensors are taken as they are. Raises `BadPrediction`.
    """

    path: str
    boxes: tuple[Box, ...] | None
    polygons: tuple[Outline, ...] | None
    labels: tuple[str | int, ...]
    scores: tuple[float, ...]
    label: str | int | None
    probabilities: Mapping[str | int, float] | tuple[float, ...] | None
    task: str
    places: tuple[Any, ...] | None
    frames: tuple[int, ...] | None

    def __init__(
        self,
        path: str,
        boxes: Any = None,
        labels: Any = None,
        scores: Any = None,
        *,
        label: str | int | None = None,
        probabilities: Mapping[str, SupportsFloat] | Any = None,
        polygons: Any = None,
        frames: Any = None,
        **places: Any,
    ) -> None:
        put = object.__setattr__
        put(self, "path", str(path))
        put(self, "frames", None if frames is None else _frames(path, plain(frames), plain(labels)))
        objects = {"boxes": boxes, "polygons": polygons, **places}
        if places and (unknown := places.keys() - _further()):
            known = ", ".join(f"{task}=" for task in (*_READ, *_further()))
            raise TypeError(f"{path}: {min(unknown)}= is not known; objects are given as {known}")
        given = [task for task, value in objects.items() if value is not None]
        if len(given) > 1:
            raise BadPrediction(f"{path}: give {'= or '.join(given)}=, not both: an object is of one kind")
        task = given[0] if given else "boxes"
        if label is None and probabilities is None:
            self._take_objects(task, plain(objects[task]), plain(labels), plain(scores))
            return
        if given or labels is not None or scores is not None:
            raise BadPrediction(f"{path}: give {task}=, labels=, scores= or label=, probabilities=, not both")
        shares = None if probabilities is None else _shares(path, probabilities)
        if label is None and not shares:
            raise BadPrediction(f"{path}: neither a label nor a probability is given")
        if label is None and isinstance(shares, Mapping):
            label = max(shares, key=lambda name: shares[name])
        put(self, "boxes", None)
        put(self, "polygons", None)
        put(self, "labels", ())
        put(self, "scores", ())
        put(self, "label", None if label is None else _name(path, plain(label)))
        put(self, "probabilities", shares)
        put(self, "task", "classes")
        put(self, "places", None)

    def _take_objects(self, task: str, given: Any, labels: Any, scores: Any) -> None:
        read, noun = _READ[task] if task in _READ else (partial(_place, BY_TASK[task]), BY_TASK[task].noun)
        rows, names, values = (_listed(self.path, part, noun) for part in (given, labels, scores))
        if not len(rows) == len(names) == len(values):
            counts = f"{len(rows)} {task}, {len(names)} labels and {len(values)} scores"
            raise BadPrediction(f"{self.path}: {counts}; give one of each {one_of(noun)}")
        put = object.__setattr__
        found: tuple[Any, ...] | None = _sound_boxes(rows) if read is _box else None
        if found is None:
            found = tuple([read(self.path, number, row) for number, row in enumerate(rows, start=1)])
        put(self, "boxes", found if task == "boxes" else None)
        put(self, "polygons", found if task == "polygons" else None)
        put(self, "task", task)
        put(self, "places", None if task in _READ else found)
        if not set(map(type, names)) <= {str, int}:
            names = [_name(self.path, name) for name in names]
        if not (set(map(type, values)) <= {float} and are_numbers(values)):
            values = [_score(self.path, value) for value in values]
        put(self, "labels", tuple(names))
        put(self, "scores", tuple(values))
        put(self, "label", None)
        put(self, "probabilities", None)


def plain(value: Any) -> Any:
    """Arrays and tensors as lists, their scalars as numbers; neither library is imported."""
    if value is None or isinstance(value, (str, bytes)):
        return value
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


def _listed(path: str, value: Any, noun: str) -> list[Any]:
    try:
        if isinstance(value, (str, bytes, dict)):
            raise TypeError
        return [] if value is None else list(value)
    except TypeError:
        raise BadPrediction(f"{path}: {value!r} is given where a list is expected: one value {one_of(noun)}") from None


def _frames(path: str, frames: Any, labels: Any) -> tuple[int, ...]:
    given, labels = _listed(path, frames, "number"), _listed(path, labels, "label")
    if len(given) != len(labels):
        raise BadPrediction(f"{path}: {len(given)} frames and {len(labels)} labels; give one of each an object")
    if wrong := [frame for frame in given if type(frame) is not int or frame < 0]:
        raise BadPrediction(f"{path}: the frame {wrong[0]!r} is not a whole number from 0 on")
    return tuple(given)


def _outline(path: str, number: int, value: Any) -> Outline:
    try:
        return read_outline(value)
    except BadRegion as error:
        raise BadPrediction(f"{path}: polygon {number}: {error}") from None


def _shares(path: str, probabilities: Any) -> dict[str | int, float] | tuple[float, ...]:
    given = plain(probabilities)
    shares: dict[str | int, float] | tuple[float, ...]
    try:
        if isinstance(given, (list, tuple)):
            shares = tuple(float(share) for share in given)
        else:
            shares = {_name(path, plain(name)): float(share) for name, share in given.items()}
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, BadPrediction):
            raise
        raise BadPrediction(
            f"{path}: probabilities are numbers by label, as in {{'cat': 0.9, 'dog': 0.1}}, or one for each of names="
        ) from None
    values = shares if isinstance(shares, tuple) else shares.values()
    if not all(math.isfinite(share) and share >= 0 for share in values):
        raise BadPrediction(f"{path}: probabilities must be finite and not negative")
    return shares


def _box(path: str, number: int, row: Any) -> Box:
    try:
        x1, y1, x2, y2 = map(float, row)
    except (TypeError, ValueError, OverflowError):
        raise BadPrediction(f"{path}: the box {row!r} is not four numbers (x1, y1, x2, y2)") from None
    if not math.isfinite(x1 + y1 + x2 + y2):
        raise BadPrediction(f"{path}: the box {list(row)!r} holds a number that is not finite")
    if x2 < x1 or y2 < y1:
        raise BadPrediction(f"{path}: the box {list(row)!r} is not x1, y1, x2, y2 (is it x, y, width, height?)")
    return (x1, y1, x2, y2)


def _sound_boxes(rows: Sequence[Any]) -> tuple[Box, ...] | None:
    """Boxes that are lists of four numbers as `_box` wants them, read in a third of the time; None for others."""
    if not (set(map(type, rows)) <= {list, tuple} and set(map(len, rows)) <= {4}):
        return None
    sides = [*chain.from_iterable(rows)]
    if not (set(map(type, sides)) <= {float} and are_numbers(sides)):
        return None
    ordered = all(map(le, sides[::4], sides[2::4])) and all(map(le, sides[1::4], sides[3::4]))
    return tuple(map(tuple, rows)) if ordered else None


def _place(shape: Shape, path: str, number: int, value: Any) -> Any:
    try:
        return shape.canonical(shape.from_json(value))
    except (BadRegion, TypeError, ValueError, OverflowError) as error:
        said = error if isinstance(error, BadRegion) else f"{value!r:.60} is not one ({error})"
        raise BadPrediction(f"{path}: {shape.noun} {number}: {said}") from None


def _further() -> list[str]:
    """What objects are given as besides boxes and polygons: the kinds of region that somebody has added."""
    return [task for task, shape in BY_TASK.items() if not shape.whole and task not in _READ]


_READ: Mapping[str, tuple[Callable[[str, int, Any], Any], str]] = {
    "boxes": (_box, "box"),
    "polygons": (_outline, "polygon"),
}
"""How boxes and polygons are read, as frameworks give them, and what one is called."""


def _name(path: str, value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value != value:
        raise BadPrediction(f"{path}: the label {value!r} is neither a name nor a whole number")
    if isinstance(value, float):
        if not value.is_integer():
            raise BadPrediction(f"{path}: the label {value!r} is neither a name nor a whole number")
        return int(value)
    return value


def _score(path: str, value: Any) -> float:
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadPrediction(f"{path}: the score {value!r} is not a number") from None
    if not math.isfinite(score):
        raise BadPrediction(f"{path}: a score is not finite")
    return score
