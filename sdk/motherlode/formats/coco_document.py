"""What is kept of a COCO document while it is read, and what in it does not fit together."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from motherlode.formats.source import Boxes, Problem, ProblemKind
from motherlode.shapes import DEFAULT, SHAPES, Geometry, Shape

__all__ = ["Category", "Document", "Listed", "missing_categories", "seen", "strangers", "tell_apart"]


@dataclass(slots=True)
class Listed:
    """An image by its id: `row` -1 while `images` has not named it. Its numbers are kept as `Boxes` has them."""

    row: int = -1
    name: str = ""
    width: int | None = None
    height: int | None = None
    numbers: array[float] = field(default_factory=lambda: array("d"))
    extra: dict[int, dict[str, Any]] = field(default_factory=dict)
    places: dict[int, Geometry] = field(default_factory=dict)  # by row, where others than boxes are asked for
    masks: dict[int, tuple[int, int]] = field(default_factory=dict)  # width, height of those that are run-length codes
    unfit: set[int] = field(default_factory=set)  # rows with another number of points than their category names
    lost: int = 0
    others: list[tuple[int, str]] = field(default_factory=list)  # images of the same id: row and name


@dataclass
class Category:
    """A category by its id, the supercategory that it states, and what its element says in a config of its points."""

    row: int
    name: str | None  # None: it cannot be used
    group: str
    said: dict[str, str] = field(default_factory=dict)


@dataclass
class Document:
    """What is known of one file so far."""

    file: str
    shape: Shape = DEFAULT  # what its annotations come in as
    images: dict[str, Listed] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)  # category id -> its place in the columns
    used: Counter[str] = field(default_factory=Counter)
    arrays: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)  # what annotations hold that does not come in
    labels: list[str | None] = field(default_factory=list)  # by a category's place in the columns
    speaks: bool = True  # whether it has annotations at all
    adrift: int = 0  # annotations that name no image, and names of images that are none
    problems: list[Problem] = field(default_factory=list)  # of the elements at hand
    said: int = 0

    def say(self, kind: ProblemKind, place: str, what: str, remedy: str) -> None:
        """Put a problem of the element at hand among those to be told."""
        self.problems.append(Problem(kind, self.file, place, what, remedy))

    def label(self, category: str) -> str | None:
        """The label of a category id, None where there is none or it cannot be used."""
        found = self.categories.get(category)
        return None if found is None else found.name


# what was seen and did not come in

BARE = "no keypoints"
TASKS_OF_POINTS = [shape.task for shape in SHAPES.values() if shape.pointed]


def seen(document: Document) -> Iterator[Problem]:
    """Notes of what annotations hold beside boxes that did not come in."""
    for what in ("captions", "panoptic segments"):
        if count := document.seen[what]:
            rows = f"{count:,} annotations hold" if count > 1 else "1 annotation holds"
            remedy = f"It has no box to bring in; import the instances of these images, {what} are not read"
            yield Problem("unreadable", document.file, "annotations", f"{rows} {what} and no box", remedy)
    shape = document.shape
    came = {"outlines": shape.segmented, "keypoints": shape.pointed}
    for what in ("outlines", "keypoints"):
        if (count := document.seen[what]) and not came[what]:
            rows = f"{count:,} annotations hold {what}" if count > 1 else f"1 annotation holds {what}"
            remedy = f"{shape.task.capitalize()}, areas and crowd marks came in, {what} were left out"
            remedy += "".join(f"; --task {task} brings them in" for task in TASKS_OF_POINTS if what == "keypoints")
            yield Problem("note", document.file, "annotations", rows, remedy)
    if count := document.seen[BARE]:
        rows = f"{count:,} annotations have" if count > 1 else "1 annotation has"
        what = f"{rows} no keypoint that is labelled"
        yield Problem("note", document.file, "annotations", what, f"A {shape.noun} has one at least; left out")


def tell_apart(document: Document) -> Iterator[Problem]:
    """Tell categories of one name apart by their supercategory or id, and pass over the one that stands for all."""
    yield from _drop_the_group(document)
    by_name: dict[str, list[str]] = {}
    for key, found in document.categories.items():
        if found.name is not None:
            by_name.setdefault(found.name, []).append(key)
    taken = set(by_name)
    for name, keys in by_name.items():
        groups = [document.categories[key].group for key in keys]
        apart = len(set(groups)) == len(keys) and all(groups)
        for at, (key, group) in enumerate(zip(keys, groups, strict=True)):
            if len(keys) == 1 or (at == 0 and not apart):
                continue
            found = document.categories[key]
            other = f"{name} ({group if apart else key})"
            if other in taken or len(other) > 200:
                other = f"{name[:150]} ({key})"
            taken.add(other)
            what = f"the category ids {', '.join(keys)} are all called {name!r}"
            remedy = f"They were kept apart: {key} came in as {other!r}; give each its own name"
            yield Problem("duplicate", document.file, f"categories[{found.row}]", what, remedy)
            document.categories[key] = replace(found, name=other)


def _drop_the_group(document: Document) -> Iterator[Problem]:
    """Roboflow writes a category 0 that has no labels and is the supercategory of all others: it is not a class."""
    found = document.categories.get("0")
    others = [other for key, other in document.categories.items() if key != "0"]
    if found and found.name and others and not document.used["0"] and all(o.group == found.name for o in others):
        del document.categories["0"]
        what = f"{found.name!r} has no labels and is the supercategory of the others"
        yield Problem("note", document.file, f"categories[{found.row}]", what, "It was not made a class")


def missing_categories(document: Document) -> Iterator[Problem]:
    """A problem for each category id that annotations name and `categories` does not."""
    for category in document.order:
        if category not in document.categories:
            count = document.used[category]
            rows = f"{count:,} annotations name" if count > 1 else "1 annotation names"
            what = f"{rows} the category id {category}, which `categories` does not"
            yield Problem("unknown", document.file, "", what, "Left out; add the category and import again")


def strangers(document: Document) -> Iterator[Problem]:
    """Annotations of ids that no image has: an image without annotations may have those, so that it is not empty."""
    strangers = {key: image for key, image in document.images.items() if image.row < 0}
    document.adrift += len(strangers)
    counts = {key: len(image.numbers) // Boxes.COLUMNS + image.lost for key, image in strangers.items()}
    if not counts:
        return
    total, first = sum(counts.values()), next(iter(counts))
    rows = f"{total:,} annotations name" if total > 1 else "1 annotation names"
    ids = f"{len(counts):,} image ids such as {first}" if len(counts) > 1 else f"the image id {first}"
    numbers = strangers[first].numbers
    place = f"annotations[{int(numbers[0])}]" if numbers else "annotations"
    remedy = "Left out, and images without annotations are unlabelled: they may be theirs; mend the ids"
    yield Problem("unknown", document.file, place, f"{rows} {ids}, which `images` does not", remedy)
