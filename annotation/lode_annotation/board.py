"""Queues as their board shows them: how far, who is at work, how fast, until when. As many statements for fifty queues
as for one, and no counter is kept: counts are entries of indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from lode_annotation.models import Lease, Queue, Task
from lode_annotation.queues import tasks_by_state
from lode_annotation.review import Waiting, waiting
from lode_platform.models import User

DAYS = 7
PARTS = (Task.State.DONE, Task.State.SUBMITTED, Task.State.SKIPPED, Task.State.OPEN)
FAR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class AtWork:
    """Somebody who holds tasks of a queue, and since when the first of them."""

    user: User
    since: datetime


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A queue of the board. ``days``: tasks finished (done or skipped) on each of the last seven days, today last."""

    queue: Queue
    counts: dict[str, int]
    waiting: int
    people: Sequence[AtWork]
    days: Sequence[tuple[date, int]]
    now: datetime

    @property
    def total(self) -> int:
        """All its tasks."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """Those that are done or skipped."""
        return self.counts[Task.State.DONE] + self.counts[Task.State.SKIPPED]

    @property
    def backlog(self) -> int:
        """What is left to do: open tasks, and those that wait for review."""
        return self.total - self.finished

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest lease that holds is held."""
        return self.people[0].since if self.people else None

    @property
    def today(self) -> int:
        """Tasks finished today."""
        return self.days[-1][1]

    @property
    def week(self) -> int:
        """Tasks finished in the last seven days, today among them."""
        return sum(count for _day, count in self.days)

    @property
    def most(self) -> int:
        """The most that were finished on one of the days, at least 1: the height of the sparkline."""
        return max(1, *(count for _day, count in self.days))

    @property
    def bars(self) -> list[dict[str, Any]]:
        """The sparkline: a bar a day in a field of 56 by 20."""
        heights = [max(1, round(18 * count / self.most)) for _day, count in self.days]
        return [
            {"x": 8 * at + 1, "y": 20 - height, "height": height, "day": day, "count": count}
            for at, (height, (day, count)) in enumerate(zip(heights, self.days, strict=True))
        ]

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The bar of all tasks: each state's part of a hundred, as text, for a locale writes no comma into an SVG."""
        found: list[dict[str, Any]] = []
        before = 0.0
        for state in PARTS:
            width = 100 * self.counts[state] / max(1, self.total)
            part = {"state": state.value, "title": state.label, "count": self.counts[state]}
            found.append({**part, "x": f"{before:.2f}", "width": f"{width:.2f}"})
            before += width
        return found

    @property
    def end(self) -> datetime | None:
        """When the backlog is worked off at the pace of the last seven days, or of the queue's life where it is
        shorter; None without backlog, without a pace, or beyond ten years."""
        if not self.backlog or not self.week or self.queue.state == Queue.State.CLOSED:
            return None
        first = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        began = max(first - timedelta(days=DAYS - 1), self.queue.created_at)
        worked = max(self.now - began, timedelta(hours=1))
        left = self.backlog / self.week * worked
        return self.now + left if left < FAR else None


def board_rows(queues: Sequence[Queue], user: User) -> list[BoardRow]:
    """Each queue as the board shows it to ``user``: five statements, however many queues."""
    keys, now = [queue.pk for queue in queues], timezone.now()
    counts, people, days = tasks_by_state(queues), _at_work(keys, now), _finished(keys, now)
    to_review = waiting(user, keys)
    today = timezone.localdate(now)
    week = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    return [
        BoardRow(
            queue,
            counts[queue.pk],
            to_review.get(queue.pk, Waiting()).count,
            people.get(queue.pk, []),
            [(day, days.get((queue.pk, day), 0)) for day in week],
            now,
        )
        for queue in queues
    ]


def _at_work(keys: Sequence[int], now: datetime) -> dict[int, list[AtWork]]:
    """Who holds tasks of each queue, the longest first: as many rows as people at work."""
    held = Lease.objects.filter(queue__in=keys, closed=False, user__isnull=False, until__gt=now)
    rows = list(held.order_by().values_list("queue", "user").annotate(first=Min("since")).order_by("first", "user"))
    users = User.objects.in_bulk({user for _queue, user, _first in rows})
    found: dict[int, list[AtWork]] = {}
    for queue, user, first in rows:
        found.setdefault(queue, []).append(AtWork(users[user], first or now))
    return found


def _finished(keys: Sequence[int], now: datetime) -> dict[tuple[int, date], int]:
    """How many tasks of each queue were finished on each of the last days."""
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    rows = Task.objects.filter(queue__in=keys, finished_at__gte=start).order_by()
    by_day = rows.annotate(day=TruncDate("finished_at")).values_list("queue", "day").annotate(n=Count("pk"))
    return {(queue, day): n for queue, day, n in by_day}
