"""Tasks as the editor is sent them."""

from typing import NamedTuple
from uuid import UUID

from lode_annotation.statements.tables import ANNOTATION, BLOB, HONEYPOT, ITEM, LABEL_SET, SAVED, TASK, USER
from lode_platform import sql
from lode_platform.sql import Json, MaybeTime, MaybeUuid, Time, Uuid
from motherlode import media
from motherlode.media import Media


class TaskRow(NamedTuple):
    """A task with its item and the item's file."""

    task: Uuid
    number: int
    priority: int
    state: str
    reason: Json
    prelabels: Json
    flag: str
    item: Uuid
    path: str
    kind: str
    width: int
    height: int
    length: int
    md5: str
    media_type: str
    metadata: Json

    @property
    def media(self) -> Media:
        """What the item's bytes are."""
        return media.of(self.kind, width=self.width, height=self.height, length=self.length)


class OwnTaskRow(NamedTuple):
    """A task as one person finds it: their answer and draft, and the item's current label set."""

    task: TaskRow
    annotation_id: int | None
    annotation: MaybeUuid
    revision: int | None
    state: str
    draft: Json
    draft_at: MaybeTime
    draft_base: int | None
    made_under: int | None
    result: Json
    regions: Json
    answers: Json
    relations: Json


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
    answers: Json
    relations: Json


TASK_COLUMNS = (
    "t.uuid, t.number, t.priority, t.state, t.reason, t.prelabels, t.flag, i.uuid, i.path, i.kind, i.width, i.height,"
    " i.length, b.md5, i.media_type, i.metadata"
)
CURRENT_LABELS = (
    f' LEFT JOIN {LABEL_SET} ls ON ls.item_id = i.id AND ls.schema_id = %(schema)s AND ls."current"'
    " AND ls.staged_by_id IS NULL"
)


def own_task(user_id: int, task_id: int, schema_id: int) -> OwnTaskRow | None:
    """None where the task's item is in the trash; without the label set that a honeypot is compared with."""
    return sql.first(
        OwnTaskRow,
        f"SELECT {TASK_COLUMNS}, a.id, a.uuid, a.revision, a.state, a.draft, a.draft_at, a.draft_base,"
        f" a.schema_revision_id, ar.result, ls.regions, ls.answers, ls.relations FROM {TASK} t"
        f" JOIN {ITEM} i ON i.id = t.item_id AND i.trashed_at IS NULL"
        f" JOIN {BLOB} b ON b.id = i.blob_id"
        f" LEFT JOIN {ANNOTATION} a ON a.task_id = t.id AND a.user_id = %(user)s"
        f" LEFT JOIN {SAVED} ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{CURRENT_LABELS} AND NOT EXISTS (SELECT 1 FROM {HONEYPOT} h WHERE h.task_id = t.id) WHERE t.id = %(task)s",
        {"user": user_id, "task": task_id, "schema": schema_id},
    )


def answer_to_review(annotation_uuid: UUID, schema_id: int) -> ReviewRow | None:
    """None where nothing was submitted."""
    return sql.first(
        ReviewRow,
        f"SELECT {TASK_COLUMNS}, t.id, a.id, a.revision, a.state, u.username, a.schema_revision_id, ar.result,"
        f" ar.created_at, ar.lead_time, ls.regions, ls.answers, ls.relations FROM {ANNOTATION} a"
        f" JOIN {TASK} t ON t.id = a.task_id"
        f" JOIN {ITEM} i ON i.id = t.item_id JOIN {BLOB} b ON b.id = i.blob_id JOIN {USER} u ON u.id = a.user_id"
        f" JOIN {SAVED} ar ON ar.annotation_id = a.id AND ar.number = a.revision"
        f"{CURRENT_LABELS} WHERE a.uuid = %(annotation)s",
        {"annotation": annotation_uuid, "schema": schema_id},
    )
