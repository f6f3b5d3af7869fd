"""Versions as the server describes them, and their verified copies in the cache.

`resolve` turns a name (`cells@v3`, or `cells` with a lock) into a `Pin`; a `Snapshot` is a pin whose manifest has been
read and hashed; `Snapshot.fetch` brings the blobs of a split, `Snapshot.verify` hashes them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.parsers.expat import ExpatError

import httpx

from motherlode import environment, manifest
from motherlode.cache import Blob, Cache
from motherlode.client import Client
from motherlode.errors import BadInput, Mismatch, NotConfigured, NotVerified, ServerFault, Unreachable
from motherlode.files import hash_file
from motherlode.labeling_config import controls_of
from motherlode.lock import LOCK, LOCK_FILE, Pin, find_lock, looked_at, read_lock
from motherlode.manifest import ITEMS, LABELS, SCHEMA, SPLITS, Row
from motherlode.progress import Progress
from motherlode.xml_text import parse_xml

__all__ = ["Name", "Snapshot", "dataset_path", "locked_pins", "parse_name", "pin_of", "resolve", "version_row"]

ALL = "all"
BATCH_FILES = 250
BATCH_BYTES = 32 << 20
_NAME = re.compile(r"(?:(?P<project>[^/@]+)/)?(?P<dataset>[^/@]+)(?:@(?P<version>v\d+|\d+|[A-Za-z][\w.-]*))?\Z")


@dataclass(frozen=True, slots=True)
class Name:
    """A version's name in parts; `version` is "v3", an alias, "latest", or "" where none is said."""

    dataset: str
    version: str = ""
    project: str = ""

    def __str__(self) -> str:
        head = f"{self.project}/" if self.project else ""
        return f"{head}{self.dataset}@{self.version}" if self.version else f"{head}{self.dataset}"


def parse_name(text: str) -> Name:
    """`[project/]dataset[@v3|@alias|@latest]` in parts. Raises `BadInput`."""
    match = _NAME.match(text)
    if not match:
        raise BadInput(f"{text!r} is not a version's name; write dataset@v3, dataset@alias or project/dataset@v3")
    version = match["version"] or ""
    return Name(match["dataset"], f"v{version}" if version.isdigit() else version, match["project"] or "")


def dataset_path(client: Client, name: Name) -> str:
    """`projects/<p>/datasets/<d>`, to begin a path with."""
    return f"{client.project_path(name.project or None)}/datasets/{quote(name.dataset, safe='')}"


def version_row(client: Client, name: Name) -> dict[str, Any]:
    """The version as the server describes it; "" means the latest. Raises `NotFound`."""
    which = name.version or "latest"
    which = which[1:] if re.fullmatch(r"v\d+", which) else quote(which, safe="")
    row: dict[str, Any] = client.get(f"{dataset_path(client, name)}/versions/{which}")
    return row


def pin_of(client: Client, row: Mapping[str, Any]) -> Pin:
    """The pin of a version that the server described."""
    return Pin(
        server=client.url,
        project=str(row["project"]),
        dataset=str(row["dataset"]),
        version=int(row["version"]),
        digest=str(row["digest"]),
        dir=str(row["dir"]),
        commit=str(row["commit"]),
        schema=int(row["schema"]),
        splits={str(split): int(items) for split, items in (row.get("splits") or {}).items()},
    )


def locked_pins(lock: Path | None = None) -> dict[str, Pin]:
    """The pins of the lock file given, or of the one that `find_lock` finds, which child processes will find too."""
    path = lock or find_lock()
    if path is None:
        return {}
    if path.is_file():
        environment.pass_on(LOCK, str(path.resolve()))
    return read_lock(path)


def resolve(text: str, client: Client | None = None, lock: Path | None = None) -> Pin:
    """The pin that a name means.

    A bare `dataset` is read from the lock and nothing else; `dataset@v3` is asked of the server, and must be what the
    lock says where the lock pins that very version. Raises `NotConfigured`, `NotFound`, `NotVerified`.
    """
    name = parse_name(text)
    pins = locked_pins(lock)
    pinned = [
        pin for table, pin in pins.items() if name.dataset in (table, pin.dataset) and name.project in ("", pin.project)
    ]
    if not name.version:
        if not pinned:
            raise NotConfigured(
                f"{_no_pin(lock or find_lock(), name.dataset)}: run `lode pin {name}@v1` in your project, or name the"
                f" version, {name}@v1"
            )
        return pinned[0]
    pin = next((pin for pin in pinned if f"v{pin.version}" == name.version), None)
    if pin is not None and client is None:
        return pin
    client = client or Client.shared(None, name.project or None)
    found = pin_of(client, version_row(client, name))
    if pin is not None and (pin.server, pin.digest) != (found.server, found.digest):
        if pin.server != found.server:
            return found
        raise NotVerified(
            f"{found.name} is {found.digest} on {found.server}, but {LOCK_FILE} pins it as {pin.digest}:"
            " a version never changes, so this is another server's data or a forged one"
        )
    return found


