"""What training reads: the samples of a split, verified, cached and lazy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from motherlode import media
from motherlode.carried import Metadata, values_of
from motherlode.errors import BadInput
from motherlode.forms import Said
from motherlode.label_lines import Lines
from motherlode.manifest import POOL
from motherlode.media.text import decoded
from motherlode.regions import Region, from_json
from motherlode.relations import Relation
from motherlode.snapshots import Snapshot

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Labels", "Sample", "Samples"]

_Fields: TypeAlias = tuple[Path, str, int, int, bool, int]
"""File, split, width, height, whether it is labelled, and pages."""


class Labels(Sequence[Region]):
    """What is said of one item; as columns: `boxes` (xyxy, pixels of the upright image), `class_ids`, `names`.

    Labels of a version are parsed where they are first looked into; `len` alone counts them. What is of a kind that
    this program does not know is not in the sequence: `unknown` has it as it stands in the version.
    """

    __slots__ = ("_at", "_found", "_lines", "_links", "_said")

    def __init__(
        self,
        regions: Sequence[Region],
        unknown: Sequence[dict[str, Any]] = (),
        relations: Sequence[Relation] = (),
    ) -> None:
        self._lines: Lines | None = None
        self._at = 0
        self._said = Said({}, [], list(unknown))
        self._links: tuple[Relation, ...] | None = tuple(relations)
        self._found: tuple[Region, ...] | None = tuple(regions)

    @classmethod
    def of_line(cls, lines: Lines, at: int) -> Labels:
        """The labels of a version's item, by its place."""
        labels = cls.__new__(cls)
        labels._lines, labels._at, labels._found, labels._links = lines, at, None, None
        return labels

    def _all(self) -> tuple[Region, ...]:
        if self._found is None:
            said = self._read()
            assert self._lines is not None
            classes = self._lines.classes
            self._found = tuple([from_json(row, classes) for row in said.rows or ()])
        return self._found

    def _read(self) -> Said:
        """What is said as it stands in the line."""
        try:
            return self._said
        except AttributeError:
            assert self._lines is not None
            self._said = self._lines.said(self._at)
            return self._said

    @property
    def unknown(self) -> list[dict[str, Any]]:
        """The JSON objects of what is said in kinds that this program does not know, as the version has them."""
        return list(self._read().unknown)

    @property
    def relations(self) -> list[Relation]:
        """The directed links between regions, which they name by their ids."""
        if self._links is None:
            said = self._read()
            assert self._lines is not None
            classes = self._lines.classes
            self._links = tuple([Relation.from_json(row, classes) for row in said.relations])
        return list(self._links)

    @overload
    def __getitem__(self, index: int) -> Region: ...
    @overload
    def __getitem__(self, index: slice) -> Labels: ...
    def __getitem__(self, index: int | slice) -> Region | Labels:
        return Labels(self._all()[index]) if isinstance(index, slice) else self._all()[index]

    def __len__(self) -> int:
        if self._found is None and self._lines is not None:
            return self._lines.counts[self._at]
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash(tuple(region.id for region in self._all()))

    def __reduce__(self) -> tuple[type[Labels], tuple[Any, ...]]:
        return Labels, (self._all(), self.unknown, self.relations)

    def __repr__(self) -> str:
        return f"Labels({', '.join(self.names)})" if len(self) <= 6 else f"Labels({len(self)} regions)"

    @property
    def boxes(self) -> list[list[float]]:
        """[x1, y1, x2, y2] of each box, and of other regions with a place their bounds; choices have none."""
        lines = self._lines
        if self._found is None and lines is not None:
            boxes = lines.form.boxes(lines.line(self._at), lines.counts[self._at])
            if boxes is not None:
                return boxes
            return [box for row in self._read().rows or () if (box := lines.form.box(row)) is not None]
        return [list(region.box) for region in self._all() if region.box is not None]

    @property
    def class_ids(self) -> list[int]:
        """The permanent class id of each region, 0 of an answer that has a value instead."""
        lines = self._lines
        if self._found is None and lines is not None:
            numbers = lines.form.class_ids(lines.line(self._at), lines.counts[self._at])
            return [int(row.get("class_id", 0)) for row in self._read().rows or ()] if numbers is None else numbers
        return [region.class_id for region in self._all()]

    @property
    def names(self) -> list[str]:
        """The label of each region."""
        if self._found is None and self._lines is not None:
            classes = self._lines.classes
            return [classes.get(number, "") for number in self.class_ids]
        return [region.label for region in self._all()]

    @property
    def label(self) -> str | None:
        """The chosen label where the item has exactly one region, None otherwise."""
        return self.names[0] if len(self) == 1 else None


