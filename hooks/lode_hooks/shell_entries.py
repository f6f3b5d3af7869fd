"""What this room tells the shell: its navigation, Home's stations, what waits, an item's history."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from lode_datasets.models import Version
from lode_datasets.version_users import VersionUser, version_users
from lode_hooks.evaluations.summary import threshold_or_own
from lode_hooks.failures import verdicts
from lode_hooks.models import Evaluation, FailureOccurrence, MinedItem, MiningRound, PredictionSet, Run, RunUse, Verdict
from lode_hooks.views.evaluations import speaking
from lode_hooks.views.links import matches_url, run_url
from lode_platform import shell
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User


def register() -> None:
    """Called once, when the application is ready."""
    shell.entry(
        name="runs",
        title=later("Runs"),
        icon="flask",
        url="hooks:runs",
        group="data",
        order=20,
        key="r",
        verb="dataset.pull",
    )
    shell.entry(
        name="failures",
        title=later("Failures"),
        icon="alert-triangle",
        url="hooks:failures",
        group="data",
        order=30,
        key="f",
        verb="dataset.pull",
    )
    shell.entry(
        name="mining",
        title=later("Mining"),
        icon="pick",
        url="hooks:mining",
        group="data",
        order=40,
        key="m",
        verb="dataset.pull",
    )
    shell.step(
        "run",
        order=60,
        title=later("Log a run"),
        why=later("Training code pins the version and sends predictions; their failures come back as work."),
        action=later("How to log one"),
        url="hooks:runs",
        verb="run.log",
        done=lambda project: Run.objects.filter(project=project).exists(),
    )
    shell.station("run", title=later("Run"), icon="flask", order=40, url="hooks:runs", figures=run_figures)
    shell.station(
        "failures",
        title=later("Failures"),
        icon="alert-triangle",
        order=50,
        url="hooks:failures",
        figures=failure_figures,
        tone="prediction",
    )
    shell.to_do(waiting)
    shell.item_history(item_history)
    shell.search(named_so)
    shell.recent_activity(lately)
    version_users(runs_of)


def runs_of(versions: Sequence[Version], user: User) -> Mapping[int, Sequence[VersionUser]]:
    """The runs that used each version, as dots beside it: for training before anything else."""
    uses = (
        RunUse.objects.filter(version__in=versions, run__in=Run.objects.visible_to(Caller(user)))
        .select_related("run__project")
        .order_by("run__started_at", "pk")
    )
    found: dict[int, dict[int, VersionUser]] = {}
    for use in sorted(uses, key=lambda use: use.purpose == "prediction"):
        note = f"{use.purpose}: {use.split}" if use.split else use.purpose
        used = VersionUser(use.run.started_at, use.run.name, run_url(use.run.project, use.run), use.run.state, note)
        found.setdefault(use.version_id, {}).setdefault(use.run_id, used)
    return {version: list(users.values()) for version, users in found.items()}


def run_figures(project: Project, user: User) -> shell.Figures:
    """How many runs there are, and the newest one's name."""
    runs = Run.objects.visible_to(Caller(user)).filter(project=project)
    newest = runs.order_by("-started_at", "-pk").first()
    new = runs.filter(started_at__gt=timezone.now() - timedelta(days=1)).count()
    url = run_url(project, newest) if newest else None
    return shell.Figures(count=runs.count(), change=new, note=newest.name if newest else "", url=url)


def failure_figures(project: Project, user: User) -> shell.Figures:
    """The failures of the evaluation that speaks for the newest run, against the one before it."""
    newest = speaking(project, user, runs=2)
    if not newest:
        return shell.Figures(0)
    counts = [failing(evaluation) for evaluation in newest]
    evaluation = newest[0]
    change = counts[0] - counts[1] if len(counts) > 1 else 0
    url = matches_url(project, evaluation)
    return shell.Figures(
        count=counts[0], change=change, note=_("in %(run)s") % {"run": evaluation.prediction_set.run}, url=url
    )


def lately(project: Project, user: User) -> Iterator[shell.History]:
    """The newest runs and mining rounds."""
    runs = Run.objects.visible_to(Caller(user)).filter(project=project).select_related("created_by")
    for run in runs.order_by("-started_at", "-pk")[:8]:
        words = {"run": run.name, "state": run.get_state_display().lower()}
        when = run.ended_at or run.started_at
        yield shell.History(when, _("run “%(run)s”: %(state)s") % words, run.created_by, run_url(project, run), "flask")
    rounds = MiningRound.objects.visible_to(Caller(user)).filter(project=project).select_related("created_by", "run")
    for mined in rounds.order_by("-created_at", "-pk")[:6]:
        url = reverse("hooks:round", args=[project.name, mined.uuid])
        text = _("mined “%(round)s” from “%(run)s”") % {"round": mined.name, "run": mined.run.name}
        yield shell.History(mined.created_at, text, mined.created_by, url, "pick")


