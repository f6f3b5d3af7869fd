"""Every raw statement of this room: the paths that an annotator waits for, whose statements are counted.

Parameters are named, rows too; tables are named by their models. All else asks the models.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from lode_annotation import models as annotation
from lode_platform import models as platform
from lode_platform import sql
from lode_platform.sql import Flag, Json, JsonText, MaybeTime, MaybeUuid, Time, Uuid

ITEM, BLOB = platform.Item._meta.db_table, platform.Blob._meta.db_table
USER, PROJECT = platform.User._meta.db_table, platform.Project._meta.db_table
MEMBERSHIP = platform.Membership._meta.db_table
SCHEMA, REVISION = annotation.Schema._meta.db_table, annotation.SchemaRevision._meta.db_table
QUEUE, TASK, LEASE = (model._meta.db_table for model in (annotation.Queue, annotation.Task, annotation.Lease))
ANNOTATION = annotation.Annotation._meta.db_table
SAVED = annotation.AnnotationRevision._meta.db_table
LABEL_SET = annotation.LabelSet._meta.db_table


class Key(NamedTuple):
    """A row's primary key."""

    id: int  # noqa: A003


def _key(statement: str, parameters: sql.Parameters) -> int:
    """The key that a statement which writes one row returns."""
    [row] = sql.rows(Key, statement, parameters)
    return row.id


# -- a queue and the person who works on it ----------------------------------------------------------------------------


class QueueRow(NamedTuple):
    """A queue, its schema revision, and the person's role in its project."""

    id: int  # noqa: A003
    uuid: Uuid
    name: str
    state: str
    review: Flag
    overlap: int
    size: int
    project_id: int
    role: str
    revision_id: int
    revision: int
    controls: JsonText
    schema_id: int
    schema: str


QUEUE_COLUMNS = (
    "q.id, q.uuid, q.name, q.state, q.review, q.overlap, q.size, p.id, m.role, r.id, r.number, r.controls, s.id, s.name"
)
# From a queue ``q`` on; the membership is the person's, so a stranger finds nothing.
QUEUE_JOINS = (
    f" JOIN {PROJECT} p ON p.id = q.project_id AND p.trashed_at IS NULL"
    f" JOIN {MEMBERSHIP} m ON m.project_id = p.id AND m.user_id = %(user)s"
    f" JOIN {REVISION} r ON r.id = q.schema_revision_id JOIN {SCHEMA} s ON s.id = r.schema_id"
)


class TaskOfQueueRow(NamedTuple):
    """A task's queue and the task's key."""

    queue: QueueRow
    task_id: int


def _scope(user: platform.User) -> tuple[str, dict[str, Any]]:
    """The condition that keeps a project's token within its project."""
    project = getattr(user, "token_project_id", None)
    return (" AND p.id = %(token_project)s", {"token_project": project}) if project else ("", {})


def queue_for(user: platform.User, queue: UUID) -> QueueRow | None:
    """A queue of a project that the person is a member of."""
    within, scope = _scope(user)
    statement = f"SELECT {QUEUE_COLUMNS} FROM {QUEUE} q{QUEUE_JOINS} WHERE q.uuid = %(queue)s{within}"
    return sql.first(QueueRow, statement, {"user": user.pk, "queue": queue, **scope})


def queue_of_task(user: platform.User, task: UUID) -> TaskOfQueueRow | None:
    """A task's queue, where the person is a member of its project."""
    within, scope = _scope(user)
    return sql.first(
        TaskOfQueueRow,
        f"SELECT {QUEUE_COLUMNS}, t.id FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{QUEUE_JOINS}"
        f" WHERE t.uuid = %(task)s{within}",
        {"user": user.pk, "task": task, **scope},
    )


# -- places at tasks ---------------------------------------------------------------------------------------------------


