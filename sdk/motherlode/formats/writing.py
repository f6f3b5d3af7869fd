"""What a format is written with: one `Writer` a format that can be, and what each cannot hold.

A writer is given labelled images with the regions that its format holds, and makes files; what it does not hold is said
before, region by region, so that a report never claims what was not written.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from motherlode.formats.source import Problem, split_named
from motherlode.frames import pages_of
from motherlode.masks import of_pixels
from motherlode.media import Image, Media
from motherlode.paths import UnsafePath, check_path
from motherlode.regions import Region
from motherlode.relations import Relation
from motherlode.shapes import LABEL_TASKS, SHAPES

__all__ = [
    "BOXES",
    "CLASSES",
    "OUTLINES",
    "ClassNames",
    "Labelled",
    "Put",
    "Rows",
    "Writer",
    "by_split",
    "clone",
    "copy",
    "put_image",
    "put_text",
    "stem",
]

FICLONE = 0x40049409
"""Linux's ioctl that lets a file share another's blocks until one of them is written to."""

Put = Callable[[Path, Path], None]
"""Makes one file of the same bytes at another place."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled item to be written: `file` is None where only its labels are there; `metadata` its own fields."""

    path: str
    file: Path | None
    media: Media
    split: str
    regions: Sequence[Region]
    relations: Sequence[Relation] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Width of the upright image in pixels, 0 of another medium."""
        return self.media.width if isinstance(self.media, Image) else 0

    @property
    def height(self) -> int:
        """Height of the upright image in pixels, 0 of another medium."""
        return self.media.height if isinstance(self.media, Image) else 0


Rows = Sequence[tuple[str, Labelled]]
"""Images, each with the path that it is written under."""


class ClassNames(dict[int, str]):
    """The names of classes by their permanent ids, and what they ask beyond their names, as `Shape.part_options` says
    it: by id, where they ask anything. `config` is the labeling config that they stand in, "" where there is none, and
    `parts` what their elements say in one, by name."""

    def __init__(
        self,
        names: Mapping[int, str],
        asks: Mapping[int, Mapping[str, Any]] | None = None,
        config: str = "",
        parts: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(names)
        self.asks = asks or {}
        self.config = config
        self.parts = parts or {}


@dataclass(frozen=True, slots=True)
class Writer:
    """A format that is written: its name for people, what it keeps of a region, its writer and where a file goes.
    `title` is a plural ("YOLO files"). `write` gets the folder, the images, the names of classes by permanent id, and
    what copies an image. A kind that is neither a box nor outlined nor of the whole item is kept by its own name.

    `keeps`: "box" or "class", and of a box "outline", "mask" (outlines along the edges of pixels, with their holes),
    "hole", "area", "iscrowd", "difficult", "attributes" or single ones by their names. `place` gives the path of an
    image's label file, or for class folders of the image, by which two would meet. `whole` says that it holds items of
    every medium, each with all that is said of it and the "relation"s in it. "metadata" says that it holds items' own
    fields.
    `unable` names, as a plural, regions of a kind it keeps that it cannot hold all the same, "" where it can. `loses`
    names, as plurals, what else it does not hold of an item, of which it is given what it holds.
    """

    title: str
    keeps: frozenset[str]
    write: Callable[[Path, Rows, ClassNames, Put], None]
    place: Callable[[str, Labelled], str]
    whole: bool = False
    unable: Callable[[Region], str] = lambda region: ""
    loses: Callable[[Labelled], Iterable[str]] = lambda row: ()

    @property
    def one_class(self) -> bool:
        """Whether all that it holds of an item is one class."""
        return "class" in self.keeps and "box" not in self.keeps

    def choose(
        self, rows: Rows, remedies: Mapping[str, str] | None = None
    ) -> tuple[list[tuple[str, Labelled]], list[Problem]]:
        """The images as the format holds them, and what it does not hold, with the `remedies` for it."""
        chosen: list[tuple[str, Labelled]] = []
        problems: list[Problem] = []
        lost: Counter[str] = Counter()
        places: dict[str, str] = {}
        for path, row in rows:
            kept = [region for region in row.regions if self._holds(region)]
            lost.update(what for region in row.regions for what in self._lost(row, region))
            place = self.place(path, replace(row, regions=kept))
            if why := self._why_not(row, kept):
                problems.append(Problem("unreadable", row.path, "", f"it {why}", "It was left out", row.path))
            elif (other := places.setdefault(place.casefold(), row.path)) != row.path:
                what = f"its file {place} would be that of {other}"
                problems.append(Problem("unreadable", row.path, "", what, "It was left out", row.path))
            else:
                chosen.append((path, replace(row, regions=kept)))
                lost.update(self.loses(chosen[-1][1]))
        return chosen, [*problems, *(self._note(what, number, remedies or {}) for what, number in lost.items())]

    def _holds(self, region: Region) -> bool:
        if self.unable(region):
            return False
        shape = SHAPES[region.kind]
        if (
            shape.fills_bounds or shape.masked or shape.parts(region.geometry)
        ):  # of an outline the box around it, at least
            return "box" in self.keeps or ("outline" in self.keeps and not shape.fills_bounds)
        return ("class" if shape.whole and shape.task in LABEL_TASKS else region.kind) in self.keeps

    def _lost(self, row: Labelled, region: Region) -> Iterator[str]:
        """What of a region the format does not hold, as a plural."""
        if not self._holds(region):
            yield self.unable(region) or _called(region)
            return
        if region.box is None:
            return
        shape = SHAPES[region.kind]
        said = {
            OUTLINES: shape.segmented,
            ROTATIONS: bool(shape.variant_of),
            HOLES: "outline" in self.keeps and self._drops_holes(row, region),
            "areas": region.area is not None,
            "crowd marks": region.iscrowd,
            "difficult marks": region.difficult,
        }
        kept = {
            OUTLINES: "outline",
            ROTATIONS: "outline",
            HOLES: "hole",
            "areas": "area",
            "crowd marks": "iscrowd",
            "difficult marks": "difficult",
        }
        yield from (what for what, there in said.items() if there and kept[what] not in self.keeps)
        for name in region.attributes:
            if "attributes" not in self.keeps and name not in self.keeps:
                yield f"attributes {name!r}"

    def _drops_holes(self, row: Labelled, region: Region) -> bool:
        parts = SHAPES[region.kind].parts(region.geometry)
        kept = "mask" in self.keeps and of_pixels(parts, row.width, row.height)
        return any(len(part) > 1 for part in parts) and not kept

    def _why_not(self, row: Labelled, kept: Sequence[Region]) -> str:
        """Why an item cannot be written as it is; "" where it can."""
        if self.whole:
            missing = row.file is None and not isinstance(row.media, Image)
            return f"is {row.media.one} that is not there" if missing else ""
        if not self.one_class and not isinstance(row.media, Image):
            return f"is {row.media.one}, and {self.title} hold images"
        if not self.one_class and (pages := pages_of(row.media)) > 1:
            return f"has {pages} pages with {len(kept)} labels, and {self.title} hold pictures of one page"
        if row.regions and not kept:
            return f"has no label that {self.title} hold"
        if not self.one_class:
            return ""
        if row.file is None:
            return "is not there, only its labels"
        if len(kept) != 1:
            return f"has {len(kept) or 'no'} classes, and class folders hold one each"
        try:
            check_path(kept[0].label)
        except UnsafePath as error:
            return f"is of the class {kept[0].label!r}, whose name {error.reason}, so it names no folder"
        if "/" in kept[0].label or split_named(kept[0].label):
            return f"is of the class {kept[0].label!r}, which would be read as other folders"
        return ""

    def _note(self, what: str, number: int, remedies: Mapping[str, str]) -> Problem:
        held = f"{number:,} {what} were not written: {self.title} do not hold them"
        return Problem("note", "", "", held, remedies.get(what, "The rest was written"))


def _called(region: Region) -> str:
    """What regions of its kind are called where a format does not hold them, as a plural."""
    shape = SHAPES[region.kind]
    if shape.whole:
        return CLASSES if shape.task in LABEL_TASKS else f"{shape.task} of whole images"
    return BOXES if shape.segmented else shape.task


CLASSES = "classes of whole images"
BOXES = "boxes"
OUTLINES = "outlines"
ROTATIONS = "rotations"
HOLES = "holes"


def copy(source: Path, target: Path) -> None:
    """The bytes again."""
    shutil.copyfile(source, target)


def clone(source: Path, target: Path) -> None:
    """The bytes again, sharing the disk's blocks where the filesystem can, until one is written to; else a copy.

    Never a hard link: training tools repair images in place, and the source may be the cache.
    """
    try:
        import fcntl

        with source.open("rb") as one, target.open("wb") as two:
            fcntl.ioctl(two.fileno(), FICLONE, one.fileno())
    except (ImportError, OSError):
        shutil.copyfile(source, target)


def put_image(row: Labelled, place: Path, put: Put) -> None:
    if row.file is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        put(row.file, place)


def put_text(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def by_split(rows: Iterable[tuple[str, Labelled]]) -> dict[str, list[tuple[str, Labelled]]]:
    found: dict[str, list[tuple[str, Labelled]]] = {}
    for path, row in rows:
        found.setdefault(row.split, []).append((path, row))
    return found


def stem(path: str) -> str:
    return os.path.splitext(path)[0]
