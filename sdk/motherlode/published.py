"""The published form of a version, format 1: its lines and its digest. `docs/format.md` is its specification.

A version is three sets of canonical JSON lines, one line for each item in each (see `layers` for how they are stored),
and `schema.json`::

    manifest   {"md5", "path", "sha256", "size"}                                the item's bytes
    labels     {"answers", "media", "path", "regions", "relations"}             what is held to be true of it
                and "metadata", where the version carries fields that the item has
    splits     {"path", "split"}                                                where it belongs

Its **digest** is `sha256m1:` and the sha-256 of a small document of the sets' roots (see `merkle`) and the schema's
sha-256. Nothing in it depends on database ids, times, addresses, earlier versions or the files that lines lie in.

Canonical JSON has sorted keys, no spaces, non-ASCII characters as they are, UTF-8, and numbers as Python's `json`
writes them: the shortest text that reads back as the same float64.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, TypeAlias

from motherlode import merkle
from motherlode.errors import BadInput
from motherlode.manifest import canonical

__all__ = [
    "FORMAT",
    "SCHEME",
    "BadLine",
    "LabelLine",
    "Roots",
    "TooNew",
    "content_digest",
    "format_of",
    "label_line",
    "labels_digest",
    "manifest_line",
    "read_label_line",
    "refuse_newer",
    "root_of",
    "schema_file",
    "split_line",
    "without_ids",
]

FORMAT = 1
SCHEME = "sha256m1"
LISTS = ("answers", "regions", "relations")

Row: TypeAlias = Mapping[str, Any]


class BadLine(BadInput):
    """Bytes that are not a line of the published form; the message names the file and the line."""


class TooNew(BadInput):
    """A version of a form that this program cannot write: it may be read for what is known of it."""


# Writing


def manifest_line(path: str, md5: str, sha: str, size: int) -> bytes:
    """The line that names an item's bytes: its md5 and sha-256 in hexadecimal, and their number."""
    return f'{{"md5":"{md5}","path":{encode_basestring(path)},"sha256":"{sha}","size":{size}}}'.encode()


def split_line(path: str, split: str) -> bytes:
    """The line that says where an item belongs; "pool" for the unlabelled."""
    return f'{{"path":{encode_basestring(path)},"split":{encode_basestring(split)}}}'.encode()


def label_line(path: str, media: str, labels: tuple[str, str, str] | None, metadata: str | None = None) -> bytes:
    """The line of what is held to be true of an item.

    `media` and the three of `labels` (answers, regions, relations) are canonical JSON texts, as a label set keeps them;
    None for an unlabelled item, whose three lists are null. Three empty lists say that nothing is there. `metadata` is
    the canonical text of the fields that the version carries of it; None, and no part of the line, where it has none.
    """
    answers, regions, relations = labels or ("null", "null", "null")
    place = encode_basestring(path)
    own = f'"metadata":{metadata},' if metadata else ""
    return (
        f'{{"answers":{answers},"media":{media},{own}"path":{place},"regions":{regions},"relations":{relations}}}'
    ).encode()


def schema_file(name: str, config: str, classes: Iterable[Row], more: Row | None = None) -> bytes:
    """`schema.json`: the form's number, the schema's name, its labeling config, and its classes sorted by id.

    A class has its permanent `id`, unique within the schema, its `name` and the `control` that it belongs to. `more`
    are fields of an earlier file that this program does not know, which are carried along.
    """
    ordered = sorted(({**row, "id": int(row["id"])} for row in classes), key=lambda row: row["id"])
    known = {"classes": ordered, "config": config, "format": FORMAT, "schema": name}
    return (canonical({**(more or {}), **known}) + "\n").encode()


# The digest


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a version's three sets, 32 bytes each, and the sha-256 of its `schema.json`."""

    manifest: bytes
    labels: bytes
    splits: bytes
    schema: bytes

    def document(self, number: int = FORMAT) -> bytes:
        """The canonical document whose sha-256 is the digest of a version of this format."""
        rows = {"labels": self.labels, "manifest": self.manifest, "schema": self.schema, "splits": self.splits}
        return canonical({"format": number, **{name: row.hex() for name, row in rows.items()}}).encode()


