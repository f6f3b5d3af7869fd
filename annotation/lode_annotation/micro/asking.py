"""Makes queues of micro-tasks and puts questions into them: named ones, or one for each label that a filter selects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from lode_annotation import queues, ranking
from lode_annotation.label_sets import current
from lode_annotation.micro.certainty import Stopping, still_needed
from lode_annotation.micro.subjects import key_of, subject_of
from lode_annotation.models import LabelSet, Lease, MicroTask, MicroTaskRule, Queue, Schema, Task
from lode_annotation.ordering import ORDERINGS
from lode_annotation.schemas import refuse_other_media
from lode_platform import access, events, table_statistics
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, ItemQuerySet, Project

BATCH = 500
MOST_VOTES = queues.MAX_OVERLAP
LABEL = "{label}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked of an item: about the region of that id, or a class, or with neither the whole item.

    The text is made from the queue's question and the name of the class (of the region's own, where none is named)
    unless there is a ``text``. ``reason`` is that of the task: where the question comes from.
    """

    item: Item
    region: str = ""
    class_id: int | None = None
    text: str = ""
    reason: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0


# -- the queue ---------------------------------------------------------------------------------------------------------


def create_queue(
    project: Project,
    caller: Caller,
    *,
    name: str,
    schema: Schema,
    question: str = "",
    min_votes: int = 2,
    max_votes: int = 5,
    error_limit: float = 0.05,
    corrections: Queue | None = None,
    **settings: Any,
) -> Queue:
    """Creates an open queue of micro-tasks about the labels that items have under ``schema``.

    ``question`` is its text, with ``{label}`` for the class. What the rest says, `MicroTaskRule` does; ``settings`` are
    those of any queue. Raises ``BadInput``, and ``Conflict`` when the name is taken.
    """
    text = " ".join((question or _("Is the label {label} right?")).split())
    if len(text) > 200:
        raise BadInput("A question has at most 200 characters.", field="question")
    rule = _rule(min_votes, max_votes, error_limit)
    if corrections is not None:
        _check_corrections(project, schema, corrections)
    with transaction.atomic():
        queue = queues.create_queue(
            project,
            caller,
            name=name,
            schema=schema,
            overlap=rule.max_votes,
            kind=Queue.Kind.MICRO.value,
            **settings,
        )
        MicroTaskRule.objects.create(
            queue=queue,
            question=text,
            min_votes=rule.min_votes,
            max_votes=rule.max_votes,
            error_limit=rule.error_limit,
            corrections=corrections,
        )
    return queue


def _rule(min_votes: int, max_votes: int, error_limit: float) -> Stopping:
    if not 1 <= max_votes <= MOST_VOTES:
        raise BadInput(f"A question is put to at least 1 and at most {MOST_VOTES} people.", field="max_votes")
    if not 1 <= min_votes <= max_votes:
        raise BadInput(f"min_votes must be 1 to max_votes, which is {max_votes}.", field="min_votes")
    if not 0.001 <= error_limit <= 0.4:
        raise BadInput("error_limit must be a chance from 0.001 to 0.4.", field="error_limit")
    return Stopping(min_votes, max_votes, error_limit)


def _check_corrections(project: Project, schema: Schema, corrections: Queue) -> None:
    if corrections.project_id != project.pk or corrections.kind != Queue.Kind.LABELING:
        raise BadInput("Corrections go to a queue of this project to label in.", field="corrections")
    if corrections.schema_revision.schema_id != schema.pk:
        words = f"The queue {corrections.name!r} has another schema; choose one with the schema {schema.name!r}."
        raise BadInput(words, field="corrections")


def change_corrections(queue: Queue, caller: Caller, corrections: Queue | None) -> None:
    """Chooses where items go whose question is answered with no from now on: None, they stay where they are."""
    access.require(caller, queue.project, "queue.manage")
    rule_of(queue)
    if corrections is not None:
        _check_corrections(queue.project, queue.schema_revision.schema, corrections)
    with transaction.atomic():
        MicroTaskRule.objects.filter(queue=queue).update(corrections=corrections)
        events.record(
            queue.project, caller.user, "queue.change", queue, corrections=corrections.name if corrections else ""
        )


def rule_of(queue: Queue) -> MicroTaskRule:
    """How a queue of micro-tasks asks. Raises ``Conflict`` (``other_kind``) for another queue."""
    found = MicroTaskRule.objects.select_related("corrections").filter(queue=queue).first()
    if found is None:
        raise Conflict(f"The queue {queue.name!r} has no micro-tasks: its items are labelled.", code="other_kind")
    return found


# -- questions ---------------------------------------------------------------------------------------------------------


def ask(queue: Queue, caller: Caller, questions: Sequence[Question]) -> int:
    """Puts questions into a queue of micro-tasks and returns how many were new; what it asks already is left as it is.

    Raises ``BadInput`` naming the question (``row``, from 1 on) and what is wrong with it: nothing is asked then.
    """
    access.require(caller, queue.project, "queue.manage")
    rule = rule_of(queue)
    for number, one in enumerate(questions, start=1):
        if one.item.project_id != queue.project_id:
            raise _bad(number, "item", f"{one.item.path} belongs to another project")
    refuse_other_media(queue.schema_revision.schema, [one.item for one in questions])
    with transaction.atomic():
        row = Queue.objects.select_for_update().get(pk=queue.pk)
        queues.refuse_while_filling(row)
        added = 0
        for start in range(0, len(questions), BATCH):
            added += write(row, rule, questions[start : start + BATCH], start)
        if added:
            events.record(queue.project, caller.user, "queue.add", queue, tasks=added)
    queue.size = row.size
    return added


