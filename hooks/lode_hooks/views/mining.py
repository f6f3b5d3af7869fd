"""Mining rounds: the page that makes one, and the same page as its report afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from lode_annotation.models import Task
from lode_hooks.evaluations import summary
from lode_hooks.evaluations.metrics.kinds import describe
from lode_hooks.failures import verdicts
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.kinds import KIND_TITLES
from lode_hooks.mining import candidates, large, rounds
from lode_hooks.mining import drawn as tiles
from lode_hooks.mining.report import loop_report
from lode_hooks.mining.report_parts import LoopReport
from lode_hooks.mining.request import MAX_ITEMS, MiningRequest
from lode_hooks.mining.strategies import STRATEGIES
from lode_hooks.models import Evaluation, FailureOccurrence, MinedItem, MiningRound, PredictionSet, Run
from lode_hooks.views.evaluations import allowed, by_run, evaluations_of
from lode_hooks.views.facets import active_filters, cell_words
from lode_hooks.views.failures import as_uuid
from lode_hooks.views.links import matches_url
from lode_platform import jobs
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Job, JobState, Project, User
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

PREVIEW_SIZE = 36
"""Thumbnails in a preview; the rest is counted."""
LIKE_WEIGHTS = {"failures": 100}
DEFAULT_BUDGET = 40
DEFAULT_CONTROL = 20


@dataclass(frozen=True)
class Slider:
    """A strategy's slider: its share of the budget as a weight from 0 to 100."""

    name: str
    title: str
    words: str
    icon: str
    weight: int


@require_GET
def round_list(request: HttpRequest, project: str) -> HttpResponse:
    """The mining rounds of a project, newest first, with how far each one's queue is."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    rounds = (
        MiningRound.objects.visible_to(Caller(user))
        .filter(project=place)
        .select_related("run", "queue", "dataset", "created_by")
        .order_by("-created_at", "-pk")
    )
    page = Paginator(rounds, 50).get_page(request.GET.get("page"))
    has_sources = PredictionSet.objects.filter(
        run__in=Run.objects.visible_to(Caller(user)).filter(project=place), state=PredictionSet.State.READY
    ).exists()
    context = {
        "project": place,
        "room": "mining",
        "page": page,
        "rows": _with_progress(list(page.object_list)),
        "has_sources": has_sources,
        "may_mine": allowed(place, user, "mining.create"),
    }
    return render(request, "hooks/mining.html", context)


def _with_progress(rounds: Sequence[MiningRound]) -> list[tuple[MiningRound, int, int]]:
    """Each round with the tasks of its queue, and those of them that are finished: one query a page."""
    queues = {made.queue_id for made in rounds}
    counted = Task.objects.filter(queue__in=queues).order_by().values_list("queue_id", "state").annotate(n=Count("pk"))
    tasks: Counter[int | None] = Counter()
    finished: Counter[int | None] = Counter()
    for queue, state, number in counted:
        tasks[queue] += number
        if state in (Task.State.DONE, Task.State.SKIPPED):
            finished[queue] += number
    return [(made, finished[made.queue_id], tasks[made.queue_id]) for made in rounds]


@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, project: str) -> HttpResponse:
    """The page that makes a round; POST makes it, and its queue."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "mining.create")
    runs = minable_runs(place, user)
    if request.method == "POST":
        return create(request, place, user)
    query = request.GET
    run = next((r for r in runs if str(r.uuid) == query.get("run", "")), runs[0] if runs else None)
    if run is None:
        return render(request, "hooks/mine_empty.html", {"project": place, "room": "mining"})
    chosen = FailureFilter.parse(query)
    names = class_names_of(place, user, run)
    datasets = list(dict.fromkeys(source.prediction_set.version.dataset.name for source in candidates.sources(run)))
    dataset = query.get("dataset", "") if query.get("dataset", "") in datasets else datasets[0]
    sources = [source for source in candidates.sources(run) if source.prediction_set.version.dataset.name == dataset]
    like = words_of_like(chosen, query.getlist("failures"), run, names)
    asked_splits = query.getlist("splits")
    context = {
        "project": place,
        "room": "mining",
        "runs": runs,
        "run": run,
        "datasets": datasets,
        "dataset": dataset,
        "sources": [(s, s.allowed and (not asked_splits or s.split in asked_splits)) for s in sources],
        "any_allowed": any(s.allowed for s in sources),
        "sliders": sliders(query, like=bool(like)),
        "budget": query.get("budget", "") or DEFAULT_BUDGET,
        "most": MAX_ITEMS,
        "control": query.get("control", "") or DEFAULT_CONTROL,
        "seed": query.get("seed", "") or 0,
        "queue": query.get("queue", "") or suggested_name(place, run, like),
        "filters": chosen.query(),
        "active": active_filters(request, chosen, names),
        "failures": query.getlist("failures"),
        "kinds": [(k, str(title).lower()) for k, title in FailureOccurrence.Kind.choices if k != chosen.kind],
    }
    return render(request, "hooks/mine.html", context)


