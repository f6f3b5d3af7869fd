"""Predictions: what a model says of an item, and the COCO results files that say it for many."""

from __future__ import annotations

import json
import math
import os
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat, TextIO

from motherlode.errors import BadInput
from motherlode.formats import coco
from motherlode.formats.source import Problem
from motherlode.regions import Box

__all__ = ["BadPrediction", "IdMap", "Prediction", "load_ids", "plain", "read_ids", "read_results", "save_ids"]


class BadPrediction(BadInput):
    """A prediction that cannot be logged; the message names its path and what is wrong with it."""


@dataclass(frozen=True, slots=True, init=False)
class Prediction:
    """What a model says of the item at `path`.

    Boxes: `boxes` (xyxy, pixels of the upright image), with as many `labels` and `scores`; all empty says "nothing is
    here". Classes: `label`, and `probabilities` where the model gives them: by label, or one for each of the names that
    `log_predictions(..., names=)` is given. Labels are names, or numbers of which `log_predictions` is told what they
    mean. NumPy arrays and tensors are taken as they are. Raises `BadPrediction`.
    """

    path: str
    boxes: tuple[Box, ...] | None
    labels: tuple[str | int, ...]
    scores: tuple[float, ...]
    label: str | int | None
    probabilities: Mapping[str | int, float] | tuple[float, ...] | None

    def __init__(
        self,
        path: str,
        boxes: Any = None,
        labels: Any = None,
        scores: Any = None,
        *,
        label: str | int | None = None,
        probabilities: Mapping[str, SupportsFloat] | Any = None,
    ) -> None:
        put = object.__setattr__
        put(self, "path", str(path))
        if label is None and probabilities is None:
            self._take_boxes(plain(boxes), plain(labels), plain(scores))
            return
        if boxes is not None or labels is not None or scores is not None:
            raise BadPrediction(f"{path}: give boxes=, labels=, scores= or label=, probabilities=, not both")
        shares = None if probabilities is None else _shares(path, probabilities)
        if label is None and not shares:
            raise BadPrediction(f"{path}: neither a label nor a probability is given")
        if label is None and isinstance(shares, Mapping):
            label = max(shares, key=lambda name: shares[name])
        put(self, "boxes", None)
        put(self, "labels", ())
        put(self, "scores", ())
        put(self, "label", None if label is None else _name(path, plain(label)))
        put(self, "probabilities", shares)

    def _take_boxes(self, boxes: Any, labels: Any, scores: Any) -> None:
        rows, names, values = (_listed(self.path, part) for part in (boxes, labels, scores))
        if not len(rows) == len(names) == len(values):
            raise BadPrediction(
                f"{self.path}: {len(rows)} boxes, {len(names)} labels and {len(values)} scores; give one of each a box"
            )
        put = object.__setattr__
        put(self, "boxes", tuple(_box(self.path, row) for row in rows))
        put(self, "labels", tuple(_name(self.path, name) for name in names))
        put(self, "scores", tuple(_score(self.path, value) for value in values))
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
    return value


def _listed(path: str, value: Any) -> list[Any]:
    if isinstance(value, (str, bytes)):
        raise BadPrediction(f"{path}: {value!r} is given where a list is expected: one value a box")
    try:
        return [] if value is None else list(value)
    except TypeError:
        raise BadPrediction(f"{path}: {value!r} is given where a list is expected: one value a box") from None


def _shares(path: str, probabilities: Any) -> dict[str | int, float] | tuple[float, ...]:
    given = plain(probabilities)
    shares: dict[str | int, float] | tuple[float, ...]
    try:
        if isinstance(given, (list, tuple)):
            shares = tuple(float(share) for share in given)
        else:
            shares = {_name(path, plain(name)): float(share) for name, share in given.items()}
    except (AttributeError, TypeError, ValueError) as error:
        if isinstance(error, BadPrediction):
            raise
        raise BadPrediction(
            f"{path}: probabilities are numbers by label, as in {{'cat': 0.9, 'dog': 0.1}}, or one for each of names="
        ) from None
    values = shares if isinstance(shares, tuple) else shares.values()
    if not all(math.isfinite(share) and share >= 0 for share in values):
        raise BadPrediction(f"{path}: probabilities must be finite and not negative")
    return shares


def _box(path: str, row: Sequence[Any]) -> Box:
    try:
        x1, y1, x2, y2 = (float(number) for number in row)
    except (TypeError, ValueError):
        raise BadPrediction(f"{path}: the box {row!r} is not four numbers (x1, y1, x2, y2)") from None
    if not math.isfinite(x1 + y1 + x2 + y2):
        raise BadPrediction(f"{path}: the box {list(row)!r} holds a number that is not finite")
    if x2 < x1 or y2 < y1:
        raise BadPrediction(f"{path}: the box {list(row)!r} is not x1, y1, x2, y2 (is it x, y, width, height?)")
    return (x1, y1, x2, y2)


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
    except (TypeError, ValueError):
        raise BadPrediction(f"{path}: the score {value!r} is not a number") from None
    if not math.isfinite(score):
        raise BadPrediction(f"{path}: a score is not finite")
    return score


