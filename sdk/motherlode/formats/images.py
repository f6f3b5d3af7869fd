"""Plain images: every image of a folder, unlabelled."""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.formats.claims import Pictures
from motherlode.formats.format import Format
from motherlode.formats.source import Files, Problem, Record, is_image
from motherlode.formats.splits import Splits

__all__ = ["FORMAT", "detect", "read"]


def detect(files: Files) -> bool:
    """Whether there is any image."""
    return any(is_image(name) for name in files.names())


def read(files: Files) -> Iterator[Record | Problem]:
    """One unlabelled record an image."""
    pictures = Pictures(files.names())
    splits = Splits(files, pictures)
    yield from splits.problems
    for name in pictures.images:
        split, split_from = splits.of(name)
        yield Record(path=name, present=True, labelled=False, split=split, split_from=split_from)


FORMAT = Format("images", "plain images", detect, read, labelled=False)