def minable_runs(project: Project, user: User) -> list[Run]:
    """The runs with predictions to mine from, newest first."""
    return list(
        Run.objects.visible_to(Caller(user))
        .filter(project=project, prediction_sets__state=PredictionSet.State.READY)
        .distinct()
        .order_by("-started_at", "-pk")
    )


def class_names_of(project: Project, user: User, run: Run) -> dict[int, str]:
    """The class names of the run's evaluations; none without any."""
    found = by_run(evaluations_of(project, user).filter(prediction_set__run=run)).get(run.pk, [])
    return summary.class_names(found[0]) if found else {}


def words_of_like(chosen: FailureFilter, failures: list[str], run: Run, names: Mapping[int, str]) -> str:
    """What "like these" means in a few words: "missed RBC"; "" for everything."""
    if failures:
        meant = verdicts.alike([as_uuid(text) for text in failures], run, chosen.threshold)
        found = {describe(kind, names.get(truth or 0, ""), names.get(said or 0, "")) for kind, truth, said in meant}
        if len(found) == 1:
            return found.pop()
        return ngettext("like %(n)d chosen failure", "like %(n)d chosen failures", len(failures)) % {"n": len(failures)}
    if chosen.cell is not None:
        return cell_words(f"{chosen.cell[0]}:{chosen.cell[1]}", names)
    classes = [names.get(number, "") for number in (chosen.truth_class, chosen.predicted_class) if number]
    kind = str(KIND_TITLES.get(chosen.kind, chosen.kind)).lower()
    return " ".join(word for word in (kind, " → ".join(classes)) if word)


def sliders(query: Mapping[str, str], like: bool = False) -> list[Slider]:
    """Every strategy of the registry, with the weight asked for.

    What is to be ``like`` chosen failures is not filled up by other strategies unless somebody asks.
    """
    usual = LIKE_WEIGHTS if like else {name: strategy.default_weight for name, strategy in STRATEGIES.items()}
    asked = any(f"weight_{name}" in query for name in STRATEGIES)
    return [
        Slider(
            name,
            _(strategy.title),
            _(strategy.description),
            strategy.icon,
            min(100, whole(query, f"weight_{name}", 0 if asked else usual.get(name, 0))),
        )
        for name, strategy in STRATEGIES.items()
    ]


def title_of(name: str) -> str:
    """A strategy's title; one that is no longer in the registry keeps its name."""
    known = STRATEGIES.get(name)
    return _(known.title) if known else name


LONGEST = 9
"""Digits of a number in an address."""
FIELDS = {"budget": later("Items"), "control": later("Random control"), "seed": later("Seed")}


