"""The canonical bytes of a version and the digests that name it.

A version is a folder `data/` of tracked files::

    items/<path>            the item's bytes
    labels/<shard>.jsonl    one line an item: size, split, regions (null: unlabelled; []: nothing is here)
    schema.json             the labeling config and the permanent class ids
    splits.jsonl            one line an item: its split ("pool" for the unlabelled)

Its **manifest** has one line a tracked file (path below `data/`, md5, sha256, size), sorted by path; the **digest** is
the sha-256 of the manifest's bytes. Nothing here depends on database ids, times or addresses: equal content has equal
bytes. All JSON is canonical: sorted keys, no spaces, UTF-8, floats as their shortest exact repr, each line ended by one
newline. Lines and rows are sorted by path in code point order, which is also the order of their UTF-8 bytes (SQL:
`COLLATE "C"` or `BINARY`).

**Shards.** An item's `path_hash` is 31 bits of the sha-256 of its path. The number of shards is the smallest power of
two that leaves at most 1,024 items a shard on average (`shard_bits`), and an item's shard is the leading bits of its
hash. So the shards are a function of the content alone, one changed item rewrites one shard, and growth moves items
between shards only where the number of items passes 1,024 times a power of two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5, sha256
from itertools import islice
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, NamedTuple

from motherlode.errors import BadInput

__all__ = [
    "BadManifest",
    "Bytes",
    "ITEMS",
    "LABELS",
    "LabelLine",
    "POOL",
    "Row",
    "SCHEMA",
    "SPLITS",
    "SplitLine",
    "canonical",
    "digest_of",
    "dir_bytes",
    "dir_entries",
    "dir_oid",
    "dir_pieces",
    "identify",
    "label_line",
    "label_lines",
    "manifest_line",
    "manifest_pieces",
    "path_hash",
    "path_of",
    "read_label_lines",
    "read_manifest",
    "read_schema",
    "read_split_lines",
    "schema_bytes",
    "shard_bits",
    "shard_bounds",
    "shard_file",
    "shard_of",
    "split_line",
    "without_items",
]

ITEMS = "items/"
LABELS = "labels/"
SCHEMA = "schema.json"
SPLITS = "splits.jsonl"
POOL = "pool"

ITEMS_PER_SHARD = 1024
HASH_BITS = 31

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
# a JSON string literal: as it is (ours), and with non-ASCII escaped (DVC's `.dir`)
_decode = json.JSONDecoder().raw_decode
_string = encode_basestring
_ascii_string = encode_basestring_ascii


class BadManifest(BadInput):
    """Bytes that are not a manifest, label or split file of ours; the message names the line."""


class Row(NamedTuple):
    """One tracked file: its path below `data/`, the names of its bytes, and their number."""

    path: str
    md5: str
    sha256: str
    size: int


class Bytes(NamedTuple):
    """Bytes made for a version, with their names."""

    data: bytes
    md5: str
    sha256: str

    def row(self, path: str) -> Row:
        """The manifest's row for these bytes at `path` (below `data/`)."""
        return Row(path, self.md5, self.sha256, len(self.data))


def identify(data: bytes) -> Bytes:
    """Name bytes by their md5 (for DVC) and sha-256 (for us)."""
    return Bytes(data, md5(data, usedforsecurity=False).hexdigest(), sha256(data).hexdigest())


def canonical(value: Any) -> str:
    """`value` as canonical JSON text; a number that is not finite raises ValueError."""
    return _encode(value)


# Shards


def path_hash(path: str) -> int:
    """31 bits of the sha-256 of `path`; store it beside the path and a shard is a range of it (`shard_bounds`)."""
    return int.from_bytes(sha256(path.encode()).digest()[:4], "big") >> 1


