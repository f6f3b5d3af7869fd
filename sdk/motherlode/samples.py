"""What training reads: the samples of a split, verified, cached and lazy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from motherlode import manifest, media
from motherlode.errors import BadInput
from motherlode.manifest import POOL
from motherlode.media.text import decoded
from motherlode.regions import Region, from_json
from motherlode.versions import Snapshot

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Labels", "Sample", "Samples"]

_FIELDS = frozenset({"file", "height", "labelled", "labels", "split", "width"})


class Labels(Sequence[Region]):
    """The regions of one item; as columns: `boxes` (xyxy, pixels of the upright image), `class_ids`, `names`.

    Labels of a version are parsed where they are first looked into; `len` alone counts them.
    """

    __slots__ = ("_classes", "_line", "_regions", "_rows")
    _classes: Mapping[int, str]
    _line: bytes
    _regions: tuple[Region, ...] | None
    _rows: list[dict[str, Any]] | None

    def __init__(self, regions: Sequence[Region]) -> None:
        self._line, self._classes, self._regions, self._rows = b"", {}, tuple(regions), None

    @classmethod
    def of_line(cls, line: bytes, classes: Mapping[int, str]) -> Labels:
        """The labels of an item's line in a version, whose classes have these names."""
        labels = cls.__new__(cls)
        labels._line, labels._classes, labels._regions, labels._rows = line, classes, None, None
        return labels

    def _all(self) -> tuple[Region, ...]:
        if self._regions is None:
            self._regions = tuple([from_json(row, self._classes) for row in self._parsed()])
        return self._regions

    def _parsed(self) -> list[dict[str, Any]]:
        """The regions as they stand in the line."""
        if self._rows is None:
            [line] = manifest.read_label_lines(self._line + b"\n")
            self._rows = line.regions or []
        return self._rows

    @overload
    def __getitem__(self, index: int) -> Region: ...
    @overload
    def __getitem__(self, index: slice) -> Labels: ...
    def __getitem__(self, index: int | slice) -> Region | Labels:
        return Labels(self._all()[index]) if isinstance(index, slice) else self._all()[index]

    def __len__(self) -> int:
        if self._regions is not None:
            return len(self._regions)
        if self._rows is None and b'"attributes":' not in self._line:  # without them no key below a region is free
            return self._line.count(b'"class_id":')
        return len(self._parsed())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(tuple(region.id for region in self._all()))

    def __repr__(self) -> str:
        return f"Labels({', '.join(self.names)})" if len(self) <= 6 else f"Labels({len(self)} regions)"

    @property
    def boxes(self) -> list[list[float]]:
        """[x1, y1, x2, y2] of each box; choices have none."""
        if self._regions is None:
            return [[float(edge) for edge in row["box"]] for row in self._parsed() if "box" in row]
        return [list(region.box) for region in self._regions if region.box is not None]

    @property
    def class_ids(self) -> list[int]:
        """The permanent class id of each region."""
        if self._regions is None:
            return [int(row["class_id"]) for row in self._parsed()]
        return [region.class_id for region in self._regions]

    @property
    def names(self) -> list[str]:
        """The label of each region."""
        if self._regions is None:
            return [self._classes.get(number, "") for number in self.class_ids]
        return [region.label for region in self._regions]

    @property
    def label(self) -> str | None:
        """The chosen label where the item has exactly one region, None otherwise."""
        return self.names[0] if len(self) == 1 else None