# COCO results


@dataclass(frozen=True, slots=True)
class IdMap:
    """What the numbers of a COCO results file mean: image id -> file name, category id -> label."""

    images: Mapping[str, str]
    categories: Mapping[str, str]


def save_ids(path: Path, ids: IdMap) -> None:
    """Keep an id map; `load_ids` reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({"images": dict(ids.images), "categories": dict(ids.categories)}), encoding="utf-8")
    part.replace(path)


def load_ids(path: Path) -> IdMap | None:
    """The id map that was kept, None where there is none."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return IdMap(dict(row["images"]), dict(row["categories"]))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def read_ids(stream: TextIO) -> IdMap:
    """The id map of a COCO document (`images`, `categories`). Raises `coco.BadJson`, `BadPrediction`."""
    images: dict[str, str] = {}
    categories: dict[str, str] = {}
    for key, row, value in coco.parts(stream):
        try:
            if key == "images":
                images[str(value["id"])] = str(value["file_name"])
            elif key == "categories":
                categories[str(value["id"])] = str(value["name"])
        except (KeyError, TypeError) as error:
            raise BadPrediction(f"{key}[{row}] of the id map cannot be read ({error})") from None
    return IdMap(images, categories)


def read_results(stream: TextIO, file: str, ids: IdMap, paths: Sequence[str]) -> Iterator[Prediction | Problem]:
    """Predictions of a COCO results file for the items at `paths`: one each, those without a detection included.

    An image id means the file name that `ids` gives it, or is itself a path, file name, stem or the number that ends
    it; a category id means the label that `ids` gives it, or is a class id. Rows that fit no item are reported. Order
    within an image is the file's. Raises `coco.BadJson`, and `BadPrediction` where there are rows and none fits.
    """
    find = _Finder(paths)
    columns: dict[str, array[float]] = {}
    labels: dict[str, list[str | int]] = {}
    strangers: dict[str, int] = {}
    first: Problem | None = None
    for key, row, value in coco.parts(stream):
        place = f"{key}[{row}]"
        try:
            image, category, score = str(value["image_id"]), value["category_id"], float(value["score"])
            x, y, width, height = _numbers(value["bbox"])
            if not math.isfinite(score):
                raise ValueError("its score is not finite")
        except (KeyError, TypeError, ValueError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be read ({error})"
            remedy = "It was left out; a row has image_id, category_id, bbox (x, y, width, height), score"
            found = Problem("unreadable", file, place, what, remedy)
            first = first or found
            yield found
            continue
        path = find(ids.images.get(image, image))
        if path is None:
            strangers[image] = strangers.get(image, 0) + 1
            continue
        columns.setdefault(path, array("d")).extend((x, y, x + width, y + height, score))
        labels.setdefault(path, []).append(ids.categories.get(str(category), category))
    for image, count in strangers.items():
        rows = "1 row is" if count == 1 else f"{count} rows are"
        what = f"{rows} for the image {ids.images.get(image, image)!r}, which the split does not hold"
        found = Problem("unknown", file, f"image_id {image}", what, "Left out; check the split and the id map")
        first = first or found
        yield found
    if first is not None and not columns:
        raise BadPrediction(f"nothing in the file fits an item, so nothing was sent: {first}")
    for path in paths:
        numbers = columns.get(path, array("d"))
        boxes = [tuple(numbers[at : at + 4]) for at in range(0, len(numbers), 5)]
        yield Prediction(path, boxes=boxes, labels=labels.get(path, []), scores=list(numbers[4::5]))


def _numbers(bbox: Any) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = (float(number) for number in bbox)
    except (TypeError, ValueError):
        raise ValueError(f"its bbox {bbox!r} is not four numbers") from None
    if not math.isfinite(x + y + width + height) or width < 0 or height < 0:
        raise ValueError(f"its bbox {bbox!r} is no x, y, width, height")
    return x, y, width, height


class _Finder:
    """Finds an item's path by its path, file name, stem or the number it ends in, where only one has it."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._by: dict[str, str | None] = {}
        for path in paths:
            base = path.rpartition("/")[2]
            stem = base.rpartition(".")[0]
            # COCO's own names end in the image's id: COCO_val2014_000000000042.jpg
            digits = re.search(r"\d+$", stem)
            for key in {base, stem, path.rpartition(".")[0], str(int(digits[0])) if digits else ""} - {path, ""}:
                self._by[key] = None if key in self._by else path
        self._by.update((path, path) for path in paths)

    def __call__(self, name: str) -> str | None:
        return self._by.get(name) or self._by.get(name.rpartition("/")[2])
