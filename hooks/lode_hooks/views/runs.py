"""The list of runs and the page of one, with its tabs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lode_datasets.models import Version
from lode_hooks.evaluations import compare as compare_verb
from lode_hooks.evaluations import evaluate, headline, summary
from lode_hooks.evaluations import runs as run_verb
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.summary import is_located
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.models import Evaluation, MiningRound, PredictionSet, Run, RunUse
from lode_hooks.views import charts
from lode_hooks.views.evaluations import allowed, beside, by_run, evaluations_of, named
from lode_hooks.views.failures import as_uuid, as_uuids
from lode_hooks.views.links import matches_url, run_url
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

BOX_METRICS = ("AP", "AP50", "AP75")
CLASS_METRICS = ("accuracy", "macro_f1")
BY_SIZE = {"APs", "APm", "APl"}
METRIC_TITLES = {"accuracy": "accuracy", "macro_f1": "macro F1"}
TABS = ("overview", "failures", "compare", "predictions", "lineage")


@dataclass(frozen=True)
class Cell:
    """A metric of a run in the list; ``best`` among the runs shown that were evaluated on the same truth."""

    value: float | None
    best: bool


@dataclass(frozen=True)
class Line:
    """A run in the list."""

    run: Run
    uses: list[RunUse]
    evaluation: Evaluation | None
    cells: list[Cell]
    failures_url: str


@require_GET
def run_list(request: HttpRequest, project: str) -> HttpResponse:
    """Every run of a project, newest first, with the numbers of the evaluation that speaks for it."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    marked = Run.objects.visible_to(Caller(user)).filter(
        project=place, uuid__in=as_uuids(request.GET.getlist("compare"))
    )
    pair = list(marked.order_by("-started_at", "-pk")[:3])
    if len(pair) == 2:
        return redirect(run_url(place, pair[0], tab="compare", **{"with": pair[1].uuid}))
    runs = (
        filtered_runs(place, user, request.GET)
        .select_related("created_by")
        .prefetch_related("uses__version__dataset")
        .order_by("-started_at", "-pk")
    )
    page = Paginator(runs, 50).get_page(request.GET.get("page"))
    spoken = by_run(evaluations_of(place, user).filter(prediction_set__run__in=list(page.object_list)))
    split = request.GET.get("split", "")
    chosen = {run.pk: first_of(spoken.get(run.pk, []), split) for run in page.object_list}
    metrics = shown_metrics([e for e in chosen.values() if e])
    best = best_values([e for e in chosen.values() if e], metrics)
    lines = [line(place, run, chosen[run.pk], metrics, best) for run in page.object_list]
    context = {
        "project": place,
        "room": "runs",
        "page": page,
        "lines": lines,
        "metrics": [METRIC_TITLES.get(name, name) for name in metrics],
        "states": Run.State.choices,
        "versions": Version.objects.visible_to(Caller(user))
        .filter(run_uses__run__project=place)
        .select_related("dataset")
        .distinct()
        .order_by("dataset__name", "-number"),
        "splits": PredictionSet.objects.filter(run__project=place).values_list("split", flat=True).distinct(),
        "marked": {run.uuid for run in pair},
        "any_tracker": any(line.run.tracker_url for line in lines),
        "any_run": Run.objects.visible_to(Caller(user)).filter(project=place).exists(),
        "query": request.GET,
    }
    return render(request, "hooks/runs.html", context)


def filtered_runs(project: Project, user: User, query: Mapping[str, str]) -> QuerySet[Run]:
    """The runs that the address asks for: ``q``, ``state`` and ``version`` (``cells@v1``); other fields do nothing."""
    runs = Run.objects.visible_to(Caller(user)).filter(project=project)
    if text := query.get("q", "").strip():
        runs = runs.filter(Q(name__icontains=text) | Q(tracker_id__icontains=text) | Q(code_commit__startswith=text))
    if (state := query.get("state", "")) in Run.State.values:
        runs = runs.filter(state=state)
    dataset, mark, number = query.get("version", "").partition("@v")
    if mark and number.isdecimal() and len(number) < 10:
        runs = runs.filter(uses__version__dataset__name=dataset, uses__version__number=int(number)).distinct()
    return runs


def first_of(evaluations: list[Evaluation], split: str) -> Evaluation | None:
    """The evaluation that speaks for a run, on ``split`` if one is asked for."""
    fitting = [e for e in evaluations if not split or e.prediction_set.split == split]
    return fitting[0] if fitting else None