class Sample:
    """One item of a version: `path` names it, `file` is its verified copy on this machine.

    `width` and `height` are those of the upright image, in pixels. `labels` is empty where nothing is there, and where
    nobody has labelled the item yet: `labelled` tells which. Of a picture of several `pages` the `frame` of a region
    says which it lies on, from 0 on. What is not asked for is not read.
    """

    __slots__ = ("_at", "_fields", "_folder", "_labels", "_lines", "_metadata", "path")

    def __init__(
        self,
        path: str,
        file: Path,
        split: str,
        width: int,
        height: int,
        labelled: bool,
        labels: Labels,
        pages: int = 1,
        metadata: Metadata | None = None,
    ) -> None:
        self.path = path
        self._lines: Lines | None = None
        self._at = 0
        self._folder = ""
        self._labels: Labels | None = labels
        self._fields: _Fields | None = (file, split, width, height, labelled, pages)
        self._metadata: Metadata | None = metadata or Metadata()

    @property
    def labels(self) -> Labels:
        """What is said of the item."""
        labels = self._labels
        if labels is None:
            assert self._lines is not None
            labels = self._labels = Labels.of_line(self._lines, self._at)
        return labels

    @property
    def relations(self) -> list[Relation]:
        """The directed links between its regions."""
        return self.labels.relations

    @property
    def metadata(self) -> Metadata:
        """The fields of the item that the version carries, by name: `sample.metadata["site"]`.

        Each is a text, a number, a bool or a date, and None where the item has no value. A version carries those that
        were chosen when it was published.
        """
        if self._metadata is None:
            assert self._lines is not None
            self._metadata = values_of(self.labels._read().more.get("metadata"), self._lines.metadata_kinds)
        return self._metadata

    @property
    def file(self) -> Path:
        """The item's file, verified and read only."""
        return Path(self._folder + self.path) if self._fields is None else self._fields[0]

    @property
    def split(self) -> str:
        """The split that the item belongs to."""
        if self._fields is None and self._lines is not None:
            return self._lines.split(self._at)
        return self._read()[1]

    @property
    def width(self) -> int:
        """The width of the upright image in pixels, 0 where the item is not one."""
        return self._read()[2]

    @property
    def height(self) -> int:
        """The height of the upright image in pixels, 0 where the item is not one."""
        return self._read()[3]

    @property
    def pages(self) -> int:
        """How many pages the picture has; 1 of all but a TIFF of several."""
        return self._read()[5]

    @property
    def labelled(self) -> bool:
        """Whether anybody has said what is there, be it nothing."""
        return self._read()[4]

    def _read(self) -> _Fields:
        if self._fields is None:
            assert self._lines is not None
            said = self.labels._read()
            width, height = int(said.media.get("width", 0)), int(said.media.get("height", 0))
            pages = int(said.media.get("pages", 1))
            self._fields = (self.file, self.split, width, height, said.rows is not None, pages)
        return self._fields

    def _all(self) -> tuple[Any, ...]:
        *fields, pages = self._read()
        return (self.path, *fields, self.labels, pages, self.metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all()[:-1])

    def __reduce__(self) -> tuple[type[Sample], tuple[Any, ...]]:
        return Sample, self._all()

    def __repr__(self) -> str:
        what = repr(self.labels) if self.labelled else "unlabelled"
        return f"Sample({self.path!r}, {self.media.words() or self.media.kind}, {what})"

    @property
    def media(self) -> media.Media:
        """What the item's bytes are: an `Image` with `width`, `height` and `pages`, a `Text` with `length`.

        One of a kind that this program does not know is an `Other`, with the block as the version has it.
        """
        if self._lines is not None and (block := self.labels._read().media).get("kind") != media.Image.kind:
            return media.from_block(block)
        if self.width or self.height:
            return media.Image(self.width, self.height, self.pages)
        return (media.named(self.path) or media.Text).probe(self.file.read_bytes())

    @property
    def text(self) -> str:
        """The text, decoded: the code points that `media.length` counts. Raises `BadMedia` where it is not a text."""
        return decoded(self.file.read_bytes())

    def image(self, mode: str | None = "RGB", *, page: int = 0) -> Image:
        """The upright image (EXIF orientation applied), decoded, `width` x `height`; of what moves the first picture,
        of several pages the one of this number, from 0 on. No other page is decoded.

        In RGB, as it is shown to annotators: what is transparent is white, 16-bit grey is scaled to 8. Another of
        Pillow's modes is converted to; None leaves the pixels as they are stored. Raises `BadInput` for a page that is
        not there.
        """
        from PIL import Image

        from motherlode import dicoms
        from motherlode.pictures import as_rgb, orientation_of, turned
        from motherlode.tiffs import places_of, turn_to

        if not 0 <= page < self.pages:
            raise BadInput(f"{self.path} has {self.pages} pages, numbered from 0 on: there is no page {page}")
        try:
            # by its name Pillow would map a TIFF into memory, and turn it before it is whole
            with self.file.open("rb") as file, dicoms.opened(file) or Image.open(file) as image:
                turn_to(image, places_of(image, file) if self.pages > 1 else (), page)
                image.load()
                upright = turned(image, orientation_of(image))
        except Image.DecompressionBombError as error:
            remedy = "its bytes are verified: set PIL.Image.MAX_IMAGE_PIXELS = None where you want it decoded"
            raise BadInput(f"{self.path} is larger than Pillow decodes unasked ({error}); {remedy}") from None
        if mode == "RGB":
            return as_rgb(upright)
        return upright.convert(mode) if mode else upright.copy()


