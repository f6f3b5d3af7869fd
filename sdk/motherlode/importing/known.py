"""What is known of a folder since it was last brought in: its files' digests, by their state, and what was read of it.

Kept below the cache, a file for each folder (`folders/<digest of its place>.json`), of the last `MOST` folders. A
digest counts while inode, size, mtime and ctime are what they were; of a file that was written to within 50 ms before
it was read none is kept, since clocks are coarse.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import md5, sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from motherlode.cache import default_root
from motherlode.files import RACY_NS, State, hash_file, state_at
from motherlode.formats.source import Boxes, Draft, Folder, Record, is_image

__all__ = ["Digests", "KnownFolder", "labels_digest"]

FORM = 1
MOST = 64  # folders that are remembered
READS = 4  # datasets for each of which what was read of a folder is remembered
THREADS = 4
# told apart, or no matter
_ELSEWHERE = frozenset({"path", "present", "source", "split", "split_from", "drafts", "control"})
SMALL = 1 << 20


class Digests(NamedTuple):
    """A file's md5 and SHA-256, in hex, and its size in bytes."""

    md5: str
    sha256: str
    size: int


class KnownFolder:
    """A folder with the digests of its files, remembered from one import to the next where `keep`.

    `read` is what the last imports that came in whole read of it, by `key`; see `motherlode.importing.unchanged`.
    """

    def __init__(self, files: Folder, *, keep: bool = True) -> None:
        self.files = files
        self._keep = keep
        self._place = default_root() / "folders" / f"{sha256(os.fsencode(files.root.resolve())).hexdigest()}.json"
        self._root = f"{files.root}/"
        kept = self._load() if keep else {"files": {}, "read": {}}
        self._kept: dict[str, list[Any]] = kept["files"]  # by name: state, md5, sha256
        self._found: dict[str, list[Any]] = {}
        self._changed = False
        self.read: dict[str, dict[str, Any]] = kept["read"]

    def _load(self) -> dict[str, Any]:
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept = json.loads(self._place.read_bytes())
            if kept["form"] == FORM and type(kept["files"]) is dict and type(kept["read"]) is dict:
                return dict(kept)
        return {"files": {}, "read": {}}

    def digests(self, name: str) -> Digests:
        """Of one file, read where it is not known as it is now. Raises OSError."""
        return self.looked_at(name)[0]

    def looked_at(self, name: str) -> tuple[Digests, bytes | None]:
        """A file's digests, and its bytes where it is small and had to be read for them. Raises OSError."""
        if (known := self._known(name)) is not None:
            return known, None
        path = self._root + name
        started, before = time.time_ns(), state_at(path)
        data = _read(path) if before and before[1] <= SMALL else None
        made = Digests(*hash_file(Path(path))) if data is None else _digests_of(data)
        if before and before == state_at(path) and before[1] == made.size and _is_settled(before, started):
            self._found[name] = [*before, made.md5, made.sha256]
            self._changed = True
        return made, data

    def digests_of(self, names: Iterable[str]) -> dict[str, Digests]:
        """Of many files, by name; those that cannot be read are left out."""
        found: dict[str, Digests] = {}
        todo: list[str] = []
        for name in names:
            if (known := self._known(name)) is not None:
                found[name] = known
            else:
                todo.append(name)
        if todo:  # threads help who reads, and hinder who only looks
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(THREADS) as pool:
                parts = [todo[start : start + 500] for start in range(0, len(todo), 500)]
                for part in pool.map(self._some, parts):
                    found.update(part)
        return found

    def _known(self, name: str) -> Digests | None:
        """A file's digests, where its state is still that in which they were taken."""
        kept = self._found.get(name) or self._kept.get(name)
        try:
            if kept is None or kept[:4] != state_at(self._root + name):
                return None
        except OSError:
            return None
        self._found[name] = kept
        return Digests(kept[4], kept[5], kept[1])

    def _some(self, names: list[str]) -> list[tuple[str, Digests]]:
        found = []
        for name in names:
            with suppress(OSError):
                found.append((name, self.digests(name)))
        return found

    def key(self, *asked: object) -> str:
        """What reading the folder depends on: what was asked for, then the names of all files, the state of all that
        are not images, and our own readers. "" where a label file was written to just now."""
        words = repr(asked).encode("utf-8", "backslashreplace")
        digest = sha256(repr(_readers()).encode())
        now = time.time_ns()
        for name in self.files.names():
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
            if not is_image(name):
                state = state_at(self._root + name)
                if state is None or not _is_settled(state, now):
                    return ""
                digest.update(repr(state).encode())
        return f"{sha256(words).hexdigest()} {digest.hexdigest()}"

    def remember(self, key: str, read: dict[str, Any]) -> None:
        """Keep what was read of the folder; of one that goes into several datasets, for each of the last few.

        What was read for the same dataset before a change goes: a folder hardly ever is again what it was.
        """
        before = self.read.pop(key, None)
        asked = key.partition(" ")[0]
        for old in [old for old in self.read if old.partition(" ")[0] == asked]:
            del self.read[old]
        if read:
            self.read[key] = read
        for old in list(self.read)[:-READS]:
            del self.read[old]
        self._changed = self._changed or read != before

    def save(self) -> None:
        """Keep what is known for the next import, where the disk lets us; the oldest folders are forgotten."""
        if not self._keep or not (self._changed or len(self._found) < len(self._kept)):
            return
        kept = {"form": FORM, "root": str(self.files.root), "read": self.read, "files": self._found}
        part = self._place.with_name(f".{uuid4().hex}.part")
        with suppress(OSError, UnicodeError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_text(json.dumps(kept))
                os.replace(part, self._place)
            finally:
                part.unlink(missing_ok=True)
            _forget(self._place.parent)


def _readers() -> list[State | None]:
    """The state of the modules that read folders: what another version of them reads may differ."""
    package = Path(__file__).parents[1]
    files = [*package.glob("*.py"), *package.glob("formats/*.py"), *package.glob("importing/*.py")]
    return [state_at(str(file)) for file in sorted([*files, *package.glob("shapes/*.py")])]


def _is_settled(state: State, now: int) -> bool:
    """Whether a change after `now` would give the file another state."""
    return now - max(state[2], state[3]) > RACY_NS


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.read()


def _digests_of(data: bytes) -> Digests:
    return Digests(md5(data, usedforsecurity=False).hexdigest(), sha256(data).hexdigest(), len(data))


def _forget(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for file in files[:-MOST]:
        file.unlink(missing_ok=True)


_LETTERS = bytes.maketrans(b"0123456789", b"ghijklmnop")  # without a digit that could belong to a number out of bounds
_of_record = attrgetter(*(name for name in Record.__slots__ if name not in _ELSEWHERE))
_of_draft = attrgetter(*(name for name in Draft.__slots__ if name not in ("row", "attributes")))


def labels_digest(record: Record) -> str | None:
    """What the record's labels say, wherever in a file they stand, as 64 letters; None where it states none."""
    if not record.labelled:
        return None
    said: list[object] = [FORM, *_of_record(record)]
    if record.control:
        said.append(record.control)
    boxes = b""
    if isinstance(record.drafts, Boxes):
        boxes = record.drafts.said()
    else:
        for draft in record.drafts:
            said.append([*_of_draft(draft)])
            said.append(sorted(draft.attributes.items(), key=str) if draft.attributes else None)
    digest = sha256(repr(said).encode("utf-8", "backslashreplace"))
    digest.update(boxes)
    return digest.hexdigest().encode().translate(_LETTERS).decode()
