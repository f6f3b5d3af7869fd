"""The one path rule: which names an item may carry, and which two names may not stand side by side.

The rule is applied where an item is made (server and client alike), so that a published version can be checked out by
git and DVC on every file system: no name leaves the folder, none is read as a file of git or DVC, and no two names fall
together where case or Unicode composition do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import is_normalized, normalize

from motherlode.errors import BadInput

__all__ = ["PathClash", "PathSet", "UnsafePath", "check_path", "clashes", "fold", "folders"]

MAX_PATH_BYTES = 1000
MAX_PART_BYTES = 255
RESERVED = frozenset({".git", ".dvc", ".dvcignore", ".gitignore", "dvc.yaml"})
DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"
}  # names that Windows keeps for itself, with any ending
_WINDOWS = re.compile(r'[<>:"|?*]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")
# folders without a dot, a file with one: of these nothing but a device's name can be wrong
_SIMPLE = re.compile(
    r"(?:(?!(?:con|prn|aux|nul|com\d|lpt\d)/)[a-z0-9_-]{1,60}/){0,9}"
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)\.)[a-z0-9_-]{1,60}\.(?:jpe?g|png|txt)",
    re.ASCII | re.IGNORECASE,
)


class UnsafePath(BadInput):
    """A name no item may carry; `path` is the name as it came, `reason` says what is wrong with it."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path!r}: {reason}")


class PathClash(UnsafePath):
    """A name that cannot stand beside `other`: equal but for case or composition, or one is a folder of the other."""

    def __init__(self, path: str, other: str, reason: str) -> None:
        self.other = other
        super().__init__(path, reason)


def check_path(path: str) -> str:
    """Return `path` in NFC, or raise `UnsafePath`; parts are joined by `/`, none is `.` or `..`."""
    if _SIMPLE.fullmatch(path):
        return path
    if not path:
        raise UnsafePath(path, "is empty")
    if not path.isascii():
        try:
            path.encode()
        except UnicodeEncodeError:
            raise UnsafePath(path, "is not valid Unicode; rename the file in UTF-8") from None
        if not is_normalized("NFC", path):
            path = normalize("NFC", path)
    if "\\" in path:
        raise UnsafePath(path, "holds a backslash")
    if _CONTROL.search(path):
        raise UnsafePath(path, "holds a control character")
    if path.startswith("/"):
        raise UnsafePath(path, "is absolute")
    if _DRIVE.match(path):
        raise UnsafePath(path, "starts with a drive letter")
    if len(path) * 4 > MAX_PATH_BYTES and len(path.encode()) > MAX_PATH_BYTES:
        raise UnsafePath(path, f"is longer than {MAX_PATH_BYTES} bytes")
    for part in path.split("/"):
        _check_part(path, part)
    return path


def _check_part(path: str, part: str) -> None:
    if not part:
        raise UnsafePath(path, "has an empty part")
    if part in (".", ".."):
        raise UnsafePath(path, f"has a part {part!r}")
    if len(part) * 4 > MAX_PART_BYTES and len(part.encode()) > MAX_PART_BYTES:
        raise UnsafePath(path, f"has a part longer than {MAX_PART_BYTES} bytes")
    folded = part.casefold()
    if folded in RESERVED or folded.endswith(".dvc"):
        raise UnsafePath(path, f"has a part {part!r}, a name that git or DVC reads as its own")
    if _WINDOWS.search(part):
        raise UnsafePath(path, f'has a part {part!r} with one of < > : " | ? *, which Windows cannot hold')
    if part[-1] in ". ":
        raise UnsafePath(path, f"has a part {part!r} that ends in a dot or a space, which Windows cannot hold")
    if folded.partition(".")[0].rstrip() in DEVICES:
        raise UnsafePath(path, f"has a part {part!r}, a name that Windows keeps for a device")


def fold(path: str) -> str:
    """The key under which names that differ only by case or Unicode composition fall together."""
    if path.isascii():
        return path.lower()
    return normalize("NFC", normalize("NFD", path).casefold())


def folders(path: str) -> Iterator[str]:
    """The folders above `path`, nearest last: `a/b/c.jpg` gives `a`, `a/b`."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


class PathSet:
    """Names that may stand side by side; `add` refuses one that clashes with those already in."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        for path in paths:
            self.add(path)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._files.get(fold(path)) == path

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files.values())

    def add(self, path: str) -> bool:
        """Put a checked path in: True if it is new, False if it was there; raises `PathClash`."""
        key = fold(path)
        there = self._files.get(key)
        if there == path:
            return False
        if there is not None:
            raise PathClash(path, there, f"differs from {there!r} only by case or composition")
        under = self._folders.get(key)
        if under is not None:
            raise PathClash(path, under, f"is a folder for {under!r}")
        parent = key.rpartition("/")[0]
        above = [] if parent in self._folders else list(folders(key))  # of a folder that is known all above is
        for folder in above:
            file = self._files.get(folder)
            if file is not None:
                raise PathClash(path, file, f"lies in {file!r}, which is a file")
        self._files[key] = path
        for folder in above:
            self._folders.setdefault(folder, path)
        return True


def clashes(paths: Iterable[str]) -> Iterator[PathClash]:
    """The clash of every path that cannot stand beside an earlier one."""
    seen = PathSet()
    for path in paths:
        try:
            seen.add(path)
        except PathClash as clash:
            yield clash