def whole(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number that is not negative from an address. Raises BadInput."""
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > LONGEST:
        facts = {"name": FIELDS.get(name, name), "text": text[:40]}
        words = _("%(name)s is “%(text)s”: give a whole number from 0 on.") % facts
        raise BadInput(words, code="bad_filter", field=name)
    return int(text)


def suggested_name(project: Project, run: Run, like: str) -> str:
    """A name for the queue, after what it will hold, that no other queue of the project has."""
    taken = set(project.queues.values_list("name", flat=True))
    facts = {"run": run.name, "like": like}
    base = (_("%(like)s, %(run)s") if like else _("hard items of %(run)s")) % facts
    base = base[:190]
    number = 1
    name = base
    while name in taken:
        number += 1
        name = f"{base} {number}"
    return name


def request_of(project: Project, user: User, query: QueryDict) -> MiningRequest:
    """What the form asks for, as the verb takes it: the body that REST would send. Raises BadInput."""
    weights = {s.name: s.weight / 100 for s in sliders(query) if s.weight}
    body: dict[str, Any] = {
        "run": query.get("run", ""),
        "strategies": weights,
        "budget": whole(query, "budget", DEFAULT_BUDGET),
        "random": min(whole(query, "control", DEFAULT_CONTROL), 100) / 100,
        "seed": whole(query, "seed", 0),
        "filters": FailureFilter.parse(query).query(),
        "failures": query.getlist("failures"),
        "dataset": query.get("dataset", ""),
    }
    if splits := query.getlist("splits"):
        body["splits"] = splits
    return MiningRequest.from_json(project, Caller(user), body)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, project: str) -> HttpResponse:
    """What the form would take, without taking it: a part of the page. Over many predictions a job, which POST starts,
    says it, and GET follows the job."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "mining.create")
    query = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"project": place}
    try:
        asked = request_of(place, user, query)
        if large.is_large(asked):
            context |= previewed(place, large.preview(asked, user) if query is request.POST else None, asked)
        else:
            context |= shown(rounds.preview(asked, user))
    except LodeError as error:
        context["problem"] = error.message
    response = render(request, "hooks/mine_preview.html", context)
    if "problem" in context:
        return response
    given = ((name, value) for name, values in query.lists() for value in values)
    kept = [(name, value) for name, value in given if value != "" and name != "csrfmiddlewaretoken"]
    response["HX-Replace-Url"] = f"{reverse('hooks:mine', args=[place.name])}?{urlencode(kept)}"
    return response


def previewed(project: Project, begun: Job | None, asked: MiningRequest) -> dict[str, Any]:
    """What the job of a large preview has found, or how far it is; nothing where nobody has asked for one."""
    job = begun or large.newest_preview(asked)
    context: dict[str, Any] = {"is_large": True, "job": job, "is_open": job is not None and job.state in jobs.OPEN}
    if job is not None and job.state == JobState.SUCCEEDED:
        context |= {"is_made": True, **shown(large.from_json(project, job.result))}
    return context


def shown(found: rounds.Preview) -> dict[str, Any]:
    """A preview as its template wants it."""
    mined = [c for c in found.candidates if c.arm == MinedItem.Arm.MINED][:PREVIEW_SIZE]
    control = [c for c in found.candidates if c.arm == MinedItem.Arm.CONTROL][:PREVIEW_SIZE]
    return {
        "budget": found.budget,
        "notes": found.notes,
        "total": found.total,
        "mined": mined,
        "more_mined": found.total - found.control - len(mined),
        "control": control,
        "more_control": found.control - len(control),
        "control_count": found.control,
        "yields": [(part, title_of(part.strategy), STRATEGIES[part.strategy].icon) for part in found.strategies],
    }


def create(request: HttpRequest, project: Project, user: User) -> HttpResponse:
    """Makes the round and its queue, over many predictions by a job, which the round's page follows; what is wrong is
    said on the page that sent it."""
    query = request.POST.copy()
    name = query.get("queue", "").strip()
    try:
        if not name:
            raise BadInput(_("The queue needs a name."), code="no_name")
        asked = request_of(project, user, query)
        if large.is_large(asked):
            uuid = large.create(asked, Caller(user), queue=name).uuid
        else:
            uuid = rounds.create_round(asked, Caller(user), queue=name).uuid
    except LodeError as error:
        toast(request, error.message, kind="danger")
        query.pop("csrfmiddlewaretoken", None)
        return redirect(f"{reverse('hooks:mine', args=[project.name])}?{query.urlencode()}")
    return redirect("hooks:round", project.name, uuid)


