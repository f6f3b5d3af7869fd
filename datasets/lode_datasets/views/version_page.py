"""A version's page: how to get it, what is in it, what to know of it; its alias and verify buttons."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_datasets import (
    aliases,
    browse,
    checking,
    presentation,
    repositories,
    verify,
    version_members,
    versions,
    yanks,
)
from lode_datasets.members import Wanted
from lode_datasets.models import Entry, Version
from lode_datasets.version_users import users_of
from lode_datasets.views.named import found, typed, whole
from lode_platform import said
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, linked
from lode_platform.errors import LodeError
from lode_platform.models import MetadataField
from lode_platform.shell import Answer
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from motherlode.manifest import POOL

SAMPLES = 48


@dataclass(frozen=True)
class CarriedField:
    """A field of the items that a version carries: how many have it, of how many, in hundredths."""

    name: str
    kind: str
    items: int
    share: float


def carried_fields(version: Version) -> list[CarriedField]:
    """The fields that the version carries, by name."""
    counts, whole = version.counts.get("metadata", {}), version.counts["items"] or 1
    return [
        CarriedField(name, str(MetadataField.Kind(kind).label), counts.get(name, 0), 100 * counts.get(name, 0) / whole)
        for name, kind in sorted(version.metadata_kinds.items())
    ]


@dataclass(frozen=True)
class Sample:
    """An item of a version with its labels as the version has them."""

    entry: Entry
    regions: list[Drawn]
    answers: list[Answer]
    attributes: list[Answer]


def samples(version: Version, entries: Sequence[Entry]) -> list[Sample]:
    """Entries with their labels as they are drawn."""
    class_names = presentation.names_of(version)
    found = []
    for entry in entries:
        rows = entry.label_set.said if entry.label_set else []
        relations = entry.label_set.relations if entry.label_set else []
        placed = entry.label_set.regions if entry.label_set else []
        regions = linked(presentation.regions(rows, version), relations, placed, class_names, presentation.color_of)
        found.append(Sample(entry, regions, said.answers(rows, class_names), said.attributes(rows, class_names)))
    return found


def _with_token(url: str) -> str:
    """The address with the place for the token in it, for commands that ask nobody."""
    return url.replace("://", "://git:TOKEN@", 1)


def version(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """A version: how to get it, what is in it, what to know of it."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    version = versions.named(dataset, str(number))
    wanted = Wanted(
        split=request.GET.get("split", ""),
        class_id=whole(request.GET.get("class", ""), "class"),
        empty=request.GET.get("empty") == "1",
        text=request.GET.get("q", "").strip(),
    )
    splits = version.counts["splits"]
    pages = browse.pages(version, wanted, SAMPLES)
    page = pages.get_page(request.GET.get("page"))
    classes = presentation.class_rows(version)
    before = version.parent
    run = checking.run_of(version)
    newer = dataset.versions.published().filter(number__gt=number).order_by("number").first()
    context = {
        "project": member.project,
        "room": "datasets",
        "dataset": dataset,
        "version": version,
        "before": before,
        "newer": newer,
        "page": page,
        "samples": samples(version, list(page.object_list)),
        "classes": classes,
        "class_splits": [split for split, _count in classes[0].splits] if classes else [],
        "fields": carried_fields(version),
        "splits": [(split, splits[split]) for split in presentation.in_order(splits)],
        "split_bar": presentation.split_bar(splits),
        "wanted": wanted,
        "class_name": presentation.names_of(version).get(wanted.class_id or 0, ""),
        "is_slow": browse.is_slow(version, pages),
        "indexing": version_members.open_job(version) if browse.is_slow(version, pages) else None,
        "pool": POOL,
        "checked": presentation.checks_of(run) if run else None,
        "version_name": str(version),
        "load_line": f'motherlode.load("{version}", split="train")',
        "clone_line": f"git clone --branch v{number} {repositories.git_url(dataset)}",
        "get_line": f"dvc get {_with_token(repositories.git_url(dataset))} data --rev v{number}"
        " --remote-config password=TOKEN",
        "moved": version.server_url != settings.PUBLIC_URL,
        "moved_line": f"dvc remote modify --local store url {repositories.dvc_url(dataset)}",
        "users": users_of([version], user)[version.pk],
        "aliases": [move.name for move in aliases.aliases(dataset) if move.version.pk == version.pk],
        "history": aliases.moves_to(version, 10),
        "pins": version.pins.select_related("user").order_by("pk"),
        "may_publish": permits(Caller(user), member.role, "dataset.publish"),
        "may_pull": permits(Caller(user), member.role, "dataset.pull"),
    }
    return render(request, "datasets/version.html", context)


@require_POST
def alias(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Points an alias at this version."""
    caller = Caller(signed_in(request))
    dataset = found(project_for(caller, project, "dataset.publish"), name)
    version = versions.named(dataset, str(number))
    try:
        made = aliases.set_alias(dataset, caller, typed(request, "name"), version, typed(request, "message"))
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(
            request, _("%(alias)s now points to %(name)s.") % {"alias": f"{dataset.name}@{made.name}", "name": version}
        )
    return redirect("datasets:version", project, name, number)


@require_POST
def yank_now(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Takes the version back for the reason of the form, or lets it count again."""
    caller = Caller(signed_in(request))
    dataset = found(project_for(caller, project, "dataset.publish"), name)
    version = versions.named(dataset, str(number))
    try:
        if request.POST.get("undo") == "1":
            yanks.undo(version, caller)
            toast(request, _("%(name)s counts again.") % {"name": version})
        else:
            yanks.yank(version, caller, typed(request, "reason"))
            toast(request, _("%(name)s is yanked.") % {"name": version})
    except LodeError as error:
        toast(request, error.message, kind="danger")
    return redirect("datasets:version", project, name, number)


@require_POST
def verify_now(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Has the version's bytes in the store hashed again."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.pull"), name)
    job = verify.verify(versions.named(dataset, str(number)), user)
    return redirect("platform:job", project, job.uuid)


@require_POST
def index_now(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Has the version's items indexed by class, split and path, so that filters of its page read slices."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.pull"), name)
    version_members.index(versions.named(dataset, str(number)), user)
    return redirect("datasets:version", project, name, number)
