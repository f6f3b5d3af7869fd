"""A schema's revisions as its page lists them: migrated or not, to be undone, with what needs a look."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from lode_annotation import class_filter, migrating
from lode_annotation.models import Schema, SchemaMigration, SchemaRevision
from lode_annotation.schema_migrations import is_undoable


@dataclass(frozen=True)
class Look:
    """What needs a look since a revision, in words, and the page that makes a queue of it."""

    text: str
    url: str


@dataclass(frozen=True)
class RevisionLine:
    """A revision, its migration and how that stands, whether it may be undone, and what needs a look."""

    revision: SchemaRevision
    migration: SchemaMigration | None
    state: migrating.State | None
    undo: str
    looks: list[Look]


def revision_line(schema: Schema, revision: SchemaRevision, newest: SchemaRevision, *, may_edit: bool) -> RevisionLine:
    """A revision as the page shows it; ``newest`` is the schema's newest one."""
    migration = getattr(revision, "migration", None)
    state = migrating.state_of(migration) if migration else None
    undo = ""
    if may_edit and is_undoable(revision, newest) and state != migrating.State.RUNNING:
        undo = reverse("annotation:revision_undo", args=[schema.project.name, schema.name, revision.number])
    looks = list(_looks(schema, revision)) if revision == newest else []
    return RevisionLine(revision, migration, state, undo, looks)


def _looks(schema: Schema, revision: SchemaRevision) -> Iterator[Look]:
    known = {control["name"]: control for control in revision.controls}
    for look in revision.looks:
        if look["kind"] == "class_split":
            text = _("%(to)s is split off from %(label)s: look through the items that hold %(label)s") % look
            yield Look(text, _queue_of(schema, class_filter.of_items_with(schema.name, look["class_id"]), text))
        elif (control := known.get(look["control"])) is not None and class_filter.is_asked_of_items(control):
            text = _("%(control)s has to be answered: ask it of the labelled items without an answer") % look
            yield Look(text, _queue_of(schema, class_filter.of_items_without(schema.name, look["control"]), text))


def _queue_of(schema: Schema, value: str, reason: str) -> str:
    """The page of a new queue, filled in."""
    given: dict[str, Any] = {"schema": schema.name, class_filter.NAME: value, "reason": reason}
    return f"{reverse('annotation:queue_new', args=[schema.project.name])}?{urlencode(given)}"
