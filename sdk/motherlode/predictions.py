"""Predictions: what a model says of an item, and the COCO results files that say it for many."""

from __future__ import annotations

import json
import math
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import chain
from operator import le
from pathlib import Path
from typing import Any, SupportsFloat, TextIO, TypeAlias

from motherlode.errors import BadInput
from motherlode.finding import Finder
from motherlode.formats.json_stream import parts
from motherlode.formats.source import Problem
from motherlode.formats.values import BadValue, id_key, label_name, number, shown
from motherlode.numbers import are_numbers
from motherlode.outlines import Outline, plain_outline, read_outline
from motherlode.regions import BadRegion, Box
from motherlode.shapes import BY_TASK, Shape

__all__ = [
    "BadPrediction",
    "IdMap",
    "IdMaps",
    "Prediction",
    "id_map_file",
    "load_ids",
    "plain",
    "read_ids",
    "read_results",
    "save_ids",
]


NO_RESULTS = frozenset({"images", "categories", "info", "licenses", "videos"})
"""Arrays of a COCO document that hold no results."""


class BadPrediction(BadInput):
    """A prediction that cannot be logged; the message names its path and what is wrong with it."""


@dataclass(frozen=True, slots=True, init=False)
class Prediction:
    """What a model says of the item at `path`.

    Boxes: `boxes` (xyxy, pixels of the upright image), with as many `labels` and `scores`; all empty says "nothing is
    here". Outlines: `polygons` in their place, each one ring of x and y (as Ultralytics' `masks.xy` has them), a list
    of rings, or a mask as COCO's run-length code (`motherlode.outlines.read_outline` says how each looks). Objects of
    another kind of region: their geometries under the kind's `task`, kept as JSON in `places`. Classes: `label`, and
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
        **places: Any,
    ) -> None:
        put = object.__setattr__
        put(self, "path", str(path))
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
            raise BadPrediction(f"{self.path}: {counts}; give one of each a {noun}")
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
        raise BadPrediction(f"{path}: {value!r} is given where a list is expected: one value a {noun}") from None


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


# COCO results


@dataclass(frozen=True, slots=True)
class IdMap:
    """What the ids of one COCO document mean: image id -> file name, category id -> label."""

    images: Mapping[str, str]
    categories: Mapping[str, str]


IdMaps: TypeAlias = Mapping[str, IdMap]
"""The id maps of documents, by the documents' names: each counts its ids for itself."""


def id_map_file(root: Path, url: str, project: str, dataset: str) -> Path:
    """Where below a cache's `root` the id maps of a dataset that was imported from COCO are kept."""
    name = sha256(f"{url}\n{project}\n{dataset}".encode()).hexdigest()[:32]
    return root / "idmaps" / f"{name}.json"


def save_ids(path: Path, maps: IdMaps) -> None:
    """Keep id maps; `load_ids` reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    documents = {name: {"images": dict(ids.images), "categories": dict(ids.categories)} for name, ids in maps.items()}
    part.write_text(json.dumps({"documents": documents}), encoding="utf-8")
    part.replace(path)


def load_ids(path: Path) -> dict[str, IdMap]:
    """The id maps that were kept, none where there are none."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["documents"]
        return {str(name): IdMap(dict(row["images"]), dict(row["categories"])) for name, row in rows.items()}
    except (FileNotFoundError, AttributeError, KeyError, TypeError, ValueError):
        return {}


def read_ids(stream: TextIO) -> IdMap:
    """The id map of a COCO document (`images`, `categories`). Raises `BadJson`, `BadPrediction`."""
    images: dict[str, str] = {}
    categories: dict[str, str] = {}
    for key, row, value in parts(stream):
        try:
            if key == "images":
                images[id_key(value["id"])] = str(value["file_name"])
            elif key == "categories":
                categories[id_key(value["id"])] = label_name(value["name"])
        except (KeyError, TypeError, BadValue) as error:
            raise BadPrediction(f"{key}[{row}] of the id map cannot be read ({error})") from None
    return IdMap(images, categories)


