"""The fields that this room adds to the query language: an item's failures, their runs and verdicts."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy

from lode_hooks.failures.kinds import KIND_TITLES
from lode_hooks.models import Evaluation, FailureOccurrence, Run, Verdict
from lode_platform import shell
from lode_platform.models import Project, User
from lode_platform.query_fields import Asked, Field, add, unknown

MOST = 200
"""Names that are listed while a person writes."""


def register() -> None:
    """Called once, when the application is ready."""
    add(Field("failure", gettext_lazy("A kind of failure, in any evaluation"), "choice", _failed, _kinds))
    add(Field("run", gettext_lazy("A run with a failure in it"), "choice", _in_run, _runs))
    add(Field("verdict", gettext_lazy("What reviewers say of a failure in it"), "choice", _judged, _verdicts))


def _occurrences() -> Any:
    ready = FailureOccurrence.objects.filter(evaluation__state=Evaluation.State.READY)
    return ready.filter(failure__item=OuterRef("pk"))


def _kinds(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    return [(kind, KIND_TITLES[kind]) for kind in FailureOccurrence.Kind.values]


def _failed(asked: Asked) -> Q:
    if asked.value == "*":
        return Q(Exists(_occurrences()))
    return Q(Exists(_occurrences().filter(kind=_chosen(asked, _kinds))))


def _runs(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    names = Run.objects.filter(project=project).order_by("-started_at").values_list("name", flat=True)
    return [(name, name) for name in dict.fromkeys(names[:MOST])]


def _in_run(asked: Asked) -> Q:
    runs = Run.objects.filter(project=asked.project, name__iexact=asked.value)
    if not runs.exists():
        raise unknown(asked, _runs(asked.project, asked.user))
    return Q(Exists(_occurrences().filter(evaluation__prediction_set__run__in=runs.order_by())))


def _verdicts(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    return list(Verdict.Kind.choices)


def _judged(asked: Asked) -> Q:
    newest = Verdict.objects.filter(failure=OuterRef("failure")).order_by("-pk").values("pk")[:1]
    given = Verdict.objects.filter(failure__item=OuterRef("pk"), pk=Subquery(newest))
    return Q(Exists(given if asked.value == "*" else given.filter(kind=_chosen(asked, _verdicts))))


def _chosen(asked: Asked, values: Any) -> str:
    wanted = asked.value.casefold().replace(" ", "_").replace("-", "_")
    for value, _title in values(asked.project, asked.user):
        if value == wanted:
            return str(value)
    raise unknown(asked, values(asked.project, asked.user))
