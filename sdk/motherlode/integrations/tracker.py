"""What a tracker of experiments is to us."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from motherlode.lock import Pin

Use: TypeAlias = tuple[Pin, str | None, str]
"""A version that a run uses: its pin, the split (None: all of it) and the purpose."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run of another tracker: the tracker's name, the run's id and its page ("" where it has none)."""

    name: str
    run_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker: its name (at most 16 letters) and its name for people, and what we ask of it.

    `active_run` says which of its runs is active in this process, None if there is none; it must be cheap, and import
    nothing. `link(url, uses)` gives that run our run's address and the versions it uses; `log_artifact` gives it a
    file. Both may raise anything: it is logged.
    """

    name: str
    title: str
    active_run: Callable[[], TrackedRun | None]
    link: Callable[[str, Iterable[Use]], None]
    log_artifact: Callable[[Path], None]
