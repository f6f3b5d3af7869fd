"""The pages of agreement: how far people agree, on which classes they do not, and what a person did."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_annotation import agreement_figures as numbers
from lode_annotation import class_examples, comparisons
from lode_annotation.agreement.comparing import NOTHING
from lode_annotation.agreement_figures import Figures, Question, Tally, in_words
from lode_annotation.models import Annotation, AnnotationRevision, Comparison, Queue, Task
from lode_annotation.schemas import latest
from lode_platform import jobs
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.models import Job, Membership, Project, User
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

PAGE = 50
STEPS = 8
"""How many shades a cell may have."""
MOST_CLASSES = 24
MOST_AMBIGUOUS = 12


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix: what it says, what it opens, its shade from 1 to ``STEPS`` and its kind, and its words."""

    text: str
    url: str
    heat: int
    kind: str
    words: str


@dataclass(frozen=True)
class Row:
    """A row of a matrix: its name, what the name opens, and a cell for each column."""

    name: str
    url: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class Asked:
    """What the page is asked for: a project's comparisons, of one queue or all, under one question."""

    project: Project
    queue: Queue | None
    question: Question

    def opens(self, **more: Any) -> str:
        """The tasks of a cell."""
        given = {"question": key_of(self.question), **({"queue": self.queue.uuid} if self.queue else {}), **more}
        return f"{reverse('annotation:agreement_tasks', args=[self.project.name])}?{urlencode(given)}"


def key_of(question: Question) -> str:
    """A question in an address: its schema's name and its own."""
    return f"{question.schema.name}/{question.control.name}"


def _queue(request: HttpRequest, project: Project) -> Queue | None:
    given = request.GET.get("queue", "")
    if not given:
        return None
    try:
        return get_object_or_404(Queue, project=project, uuid=UUID(given))
    except ValueError:
        raise Http404 from None


def _chosen(request: HttpRequest, found: list[tuple[Question, int]]) -> Question | None:
    """The question that was asked for, else the one with the most comparisons."""
    given = request.GET.get("question", "")
    for question, _count in found:
        if given in ("", key_of(question)):
            return question
    if given and found:
        raise Http404
    return None


def agreement(request: HttpRequest, project: str) -> HttpResponse:
    """How far the people of a project agree; those who may not review see their own page."""
    member = member_of(Caller(signed_in(request)), project, "queue.label")
    if not permits(Caller(member.user), member.role, "annotation.review"):
        return redirect("annotation:person", member.project.name, member.user.username)
    queue = _queue(request, member.project)
    found = numbers.questions(member.project, queue)
    question = _chosen(request, found)
    rows = numbers.comparisons(member.project, queue)
    context: dict[str, Any] = {
        "project": member.project,
        "room": "agreement",
        "queue": queue,
        "queues": Queue.objects.filter(project=member.project)
        .filter(Q(overlap__gt=1) | Q(review=True))
        .order_by("name"),
        "questions": [(key_of(each), each) for each, _count in found],
        "chosen": key_of(question) if question else "",
        "marked": comparisons.marked(member.project),
        "job": Job.objects.filter(verb=comparisons.VERB, project=member.project, state__in=jobs.OPEN).first(),
    }
    if question is not None:
        asked = Asked(member.project, queue, question)
        context |= _figures(asked, numbers.figures(question, rows))
    return render(request, "annotation/agreement.html", context)


def _figures(asked: Asked, found: Figures) -> dict[str, Any]:
    question = asked.question
    people = {user.pk: user for user in User.objects.filter(pk__in=numbers.people_in([found])).order_by("username")}
    newest = latest(question.schema)
    guidelines = newest.guidelines.get(question.control.name, {})
    examples = class_examples.by_class(newest)
    ambiguous = [
        {
            "row": row,
            "mostly": in_words(question, row.mostly),
            "guideline": guidelines.get(row.name, ""),
            "examples": [class_examples.shown(one) for one in examples.get(row.class_id, [])],
            "url": asked.opens(one=row.class_id),
            "mostly_url": asked.opens(one=row.class_id, two=row.mostly),
        }
        for row in found.ambiguous[:MOST_AMBIGUOUS]
    ]
    return {
        "question": question,
        "figures": found,
        "everybody": question.of_all(found.total),
        "people": _people(asked, found, people),
        "names": [user.username for user in people.values()],
        "columns": [in_words(question, class_id) for class_id in _classes(found)],
        "classes": _confusion(asked, found),
        "ambiguous": ambiguous,
        "weeks": _weeks(question.of_all, found.weeks),
    }


