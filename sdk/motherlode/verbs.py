"""The few verbs about versions that training code needs: load, pull, verify. (`run` stands with `Run`.)"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode import yanking
from motherlode.cache import Cache
from motherlode.errors import Mismatch
from motherlode.lock import Pin
from motherlode.samples import Samples
from motherlode.snapshots import Snapshot
from motherlode.versions import resolve

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["load", "pull", "snapshot", "verify"]


def load(
    name: str,
    split: str | None = None,
    *,
    client: Client | None = None,
    cache: Cache | None = None,
    lock: str | os.PathLike[str] | None = None,
) -> Samples:
    """The samples of a version's split, verified: `load("cells@v1", split="train")`.

    `load("cells")` reads the version that `motherlode.lock` pins, by digest, and asks no server once it is cached.
    `split="pool"` gives the items nobody has labelled yet; None gives all. Every file is what was published, or
    `NotVerified` names those that are not. A version that was yanked is given, with a warning that says why.
    """
    found = snapshot(name, client=client, cache=cache, lock=lock)
    samples = Samples(found, split)
    yanking.warn_of(found)
    return samples


def snapshot(
    name: str | Pin,
    *,
    client: Client | None = None,
    cache: Cache | None = None,
    lock: str | os.PathLike[str] | None = None,
) -> Snapshot:
    """A version whose manifest is right; nothing else is fetched yet."""
    kept = cache or Cache()

    def hear(pin: Pin, row: Mapping[str, Any]) -> None:
        yanking.hear(pin, kept, row)

    pin = name if isinstance(name, Pin) else resolve(name, client, Path(lock) if lock else None, hear)
    return Snapshot(pin, kept, None if client is None else lambda: client)


def pull(
    name: str,
    split: str | None = None,
    *,
    repair: bool = False,
    client: Client | None = None,
    cache: Cache | None = None,
    lock: str | os.PathLike[str] | None = None,
) -> Path:
    """Fetch a version's items (of one split, or all) and give the folder they lie in, verified, read only.

    `repair` fetches again what was changed on this machine.
    """
    found = snapshot(name, client=client, cache=cache, lock=lock)
    tree = found.fetch(split, repair=repair)
    yanking.warn_of(found)
    return tree


def verify(
    name: str,
    split: str | None = None,
    *,
    client: Client | None = None,
    cache: Cache | None = None,
    lock: str | os.PathLike[str] | None = None,
) -> list[Mismatch]:
    """Hash again what the cache holds of a version; gives the files that are not what was published."""
    return snapshot(name, client=client, cache=cache, lock=lock).verify(split)
