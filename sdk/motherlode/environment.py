"""Environment variables that a process passes on to the processes it starts, and does not obey itself."""

from __future__ import annotations

import os

__all__ = ["inherited", "pass_on", "withdraw"]

_passed: dict[str, tuple[int, str, str | None]] = {}
"""By variable: the process that set it, to what, and what it inherited."""


def inherited(name: str) -> str:
    """The variable as this process was started with it, or as somebody else set it since; "" where there is none."""
    found = os.environ.get(name, "")
    process, value, before = _passed.get(name, (0, "", None))
    if process == os.getpid() and found == value:
        return before or ""
    return found


def pass_on(name: str, value: str) -> None:
    """Set a variable for the processes that this one starts from now on."""
    before = inherited(name) or None
    os.environ[name] = value
    _passed[name] = (os.getpid(), value, before)


def withdraw(name: str, value: str) -> None:
    """Take back what was passed on, where it still stands."""
    process, passed, before = _passed.get(name, (0, "", None))
    if process != os.getpid() or passed != value or os.environ.get(name) != value:
        return
    del _passed[name]
    if before is None:
        del os.environ[name]
    else:
        os.environ[name] = before
