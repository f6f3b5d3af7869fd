"""The lines of the published form that an item of a version gives: its bytes, what is true of it, its split.

Made of the rows that ``statements`` reads; no database here but for what label sets say.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from lode_datasets import statements
from lode_datasets.statements import Held
from motherlode import media, merkle, published
from motherlode.manifest import canonical
from motherlode.regions import Texts

__all__ = ["SETS", "Lines", "class_ids", "lines_of", "media_text"]

SETS = ("manifest", "labels", "splits")
"""The sets of lines, in the order of ``Lines``; the trees have the labels without ids after them."""

_ID = re.compile(r'"id":"[^"\\]*(?:\\.[^"\\]*)*",')
_CLASS_ID = re.compile(r'"class_id":(\d+)')


class Lines(NamedTuple):
    """An item's line in each set, and its label line without ids."""

    path: str
    manifest: bytes
    labels: bytes
    splits: bytes
    unnamed: bytes

    def leaves(self) -> merkle.Leaves:
        """The leaf of each."""
        return tuple([sha256(line).digest() for line in self[1:]])


def lines_of(rows: Sequence[Held]) -> tuple[list[Lines], dict[int, Texts]]:
    """The lines of each item, in order, and what their label sets say, by primary key."""
    said = statements.label_texts([row.label_set for row in rows if row.label_set is not None])
    return [_lines(row, said) for row in rows], said


def _lines(row: Held, said: Mapping[int, Texts]) -> Lines:
    path, media = row.path, media_text(row.kind, row.width, row.height, row.length)
    texts = None if row.label_set is None else said[row.label_set]
    labels = published.label_line(path, media, texts, row.metadata)
    return Lines(
        path,
        published.manifest_line(path, row.md5, row.sha256, row.size),
        labels,
        published.split_line(path, row.split),
        published.label_line(path, media, None) if texts is None else _without_ids(path, media, texts, labels),
    )


def _without_ids(path: str, media: str, texts: Texts, line: bytes) -> bytes:
    """``published.without_ids``, at a tenth of its cost where nothing but ids of regions can look like one."""
    if texts.relations != "[]" or _opaque(texts.regions) or _opaque(texts.answers):
        return published.without_ids(line)
    answers = texts.answers if texts.answers == "[]" else _ID.sub("", texts.answers)
    return published.label_line(path, media, (answers, _ID.sub("", texts.regions), "[]"))


def _opaque(text: str) -> bool:
    """Whether it holds values of any form, in which a key may mean something else."""
    return '"attributes":' in text or '"value":' in text


def class_ids(texts: Texts) -> list[int]:
    """The class of each thing said of an item."""
    found: list[int] = []
    for text in (texts.answers, texts.regions):
        if text == "[]":
            continue
        if _opaque(text):
            found += [int(row["class_id"]) for row in json.loads(text) if "class_id" in row]
        else:
            found += map(int, _CLASS_ID.findall(text))
    return found


@lru_cache(maxsize=4096)
def media_text(kind: str, width: int, height: int, length: int) -> str:
    """The media block of an item, as canonical JSON."""
    return canonical(media.of(kind, width=width, height=height, length=length).block())


def joined(lines: Iterable[bytes]) -> bytes:
    """Lines as a file has them."""
    return b"".join([line + b"\n" for line in lines])