def _weeks(measure: Any, weeks: Any) -> list[dict[str, Any]]:
    """The newest twelve weeks, each with its number and how many comparisons it is of."""
    return [{"week": week, "value": measure(tally), "count": tally.count} for week, tally in weeks[-12:]]


def _people(asked: Asked, found: Figures, people: dict[int, User]) -> list[Row]:
    """Each person with each other, and on the diagonal with the labels that the answers came to."""
    rows = []
    for one, user in people.items():
        cells: list[Cell | None] = []
        for two, other in people.items():
            tally = found.labels.get(one) if one == two else found.pairs.get((min(one, two), max(one, two)))
            cells.append(_agreed(asked, tally, user.username, "" if one == two else other.username))
        url = reverse("annotation:person", args=[asked.project.name, user.username])
        rows.append(Row(user.username, url, cells))
    return rows


def _agreed(asked: Asked, tally: Tally | None, who: str, other: str) -> Cell | None:
    value = None if tally is None else asked.question.of(tally)
    if tally is None or value is None:
        return None
    words = _("%(who)s with %(other)s: %(value)s of %(count)s comparisons") % {
        "who": who,
        "other": other or _("the labels"),
        "value": f"{value:.3f}",
        "count": tally.count,
    }
    given = {"who": who, "with": other} if other else {"who": who, "labels": 1}
    return Cell(f"{value:.2f}", asked.opens(**given), _shade(max(0.0, value)), "right" if other else "own", words)


def _shade(share: float) -> int:
    return max(1, min(STEPS, round(share * STEPS)))


def _classes(found: Figures) -> list[int]:
    """The classes of the matrix, those with most comparisons of different classes first to stay; nothing comes last."""
    apart: dict[int, float] = {}
    for (one, two), count in found.both_ways.items():
        for class_id in {one, two} - {NOTHING}:
            apart[class_id] = apart.get(class_id, 0) + (count if one != two else 0)
    kept = sorted(sorted(apart, key=lambda class_id: (-apart[class_id], class_id))[:MOST_CLASSES])
    return [*kept, *([NOTHING] if any(NOTHING in pair for pair in found.both_ways) else [])]


def _confusion(asked: Asked, found: Figures) -> list[Row]:
    counts, classes = found.both_ways, _classes(found)
    most = max((count for (one, two), count in counts.items() if one != two), default=1)
    most_same = max((count for (one, two), count in counts.items() if one == two), default=1)

    def cell(one: int, two: int) -> Cell | None:
        count = counts.get((one, two))
        if not count:
            return None
        names = {"one": in_words(asked.question, one), "two": in_words(asked.question, two), "count": int(count)}
        words = _("%(one)s by one, %(two)s by the other: %(count)s") % names
        share = (count / (most_same if one == two else most)) ** 0.5
        kind = "right" if one == two else "missed" if NOTHING in (one, two) else "wrong"
        return Cell(str(int(count)), asked.opens(one=one, two=two), _shade(share), kind, words)

    return [Row(in_words(asked.question, one), "", [cell(one, two) for two in classes]) for one in classes]


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Http404
    return int(given)


def agreement_tasks(request: HttpRequest, project: str) -> HttpResponse:
    """The tasks behind a cell: two classes, two people, or a person and the labels."""
    member = member_of(Caller(signed_in(request)), project, "queue.label")
    who = request.GET.get("who", "")
    if not permits(Caller(member.user), member.role, "annotation.review") and who != member.user.username:
        member_of(Caller(member.user), project, "annotation.review")
    queue = _queue(request, member.project)
    question = _chosen(request, numbers.questions(member.project, queue))
    if question is None:
        return redirect("annotation:agreement", member.project.name)
    one, two = _number(request, "one"), _number(request, "two")
    other = request.GET.get("with", "")
    rows = numbers.of_question(question, numbers.comparisons(member.project, queue))
    rows = _of_people(rows, who, other, labels="labels" in request.GET)
    rows = _of_classes(rows, one, two)
    found = rows.values("task").annotate(n=Sum("count"), at=Max("answered_at")).order_by("-at", "-task")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    tasks = Task.objects.select_related("item", "queue").in_bulk([row["task"] for row in page.object_list])
    context = {
        "project": member.project,
        "room": "agreement",
        "question": question,
        "queue": queue,
        "page": page,
        "rows": [{"task": tasks[row["task"]], "n": row["n"], "at": row["at"]} for row in page.object_list],
        "one": None if one is None else in_words(question, one),
        "two": None if two is None else in_words(question, two),
        "who": who,
        "other": other,
        "labels": "labels" in request.GET,
    }
    return render(request, "annotation/agreement_tasks.html", context)