def root_of(lines: Iterable[tuple[str, bytes]]) -> bytes:
    """The root of a set of (path, line). Raises ValueError where a path stands twice."""
    return merkle.root((merkle.place_of(path), merkle.leaf_of(line)) for path, line in lines)


def content_digest(roots: Roots, number: int = FORMAT) -> str:
    """A version's digest, `sha256m1:<64 hex>`; `number` is that of its format."""
    return f"{SCHEME}:{sha256(roots.document(number)).hexdigest()}"


def labels_digest(root: bytes) -> str:
    """A version's `labels_digest`, `sha256m1:<64 hex>`, from the root of its label lines `without_ids`."""
    return f"{SCHEME}:{root.hex()}"


def without_ids(line: bytes) -> bytes:
    """A label line without metadata, in which no region's id stands: relations name regions by their place, from 0.

    The root of such lines compares label sets that were made apart. Raises `BadLine` for a relation of which an end is
    none of the regions.
    """
    row = json.loads(line)
    row.pop("metadata", None)
    places = {region["id"]: place for place, region in enumerate(row["regions"] or ())}
    for one in row["relations"] or ():
        if lost := [end for end in (one["from"], one["to"]) if end not in places]:
            raise BadLine(f"{row['path']}: the relation {one['id']} links the region {lost[0]}, which is not there")
    for name in ("answers", "regions"):
        row[name] = row[name] and [{key: one[key] for key in one if key != "id"} for one in row[name]]
    row["relations"] = row["relations"] and [
        {**{key: one[key] for key in one if key != "id"}, "from": places[one["from"]], "to": places[one["to"]]}
        for one in row["relations"]
    ]
    return canonical(row).encode()


# Reading


@dataclass(frozen=True, slots=True)
class LabelLine:
    """What is held to be true of an item: its media block and, where it is labelled, three lists of JSON objects.

    Kinds of region or answer that a reader does not know stay in the lists; `more` holds fields of the line that it
    does not know. `line` writes all of it again, to the byte.
    """

    path: str
    media: Row
    answers: Sequence[Row] | None
    regions: Sequence[Row] | None
    relations: Sequence[Row] | None
    more: Row = field(default_factory=dict)

    @property
    def labelled(self) -> bool:
        """Whether anybody has said what is there, be it nothing."""
        return self.regions is not None

    def line(self) -> bytes:
        """The canonical line, without its newline."""
        known = {"media": self.media, "path": self.path, **{name: getattr(self, name) for name in LISTS}}
        return canonical({**self.more, **known}).encode()


def read_label_line(line: bytes, where: str = "labels") -> LabelLine:
    """Read a line of `labels`; `where` names its file and number in the message. Raises `BadLine`."""
    try:
        row = json.loads(line)
        lists = [row.pop(name) for name in LISTS]
        media, path = row.pop("media"), row.pop("path")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadLine(f"{where}: not a label line ({type(error).__name__} {error})") from None
    if not isinstance(path, str) or not isinstance(media, dict) or not isinstance(media.get("kind"), str):
        raise BadLine(f"{where}: a label line has a path and a media block with its kind")
    if any(row is None for row in lists) != all(row is None for row in lists):
        raise BadLine(f"{where}: {path} is labelled in some of {', '.join(LISTS)} and unlabelled in others")
    for name, rows in zip(LISTS, lists, strict=True):
        if rows is not None and not (isinstance(rows, list) and all(isinstance(one, dict) for one in rows)):
            raise BadLine(f"{where}: {name} of {path} is not a list of objects")
    answers, regions, relations = lists
    return LabelLine(path, media, answers, regions, relations, row)


def format_of(schema: bytes) -> int:
    """The number of the form that `schema.json` says; 0 for versions published before it had one. Raises `BadLine`."""
    try:
        return int(json.loads(schema).get("format", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadLine(f"schema.json: {type(error).__name__} {error}") from None


def refuse_newer(schema: bytes, what: str) -> None:
    """Raise `TooNew` where `schema.json` says a form that this program cannot write; `what` names the version."""
    number = format_of(schema)
    if number > FORMAT:
        raise TooNew(
            f"{what} was published in format {number}, and this version of Motherlode writes format {FORMAT}: it can be"
            " read for what is known of it, but not written; upgrade Motherlode"
        )