FREE = "(l.until IS NULL OR l.until <= %(now)s)"


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
        parts += [
            f"own AS (SELECT l.id FROM {LEASE} l WHERE l.user_id = %(user)s AND l.queue_id = %(queue)s AND NOT l.closed"
            f" AND l.until > %(now)s{not_held}{after} ORDER BY l.since, l.id LIMIT 1)",
            f"free AS (SELECT l.id FROM {LEASE} l WHERE l.queue_id = %(queue)s AND NOT l.closed AND {FREE}{not_held}"
            f"{_not_twice(overlap)}{after} AND NOT EXISTS (SELECT 1 FROM own) ORDER BY l.priority DESC, l.id"
            f" LIMIT 1{sql.locking(' FOR UPDATE SKIP LOCKED')})",
        ]
        sources += ["SELECT id FROM own", "SELECT id FROM free"]
    touched = sql.rows(
        Key,
        f"WITH {', '.join(parts)} UPDATE {LEASE} SET closed = ({closed}),"
        " since = CASE WHEN user_id = %(user)s AND until > %(now)s THEN since ELSE %(now)s END,"
        f" user_id = %(user)s, until = %(until)s WHERE id IN ({' UNION ALL '.join(sources)}){STILL_OURS}"
        " RETURNING task_id",
        values,
    )
    return [row.id for row in touched]


