"""Imports labels from files by a job: staged in short batches, made visible all at once.

The job stages label sets that nobody sees, then one short transaction puts them in place of what was current. A worker
that dies is followed by one that goes on after the last batch; the same labels again change nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any
from uuid import uuid4

from django.utils import timezone

from lode_annotation.identity import with_kept_ids
from lode_annotation.import_parts import lines_of
from lode_annotation.imported_lines import digest_in, remember, renew
from lode_annotation.label_sets import current, ids_used, still_linked
from lode_annotation.labeling_config import rules_of
from lode_annotation.models import LabelImport, LabelImportPart, LabelSet, Schema, SchemaRevision
from lode_annotation.schemas import asked_by, latest, schema_for_labels
from lode_platform import bulk, events, jobs
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Item, Project
from motherlode.formats.settling import as_regions, settle
from motherlode.formats.source import Draft, Problem, Record, kind_in
from motherlode.formats.texts import Asked, as_texts
from motherlode.formats.values import label_name
from motherlode.labeling_config import medium_of
from motherlode.media import MEDIA, Media
from motherlode.paths import UnsafePath, check_path, fold
from motherlode.regions import Control, Region, Texts, from_json, texts_of
from motherlode.shapes import DEFAULT

BATCH = 500
MAX_LISTED = 1_000  # of each kind of thing a report names; the counts are of all


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
        _sweep_up(work)
        raise
    LabelImportPart.objects.filter(label_import=label_import).delete()
    report: dict[str, Any] = state["report"]
    return {**report, "schema": label_import.schema_name, "dataset": label_import.dataset or None}


def empty_report() -> dict[str, Any]:
    """A report of nothing."""
    return {
        "items": 0,
        "label_sets": 0,
        "regions": 0,
        "unchanged": 0,
        "clipped": [],
        "left_out": [],
        "unlabelled": [],
        "notes": [],
        "skipped_human": [],
        "unknown_items": [],
        "classes_made": [],
        "counts": dict.fromkeys(("clipped", "left_out", "unlabelled", "notes", "skipped_human", "unknown_items"), 0),
    }


def _say(report: dict[str, Any], kind: str, what: Any) -> None:
    report["counts"][kind] += 1
    if len(report[kind]) < MAX_LISTED:
        report[kind].append(what)


def _say_problem(report: dict[str, Any], problem: Mapping[str, Any]) -> None:
    row = dict(problem)
    kinds = {"clipped": "clipped", "note": "notes", "unlabelled": "unlabelled"}
    kind = kinds.get(str(row.get("kind", "")), "left_out")
    _say(report, kind, row)


def _classes(work: jobs.Work, label_import: LabelImport, project: Project, caller: Caller) -> dict[str, Any]:
    """Finds every label, creates or extends the schema; a second worker finds it there."""
    labels: dict[str, dict[str, None]] = {}  # by the control that a line names
    kinds: set[str] = set()
    for part in _parts(label_import, 0):
        work.check()
        for _, row in lines_of(part.lines):
            regions = () if "problem" in row else row.get("regions") or ()
            if said := dict.fromkeys((region["label"], kind_in(region).task) for region in regions):
                named = labels.setdefault(row.get("control") or "", {})
                named |= dict.fromkeys(label_name(label) for label, _ in said)
                kinds |= {task for _, task in said}
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
        state = {"phase": "stage", "part": -1, "line": 0, "done": 0, "report": report}
        work.save_state(state)
    return state


@dataclass
class _Lines:
    """The digests of lines that came in whole: by the item of a new label set, by the old one that says the same."""

    new: dict[int, str] = field(default_factory=dict)
    old: dict[int, str] = field(default_factory=dict)


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
    revision = latest(schema)
    for part in _parts(label_import, state["part"]):
        rows = list(lines_of(part.lines))
        start = state["line"] if part.number == state["part"] else 0
        while start < len(rows):
            batch = [row for _, row in rows[start : start + BATCH]]
            start += len(batch)
            read_at, lines = timezone.now(), _Lines()
            prepared = _prepare(label_import, schema, revision, batch, state["report"], lines)
            state |= {"part": part.number, "line": start, "done": state["done"] + len(batch)}
            with work.fenced():
                bulk.insert(
                    LabelSet,
                    ["uuid", "item_id", "answers", "regions", "relations", "digest"],
                    [(uuid4(), item.pk, *texts, texts.digest) for item, texts in prepared],
                    same={
                        "schema_id": schema.pk,
                        "schema_revision_id": revision.pk,
                        "source": LabelSet.Source.IMPORT,
                        "job_id": work.job.pk,
                        "staged_by_id": work.job.pk,
                        "created_by_id": label_import.created_by_id,
                    },
                )
                remember(revision, read_at, staged_by=work.job, new=lines.new)
                renew(revision, read_at, lines.old)
                work.save_state(state)
            work.step("batch")
            work.progress(state["done"], total, "Reading labels")


def _parts(label_import: LabelImport, first: int) -> Iterator[LabelImportPart]:
    """The parts from ``first`` on, one in memory at a time.

    Each by a query of its own: a cursor left open over them would hold an old snapshot, from which SQLite lets nobody
    write once another connection has.
    """
    for key in list(label_import.parts.filter(number__gte=first).values_list("pk", flat=True)):
        yield LabelImportPart.objects.get(pk=key)


def _prepare(
    label_import: LabelImport,
    schema: Schema,
    revision: SchemaRevision,
    batch: Sequence[Mapping[str, Any]],
    report: dict[str, Any],
    lines: _Lines,
) -> list[tuple[Item, Texts]]:
    """The label sets of a batch as (item, what it says); what is left out goes into the report."""
    controls = rules_of(revision.controls).asked
    of_any = Asked(controls)
    by_name = {"": controls, **{control.name: (control,) for control in controls}}
    medium = MEDIA[medium_of(revision.config)]
    records = []
    digests: dict[str, str] = {}
    for row in batch:
        if "problem" in row:
            _say_problem(report, row["problem"])
        else:
            records.append(Record.from_json(row))
            digests.setdefault(records[-1].path, digest_in(row))
    items = _items(label_import.project, [record.path for record in records])
    used = ids_used(items.values())
    there = current(schema, items.values()) if used else {}
    outgrown = _outgrown(there.values()) if there else set()
    prepared: list[tuple[Item, Texts]] = []
    staged = LabelSet.objects.filter(among("item", (item.pk for item in items.values())), staged_by=label_import.job)
    seen = set(staged.values_list("item_id", flat=True))
    for record in records:
        item = items.get(_fold(record.path))
        if item is None:
            _say(report, "unknown_items", record.path)
            continue
        if item.pk in seen:
            _say_problem(report, _twice(record))
            continue
        seen.add(item.pk)
        if not record.labelled:
            continue
        report["items"] += 1
        if item.kind != medium.kind:
            _say_problem(report, _other_medium(record, item, medium, schema))
            continue
        drafts, problems = settle(record, item.media, item.orientation)
        answers = by_name.get(record.control)
        if answers is None:
            _say_problem(report, _no_control(record, schema, controls))
            continue
        asked = Asked(answers) if record.control else of_any
        if retired := next((one for one in drafts if asked[one.kind, one.label] is None), None):
            _say_problem(report, _retired(record, retired, schema))
            continue
        if not record.comes_in(len(drafts)):
            problems.append(record.left_unlabelled(len(drafts)))
        for problem in problems:
            _say_problem(report, problem.as_json())
        if not record.comes_in(len(drafts)):
            continue
        held = there.get(item.pk)
        digest = "" if problems else digests[record.path]  # what is to be said of it is said each time
        if item.pk in used or held is not None:
            before, others = _beside(held, answers[0] if record.control else None)
            regions = [*_regions(item, drafts, answers, before, used.get(item.pk)), *others]
            texts = texts_of(regions, still_linked(_links(held), regions))
        else:
            regions, texts = [], as_texts(item.path, drafts, asked)
        if held is not None and held.pk not in outgrown and _same(held, regions):
            report["unchanged"] += 1
            if digest and held.source == LabelSet.Source.IMPORT:
                lines.old[held.pk] = digest
        elif held is not None and held.source != LabelSet.Source.IMPORT and not label_import.replace:
            _say(report, "skipped_human", item.path)
        else:
            report["label_sets"] += 1
            report["regions"] += len(drafts)
            _say_unlinked(report, record, held, regions)
            if digest:
                lines.new[item.pk] = digest
            prepared.append((item, texts))
    return prepared


def _regions(
    item: Item,
    drafts: Sequence[Draft],
    answers: Sequence[Control],
    before: Sequence[Mapping[str, Any]],
    used: Collection[str] | None,
) -> list[Region]:
    """The drafts as regions, with the ids of those of ``before`` that they are, and else none that was ``used``."""
    regions = as_regions(item.path, drafts, answers)
    return regions if used is None else with_kept_ids(item.path, regions, before, used)


def _beside(held: LabelSet | None, control: Control | None) -> tuple[list[dict[str, Any]], list[Region]]:
    """What a label set says that an import replaces, and what stays beside it: where it speaks of one ``control``
    alone, what is said under the others."""
    said = held.said if held is not None else []
    if control is None:
        return said, []
    classes = set(control.class_ids.values())
    # rows of before format 1 name no control
    mine = [row["control"] == control.name if row.get("control") else row["class_id"] in classes for row in said]
    return list(compress(said, mine)), [from_json(row) for row, own in zip(said, mine, strict=True) if not own]


def _same(held: LabelSet, regions: Sequence[Region]) -> bool:
    """Whether a label set says just this; in what order a file names the regions says nothing."""
    return sorted(held.said, key=itemgetter("id")) == [
        region.as_json() for region in sorted(regions, key=attrgetter("id"))
    ]


def _outgrown(held: Iterable[LabelSet]) -> set[int]:
    """The keys of those made for a picture of another size."""
    rows = LabelSet.objects.filter(among("pk", (row.pk for row in held))).outgrown()
    return set(rows.values_list("pk", flat=True))


def _links(held: LabelSet | None) -> list[dict[str, Any]]:
    return held.relations if held is not None else []


def _say_unlinked(report: dict[str, Any], record: Record, held: LabelSet | None, regions: Sequence[Region]) -> None:
    """A note of the relations that an import ends, since a region at one of their ends is gone."""
    kept = still_linked(_links(held), regions)
    gone = [row["id"] for row in _links(held) if row not in kept]
    if not gone:
        return
    many = "1 relation is" if len(gone) == 1 else f"{len(gone):,} relations are"
    what = f"{many} gone from {record.path} with a region at one end ({', '.join(gone[:3])})"
    problem = Problem("note", record.source, "", what, "The label set before this import has them", record.path)
    _say_problem(report, problem.as_json())


def _twice(record: Record) -> dict[str, str]:
    return Problem(
        "duplicate", record.source, "", f"labels {record.path} a second time", "The first labels count", record.path
    ).as_json()


def _other_medium(record: Record, item: Item, medium: type[Media], schema: Schema) -> dict[str, str]:
    what = f"{item.path} is {item.media.one}, and the schema {schema.name!r} asks about {medium.plural}"
    remedy = f"It stays as it is; import its labels under a schema of {item.media.plural}"
    return Problem("unknown", record.source, "", what, remedy, record.path).as_json()


def _no_control(record: Record, schema: Schema, controls: Sequence[Control]) -> dict[str, str]:
    known = ", ".join(control.name for control in controls)
    what = f"the schema {schema.name!r} has no control {record.control!r}; it has {known}"
    remedy = "The item stays as it is; name one of these and import again"
    return Problem("unknown", record.source, "", what, remedy, record.path).as_json()


def _retired(record: Record, draft: Draft, schema: Schema) -> dict[str, str]:
    """Somebody took a label out of the schema after the import had found it there."""
    return Problem(
        "unknown",
        record.source,
        draft.row,
        f"the schema {schema.name!r} has no label {draft.label!r} any more, so {record.path} stays as it is",
        "Put the label back and import again",
        record.path,
    ).as_json()


def _fold(path: str) -> str:
    try:
        return fold(check_path(path))
    except UnsafePath:
        return path


def _items(project: Project, paths: Sequence[str]) -> dict[str, Item]:
    folded = [_fold(path) for path in paths]
    found = Item.objects.live().filter(among("path_fold", folded), project=project)
    found = found.defer("uuid", "created_at", "metadata")
    return {item.path_fold: item for item in found}


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
                _say(report, "skipped_human", path)
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


def _sweep_up(work: jobs.Work) -> None:
    """What was staged by a job that was cancelled or failed goes, in batches; it can start again from its parts."""
    while True:
        with work.fenced():
            keys = list(LabelSet.objects.filter(staged_by=work.job).values_list("pk", flat=True)[:BATCH])
            LabelSet.objects.filter(pk__in=keys).delete()
            if not keys:
                work.save_state({})
                return
