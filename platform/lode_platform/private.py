"""State is its account's alone: files are made for nobody else, and what other accounts can reach is said at start."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

OTHERS = 0o077


def keep_private() -> None:
    """From now on this process and those it starts make files and folders that no other account can open."""
    os.umask(OTHERS)


def exposed() -> Iterator[str]:
    """A sentence for each place of state that other accounts of this machine can open, with the remedy."""
    home = Path(settings.HOME)
    places = [home, Path(str(settings.STORE))]
    if connection.vendor == "sqlite":
        places.append(Path(str(connection.settings_dict["NAME"])))
    home_is_closed = not _mode(home) & OTHERS
    for place in places:
        if home_is_closed and home in place.parents:
            continue
        if _mode(place) & OTHERS:
            yield f"Other accounts of this machine can open {place} (mode {_mode(place):o}): chmod -R go= '{place}'"


def _mode(place: Path) -> int:
    """The permission bits; 0 of what is not there yet."""
    return place.stat().st_mode & 0o777 if place.exists() else 0
