"""Imports labels from files by a job: staged in short batches, made visible all at once.

The job stages label sets that nobody sees, those that were not staged as their part came (``import_staging``), then one
short transaction puts all in place of what was current. A worker that dies is followed by one that goes on after the
last batch; the same labels again change nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from lode_annotation import import_staging
from lode_annotation.import_batches import Asking, Batch, Line
from lode_annotation.import_parts import labels_in, lines_of
from lode_annotation.import_report import empty_report, say
from lode_annotation.models import LabelImport, LabelImportPart, LabelSet, Schema
from lode_annotation.schemas import asked_by, latest, schema_for_labels
from lode_platform import events, jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Item, Project
from motherlode.shapes import DEFAULT

BATCH = 500


def run(work: jobs.Work) -> dict[str, Any]:
    """Imports what was sent: classes, then staged label sets batch by batch, then all of them at once."""
    label_import = LabelImport.objects.select_related("project", "created_by").get(uuid=work.arguments["import"])
    project, user = label_import.project, label_import.created_by
    state = work.state or {"phase": "classes", "part": -1, "line": 0, "done": 0, "report": empty_report()}
    total = sum(label_import.parts.values_list("count", flat=True))
    try:
        if state["phase"] == "classes":
            work.progress(0, total, "Reading the labels found")
            state |= _classes(work, label_import, project, Caller(user))
            work.step("classes")
        schema = Schema.objects.filter(project=project, name=label_import.schema_name).first()
        if schema is None:
            raise BadInput(
                f"There is no schema {label_import.schema_name!r}, and the import has no label to create it from."
                " Create the schema, then import again.",
                code="no_schema",
            )
        if state["phase"] == "stage":
            _stage_all(work, label_import, schema, state, total)
            state["phase"] = "reveal"
            with work.fenced():
                work.save_state(state)
            work.step("staged")
        if state["phase"] == "reveal":
            work.progress(total, total, "Making the labels visible", at_once=True)
            _reveal(work, label_import, schema, state)
            work.step("revealed")
    except (jobs.Cancelled, LodeError):
        _sweep_up(work, label_import)
        raise
    LabelImportPart.objects.filter(label_import=label_import).delete()
    report: dict[str, Any] = state["report"]
    return {**report, "schema": label_import.schema_name, "dataset": label_import.dataset or None}


def _classes(work: jobs.Work, label_import: LabelImport, project: Project, caller: Caller) -> dict[str, Any]:
    """Finds every label, creates or extends the schema; a second worker finds it there."""
    labels: dict[str, dict[str, None]] = {}  # by the control that a line names
    kinds: set[str] = set()
    for part in _parts(label_import, 0, "lines"):
        work.check()
        for (control, task), some in labels_in(part).items():
            labels.setdefault(control, {}).update(some)
            kinds.add(task)
    if len(kinds) > 1:
        raise BadInput(f"The import holds both {' and '.join(sorted(kinds))}; import them apart.", code="mixed")
    report, task = empty_report(), next(iter(kinds), DEFAULT.task)
    found = Schema.objects.filter(project=project, name=label_import.schema_name).first()
    for control, named in labels.items():
        asking = asked_by(found, task, control) if found is not None else []
        before = {label["value"] for one in asking for label in one["labels"]}
        if found is not None:
            _refuse_ambiguous(found, asking, named)
        report["classes_made"] += [label for label in named if label not in before]
    with work.fenced():
        for control, named in labels.items():
            schema_for_labels(project, caller, name=label_import.schema_name, labels=named, task=task, control=control)
        done = _staged_before(label_import, report)
        state = {"phase": "stage", "part": -1, "line": 0, "done": done, "report": report}
        work.save_state(state)
    return state


def _staged_before(label_import: LabelImport, report: dict[str, Any]) -> int:
    """Puts into the report what was staged as its parts came; how many lines of them that was."""
    staged = list(label_import.parts.filter(rest__isnull=False).defer("lines"))
    lines = sum(part.count - len(part.rest or ()) for part in staged)
    report["items"] += lines
    report["label_sets"] += lines
    report["regions"] += sum(part.regions for part in staged)
    return lines


def _refuse_ambiguous(schema: Schema, asking: Sequence[Mapping[str, Any]], labels: Collection[str]) -> None:
    """Raises ``BadInput`` for a label that several controls of one kind have: a file does not say which it answers."""
    for label in labels:
        having = [control["name"] for control in asking if label in {row["value"] for row in control["labels"]}]
        if len(having) > 1:
            raise BadInput(
                f"The label {label!r} stands under {' and '.join(having)} in the schema {schema.name!r}, and a file"
                " does not say which is meant. Name one of them as the control that its labels answer.",
                code="which_control",
            )


def _stage_all(work: jobs.Work, label_import: LabelImport, schema: Schema, state: dict[str, Any], total: int) -> None:
    asking = Asking(schema, latest(schema))
    for part in _parts(label_import, state["part"], "lines"):
        if part.rest == []:
            continue
        rows = list(lines_of(part.lines))
        if part.rest is not None:
            rows = [rows[place] for place in part.rest]
        start = state["line"] if part.number == state["part"] else 0
        while start < len(rows):
            lines = [Line.of(row) for _, row in rows[start : start + BATCH]]
            start += len(lines)
            read_at = timezone.now()
            batch = Batch(label_import, asking, lines, state["report"])
            state |= {"part": part.number, "line": start, "done": state["done"] + len(lines)}
            with work.fenced():
                import_staging.write(label_import, asking, batch, work.job, read_at)
                work.save_state(state)
            work.step("batch")
            work.progress(state["done"], total, "Reading labels")


def _parts(label_import: LabelImport, first: int, *later: str) -> Iterator[LabelImportPart]:
    """The parts from ``first`` on, one in memory at a time; the fields ``later`` are read when they are asked for.

    Each by a query of its own: a cursor left open over them would hold an old snapshot, from which SQLite lets nobody
    write once another connection has.
    """
    for key in list(label_import.parts.filter(number__gte=first).values_list("pk", flat=True)):
        yield LabelImportPart.objects.defer(*later).get(pk=key)


def _reveal(work: jobs.Work, label_import: LabelImport, schema: Schema, state: dict[str, Any]) -> None:
    """Puts the staged label sets in place of the current ones. A label set that a person wrote in the meantime stays,
    unless the import replaces. The items are held in the order of their keys, as two imports at once must."""
    report = state["report"]
    with work.fenced():
        staged = LabelSet.objects.filter(staged_by=work.job)
        items = Item.objects.select_for_update(no_key=True).filter(pk__in=staged.values("item"))
        for _ in items.order_by("pk").values_list("pk").iterator():
            pass
        old = LabelSet.objects.current().filter(schema=schema, item__in=staged.values("item"))
        if not label_import.replace:
            late = old.exclude(source=LabelSet.Source.IMPORT)
            kept = list(late.values_list("item_id", "item__path"))
            for item_id, path in kept:
                for dropped in staged.filter(item_id=item_id):
                    report["label_sets"] -= 1
                    report["regions"] -= len(dropped.said)
                    dropped.delete()
                say(report, "skipped_human", path)
        old.update(current=False)
        staged.update(staged_by=None)
        state["phase"] = "over"
        work.save_state(state)
        events.record(
            label_import.project,
            label_import.created_by,
            "labels.import",
            label_import,
            label_sets=report["label_sets"],
            regions=report["regions"],
        )


def _sweep_up(work: jobs.Work, label_import: LabelImport) -> None:
    """What was staged by a job that was cancelled or failed goes, in batches; it can start again from its parts."""
    while True:
        with work.fenced():
            keys = list(LabelSet.objects.filter(staged_by=work.job).values_list("pk", flat=True)[:BATCH])
            LabelSet.objects.filter(pk__in=keys).delete()
            if not keys:
                label_import.parts.update(rest=None, regions=0)
                work.save_state({})
                return
