"""The lock file `motherlode.lock`: which version of each dataset training reads, by digest."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from motherlode import environment
from motherlode.errors import BadInput

__all__ = ["LOCK", "LOCK_FILE", "BadLock", "LockConflict", "Pin", "find_lock", "looked_at", "read_lock", "write_lock"]

LOCK_FILE = "motherlode.lock"
LOCK = "MOTHERLODE_LOCK"
"""The variable that names a lock file; processes that this one starts get the lock that this one read."""
REMEDY = "take it back from git, or remove it and run `lode pin` again"
CONFLICT_REMEDY = (
    "keep the lines of one side and remove the marks, or run `git checkout --ours motherlode.lock` (or --theirs),"
    " then `lode pin` the version that should count"
)
HEAD = "# Written by `lode pin`. Commit it: training reads exactly these versions, checked by digest.\n"
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(\s|$)", re.MULTILINE)
_DIGEST = re.compile(r"sha256(m[1-9][0-9]*)?:[0-9a-f]{64}\Z")
_INDEX = re.compile(r"sha256:[0-9a-f]{64}\Z")
_DIR = re.compile(r"[0-9a-f]{32}\.dir\Z")


class BadLock(BadInput):
    """A lock file that cannot be read; the message names the file and the place."""


class LockConflict(BadLock):
    """A lock file in the middle of a merge; the message names the line and says how to settle it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned version; `splits` holds the number of items of each split, `schema` the schema's revision.

    `alias` is the alias that was pinned, "" where a version was: `lode pin --update` follows it, and nothing else does.

    `digest` is `sha256m1:<64 hex>` of a version's content, and `index` the sha-256 of the list of its files (see
    `docs/format.md`). A version published before that form has the digest `sha256:<64 hex>`, which is that of its
    manifest, no index, and the name of DVC's tree as `dir`.
    """

    server: str
    project: str
    dataset: str
    version: int
    digest: str
    dir: str
    commit: str
    schema: int
    splits: Mapping[str, int] = field(default_factory=dict)
    index: str = ""
    alias: str = ""

    @property
    def by_content(self) -> bool:
        """Whether the digest is that of the content (format 1 and later), and not of a manifest's bytes."""
        return not self.digest.startswith("sha256:")

    @property
    def key(self) -> str:
        """The digest's 64 hexadecimal digits, which name files."""
        return self.digest.rpartition(":")[2]

    @property
    def short_digest(self) -> str:
        """What trackers get that keep at most 36 characters: DVC's `<md5>.dir`, or the digest's first 32 digits."""
        return self.key[:32] if self.by_content else self.dir

    @property
    def name(self) -> str:
        """The version's name, `dataset@v3`."""
        return f"{self.dataset}@v{self.version}"


def find_lock(start: Path | None = None) -> Path | None:
    """The lock file meant, None where there is none.

    It is what MOTHERLODE_LOCK names, be it there or not; else that of the folder `start` (default: the working folder)
    or of the nearest one above it; else that of the folder of the running script, or of the root of its repository.
    """
    if named := environment.inherited(LOCK):
        return Path(named)
    folder = (start or Path.cwd()).resolve()
    candidates = [folder, *folder.parents, *_of_script()]
    return next((place / LOCK_FILE for place in candidates if (place / LOCK_FILE).is_file()), None)


def looked_at() -> str:
    """Where `find_lock` looks, in words."""
    script = "".join(f", then in {place}" for place in _of_script())
    return f"{LOCK} is not set; looked for {LOCK_FILE} in {Path.cwd()} and above{script}"


def _of_script() -> list[Path]:
    """The folder of the running script and the root of the git repository that it stands in.

    A tool of the Python environment, such as `lode` or pytest, is not a script of that project.
    """
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not script:
        return []
    place = Path(script).absolute()
    if any(place.is_relative_to(tools) for tools in (sys.prefix, sys.base_prefix, Path(__file__).parent)):
        return []
    folder = place.resolve().parent
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    return [folder] if root == folder else [folder, root]


def read_lock(path: Path) -> dict[str, Pin]:
    """The pins of a lock file, by the name of their table. Raises `BadLock`; a file that is not there has none."""
    import tomllib  # only who has a lock waits for its import

    try:
        text = path.read_text(encoding="utf-8")
        if mark := _CONFLICT.search(text):
            line = text.count("\n", 0, mark.start()) + 1
            raise LockConflict(f"{path}: line {line}: an unfinished merge: {CONFLICT_REMEDY}")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadLock(f"{path}: not TOML ({error}); {REMEDY}") from None
    return {name: _pin(path, name, table) for name, table in tables.items()}


def _pin(path: Path, name: str, table: Any) -> Pin:
    if not isinstance(table, dict):
        raise BadLock(f"{path}: {name} is not a table; {REMEDY}")
    try:
        pin = Pin(
            server=str(table["server"]),
            project=str(table["project"]),
            dataset=str(table["dataset"]),
            version=int(table["version"]),
            digest=str(table["digest"]),
            dir=str(table.get("dir", "")),
            commit=str(table["commit"]),
            schema=int(table["schema"]),
            splits={str(split): int(items) for split, items in table.get("splits", {}).items()},
            index=str(table.get("index", "")),
            alias=str(table.get("alias", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BadLock(f"{path}: [{name}] {what}; {REMEDY}") from None
    if wrong := _wrong(pin):
        raise BadLock(f"{path}: [{name}] {wrong}; {REMEDY}")
    return pin


def _wrong(pin: Pin) -> str:
    """What of a pin cannot be, "" where nothing is wrong."""
    if not _DIGEST.match(pin.digest):
        return f"digest is {pin.digest!r}, not sha256m1:<64 hex> (or sha256:<64 hex> of an earlier version)"
    if pin.by_content and not _INDEX.match(pin.index):
        return f"index is {pin.index!r}, not sha256:<64 hex>" if pin.index else "lacks 'index'"
    if not pin.by_content and not _DIR.match(pin.dir):
        return f"dir is {pin.dir!r}, not <32 hex>.dir" if pin.dir else "lacks 'dir'"
    return ""


def write_lock(path: Path, pins: Mapping[str, Pin]) -> None:
    """Write the pins, tables sorted by name; the file appears by one rename."""
    import tomli_w  # only who pins waits for its import

    text = f"{HEAD}\n{tomli_w.dumps({name: _table(pins[name]) for name in sorted(pins)})}"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _table(pin: Pin) -> dict[str, Any]:
    """A pin's table; what its form does not have is left out."""
    row = asdict(pin)
    del row["dir" if pin.by_content else "index"]
    if not pin.alias:
        del row["alias"]
    return row
