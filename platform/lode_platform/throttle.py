"""How often somebody may be wrong: at the login page, counted in the database for all web machines; with a token.

Only what is refused is counted, so who comes with the right password or token pays nothing.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lode_platform.errors import TooMany
from lode_platform.models import LoginTry

WINDOW = timedelta(minutes=10)
PAIR, EITHER = 10, 100
"""Tries in a window: of one name from one address; of one name from anywhere, and of any names from one address."""
LINKS, MAILS = 20, 5
"""In a window: wrong links, and mails asked for, from one address; mails asked for to one mail address."""
TOKENS, TOKEN_SECONDS, REMEMBERED = 100, 60.0, 10_000
"""Wrong tokens of one address in so many seconds, in one process; of so many addresses."""


def address_of(request: HttpRequest) -> str:
    """Who asks, as far as it can be known: the address that the outermost of our own proxies saw.

    ``X-Forwarded-For`` is read only as far as ``MOTHERLODE_PROXIES`` says that proxies of ours wrote it: what stands
    before is the caller's word.
    """
    if settings.PROXIES:
        passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(passed) >= settings.PROXIES and passed[-settings.PROXIES]:
            return passed[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


# -- passwords ---------------------------------------------------------------------------------------------------------


def count_login(name: str, address: str) -> None:
    """Counts a try before its password is looked at. Raises ``TooMany``, which says when to come again."""
    _count({_key(name, address): PAIR, _key(name, ""): EITHER, _key("", address): EITHER}, "attempts to log in")


def count_wrong_link(address: str) -> None:
    """Counts a form that came with a link which is none, or no longer one. Raises ``TooMany``."""
    _count({_key("\nlink", address): LINKS}, "attempts with a link that is over")


def count_forgotten(mail: str, address: str) -> None:
    """Counts that a mail with a link is asked for, before it is looked whether there is such an account.

    Raises ``TooMany``.
    """
    _count({_key(f"\nmail\n{mail}", ""): MAILS, _key("\nforgotten", address): LINKS}, "mails asked for")


def _count(most: Mapping[str, int], what: str) -> None:
    """One more of each key in the window. Raises ``TooMany`` where one has come more often than its most."""
    now = timezone.now()
    with transaction.atomic():
        LoginTry.objects.filter(since__lte=now - WINDOW).delete()
        for key in sorted(most):
            if not LoginTry.objects.filter(key=key).update(count=F("count") + 1):
                LoginTry.objects.bulk_create([LoginTry(key=key, count=1, since=now)], ignore_conflicts=True)
        rows = list(LoginTry.objects.filter(key__in=most))
    waits = [row.since + WINDOW - now for row in rows if row.count > most[row.key]]
    if waits:
        minutes = ceil(max(waits) / timedelta(minutes=1))
        raise TooMany(
            f"Too many {what}. Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
            ceil(max(waits).total_seconds()),
        )


def forgive_login(name: str, address: str) -> None:
    """Takes back what ``count_login`` counted, since the password was right."""
    LoginTry.objects.filter(key=_key(name, address)).delete()
    rows = LoginTry.objects.filter(key__in=[_key(name, ""), _key("", address)], count__gt=0)
    rows.update(count=F("count") - 1)


def _key(name: str, address: str) -> str:
    """What a count is kept under: neither names nor addresses lie about."""
    return salted_hmac("lode_platform.throttle", f"{name.casefold()}\n{address}", algorithm="sha256").hexdigest()


# -- tokens ------------------------------------------------------------------------------------------------------------


class Wrong:
    """Counts of what was wrong recently, by address, in memory: the addresses heard of last, within a bound."""

    def __init__(self, most: int, seconds: float, remembered: int) -> None:
        self._most, self._seconds, self._remembered = most, seconds, remembered
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, address: str) -> int | None:
        """One more from ``address``; the seconds to wait where that is too many."""
        now = time.monotonic()
        with self._lock:
            count, since = self._counts.pop(address, (0, now))
            if now - since >= self._seconds:
                count, since = 0, now
            self._counts[address] = (count + 1, since)
            while len(self._counts) > self._remembered:
                self._counts.popitem(last=False)
        return ceil(since + self._seconds - now) if count >= self._most else None


wrong_tokens = Wrong(TOKENS, TOKEN_SECONDS, REMEMBERED)


def count_wrong_token(request: HttpRequest) -> None:
    """A token was refused. Raises ``TooMany`` where that address has sent too many recently."""
    seconds = wrong_tokens.count(address_of(request))
    if seconds is not None:
        raise TooMany(f"Too many requests with a wrong token; come again in {seconds} s with another.", seconds)
