"""Versions that were taken back: yanking them, and what this machine has heard of it.

A yanked version stays whole for those who pinned it. Whenever a version's server is asked, what it says is kept in the
cache, so that programs that ask no server warn, too.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode.cache import Cache
from motherlode.errors import BadInput, MotherlodeError
from motherlode.lock import Pin
from motherlode.versions import Name, client_for, parse_name, version_path

if TYPE_CHECKING:
    from motherlode.client import Client
    from motherlode.snapshots import Snapshot

__all__ = ["Yank", "ask", "hear", "heard", "unyank", "warn", "warn_of", "yank"]


@dataclass(frozen=True, slots=True)
class Yank:
    """Why a version was taken back, by whom and when (ISO 8601)."""

    reason: str
    by: str
    at: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.by}, {self.at[:10]})"


def yank(name: str, reason: str, *, client: Client | None = None) -> list[str]:
    """Take a version back: `yank("cells@v3", "half of val is mislabelled")`.

    `latest` passes over it, and those who pinned it are warned; its bytes stay. Gives who still needs it, a line each.
    Raises `BadInput` for a name without a version or no reason, `NotFound`.
    """
    version = _version(name)
    if not reason.strip():
        raise BadInput(f"say why {name} is yanked: who pinned it reads the reason")
    asked = client or client_for(version)
    answer = asked.put(f"{version_path(asked, version)}/yank", {"reason": reason})
    return [str(line) for line in answer["needed_by"]]


def unyank(name: str, *, client: Client | None = None) -> None:
    """Let a yanked version count again. Raises `BadInput` for a name without a version, `NotFound`."""
    version = _version(name)
    asked = client or client_for(version)
    asked.request("DELETE", f"{version_path(asked, version)}/yank", repeatable=True)


def _version(name: str) -> Name:
    version = parse_name(name)
    if not version.version:
        raise BadInput(f"say which version: {name}@v3")
    return version


def ask(pin: Pin, cache: Cache, client: Client) -> Yank | None:
    """What the server says of a pinned version now; the cache keeps it. A server that is away is not waited for."""
    path = version_path(client, Name(pin.dataset, f"v{pin.version}", pin.project))
    return hear(pin, cache, client.request("GET", path, patience=0.0))


def hear(pin: Pin, cache: Cache, row: Mapping[str, Any]) -> Yank | None:
    """What a version's row says; the cache keeps it, where it can be written."""
    said = row.get("yanked")
    found = Yank(str(said["reason"]), str(said["by"]), str(said["at"])) if said else None
    if found != heard(pin, cache):
        path = _file(pin, cache)
        with suppress(OSError):
            if found is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(f".{os.getpid()}.part")
                part.write_text(json.dumps(asdict(found)), encoding="utf-8")
                part.replace(path)
    return found


def heard(pin: Pin, cache: Cache) -> Yank | None:
    """What this machine heard last, None where it heard of no yank."""
    try:
        return Yank(**json.loads(_file(pin, cache).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _file(pin: Pin, cache: Cache) -> Path:
    named = "\n".join((pin.server, pin.project, pin.name))
    return cache.root / "yanked" / f"{sha256(named.encode()).hexdigest()[:32]}.json"


def warn_of(snapshot: Snapshot, *, always: bool = False) -> None:
    """Warn where a version is yanked: as its server says, if that was asked for files just now, or `always`.

    Else, and where the server is away, what counts is what this machine heard last.
    """
    said = heard(snapshot.pin, snapshot.cache)
    if always or snapshot.remote.spoke:
        with suppress(MotherlodeError):
            said = ask(snapshot.pin, snapshot.cache, snapshot.client())
    warn(snapshot.pin, said)


def warn(pin: Pin, found: Yank | None) -> None:
    """Say that a version is yanked, by the logger `motherlode`."""
    if found is not None:
        said = "%s is yanked: %s. It can still be read; pin a version that counts"
        logging.getLogger("motherlode").warning(said, pin.name, found)
