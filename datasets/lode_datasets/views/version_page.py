"""A version's page: how to get it, what is in it, what to know of it; its alias and verify buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_datasets import aliases, presentation, repositories, verify, versions
from lode_datasets.models import Alias, Entry, Version
from lode_datasets.version_users import users_of
from lode_datasets.views.named import found, whole
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn
from lode_platform.errors import LodeError
from lode_platform.paging import KeyPaginator
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from motherlode.manifest import POOL

SAMPLES = 48


@dataclass(frozen=True)
class Sample:
    """An item of a version with its labels as the version has them."""

    entry: Entry
    regions: list[Drawn]
    choices: list[tuple[str, int]]


def samples(version: Version, entries: Sequence[Entry]) -> list[Sample]:
    """Entries with their labels as they are drawn."""
    class_names = presentation.names_of(version)
    found = []
    for entry in entries:
        said = entry.label_set.said if entry.label_set else []
        regions, choices = presentation.regions(said, class_names), presentation.choices(said, class_names)
        found.append(Sample(entry, regions, choices))
    return found


class HasClass(Func):
    """Whether a label set's list (``regions`` or ``answers``) says something of a class."""

    output_field = BooleanField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        """SQLite's SQL."""
        return self._exists(compiler, "json_each({})", "json_extract(value, '$.class_id')")

    def as_postgresql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL's SQL."""
        return self._exists(compiler, "json_array_elements(({})::json)", "(value->>'class_id')::int")

    def _exists(self, compiler: Any, rows: str, number: str) -> tuple[str, tuple[Any, ...]]:
        (listed, first), (wanted, second) = (compiler.compile(one) for one in self.get_source_expressions())
        return f"EXISTS (SELECT 1 FROM {rows.format(listed)} WHERE {number} = {wanted})", (*first, *second)


def with_class(rows: "QuerySet[Entry]", class_id: int) -> "QuerySet[Entry]":
    """The entries whose labels have a region or an answer of the class: looked at one by one in the order asked for,
    so that a page does not read all labels of the version."""
    wanted = Value(class_id)
    return rows.filter(Q(HasClass("label_set__regions", wanted)) | Q(HasClass("label_set__answers", wanted)))


def _with_token(url: str) -> str:
    """The address with the place for the token in it, for commands that ask nobody."""
    return url.replace("://", "://git:TOKEN@", 1)


def version(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """A version: how to get it, what is in it, what to know of it."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    version = versions.named(dataset, str(number))
    split, class_id = request.GET.get("split", ""), whole(request.GET.get("class", ""), "class")
    rows = versions.entries(version, split or None)
    splits = version.counts["splits"]
    q, empty = request.GET.get("q", "").strip(), request.GET.get("empty") == "1"
    known = None if q or empty or class_id is not None else splits.get(split, 0) if split else version.counts["items"]
    if class_id is not None:
        rows = with_class(rows, class_id)
        if str(class_id) not in version.counts["classes"]:
            known = 0
    if q:
        rows = rows.filter(path__icontains=q)
    if empty:
        rows = rows.filter(label_set__regions=[], label_set__answers=[])
    page = KeyPaginator(rows, SAMPLES, known).get_page(request.GET.get("page"))
    classes = presentation.class_rows(version)
    before = version.parent
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
        "splits": [(split, splits[split]) for split in presentation.in_order(splits)],
        "split_bar": presentation.split_bar(splits),
        "split": split,
        "class_id": class_id,
        "class_name": presentation.names_of(version).get(class_id or 0, ""),
        "q": q,
        "filtered": bool(split or class_id or q or empty),
        "pool": POOL,
        "version_name": str(version),
        "load_line": f'motherlode.load("{version}", split="train")',
        "clone_line": f"git clone --branch v{number} {repositories.git_url(dataset)}",
        "get_line": f"dvc get {_with_token(repositories.git_url(dataset))} data --rev v{number}"
        " --remote-config password=TOKEN",
        "moved": version.server_url != settings.PUBLIC_URL,
        "moved_line": f"dvc remote modify --local store url {repositories.dvc_url(dataset)}",
        "users": users_of([version], user)[version.pk],
        "aliases": [alias for alias in aliases.aliases(dataset) if alias.version_id == version.pk],
        "history": Alias.objects.filter(version=version).select_related("set_by").order_by("-pk")[:10],
        "pins": version.pins.select_related("user").order_by("pk"),
        "may_publish": permits(Caller(user), member.role, "dataset.publish"),
        "may_pull": permits(Caller(user), member.role, "dataset.pull"),
    }
    return render(request, "datasets/version.html", context)


@require_POST
def alias(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Points an alias at this version."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.publish"), name)
    version = versions.named(dataset, str(number))
    try:
        made = aliases.set_alias(dataset, user, request.POST.get("name", "").strip(), version)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(
            request, _("%(alias)s now points to %(name)s.") % {"alias": f"{dataset.name}@{made.name}", "name": version}
        )
    return redirect("datasets:version", project, name, number)


@require_POST
def verify_now(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Has the version's bytes in the store hashed again."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.pull"), name)
    job = verify.verify(versions.named(dataset, str(number)), user)
    return redirect("platform:job", project, job.uuid)
