"""Class folders: an image's one label is the name of the folder it lies in (`train/cat/1.jpg` is a cat in train).

Never recognised by itself, since any folder of images could be meant: it has to be asked for. Images that lie in no
folder, or in one that only names a split, are unlabelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.formats.claims import Pictures
from motherlode.formats.source import Draft, Files, Problem, Record, split_named
from motherlode.formats.splits import Splits
from motherlode.formats.values import BadValue, label_name

__all__ = ["detect", "read"]


def detect(files: Files) -> bool:
    """Never: see above."""
    return False


def read(files: Files) -> Iterator[Record | Problem]:
    """One record an image."""
    pictures = Pictures(files.names())
    splits = Splits(files, pictures)
    yield from splits.problems
    bad: set[str] = set()
    for name in pictures.images:
        folder = name.rpartition("/")[0]
        last = folder.rpartition("/")[2]
        drafts: tuple[Draft, ...] = ()
        named = bool(last) and split_named(last) is None
        if named:
            try:
                drafts = (Draft(label=label_name(last), type="choice", row="folder"),)
            except BadValue as error:
                if folder not in bad:
                    bad.add(folder)
                    yield Problem("unreadable", folder, "", str(error), "Rename the folder and import again")
        split, split_from = splits.of(name)
        yield Record(
            path=name,
            present=True,
            labelled=named,
            source=name,
            split=split,
            drafts=drafts,
            lost=int(named and not drafts),
            split_from=split_from,
        )