def _not_twice(overlap: int) -> str:
    """Nobody has two places at one task."""
    if overlap == 1:
        return ""
    return (
        f" AND NOT EXISTS (SELECT 1 FROM {LEASE} o WHERE o.task_id = l.task_id AND o.user_id = %(user)s"
        " AND o.id <> l.id)"
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


# -- an answer ---------------------------------------------------------------------------------------------------------


class AnswerRow(NamedTuple):
    """All that an answer to a task depends on; ``operation_...`` is what the operation's id has written already."""

    queue: QueueRow
    task_id: int
    item_id: int
    width: int
    height: int
    annotation_id: int | None
    annotation: MaybeUuid
    revision: int | None
    operation_annotation: MaybeUuid
    operation_revision: int
    operation_next_task: int | None
    operation_author: int
    operation_task: int


def answer_of(user: platform.User, task: UUID, operation_id: UUID) -> AnswerRow | None:
    """A task, the person's answer to it so far, and what the operation's id stands for."""
    within, scope = _scope(user)
    return sql.first(
        AnswerRow,
        f"SELECT {QUEUE_COLUMNS}, t.id, i.id, i.width, i.height, a.id, a.uuid, a.revision,"
        " opa.uuid, op.number, op.next_task_id, op.author_id, opa.task_id"
        f" FROM {TASK} t JOIN {QUEUE} q ON q.id = t.queue_id{QUEUE_JOINS} JOIN {ITEM} i ON i.id = t.item_id"
        f" LEFT JOIN {ANNOTATION} a ON a.task_id = t.id AND a.user_id = m.user_id"
        f" LEFT JOIN {SAVED} op ON op.operation_id = %(operation)s"
        f" LEFT JOIN {ANNOTATION} opa ON opa.id = op.annotation_id"
        f" WHERE t.uuid = %(task)s{within}",
        {"user": user.pk, "task": task, "operation": operation_id, **scope},
    )


def insert_annotation(uuid: UUID, *, task_id: int, user_id: int, schema_revision_id: int, state: str) -> int:
    """The person's first answer to the task; its key."""
    return _key(
        f"INSERT INTO {ANNOTATION} (uuid, task_id, user_id, schema_revision_id, state, revision, created_at,"
        " updated_at) VALUES (%(uuid)s, %(task)s, %(user)s, %(schema_revision)s, %(state)s, 1, %(now)s, %(now)s)"
        " RETURNING id",
        {
            "uuid": uuid,
            "task": task_id,
            "user": user_id,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )


def raise_revision(annotation_id: int, *, revision: int, schema_revision_id: int, state: str) -> bool:
    """Gives an answer of this ``revision`` its next number and empties its draft; False where it has another."""
    changed = sql.change(
        f"UPDATE {ANNOTATION} SET state = %(state)s, revision = revision + 1, schema_revision_id = %(schema_revision)s,"
        " draft = NULL, draft_at = NULL, draft_base = NULL, lost_at = NULL, updated_at = %(now)s"
        " WHERE id = %(annotation)s AND revision = %(revision)s",
        {
            "annotation": annotation_id,
            "revision": revision,
            "schema_revision": schema_revision_id,
            "state": state,
            "now": timezone.now(),
        },
    )
    return changed == 1


def insert_revision(
    annotation_id: int,
    number: int,
    *,
    operation_id: UUID,
    author_id: int,
    state: str,
    result: str,
    reason: str,
    lead_time: float,
    next_task_id: int | None,
) -> int:
    """A revision with its ``result`` as JSON text; its key."""
    return _key(
        f"INSERT INTO {SAVED} (uuid, annotation_id, number, operation_id, author_id, state, result, reason, lead_time,"
        " next_task_id, created_at) VALUES (%(uuid)s, %(annotation)s, %(number)s, %(operation)s, %(author)s, %(state)s,"
        " %(result)s, %(reason)s, %(lead_time)s, %(next_task)s, %(now)s) RETURNING id",
        {
            "uuid": uuid4(),
            "annotation": annotation_id,
            "number": number,
            "operation": operation_id,
            "author": author_id,
            "state": state,
            "result": result,
            "reason": reason,
            "lead_time": lead_time,
            "next_task": next_task_id,
            "now": timezone.now(),
        },
    )


def finish_task(task_id: int, item_id: int, *, state: str, finished_at: datetime | None) -> None:
    """Sets a task's state and holds its item until the transaction ends.

    Whoever writes an item's label sets holds it, after the places of a task and before anything else of it.
    """
    lock = sql.locking(" FOR NO KEY UPDATE")
    sql.change(
        f"WITH held AS (SELECT id FROM {ITEM} WHERE id = %(item)s{lock}) UPDATE {TASK} SET state = %(state)s,"
        " finished_at = %(finished)s WHERE id = %(task)s AND EXISTS (SELECT 1 FROM held)",
        {"item": item_id, "task": task_id, "state": state, "finished": finished_at},
    )


# -- label sets --------------------------------------------------------------------------------------------------------


class RegionsRow(NamedTuple):
    """The regions of a label set."""

    regions: Json


def retire_label_set(item_id: int, schema_id: int) -> list[dict[str, Any]]:
    """The current label set of an item under a schema is current no more; its regions."""
    retired = sql.first(
        RegionsRow,
        f'UPDATE {LABEL_SET} SET "current" = %(no)s WHERE item_id = %(item)s AND schema_id = %(schema)s AND "current"'
        " AND staged_by_id IS NULL RETURNING regions",
        {"no": False, "item": item_id, "schema": schema_id},
    )
    return list(retired.regions) if retired else []


def insert_label_set(
    *,
    item_id: int,
    schema_id: int,
    schema_revision_id: int,
    annotation_revision_id: int,
    user_id: int,
    regions: str,
    digest: str,
) -> None:
    """An accepted answer's label set, as canonical JSON text, becomes the current one."""
    sql.change(
        f"INSERT INTO {LABEL_SET} (uuid, item_id, schema_id, schema_revision_id, source, annotation_revision_id,"
        ' regions, digest, "current", created_by_id, created_at) VALUES (%(uuid)s, %(item)s, %(schema)s,'
        " %(schema_revision)s, %(source)s, %(annotation_revision)s, %(regions)s, %(digest)s, %(yes)s, %(user)s,"
        " %(now)s)",
        {
            "uuid": uuid4(),
            "item": item_id,
            "schema": schema_id,
            "schema_revision": schema_revision_id,
            "source": annotation.LabelSet.Source.ANNOTATION.value,
            "annotation_revision": annotation_revision_id,
            "regions": regions,
            "digest": digest,
            "yes": True,
            "user": user_id,
            "now": timezone.now(),
        },
    )


# -- what the editor is sent -------------------------------------------------------------------------------------------


class TaskRow(NamedTuple):
    """A task with its item and the item's file."""

    task: Uuid
    number: int
    priority: int
    state: str
    reason: Json
    prelabels: Json
    item: Uuid
    path: str
    width: int
    height: int
    md5: str


class OwnTaskRow(NamedTuple):
    """A task as one person finds it: their answer and draft, and the item's current label set."""

    task: TaskRow
    annotation: MaybeUuid
    revision: int | None
    state: str
    draft: Json
    draft_at: MaybeTime
    draft_base: int | None
    made_under: int | None
    result: Json
    regions: Json


class ReviewRow(NamedTuple):
    """An answer as a reviewer finds it, with its task and the item's current label set."""

    task: TaskRow
    task_id: int
    annotation_id: int
    revision: int
    state: str
    username: str
    made_under: int
    result: Json
    submitted_at: Time
    lead_time: float
    regions: Json


TASK_COLUMNS = "t.uuid, t.number, t.priority, t.state, t.reason, t.prelabels, i.uuid, i.path, i.width, i.height, b.md5"
CURRENT_LABELS = (
    f' LEFT JOIN {LABEL_SET} ls ON ls.item_id = i.id AND ls.schema_id = %(schema)s AND ls."current"'
    " AND ls.staged_by_id IS NULL"
)


def own_task(user_id: int, task_id: int, schema_id: int) -> OwnTaskRow | None:
    """None where the task's item is in the trash."""
    return sql.first(
        OwnTaskRow,
        f"SELECT {TASK_COLUMNS}, a.uuid, a.revision, a.state, a.draft, a.draft_at, a.draft_base, a.schema_revision_id,"
        f" ar.result, ls.regions FROM {TASK} t JOIN {ITEM} i ON i.id = t.item_id AND i.trashed_at IS NULL"
        f" JOIN {BLOB} b ON b.id = i.blob_id"
        f" LEFT JOIN {ANNOTATION} a ON a.task_id = t.id AND a.user_id = %(user)s"
        f" LEFT JOIN {SAVED} ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{CURRENT_LABELS} WHERE t.id = %(task)s",
        {"user": user_id, "task": task_id, "schema": schema_id},
    )


def answer_to_review(annotation_uuid: UUID, schema_id: int) -> ReviewRow | None:
    """None where nothing was submitted."""
    return sql.first(
        ReviewRow,
        f"SELECT {TASK_COLUMNS}, t.id, a.id, a.revision, a.state, u.username, a.schema_revision_id, ar.result,"
        f" ar.created_at, ar.lead_time, ls.regions FROM {ANNOTATION} a JOIN {TASK} t ON t.id = a.task_id"
        f" JOIN {ITEM} i ON i.id = t.item_id JOIN {BLOB} b ON b.id = i.blob_id JOIN {USER} u ON u.id = a.user_id"
        f" JOIN {SAVED} ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{CURRENT_LABELS} WHERE a.uuid = %(annotation)s",
        {"annotation": annotation_uuid, "schema": schema_id},
    )


# -- a queue filled by a query -----------------------------------------------------------------------------------------


def add_tasks(queue: int, items: platform.ItemQuerySet, size: int, priority: int, reason: Mapping[str, Any]) -> int:
    """Makes a task of each item that has none in the queue, numbered by path from ``size`` + 1; answers how many."""
    chosen, values = items.order_by().values("pk", "path").query.sql_with_params()
    names = [f"chosen_{number}" for number in range(len(values))]
    postgresql = connection.vendor == "postgresql"
    uuid, json = ("gen_random_uuid()", "::jsonb") if postgresql else ("lower(hex(randomblob(16)))", "")
    return sql.change(
        f"INSERT INTO {TASK} (uuid, queue_id, item_id, number, priority, state, reason, prelabels, created_at)"
        f" SELECT {uuid}, %(queue)s, chosen.pk, %(size)s + row_number() OVER (ORDER BY chosen.path), %(priority)s,"
        f" %(state)s, %(reason)s{json}, '[]'{json}, %(now)s"
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
    """Makes the places of the tasks whose number is above that, in the order of their numbers."""
    places = " UNION ALL ".join(f"SELECT {place} AS place" for place in range(overlap))
    return sql.change(
        f"INSERT INTO {LEASE} (task_id, queue_id, priority, place, closed)"
        f" SELECT t.id, t.queue_id, t.priority, p.place, %(closed)s FROM {TASK} t CROSS JOIN ({places}) p"
        " WHERE t.queue_id = %(queue)s AND t.number > %(above)s ORDER BY t.number, p.place",
        {"queue": queue, "above": above, "closed": False},
    )