def _of_people(rows: Any, who: str, other: str, *, labels: bool) -> Any:
    """Those of a person with the labels, or of two people, or of a person and anybody; else those of people."""
    if labels:
        return rows.filter(two=None, one__username=who)
    rows = rows.filter(two__isnull=False)
    for name in filter(None, (who, other)):
        rows = rows.filter(Q(one__username=name) | Q(two__username=name))
    return rows


def _of_classes(rows: Any, one: int | None, two: int | None) -> Any:
    """Those of the two classes, either way round; of a class alone those where the other one said something else."""
    if one is None:
        return rows
    if two is None:
        apart = ~Q(one_class=one, two_class=one)
        return rows.filter(Q(one_class=one) | Q(two_class=one)).filter(apart)
    return rows.filter(Q(one_class=one, two_class=two) | Q(one_class=two, two_class=one))


@require_POST
def compare(request: HttpRequest, project: str) -> HttpResponse:
    """Begins to compare the answers that were not compared yet."""
    member = member_of(Caller(signed_in(request)), project, "annotation.review")
    if comparisons.begin(member.project, member.user) is None:
        toast(request, _("All answers have been compared."))
    return redirect("annotation:agreement", member.project.name)


def person(request: HttpRequest, project: str, username: str) -> HttpResponse:
    """What a person answered, in what time, and how far it agrees with the labels. People see their own."""
    member = member_of(Caller(signed_in(request)), project, "queue.label")
    if username != member.user.username:
        member_of(Caller(member.user), project, "annotation.review")
    user = get_object_or_404(User, username=username)
    answers = Annotation.objects.filter(task__queue__project=member.project, user=user)
    if not answers.exists() and not Membership.objects.filter(project=member.project, user=user).exists():
        raise Http404
    rows = numbers.comparisons(member.project)
    agreed = []
    for question, _count in numbers.questions(member.project):
        own = numbers.of_question(question, rows.filter(one=user, two=None))
        weeks = numbers.by_week(own)
        if weeks:
            every = numbers.figures(question, own).labels[user.pk]
            asked = Asked(member.project, None, question)
            agreed.append(
                {
                    "question": question,
                    "value": question.of(every),
                    "count": every.count,
                    "iou": every.mean_iou if question.is_of_regions else None,
                    "url": asked.opens(who=user.username, labels=1),
                    "with": _agreed_with(question, own, user),
                    "weeks": _weeks(question.of, weeks),
                }
            )
    context = {
        "project": member.project,
        "room": "agreement",
        "who": user,
        "is_me": user == member.user,
        "may_review": permits(Caller(member.user), member.role, "annotation.review"),
        "may_manage": permits(Caller(member.user), member.role, "project.manage"),
        "agreed": agreed,
        **_work(member.project, user),
    }
    return render(request, "annotation/person.html", context)


def _agreed_with(question: Question, own: "QuerySet[Comparison]", user: User) -> list[dict[str, Any]]:
    """How far the person agrees with what their answers led to, and with the honeypots, whose labels were known."""
    parts = (
        (_("the consensus or review"), own.filter(task__honeypot=None)),
        (_("honeypots"), own.exclude(task__honeypot=None)),
    )
    found = []
    for title, rows in parts:
        tally = numbers.figures(question, rows).labels.get(user.pk)
        if tally is not None:
            found.append({"title": title, "value": question.of(tally), "count": tally.count})
    return found


def _work(project: Project, user: User) -> dict[str, Any]:
    """How many tasks the person answered, how they were judged, and their active time in seconds."""
    states = dict(
        Annotation.objects.filter(task__queue__project=project, user=user, revision__gt=0)
        .order_by()
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    saved = AnnotationRevision.objects.filter(
        author=user, annotation__user=user, annotation__task__queue__project=project
    )
    week = saved.filter(created_at__gte=timezone.now() - timedelta(days=7))
    spent, spent_week = (rows.aggregate(s=Sum("lead_time"))["s"] or 0.0 for rows in (saved, week))
    answered = sum(states.get(state, 0) for state in (*Annotation.ANSWERED, Annotation.State.REJECTED))
    return {
        "answered": answered,
        "accepted": states.get(Annotation.State.ACCEPTED, 0),
        "rejected": states.get(Annotation.State.REJECTED, 0),
        "skipped": states.get(Annotation.State.SKIPPED, 0),
        "hours": spent / 3600,
        "hours_week": spent_week / 3600,
        "answered_week": week.exclude(state=Annotation.State.SKIPPED).values("annotation").distinct().count(),
        "seconds": spent / answered if answered else None,
    }
