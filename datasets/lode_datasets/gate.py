"""The gate before a version: how much each check's finding weighs, and what is let pass nevertheless.

A dataset says of each check whether what it finds is a note, a warning or an error, or turns it off. An error stops a
publish unless somebody waived it: with a reason, until a day, and for no more than had been found then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lode_datasets.checks import CHECKS, Check
from lode_datasets.checks.check import ERROR, SEVERITIES
from lode_datasets.models import CheckResult, CheckRun, Dataset, Waiver
from lode_platform import events
from lode_platform.errors import BadInput, Conflict, LodeError
from lode_platform.models import User

__all__ = [
    "CODE",
    "GateClosed",
    "choose",
    "closed_by",
    "cover",
    "end_waiver",
    "newest_run",
    "refuse",
    "severity_of",
    "standing",
    "waive",
]

CODE = "gate_closed"


class GateClosed(LodeError):
    """Checks found errors that nobody waived."""

    status, code = 409, CODE


def severity_of(dataset: Dataset, check: Check) -> str:
    """What the dataset says of a check, else what the check says."""
    chosen = dataset.check_severities.get(check.name)
    return str(chosen) if chosen in SEVERITIES else check.severity


def choose(dataset: Dataset, user: User, given: Mapping[str, str | None]) -> None:
    """Sets severities by check; None goes back to the check's own. Raises ``BadInput`` for names that there are not."""
    for name, severity in given.items():
        _known(name)
        if severity is not None and severity not in SEVERITIES:
            raise BadInput(f"{severity!r} is not one of {', '.join(SEVERITIES)}.", code="bad_severity", field=name)
    with transaction.atomic():
        held = Dataset.objects.select_for_update().get(pk=dataset.pk)
        chosen = {**held.check_severities, **given}
        dataset.check_severities = {name: severity for name, severity in chosen.items() if severity is not None}
        if dataset.check_severities == held.check_severities:
            return
        dataset.save(update_fields=["check_severities"])
        events.record(dataset.project, user, "dataset.checks", dataset, name=dataset.name, severities=dict(given))


def _known(name: str) -> Check:
    if name not in CHECKS:
        raise BadInput(f"There is no check {name!r}: {', '.join(CHECKS)}.", code="no_check")
    return CHECKS[name]


# -- waivers ---------------------------------------------------------------------------------------------------------


def newest_run(dataset: Dataset) -> CheckRun | None:
    """What the checks found last, of a version or of what the dataset held."""
    runs = CheckRun.objects.filter(dataset=dataset).select_related("version").order_by("-pk")
    return runs.prefetch_related("results__waiver__given_by").first()


def waive(dataset: Dataset, user: User, *, name: str, reason: str, until: date) -> Waiver:
    """Lets pass what a check found last. Raises ``BadInput`` for a day that is over, and ``Conflict`` (nothing_found)
    where the last run found nothing by this check: nobody waives what they have not seen."""
    check = _known(name)
    if not reason.strip():
        raise BadInput("Say why: the reason is shown with each version that it lets pass.", field="reason")
    if until < timezone.localdate():
        raise BadInput(f"{until} is over: a waiver holds until the end of a day to come.", field="until")
    run = newest_run(dataset)
    found = next((row.count for row in run.results.all() if row.name == name), 0) if run else 0
    if not found:
        raise Conflict(f"Checks last found nothing by {check.name}: run them first.", code="nothing_found")
    with transaction.atomic():
        made = Waiver.objects.create(
            dataset=dataset, name=name, count=found, reason=reason.strip()[:1000], until=until, given_by=user
        )
        events.record(
            dataset.project,
            user,
            "dataset.waive",
            dataset,
            name=dataset.name,
            check=name,
            count=found,
            until=until.isoformat(),
            reason=made.reason,
        )
    return made


def end_waiver(waiver: Waiver, user: User) -> None:
    """Ends a waiver now; versions that it let pass keep it."""
    with transaction.atomic():
        if Waiver.objects.filter(pk=waiver.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=user):
            dataset = waiver.dataset
            events.record(dataset.project, user, "dataset.waive_end", dataset, name=dataset.name, check=waiver.name)


def standing(dataset: Dataset) -> "QuerySet[Waiver]":
    """The waivers that hold today, the newest first."""
    rows = Waiver.objects.filter(dataset=dataset, ended_at=None, until__gte=timezone.localdate())
    return rows.select_related("given_by").order_by("-pk")


def cover(dataset: Dataset, results: Sequence[CheckResult]) -> None:
    """Gives each error the waiver that lets it pass, if one does."""
    errors = [row for row in results if row.severity == ERROR and row.count]
    if not errors:
        return
    waivers = list(standing(dataset))
    for row in errors:
        row.waiver = next((one for one in waivers if one.name == row.name and row.count <= one.count), None)


# -- closed ----------------------------------------------------------------------------------------------------------


def closed_by(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The errors that nothing lets pass."""
    return [row for row in results if row.severity == ERROR and row.count and row.waiver_id is None]


def refuse(results: Iterable[CheckResult], name: str) -> None:
    """Raises ``GateClosed`` where a version of this name must not be published."""
    closed = closed_by(results)
    if not closed:
        return
    found = ", ".join(f"{row.name} ({row.count:,})" for row in closed)
    raise GateClosed(
        f"Checks stop {name}: {found}. Mend what they found, or have it waived with a reason and an end date.",
        checks=[row.name for row in closed],
    )
