"""COCO results files: predictions of many images by their ids, and what the ids mean."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from motherlode.finding import Finder
from motherlode.formats.json_stream import parts
from motherlode.formats.source import Problem
from motherlode.formats.values import BadValue, id_key, label_name, number, shown
from motherlode.outlines import Outline, plain_outline, read_outline
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import BadRegion

__all__ = ["IdMap", "IdMaps", "id_map_file", "load_ids", "read_ids", "read_results", "save_ids"]

NO_RESULTS = frozenset({"images", "categories", "info", "licenses", "videos"})
"""Arrays of a COCO document that hold no results."""


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

    An image id means the file name that the file's own `images` give it, where it has any, else `maps`, or is itself a
    path, file name, stem or the number that ends it; a category id means the label that its own `categories` or `maps`
    give it, or is a class id. `told` says that the maps are those of this very file, whatever it says itself. Rows that
    fit no item are reported. Order within an image is the file's. Raises `BadJson`, and `BadPrediction` where an id
    means two things, and where there are rows and none fits.
    """
    said_of: dict[str, tuple[array[float], list[str], list[Outline]]] = {}  # by image id: numbers, categories, outlines
    images, names = dict[str, str](), dict[str, str]()  # what the file says of its ids itself
    first: Problem | None = None
    rows, others = 0, False
    for key, row, value in parts(stream):
        if row < 0 or key in NO_RESULTS:
            others = True
            _take_id(images, names, key, value)
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
        numbers, categories, places = said_of.setdefault(image, (array("d"), [], []))
        numbers.extend((x, y, x + width, y + height, score))
        categories.append(category)
        if outlines:
            places.append(outline)
    known, are_its_own = (maps, True) if told else _maps_for(IdMap(images, names), file, maps)
    meant = _Meaning(paths, known, told=are_its_own)
    columns: dict[str, array[float]] = {}
    drawn: dict[str, list[Outline]] = {}
    labels: dict[str, list[str | int]] = {}
    for image, (numbers, categories, places) in said_of.items():
        path = meant.path(image)
        if path is None:
            these = "1 row is" if len(categories) == 1 else f"{len(categories)} rows are"
            what = f"{these} for the image {meant.named(image)!r}, which the split does not hold"
            found = Problem("unknown", file, f"image_id {image}", what, "Left out; check the split and the id map")
            first = first or found
            yield found
            continue
        columns.setdefault(path, array("d")).extend(numbers)
        labels.setdefault(path, []).extend(map(meant.label, categories))
        drawn.setdefault(path, []).extend(places)
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


def _take_id(images: dict[str, str], names: dict[str, str], key: str, value: Any) -> None:
    """Keep what a results file says itself of the id of an image or a category, where it says both halves."""
    with suppress(KeyError, TypeError, BadValue):
        if key == "images":
            images[id_key(value["id"])] = str(value["file_name"])
        elif key == "categories":
            names[id_key(value["id"])] = label_name(value["name"])


def _maps_for(own: IdMap, file: str, maps: IdMaps) -> tuple[IdMaps, bool]:
    """The maps that count for a results file, its `own` before others, and whether its images are its own."""
    if own.categories:
        maps = {file: own, **{name: IdMap(ids.images, {}) for name, ids in maps.items()}}
    if not own.images:
        return maps, False
    return {**{name: IdMap({}, ids.categories) for name, ids in maps.items()}, file: own}, True


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
