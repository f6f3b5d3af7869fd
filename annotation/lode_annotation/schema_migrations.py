"""Migrates a schema whose revision merges classes: label sets are staged in short batches, made visible all at once.

As an import does, the job stages label sets that nobody sees, then one short transaction puts them in place of those
that they were written from. A worker that dies is followed by one that goes on after the last batch; a job that is
cancelled leaves every label set as it was. Undoing makes the earlier ones current again, and appends a revision that
says what the one before said: labels, classes and config are then, to the byte, what they were.
"""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_annotation import migrating
from lode_annotation.class_filter import holds
from lode_annotation.dry_run import Sought, Tally, of_class
from lode_annotation.merging import by_id, in_successors
from lode_annotation.models import LabelSet, LabelSetQuerySet, Schema, SchemaMigration, SchemaRevision
from lode_annotation.schemas import latest, restore
from lode_platform import access, bulk, events, jobs
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, LodeError
from lode_platform.models import Item, Job
from motherlode.regions import Texts

BATCH = 500
TEXTS = tuple(Cast(column, TextField()) for column in Texts._fields)
"""What a label set says as it is kept, parsed by nobody."""


def run(work: jobs.Work) -> dict[str, Any]:
    """Writes the label sets that name a merged class again; answers the migration's report."""
    migration = SchemaMigration.objects.select_related("revision__schema__project").get(
        uuid=work.arguments["migration"]
    )
    state = work.state or {"phase": "stage", "last": 0, "done": 0}
    try:
        _refuse_unless_merged(migration)
        if state["phase"] == "stage":
            _stage_all(work, migration, state)
            state["phase"] = "reveal"
            with work.fenced():
                work.save_state(state)
            work.step("staged")
        if state["phase"] == "reveal":
            work.progress(state["done"], state["done"], _("Making the labels visible"), at_once=True)
            _reveal(work, migration, state)
            work.step("revealed")
    except (jobs.Cancelled, LodeError):
        _sweep_up(work)
        raise
    report = _report(migration)
    with work.fenced():
        SchemaMigration.objects.filter(pk=migration.pk).update(report=report)
    return report


def _refuse_unless_merged(migration: SchemaMigration) -> None:
    """Raises ``Conflict`` where the schema has the classes again, as after an undo: a job may be tried again late."""
    if not migration.merges.keys() <= latest(migration.revision.schema).merged.keys():
        raise Conflict("The schema has the merged classes again; there is nothing to migrate.", code="built_on")


def _naming(migration: SchemaMigration) -> LabelSetQuerySet:
    """The current label sets that name a class which the migration merges."""
    some = Q()
    for old in migration.merges:
        some |= holds(of_class(int(old)))
    return LabelSet.objects.current().filter(some, schema=migration.revision.schema_id)


def _stage_all(work: jobs.Work, migration: SchemaMigration, state: dict[str, Any]) -> None:
    total = _naming(migration).count()
    while True:
        rows = _naming(migration).filter(item__gt=state["last"]).order_by("item")[:BATCH]
        with work.fenced():
            staged = _stage(work.job, migration, rows)
            if not staged:
                return
            state |= {"last": staged[-1], "done": state["done"] + len(staged)}
            work.save_state(state)
        work.step("batch")
        work.progress(state["done"], total, _("Writing labels"))


def _stage(job: Job, migration: SchemaMigration, rows: LabelSetQuerySet) -> list[int]:
    """Stages what becomes of ``rows``; their items. Whose the labels are stays: a person's, an import's."""
    merged = by_id(migration.merges)
    made, items = [], []
    kept = ("source", "annotation_revision_id", Cast("votes", TextField()))
    for pk, item, source, answer, votes, *said in rows.values_list("pk", "item_id", *kept, *TEXTS):
        texts = in_successors(Texts(*said), merged)
        made.append((uuid4(), item, source, answer, votes, pk, *texts, texts.digest))
        items.append(item)
    columns = ["uuid", "item_id", "source", "annotation_revision_id", "votes", "migrated_from_id"]
    bulk.insert(
        LabelSet,
        [*columns, "answers", "regions", "relations", "digest"],
        made,
        same={
            "schema_id": migration.revision.schema_id,
            "schema_revision_id": migration.revision_id,
            "job_id": job.pk,
            "migration_id": migration.pk,
            "staged_by_id": job.pk,
            "created_by_id": migration.revision.created_by_id,
        },
    )
    return items


