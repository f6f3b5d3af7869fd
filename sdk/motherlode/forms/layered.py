"""Format 1 (`docs/format.md`): sets of lines stored by change, and a digest of the content alone.

The **index** lists the files of labels, manifest, schema and splits, as a manifest does; its sha-256 is pinned beside
the digest. So every file can be checked as it comes, and the digest, which no file's bytes give alone, is computed from
all lines when a version is first read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

from motherlode import manifest, merkle, published
from motherlode.errors import Mismatch, NotVerified
from motherlode.forms.form import Form, Held, Place, Read, Said, Sets, same_paths
from motherlode.lock import Pin
from motherlode.manifest import ITEMS, LABELS, SCHEMA, BadManifest, Row
from motherlode.paths import UnsafePath, check_path
from motherlode.regions import box_of, is_known
from motherlode.shapes import SHAPES

__all__ = ["Layered"]

MANIFEST, SPLITS = "manifest/", "splits/"
_TEXT = rb'"([^"\\\n]*(?:\\.[^"\\\n]*)*)"'
_METADATA = rb'"metadata":\{(?:[^{}"\n]|"(?:[^"\\\n]|\\.)*")*\},'
# how the lines of each set begin, as we write them: what looks otherwise is parsed
_PATHS = {
    LABELS: re.compile(
        rb'\{"answers":(?:\[\]|null),"media":\{[^{}"\n]*(?:"[^"\\\n]*"[^{}"\n]*)*\},(?:%b)?"path":%b,"regions":'
        % (_METADATA, _TEXT)
    ),
    MANIFEST: re.compile(rb'\{"md5":"[0-9a-f]{32}","path":%b,"sha256":' % _TEXT),
    SPLITS: re.compile(rb'\{"path":%b,"split":' % _TEXT),
}
_ITEM = re.compile(rb'\{"md5":"([0-9a-f]{32})","path":%b,"sha256":"([0-9a-f]{64})","size":(\d+)\}\Z' % _TEXT)
_SPLIT = re.compile(rb'\{"path":%b,"split":%b\}\Z' % (_TEXT, _TEXT))
_KNOWN = tuple(f'"kind":"{kind}"'.encode() for kind in SHAPES)
_BOXES = tuple(f'"kind":"{kind}"'.encode() for kind, shape in SHAPES.items() if shape.fills_bounds)
_WHOLE = tuple(f'"kind":"{kind}"'.encode() for kind, shape in SHAPES.items() if shape.whole)
_FLAT = re.compile(rb'"geometry":(\[[0-9eE.,+-]+\])')
_CLASS_ID = re.compile(rb'"class_id":(\d+)')
_OWN, _OWN_FIELDS = b'"metadata":{', re.compile(_METADATA)
_MEDIUM = re.compile(rb'"media":\{[^{}"\n]*(?:"[^"\\\n]*"[^{}"\n]*)*\},')
_ATTRIBUTES, _NO_ANSWERS, _NO_RELATIONS = b'"attributes":', b'{"answers":[],', b'"relations":[]}'
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
# an empty part, or one that leaves the folder
_ODD = re.compile(r"^/|//|/$|(?:^|/)\.{1,2}(?:/|$)|^$|[\x00-\x09\x0b-\x1f\\]", re.MULTILINE)


class Layered(Form):
    """An index whose sha-256 is pinned; items, labels and splits as a base and layers of changed lines each."""

    head = "index"

    def pinned(self, pin: Pin) -> str:
        return pin.index.removeprefix("sha256:")

    def files(self, head: bytes) -> dict[str, Row]:
        rows = manifest.read_manifest(head)
        for row in rows:
            _check_names(row, "the index")
        _check_paths([row.path for row in rows], "the index")
        return {row.path: row for row in rows}

    def lists_items(self, path: str) -> bool:
        return path.startswith((MANIFEST, SPLITS))

    def sets(self, head: bytes, files: Mapping[str, Row], read: Read) -> Sets:
        return _Sets(files, read)

    def said(self, line: bytes, where: str) -> Said:
        read = published.read_label_line(line, where)
        if read.regions is None:
            return Said(read.media, None, more=read.more)
        rows: list[dict[str, Any]] = []
        unknown: list[dict[str, Any]] = []
        for row in (*read.regions, *(read.answers or ())):
            (rows if is_known(row) else unknown).append(row)  # type: ignore[arg-type]
        return Said(read.media, rows, unknown, list(read.relations or ()), read.more)  # type: ignore[arg-type]

    def box(self, row: Mapping[str, Any]) -> list[float] | None:
        return box_of(row)

    def boxes(self, line: bytes, count: int) -> list[list[float]] | None:
        line = _without_metadata(line)
        found = _FLAT.findall(line)
        if _ATTRIBUTES in line or len(found) != sum(map(line.count, _BOXES)):
            return None
        if len(found) + sum(map(line.count, _WHOLE)) != count:
            return None
        return json.loads(b"[%b]" % b",".join(found))  # type: ignore[no-any-return]

    def class_ids(self, line: bytes, count: int) -> list[int] | None:
        if not line.startswith(_NO_ANSWERS) or not line.endswith(_NO_RELATIONS) or _ATTRIBUTES in line:
            return None
        found = _CLASS_ID.findall(_without_metadata(line))
        return [*map(int, found)] if len(found) == count else None

    def count(self, line: bytes, where: str) -> int:
        # a medium has a kind, too, which may be called as one of answers is; no other key is free here
        if line.endswith(_NO_RELATIONS) and _ATTRIBUTES not in line:
            own = _MEDIUM.sub(b"", _without_metadata(line), count=1)
            number = left = own.count(b'"kind":"')
            for kind in _KNOWN:
                if left <= 0:
                    break
                left -= own.count(kind)
            if not left:
                return number
        return len(self.said(line, where).rows or ())


class _Sets(Sets):
    def __init__(self, files: Mapping[str, Row], read: Read) -> None:
        self._files = files
        self._read = read

    @cached_property
    def items(self) -> dict[str, Row]:
        return {path: _item(line, path) for path, line in self._lines(self._manifest)}

    @cached_property
    def splits(self) -> dict[str, str]:
        return {path: _split(line, path) for path, line in self._lines(self._splits)}

    @cached_property
    def labels(self) -> Held:
        return self._held(LABELS)

    @cached_property
    def _manifest(self) -> Held:
        return self._held(MANIFEST)

    @cached_property
    def _splits(self) -> Held:
        return self._held(SPLITS)

    def check(self, pin: Pin) -> None:
        """Compute the digest again. One of a scheme that this program does not know is left unchecked: the pinned
        index names all bytes all the same."""
        sets = {MANIFEST: self._manifest, LABELS: self.labels, SPLITS: self._splits}
        for name, own in sets.items():
            same_paths(self._manifest.places, own.places, MANIFEST, name)
        _check_paths(self._manifest.places, MANIFEST)
        places = [merkle.place_of(path) for path in self._manifest.places]
        items, labels, splits = merkle.roots(places, map(self._leaves, sets.values()))
        schema = self._read(SCHEMA)
        number = published.format_of(schema)
        digest = published.content_digest(published.Roots(items, labels, splits, sha256(schema).digest()), number)
        if digest == pin.digest or number > published.FORMAT or not pin.digest.startswith(f"{published.SCHEME}:"):
            return
        wrong = Mismatch("the content", "its lines", pin.key, digest.rpartition(":")[2])
        raise NotVerified(f"{pin.name} has other content than its digest {pin.digest} says", [wrong])

    def _held(self, folder: str) -> Held:
        """The lines that hold of the set stored in `folder`: of two with one path that of the later file."""
        names = sorted(path for path in self._files if path.startswith(folder) and path.endswith(".jsonl"))
        begins = _PATHS[folder].match
        places: dict[str, Place] = {}
        for number, name in enumerate(names):
            at = 0
            data = self._read(name)
            if data and not data.endswith(b"\n"):
                raise BadManifest(f"{name}: its last line has no end")
            for count, line in enumerate(data.split(b"\n")[:-1], start=1):
                end = at + len(line)
                if (match := begins(line)) and b"\\" not in match[1]:
                    places[match[1].decode()] = (number, at, end)
                else:
                    path, gone = _path_of(line, f"{name}, line {count}")
                    if gone:
                        places.pop(path, None)
                    else:
                        places[path] = (number, at, end)
                at = end + 1
        return Held(names, {path: places[path] for path in sorted(places)})

    def _leaves(self, own: Held) -> list[bytes]:
        """The leaf of each item's line, sorted by path."""
        data = [self._read(name) for name in own.files]
        return [sha256(data[file][start:end]).digest() for file, start, end in own.places.values()]

    def _lines(self, own: Held) -> Iterator[tuple[str, bytes]]:
        """The path and the line of each item, sorted by path."""
        data = [self._read(name) for name in own.files]
        for path, (file, start, end) in own.places.items():
            yield path, data[file][start:end]


