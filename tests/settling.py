"""Waiting for the clocks of files: what was written a moment ago is not yet known by its state."""

from pathlib import Path

from motherlode.files import let_clocks_move, state_at


def settle(folder: Path) -> None:
    """Wait until all that lies below is known by its state: until a change of it would show."""
    let_clocks_move(state for path in folder.rglob("*") if (state := state_at(str(path))))
