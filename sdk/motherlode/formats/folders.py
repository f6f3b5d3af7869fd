"""Class folders: an item's one label is the name of the folder it lies in (`train/cat/1.jpg` is a cat in train).

Never recognised by itself, since any folder could be meant: it has to be asked for, by name or by asking for classes of
a folder that holds no label files. Items that lie in no folder, or in one that only names a split, are unlabelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from motherlode.formats.claims import Pictures, may_be_class
from motherlode.formats.format import Format
from motherlode.formats.source import Draft, Files, Problem, Record, split_named
from motherlode.formats.splits import Splits
from motherlode.formats.values import BadValue, label_name
from motherlode.formats.writing import Labelled, Put, Rows, Writer, put_image
from motherlode.media import MEDIA, Image, Media, named
from motherlode.shapes.choice import ChoiceShape

__all__ = ["FORMAT", "detect", "read"]


def detect(files: Files) -> bool:
    """Never: see above."""
    return False


def offers(files: Files, task: str) -> bool:
    """Where classes are asked for, whether some file lies in a folder that may be one."""
    if task != ChoiceShape.task:
        return False
    above = {name.rpartition("/")[0].rpartition("/")[2] for name in files.names() if named(name) is not None}
    return any(map(may_be_class, above))


def read(files: Files, medium: type[Media] = Image) -> Iterator[Record | Problem]:
    """One record an item of the medium."""
    found = Pictures(files.names(), medium=medium)
    splits = Splits(files, found, taken=found.in_folders)
    yield from splits.problems
    bad: set[str] = set()
    for name in found.images:
        if name in splits.lists:
            continue
        folder = name.rpartition("/")[0]
        last = folder.rpartition("/")[2]
        drafts: tuple[Draft, ...] = ()
        named = bool(last) and split_named(last) is None
        if named:
            try:
                drafts = (Draft(label=label_name(last), kind=ChoiceShape.kind, row="folder"),)
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


def _place(path: str, row: Labelled) -> str:
    """`train/cat/scans_1.jpg` of scans/1.jpg: the folder around an item is its class, whatever it lay in."""
    label = row.regions[0].label if row.regions else ""
    *folders, name = path.split("/")
    if folders and split_named(folders[0]) == row.split:
        del folders[0]
    if folders and folders[-1] == label:
        del folders[-1]
    return f"{row.split}/{label}/{'_'.join([*folders, name])}"


def _write(target: Path, rows: Rows, classes: Mapping[int, str], put: Put) -> None:
    for path, row in rows:
        put_image(row, target / _place(path, row), put)


FORMAT = Format(
    "folders",
    "class folders",
    detect,
    read,
    media=tuple(MEDIA.values()),
    writer=Writer("class folders", frozenset({"class"}), _write, _place),
    offers=offers,
)
