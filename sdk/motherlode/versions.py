"""Names of versions, and the pins that they mean.

`resolve` turns a name (`cells@v3`, or `cells` with a lock) into a `Pin`; `motherlode.snapshots` has what it pins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from motherlode import environment
from motherlode.errors import BadInput, NotConfigured, NotVerified
from motherlode.lock import LOCK, LOCK_FILE, Pin, find_lock, looked_at, read_lock

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = [
    "Name",
    "alias_in",
    "client_for",
    "dataset_path",
    "locked_pins",
    "parse_name",
    "pin_of",
    "resolve",
    "same_as_pinned",
    "version_path",
    "version_row",
]

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


def alias_in(name: Name) -> str:
    """The alias that a name says, "" for a number, latest, or nothing."""
    return "" if name.version in ("", "latest") or re.fullmatch(r"v\d+", name.version) else name.version


def client_for(meant: Name | Pin) -> Client:
    """This process's client for the server of a pin, or for the one that is set where a name is meant."""
    from motherlode.client import Client  # only who asks a server waits for its import

    return Client.shared(meant.server if isinstance(meant, Pin) else None, meant.project or None)


def dataset_path(client: Client, name: Name) -> str:
    """`projects/<p>/datasets/<d>`, to begin a path with."""
    return f"{client.project_path(name.project or None)}/datasets/{quote(name.dataset, safe='')}"


def version_path(client: Client, name: Name) -> str:
    """`projects/<p>/datasets/<d>/versions/<v>`, to begin a path with; "" means the latest."""
    which = name.version or "latest"
    which = which[1:] if re.fullmatch(r"v\d+", which) else quote(which, safe="")
    return f"{dataset_path(client, name)}/versions/{which}"


def version_row(client: Client, name: Name) -> dict[str, Any]:
    """The version as the server describes it; "" means the latest. Raises `NotFound`."""
    row: dict[str, Any] = client.get(version_path(client, name))
    return row


def pin_of(client: Client, row: Mapping[str, Any]) -> Pin:
    """The pin of a version that the server described."""
    return Pin(
        server=client.url,
        project=str(row["project"]),
        dataset=str(row["dataset"]),
        version=int(row["version"]),
        digest=str(row["digest"]),
        dir="" if row.get("format") else str(row["dir"]),
        commit=str(row["commit"]),
        schema=int(row["schema"]),
        splits={str(split): int(items) for split, items in (row.get("splits") or {}).items()},
        index=str(row.get("index") or ""),
    )


def locked_pins(lock: Path | None = None) -> dict[str, Pin]:
    """The pins of the lock file given, or of the one that `find_lock` finds, which child processes will find too."""
    path = lock or find_lock()
    if path is None:
        return {}
    if path.is_file():
        environment.pass_on(LOCK, str(path.resolve()))
    return read_lock(path)


def resolve(
    text: str,
    client: Client | None = None,
    lock: Path | None = None,
    hear: Callable[[Pin, Mapping[str, Any]], object] = lambda pin, row: None,
) -> Pin:
    """The pin that a name means; `hear` is told it with the server's row, where the server was asked.

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
    if client is None:
        client = client_for(name)
    row = version_row(client, name)
    found = pin_of(client, row)
    hear(found, row)
    if pin is not None and pin.server == found.server:
        _same(pin, found)
    return found


def same_as_pinned(pin: Pin, client: Client, row: Mapping[str, Any]) -> None:
    """Raises `NotVerified` unless the server's version is the one that was pinned, by both digests."""
    _same(pin, pin_of(client, row))


def _same(pin: Pin, found: Pin) -> None:
    if (pin.digest, pin.index) != (found.digest, found.index):
        own, its = (found.digest, pin.digest) if found.digest != pin.digest else (found.index, pin.index)
        raise NotVerified(
            f"{found.name} is {own} on {found.server}, but {LOCK_FILE} pins it as {its}:"
            " a version never changes, so this is another server's data or a forged one"
        )


def _no_pin(lock: Path | None, dataset: str) -> str:
    if lock is None:
        return f"there is no lock file that pins {dataset!r} ({looked_at()})"
    if not lock.is_file():
        by = f" ({LOCK} names it)" if lock == find_lock() else ""
        return f"{lock} is not there{by}, so nothing pins {dataset!r}"
    return f"{lock} pins no {dataset!r}"