@dataclass(frozen=True)
class Stage:
    """A stage of the funnel: how many of the mined and of the control items came so far, and the shares of each."""

    title: str
    mined: int
    mined_of: int
    control: int
    control_of: int


@require_GET
def round_page(request: HttpRequest, project: str, mined: UUID) -> HttpResponse:
    """A round as its own report: what was mined, what became of it, whether it helped."""
    user = signed_in(request)
    place = project_for(Caller(user), project, "project.view")
    rows = MiningRound.objects.visible_to(Caller(user)).filter(project=place, uuid=mined)
    made = rows.select_related("run", "queue__schema_revision", "dataset", "created_by").first()
    if made is None:
        return _being_made(request, place, mined)
    report = loop_report(made)
    items = (
        made.mined_items.select_related("item__blob", "task", "failure")
        .prefetch_related("failure__occurrences__evaluation__prediction_set")
        .order_by("-arm", "pk")
    )
    arm = request.GET.get("arm", "")
    if arm in MinedItem.Arm.values:
        items = items.filter(arm=arm)
    page = Paginator(items, 40).get_page(request.GET.get("page"))
    settings = made.settings
    context = {
        "project": place,
        "room": "mining",
        "round": made,
        "report": report,
        "stages": stages(report),
        "may_label": allowed(place, user, "queue.label"),
        "may_publish": allowed(place, user, "dataset.publish"),
        "page": page,
        "tiles": tiles.of_mined(page, made),
        "arm": arm,
        "strategies": [(title_of(name), weight) for name, weight in settings.get("strategies", {}).items() if weight],
        "control_share": round(settings.get("random", 0) * 100),
        "settings": settings,
        "pages": evaluation_links(place, report),
        "sources": [(source, count, matches_url(place, source)) for source, count in report.sources],
        "from_pool": "pool" in settings.get("splits", []),
    }
    return render(request, "hooks/round.html", context)


def _being_made(request: HttpRequest, project: Project, uuid: UUID) -> HttpResponse:
    """The page of a round that a job makes: how far it is, or why there is none."""
    job = large.being_made(project, uuid)
    if job is None:
        raise Http404
    context = {"project": project, "room": "mining", "job": job, "is_open": job.state in jobs.OPEN}
    return render(request, "hooks/round_being_made.html", context)


def stages(report: LoopReport) -> list[Stage]:
    """The funnel, top to bottom: items, and at its end the objects in them that were wrong before."""
    mined, control = report.arms["mined"], report.arms["control"]
    rows = [
        (_("chosen"), mined.chosen, control.chosen),
        (_("labelled"), mined.labelled, control.labelled),
        (_("labels changed"), mined.changed, control.changed),
        (_("in a version"), mined.in_version, control.in_version),
    ]
    found = [Stage(title, a, mined.chosen, b, control.chosen) for title, a, b in rows]
    if mined.of or control.of:
        found.append(Stage(_("objects fixed"), mined.fixed, mined.of, control.fixed, control.of))
    return found


def evaluation_links(project: Project, report: LoopReport) -> dict[str, str]:
    """Addresses of the two evaluations that the report stands on, and of their comparison."""
    before: Evaluation | None = report.evaluation_before
    after: Evaluation | None = report.evaluation_after
    links = {}
    if before:
        run = reverse("hooks:run", args=[project.name, before.prediction_set.run.uuid])
        links["before"] = f"{run}?evaluation={before.uuid}"
    if after:
        run = reverse("hooks:run", args=[project.name, after.prediction_set.run.uuid])
        links["after"] = f"{run}?evaluation={after.uuid}"
        if before:
            query = {"tab": "compare", "evaluation": after.uuid, "with": before.uuid}
            links["compare"] = f"{run}?{urlencode(query)}"
    return links
