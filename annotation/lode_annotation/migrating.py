"""Begins a schema's migration, and says what must wait while one goes on."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_annotation.models import LabelImport, Schema, SchemaMigration, SchemaRevision
from lode_platform import jobs
from lode_platform.errors import Conflict
from lode_platform.models import Job, JobState, User

VERB = "annotation.migrate_schema"
UNDO = "annotation.undo_revision"


class State(models.TextChoices):
    """How a migration stands. Stopped: its job failed or was cancelled, and left every label set as it was."""

    RUNNING = "running", gettext_lazy("Running")
    DONE = "done", gettext_lazy("Done")
    STOPPED = "stopped", gettext_lazy("Stopped")
    UNDONE = "undone", gettext_lazy("Undone")


def state_of(migration: SchemaMigration) -> State:
    """How a migration stands."""
    if migration.undone_at is not None:
        return State.UNDONE
    if migration.revealed_at is not None:
        return State.DONE
    over = migration.job is None or migration.job.state in (JobState.FAILED, JobState.CANCELLED)
    return State.STOPPED if over else State.RUNNING


def begin(revision: SchemaRevision, user: User, merges: Mapping[int, int]) -> SchemaMigration:
    """The migration of a revision that merges classes, and its job. In the caller's transaction."""
    made = SchemaMigration(revision=revision, merges={str(old): new for old, new in merges.items()})
    title = _("Migrate the schema %(schema)s to revision %(number)s")
    made.job = jobs.enqueue(
        VERB,
        project=revision.schema.project,
        user=user,
        title=title % {"schema": revision.schema.name, "number": revision.number},
        arguments={"migration": str(made.uuid)},
    )
    made.save()
    return made


def undoing(schema: Schema) -> Job | None:
    """The job that undoes a revision of the schema now."""
    rows = Job.objects.filter(verb=UNDO, project=schema.project_id, state__in=jobs.OPEN)
    return rows.filter(arguments__schema=str(schema.uuid)).first()


def refuse_while_migrating(schema: Schema) -> None:
    """Raises ``Conflict`` while label sets of the schema are written again, or are made current again."""
    migrations = SchemaMigration.objects.filter(revision__schema=schema, job__state__in=jobs.OPEN)
    if migrations.exists() or undoing(schema) is not None:
        raise Conflict(
            f"The schema {schema.name!r} is being migrated; wait for the job, or cancel it.", code="being_migrated"
        )


def refuse_while_importing(schema: Schema) -> None:
    """Raises ``Conflict`` while labels are imported into the schema: they would name the class that is merged."""
    going_on = LabelImport.objects.filter(project=schema.project_id, schema_name=schema.name)
    if going_on.filter(job__state__in=jobs.CANCELLABLE).exists():
        raise Conflict(
            f"Labels are being imported into the schema {schema.name!r}; wait for the job, or cancel it.",
            code="being_imported",
        )
