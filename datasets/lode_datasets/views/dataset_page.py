"""A dataset's page: what is in it now, what publishing would change, and its versions down a timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lode_datasets import adding, aliases, checking, gate, pending_changes, presentation, selection, versions
from lode_datasets.checks import CHECKS
from lode_datasets.checks.check import SEVERITIES
from lode_datasets.models import Dataset, Version, standing
from lode_datasets.version_users import VersionUser, users_of
from lode_datasets.views.named import found
from lode_platform import jobs, metadata, paging
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.models import MetadataField, Project
from lode_platform.signed_in import signed_in

MOVES = 10
"""Moves of an alias that the page shows."""


@dataclass(frozen=True)
class VersionRow:
    """A version on the timeline."""

    version: Version
    splits: presentation.Bar
    classes: presentation.Bar
    users: Sequence[VersionUser]
    aliases: Sequence[str]
    before: Version | None
    items_change: int
    regions_change: int
    worst: str


@dataclass(frozen=True)
class AliasRow:
    """An alias as it points now, and its moves before."""

    now: aliases.Move
    earlier: Sequence[aliases.Move]
    is_protected: bool


def _aliases(dataset: Dataset) -> list[AliasRow]:
    kept = aliases.protected(dataset)
    return [AliasRow(now, rest, now.name in kept) for now, *rest in aliases.histories(dataset, MOVES)]


def dataset(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A dataset: what is in it now, and its versions down a timeline."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    rows = (
        dataset.versions.published()
        .select_related("schema_revision", "author", "yank")
        .defer("frozen")
        .order_by("-number")
    )
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    for version in shown:
        version.dataset = dataset
    waiting = dataset.versions.unpublished().select_related("job").defer("frozen").first()
    named = _aliases(dataset)
    pointing: dict[int, list[str]] = {}
    for row in named:
        pointing.setdefault(row.now.version.pk, []).append(row.now.name)
    items = dataset.dataset_items.count()
    newest = shown[0] if shown and page.number == 1 else versions.newest(dataset)
    held, held_by = _splits(dataset, items, newest)
    run = gate.newest_run(dataset)
    context = {
        "project": member.project,
        "room": "datasets",
        "dataset": dataset,
        "page": page,
        "aliases": named,
        "versions": _timeline(shown, users_of(shown, user), pointing),
        "newest": newest,
        "adding": adding.open_job(dataset),
        "waiting": waiting,
        "waiting_open": bool(waiting and waiting.job and waiting.job.state in jobs.OPEN),
        "items": items,
        "splits": presentation.split_bar(held) if held else None,
        "splits_of": held_by,
        "checked": presentation.checks_of(run) if run else None,
        "checking": checking.open_job(dataset),
        "severities": list(SEVERITIES.items()),
        "checks": [(check, gate.severity_of(dataset, check)) for check in CHECKS.values()],
        "may_pull": permits(Caller(user), member.role, "dataset.pull"),
        "policy": [(split, share * 100) for split, share in selection.policy_of(dataset).ratios.items()],
        "may_edit": permits(Caller(user), member.role, "dataset.edit"),
        "may_publish": permits(Caller(user), member.role, "dataset.publish"),
        "may_protect": permits(Caller(user), member.role, "alias.protect"),
        "fields": [(name, kind, name in dataset.metadata_kinds) for name, kind in _fields(member.project)],
        "import_line": f"lode import PATH --project {member.project.name} --dataset {dataset.name}",
    }
    return render(request, "datasets/dataset.html", context)


def _fields(project: Project) -> list[tuple[str, str]]:
    """The fields that the project gives its items, with the names of their kinds."""
    return [(name, str(MetadataField.Kind(kind).label)) for name, kind in metadata.kinds_of(project).items()]


def _splits(dataset: Dataset, items: int, newest: Version | None) -> tuple[dict[str, int], Version | None]:
    """The dataset's items by split. Which are unlabelled, so in the pool, is looked up for a small dataset alone; a
    large one shows its newest version's splits, and that version, or those decided while there is none."""
    if items > paging.MOST and newest is not None:
        return newest.counts["splits"], newest
    rows = dataset.dataset_items.order_by()
    if items > paging.MOST:
        return dict(rows.values_list("split").annotate(n=Count("pk"))), None
    return dict(rows.annotate(standing=standing()).values_list("standing").annotate(n=Count("pk"))), None


def _timeline(
    shown: Sequence[Version], users: dict[int, list[VersionUser]], pointing: dict[int, list[str]]
) -> list[VersionRow]:
    by_number = {version.number: version for version in shown}
    rows = []
    for version in shown:
        before = by_number.get(version.number - 1)
        levels = {check["level"] for check in version.checks}
        rows.append(
            VersionRow(
                version,
                presentation.split_bar(version.counts["splits"]),
                presentation.class_bar(version),
                users[version.pk],
                pointing.get(version.pk, []),
                before,
                version.counts["items"] - before.counts["items"] if before else 0,
                version.counts["regions"] - before.counts["regions"] if before else 0,
                next((level for level in ("danger", "warning") if level in levels), ""),
            )
        )
    return rows


def pending(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A part of the dataset's page: what publishing now would change; of a large dataset what a job last found."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    newest = versions.newest(dataset)
    waiting = dataset.versions.unpublished().exists()
    context: dict[str, Any] = {"project": member.project, "dataset": dataset, "newest": newest, "waiting": waiting}
    if not waiting and pending_changes.is_large(dataset, newest):
        job = pending_changes.newest_job(dataset)
        of_latest = job and job.result.get("since") == (newest.number if newest else 0)
        context |= {
            "is_large": True,
            "job": job,
            "is_open": bool(job and job.state in jobs.OPEN),
            "compared": job if of_latest else None,
            "may_compare": permits(Caller(user), member.role, "dataset.pull"),
            **(job.result if job and of_latest else {}),
        }
    elif not waiting:
        context |= pending_changes.counted(dataset)
    return render(request, "datasets/pending.html", context)