def _without_metadata(line: bytes) -> bytes:
    """A label line without the item's own fields, whose names may be any."""
    return _OWN_FIELDS.sub(b"", line, count=1) if _OWN in line else line


def _path_of(line: bytes, where: str) -> tuple[str, bool]:
    """The path of any line, and whether it says that the path is gone."""
    try:
        row = json.loads(line)
        path = row["path"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadManifest(f"{where}: not a line with a path ({type(error).__name__} {error})") from None
    if not isinstance(path, str):
        raise BadManifest(f"{where}: its path is not a text")
    return path, row.get("removed") is True


def _item(line: bytes, path: str) -> Row:
    if match := _ITEM.match(line):
        return Row(ITEMS + path, match[1].decode(), match[3].decode(), int(match[4]))
    [row] = manifest.read_manifest(line + b"\n")
    _check_names(row, MANIFEST)
    return Row(ITEMS + path, row.md5, row.sha256, row.size)


def _split(line: bytes, path: str) -> str:
    if (match := _SPLIT.match(line)) and b"\\" not in match[2]:
        return match[2].decode()
    [row] = manifest.read_split_lines(line + b"\n")
    return row.split


def _check_names(row: Row, where: str) -> None:
    if not _MD5.match(row.md5) or not _SHA256.match(row.sha256) or row.size < 0:
        raise BadManifest(f"{where}: the line of {row.path!r} does not name a file's md5, sha256 and size")


def _check_paths(paths: Collection[str], where: str) -> None:
    """Raise `BadManifest` for a path that leaves the folder."""
    text = "\n".join(paths)
    if _ODD.search(text) or text.count("\n") >= max(1, len(paths)):
        for path in paths:
            try:
                check_path(path)
            except UnsafePath as error:
                raise BadManifest(f"{where}: the path {error}") from None
