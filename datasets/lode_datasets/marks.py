"""What the rooms above say of a version: the runs that used it, told through a registry that they fill.

This room must not import theirs, so each registers a source in its ``AppConfig.ready()``. The dataset page draws the
marks as dots beside the version, and nothing that a mark needs is deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lode_datasets.models import Version
from lode_platform.models import User

__all__ = ["Mark", "Source", "marks_of", "version_marks"]


@dataclass(frozen=True)
class Mark:
    """Something that used a version; ``state`` is a run's (running, finished, failed)."""

    when: datetime
    title: str
    url: str
    state: str = ""
    note: str = ""


Source = Callable[[Sequence[Version], User], Mapping[int, Sequence[Mark]]]
_sources: list[Source] = []


def version_marks(source: Source) -> None:
    """Adds a source of marks, keyed by the version's primary key: one query for all versions of a page."""
    if source not in _sources:
        _sources.append(source)


def marks_of(versions: Sequence[Version], user: User) -> dict[int, list[Mark]]:
    """The marks of each version, oldest first."""
    found: dict[int, list[Mark]] = {version.pk: [] for version in versions}
    for source in _sources:
        for key, marks in source(versions, user).items():
            found[key].extend(marks)
    for marks in found.values():
        marks.sort(key=lambda mark: mark.when)
    return found
