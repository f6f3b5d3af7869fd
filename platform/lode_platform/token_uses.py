"""When each token was last used: noted in memory by the request, written now and then by a thread of its own.

A request that only reads so writes nothing and waits for no writer. A process that is killed forgets the uses of its
last `EVERY` seconds.
"""

import logging
import threading
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import Q

from lode_platform.models import ApiToken

EVERY = 20.0
"""Seconds between two writings."""

_noted: dict[int, datetime] = {}
_lock = threading.Lock()
_log = logging.getLogger(__name__)


def note(token: int, when: datetime) -> None:
    """A token (primary key) was used."""
    with _lock:
        _noted[token] = when


def write() -> int:
    """Write what was noted since the last time, and say how many; a later use that another process wrote stays."""
    with _lock:
        noted = dict(_noted)
        _noted.clear()
    for token, when in noted.items():
        earlier = Q(last_used_at=None) | Q(last_used_at__lt=when)
        ApiToken.objects.filter(earlier, pk=token).update(last_used_at=when)
    return len(noted)


def keep_writing() -> None:
    """Start the thread, in a process that serves."""
    threading.Thread(target=_write_for_ever, name="token uses", daemon=True).start()


def write_noted() -> None:
    """As ``write``, with a connection of its own; a database that is away costs what was noted."""
    if not _noted:
        return
    try:
        write()
    except DatabaseError:
        _log.warning("When tokens were last used could not be written this time.", exc_info=True)
    finally:
        connection.close()


def _write_for_ever() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        write_noted()
