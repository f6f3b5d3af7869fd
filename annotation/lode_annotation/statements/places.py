"""Places at tasks: claimed, closed, held, and made where a queue is filled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from lode_annotation import models as annotation
from lode_annotation.statements.tables import ANNOTATION, LEASE, TASK, Key
from lode_platform import models as platform
from lode_platform import sql

FREE = "(l.until IS NULL OR l.until <= %(now)s)"
NEAR = 64
"""How many free places of each kind a person is offered before the untouched tasks: more than people take at once."""


def _place(is_open: bool) -> str:
    """The person's one place at a task: theirs already, else one that nobody holds.

    A queue that is not open gives no new place; work that the person has begun may still be ended.
    """
    free = f"NOT l.closed AND {FREE}"
    if not is_open:
        free += (
            f" AND EXISTS (SELECT 1 FROM {ANNOTATION} a WHERE a.task_id = l.task_id AND a.user_id = %(user)s"
            " AND a.lost_at IS NULL)"
        )
    return (
        f"SELECT l.id FROM {LEASE} l WHERE l.task_id = %(task)s AND (l.user_id = %(user)s OR ({free}))"
        " ORDER BY CASE WHEN l.user_id = %(user)s THEN 0 ELSE 1 END, l.id LIMIT 1" + sql.locking(" FOR UPDATE")
    )


# Checked again on the row as it is once its lock is had: what was ours a moment ago may be another's now.
STILL_OURS = " AND (user_id IS NULL OR user_id = %(user)s OR until <= %(now)s)"


def close_and_claim(
    user_id: int,
    queue_id: int,
    until: datetime,
    *,
    is_open: bool,
    overlap: int,
    holding: Sequence[UUID],
    closing: int | None,
    want_next: bool,
) -> list[int]:
    """Closes the person's place at the task ``closing`` and takes their next one until ``until``; the tasks' keys.

    The next one is their own unexpired lease not named in ``holding``, else the first free place. On PostgreSQL rows
    that others are just taking are skipped (``SKIP LOCKED``), SQLite runs it as an immediate transaction of its own.
    """
    named, values = sql.one_of("holding", holding)
    values |= {"user": user_id, "queue": queue_id, "now": timezone.now(), "until": until, "task": closing}
    parts, sources, after, not_held, closed = [], [], "", "", "closed"
    if holding:
        not_held = f" AND l.task_id NOT IN (SELECT id FROM {TASK} WHERE uuid IN ({named}))"
    if closing is not None:
        parts.append(f"mine AS ({_place(is_open)})")
        sources.append("SELECT id FROM mine")
        after = " AND EXISTS (SELECT 1 FROM mine)"
        not_held += " AND l.task_id <> %(task)s"
        closed = "closed OR task_id = %(task)s"
    if want_next:
        lock = sql.locking(" FOR UPDATE SKIP LOCKED")
        looks = [
            f"SELECT l.id FROM {LEASE} l WHERE l.user_id = %(user)s AND l.queue_id = %(queue)s AND NOT l.closed"
            f" AND l.until > %(now)s{not_held}{after} ORDER BY l.since, l.id LIMIT 1",
            *(
                f"SELECT l.id FROM {LEASE} l WHERE {among} AND NOT l.closed AND {FREE}"
                f"{not_held}{_not_twice(overlap)}{after} ORDER BY l.rank DESC, l.id LIMIT 1{lock}"
                for among in _looks(overlap)
            ),
        ]
        parts.append(f"following AS (SELECT coalesce({', '.join(f'({look})' for look in looks)}) AS id)")
        sources.append("SELECT id FROM following")
    touched = sql.rows(
        Key,
        f"WITH {', '.join(parts)} UPDATE {LEASE} SET closed = ({closed}),"
        " since = CASE WHEN user_id = %(user)s AND until > %(now)s THEN since ELSE %(now)s END,"
        f" user_id = %(user)s, until = %(until)s WHERE id IN ({' UNION ALL '.join(sources)}){STILL_OURS}"
        " RETURNING task_id",
        values,
    )
    return [row.id for row in touched]


def _looks(overlap: int) -> list[str]:
    """Among which places a free one is looked for, one after the other. One of a task that others answer comes first;
    but not all those are gone through that the person has answered already, which may be all that they ever did."""
    every = [f"l.queue_id = %(queue)s AND l.place {which} 0" for which in ("=", ">=")]
    if overlap == 1:
        return every
    free = FREE.replace("l.", "f.")
    each = (
        f"SELECT n.id FROM (SELECT f.id FROM {LEASE} f WHERE f.queue_id = %(queue)s AND f.place = {place}"
        f" AND NOT f.closed AND {free} ORDER BY f.rank DESC, f.id LIMIT {NEAR}) n"
        for place in range(overlap)
    )
    return [f"l.id IN ({' UNION ALL '.join(each)})", *every]


def _not_twice(overlap: int) -> str:
    """Nobody has two places at one task, nor answers it again unasked. Counted for each place that is looked at:
    PostgreSQL would join all that the person ever answered instead."""
    if overlap == 1:
        return ""
    return (
        f" AND (SELECT count(*) FROM {LEASE} o WHERE o.task_id = l.task_id AND o.user_id = %(user)s"
        f" AND o.id <> l.id) = 0 AND (SELECT count(*) FROM {ANNOTATION} a WHERE a.task_id = l.task_id"
        " AND a.user_id = %(user)s AND a.revision > 0 AND a.state <> 'rejected') = 0"
    )


def hold(user_id: int, task_id: int, until: datetime, *, is_open: bool) -> bool:
    """Takes or renews the person's place at a task until ``until``; False where they get none."""
    touched = sql.rows(
        Key,
        f"UPDATE {LEASE} SET since = CASE WHEN user_id = %(user)s THEN since ELSE %(now)s END, user_id = %(user)s,"
        f" until = %(until)s WHERE id = ({_place(is_open)}){STILL_OURS} RETURNING id",
        {"user": user_id, "task": task_id, "now": timezone.now(), "until": until},
    )
    return bool(touched)