def shard_bits(items: int) -> int:
    """How many leading bits of the hash name the shard in a version of `items` items."""
    return 0 if items <= ITEMS_PER_SHARD else (-(-items // ITEMS_PER_SHARD) - 1).bit_length()


def shard_of(path: str, bits: int) -> int:
    """The shard of `path`, 0 to 2**bits - 1."""
    return path_hash(path) >> (HASH_BITS - bits)


def shard_bounds(shard: int, bits: int) -> tuple[int, int]:
    """The half-open range of `path_hash` that makes up `shard`."""
    step = HASH_BITS - bits
    return shard << step, (shard + 1) << step


def shard_file(shard: int, bits: int) -> str:
    """The tracked path of a shard: `labels/0003-of-0010.jsonl` is the fourth of ten, in hexadecimal."""
    return f"{LABELS}{shard:04x}-of-{1 << bits:04x}.jsonl"


# Lines


def label_line(path: str, split: str, width: int, height: int, regions: str | None) -> str:
    """One item's line in its shard; `regions` is the text of `regions.dump`, None for an unlabelled item."""
    return (
        f'{{"height":{height},"path":{_string(path)},"regions":{regions or "null"},'
        f'"split":{_string(split)},"width":{width}}}\n'
    )


def label_lines(rows: Iterable[tuple[str, str, int, int, str | None]]) -> Bytes:
    """The bytes of ONE shard from its items' (path, split, width, height, regions), sorted by path."""
    return identify("".join([label_line(*row) for row in rows]).encode())


def split_line(path: str, split: str) -> str:
    """One item's line in `splits.jsonl`."""
    return f'{{"path":{_string(path)},"split":{_string(split)}}}\n'


def schema_bytes(schema: str, config: str, classes: Sequence[Mapping[str, Any]]) -> Bytes:
    """`schema.json`: the schema's name, its Label Studio config and its classes (`id`, `name`) in the order of ids."""
    names = {int(row["id"]): str(row["name"]) for row in classes}
    ordered = [{"id": number, "name": names[number]} for number in sorted(names)]
    return identify((_encode({"classes": ordered, "config": config, "schema": schema}) + "\n").encode())


def manifest_line(row: Row) -> str:
    """One file's line in the manifest."""
    return f'{{"md5":"{row[1]}","path":{_string(row[0])},"sha256":"{row[2]}","size":{row[3]}}}\n'


def manifest_pieces(rows: Iterable[Row], lines: int = 1000) -> Iterator[bytes]:
    """The manifest's bytes in pieces of `lines` lines. Raises `BadManifest` where the rows are not sorted by path."""
    last = ""
    piece: list[str] = []
    for row in rows:
        path = row[0]
        if path <= last:
            raise BadManifest(f"manifest rows must be sorted by path and unique: {path!r} comes after {last!r}")
        last = path
        piece.append(f'{{"md5":"{row[1]}","path":{_string(path)},"sha256":"{row[2]}","size":{row[3]}}}\n')
        if len(piece) == lines:
            yield "".join(piece).encode()
            piece.clear()
    if piece:
        yield "".join(piece).encode()


def digest_of(pieces: Iterable[bytes]) -> str:
    """A version's digest, `sha256:<64 hex>`, from its manifest's bytes."""
    digest = sha256()
    for piece in pieces:
        digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


# DVC's directory object


def dir_pieces(rows: Iterable[tuple[str, str, *tuple[Any, ...]]], entries: int = 1000) -> Iterator[bytes]:
    """The bytes of DVC's `.dir` object, in pieces: `[{"md5": ..., "relpath": ...}, ...]`, of rows that begin with path
    and md5, sorted by path."""
    joint, rest = "[", iter(rows)
    while piece := dir_entries(islice(rest, entries)):
        yield f"{joint}{piece}".encode()
        joint = ", "
    yield b"[]" if joint == "[" else b"]"


def dir_entries(rows: Iterable[tuple[str, str, *tuple[Any, ...]]]) -> str:
    """Some of the entries of DVC's `.dir` object, of rows that begin with path and md5; "" of none."""
    return ", ".join([f'{{"md5": "{row[1]}", "relpath": {_ascii_string(row[0])}}}' for row in rows])


def dir_bytes(rows: Iterable[Row]) -> bytes:
    """The whole `.dir` object."""
    return b"".join(dir_pieces(rows))


def dir_oid(pieces: Iterable[bytes]) -> str:
    """DVC's name of a `.dir` object, `<md5>.dir`, 36 characters: also the digest MLflow gets."""
    digest = md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return f"{digest.hexdigest()}.dir"


# Reading back


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One item of a shard; `regions` are the JSON rows of `regions.from_json`, None for an unlabelled item."""

    path: str
    split: str
    width: int
    height: int
    regions: list[dict[str, Any]] | None


class SplitLine(NamedTuple):
    """One item of `splits.jsonl`."""

    path: str
    split: str


def _rows(data: bytes, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines as objects, with their numbers: read at once where all are whole, else up to the one that is not."""
    try:
        # no newline stands within a line, so each ends one value
        found = json.loads(b"[%b]" % data.rstrip(b"\n").replace(b"\n", b","))
    except ValueError:
        found = None
    if found is not None and len(found) == data.count(b"\n") and all(isinstance(row, dict) for row in found):
        yield from enumerate(found, start=1)
        return
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadManifest(f"{what}, line {number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise BadManifest(f"{what}, line {number}: not a JSON object")
        yield number, row


def read_manifest(data: bytes) -> list[Row]:
    """The rows of a manifest. Raises `BadManifest`."""
    rows = []
    for number, row in _rows(data, "manifest"):
        try:
            rows.append(Row(str(row["path"]), str(row["md5"]), str(row["sha256"]), int(row["size"])))
        except (KeyError, TypeError, ValueError) as error:
            raise BadManifest(f"manifest, line {number}: {type(error).__name__} {error}") from None
    return rows


def without_items(data: bytes) -> bytes:
    """The end of a manifest, after its items: they come first, and no path holds an unescaped quote."""
    last = data.rfind(b'","path":"' + ITEMS.encode())
    return data if last < 0 else data[data.index(b"\n", last) + 1 :]


def path_of(line: bytes) -> str:
    """The path of a line of labels or splits, without reading the rest of it."""
    text = line.decode()
    if '"metadata":{' in text:  # an item's field may have any name
        return str(json.loads(text)["path"])
    # keys are sorted, so only numbers stand before it, and no string that could look like it
    path, _ = _decode(text, text.index('"path":') + 7)
    return str(path)


def read_label_lines(data: bytes, file: str = "labels") -> list[LabelLine]:
    """The items of one shard. Raises `BadManifest`."""
    lines = []
    for number, row in _rows(data, file):
        try:
            lines.append(
                LabelLine(str(row["path"]), str(row["split"]), int(row["width"]), int(row["height"]), row["regions"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadManifest(f"{file}, line {number}: {type(error).__name__} {error}") from None
    return lines


def read_split_lines(data: bytes) -> list[SplitLine]:
    """The items of `splits.jsonl`. Raises `BadManifest`."""
    lines = []
    for number, row in _rows(data, SPLITS):
        try:
            lines.append(SplitLine(str(row["path"]), str(row["split"])))
        except (KeyError, TypeError) as error:
            raise BadManifest(f"{SPLITS}, line {number}: {type(error).__name__} {error}") from None
    return lines


def read_schema(data: bytes) -> tuple[str, dict[int, str]]:
    """The config and the class names by id of `schema.json`. Raises `BadManifest`."""
    try:
        schema = json.loads(data)
        return str(schema["config"]), {int(row["id"]): str(row["name"]) for row in schema["classes"]}
    except (KeyError, TypeError, ValueError) as error:
        raise BadManifest(f"{SCHEMA}: {type(error).__name__} {error}") from None
