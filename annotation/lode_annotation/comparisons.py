"""Compares the answers of several people, and with the labels that they came to, in the background.

An answer marks its task (``Task.to_compare``) by a statement that it sends anyway; a job compares the marked tasks of a
project some hundred at a time and keeps what it counted, so that a page adds numbers and reads no answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from lode_annotation import estimates
from lode_annotation.agreement.comparing import Cell, compared
from lode_annotation.agreement.matching import scale_of
from lode_annotation.merging import by_id
from lode_annotation.models import (
    Annotation,
    AnnotationRevision,
    Comparison,
    ConfusionEstimate,
    Honeypot,
    LabelSet,
    SchemaRevision,
    Task,
)
from lode_annotation.rules import Rules, rules_of
from lode_platform import bulk, jobs, tidy
from lode_platform.models import Job, Project, User
from motherlode.regions import BadRegion, Region, from_json, from_result
from motherlode.relations import is_relation

VERB = "annotation.compare"
BATCH = 200
COLUMNS = (
    "task_id",
    "queue_id",
    "control",
    "one_id",
    "two_id",
    "one_class",
    "two_class",
    "count",
    "iou",
    "one_value",
    "two_value",
    "voices",
    "answered_at",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A person's answer to a task, read."""

    user_id: int
    at: datetime
    regions: Sequence[Region]


def marked(project: Project) -> int:
    """How many tasks of the project are still to be compared."""
    return Task.objects.filter(queue__project=project, to_compare=True).count()


def begin(project: Project, user: User | None) -> Job | None:
    """The job that compares what is marked: the one that is going on, a new one, or None where nothing is marked."""
    going_on = Job.objects.filter(verb=VERB, project=project, state__in=jobs.OPEN).first()
    if going_on is not None or not Task.objects.filter(queue__project=project, to_compare=True).exists():
        return going_on
    return jobs.enqueue(VERB, project=project, user=user, title=_("Compare answers"), arguments={})


@tidy.hourly
def begin_all() -> dict[str, int]:
    """Begins it in every project where answers are to be compared: once an hour."""
    keys = Task.objects.filter(to_compare=True).order_by().values("queue__project").distinct()
    begun = [begin(project, None) for project in Project.objects.filter(pk__in=keys)]
    return {"answers to compare": len([job for job in begun if job is not None])}


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """Compares the marked tasks of the job's project; one that is answered meanwhile is marked again."""
    project = work.job.project
    rows = Task.objects.filter(queue__project=project, to_compare=True)
    total, done = rows.count(), 0
    while True:
        work.progress(done, max(total, done), _("Comparing answers"))
        with work.fenced():
            keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
            # first, so that an answer that comes now waits for this transaction, and marks its task after it
            Task.objects.filter(pk__in=keys).update(to_compare=False)
            Comparison.objects.filter(task__in=keys).delete()
            bulk.insert(Comparison, COLUMNS, _rows(keys))
        done += len(keys)
        work.step("batch")
        if len(keys) < BATCH:
            break
    made = estimates.changed(project) if project is not None else []
    with work.fenced():
        ConfusionEstimate.objects.bulk_create(made)
    return {"tasks": done, "estimates": len(made)}


def _rows(keys: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of the tasks with these keys."""
    tasks = Task.objects.filter(pk__in=keys).select_related("item", "queue__schema_revision").order_by("pk")
    reading = _Reading()
    answers = reading.answers(keys)
    truths = reading.truths(keys)
    for task in tasks:
        voices = answers.get(task.pk, [])
        if not voices:
            continue
        asked, merged = reading.words(task.queue.schema_revision)
        at = max(voice.at for voice in voices)
        scale = scale_of(task.item.media)
        gave = Counter(name for voice in voices for name in {each.control for each in voice.regions})
        for one, two in combinations(sorted(voices, key=lambda voice: voice.user_id), 2):
            for cell in compared(asked.asked, one.regions, two.regions, merged, scale):
                yield _row(task, cell, one.user_id, two.user_id, gave[cell.control], at)
        if task.pk in truths:
            for one in voices:
                for cell in compared(asked.asked, one.regions, truths[task.pk], merged, scale):
                    yield _row(task, cell, one.user_id, None, gave[cell.control], at)


def _row(task: Task, cell: Cell, one: int, two: int | None, voices: int, at: datetime) -> tuple[Any, ...]:
    values = cell.values or (None, None)
    return (
        task.pk,
        task.queue_id,
        cell.control,
        one,
        two,
        cell.one,
        cell.two,
        cell.count,
        cell.iou,
        *values,
        voices,
        at,
    )


class _Reading:
    """Reads answers and label sets of tasks, each schema revision once."""

    def __init__(self) -> None:
        self._rules: dict[int, Rules] = {}
        self._merged: dict[int, Mapping[int, int]] = {}

    def words(self, revision: SchemaRevision) -> tuple[Rules, Mapping[int, int]]:
        """What a queue's revision asks, and the merges of its schema's newest revision."""
        if revision.schema_id not in self._merged:
            newest = SchemaRevision.objects.filter(schema=revision.schema_id).order_by("-number")
            self._merged[revision.schema_id] = by_id(newest.values_list("merged", flat=True)[0])
        return self._under(revision), self._merged[revision.schema_id]

    def _under(self, revision: SchemaRevision) -> Rules:
        if revision.pk not in self._rules:
            self._rules[revision.pk] = rules_of(revision.controls)
        return self._rules[revision.pk]

    def answers(self, keys: Sequence[int]) -> dict[int, list[Said]]:
        """What each person said themselves of each task: a reviewer's fix of it is not theirs."""
        states = (Annotation.State.SUBMITTED, Annotation.State.ACCEPTED)
        rows = AnnotationRevision.objects.filter(
            annotation__task__in=keys, annotation__state__in=states, author=F("annotation__user")
        ).exclude(state=Annotation.State.SKIPPED)
        newest = {row.annotation_id: row for row in rows.order_by("number")}
        found: defaultdict[int, list[Said]] = defaultdict(list)
        owners = Annotation.objects.filter(pk__in=newest).select_related("schema_revision", "task__item")
        for annotation in owners:
            row = newest[annotation.pk]
            regions = _regions(row.result, annotation.task, self._under(annotation.schema_revision))
            if regions is not None:
                found[annotation.task_id].append(Said(annotation.user_id, row.created_at, regions))
        return found

    def truths(self, keys: Sequence[int]) -> dict[int, Sequence[Region]]:
        """What the answers to each task came to, by a consensus or a reviewer's word, and what honeypots are held
        against."""
        rows = LabelSet.objects.current().filter(annotation_revision__annotation__task__in=keys)
        found = rows.select_related("annotation_revision__annotation")
        known = Honeypot.objects.filter(task__in=keys, label_set__isnull=False).select_related("label_set")
        sets = [(row.annotation_revision.annotation.task_id, row) for row in found if row.annotation_revision]
        sets += [(row.task_id, row.label_set) for row in known if row.label_set]
        return {task: [from_json(one) for one in row.said] for task, row in sets}


def _regions(result: Sequence[Any], task: Task, rules: Rules) -> list[Region] | None:
    """What a stored result says; None where it does not fit the item any more."""
    drawn = [entry for entry in result if not is_relation(entry)]
    try:
        return from_result(drawn, task.item.media, rules.asked)
    except BadRegion:
        return None