def read_results(
    stream: TextIO, file: str, maps: IdMaps, paths: Sequence[str], *, told: bool = False, outlines: bool = False
) -> Iterator[Prediction | Problem]:
    """Predictions of a COCO results file for the items at `paths`: one each, those without a detection included.

    They are the rows' `bbox`, or with `outlines` their `segmentation`: polygons, or run-length codes of either form.

    An image id means the file name that `maps` give it, or is itself a path, file name, stem or the number that ends
    it; a category id means the label that `maps` give it, or is a class id. `told` says that the maps are those of this
    very file. Rows that fit no item are reported. Order within an image is the file's. Raises `BadJson`, and
    `BadPrediction` where an id means two things, and where there are rows and none fits.
    """
    meant = _Meaning(paths, maps, told=told)
    columns: dict[str, array[float]] = {}
    drawn: dict[str, list[Outline]] = {}
    labels: dict[str, list[str | int]] = {}
    strangers: dict[str, int] = {}
    first: Problem | None = None
    rows, others = 0, False
    for key, row, value in parts(stream):
        if row < 0 or key in NO_RESULTS:
            others = True
            continue
        rows += 1
        try:
            image, category, score = id_key(value["image_id"]), id_key(value["category_id"]), number(value["score"])
            outline = read_outline(value["segmentation"]) if outlines else ()
            x, y, width, height = (0.0,) * 4 if outlines else _numbers(value["bbox"])
        except (KeyError, TypeError, ValueError, BadRegion) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be read ({error})"
            place = "segmentation (rings or a run-length code)" if outlines else "bbox (x, y, width, height)"
            remedy = f"It was left out; a row has image_id, category_id, {place}, score"
            found = Problem("unreadable", file, f"{key}[{row}]", what, remedy)
            first = first or found
            yield found
            continue
        path = meant.path(image)
        if path is None:
            strangers[image] = strangers.get(image, 0) + 1
            continue
        columns.setdefault(path, array("d")).extend((x, y, x + width, y + height, score))
        labels.setdefault(path, []).append(meant.label(category))
        if outlines:
            drawn.setdefault(path, []).append(outline)
    for image, count in strangers.items():
        these = "1 row is" if count == 1 else f"{count} rows are"
        what = f"{these} for the image {meant.named(image)!r}, which the split does not hold"
        found = Problem("unknown", file, f"image_id {image}", what, "Left out; check the split and the id map")
        first = first or found
        yield found
    if first is not None and not columns:
        raise BadPrediction(f"nothing in the file fits an item, so nothing was sent: {first}")
    if not rows and others:
        raise BadPrediction("there is no list of results: rows of image_id, category_id, bbox, score")
    for path in paths:
        numbers = columns.get(path, array("d"))
        said: dict[str, Any] = {"labels": labels.get(path, []), "scores": list(numbers[4::5])}
        if outlines:
            yield Prediction(path, polygons=[plain_outline(outline) for outline in drawn.pop(path, [])], **said)
        else:
            yield Prediction(path, boxes=[tuple(numbers[at : at + 4]) for at in range(0, len(numbers), 5)], **said)


def _numbers(bbox: Any) -> tuple[float, float, float, float]:
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise ValueError(f"its bbox {shown(bbox)} is not four numbers")
    x, y, width, height = (number(value) for value in bbox)
    if width < 0 or height < 0:
        raise ValueError(f"its bbox {bbox!r} is not x, y, width, height")
    return x, y, width, height


class _Meaning:
    """What the ids of a results file mean, where all that is known of them agrees."""

    def __init__(self, paths: Sequence[str], maps: IdMaps, *, told: bool) -> None:
        self._maps = maps
        self._told = told
        self._find = Finder(paths)
        self._paths: dict[str, str | None] = {}
        self._labels: dict[str, str | int] = {}

    def path(self, image: str) -> str | None:
        """The item of an image id, None where the split has none. Raises `BadPrediction` where it means two."""
        if image not in self._paths:
            self._paths[image] = self._path(image)
        return self._paths[image]

    def _path(self, image: str) -> str | None:
        names = self._names(image)
        if len(set(names.values())) > 1:
            raise _clash("image_id", image, names)
        if not names:
            # a number that no document knows is not taken for one in a file's name
            known = any(ids.images for ids in self._maps.values())
            return None if self._told or (known and image.isdecimal()) else self._find(image)
        [name] = set(names.values())
        path = self._find(name)
        own = self._find.stem(image)
        if own is not None and own != path and not self._told:
            raise BadPrediction(
                f"image_id {image} is {name} by {next(iter(names))}, and the name of {own}:"
                " say which document the ids are of with --ids FILE"
            )
        return path

    def _names(self, image: str) -> dict[str, str]:
        """The file name, below its document's folder, that each document has for an image id."""
        found = {}
        for document, ids in self._maps.items():
            if image in ids.images:
                folder = document.rpartition("/")[0]
                found[document] = f"{folder}/{ids.images[image]}" if folder else ids.images[image]
        return found

    def named(self, image: str) -> str:
        """How an image id is shown: by its file's name, where that is known."""
        return next(iter(self._names(image).values()), image)

    def label(self, category: str) -> str | int:
        """The label of a category id, or a class id. Raises `BadPrediction` where it means two labels."""
        if category not in self._labels:
            names = {name: ids.categories[category] for name, ids in self._maps.items() if category in ids.categories}
            if len(set(names.values())) > 1:
                raise _clash("category_id", category, names)
            known = next(iter(names.values()), None)
            self._labels[category] = known if known is not None else _class_id(category)
        return self._labels[category]


def _class_id(category: str) -> str | int:
    return int(category) if category.removeprefix("-").isdecimal() else category


def _clash(field: str, key: str, names: Mapping[str, str]) -> BadPrediction:
    said = " and ".join(f"{name!r} in {document}" for document, name in list(names.items())[:3])
    return BadPrediction(f"{field} {key} means {said}: say which document the ids are of with --ids FILE")
