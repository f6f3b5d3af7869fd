"""What is left behind and removed in time: views, temporary files, uploads that nobody unpacks, sessions, old trash.

``machine`` looks after the files of this machine, ``shared`` after what all machines share; ``serve`` and ``worker`` do
it once an hour, ``manage.py tidy`` at once. Each step stops after ``SECONDS``; what it has not come to is left to the
next time. Doing it twice at once does no harm.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from lode_platform import events, jobs, zips
from lode_platform.jobs import OPEN
from lode_platform.models import Item, Job, JobState
from lode_platform.store import store

EVERY = 3600.0
SECONDS = 60.0
TEMPORARY_SECONDS = 24 * 3600.0  # nothing is written for longer without a byte
PART_SECONDS = 3600.0
STAGED_FOR = timedelta(days=7)  # a failed job may be tried again for so long
ROWS = 500
log = logging.getLogger(__name__)

Release = Callable[[Item], None]
_releases: list[Release] = []
Step = Callable[[], Mapping[str, int]]
_hourly: list[Step] = []


def releases(function: Release) -> Release:
    """Registers what a room above does before an item leaves the trash for good: it gives up its own claim to it."""
    _releases.append(function)
    return function


def hourly(step: Step) -> Step:
    """Registers what a room above does once an hour, for all machines; it answers how many of each kind it did."""
    _hourly.append(step)
    return step


@dataclass(frozen=True)
class Kept:
    """A file or folder that can be made again: where it is, how large, when it was made (seconds)."""

    path: Path
    size: int
    made: float


def machine() -> dict[str, int]:
    """Tidies the files of this machine; how many of each kind went."""
    return {
        "views": _views(time.monotonic() + SECONDS),
        "temporary files": _older(Path(settings.HOME) / "tmp", TEMPORARY_SECONDS),
        "copies of what the store holds": _older(Path(settings.HOME) / "copies", TEMPORARY_SECONDS),
    }


def shared() -> dict[str, int]:
    """Tidies what all machines share; how many of each kind went."""
    until = time.monotonic() + SECONDS
    return {
        "parts of uploads": store().backend.tidy(TEMPORARY_SECONDS),
        "staged zips": _staged(),
        "unfinished imports": _unfinished(),
        "sessions": _sessions(until),
        "items from the trash": _trash(time.monotonic() + SECONDS),
        **{kind: count for step in _hourly for kind, count in step().items()},
    }


def keep(over: threading.Event, *steps: Step) -> None:
    """Does the steps now and once an hour, until ``over``; what fails is logged and tried again."""
    while True:
        for step in steps:
            try:
                step()
            except (DatabaseError, OSError) as error:
                log.warning("Tidying failed, and will be tried again: %s", error)
            finally:
                connection.close()
        if over.wait(EVERY):
            return


# -- files of this machine --------------------------------------------------------------------------------------------


def _views(until: float) -> int:
    """Removes unfinished views of killed processes, and the oldest views while there is more than the limit."""
    gone = 0
    found: list[Kept] = []
    for view in _kept(Path(settings.HOME) / "thumbs"):
        if not view.path.name.startswith("."):
            found.append(view)
        elif time.time() - view.made > PART_SECONDS:
            gone += _remove(view.path)
        if time.monotonic() > until:
            return gone
    total = sum(view.size for view in found)
    for view in sorted(found, key=lambda view: view.made):
        if total <= settings.MAX_VIEW_BYTES or time.monotonic() > until:
            break
        total -= view.size
        gone += _remove(view.path)
    return gone


def _kept(root: Path) -> Iterator[Kept]:
    """The views below the folders of ``root``; a mosaic is one."""
    for folder in _entries(root):
        for entry in _entries(Path(folder.path)):
            with suppress(FileNotFoundError):
                whole = entry.is_dir(follow_symlinks=False)
                tiles = _entries(Path(entry.path)) if whole else [entry]
                yield Kept(Path(entry.path), sum(tile.stat().st_size for tile in tiles), entry.stat().st_mtime)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _older(folder: Path, seconds: float) -> int:
    """Removes the files of a folder that nobody has written to for so long."""
    gone = 0
    for entry in _entries(folder):
        with suppress(FileNotFoundError):
            if time.time() - entry.stat().st_mtime > seconds:
                gone += _remove(Path(entry.path))
    return gone


def _remove(path: Path) -> int:
    if path.is_dir():
        gone = path.with_name(f".{uuid4().hex}")  # at once, so that nobody finds half of it
        with suppress(FileNotFoundError):
            path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return 1


# -- what all machines share ------------------------------------------------------------------------------------------


def _staged() -> int:
    """Removes zips that no job will unpack: those of jobs that ended a week ago, or of no job at all."""
    waiting = Q(state__in=OPEN) | Q(finished_at__gt=timezone.now() - STAGED_FOR)
    zipped = Job.objects.filter(waiting, verb=zips.VERB).values_list("arguments", flat=True)
    wanted = {str(arguments.get("parked")) for arguments in zipped}
    gone = 0
    for name, seconds in store().staged_names():
        if name not in wanted and seconds > TEMPORARY_SECONDS:
            store().unstage(name)
            gone += 1
    return gone


def _unfinished() -> int:
    """Cancels jobs whose sender has not come back for a day."""
    rows = Job.objects.filter(state=JobState.RECEIVING, lease_until__lt=timezone.now())
    old = list(rows[:ROWS])
    for row in old:
        jobs.cancel(row)
    return len(old)


def _sessions(until: float) -> int:
    """Removes sessions that have expired."""
    gone = 0
    while time.monotonic() < until:
        old = list(Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)[:ROWS])
        if not old:
            break
        gone += Session.objects.filter(pk__in=old).delete()[0]
    return gone


def _trash(until: float) -> int:
    """Removes items that have lain in the trash for longer than its term, but none that anything else speaks of: a
    version, somebody's answers, a mining round. Their bytes stay in the store until
    ``collecting``."""
    if not settings.TRASH_DAYS:
        return 0
    gone, last = 0, 0
    before = timezone.now() - timedelta(days=settings.TRASH_DAYS)
    while time.monotonic() < until:
        rows = Item.objects.filter(trashed_at__lt=before, pk__gt=last).select_related("project")
        old = list(rows.order_by("pk")[:ROWS])
        if not old:
            break
        last = old[-1].pk
        for item in old:
            gone += _remove_item(item)
    return gone


def _remove_item(item: Item) -> int:
    try:
        with transaction.atomic():
            for release in _releases:
                release(item)
            item.delete()
            events.record(item.project, None, "items.remove", None, path=item.path)
    except ProtectedError:
        return 0
    return 1
