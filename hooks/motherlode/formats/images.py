"""Plain images: every image of a folder, unlabelled."""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.formats.source import Files, Problem, Record, is_image

__all__ = ["detect", "read"]


def detect(files: Files) -> bool:
    """Whether there is any image."""
    return any(is_image(name) for name in files.names())


def read(files: Files) -> Iterator[Record | Problem]:
    """One unlabelled record an image."""
    others = 0
    for name in files.names():
        if is_image(name):
            yield Record(path=name, present=True, labelled=False)
        else:
            others += 1
    if others:
        yield Problem("note", "", "", f"{others} files are no images by their names", "They were left where they are")