def _reveal(work: jobs.Work, migration: SchemaMigration, state: dict[str, Any]) -> None:
    """Puts the staged label sets in place of those that they were written from. Of an item that was labelled in the
    meantime the labels stay, written again where they name a merged class. The items are held in the order of their
    keys, as an import holds them."""
    with work.fenced():
        staged = LabelSet.objects.filter(staged_by=work.job)
        _hold(Q(pk__in=staged.values("item")) | Q(pk__in=_naming(migration).values("item")))
        staged.exclude(migrated_from__current=True).delete()
        written = LabelSet.objects.filter(staged_by=work.job).values("migrated_from")
        _stage(work.job, migration, _naming(migration).exclude(pk__in=written))
        keys = _written_from(staged)
        LabelSet.objects.filter(among("pk", keys)).update(current=False)
        staged.update(staged_by=None)
        SchemaMigration.objects.filter(pk=migration.pk).update(revealed_at=timezone.now())
        state["phase"] = "over"
        work.save_state(state)
        schema = migration.revision.schema
        events.record(schema.project, migration.revision.created_by, "schema.migrate", schema, label_sets=len(keys))


def _written_from(made: LabelSetQuerySet) -> list[int]:
    return [key for key in made.values_list("migrated_from", flat=True) if key is not None]


def _hold(which: Q) -> None:
    for _key in Item.objects.select_for_update(no_key=True).filter(which).order_by("pk").values_list("pk").iterator():
        pass


def _sweep_up(work: jobs.Work) -> None:
    """What was staged by a job that was cancelled or failed goes, in batches; it can start again."""
    while True:
        with work.fenced():
            keys = list(LabelSet.objects.filter(staged_by=work.job).values_list("pk", flat=True)[:BATCH])
            LabelSet.objects.filter(pk__in=keys).delete()
            if not keys:
                work.save_state({})
                return


def _report(migration: SchemaMigration) -> dict[str, Any]:
    """What was written again: label sets of live items, counted as the dry run counts them, and of those in the
    trash."""
    classes = list(by_id(migration.merges))
    tally = Tally([Sought(class_ids=tuple(classes)), *(Sought(class_ids=(one,)) for one in classes)], 0)
    made = LabelSet.objects.filter(migration=migration)
    before = (Cast(f"migrated_from__{column}", TextField()) for column in ("regions", "answers"))
    for item, regions, answers in made.filter(item__trashed_at=None).values_list("item_id", *before).iterator():
        tally.add(item, regions, answers)
    every, *each = tally.found
    return {
        "label_sets": every.label_sets,
        "trashed": made.exclude(item__trashed_at=None).count(),
        "classes": {
            str(class_id): {"label_sets": one.label_sets, "objects": one.objects}
            for class_id, one in zip(classes, each, strict=True)
        },
    }


# -- undone ------------------------------------------------------------------------------------------------------------


def undo(revision: SchemaRevision, caller: Caller) -> Job:
    """Starts the job that undoes a revision: its label sets are again those from before it, and a new revision says
    what the one before it said.

    Raises ``Conflict``: ``built_on`` unless it is the newest one's words that are undone, ``being_migrated`` while its
    own migration goes on.
    """
    schema = revision.schema
    access.require(caller, schema.project, "schema.edit")
    with transaction.atomic():
        Schema.objects.select_for_update().get(pk=schema.pk)
        migrating.refuse_while_migrating(schema)
        _refuse_unless_newest(revision)
        title = _("Undo revision %(number)s of the schema %(schema)s")
        return jobs.enqueue(
            migrating.UNDO,
            project=schema.project,
            user=caller.user,
            title=title % {"schema": schema.name, "number": revision.number},
            arguments={"schema": str(schema.uuid), "revision": str(revision.uuid)},
        )


def is_undoable(revision: SchemaRevision, newest: SchemaRevision) -> bool:
    """Whether it is this revision's words that ``newest`` says, and there is one before it."""
    return revision.restores is None and newest.stands_for == revision.number > 1


def _refuse_unless_newest(revision: SchemaRevision) -> None:
    if not is_undoable(revision, latest(revision.schema)):
        why = "there is none before it" if revision.number == 1 else "later revisions stand on it; undo those first"
        raise Conflict(f"Revision {revision.number} cannot be undone: {why}.", code="built_on")


def carry_out_undo(work: jobs.Work) -> dict[str, Any]:
    """Undoes a revision in one transaction. ``kept`` counts the items that were labelled since its migration: what was
    said of them stays."""
    revision = SchemaRevision.objects.select_related("schema__project", "created_by").get(
        uuid=work.arguments["revision"]
    )
    if work.state:
        return dict(work.state)
    with work.fenced():
        Schema.objects.select_for_update().get(pk=revision.schema_id)
        _refuse_unless_newest(revision)
        made = LabelSet.objects.filter(migration__revision=revision, staged_by=None)
        _hold(Q(pk__in=made.values("item")))
        keys = _written_from(made.filter(current=True))
        report = {"label_sets": len(keys), "kept": made.filter(current=False).count()}
        made.update(current=False)
        LabelSet.objects.filter(among("pk", keys)).update(current=True)
        SchemaMigration.objects.filter(revision=revision).update(undone_at=timezone.now())
        message = _("Undoes revision %(number)s") % {"number": revision.number}
        report["revision"] = restore(revision, work.job.created_by or revision.created_by, message).number
        work.save_state(report)
    work.step("undone")
    return report
