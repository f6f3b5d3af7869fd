"""How far people agree: figures for pages and REST, added up from the comparisons by a few statements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext as _

from lode_annotation.agreement import coefficients
from lode_annotation.agreement.coefficients import Sums
from lode_annotation.agreement.comparing import NOTHING
from lode_annotation.models import Comparison, Queue, Schema
from lode_annotation.rules import rules_of
from lode_annotation.schemas import latest
from lode_platform.models import Project
from motherlode.controls import Control
from motherlode.shapes import SHAPES

LEAST = 5
"""Comparisons of a class below which its ambiguity says nothing."""

Confusion = dict[tuple[int, int], float]


@dataclass(slots=True)
class Tally:
    """Comparisons added up, people's in the order in which the answers are kept."""

    confusion: Confusion = field(default_factory=lambda: defaultdict(float))
    weighted: Confusion = field(default_factory=lambda: defaultdict(float))
    iou: float = 0.0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    count: int = 0
    voices: set[int] = field(default_factory=set)

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes in a group of comparisons of as many ``voices``."""
        classes, count = (row["one_class"], row["two_class"]), row["n"]
        weight = 1 / max(1, row["voices"] - 1)
        self.count += count
        self.voices.add(row["voices"])
        self.iou += row["alike"]
        if row["difference"] is not None:
            for place, value in enumerate((count, row["value"], row["square"], row["difference"])):
                self.sums[place] += value * weight
        if classes == (NOTHING, NOTHING):
            return
        self.confusion[classes] += count
        if NOTHING not in classes:
            self.weighted[classes] += count * weight

    @property
    def matched(self) -> float:
        """How many regions, or labels, have a counterpart."""
        return sum(count for pair, count in self.confusion.items() if NOTHING not in pair)

    @property
    def f1(self) -> float | None:
        """The share of regions, or of labels, with a counterpart of the same class."""
        same = sum(count for (one, two), count in self.confusion.items() if one == two)
        return coefficients.f1(same, 2 * (self.matched - same) + self._alone, 0)

    @property
    def located(self) -> float | None:
        """The share of regions with a counterpart, whatever its class."""
        return coefficients.f1(self.matched, self._alone, 0)

    @property
    def _alone(self) -> float:
        return sum(count for pair, count in self.confusion.items() if NOTHING in pair)

    @property
    def mean_iou(self) -> float | None:
        """Of the regions with a counterpart."""
        return self.iou / self.matched if self.matched else None

    @property
    def alike(self) -> float | None:
        """How alike the answers are in the mean, of what has no classes and is not a number."""
        return self.iou / self.count if self.count else None

    @property
    def observed(self) -> float | None:
        """The share of comparisons in which both said the same."""
        total = sum(self.confusion.values())
        return sum(count for (one, two), count in self.confusion.items() if one == two) / total if total else None

    @property
    def cohen(self) -> float | None:
        """Cohen's kappa of the classes that both gave."""
        return coefficients.cohen(_matrix(self.confusion))

    @property
    def fleiss(self) -> float | None:
        """Fleiss' kappa, where each task has as many answers."""
        return coefficients.fleiss_of_pairs(_matrix(self.confusion)) if len(self.voices) == 1 else None

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha: of numbers if there are any, else of the classes that both gave."""
        if self.sums[0]:
            return coefficients.alpha_interval(Sums(*self.sums))
        matrix = _matrix(self.weighted)
        return coefficients.alpha_nominal(matrix + matrix.T) if matrix.size else None


def _matrix(confusion: Mapping[tuple[int, int], float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Of the classes that both gave."""
    pairs = {pair: count for pair, count in confusion.items() if NOTHING not in pair}
    places = {class_id: place for place, class_id in enumerate(sorted({one for pair in pairs for one in pair}))}
    matrix = np.zeros((len(places), len(places)))
    for (one, two), count in pairs.items():
        matrix[places[one], places[two]] += count
    return matrix