def named_so(project: Project, user: User, text: str) -> Iterable[shell.Found]:
    """The runs and mining rounds whose name holds the text, newest first."""
    runs = Run.objects.visible_to(Caller(user)).filter(project=project, name__icontains=text)
    for run in runs.order_by("-started_at")[: shell.MAX_FOUND]:
        yield shell.Found(_("run"), run.name, run_url(project, run), "flask")
    rounds = MiningRound.objects.visible_to(Caller(user)).filter(project=project, name__icontains=text)
    for mined in rounds.order_by("-created_at")[: shell.MAX_FOUND]:
        url = reverse("hooks:round", args=[project.name, mined.uuid])
        yield shell.Found(_("mining round"), mined.name, url, "pick")


def failing(evaluation: Evaluation) -> int:
    """Wrong predictions and missed truths at the evaluation's own threshold: the matches its viewer opens with."""
    counts = evaluation.counts["best"]
    return int(counts["fp"] + counts["missed"])


def unevaluated(project: Project, user: User) -> QuerySet[PredictionSet]:
    """Prediction sets on labelled splits that nobody has evaluated."""
    runs = Run.objects.visible_to(Caller(user)).filter(project=project)
    return PredictionSet.objects.filter(run__in=runs, state=PredictionSet.State.READY, evaluations=None).exclude(
        split="pool"
    )


def waiting(project: Project, user: User) -> Iterator[shell.ToDo]:
    """Runs that nobody has evaluated, and evaluations that failed."""
    sets = list(unevaluated(project, user).select_related("run")[:20])
    if sets:
        runs = {s.run_id: s.run for s in sets}
        url = (
            run_url(project, sets[0].run, tab="predictions")
            if len(runs) == 1
            else reverse("hooks:runs", args=[project.name])
        )
        yield shell.ToDo(
            ngettext("run not evaluated yet", "runs not evaluated yet", len(runs)), len(runs), url, "flask"
        )
    failed = list(
        Evaluation.objects.filter(
            prediction_set__run__in=Run.objects.visible_to(Caller(user)).filter(project=project),
            state=Evaluation.State.FAILED,
        ).select_related("prediction_set__run")[:20]
    )
    if failed:
        url = run_url(project, failed[0].prediction_set.run, tab="predictions")
        title = ngettext("evaluation failed", "evaluations failed", len(failed))
        yield shell.ToDo(title, len(failed), url, "alert-circle", "danger")


def item_history(item: Item, user: User) -> Iterable[shell.History]:
    """In which evaluations an item failed, what was said of it, and which rounds mined it."""
    seen = list(
        FailureOccurrence.objects.filter(failure__item=item, evaluation__state=Evaluation.State.READY)
        .select_related("evaluation__prediction_set__run", "evaluation__version__dataset")
        .order_by("-pk")[:400]
    )
    grouped: dict[int, list[FailureOccurrence]] = {}
    for occurrence in seen:
        grouped.setdefault(occurrence.evaluation_id, []).append(occurrence)
    for occurrences in list(grouped.values())[:20]:
        evaluation = occurrences[0].evaluation
        limit = threshold_or_own(evaluation, None)
        by_failure: dict[int, list[FailureOccurrence]] = {}
        for occurrence in occurrences:
            by_failure.setdefault(occurrence.failure_id, []).append(occurrence)
        count = sum(len(verdicts.occurrences_at(own, limit)) for own in by_failure.values())
        if not count:
            continue
        words = {"count": count, "run": evaluation.prediction_set.run.name, "version": evaluation.version}
        text = ngettext(
            "%(count)s failure in “%(run)s” on %(version)s", "%(count)s failures in “%(run)s” on %(version)s", count
        )
        url = matches_url(item.project, evaluation, item=item.uuid)
        yield shell.History(evaluation.created_at, text % words, None, url, "alert-triangle")
    for verdict in Verdict.objects.filter(failure__item=item).exclude(kind="").select_related("user", "failure"):
        url = reverse("hooks:failure", args=[item.project.name, verdict.failure.uuid])
        said = _("verdict: %(kind)s") % {"kind": verdict.get_kind_display().lower()}
        yield shell.History(verdict.created_at, said, verdict.user, url, "message")
    mined = MinedItem.objects.filter(Q(item=item)).select_related("round__run", "round__created_by")
    for each in mined:
        url = reverse("hooks:round", args=[item.project.name, each.round.uuid])
        text = _("mined by “%(round)s”: %(reason)s") % {
            "round": each.round.name,
            "reason": each.reason.get("text", each.strategy),
        }
        yield shell.History(each.round.created_at, text, each.round.created_by, url, "pick")
