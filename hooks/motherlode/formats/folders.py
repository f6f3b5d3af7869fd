"""Class folders: an image's one label is the name of the folder it lies in (`train/cat/1.jpg` is a cat in train).

Never recognised by itself, since any folder of images could be meant: it has to be asked for. Images that lie in no
folder, or in one that only names a split, are unlabelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from motherlode.formats.source import Draft, Files, Problem, Record, is_image, split_named

__all__ = ["detect", "read"]


def detect(files: Files) -> bool:
    """Never: see above."""
    return False


def read(files: Files) -> Iterator[Record | Problem]:
    """One record an image."""
    for name in files.names():
        if not is_image(name):
            continue
        parts = name.split("/")[:-1]
        split = next((found for part in parts if (found := split_named(part))), None)
        label = parts[-1] if parts and split_named(parts[-1]) is None else ""
        drafts = (Draft(label=label, type="choice", row="folder"),) if label else ()
        yield Record(path=name, present=True, labelled=bool(label), source=name, split=split, drafts=drafts)
