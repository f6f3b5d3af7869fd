"""Checks looked at for a version or a dataset, and what they found kept as rows."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from lode_datasets import gate, versions
from lode_datasets.checks import CHECKS, Check
from lode_datasets.checks.check import OFF, SHOWN, WARNING, Finding
from lode_datasets.checks.subject import Subject
from lode_datasets.models import CheckResult, CheckRun, Dataset, Version
from lode_platform import jobs
from lode_platform.errors import BadInput, Gone
from lode_platform.jobs import Work
from lode_platform.models import Item, Job, User

__all__ = ["ask", "carry_out", "keep", "look", "open_job", "run_of", "said"]

VERB = "datasets.check"


def look(
    subject: Subject, work: Work, *, names: Collection[str] | None = None, same_items: bool = False
) -> list[CheckResult]:
    """What each check finds, in the order of the registry, with what lets its errors pass; not saved yet.

    ``names`` are looked at whatever the dataset says of them, and no other; None: as the dataset says. ``same_items``:
    the subject's items, their bytes and splits are those of its parent, so that what only they decide is taken from
    there.
    """
    run = getattr(subject.parent, "check_run", None) if same_items else None
    before = {result.name: result for result in run.results.all()} if run else {}
    found = []
    for check in CHECKS.values():
        severity = gate.severity_of(subject.dataset, check)
        if severity == OFF if names is None else check.name not in names:
            continue
        severity = WARNING if severity == OFF else severity
        if check.of_items and check.name in before:
            found.append(_again(before[check.name], check, severity))
        else:
            work.check()
            found.append(_result(check, check.look(subject), severity))
    gate.cover(subject.dataset, found)
    return found


def _again(before: CheckResult, check: Check, severity: str) -> CheckResult:
    """What the parent's check found, at today's severity."""
    facts = [{**fact, "level": check.level_at(severity)} for fact in before.facts]
    values = {name: getattr(before, name) for name in ("count", "looked_at", "left_out", "items")}
    return CheckResult(name=check.name, severity=severity, facts=facts, **values)


def _result(check: Check, finding: Finding, severity: str) -> CheckResult:
    return CheckResult(
        name=check.name,
        severity=severity,
        count=finding.count,
        looked_at=finding.looked_at,
        left_out=finding.left_out,
        facts=check.facts_of(finding, severity),
        items=_named(finding),
    )


def _named(finding: Finding) -> list[dict[str, str]]:
    """The items of a finding as they are kept, in its order."""
    keys = list(finding.items)[:SHOWN]
    if not keys:
        return []
    rows = {key: (uuid, path) for key, uuid, path in Item.objects.filter(pk__in=keys).values_list("pk", "uuid", "path")}
    return [
        {"item": str(rows[key][0]), "path": rows[key][1], "note": finding.items[key]} for key in keys if key in rows
    ]


def keep(subject: Subject, results: Sequence[CheckResult], user: User | None) -> CheckRun:
    """The rows, in the caller's transaction, in place of those of an earlier try and of those of no version."""
    runs = CheckRun.objects.filter(dataset=subject.dataset)
    runs.filter(version=None).delete()
    if subject.version is not None:
        runs.filter(version=subject.version).delete()
    run = CheckRun.objects.create(
        dataset=subject.dataset, version=subject.version, items=subject.items, started_by=user
    )
    for result in results:
        result.run = run
    CheckResult.objects.bulk_create(results)
    return run


def said(results: Iterable[CheckResult]) -> list[dict[str, Any]]:
    """What was found in short, as lists of versions say it."""
    return [fact for result in results for fact in result.facts]


def run_of(version: Version) -> CheckRun | None:
    """What the checks found of a version; None where it was published before that was kept as rows."""
    run = CheckRun.objects.filter(version=version).prefetch_related("results__waiver__given_by").first()
    if run is not None:
        run.version = version
    return run


# -- without a version -----------------------------------------------------------------------------------------------


def ask(dataset: Dataset, user: User, names: Sequence[str] | None = None) -> Job:
    """Has what the dataset holds looked at by a job, unless one is on its way; nothing is published.

    ``names`` of checks look whatever the dataset says of them, [] of all; None: as the dataset says. Raises
    ``BadInput`` for a name that there is not.
    """
    if unknown := sorted(set(names or ()) - CHECKS.keys()):
        raise BadInput(f"There is no check {unknown[0]!r}: {', '.join(CHECKS)}.", code="no_check")
    if waiting := open_job(dataset):
        return waiting
    chosen = names if names is None else list(names or CHECKS)
    return jobs.enqueue(
        VERB,
        project=dataset.project,
        user=user,
        title=_("Check %(name)s") % {"name": dataset.name},
        arguments={"dataset": str(dataset.uuid), "checks": chosen},
    )


def open_job(dataset: Dataset) -> Job | None:
    """The job that looks at the moment, or will."""
    rows = Job.objects.filter(project=dataset.project_id, verb=VERB, arguments__dataset=str(dataset.uuid))
    return rows.filter(state__in=jobs.OPEN).order_by("-pk").first()


def carry_out(work: Work) -> dict[str, Any]:
    """The job: ``{"run": uuid, "items", "closed": names of the checks that would stop a publish}``."""
    rows = Dataset.objects.filter(uuid=work.arguments["dataset"], trashed_at=None)
    dataset = rows.select_related("project", "schema").first()
    revision = dataset.schema.revisions.order_by("-number").first() if dataset else None
    if dataset is None or revision is None:
        raise Gone("This dataset is no longer there.")
    subject = Subject(dataset, revision, versions.newest(dataset), tick=work.check)
    work.progress(0, 0, _("Checking"), at_once=True)
    results = look(subject, work, names=work.arguments.get("checks"))
    with work.fenced():
        run = keep(subject, results, work.job.created_by)
    closed = [row.name for row in gate.closed_by(results)]
    return {"run": str(run.uuid), "items": run.items, "closed": closed}