# -- a queue filled by a query -----------------------------------------------------------------------------------------


def add_tasks(queue: int, items: platform.ItemQuerySet, size: int, priority: int, reason: Mapping[str, Any]) -> int:
    """Makes a task of each item that has none in the queue, numbered by path from ``size`` + 1; answers how many."""
    chosen, values = items.order_by().values("pk", "path").query.sql_with_params()
    names = [f"chosen_{number}" for number in range(len(values))]
    postgresql = connection.vendor == "postgresql"
    uuid, json = ("gen_random_uuid()", "::jsonb") if postgresql else ("lower(hex(randomblob(16)))", "")
    return sql.change(
        f"INSERT INTO {TASK} (uuid, queue_id, item_id, number, priority, state, reason, prelabels, flag, created_at)"
        f" SELECT {uuid}, %(queue)s, chosen.pk, %(size)s + row_number() OVER (ORDER BY chosen.path), %(priority)s,"
        f" %(state)s, %(reason)s{json}, '[]'{json}, '', %(now)s"
        f" FROM ({chosen % tuple(f'%({name})s' for name in names)}) chosen"
        f" WHERE NOT EXISTS (SELECT 1 FROM {TASK} t WHERE t.queue_id = %(queue)s AND t.item_id = chosen.pk)"
        " ORDER BY chosen.path",
        {
            "queue": queue,
            "size": size,
            "priority": priority,
            "state": annotation.Task.State.OPEN.value,
            "reason": sql.dumps(reason),
            "now": timezone.now(),
            **dict(zip(names, values, strict=True)),
        },
    )


def add_places(queue: int, above: int, overlap: int) -> int:
    """Makes the places of the tasks whose number is above that, in the order of their numbers, ranked by priority."""
    places = " UNION ALL ".join(f"SELECT {place} AS place" for place in range(overlap))
    return sql.change(
        f"INSERT INTO {LEASE} (task_id, queue_id, rank, place, closed)"
        f" SELECT t.id, t.queue_id, t.priority, p.place, %(closed)s FROM {TASK} t CROSS JOIN ({places}) p"
        " WHERE t.queue_id = %(queue)s AND t.number > %(above)s ORDER BY t.number, p.place",
        {"queue": queue, "above": above, "closed": False},
    )


def set_ranks(ranks: Sequence[tuple[int, int]]) -> None:
    """Gives the places of tasks, by their keys, these ranks."""
    if connection.vendor == "postgresql":
        given = "(SELECT (r->>0)::bigint AS task, (r->>1)::int AS value FROM json_array_elements(%(ranks)s::json) r)"
    else:
        given = (
            "(SELECT json_extract(value, '$[0]') AS task, json_extract(value, '$[1]') AS value"
            " FROM json_each(%(ranks)s))"
        )
    sql.change(
        f"UPDATE {LEASE} SET rank = given.value FROM {given} given"
        f" WHERE {LEASE}.task_id = given.task AND {LEASE}.rank <> given.value",
        {"ranks": sql.dumps(ranks)},
    )
