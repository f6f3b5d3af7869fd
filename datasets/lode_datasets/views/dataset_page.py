"""A dataset's page: what is in it now, what publishing would change, and its versions down a timeline."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lode_datasets import aliases, changes, presentation, selection, versions
from lode_datasets.models import Version, standing
from lode_datasets.version_users import VersionUser, users_of
from lode_datasets.views.named import found
from lode_platform import jobs
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.signed_in import signed_in


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


def dataset(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A dataset: what is in it now, and its versions down a timeline."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    rows = dataset.versions.published().select_related("schema_revision", "author").defer("frozen").order_by("-number")
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    for version in shown:
        version.dataset = dataset
    waiting = dataset.versions.unpublished().select_related("job").defer("frozen").first()
    pointing: dict[int, list[str]] = {}
    for alias in aliases.aliases(dataset):
        pointing.setdefault(alias.version_id, []).append(alias.name)
    held = dict(
        dataset.dataset_items.annotate(standing=standing()).order_by().values_list("standing").annotate(n=Count("pk"))
    )
    context = {
        "project": member.project,
        "room": "datasets",
        "dataset": dataset,
        "page": page,
        "versions": _timeline(shown, users_of(shown, user), pointing),
        "latest": shown[0] if shown and page.number == 1 else versions.latest(dataset),
        "waiting": waiting,
        "waiting_open": bool(waiting and waiting.job and waiting.job.state in jobs.OPEN),
        "items": sum(held.values()),
        "splits": presentation.split_bar(held) if held else None,
        "policy": [(split, share * 100) for split, share in selection.policy_of(dataset).ratios.items()],
        "may_edit": permits(Caller(user), member.role, "dataset.edit"),
        "may_publish": permits(Caller(user), member.role, "dataset.publish"),
        "import_line": f"lode import PATH --project {member.project.name} --dataset {dataset.name}",
    }
    return render(request, "datasets/dataset.html", context)


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
    """A part of the dataset's page: what publishing now would change."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    latest = versions.latest(dataset)
    waiting = dataset.versions.unpublished().exists()
    now = changes.freeze(dataset) if not waiting else None
    context = {
        "project": member.project,
        "dataset": dataset,
        "latest": latest,
        "waiting": waiting,
        "differ": now.new if now else 0,
        "gone": now.gone if now else 0,
        "unlabelled": now.unlabelled if now else 0,
    }
    return render(request, "datasets/pending.html", context)
