"""Whether what a lock pins is here, is what was published, and still stands: `lode check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from motherlode import yanking
from motherlode.cache import Cache
from motherlode.errors import Mismatch, MotherlodeError, NotConfigured, NotFound, NotVerified
from motherlode.lock import LOCK_FILE, Pin
from motherlode.snapshots import Snapshot
from motherlode.versions import Name, client_for, locked_pins, same_as_pinned, version_row
from motherlode.yanking import Yank

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["Checked", "check"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one pin.

    `items` are those of the split, or all; `missing` files are not on this machine, and what is `wrong` is not what was
    published. `newer` is the version that the pin's alias, or `latest`, names where that is another one; None also
    where no server was asked.
    """

    table: str
    pin: Pin
    items: int
    missing: int
    wrong: tuple[Mismatch, ...]
    yanked: Yank | None
    newer: int | None

    @property
    def is_verified(self) -> bool:
        """Whether all is here and is what was published."""
        return not self.missing and not self.wrong


class _NotHere(MotherlodeError):
    """A file would have to be fetched."""


def check(
    *,
    lock: Path | None = None,
    split: str | None = None,
    frozen: bool = False,
    cache: Cache | None = None,
    client: Callable[[Pin], Client] | None = None,
) -> list[Checked]:
    """Look at each pin of the lock: nothing is fetched and nothing is changed.

    What was hashed before and has not changed since is not hashed again. `frozen` asks no server: whether a version was
    yanked is then what this machine heard last. `client` gives the client for a pin. Raises `NotConfigured` where
    nothing is pinned, `BadLock`, `NotVerified` where a server has another version under a pinned name, `Unreachable`.
    """
    pins = locked_pins(lock)
    if not pins:
        raise NotConfigured(f"no {LOCK_FILE} pins anything here: run `lode pin DATASET@v1`")
    kept = cache or Cache()
    return [_check(table, pin, split, kept, None if frozen else client or client_for) for table, pin in pins.items()]


def _check(table: str, pin: Pin, split: str | None, cache: Cache, client: Callable[[Pin], Client] | None) -> Checked:
    newer, yanked = None, yanking.heard(pin, cache)
    if client is not None:
        yanked, newer = _asked(pin, cache, client(pin))
    items, missing, wrong = _here(pin, split, cache)
    return Checked(table, pin, items, missing, tuple(wrong), yanked, newer)


def _asked(pin: Pin, cache: Cache, client: Client) -> tuple[Yank | None, int | None]:
    """Why the server says that the version was taken back, and which one it has instead of it, if any."""
    row = version_row(client, Name(pin.dataset, f"v{pin.version}", pin.project))
    same_as_pinned(pin, client, row)
    yanked, now = yanking.hear(pin, cache, row), pin.version
    with suppress(NotFound):  # there is no version that counts
        now = int(version_row(client, Name(pin.dataset, pin.alias or "latest", pin.project))["version"])
    return yanked, now if now != pin.version else None


def _here(pin: Pin, split: str | None, cache: Cache) -> tuple[int, int, Iterable[Mismatch]]:
    """How many items there are, how many files this machine lacks, and what of those that it has is wrong."""

    def refuse() -> NoReturn:
        raise _NotHere

    snapshot = Snapshot(pin, cache, refuse)
    try:
        rows = snapshot.item_rows(split)
    except _NotHere:
        items = sum(pin.splits.values()) if split is None else pin.splits.get(split, 0)
        return items, max(items, 1), ()
    except NotVerified as error:
        return 0, 0, error.mismatches
    missing, wrong = snapshot.check(split)
    return len(rows), len(missing), wrong
