"""Label formats: one file a format, one line each in the registry.

A reader is a pure generator over `Files` that yields `Record`s, `Problem`s and the `Classes` that a file numbers;
`settle` and `as_regions` make regions of a record once the image's true size and the class ids are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from motherlode.errors import BadInput
from motherlode.formats import coco, folders, images, voc, yolo
from motherlode.formats.source import Classes, Files, Problem, Record
from motherlode.shapes import BY_TASK

__all__ = ["FORMATS", "Format", "UnknownFormat", "detect", "format_named"]


class UnknownFormat(BadInput):
    """No format of this name, or none that fits."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name on the command line, its name for people, its reader, and what its labels can be read as."""

    name: str
    title: str
    detect: Callable[[Files], bool]
    read: Callable[..., Iterator[Record | Problem | Classes]]
    tasks: tuple[str, ...] = ()

    def records(self, files: Files, task: str | None = None) -> Iterator[Record | Problem | Classes]:
        """What the files hold, their labels as `task` where the format can read them so, else as it does by itself."""
        return self.read(files, BY_TASK[task]) if task in self.tasks else self.read(files)


# in the order in which an unnamed source is tried
FORMATS = {
    "coco": Format("coco", "COCO", coco.detect, coco.read, coco.TASKS),
    "voc": Format("voc", "Pascal VOC", voc.detect, voc.read),
    "yolo": Format("yolo", "YOLO", yolo.detect, yolo.read),
    "images": Format("images", "plain images", images.detect, images.read),
    "folders": Format("folders", "class folders", folders.detect, folders.read),
}


def format_named(name: str) -> Format:
    """The format of that name. Raises `UnknownFormat`."""
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(f"no format is called {name!r}; there are {', '.join(FORMATS)}") from None


def detect(files: Files) -> Format:
    """The first format that recognises the files. Raises `UnknownFormat`."""
    for candidate in FORMATS.values():
        if candidate.detect(files):
            return candidate
    raise UnknownFormat("neither images nor labels were found that come in as VOC, COCO or YOLO")