@dataclass(frozen=True, slots=True)
class Question:
    """A control of a schema whose answers are compared. ``measure`` is what one number says of two people."""

    schema: Schema
    control: Control
    names: Mapping[int, str]

    @property
    def measure(self) -> str:
        """``f1`` of regions and of labels, ``kappa`` of one class, ``alpha`` of numbers, ``alike`` of other answers."""
        shape = SHAPES[self.control.kind]
        if shape.whole and not shape.labelled:
            return "alpha" if shape.numeric else "alike"
        return "kappa" if shape.whole and self.control.single else "f1"

    @property
    def is_of_regions(self) -> bool:
        """Whether its answers are places in the item."""
        return not SHAPES[self.control.kind].whole

    def of(self, tally: Tally) -> float | None:
        """The number that says how far two people, or one and the labels, agree."""
        if self.measure == "kappa":
            return tally.cohen if tally.cohen is not None else tally.observed
        return self.of_all(tally)

    def of_all(self, tally: Tally) -> float | None:
        """As ``of``, of everybody."""
        if self.measure == "alike":
            return tally.alike
        return tally.f1 if self.measure == "f1" else tally.alpha


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A class on which people differ: in which share of the comparisons that name it, and with what most."""

    class_id: int
    name: str
    share: float
    count: int
    mostly: int
    differ: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How far people agree under a question: in all, pair by pair by the people's keys, each with the labels, by week
    (its Monday)."""

    question: Question
    tasks: int
    total: Tally
    pairs: Mapping[tuple[int, int], Tally]
    labels: Mapping[int, Tally]
    weeks: Sequence[tuple[date, Tally]]

    @property
    def both_ways(self) -> Confusion:
        """What two people said of the same things, the order of the two aside: each pair of classes both ways round."""
        found: Confusion = defaultdict(float)
        for (one, two), count in self.total.confusion.items():
            found[one, two] += count
            if one != two:
                found[two, one] += count
        return found

    @property
    def ambiguous(self) -> list[Ambiguous]:
        """The classes on which people differ most, of those that were compared at least ``LEAST`` times."""
        confusion = self.total.confusion
        found = []
        for class_id, name in self.question.names.items():
            share = coefficients.ambiguity(confusion, class_id)
            with_it = {pair: count for pair, count in confusion.items() if class_id in pair}
            total = int(sum(with_it.values()))
            others: Counter[int] = Counter()
            for (one, two), count in with_it.items():
                if one != two:
                    others[two if one == class_id else one] += int(count)
            if not share or total < LEAST:
                continue
            [(mostly, _count)] = others.most_common(1)
            found.append(Ambiguous(class_id, name, share, total, mostly, sum(others.values())))
        return sorted(found, key=lambda one: (-one.share, one.class_id))


def comparisons(project: Project, queue: Queue | None = None) -> "QuerySet[Comparison]":
    """The project's comparisons, or those of one queue."""
    if queue is not None:
        return Comparison.objects.filter(queue=queue)
    return Comparison.objects.filter(queue__in=Queue.objects.filter(project=project))


def questions(project: Project, queue: Queue | None = None) -> list[tuple[Question, int]]:
    """The questions whose answers were compared, with how many comparisons each has, the most first."""
    rows = comparisons(project, queue).order_by().values_list("queue__schema_revision__schema", "control")
    found = []
    schemas = Schema.objects.in_bulk([schema for schema, _control in rows.distinct()])
    for schema, name, count in rows.annotate(n=Count("pk")):
        revision = latest(schemas[schema])
        control = rules_of(revision.controls).by_name.get(name)
        if control is not None:
            own = {int(row["id"]): str(row["name"]) for row in revision.classes if row["control"] == name}
            found.append((Question(schemas[schema], control, own), count))
    return sorted(found, key=lambda row: -row[1])


_SUMS = {
    "n": Sum("count"),
    "alike": Sum("iou"),
    "value": Sum(F("one_value") + F("two_value")),
    "square": Sum(F("one_value") * F("one_value") + F("two_value") * F("two_value")),
    "difference": Sum((F("one_value") - F("two_value")) * (F("one_value") - F("two_value"))),
}
_CELL = ("one_class", "two_class", "voices")


def of_question(question: Question, rows: "QuerySet[Comparison]") -> "QuerySet[Comparison]":
    """The comparisons among ``rows`` under the question."""
    return rows.filter(control=question.control.name, queue__schema_revision__schema=question.schema).order_by()


def figures(question: Question, rows: "QuerySet[Comparison]") -> Figures:
    """Adds up the comparisons of ``rows`` under the question: three statements."""
    own = of_question(question, rows)
    people = own.filter(two__isnull=False)
    total = Tally()
    pairs: defaultdict[tuple[int, int], Tally] = defaultdict(Tally)
    labels: defaultdict[int, Tally] = defaultdict(Tally)
    for row in own.values("one", "two", *_CELL).annotate(**_SUMS):
        if row["two"] is None:
            labels[row["one"]].add(row)
        else:
            total.add(row)
            pairs[row["one"], row["two"]].add(row)
    return Figures(
        question=question,
        tasks=people.aggregate(n=Count("task", distinct=True))["n"],
        total=total,
        pairs=dict(pairs),
        labels=dict(labels),
        weeks=by_week(people),
    )


def by_week(rows: "QuerySet[Comparison]") -> list[tuple[date, Tally]]:
    """The comparisons by the week of the last answer, the earliest first."""
    weeks: defaultdict[date, Tally] = defaultdict(Tally)
    for row in rows.annotate(week=TruncWeek("answered_at")).values("week", *_CELL).annotate(**_SUMS):
        weeks[row["week"].date()].add(row)
    return sorted(weeks.items())


def in_words(question: Question, class_id: int) -> str:
    """The name of a class, or of saying nothing."""
    if class_id == NOTHING:
        return _("nothing") if not question.is_of_regions else _("no region")
    return question.names.get(class_id, str(class_id))


def people_in(found: Iterable[Figures]) -> set[int]:
    """The keys of all people who were compared."""
    return {key for each in found for key in [*each.labels, *(one for pair in each.pairs for one in pair)]}
