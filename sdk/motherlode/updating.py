"""What a lock would pin by now, the newest versions or what the pinned aliases name, and what differs in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode import differences, yanking
from motherlode.cache import Cache
from motherlode.errors import BadInput, NotConfigured
from motherlode.lock import LOCK_FILE, Pin, find_lock, read_lock, write_lock
from motherlode.versions import Name, client_for, dataset_path, pin_of, same_as_pinned, version_path, version_row
from motherlode.yanking import Yank

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["Update", "in_words", "plan", "tell", "update_pins"]


@dataclass(frozen=True, slots=True)
class Update:
    """What becomes of the pin `table`: `changes` is the server's summary of the difference, empty where there is none.

    `yanked` says why the version that is pinned was taken back, if it was.
    """

    table: str
    before: Pin
    after: Pin
    changes: Mapping[str, Any]
    yanked: Yank | None

    @property
    def moves(self) -> bool:
        """Whether another version is pinned than before."""
        return self.after != self.before


def update_pins(
    name: str = "",
    *,
    lock: Path | None = None,
    dry_run: bool = False,
    client: Callable[[Pin], Client] | None = None,
    cache: Cache | None = None,
) -> list[Update]:
    """Pin what the pinned aliases name now, or the newest versions: of the pin `name`, or of all. Gives what changed.

    All are written at once, or none; with `dry_run` nothing is. Raises `NotConfigured` where nothing is pinned,
    `BadInput` for a name that is not, `NotVerified` where a server has another version under a pinned name.
    """
    path = lock or find_lock() or Path.cwd() / LOCK_FILE
    connect = client or client_for
    found = plan(path, name, connect, cache or Cache())
    if not dry_run and any(one.moves for one in found):
        write_lock(path, {**read_lock(path), **{one.table: one.after for one in found}})
        for one in found:
            if one.moves:
                tell(connect(one.after), one.after)
    return found


def plan(path: Path, name: str, client: Callable[[Pin], Client], cache: Cache) -> list[Update]:
    """What would be pinned; nothing is written."""
    pins = read_lock(path)
    if not pins:
        raise NotConfigured(f"{path} pins nothing: run `lode pin DATASET@v1`")
    if "@" in name:
        raise BadInput(f"--update takes the name of a pin: {', '.join(pins)}; `lode pin {name}` pins that version")
    meant = {table: pin for table, pin in pins.items() if name in ("", table)}
    meant = meant or {
        table: pin for table, pin in pins.items() if name in (pin.dataset, f"{pin.project}/{pin.dataset}")
    }
    if not meant:
        raise BadInput(f"{path} pins no {name!r}; it pins {', '.join(pins)}")
    return [_update(table, pin, client(pin), cache) for table, pin in meant.items()]


def _update(table: str, pin: Pin, client: Client, cache: Cache) -> Update:
    dataset = Name(pin.dataset, "", pin.project)
    row = version_row(client, replace(dataset, version=f"v{pin.version}"))
    same_as_pinned(pin, client, row)
    yanked = yanking.hear(pin, cache, row)
    row = version_row(client, replace(dataset, version=pin.alias or "latest"))
    if int(row["version"]) == pin.version:
        return Update(table, pin, pin, {}, yanked)
    after = replace(pin_of(client, row), alias=pin.alias)
    yanking.hear(after, cache, row)
    changes = client.get(f"{dataset_path(client, dataset)}/diff/{pin.version}/{after.version}", limit=1)
    return Update(table, pin, after, {key: changes[key] for key in changes if key not in ("results", "next")}, yanked)


def tell(client: Client, pin: Pin) -> None:
    """Tell the server that this person's training reads the version."""
    client.post(f"{version_path(client, Name(pin.dataset, f'v{pin.version}', pin.project))}/pins", repeatable=True)


def in_words(one: Update) -> list[str]:
    """What differs between the version that is pinned and the one that would be, a line each."""
    before, after = one.before, one.after
    lines = differences.in_words(one.changes)
    if before.splits != after.splits:
        names = [*before.splits, *(split for split in after.splits if split not in before.splits)]
        sizes = [(split, before.splits.get(split, 0), after.splits.get(split, 0)) for split in names]
        lines.append("sizes: " + ", ".join(f"{split} {was:,} -> {now:,}" for split, was, now in sizes if was != now))
    return lines or ["nothing that training reads differs"]