def shown_metrics(evaluations: list[Evaluation]) -> list[str]:
    """The columns that at least one of these evaluations fills."""
    return [name for name in (*BOX_METRICS, *CLASS_METRICS) if any(name in e.metrics for e in evaluations)]


def best_values(evaluations: list[Evaluation], metrics: list[str]) -> dict[tuple[int, str, str], float]:
    """The best value of each metric among evaluations of a whole split of the same truth, if there is a choice."""
    grouped: dict[tuple[int, str, str], list[float]] = {}
    for evaluation in evaluations:
        for name in metrics:
            if name in evaluation.metrics and not evaluation.prediction_set.partial:
                key = (evaluation.version_id, evaluation.prediction_set.split, name)
                grouped.setdefault(key, []).append(evaluation.metrics[name])
    return {key: max(values) for key, values in grouped.items() if len(values) > 1}


def line(
    project: Project,
    run: Run,
    evaluation: Evaluation | None,
    metrics: list[str],
    best: dict[tuple[int, str, str], float],
) -> Line:
    """A run's line, each metric marked where it is the best."""
    cells = [Cell(None, False) for _name in metrics]
    if evaluation:
        split, part = evaluation.prediction_set.split, evaluation.prediction_set.partial
        values = [evaluation.metrics.get(name) for name in metrics]
        cells = [
            Cell(value, not part and value is not None and best.get((evaluation.version_id, split, name)) == value)
            for name, value in zip(metrics, values, strict=True)
        ]
    failures_url = matches_url(project, evaluation) if evaluation else ""
    return Line(run, unique_uses(run), evaluation, cells, failures_url)


def unique_uses(run: Run) -> list[RunUse]:
    """One use of each version a run used, in the order they were made."""
    return list({use.version_id: use for use in sorted(run.uses.all(), key=lambda use: -use.pk)}.values())[::-1]


def named_uses(run: Run) -> list[tuple[Version, str]]:
    """The versions a run used, each once, with what for: its predictions stand in their own tab."""
    uses: dict[int, tuple[Version, list[str]]] = {}
    for use in run.uses.select_related("version__dataset").order_by("pk"):
        words = uses.setdefault(use.version_id, (use.version, []))[1]
        if use.purpose != "prediction":
            words.append(f"{use.purpose}: {use.split}" if use.split else use.purpose)
    return [(version, ", ".join(dict.fromkeys(words))) for version, words in uses.values()]


