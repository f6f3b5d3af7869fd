"""The tables that this room's statements name, by their models."""

from typing import NamedTuple

from lode_annotation import models as annotation
from lode_platform import models as platform
from lode_platform import sql
from lode_platform.webhooks.models import Webhook

ITEM, BLOB = platform.Item._meta.db_table, platform.Blob._meta.db_table
USER = platform.User._meta.db_table
SCHEMA, REVISION = annotation.Schema._meta.db_table, annotation.SchemaRevision._meta.db_table
QUEUE, TASK, LEASE = (model._meta.db_table for model in (annotation.Queue, annotation.Task, annotation.Lease))
ASSIGNMENT = annotation.Assignment._meta.db_table
MICRO_TASK, MICRO_RULE, VOTE = (
    model._meta.db_table for model in (annotation.MicroTask, annotation.MicroTaskRule, annotation.Vote)
)
HONEYPOT = annotation.Honeypot._meta.db_table
ANNOTATION = annotation.Annotation._meta.db_table
SAVED = annotation.AnnotationRevision._meta.db_table
WEBHOOK = Webhook._meta.db_table
LABEL_SET = annotation.LabelSet._meta.db_table


class Key(NamedTuple):
    """A row's primary key."""

    id: int  # noqa: A003


def key_of(statement: str, parameters: sql.Parameters) -> int:
    """The key that a statement which writes one row returns."""
    [row] = sql.rows(Key, statement, parameters)
    return row.id
