"""Who used a version: the runs that the rooms above tell through a registry that they fill.

This room must not import theirs, so each registers a source in its ``AppConfig.ready()``. The dataset page shows
them beside the version, and no version that is in use is deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lode_datasets.models import Version
from lode_platform.models import User

__all__ = ["VersionUser", "Source", "users_of", "version_users"]


@dataclass(frozen=True)
class VersionUser:
    """Something that used a version; ``state`` is a run's (running, finished, failed)."""

    when: datetime
    title: str
    url: str
    state: str = ""
    note: str = ""


Source = Callable[[Sequence[Version], User], Mapping[int, Sequence[VersionUser]]]
_sources: list[Source] = []


def version_users(source: Source) -> None:
    """Adds a source of users, keyed by the version's primary key: one query for all versions of a page."""
    if source not in _sources:
        _sources.append(source)


def users_of(versions: Sequence[Version], user: User) -> dict[int, list[VersionUser]]:
    """The users of each version, oldest first."""
    found: dict[int, list[VersionUser]] = {version.pk: [] for version in versions}
    for source in _sources:
        for key, users in source(versions, user).items():
            found[key].extend(users)
    for users in found.values():
        users.sort(key=lambda used: used.when)
    return found
