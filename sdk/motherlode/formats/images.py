"""Plain files: every image of a folder, or where it holds none every text, unlabelled. A format for each medium."""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.formats.claims import Pictures
from motherlode.formats.format import Format
from motherlode.formats.source import Files, Problem, Record
from motherlode.formats.splits import Splits
from motherlode.media import MEDIA, Media, named

__all__ = ["FORMATS", "plain"]


def plain(medium: type[Media]) -> Format:
    """The format of a folder of one medium without labels; `formats.detect` asks images before texts."""

    def detect(files: Files) -> bool:
        return any(named(name) is medium for name in files.names())

    def read(files: Files) -> Iterator[Record | Problem]:
        found = Pictures(files.names(), medium=medium)
        splits = Splits(files, found, taken=found.in_folders)
        yield from splits.problems
        for name in found.images:
            if name not in splits.lists:
                split, split_from = splits.of(name)
                yield Record(path=name, present=True, labelled=False, split=split, split_from=split_from)

    return Format(medium.plural, f"plain {medium.plural}", detect, read, labelled=False, media=(medium,))


FORMATS = tuple(plain(medium) for medium in MEDIA.values())
