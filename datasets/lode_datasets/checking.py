"""Checks looked at for a version or a dataset, and what they found kept as rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from lode_datasets.checks import CHECKS, Check
from lode_datasets.checks.check import OFF, SHOWN, Finding
from lode_datasets.checks.subject import Subject
from lode_datasets.models import CheckResult, CheckRun, Version
from lode_platform.models import Item, User

__all__ = ["keep", "look", "run_of", "said"]


def look(subject: Subject, *, same_items: bool = False) -> list[CheckResult]:
    """What each check finds, in the order of the registry; not saved yet.

    ``same_items``: the subject's items, their bytes and splits are those of its parent, so that what only they decide
    is taken from there.
    """
    run = getattr(subject.parent, "check_run", None) if same_items else None
    before = {result.name: result for result in run.results.all()} if run else {}
    found = []
    for check in CHECKS.values():
        if check.severity == OFF:
            continue
        if check.of_items and check.name in before:
            found.append(_again(before[check.name], check, check.severity))
        else:
            found.append(_result(check, check.look(subject), check.severity))
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
    run = CheckRun.objects.filter(version=version).prefetch_related("results").first()
    if run is not None:
        run.version = version
    return run