class Samples(Sequence[Sample]):
    """The samples of a split, in the order of their paths. Making one fetches and checks; samples are made as read."""

    def __init__(self, snapshot: Snapshot, split: str | None = None) -> None:
        self.snapshot = snapshot
        self.split = split
        self._folder = snapshot.fetch(split)
        self._places = snapshot.places(split)

    @property
    def name(self) -> str:
        """The version's name, `cells@v1`."""
        return self.snapshot.pin.name

    @property
    def digest(self) -> str:
        """The version's digest."""
        return self.snapshot.pin.digest

    @property
    def classes(self) -> dict[int, str]:
        """The label of each class id of regions and answers."""
        return dict(self.snapshot.said_classes)

    @property
    def names(self) -> list[str]:
        """The labels in the order of their indices 0, 1, ..., which is that of their class ids.

        Raises `BadInput` where the schema has several controls: `names_of` takes one.
        """
        return self.names_of()

    @property
    def index(self) -> dict[str, int]:  # type: ignore[override]
        """The index of each label in `names`, from 0 on: what a model is trained on."""
        return {name: number for number, name in enumerate(self.names)}

    def names_of(self, control: str | None = None) -> list[str]:
        """The labels of one control of the schema, such as "label", in the order of their class ids."""
        return list(self.classes_of(control).values())

    def classes_of(self, control: str | None = None) -> dict[int, str]:
        """The label of each class id of one control of the schema; without a name, of its only one.

        Raises `BadInput` where the schema has several, or not this one.
        """
        controls = self.snapshot.controls
        if control is None and len(controls) <= 1:
            return self.classes
        if control not in controls:
            known = "; ".join(f"{name} ({', '.join(labels)})" for name, (_, labels) in controls.items()) or "none"
            what = "has several controls" if control is None else f"has no control {control!r}"
            raise BadInput(f"the schema of {self.name} {what}: name one of {known}")
        owners, labels = self.snapshot.control_of, set(controls[control][1])
        # versions before format 1 do not say which control a class belongs to
        return {
            number: name
            for number, name in self.classes.items()
            if (owners[number] == control if number in owners else name in labels)
        }

    @property
    def paths(self) -> list[str]:
        """The items' paths, in order."""
        paths = self.snapshot.columns.paths
        return [paths[at] for at in self._places]

    @property
    def folder(self) -> Path:
        """The folder in which the files lie, under the items' paths; read only.

        It holds bytes and no labels: an item that was relabelled keeps its path, so that a folder's name says nothing.
        `lode convert --to folders` writes class folders.
        """
        return self._folder

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Samples: ...
    def __getitem__(self, index: int | slice) -> Sample | Samples:
        if not isinstance(index, slice):
            return self._sample(self._places[index])
        part = object.__new__(Samples)
        part.snapshot, part.split = self.snapshot, self.split
        part._folder, part._places = self._folder, self._places[index]
        return part

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Sample]:
        lines, folder = self.snapshot.lines, f"{self._folder}/"
        paths, new = lines.columns.paths, Sample.__new__
        for at in self._places:
            sample = new(Sample)
            sample.path, sample._at, sample._lines, sample._folder = paths[at], at, lines, folder
            sample._labels = sample._fields = sample._metadata = None
            yield sample

    def __repr__(self) -> str:
        where = f" {self.split}" if self.split else ""
        return f"<{self.name}{where}: {len(self):,} samples, {', '.join(self.classes.values())}>"

    def by_path(self, path: str) -> Sample:
        """The sample of an item. Raises KeyError."""
        paths = self.snapshot.columns.paths
        at = bisect_left(paths, path)
        if at == len(paths) or paths[at] != path or self.split not in (None, self.snapshot.lines.split(at)):
            raise KeyError(f"{self.name} {self.split or ''} has no item {path!r}")
        return self._sample(at)

    def _sample(self, at: int) -> Sample:
        sample = Sample.__new__(Sample)
        lines = self.snapshot.lines
        sample.path, sample._at, sample._lines = lines.columns.paths[at], at, lines
        sample._folder = f"{self._folder}/"
        sample._labels = sample._fields = sample._metadata = None
        return sample

    @property
    def is_pool(self) -> bool:
        """Whether these are items that nobody has labelled yet."""
        return self.split == POOL
