"""Which file of a folder the data of a Label Studio task means.

Label Studio writes `/data/upload/<project>/<eight hex digits>-<name>` for what was uploaded, its spaces as `_` and what
is neither letter, digit, `_`, `-` nor `.` left out; `/data/local-files/?d=<path>`, percent-encoded, for what lies in
its storage; and any address for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["MediaFiles", "named_by"]

_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")
_ODD = re.compile(r"[^-\w.]")


def named_by(said: str) -> str:
    """The path that an address of Label Studio's means, without its host and what only Label Studio knows."""
    try:
        parts = urlsplit(said)
        local = parse_qs(parts.query).get("d") if parts.path.rstrip("/").endswith("local-files") else None
    except ValueError:  # such as an open bracket
        return said.replace("\\", "/").lstrip("/")
    path = local[0] if local else unquote(parts.path) if parts.scheme or said.startswith("/data/") else said
    return path.replace("\\", "/").removeprefix("/data/").lstrip("/")


class MediaFiles:
    """The files of a folder, to be found by what tasks say of them: the most exact claim that only one file meets."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_base: dict[str, list[str]] = {}
        self._loosely: dict[str, list[str]] = {}
        for name in names:
            base = _composed(name).rpartition("/")[2]
            self._by_base.setdefault(base, []).append(name)
            self._loosely.setdefault(_loose(base), []).append(name)

    def find(self, said: str) -> tuple[str | None, Sequence[str]]:
        """The file, or None and those among which it cannot be decided."""
        readings = dict.fromkeys((named_by(said), said.lstrip("/"), unquote(said).lstrip("/")))
        for reading in readings:
            path = _composed(reading)
            base = path.rpartition("/")[2]
            plain = _PREFIX.sub("", base, count=1)
            for found in (self._by_base.get(base), self._by_base.get(plain), self._loosely.get(_loose(plain))):
                if found:
                    best = _nearest(path, found)
                    return (best[0], ()) if len(best) == 1 else (None, best)
        return None, ()


def _composed(name: str) -> str:
    return normalize("NFC", name)


def _loose(base: str) -> str:
    return _ODD.sub("", base.strip().replace(" ", "_")).casefold()


def _nearest(path: str, names: Sequence[str]) -> list[str]:
    """Those that share most folders with a path, counted from the file's name upwards."""
    wanted = path.split("/")[-2::-1]

    def shared(name: str) -> int:
        folders = _composed(name).split("/")[-2::-1]
        return next(
            (at for at, pair in enumerate(zip(wanted, folders, strict=False)) if pair[0] != pair[1]),
            min(len(wanted), len(folders)),
        )

    best = max(map(shared, names))
    return [name for name in names if shared(name) == best]
