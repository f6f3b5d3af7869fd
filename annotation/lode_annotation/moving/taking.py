"""Takes tasks from elsewhere into a queue, part by part: each whole or not at all, and sent again it changes nothing.

An answer's uuid, and that of each save of it, derive from where it came from (version 5), so that a part that comes
again finds its own; what a person has changed here since (version 4) stays.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from django.db import transaction

from lode_annotation.import_batches import Known, items_by
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Review, Task
from lode_annotation.moving.holding import Held, held
from lode_annotation.moving.lines import read
from lode_annotation.moving.people import people
from lode_annotation.ordering import DEFAULT
from lode_annotation.plain_results import Plain
from lode_annotation.queues import refuse_micro, refuse_while_filling
from lode_annotation.ranking import rank_tasks
from lode_annotation.rules import Rules, rules_of
from lode_annotation.schemas import refuse_other_media
from lode_annotation.validation import problems_of
from lode_platform import access, bulk, events, free_json
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, TooLarge
from lode_platform.models import User
from motherlode import relations
from motherlode.label_studio.lines import Answer, TaskLine

MAX_LINES = 1_000
FROM_IMPORT = 5
"""The version of the uuids of what came in here; a client's own are random, of version 4."""


@dataclass
class Report:
    """What came in of a part, by kind, and what did not, and why."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, str]] = field(default_factory=list)

    def tell(self, kind: str, line: TaskLine, what: str, remedy: str) -> None:
        self.problems.append(
            {"kind": kind, "file": "", "row": f"task {line.origin.get('number', '')}".strip(), "what": what}
            | {"remedy": remedy, "item": line.path}
        )


class _Task(NamedTuple):
    """A task of the queue; ``new``: this part has brought it in, so that nothing was said of it before."""

    pk: int
    uuid: UUID
    item: int
    new: bool = False


@dataclass(slots=True)
class _Person:
    """All that one person said of a task, in order; the last is what counts."""

    task: _Task
    user: User
    answers: list[Answer]
    draft: Answer | None = None

    def operation(self, one: Answer) -> UUID:
        """What the save of an answer is known by."""
        return uuid5(self.task.uuid, f"{self.user.uuid} {one.number} {one.saved_at.isoformat()}")

    @property
    def last(self) -> Answer:
        return self.answers[-1]


def take(queue: Queue, caller: Caller, body: bytes) -> dict[str, Any]:
    """Takes a part: JSON lines, a task each (``moving.lines``). Gives ``{"counts", "problems"}``.

    Raises ``BadInput`` naming the line that cannot be read, ``TooLarge``; then nothing of the part is in.
    """
    access.require(caller, queue.project, "queue.manage")
    access.require(caller, queue.project, "labels.import")
    try:
        lines = list(read(body.decode()))
    except UnicodeDecodeError as error:
        raise BadInput(f"The part is not UTF-8: {error}", code="bad_task") from None
    if len(lines) > MAX_LINES:
        raise TooLarge(f"A part may have {MAX_LINES:,} tasks; send more, smaller parts.")
    report = Report()
    with transaction.atomic():
        _Taking(queue, caller.user, report).take(lines)
    return {"counts": dict(report.counts), "problems": report.problems}


class _Taking:
    """One part on its way in, in the caller's transaction."""

    def __init__(self, queue: Queue, user: User, report: Report) -> None:
        self.queue = Queue.objects.select_for_update().get(pk=queue.pk)
        refuse_micro(self.queue)
        refuse_while_filling(self.queue)
        self.revision = queue.schema_revision
        self.rules: Rules = rules_of(self.revision.controls)
        self.plain = Plain(self.rules)
        self.user = user
        self.report = report

    def take(self, lines: Sequence[TaskLine]) -> None:
        folded = [line.folded for line in lines]
        found = items_by(self.queue.project, folded)
        chosen: dict[int, TaskLine] = {}
        for line, path in zip(lines, folded, strict=True):
            item = found.get(path)
            if item is None:
                self.report.tell("unknown", line, "the project has no such item", "Bring it in and import again")
            elif item.pk in chosen:
                what = f"two tasks are of {line.path}"
                self.report.tell("duplicate", line, what, "The first one came in; give the other a file of its own")
            else:
                chosen[item.pk] = line
        refuse_other_media(self.revision.schema, [one for one in found.values() if one.pk in chosen])
        items = {one.pk: one for one in found.values()}
        tasks = self._tasks(chosen, items)
        said = self._people(tasks, chosen)
        new = self._answers(said)
        self._drafts(said)
        self._places(tasks, said)
        self._label_sets(chosen, said, new, items)

    def _tasks(self, chosen: Mapping[int, TaskLine], items: Mapping[int, Known]) -> dict[int, _Task]:
        """The task of each item; those that the queue has stay as they are."""
        wanted = Task.objects.filter(among("item", chosen), queue=self.queue).values_list("pk", "uuid", "item_id")
        there = {item: _Task(pk, uuid, item) for pk, uuid, item in wanted}
        new = {item: uuid4() for item in chosen if item not in there}
        rows = []
        for number, (item, uuid) in enumerate(new.items(), start=self.queue.size + 1):
            prelabels = self._usable(chosen[item].prelabels, items[item])
            rows.append((uuid, item, number, _text(prelabels), _text(chosen[item].origin)))
        same = {"queue_id": self.queue.pk, "reason": {}, "finished_at": None}
        bulk.insert(Task, ["uuid", "item_id", "number", "prelabels", "origin"], rows, same=same)
        Queue.objects.filter(pk=self.queue.pk).update(size=self.queue.size + len(new), **Queue.REFILLED)
        self.report.counts.update(tasks=len(new), tasks_there=len(there))
        for name, some in (("predictions", new), ("predictions_there", there)):
            self.report.counts[name] += sum(len(chosen[item].origin.get("predictions", ())) for item in some)
        self.report.counts["prelabels"] += sum(row[3] != "[]" for row in rows)
        if new:
            events.record(self.queue.project, self.user, "queue.add", self.queue, tasks=len(new))
            made = Task.objects.filter(among("item", new), queue=self.queue).values_list("item_id", "pk")
            there |= {item: _Task(pk, new[item], item, new=True) for item, pk in made}
        return there

    def _usable(self, prelabels: Sequence[Mapping[str, Any]], item: Known) -> list[Mapping[str, Any]]:
        """The pre-labels that the editor can show: those that break no rule, with no links between them."""
        regions = [one for one in prelabels if not relations.is_relation(one)]
        wrong = {one.region for one in problems_of(regions, item.media, self.rules)} if regions else set()
        return [one for at, one in enumerate(regions, 1) if one.get("id") not in wrong and f"#{at}" not in wrong]

    def _people(self, tasks: Mapping[int, _Task], chosen: Mapping[int, TaskLine]) -> list[_Person]:
        """Everybody's answers to each task, in the order in which they were saved; real ones after skips."""
        names = {one.by for line in chosen.values() for one in (*line.answers, *line.drafts)}
        names |= {review.by for line in chosen.values() for one in line.answers for review in one.reviews}
        self.people = {"": self.user, **people(self.queue.project, names - {""})}
        found: dict[tuple[int, int], _Person] = {}
        for item, line in chosen.items():
            for one in sorted(line.answers, key=lambda one: (one.ground_truth, not one.skipped, one.saved_at)):
                user = self.people[one.by]
                found.setdefault((item, user.pk), _Person(tasks[item], user, [])).answers.append(one)
            for one in sorted(line.drafts, key=lambda one: one.saved_at):
                user = self.people[one.by]
                found.setdefault((item, user.pk), _Person(tasks[item], user, [])).draft = one
        return list(found.values())

    # answers

    def _answers(self, said: Sequence[_Person]) -> dict[tuple[int, int], int]:
        """Writes the answers that are not here; the key of the newest revision of each that is new, by task and
        person."""
        before = [person for person in said if not person.task.new]
        wanted = Annotation.objects.filter(among("task", {person.task.pk for person in before}))
        there = {(row.task_id, row.user_id): row for row in wanted.defer("draft")}
        saves = self._saved(before)
        newest = self._newest(there.values())
        made, revisions = [], []
        for person in (one for one in said if one.answers):
            row = there.get((person.task.pk, person.user.pk))
            missing = [one for one in person.answers if person.task.new or person.operation(one) not in saves]
            self.report.counts["answers_there"] += len(person.answers) - len(missing)
            if row is not None and missing and row.revision and newest.get(row.pk, FROM_IMPORT) != FROM_IMPORT:
                self.report.counts["answers_kept"] += len(missing)
                continue
            if not missing:
                continue
            last = row.revision if row is not None else 0
            if row is None:
                made.append((uuid5(person.task.uuid, str(person.user.uuid)), person, len(missing)))
            else:
                Annotation.objects.filter(pk=row.pk).update(
                    revision=last + len(missing), state=self._state(person.last), updated_at=person.last.saved_at
                )
            revisions += [(person, one, last + at) for at, one in enumerate(missing, start=1)]
            self._count(missing)
        self._insert(made)
        return self._revise(revisions)

    def _saved(self, said: Sequence[_Person]) -> set[UUID]:
        operations = [person.operation(one) for person in said for one in person.answers]
        rows = AnnotationRevision.objects.filter(among("operation_id", operations))
        return set(rows.values_list("operation_id", flat=True))

    def _newest(self, rows: Iterable[Annotation]) -> dict[int, int]:
        """The version of the uuid of the newest save of each annotation, by its key."""
        saves = AnnotationRevision.objects.filter(among("annotation", [row.pk for row in rows])).order_by("number")
        return {key: operation.version or 0 for key, operation in saves.values_list("annotation_id", "operation_id")}

    def _state(self, one: Answer) -> str:
        if one.skipped:
            return Annotation.State.SKIPPED.value
        return Annotation.State.REJECTED.value if one.rejected else Annotation.State.ACCEPTED.value

    def _count(self, answers: Iterable[Answer]) -> None:
        counts = self.report.counts
        for one in answers:
            counts["skipped" if one.skipped else "answers"] += 1
            counts["ground_truths"] += one.ground_truth
            counts["reviews"] += len(one.reviews)
            counts["entries"] += len(one.result)

    def _insert(self, made: Sequence[tuple[UUID, _Person, int]]) -> None:
        bulk.insert(
            Annotation,
            ["uuid", "task_id", "user_id", "state", "revision", "created_at", "updated_at"],
            [
                (uuid, p.task.pk, p.user.pk, self._state(p.last), revision, p.answers[0].made_at, p.last.saved_at)
                for uuid, p, revision in made
            ],
            same={"schema_revision_id": self.revision.pk},
        )

    def _revise(self, revisions: Sequence[tuple[_Person, Answer, int]]) -> dict[tuple[int, int], int]:
        if not revisions:
            return {}
        wanted = Annotation.objects.filter(among("task", {person.task.pk for person, _, _ in revisions}))
        keys = {(task, user): key for task, user, key in wanted.values_list("task_id", "user_id", "pk")}
        rows = [
            (
                *(uuid4(), keys[person.task.pk, person.user.pk], number, person.operation(one), person.user.pk),
                *(self._state(one), _text(one.result), one.lead_time, one.saved_at),
            )
            for person, one, number in revisions
        ]
        columns = ["uuid", "annotation_id", "number", "operation_id", "author_id", "state", "result", "lead_time"]
        bulk.insert(AnnotationRevision, [*columns, "created_at"], rows)
        saved = AnnotationRevision.objects.filter(among("annotation", {row[1] for row in rows}))
        saves = {(key, number): save for key, number, save in saved.values_list("annotation_id", "number", "pk")}
        numbers = [saves[row[1], row[2]] for row in rows]
        self._review(revisions, rows, numbers)
        return {
            (person.task.pk, person.user.pk): number for (person, _, _), number in zip(revisions, numbers, strict=True)
        }

    def _review(
        self,
        revisions: Sequence[tuple[_Person, Answer, int]],
        rows: Sequence[tuple[Any, ...]],
        numbers: Sequence[int],
    ) -> None:
        verdicts = {True: Review.Verdict.ACCEPT.value, False: Review.Verdict.REJECT.value}
        bulk.insert(
            Review,
            ["uuid", "annotation_id", "revision_id", "reviewer_id", "verdict", "comment", "operation_id", "created_at"],
            [
                (
                    *(uuid4(), row[1], number, self.people[one.by].pk, verdicts[one.accepted], one.comment),
                    *(uuid5(row[3], f"review {at}"), one.at),
                )
                for (_, answer, _), row, number in zip(revisions, rows, numbers, strict=True)
                for at, one in enumerate(answer.reviews)
            ],
        )

    def _drafts(self, said: Sequence[_Person]) -> None:
        """Unfinished work, where nobody has begun another here."""
        for person in said:
            draft = person.draft
            if draft is None:
                continue
            row, made = Annotation.objects.get_or_create(
                task_id=person.task.pk,
                user=person.user,
                defaults={
                    "uuid": uuid5(person.task.uuid, str(person.user.uuid)),
                    "schema_revision": self.revision,
                    "state": Annotation.State.DRAFT,
                    "revision": 0,
                },
            )
            if row.draft is None and (made or draft.saved_at > row.updated_at):
                base = row.revision or None
                values = {"draft": draft.result, "draft_at": draft.saved_at, "draft_base": base}
                Annotation.objects.filter(pk=row.pk).update(**values)
                self.report.counts["drafts"] += 1
            else:
                self.report.counts["drafts_there"] += 1

    # the task

    def _places(self, tasks: Mapping[int, _Task], said: Sequence[_Person]) -> None:
        """A place for each answer, closed, and an open one for each that is still missing; the task's state by them."""
        before = [task.pk for task in tasks.values() if not task.new]
        there = set(Lease.objects.filter(among("task", before)).values_list("task_id", flat=True))
        answered: dict[int, list[_Person]] = {}
        for person in said:
            if person.answers and not person.last.rejected:
                answered.setdefault(person.task.pk, []).append(person)
        rows, states = [], dict[str, list[int]]()
        for task in (one for one in tasks.values() if one.pk not in there):
            closed = answered.get(task.pk, [])
            users = [one.user.pk for one in closed]
            for place in range(max(self.queue.overlap, len(users))):
                taken = place < len(users)
                rows.append((task.pk, place, users[place] if taken else None, taken))
            if len(closed) >= self.queue.overlap:
                real = any(not one.last.skipped for one in closed)
                states.setdefault(Task.State.DONE if real else Task.State.SKIPPED, []).append(task.pk)
        same = {"queue_id": self.queue.pk, "rank": 0}
        bulk.insert(Lease, ["task_id", "place", "user_id", "closed"], rows, same=same)
        for state, done in states.items():
            Task.objects.filter(among("pk", done)).update(state=state)
        if self.queue.ordering != DEFAULT:
            rank_tasks(self.queue, [task.pk for task in tasks.values()])
        several = [task for task, people in answered.items() if len(people) > 1]
        Task.objects.filter(among("pk", several)).update(to_compare=True)

    def _label_sets(
        self,
        chosen: Mapping[int, TaskLine],
        said: Sequence[_Person],
        new: Mapping[tuple[int, int], int],
        items: Mapping[int, Known],
    ) -> None:
        """The one answer that is held to be true of each item: a ground truth, else the one that was saved last."""
        best: dict[int, _Person] = {}
        for person in said:
            if person.answers and not person.last.skipped and not person.last.rejected:
                other = best.get(person.task.item)
                if other is None or _weight(person.last) > _weight(other.last):
                    best[person.task.item] = person
        self._mark_ground_truths(said)
        current = LabelSet.objects.current().filter(among("item", best), schema=self.revision.schema)
        before = {row.item_id: row for row in current.select_related("annotation_revision").defer("regions", "answers")}
        retired, rows = [], []
        for item, person in best.items():
            revision = new.get((person.task.pk, person.user.pk))
            if revision is None:
                continue
            old = before.get(item)
            if old is not None and not _ours(old):
                self.report.counts["label_sets_kept"] += 1
                continue
            made = held(person.last.result, items[item].media, self.plain)
            self._say(chosen[item], made)
            if made.texts is None:
                continue
            if old is not None:
                retired.append(old.pk)
            rows.append((uuid4(), item, revision, *made.texts, made.texts.digest))
            self.report.counts["label_sets"] += 1
            self.report.counts["regions"] += made.regions
        LabelSet.objects.filter(among("pk", retired)).update(current=False)
        bulk.insert(
            LabelSet,
            ["uuid", "item_id", "annotation_revision_id", "answers", "regions", "relations", "digest"],
            rows,
            same={
                "schema_id": self.revision.schema_id,
                "schema_revision_id": self.revision.pk,
                "source": LabelSet.Source.ANNOTATION,
                "created_by_id": self.user.pk,
            },
        )

    def _mark_ground_truths(self, said: Sequence[_Person]) -> None:
        true = [person for person in said if person.answers and person.last.ground_truth]
        rows = Task.objects.filter(among("pk", [person.task.pk for person in true])).only("uuid", "origin")
        found = {task.pk: task for task in rows}
        for person in true:
            task = found[person.task.pk]
            uuid = str(uuid5(task.uuid, str(person.user.uuid)))
            if task.origin is not None and uuid not in task.origin.get("ground_truth", ()):
                task.origin = {**task.origin, "ground_truth": [*task.origin.get("ground_truth", ()), uuid]}
                task.save(update_fields=["origin"])

    def _say(self, line: TaskLine, made: Held) -> None:
        for what in made.cut:
            self.report.tell("clipped", line, what, "The answer stays as it is; the label set has it cut at the edge")
        for what in made.left_out:
            remedy = "The answer stays as it is; the label set goes without it"
            if made.texts is None:
                remedy = "The answer stays as it is; the item stays unlabelled until somebody mends it"
            self.report.tell("unreadable", line, what, remedy)


def _text(value: Any) -> str:
    """JSON text of what a line holds, which was looked at when it was read."""
    return free_json.dumps(value).decode()


def _weight(one: Answer) -> tuple[bool, Any]:
    return one.ground_truth, one.saved_at


def _ours(old: LabelSet) -> bool:
    """Whether a label set came from an import, so that a newer one may take its place."""
    saved = old.annotation_revision
    return old.source == LabelSet.Source.IMPORT or (saved is not None and saved.operation_id.version == FROM_IMPORT)
