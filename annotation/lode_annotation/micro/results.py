"""What the questions of a queue came to: counts by class, people, and each question with its votes."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Prefetch

from lode_annotation.micro.certainty import reliability
from lode_annotation.models import MicroTask, Queue, Task, TaskQuerySet, Vote
from lode_annotation.statements import micro_tasks as statements
from lode_platform.errors import BadInput
from lode_platform.models import User

OPEN, WITHDRAWN = "open", "withdrawn"
OUTCOMES = (*Vote.Outcome.values, WITHDRAWN, OPEN)
"""What a question may have come to, and that it is still asked."""
NO_CLASS = "-"
BATCH = 500


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The questions about a class (of the id None: about whole items) by what they came to."""

    class_id: int | None
    name: str
    counts: Mapping[str, int]

    @property
    def asked(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def share(self) -> float | None:
        """Of those that were answered with yes or no, how many with yes; None where none was."""
        decided = self.counts["yes"] + self.counts["no"]
        return self.counts["yes"] / decided if decided else None

    @property
    def key(self) -> str:
        """As the filter of the list writes it."""
        return NO_CLASS if self.class_id is None else str(self.class_id)


@dataclass(frozen=True, slots=True)
class Voter:
    """A person's votes by answer, how long one took on average in seconds, and how often they said what most of the
    others did, of how many of their last votes that could be judged by these."""

    user: User
    counts: Mapping[str, int]
    seconds: float
    agreed: int
    judged: int

    @property
    def votes(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def reliability(self) -> float:
        """The chance that the person is right, as the stopping rule takes it."""
        return reliability(self.agreed, self.judged)


def by_class(queue: Queue) -> list[ClassResult]:
    """The questions by class and what they came to, in the order of the classes' ids."""
    names = queue.schema_revision.class_names
    asked = MicroTask.objects.filter(queue=queue).order_by()
    total = dict(asked.values_list("class_id").annotate(n=Count("pk")))
    gone = asked.filter(task__queue=queue, task__state=Task.State.SKIPPED)
    withdrawn = dict(gone.values_list("class_id").annotate(n=Count("pk")))
    decided: dict[int | None, Counter[str]] = {}
    votes = Vote.objects.filter(queue=queue, undone=False).exclude(outcome="").order_by()
    for class_id, outcome, count in votes.values_list("class_id", "outcome").annotate(n=Count("pk")):
        decided.setdefault(class_id, Counter())[outcome] = count
    found = []
    for class_id in sorted(total, key=lambda number: (number is None, number or 0)):
        counts = {outcome: decided.get(class_id, Counter())[outcome] for outcome in Vote.Outcome.values}
        counts[WITHDRAWN] = withdrawn.get(class_id, 0)
        counts[OPEN] = max(0, total[class_id] - sum(counts.values()))
        found.append(ClassResult(class_id, names.get(class_id or 0, ""), counts))
    return found


def totals(classes: Sequence[ClassResult]) -> dict[str, int]:
    """All questions by what they came to."""
    return {outcome: sum(row.counts[outcome] for row in classes) for outcome in OUTCOMES}


def voters(queue: Queue, only: User | None = None) -> list[Voter]:
    """Who has voted in the queue, those with the most votes first; with ``only`` that person alone."""
    votes = Vote.objects.filter(queue=queue, undone=False).order_by()
    if only is not None:
        votes = votes.filter(user=only)
    counts: dict[int, Counter[str]] = {}
    seconds: dict[int, float] = {}
    for user, answer, count, average in votes.values_list("user", "answer").annotate(n=Count("pk"), s=Avg("seconds")):
        counts.setdefault(user, Counter())[answer] = count
        seconds[user] = seconds.get(user, 0.0) + count * (average or 0)
    people, tracks = User.objects.in_bulk(counts), statements.tracks(queue.pk, list(counts))
    rows = [
        Voter(people[user], of_user, seconds[user] / of_user.total(), *tracks[user]) for user, of_user in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.votes, row.user.username))


# -- each question -----------------------------------------------------------------------------------------------------


def questions(queue: Queue, given: Mapping[str, str]) -> TaskQuerySet:
    """The queue's questions that fit: ``outcome`` (one of `OUTCOMES`), ``class`` (an id, "-" for those about whole
    items), ``q`` (a part of the item's path)."""
    rows = Task.objects.filter(queue=queue, micro__isnull=False)
    if outcome := given.get("outcome"):
        if outcome not in OUTCOMES:
            raise BadInput(f"{outcome!r} is not a valid outcome; there are {', '.join(OUTCOMES)}.", field="outcome")
        if outcome in (OPEN, WITHDRAWN):
            rows = rows.filter(state=Task.State.OPEN if outcome == OPEN else Task.State.SKIPPED)
        else:
            decided = Vote.objects.filter(task=OuterRef("pk"), undone=False, outcome=outcome)
            rows = rows.filter(Exists(decided), state=Task.State.DONE)
    if number := given.get("class"):
        if number != NO_CLASS and (not number.isascii() or not number.isdigit() or len(number) > 9):
            raise BadInput("class is the id of a class, or - for questions about whole items.", field="class")
        rows = rows.filter(micro__class_id=None if number == NO_CLASS else int(number))
    if part := given.get("q"):
        rows = rows.filter(item__path__icontains=part)
    return rows.order_by("number")


def with_votes(rows: TaskQuerySet) -> TaskQuerySet:
    """Questions with what a list shows of them: a fixed number of queries however many there are."""
    votes = Vote.objects.filter(undone=False).select_related("user").order_by("number")
    return rows.select_related("item", "queue", "micro").prefetch_related(Prefetch("votes", queryset=votes))


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of `with_votes` and what it has come to; ``counts`` is empty while it is asked and the reader may not
    know how others voted."""

    task: Task
    outcome: str
    counts: Mapping[str, int]
    votes: Sequence[Vote]

    @property
    def micro(self) -> MicroTask:
        return self.task.micro


def answered(task: Task, *, sees_open: bool) -> Answered:
    """A question of `with_votes`; ``sees_open``: also how people have voted on one that is still asked."""
    votes = list(task.votes.all())
    outcome = next((vote.outcome for vote in votes if vote.outcome), "")
    if not outcome:
        outcome = OPEN if task.state == Task.State.OPEN else WITHDRAWN
    if outcome == OPEN and not sees_open:
        return Answered(task, outcome, {}, ())
    counts = Counter(vote.answer for vote in votes)
    return Answered(task, outcome, {answer: counts[answer] for answer in ("yes", "no", "unsure")}, votes)


COLUMNS = (
    "task", "path", "item", "region", "class_id", "class", "question", "reason", "outcome",
    "yes", "no", "unsure", "decided_at", "withdrawn",
)  # fmt: skip


def csv_lines(queue: Queue, given: Mapping[str, str], *, sees_open: bool) -> Iterator[str]:
    """The questions as a table in CSV, the header first, a few hundred read at a time."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    names, last = queue.schema_revision.class_names, 0
    while batch := list(with_votes(questions(queue, given).filter(number__gt=last))[:BATCH]):
        for task in batch:
            row = answered(task, sees_open=sees_open)
            micro = row.micro
            values = (
                task.uuid,
                task.item.path,
                task.item.uuid,
                micro.region,
                "" if micro.class_id is None else micro.class_id,
                names.get(micro.class_id or 0, ""),
                micro.text,
                task.reason.get("text", ""),
                row.outcome,
                *(row.counts.get(answer, "") for answer in ("yes", "no", "unsure")),
                task.finished_at.isoformat() if task.finished_at else "",
                task.reason.get("withdrawn", ""),
            )
            yield writer.writerow([_cell(value) for value in values])
        last = batch[-1].number


class _Line:
    """What a CSV writer writes to: gives each line back."""

    def write(self, line: str) -> str:
        return line


def _cell(value: Any) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