@require_GET
def run_page(request: HttpRequest, project: str, run: UUID) -> HttpResponse:
    """A run: what it used, the numbers that decide, and a tab."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    shown = get_object_or_404(
        Run.objects.visible_to(Caller(user)).filter(project=place).select_related("created_by"), uuid=run
    )
    everything = list(named(place, user))
    mine = list(evaluations_of(place, user).filter(prediction_set__run=shown))
    mine = by_run(mine).get(shown.pk, [])
    evaluation = asked_for(mine, request.GET.get("evaluation", "")) or (mine[0] if mine else None)
    tab = request.GET.get("tab", "overview")
    tab = tab if tab in TABS else "overview"
    if tab == "failures" and evaluation:
        return redirect(matches_url(place, evaluation, threshold_of(evaluation, request.GET.get("threshold", ""))))
    context: dict[str, Any] = {
        "project": place,
        "room": "runs",
        "run": shown,
        "uses": named_uses(shown),
        "tab": tab,
        "may_mine": allowed(place, user, "mining.create"),
        "may_log": allowed(place, user, "run.log"),
        "evaluations": mine,
        "evaluation": evaluation,
        "logged": run_verb.latest_metrics(shown) if tab == "overview" else [],
        "waiting": Evaluation.objects.filter(
            prediction_set__run=shown, state__in=[Evaluation.State.QUEUED, Evaluation.State.FAILED]
        ).select_related("job", "version__dataset", "prediction_set"),
    }
    if evaluation:
        others = beside(evaluation, everything)
        chosen = chosen_other(others, shown, request.GET.get("with", ""), must=tab == "compare")
        other = evaluations_of(place, user).get(pk=chosen.pk) if chosen else None
        asked = FailureFilter.parse({"threshold": request.GET.get("threshold")}).threshold
        threshold = threshold_of(evaluation, request.GET.get("threshold", ""))
        context |= head(place, evaluation, other, threshold, asked)
        context["others"] = others
        if tab == "overview":
            context |= overview(place, evaluation, threshold, request.GET)
        elif tab == "compare" and other:
            context |= comparison(place, evaluation, other, asked)
    if tab == "predictions":
        context |= predictions(place, shown, user)
    elif tab == "lineage":
        context |= lineage(place, shown, user)
    return render(request, "hooks/run.html", context)


def asked_for(evaluations: list[Evaluation], uuid: str) -> Evaluation | None:
    """The evaluation with this uuid, if it is among them."""
    return next((e for e in evaluations if str(e.uuid) == uuid), None)


def chosen_other(others: list[Evaluation], run: Run, uuid: str, must: bool) -> Evaluation | None:
    """The evaluation to compare with: asked for by its uuid or its run's, else that of the newest run older than this.

    Where there ``must`` be one, the oldest of the younger ones serves too, and the same predictions on another truth.
    """
    asked = next((e for e in others if uuid in (str(e.uuid), str(e.prediction_set.run.uuid))), None)
    by_age = sorted(
        others,
        key=lambda e: (e.prediction_set.run_id == run.pk, e.prediction_set.run.started_at, e.prediction_set.run_id),
    )
    older = [e for e in by_age if e.prediction_set.run.started_at < run.started_at]
    if asked or older:
        return asked or older[-1]
    return by_age[0] if by_age and must else None


def threshold_of(evaluation: Evaluation, text: str) -> float:
    """The score from which on predictions count: the one asked for, else that of best F1. Raises BadInput."""
    if not text:
        return evaluation.threshold or 0.0
    return FailureFilter.parse({"threshold": text}).threshold or 0.0


def head(
    project: Project, evaluation: Evaluation, other: Evaluation | None, threshold: float, asked: float | None
) -> dict[str, Any]:
    """The strip of numbers that decide, and the counts at the threshold, each with what it opens.

    Where none was `asked` for, the other run's numbers are at its own score of best F1.
    """
    counts = summary.counts(evaluation, threshold)
    located = is_located(evaluation)
    numbers = headline.deciding_numbers(evaluation, other, threshold=asked)

    def opens(**fields: Any) -> str:
        return matches_url(project, evaluation, threshold, **fields)

    return {
        "other": other,
        "located": located,
        "overlap": summary.overlap_words(evaluation),
        "threshold": threshold,
        "best_threshold": evaluation.threshold or 0.0,
        "numbers": [number for number in numbers if number.name not in BY_SIZE],
        "size_numbers": [number for number in numbers if number.name in BY_SIZE],
        "counts": counts,
        "all_failures": opens(),
        "failure_count": counts.fp + counts.kinds.get("missed", 0),
        "count_links": {
            "tp": opens(state="tp"),
            "fp": opens(state="fp"),
            "fn": opens(state="fn"),
        },
        "kind_links": [(kind, count, opens(kind=kind)) for kind, count in counts.kinds.items() if count],
    }


def overview(project: Project, evaluation: Evaluation, threshold: float, query: Mapping[str, str]) -> dict[str, Any]:
    """Curves, the per-class table, the confusion matrix and the histograms."""
    rows = summary.per_class(evaluation, threshold)
    names = summary.class_names(evaluation)
    cells = summary.confusion(evaluation, threshold)
    histograms = summary.histograms(evaluation, threshold)

    def opens(**fields: Any) -> str:
        return matches_url(project, evaluation, threshold, **fields)

    everything = query.get("classes") == "all"
    ranked = sorted(rows, key=lambda row: -row.truths)
    listed = charts.LISTED_CLASSES
    matrix = charts.matrix(cells, names, opens, None if everything else charts.MATRIX_CLASSES)
    context: dict[str, Any] = {
        "class_rows": [
            charts.class_line(row, opens, is_located(evaluation)) for row in (ranked if everything else ranked[:listed])
        ],
        "classes_hidden": 0 if everything else max(0, len(ranked) - listed),
        "most_truths": max((row.truths for row in rows), default=0),
        "most_failures": max((row.fp + row.fn for row in rows), default=0),
        "matrix": matrix,
        "score_chart": charts.score_histogram(histograms, opens),
    }
    if is_located(evaluation):
        context["size_chart"] = charts.size_histogram(histograms, opens)
        context["curves_left_out"] = max(0, sum(row.truths > 0 for row in rows) - charts.DRAWN_CLASSES)
        context["curve_chart"] = charts.curves(
            summary.pr_curves(evaluation),
            names,
            lambda class_id, score: matches_url(
                project, evaluation, score, state="all", predicted_class=class_id or None
            ),
        )
    return context


def comparison(project: Project, evaluation: Evaluation, other: Evaluation, asked: float | None) -> dict[str, Any]:
    """Object by object against another run, at the threshold `asked` for or each at its own: every number opens what it
    counts."""
    found = compare_verb.compare(other, evaluation, threshold=asked)

    def opens(transition: str, **fields: Any) -> str:
        return matches_url(project, evaluation, asked, against=other.uuid, transition=transition, **fields)

    quiet = [row for row in found.classes if row.ok and not (row.fixed or row.regressed or row.unchanged)]
    parts = [
        ("fixed", _("fixed"), found.fixed),
        ("regressed", _("regressed"), found.regressed),
        ("unchanged", _("unchanged"), found.unchanged),
        ("ok", _("correct in both"), found.ok),
    ]
    alarms = [
        ("resolved", _("resolved"), found.resolved),
        ("new", _("new"), found.new),
        ("persisting", _("in both"), found.persisting),
    ]
    return {
        "comparison": found,
        "linked": evaluator_of(evaluation.prediction_set.task).linked,
        "label_effect": [
            (effect, run_url(project, other.prediction_set.run, evaluation=effect.new.uuid))
            for effect in found.label_effect
        ],
        "transitions": [(name, title, count, opens(name)) for name, title, count in parts],
        "alarms": [(name, title, count, opens(name)) for name, title, count in alarms],
        "unchanged_classes": len(quiet),
        "unchanged_names": ", ".join(row.name for row in quiet),
        "changed_classes": [
            (row, {name: opens(name, truth_class=row.class_id) for name in ("fixed", "regressed", "unchanged", "ok")})
            for row in found.classes
            if row.fixed or row.regressed or row.unchanged
        ],
    }


def predictions(project: Project, run: Run, user: User) -> dict[str, Any]:
    """A run's prediction sets, each with its evaluations and the versions it could be evaluated on again."""
    sets = list(
        run.prediction_sets.select_related("version__dataset", "created_by")
        .prefetch_related("evaluations__version__dataset", "evaluations__job")
        .order_by("created_at")
    )
    newest: dict[int, Version] = {}
    for version in Version.objects.visible_to(Caller(user)).filter(dataset__in=[s.version.dataset for s in sets]):
        newest[version.dataset_id] = version
    return {
        "prediction_sets": [
            (s, [(e, run_url(project, run, evaluation=e.uuid)) for e in s.evaluations.all()], rescorable(s, newest))
            for s in sets
        ]
    }


