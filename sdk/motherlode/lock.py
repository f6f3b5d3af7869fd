"""The lock file `motherlode.lock`: which version of each dataset training reads, by digest."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from motherlode import environment
from motherlode.errors import BadInput

__all__ = ["LOCK", "LOCK_FILE", "BadLock", "Pin", "find_lock", "looked_at", "read_lock", "write_lock"]

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
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_DIR = re.compile(r"[0-9a-f]{32}\.dir\Z")


class BadLock(BadInput):
    """A lock file that cannot be read; the message names the file and the place."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned version; `splits` holds the number of items of each split, `schema` the schema's revision."""

    server: str
    project: str
    dataset: str
    version: int
    digest: str
    dir: str
    commit: str
    schema: int
    splits: Mapping[str, int] = field(default_factory=dict)

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
    try:
        text = path.read_text(encoding="utf-8")
        if mark := _CONFLICT.search(text):
            line = text.count("\n", 0, mark.start()) + 1
            raise BadLock(f"{path}: line {line}: an unfinished merge: {CONFLICT_REMEDY}")
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
            dir=str(table["dir"]),
            commit=str(table["commit"]),
            schema=int(table["schema"]),
            splits={str(split): int(items) for split, items in table.get("splits", {}).items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BadLock(f"{path}: [{name}] {what}; {REMEDY}") from None
    if not _DIGEST.match(pin.digest) or not _DIR.match(pin.dir):
        raise BadLock(f"{path}: [{name}] the digest is not sha256:<64 hex> or dir not <32 hex>.dir; {REMEDY}")
    return pin


def write_lock(path: Path, pins: Mapping[str, Pin]) -> None:
    """Write the pins, tables sorted by name; the file appears by one rename."""
    text = f"{HEAD}\n{tomli_w.dumps({name: asdict(pins[name]) for name in sorted(pins)})}"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