def write(queue: Queue, rule: MicroTaskRule, questions: Sequence[Question], before: int = 0) -> int:
    """Writes some hundred questions, in the caller's transaction, which holds the queue; answers how many were new.
    ``before`` is how many came earlier in what was sent."""
    held = current(queue.schema_revision.schema, {one.item.pk for one in questions})
    names = queue.schema_revision.said_names
    wanted: dict[tuple[int, str], tuple[Task, MicroTask]] = {}
    for number, one in enumerate(questions, start=before + 1):
        task, micro = _made(queue, rule, one, held.get(one.item.pk), names, number)
        wanted.setdefault((one.item.pk, task.subject), (task, micro))
    there = set(
        Task.objects.filter(queue=queue, item__in=[item for item, _key in wanted]).values_list("item_id", "subject")
    )
    new = [pair for key, pair in wanted.items() if key not in there]
    for offset, (task, _micro) in enumerate(new, start=1):
        task.number = queue.size + offset
    Task.objects.bulk_create([task for task, _micro in new])
    for task, micro in new:
        micro.task = task
    MicroTask.objects.bulk_create([micro for _task, micro in new])
    needed = still_needed(Stopping(rule.min_votes, rule.max_votes, rule.error_limit), ())
    ordering = ORDERINGS[queue.ordering]
    Lease.objects.bulk_create(
        Lease(task=task, queue=queue, rank=ordering.rank(ranking.facts_of(task)), place=place, closed=place >= needed)
        for task, _micro in new
        for place in range(rule.max_votes)
    )
    Queue.objects.filter(pk=queue.pk).update(size=F("size") + len(new))
    queue.size += len(new)
    table_statistics.wrote(len(new), Task, Lease, MicroTask)
    return len(new)


def _made(
    queue: Queue, rule: MicroTaskRule, one: Question, held: LabelSet | None, names: Mapping[int, str], number: int
) -> tuple[Task, MicroTask]:
    regions, answers, digest = (held.regions, held.answers, held.digest) if held else ([], [], "")
    class_id = one.class_id
    if one.region:
        region = next((row for row in regions if row["id"] == one.region), None)
        if region is None:
            what = f"{one.item.path} has no region {one.region[:80]!r} in its current labels"
            raise _bad(number, "region", what)
        class_id = region.get("class_id") if class_id is None else class_id
    if class_id is not None and class_id not in names:
        raise _bad(number, "class_id", f"the schema {queue.schema_revision.schema.name!r} has no class {class_id}")
    text = one.text.strip() or rule.question
    if LABEL in text:
        if class_id is None:
            raise _bad(number, "text", f"{one.item.path}: a question about a whole item needs a text of its own")
        text = text.replace(LABEL, names[class_id])
    if len(text) > 300 or "\0" in text:
        raise _bad(number, "text", "a question has at most 300 characters, and no NUL")
    reason = dict(one.reason) or ({"text": queue.reason} if queue.reason else {})
    task = Task(
        queue=queue,
        item=one.item,
        subject=key_of(one.region, class_id, text),
        priority=one.priority,
        reason=reason,
    )
    subject = subject_of(one.region, class_id, regions, answers, digest)
    return task, MicroTask(
        queue=queue, label_set=held, region=one.region, class_id=class_id, subject=dict(subject), text=text
    )


def _bad(number: int, name: str, what: str) -> BadInput:
    return BadInput(f"Question {number}: {what}.", code="bad_question", field=name, row=number)


def about(schema: Schema, items: Iterable[Item], class_id: int | None, **facts: Any) -> Iterator[Question]:
    """A question about each region of the class in the items' current labels, and about each answer of it; of every
    class for None."""
    found = list(items)
    held = current(schema, [item.pk for item in found])
    for item in found:
        labels = held.get(item.pk)
        for row in labels.regions if labels else ():
            if row.get("class_id") and class_id in (None, row["class_id"]):
                yield Question(item, region=row["id"], **facts)
        said = {row["class_id"] for row in labels.answers if row.get("class_id")} if labels else set()
        for number in sorted(said):
            if class_id in (None, number):
                yield Question(item, class_id=number, **facts)


def class_of(queue: Queue, name: str | int) -> int | None:
    """The class of a name, or of an id, among those the queue's schema says of items; None for "". Raises
    ``BadInput``, also where several controls have a class of the name."""
    if name == "":
        return None
    names = queue.schema_revision.said_names
    fit = [number for number, known in names.items() if str(number) == str(name)]
    fit = fit or [number for number, known in names.items() if known == name]
    if len(fit) != 1:
        what = "several classes" if fit else "no class"
        raise BadInput(
            f"The schema {queue.schema_revision.schema.name!r} has {what} {str(name)[:80]!r}; name one by its id.",
            field="about",
        )
    return fit[0]


def ask_of(queue: Queue, rule: MicroTaskRule, items: ItemQuerySet, class_id: int | None, priority: int = 0) -> int:
    """Asks about the class in the labels of each of the items, in the caller's transaction, which holds the queue."""
    added = 0
    keys = list(items.order_by("path").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        batch = Item.objects.filter(pk__in=keys[start : start + BATCH]).order_by("path")
        asked = list(about(queue.schema_revision.schema, batch, class_id, priority=priority))
        for first in range(0, len(asked), BATCH):
            added += write(queue, rule, asked[first : first + BATCH])
    return added