def rescorable(predicted: PredictionSet, newest: dict[int, Version]) -> Version | None:
    """The newest version of the same dataset, if this set has not been evaluated on it yet; the pool has no truth."""
    version = newest.get(predicted.version.dataset_id)
    if version is None or predicted.split == "pool" or predicted.state != PredictionSet.State.READY:
        return None
    return None if any(e.version_id == version.pk for e in predicted.evaluations.all()) else version


def lineage(project: Project, run: Run, user: User) -> dict[str, Any]:
    """What the run came from and what came of it: versions, evaluations, rounds, their queues, later versions."""
    rounds = (
        MiningRound.objects.visible_to(Caller(user))
        .filter(run=run)
        .select_related("queue", "dataset")
        .order_by("created_at")
    )
    used = {use.version_id: use for use in run.uses.select_related("version__dataset", "version__parent__dataset")}
    later = (
        Version.objects.visible_to(Caller(user))
        .published()
        .filter(dataset__in={r.dataset_id for r in rounds}, created_at__gt=run.started_at)
        .select_related("dataset")
        .order_by("number")
    )
    return {
        "rounds": rounds,
        "used_versions": [use.version for use in used.values()],
        "later_versions": later,
        "later_runs": Run.objects.visible_to(Caller(user))
        .filter(project=project, uses__version__in=later)
        .exclude(pk=run.pk)
        .distinct()
        .order_by("started_at"),
    }


@require_POST
def evaluate_again(request: HttpRequest, project: str, run: UUID) -> HttpResponse:
    """Evaluates a run's predictions on another version's truth, as a job."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "run.log")
    shown = get_object_or_404(Run.objects.visible_to(Caller(user)).filter(project=place), uuid=run)
    predicted = get_object_or_404(shown.prediction_sets.all(), uuid=as_uuid(request.POST.get("prediction_set", "")))
    version = get_object_or_404(
        Version.objects.visible_to(Caller(user)).filter(dataset__project=place),
        uuid=as_uuid(request.POST.get("version", "")),
    )
    evaluate.request_evaluation(predicted, user, version=version)
    toast(request, _("Evaluating on %(version)s") % {"version": version})
    return redirect(run_url(place, shown, tab="predictions"))
