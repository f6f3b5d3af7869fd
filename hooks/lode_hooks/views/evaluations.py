"""Which evaluation speaks for a run, and the ones it can be compared with."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from lode_hooks.evaluations.evaluate import DEFAULTS
from lode_hooks.evaluations.splits import TEST, TRAIN, VALIDATION
from lode_hooks.models import Evaluation, Run
from lode_platform.access import permits
from lode_platform.callers import Caller
from lode_platform.models import Project, User

SPLITS = (TEST, VALIDATION, TRAIN)


def evaluations_of(project: Project, user: User) -> QuerySet[Evaluation]:
    """The finished evaluations of a project that ``user`` may see, with what every page names of them."""
    return Evaluation.objects.visible_to(Caller(user)).filter(prediction_set__run__project=project).ready().whole()


HEAVY = ("metrics", "per_class", "counts", "curves")


def named(project: Project, user: User) -> QuerySet[Evaluation]:
    """The same without their numbers: to choose from, not to show."""
    return evaluations_of(project, user).defer(*HEAVY)


def by_run(evaluations: Iterable[Evaluation]) -> dict[int, list[Evaluation]]:
    """Evaluations by their run's primary key, the one that speaks for the run first."""
    grouped: dict[int, list[Evaluation]] = {}
    for evaluation in sorted(evaluations, key=importance):
        grouped.setdefault(evaluation.prediction_set.run_id, []).append(evaluation)
    return grouped


def importance(evaluation: Evaluation) -> tuple[bool, int, int, bool, int]:
    """Sorts whole splits before parts, test before val before train, then the newest truth, the usual settings, the
    newest evaluation."""
    split = evaluation.prediction_set.split
    place = SPLITS.index(split) if split in SPLITS else len(SPLITS)
    return (
        evaluation.prediction_set.partial,
        place,
        -evaluation.version.number,
        evaluation.settings != DEFAULTS,
        -evaluation.pk,
    )


def speaking(project: Project, user: User, runs: int = 1) -> list[Evaluation]:
    """The evaluations that speak for the newest runs that have any, newest run first: what Home and Failures open."""
    newest = (
        Run.objects.visible_to(Caller(user))
        .filter(project=project, prediction_sets__evaluations__state=Evaluation.State.READY)
        .distinct()
        .order_by("-started_at", "-pk")[:runs]
    )
    chosen = list(newest)
    spoken = by_run(evaluations_of(project, user).filter(prediction_set__run__in=chosen))
    return [spoken[run.pk][0] for run in chosen]


def beside(evaluation: Evaluation, others: Sequence[Evaluation]) -> list[Evaluation]:
    """One evaluation of every other run on the same split of the same dataset, with the same settings, that on the same
    version if it has one; and the same predictions on other truths.

    On the same truth the numbers may stand side by side; on another, the change is parted in model and labels.
    """
    mine = evaluation.prediction_set
    fitting = [
        other
        for other in others
        if other.version.dataset_id == evaluation.version.dataset_id
        and other.prediction_set.split == mine.split
        and other.prediction_set.task == mine.task
        and other.prediction_set.control == mine.control
        and other.prediction_set.out_of_fold == mine.out_of_fold
        and (other.prediction_set.run_id != mine.run_id or other.prediction_set_id == mine.pk)
        and other.pk != evaluation.pk
        and other.settings_digest == evaluation.settings_digest
    ]
    chosen: dict[tuple[int, int], Evaluation] = {}
    for other in sorted(fitting, key=lambda e: (e.version_id != evaluation.version_id, importance(e))):
        own = other.prediction_set_id == mine.pk
        chosen.setdefault((other.prediction_set.run_id, other.pk if own else 0), other)
    return sorted(chosen.values(), key=lambda e: (-e.prediction_set.run_id, -e.version.number))


def allowed(project: Project, user: User, verb: str) -> bool:
    """Whether the person's role has the verb."""
    membership = project.memberships.filter(user=user).first()
    return membership is not None and permits(Caller(user), membership.role, verb)
