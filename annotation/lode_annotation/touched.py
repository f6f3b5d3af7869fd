"""The dry run of a revision: what it would change, and what each change touches. Nothing is written."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast

from lode_annotation.classes import Renames
from lode_annotation.dry_run import Change, Found, Sought, Tally, changes
from lode_annotation.labeling_config import parse_config
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Queue, Schema, SchemaRevision, Task
from lode_annotation.proposals import Words, proposed
from lode_annotation.rules import Rules, rules_of
from lode_annotation.schemas import known_classes, latest, refuse_other_objects
from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.models import Item
from motherlode import relations
from motherlode.shapes import SHAPES

SAMPLES = 6
UNDER_WAY = (Annotation.State.DRAFT.value, Annotation.State.SUBMITTED.value, Annotation.State.REJECTED.value)


@dataclass(frozen=True, slots=True)
class Touched:
    """A change, and what it touches: current label sets of live items, the regions and answers in them (``objects``),
    answers under way by their state, and some of the items."""

    change: Change
    label_sets: int = 0
    objects: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    samples: Sequence[Item] = ()


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """A queue under the schema with tasks to do, and the revision that it asks under."""

    uuid: UUID
    name: str
    revision: int
    tasks: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a proposed revision would change against the newest one, ``revision``; ``migrates`` counts the label sets
    that a job would write again."""

    revision: int
    changes: Sequence[Touched]
    migrates: int
    queues: Sequence[OpenTasks]


def dry_run(
    schema: Schema,
    caller: Caller,
    *,
    config: str,
    renames: Renames | None = None,
    merges: Renames | None = None,
    splits: Renames | None = None,
) -> DryRun:
    """What the revision that ``schemas.revise`` would make of the same words changes and touches.

    Raises what that raises. As many statements whatever there is.
    """
    access.require(caller, schema.project, "schema.edit")
    parsed = parse_config(config)
    newest = latest(schema)
    refuse_other_objects(schema, newest, config)
    known = known_classes(schema)
    proposal = proposed(newest.controls, known, parsed, Words(renames or {}, merges or {}, splits or {}))
    planned = changes(newest.controls, known, proposal)
    found, migrates = _touched(schema, planned)
    return DryRun(newest.number, found, migrates, _open_tasks(schema))


def _touched(schema: Schema, planned: Sequence[Change]) -> tuple[list[Touched], int]:
    """What each change touches, and how many label sets the merges among them do."""
    touching = [change for change in planned if change.sought is not None]
    merging = tuple(change.class_id for change in touching if change.kind == "class_merged")
    *each, migrates = _tally(
        schema, [*(change.sought for change in touching if change.sought), Sought(class_ids=merging)]
    )
    found = dict(zip(touching, each, strict=True))
    items = Item.objects.select_related("blob").in_bulk({item for row in found.values() for item in row.items})
    answers = _answers(schema, touching)
    made = []
    for change in planned:
        row = found.get(change, Found())
        samples = [items[item] for item in row.items if item in items]
        made.append(Touched(change, row.label_sets, row.objects, answers.get(change, {}), samples))
    return made, migrates.label_sets


def _tally(schema: Schema, sought: Sequence[Sought]) -> list[Found]:
    """What each finds: one walk over the texts of the current label sets of live items, parsing none."""
    tally = Tally(sought, SAMPLES)
    if len(sought) > 1:
        live = {"item__trashed_at": None, "item__staged_by": None}
        rows = LabelSet.objects.current().filter(schema=schema, **live).order_by("item")
        texts = (Cast(column, TextField()) for column in ("regions", "relations", "answers"))
        for item, regions, links, answers in rows.values_list("item_id", *texts).iterator():
            tally.add(item, regions + links, answers)
    return tally.found


def _open_tasks(schema: Schema) -> list[OpenTasks]:
    rows = (
        Queue.objects.filter(schema_revision__schema=schema)
        .annotate(n=Count("tasks", filter=Q(tasks__state=Task.State.OPEN, tasks__item__trashed_at=None)))
        .filter(n__gt=0)
        .order_by("-n", "pk")
    )
    return [OpenTasks(*row) for row in rows.values_list("uuid", "name", "schema_revision__number", "n")]


# -- answers under way -------------------------------------------------------------------------------------------------


def _answers(schema: Schema, touching: Sequence[Change]) -> dict[Change, Counter[str]]:
    """How many answers under way each change touches, by their state."""
    found = {change: Counter[str]() for change in touching}
    if not touching:
        return found
    rules = {
        pk: rules_of(controls)
        for pk, controls in SchemaRevision.objects.filter(schema=schema).values_list("pk", "controls")
    }
    saved = AnnotationRevision.objects.filter(annotation=OuterRef("pk"), number=OuterRef("revision"))
    rows = (
        Annotation.objects.filter(Q(state__in=UNDER_WAY) | Q(draft__isnull=False), task__item__trashed_at=None)
        .filter(task__queue__schema_revision__schema=schema)
        .annotate(said=Subquery(saved.values("result")[:1]))
        .values_list("state", "schema_revision", "draft", "said")
        .order_by()
    )
    for state, revision, draft, said in rows.iterator(chunk_size=500):
        words = list(_words(draft if draft is not None else said or [], rules[revision]))
        for change in touching:
            if _is_touched(change, words):
                found[change][Annotation.State.DRAFT.value if draft is not None else state] += 1
    return found


def _words(result: Sequence[Any], rules: Rules) -> Iterator[tuple[str, Collection[int]]]:
    """Of each entry of a Label Studio result: the control that it answers and the ids of the classes that it names."""
    for entry in result:
        if relations.is_relation(entry) and rules.links:
            known = rules.links.class_ids
            yield rules.links.name, [known[label] for label in entry.get("labels") or () if label in known]
            continue
        control = rules.by_name.get(str(entry.get("from_name"))) if isinstance(entry, dict) else None
        if control is None:
            continue
        shape, value = SHAPES[control.kind], entry.get("value")
        said = value.get(shape.key) if isinstance(value, dict) and shape.labelled else None
        try:
            labels = shape.names(said) if isinstance(said, list) else []
        except (TypeError, ValueError):
            labels = []
        yield control.name, [control.class_ids[label] for label in labels if label in control.class_ids]


def _is_touched(change: Change, words: Sequence[tuple[str, Collection[int]]]) -> bool:
    if change.class_id:
        return any(change.class_id in classes for _, classes in words)
    own = [classes for control, classes in words if control == change.control]
    if change.kind == "control_required":
        return not own
    if change.kind == "control_single":
        return any(len(classes) > 1 for classes in own)
    return bool(own)
