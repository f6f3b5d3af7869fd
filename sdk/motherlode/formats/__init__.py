"""Label formats: one file a format, one line each in the registry.

A reader is a pure generator over `Files` that yields `Record`s, `Problem`s and the `Classes` that a file numbers;
`settle` and `as_regions` make regions of a record once the image's true size and the class ids are known.
"""

from __future__ import annotations

from motherlode.errors import BadInput
from motherlode.formats import (
    coco,
    csv_table,
    cvat,
    folders,
    images,
    kitti,
    label_studio,
    labelme,
    masks,
    open_images,
    voc,
    yolo,
)
from motherlode.formats.format import Format
from motherlode.formats.source import Files
from motherlode.formats.writing import Writer
from motherlode.media import Media

__all__ = ["FORMATS", "Format", "UnknownFormat", "detect", "format_named", "writers"]


class UnknownFormat(BadInput):
    """No format of this name, or none that fits."""


# in the order in which an unnamed source is tried
FORMATS = {
    chosen.name: chosen
    for chosen in (
        coco.FORMAT,
        voc.FORMAT,
        yolo.FORMAT,
        label_studio.FORMAT,
        cvat.FORMAT,
        labelme.FORMAT,
        kitti.FORMAT,
        masks.FORMAT,
        open_images.FORMAT,
        csv_table.FORMAT,
        *images.FORMATS,
        folders.FORMAT,
    )
}


def writers() -> dict[str, Writer]:
    """The writer of each format that has one, by the format's name."""
    return {name: chosen.writer for name, chosen in FORMATS.items() if chosen.writer is not None}


def format_named(name: str) -> Format:
    """The format of that name. Raises `UnknownFormat`."""
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(f"no format is called {name!r}; there are {', '.join(FORMATS)}") from None


def detect(files: Files, medium: type[Media] | None = None) -> Format:
    """The first format that recognises the files, of those that read `medium` if given. Raises `UnknownFormat`."""
    for candidate in FORMATS.values():
        if (medium is None or medium in candidate.media) and candidate.detect(files):
            return candidate
    *titles, last = (chosen.title for chosen in FORMATS.values() if chosen.labelled)
    raise UnknownFormat(f"neither images, texts nor labels were found that come in as {', '.join(titles)} or {last}")