def _no_pin(lock: Path | None, dataset: str) -> str:
    if lock is None:
        return f"there is no lock file that pins {dataset!r} ({looked_at()})"
    if not lock.is_file():
        by = f" ({LOCK} names it)" if lock == find_lock() else ""
        return f"{lock} is not there{by}, so nothing pins {dataset!r}"
    return f"{lock} pins no {dataset!r}"


class Snapshot:
    """A pinned version whose manifest was read and whose digest is right.

    `client` makes the client that fetches what is missing; a snapshot sent to another process (a loader's worker) takes
    only its pin and its cache along.
    """

    def __init__(self, pin: Pin, cache: Cache, client: Callable[[], Client] | None = None) -> None:
        self.pin = pin
        self.cache = cache
        self.client = client or partial(Client.shared, pin.server, pin.project)

    def __reduce__(self) -> tuple[type[Snapshot], tuple[Pin, Cache]]:
        return Snapshot, (self.pin, self.cache)

    def __repr__(self) -> str:
        return f"Snapshot({self.pin.name!r}, {self.pin.digest!r})"

    # What the version holds

    @property
    def _manifest(self) -> Path:
        return self.cache.root / "manifests" / f"{self.pin.digest.removeprefix('sha256:')}.jsonl"

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The manifest by path. Raises `NotVerified`."""
        return {row.path: row for row in manifest.read_manifest(self.manifest)}

    @cached_property
    def other_rows(self) -> dict[str, Row]:
        """The part of the manifest that is not an items: labels, schema and splits, by path. Raises `NotVerified`."""
        return {row.path: row for row in manifest.read_manifest(manifest.without_items(self.manifest))}

    @cached_property
    def manifest(self) -> bytes:
        """The manifest's bytes; fetched once, hashed against the pin each time. Raises `NotVerified`."""
        path = self._manifest
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = self._fetch_manifest()
            self._check_manifest(data, "the server's manifest", f"was {LOCK_FILE} edited? `lode pin {self.pin.name}`")
            part = path.with_suffix(f".{id(self)}.part")
            with self.cache.writing():
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data)
                part.replace(path)
        self._check_manifest(data, str(path), f"`lode pull {self.pin.name} --repair` fetches it again")
        return data

    def _check_manifest(self, data: bytes, where: str, remedy: str) -> None:
        pinned, found = self.pin.digest.removeprefix("sha256:"), sha256(data).hexdigest()
        if found != pinned:
            wrong = Mismatch("manifest", where, pinned, found)
            raise NotVerified(f"{self.pin.name} is not what was pinned; {remedy}", [wrong])

    def _fetch_manifest(self) -> bytes:
        client = self.client()
        name = Name(self.pin.dataset, f"v{self.pin.version}", self.pin.project)
        return client.raw("GET", f"/api/v1/{dataset_path(client, name)}/versions/{self.pin.version}/manifest").content

    @cached_property
    def splits(self) -> dict[str, str]:
        """The split of each item, by path, in the order of paths."""
        return dict(manifest.read_split_lines(self._file(SPLITS)))

    @cached_property
    def classes(self) -> dict[int, str]:
        """The name of each class id."""
        return manifest.read_schema(self._file(SCHEMA))[1]

    @cached_property
    def config(self) -> str:
        """The Label Studio config of the version's schema."""
        return manifest.read_schema(self._file(SCHEMA))[0]

    @cached_property
    def controls(self) -> dict[str, tuple[str, list[str]]]:
        """Label Studio's tag and the labels of each control of the schema's config, by its name."""
        try:
            return controls_of(parse_xml(self.config))
        except (ValueError, ExpatError):
            return {}

    @cached_property
    def label_shards(self) -> list[bytes]:
        """The labels' files, brought and hashed. Raises `NotVerified`."""
        shards = [row for path, row in self.other_rows.items() if path.startswith(LABELS)]
        self._bring(shards, "labels")
        return [self.cache.read(row) for row in shards]

    @cached_property
    def label_lines(self) -> dict[str, bytes]:
        """Each item's label line as it stands in its shard, by path; parsed only where it is read."""
        return {manifest.path_of(line): line for shard in self.label_shards for line in shard.splitlines()}

    def categories(self) -> dict[str, str]:
        """The label of each COCO category id that the schema's config names (`<Label value=... category=.../>`)."""
        try:
            config = parse_xml(self.config)
        except (ValueError, ExpatError):
            return {}
        marked = (node for node in config.iter() if node.get("category") and node.get("value"))
        return {str(node.get("category")): str(node.get("value")) for node in marked}

    def other_files(self) -> Iterator[tuple[str, bytes]]:
        """The tracked files that are not items, by path: labels, schema and splits."""
        for path in self.other_rows:
            yield path, self._file(path)

    def _file(self, path: str) -> bytes:
        row = self.other_rows[path]
        self._bring([row], path)
        return self.cache.read(row)

    def paths(self, split: str | None = None) -> list[str]:
        """The items of a split, or all, sorted. Raises `BadInput` for a split that the version does not have."""
        if split is None:
            return list(self.splits)
        found = [path for path, own in self.splits.items() if own == split]
        if not found and split not in self.pin.splits and split != manifest.POOL:
            known = ", ".join(sorted(set(self.splits.values()))) or "none"
            raise BadInput(f"{self.pin.name} has no split {split!r}; it has {known}")
        return found

    # The items' bytes

    def item_rows(self, split: str | None = None) -> list[tuple[str, Row]]:
        """(path, manifest row) of the items of a split, or of all."""
        return [(path, self.rows[ITEMS + path]) for path in self.paths(split)]

    def tree(self, split: str | None = None) -> Path:
        """The folder in which the items of a split lie."""
        return self.cache.tree(self.pin.digest, split or ALL)

    def fetch(self, split: str | None = None, *, repair: bool = False) -> Path:
        """The verified folder of a split's items; what is missing is fetched. Raises `NotVerified`, naming items.

        `repair` fetches again what was changed on this machine.
        """
        tree = self.tree(split)
        if not repair and tree.is_dir():  # whole already: nothing has to be written, so nothing is locked
            _ = self.manifest  # what the tree is named after is what was pinned
            if self.cache.is_whole(tree):
                return tree
            wrong = self._check(tree, self.item_rows(split))
            if not wrong:
                return tree
            if not self.cache.is_writable():
                raise self._changed(wrong)
        with self.cache.lock(f"{self.pin.digest.removeprefix('sha256:')[:16]}-{tree.name}"):
            if repair:
                self._drop_wrong(split)
            rows = self.item_rows(split)
            if not tree.is_dir():
                self._bring([row for _, row in rows], f"{self.pin.name} {split or 'all'}")
                self.cache.build(tree, rows)
            wrong = self._check(tree, rows)
        if wrong:
            raise self._changed(wrong)
        return tree

    def _changed(self, wrong: Sequence[Mismatch]) -> NotVerified:
        what = f"{self.pin.name}: {_count(len(wrong), 'file')} in the cache changed since it was fetched"
        if not self.cache.is_writable():
            return NotVerified(
                f"{what}, and {self.cache.root} is read only: pull it again where it can be written", wrong
            )
        return NotVerified(f"{what}; `lode pull {self.pin.name} --repair` fetches it again", wrong)

    def verify(self, split: str | None = None) -> list[Mismatch]:
        """Hash again what the cache holds of the version, or of one split's items; gives what is wrong."""
        wrong: list[Mismatch] = []
        for path, row in self.other_rows.items():
            wrong += self._verify_blob(path, row)
        if any(mismatch.path == SPLITS for mismatch in wrong):
            return wrong
        checked: set[str] = set()
        for name in self.held():
            own = None if name == ALL else name
            if split in (None, own):
                rows = self.item_rows(own)
                wrong += self._check(self.tree(own), rows, again=True)
                checked.update(path for path, _ in rows)
        for path, row in self.item_rows(split):
            if path not in checked:
                wrong += self._verify_blob(path, row)
        return list({(found.path, found.found): found for found in wrong}.values())

    def _verify_blob(self, path: str, row: Row) -> list[Mismatch]:
        blob = self.cache.blob(row.md5)
        found = hash_file(blob)[1] if blob.exists() else row.sha256
        return [] if found == row.sha256 else [Mismatch(path, str(blob), row.sha256, found)]

    def held(self) -> list[str]:
        """The splits of which a tree is in the cache ("all" for the whole)."""
        folder = self.tree().parent
        names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        return sorted(name for name in names if not name.startswith("."))

    def _check(self, tree: Path, rows: Sequence[tuple[str, Row]], *, again: bool = False) -> list[Mismatch]:
        with Progress(f"Checking {self.pin.name}") as bar:
            return self.cache.check(tree, rows, again=again, progress=bar.move)

    def _drop_wrong(self, split: str | None) -> None:
        """Remove what was changed in the cache, so that it is fetched again."""
        if self._manifest.exists() and hash_file(self._manifest)[1] != self.pin.digest.removeprefix("sha256:"):
            self._manifest.unlink()
        for path, row in self.other_rows.items():
            if self._verify_blob(path, row):
                self.cache.drop(row)
        wrong = self.verify(split)
        for mismatch in wrong:
            self.cache.drop(self.rows[ITEMS + mismatch.path])
        if wrong:
            for name in self.held():
                self.cache.forget(self.tree(None if name == ALL else name))

    def _bring(self, rows: Iterable[Row], label: str) -> None:
        missing = self.cache.missing(rows)
        if not missing:
            return
        client = self.client()
        with Progress(f"Fetching {label}", len(missing), show=client.show_progress) as bar:
            for count in client.each(self._fetch_batch, list(batches(missing))):
                bar.advance(count)

    def _fetch_batch(self, batch: list[Row]) -> int:
        client = self.client()
        address = f"/dvc/{quote(self.pin.project, safe='')}/{quote(self.pin.dataset, safe='')}"
        if len(batch) == 1 and batch[0].size > BATCH_BYTES:
            self._fetch_big(client, address, batch[0])
            return 1
        left = {row.md5: row for row in batch}
        headers = {"Content-Type": "application/json"}
        while left:
            body = json.dumps({"oids": list(left)}).encode()
            came = client.stream("POST", f"{address}/pack", partial(self._pack, left), content=body, headers=headers)
            if not came:
                raise ServerFault(f"the server's pack is empty; asked for were {_count(len(left), 'file')}")
            left = {oid: row for oid, row in left.items() if oid not in came}
        return len(batch)

    def _fetch_big(self, client: Client, address: str, row: Row) -> None:
        """One large file, going on where an earlier attempt broke off."""
        path = f"{address}/files/md5/{row.md5[:2]}/{row.md5[2:]}"
        with self.cache.lock(f"blob-{row.md5}"):
            while self.cache.missing([row]):
                blob = Blob(self.cache, row, resume=True)
                if blob.size >= row.size:
                    blob.restart()
                span = {"Range": f"bytes={blob.size}-"} if blob.size else {}
                try:
                    client.stream("GET", path, partial(self._one, blob), headers=span, repeatable=False)
                    blob.finish()
                except Unreachable:
                    grown = blob.size > int(span.get("Range", "bytes=0-")[6:-1])
                    blob.leave()
                    if not grown:
                        raise
                finally:
                    blob.leave()

    @staticmethod
    def _one(blob: Blob, answer: httpx.Response) -> None:
        if answer.status_code != 206 and blob.size:
            blob.restart()
        for piece in answer.iter_bytes(1 << 20):
            blob.write(piece)

    def _pack(self, asked: Mapping[str, Row], answer: httpx.Response) -> set[str]:
        """Take a pack's files into the cache; gives the oids that came."""
        came: set[str] = set()
        source = _Pieces(answer.iter_bytes())
        while line := source.line():
            name, _, length = line.partition(b" ")
            oid = name.decode("ascii", "replace")
            if oid not in asked or not length.strip().isdigit():
                raise ServerFault(f"the server's pack holds {line[:80]!r}, which was not asked for")
            data = source.take(int(length))
            if self.cache.missing([asked[oid]]):
                self.cache.put(asked[oid], data)
            came.add(oid)
        return came


class _Pieces:
    """Lines and byte counts out of a stream of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0

    def line(self) -> bytes:
        """The next line without its end, b"" at the end of the stream."""
        while (end := self._held.find(b"\n", self._at)) < 0:
            piece = next(self._pieces, None)
            if piece is None:
                if self._at < len(self._held):
                    raise httpx.ReadError("the pack broke off")
                return b""
            self._held, self._at = self._held[self._at :] + piece, 0
        line, self._at = self._held[self._at : end], end + 1
        return line

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        parts = [self._held[self._at : self._at + length]]
        left = length - len(parts[0])
        self._at += len(parts[0])
        while left:
            piece = next(self._pieces, None)
            if piece is None:
                raise httpx.ReadError("the pack broke off")
            self._held, self._at = piece, min(left, len(piece))
            parts.append(piece[:left])
            left -= self._at
        return parts[0] if len(parts) == 1 else b"".join(parts)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches of at most 250 files and 32 MiB; a larger file is a batch of its own."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == BATCH_FILES or size + row.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
