"""The lines of the published form that an item of a version gives: its bytes, what is true of it, its split.

Made of the rows that ``statements`` reads; no database here but for what label sets say.
"""

import json
import re
from collections.abc import Iterable, Sequence
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


def lines_of(rows: Sequence[Held]) -> tuple[list[Lines], dict[int | None, list[int]]]:
    """The lines of each item, in order, and the classes of what each label set says, by its key."""
    said = statements.label_texts([row.label_set for row in rows if row.label_set is not None])
    classes: dict[int | None, list[int]] = {}
    made: list[Lines] = []
    for path, md5, sha, size, split, key, kind, width, height, length, _entry, metadata in rows:
        media = media_text(kind, width, height, length)
        texts = None if key is None else said[key]
        labels = published.label_line(path, media, texts, metadata)
        if texts is None:
            unnamed = published.label_line(path, media, None)
        else:
            is_opaque = _opaque(texts)
            classes[key] = _class_ids(texts, is_opaque)
            unnamed = published.without_ids(labels) if is_opaque else _without_ids(path, media, texts, labels)
        manifest, splits = published.manifest_line(path, md5, sha, size), published.split_line(path, split)
        made.append(Lines(path, manifest, labels, splits, unnamed))
    return made, classes


def _without_ids(path: str, media: str, texts: Texts, line: bytes) -> bytes:
    """``published.without_ids``, at a tenth of its cost where nothing but ids of regions can look like one."""
    answers, regions, relations = texts
    if relations != "[]":
        return published.without_ids(line)
    return published.label_line(path, media, (_ID.sub("", answers), _ID.sub("", regions), "[]"))


def _opaque(texts: Texts) -> bool:
    """Whether it holds values of any form, in which a key may mean something else."""
    text = texts.regions if texts.answers == "[]" else texts.regions + texts.answers
    return '"attributes":' in text or '"value":' in text


def class_ids(texts: Texts) -> list[int]:
    """The class of each thing said of an item."""
    return _class_ids(texts, _opaque(texts))


def _class_ids(texts: Texts, is_opaque: bool) -> list[int]:
    found: list[int] = []
    for text in (texts.answers, texts.regions):
        if text == "[]":
            continue
        if is_opaque:
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
    return b"\n".join([*lines, b""])