class Sample:
    """One item of a version: `path` names it, `file` is its verified copy on this machine.

    `width` and `height` are those of the upright image, in pixels. `labels` is empty where nothing is there, and where
    nobody has labelled the item yet: `labelled` tells which. What is not asked for is not read.
    """

    __slots__ = ("_unread", "file", "height", "labelled", "labels", "path", "split", "width")
    _unread: tuple[Path, bytes, Mapping[int, str]]

    def __init__(
        self, path: str, file: Path, split: str, width: int, height: int, labelled: bool, labels: Labels
    ) -> None:
        self.path, self.file, self.split, self.width, self.height = path, file, split, width, height
        self.labelled, self.labels = labelled, labels

    @classmethod
    def of_line(cls, path: str, folder: Path, line: bytes, classes: Mapping[int, str]) -> Sample:
        """The sample of an item's line in a version; its file lies in `folder`."""
        sample = cls.__new__(cls)
        sample.path, sample._unread = path, (folder, line, classes)
        return sample

    def __getattr__(self, name: str) -> Any:
        """A field that was not read yet."""
        if name not in _FIELDS:
            raise AttributeError(f"a sample has no {name!r}")
        folder, line, classes = self._unread
        if name == "labels":
            self.labels = Labels.of_line(line, classes)
        elif name == "file":
            self.file = folder / self.path
        else:
            [read] = manifest.read_label_lines(line + b"\n", self.path)
            self.split, self.width, self.height = read.split, read.width, read.height
            self.labelled = read.regions is not None
        return object.__getattribute__(self, name)

    def _fields(self) -> tuple[Any, ...]:
        return (self.path, self.file, self.split, self.width, self.height, self.labelled, self.labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __reduce__(self) -> tuple[type[Sample], tuple[Any, ...]]:
        return Sample, self._fields()

    def __repr__(self) -> str:
        what = repr(self.labels) if self.labelled else "unlabelled"
        return f"Sample({self.path!r}, {self.width}x{self.height}, {what})"

    @property
    def media(self) -> media.Media:
        """What the item's bytes are: an `Image` with `width` and `height`, a `Text` with `length`."""
        if self.width or self.height:
            return media.Image(self.width, self.height)
        return (media.named(self.path) or media.Text).probe(self.file.read_bytes())

    @property
    def text(self) -> str:
        """The text, decoded: the code points that `media.length` counts. Raises `BadMedia` where it is not a text."""
        return decoded(self.file.read_bytes())

    def image(self, mode: str | None = "RGB") -> Image:
        """The upright image (EXIF orientation applied), decoded, `width` x `height`; of what moves the first picture.

        In RGB, as it is shown to annotators: what is transparent is white, 16-bit grey is scaled to 8. Another of
        Pillow's modes is converted to; None leaves the pixels as they are stored.
        """
        from PIL import Image

        from motherlode.pictures import as_rgb, orientation_of, turned

        try:
            with Image.open(self.file) as image:
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

    def __init__(self, snapshot: Snapshot, split: str | None = None, paths: Sequence[str] | None = None) -> None:
        self.snapshot = snapshot
        self.split = split
        self._folder = snapshot.fetch(split)
        _ = snapshot.label_shards, snapshot.classes  # now, so that loaders' workers find them and ask no server
        self._paths = list(snapshot.paths(split)) if paths is None else list(paths)

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
        """The label of each class id."""
        return dict(self.snapshot.classes)

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
        controls = self.snapshot.controls
        if control is None and len(controls) <= 1:
            return list(self.classes.values())
        if control not in controls:
            known = "; ".join(f"{name} ({', '.join(labels)})" for name, (_, labels) in controls.items()) or "none"
            what = "has several controls" if control is None else f"has no control {control!r}"
            raise BadInput(f"the schema of {self.name} {what}: name one of {known}")
        labels = set(controls[control][1])
        return [name for name in self.classes.values() if name in labels]

    @property
    def paths(self) -> list[str]:
        """The items' paths, in order."""
        return list(self._paths)

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
            return self._sample(self._paths[index])
        part = object.__new__(Samples)
        part.snapshot, part.split = self.snapshot, self.split
        part._folder, part._paths = self._folder, self._paths[index]
        return part

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[Sample]:
        lines, folder, classes, made = self.snapshot.label_lines, self._folder, self.snapshot.classes, Sample.of_line
        for path in self._paths:
            yield made(path, folder, lines[path], classes)

    def __repr__(self) -> str:
        where = f" {self.split}" if self.split else ""
        return f"<{self.name}{where}: {len(self):,} samples, {', '.join(self.classes.values())}>"

    def by_path(self, path: str) -> Sample:
        """The sample of an item. Raises KeyError."""
        own = self.snapshot.splits.get(path)
        if own is None or self.split not in (None, own):
            raise KeyError(f"{self.name} {self.split or ''} has no item {path!r}")
        return self._sample(path)

    def _sample(self, path: str) -> Sample:
        return Sample.of_line(path, self._folder, self.snapshot.label_lines[path], self.snapshot.classes)

    @property
    def is_pool(self) -> bool:
        """Whether these are items that nobody has labelled yet."""
        return self.split == POOL
