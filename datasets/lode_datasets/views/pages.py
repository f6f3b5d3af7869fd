"""The pages of datasets: the list, one dataset with its versions, one version, and the difference of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.core.validators import RegexValidator
from django.db import connection
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from lode_annotation.models import LabelSet, Schema
from lode_datasets import aliases, changes, diff, presentation, publish, repositories, selection, verify, versions
from lode_datasets.models import Alias, Dataset, DatasetItem, Entry, Version, standing
from lode_datasets.presentation import color_of
from lode_datasets.version_users import VersionUser, users_of
from lode_platform import jobs
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError, NotFound
from lode_platform.models import JobState, PastFile, Project
from lode_platform.paging import KeyPaginator
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from motherlode.manifest import POOL

SAMPLES = 48
PAIRS = 24


def found(project: Project, name: str) -> Dataset:
    """The project's live dataset. Raises ``NotFound``."""
    dataset = Dataset.objects.filter(project=project, name=name, trashed_at=None).select_related("schema").first()
    if dataset is None:
        raise NotFound(_("This project has no dataset %(name)s.") % {"name": name})
    dataset.project = project
    return dataset


class NewDataset(forms.Form):
    """What a dataset is made of."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", gettext_lazy("Use a-z, 0-9, hyphen and underscore."))],
        help_text=gettext_lazy("As training code writes it: cells in cells@v1."),
    )
    schema = forms.ModelChoiceField(label=gettext_lazy("Schema"), queryset=Schema.objects.none(), to_field_name="name")
    train = forms.FloatField(label=gettext_lazy("train"), min_value=0, initial=80)
    val = forms.FloatField(label=gettext_lazy("val"), min_value=0, initial=10)
    test = forms.FloatField(label=gettext_lazy("test"), min_value=0, initial=10)
    every = forms.BooleanField(label=gettext_lazy("Put every item of the project in"), required=False, initial=True)

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schema = self.fields["schema"]
        assert isinstance(schema, forms.ModelChoiceField)
        schema.queryset = Schema.objects.filter(project=project).order_by("name")
        first = schema.queryset.first()
        schema.initial = first.name if first else None


@dataclass(frozen=True)
class DatasetRow:
    """A line of the list."""

    dataset: Dataset
    items: int
    latest: Version | None
    splits: presentation.Bar | None
    classes: presentation.Bar | None


def datasets(request: HttpRequest, project: str) -> HttpResponse:
    """The project's datasets; makes a new one."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    may_edit = permits(Caller(user), member.role, "dataset.edit")
    form = NewDataset(member.project, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        project_for(Caller(user), project, "dataset.edit")
        if form.is_valid():
            try:
                return redirect("datasets:dataset", project, _make(request, member.project, form.cleaned_data).name)
            except LodeError as error:
                form.add_error("name", error.message)
    rows = list(Dataset.objects.filter(project=member.project, trashed_at=None).select_related("schema"))
    held = dict(DatasetItem.objects.filter(dataset__in=rows).values_list("dataset").annotate(n=Count("pk")))
    newest = Version.objects.published().filter(dataset__in=rows).values("dataset").annotate(key=Max("pk"))
    latest = {
        version.dataset_id: version
        for version in Version.objects.filter(pk__in=newest.values("key"))
        .select_related("schema_revision", "dataset")
        .defer("frozen")
    }
    context = {
        "project": member.project,
        "room": "datasets",
        "rows": [_row(dataset, held.get(dataset.pk, 0), latest.get(dataset.pk)) for dataset in rows],
        "form": form,
        "may_edit": may_edit,
        "has_schema": Schema.objects.filter(project=member.project).exists(),
        "open_form": bool(form.errors) or request.GET.get("new") == "1",
    }
    return render(request, "datasets/datasets.html", context, status=400 if form.errors else 200)


def _row(dataset: Dataset, items: int, latest: Version | None) -> DatasetRow:
    splits = presentation.split_bar(latest.counts["splits"]) if latest else None
    return DatasetRow(dataset, items, latest, splits, presentation.class_bar(latest) if latest else None)


def _make(request: HttpRequest, project: Project, given: dict[str, Any]) -> Dataset:
    user = signed_in(request)
    shares = {split: given[split] for split in ("train", "val", "test") if given[split]}
    dataset = selection.create_dataset(project, user, name=given["name"], schema=given["schema"], split_policy=shares)
    if given["every"]:
        items = project.items.live()
        done = selection.add_items(dataset, selection.walk(items))
        toast(request, _("Made %(name)s with %(n)s items.") % {"name": dataset.name, "n": f"{done.added:,}"})
    else:
        toast(request, _("Made %(name)s.") % {"name": dataset.name})
    return dataset


# -- one dataset -----------------------------------------------------------------------------------------------------


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
        "differ": len(now.new) if now else 0,
        "gone": len(now.gone) if now else 0,
        "unlabelled": sum(1 for row in now.new if row[2] is None) if now else 0,
    }
    return render(request, "datasets/pending.html", context)


def _said(request: HttpRequest, field: str) -> str:
    """What was typed; without NUL, which PostgreSQL takes in no text."""
    return request.POST.get(field, "").replace("\x00", "").strip()


@require_POST
def publish_now(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Publishes what the dataset holds at this moment."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.publish"), name)
    try:
        version, job = publish.publish(dataset, user, message=_said(request, "message")[:10_000])
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        if job is None:
            toast(request, _("Nothing has changed since %(name)s.") % {"name": version})
    return redirect("datasets:dataset", project, name)


@require_POST
def retry(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Tries a publish that failed again; it goes on with what was frozen when it was asked for."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.publish"), name)
    waiting = dataset.versions.unpublished().select_related("job").defer("frozen").first()
    if waiting and waiting.job and waiting.job.state in (JobState.FAILED, JobState.CANCELLED):
        jobs.retry(waiting.job)
    return redirect("datasets:dataset", project, name)


@require_POST
def change(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Changes the title and description."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    dataset.title = _said(request, "title")[:200]
    dataset.description = _said(request, "description")
    dataset.save(update_fields=["title", "description"])
    return redirect("datasets:dataset", project, name)


@require_POST
def add_all(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Puts every item of the project into the dataset."""
    user = signed_in(request)
    home = project_for(Caller(user), project, "dataset.edit")
    done = selection.add_items(found(home, name), selection.walk(home.items.live()))
    toast(request, _("%(n)s items came in.") % {"n": f"{done.added:,}"})
    return redirect("datasets:dataset", project, name)


@require_POST
def trash(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Puts the dataset into the trash, unless somebody needs it."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    try:
        aliases.trash_dataset(dataset, user)
    except LodeError as error:
        toast(request, error.message, kind="danger")
        return redirect("datasets:dataset", project, name)
    undo = reverse("datasets:restore", args=[project, dataset.uuid])
    toast(request, _("%(name)s is in the trash.") % {"name": name}, undo=undo)
    return redirect("datasets:datasets", project)


@require_POST
def restore(request: HttpRequest, project: str, uuid: str) -> HttpResponse:
    """Takes a dataset out of the trash."""
    user = signed_in(request)
    home = project_for(Caller(user), project, "dataset.edit")
    dataset = Dataset.objects.filter(project=home, uuid=uuid).exclude(trashed_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset in the trash."))
    dataset.project = home
    aliases.restore_dataset(dataset, user)
    return redirect("datasets:dataset", project, dataset.name)


# -- one version -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """An item of a version with its labels as the version has them."""

    entry: Entry
    boxes: list[dict[str, Any]]
    choices: list[tuple[str, int]]


def samples(version: Version, entries: Sequence[Entry]) -> list[Sample]:
    """Entries with their labels as they are drawn."""
    class_names = presentation.names_of(version)
    found = []
    for entry in entries:
        regions = entry.label_set.regions if entry.label_set else []
        boxes, choices = presentation.boxes(regions, class_names), presentation.choices(regions, class_names)
        found.append(Sample(entry, boxes, choices))
    return found


SHOWS_CLASS = {
    "sqlite": "EXISTS (SELECT 1 FROM json_each({table}.regions) WHERE json_extract(value, '$.class_id') = %s)",
    "postgresql": (
        "EXISTS (SELECT 1 FROM json_array_elements({table}.regions::json) r WHERE (r.value->>'class_id')::int = %s)"
    ),
}


def with_class(rows: "QuerySet[Entry]", class_id: int) -> "QuerySet[Entry]":
    """The entries whose labels have a region of the class."""
    where = SHOWS_CLASS[connection.vendor].format(table=LabelSet._meta.db_table)
    return rows.filter(label_set__in=LabelSet.objects.extra(where=[where], params=[class_id]))


def whole(text: str, what: str) -> int | None:
    """A whole number of the address, None where there is none. Raises ``BadInput``."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput(_("%(what)s is a whole number.") % {"what": what}, field=what)
    return int(text)


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
    if q:
        rows = rows.filter(path__icontains=q)
    if empty:
        rows = rows.filter(label_set__regions=[])
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
        toast(request, _("%(alias)s now means %(name)s.") % {"alias": f"{dataset.name}@{made.name}", "name": version})
    return redirect("datasets:version", project, name, number)


@require_POST
def verify_now(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Has the version's bytes in the store hashed again."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.pull"), name)
    job = verify.verify(versions.named(dataset, str(number)), user)
    return redirect("platform:job", project, job.uuid)


# -- two versions ----------------------------------------------------------------------------------------------------

Size = tuple[int, int]


@dataclass(frozen=True)
class PairView:
    """A changed item with its labels on both sides."""

    change: diff.ItemChange
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    counts: Sequence[tuple[str, int]]
    sizes: Sequence[Size]
    who: Any
    why: str
    why_url: str


def sizes_then(some: Sequence[diff.ItemChange]) -> dict[tuple[int, int], Size]:
    """The width and height of pictures that were replaced since, by item and blob: one query."""
    items = [change.entry.item_id for change in some if change.kind == "replaced"]
    past = PastFile.objects.filter(item__in=items) if items else PastFile.objects.none()
    return {(row.item_id, row.blob_id): (row.width, row.height) for row in past}


def pair_view(
    change: diff.ItemChange, old: Version, new: Version, project: str, then: Mapping[tuple[int, int], Size]
) -> PairView:
    """What the page says of a change: who made the newer labels, in which queue, for which reason."""
    counts: dict[str, int] = {}
    for region in change.regions:
        for kind in region.kinds:
            counts[kind] = counts.get(kind, 0) + 1
    sides = []
    for entry, version, drawn in ((change.before, old, "gone"), (change.after, new, "truth")):
        regions = entry.label_set.regions if entry and entry.label_set else []
        sides.append(presentation.changed_boxes(regions, change.regions, presentation.names_of(version), drawn))
    labels = change.after.label_set if change.after else None
    who, why, url = None, "", ""
    if labels and (change.regions or change.kind == "labelled"):
        who = labels.created_by
        why = str(labels.get_source_display())
        if revision := labels.annotation_revision:
            task = revision.annotation.task
            why = str(task.reason.get("text") or task.queue.reason or task.queue.name)
            url = reverse("annotation:queue", args=[project, task.queue.uuid])
    shown = [(kind, counts[kind]) for kind in diff.REGION_KINDS if kind in counts]
    item = change.entry.item
    entries = [entry or change.entry for entry in (change.before, change.after)]
    sizes = [then.get((item.pk, entry.blob_id), (item.width, item.height)) for entry in entries]
    return PairView(change, sides[0], sides[1], shown, sizes, who, why, url)


@dataclass(frozen=True)
class ShiftRow:
    """A class in the difference: regions then and now, and what happened to them."""

    class_id: int
    name: str
    color: int
    old: int
    new: int
    shift: int
    regions: Sequence[tuple[str, int]]


def shift_rows(old: Version, new: Version, summary: diff.Summary) -> list[ShiftRow]:
    """Every class that either version shows, most changed first."""
    class_names = {**presentation.names_of(old), **presentation.names_of(new)}
    rows = []
    for class_id, shift in summary.classes.items():
        key = str(class_id)
        what = summary.class_regions.get(class_id, {})
        rows.append(
            ShiftRow(
                class_id,
                class_names.get(class_id, key),
                color_of(class_id),
                old.counts["classes"].get(key, 0),
                new.counts["classes"].get(key, 0),
                shift,
                [(kind, what.get(kind, 0)) for kind in ("added", "removed", "moved", "relabelled")],
            )
        )
    return sorted(rows, key=lambda row: (-abs(row.shift), -sum(n for _kind, n in row.regions), row.class_id))


def difference(request: HttpRequest, project: str, name: str, a: int, b: int) -> HttpResponse:
    """What differs from version a to version b: a strip of numbers, then the changed items side by side."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    dataset = found(member.project, name)
    old, new = versions.named(dataset, str(a)), versions.named(dataset, str(b))
    summary = diff.summary(old, new)
    wanted = diff.Filter(
        kind=request.GET.get("kind", ""),
        class_id=whole(request.GET.get("class", ""), "class"),
        split=request.GET.get("split", ""),
    )
    page = Paginator(diff.filtered(old, new, wanted), PAIRS).get_page(request.GET.get("page"))
    class_names = {**presentation.names_of(old), **presentation.names_of(new)}
    shown = list(diff.changes(page.object_list))
    then = sizes_then(shown)
    context = {
        "project": member.project,
        "room": "datasets",
        "dataset": dataset,
        "old": old,
        "new": new,
        "summary": summary,
        "item_kinds": [
            (kind, title, summary.kinds.get(kind, 0)) for kind, title in ITEM_KINDS if summary.kinds.get(kind)
        ],
        "region_kinds": [
            (f"region_{kind}", title, summary.regions.get(kind, 0))
            for kind, title in REGION_TITLES
            if summary.regions.get(kind)
        ],
        "classes": shift_rows(old, new, summary),
        "confusions": [
            (
                class_names.get(was, was),
                color_of(was),
                class_names.get(now, now),
                color_of(now),
                count,
            )
            for (was, now), count in list(summary.confusions.items())[:12]
        ],
        "page": page,
        "pairs": [pair_view(change, old, new, project, then) for change in shown],
        "wanted": wanted,
        "kind_title": dict([*ITEM_KINDS, *((f"region_{kind}", title) for kind, title in REGION_TITLES)]).get(
            wanted.kind, wanted.kind
        ),
        "class_name": class_names.get(wanted.class_id or 0, ""),
        "all_splits": [(split, summary.splits[split]) for split in presentation.in_order(summary.splits)],
        "others": dataset.versions.published().order_by("-number").values_list("number", flat=True)[:200],
    }
    return render(request, "datasets/diff.html", context)


ITEM_KINDS = [
    ("added", gettext_lazy("items added")),
    ("removed", gettext_lazy("items removed")),
    ("replaced", gettext_lazy("files replaced")),
    ("labelled", gettext_lazy("first labelled")),
    ("relabelled", gettext_lazy("labels changed")),
    ("unlabelled", gettext_lazy("labels gone")),
    ("moved_split", gettext_lazy("split changed")),
]
REGION_TITLES = [
    ("added", gettext_lazy("regions added")),
    ("removed", gettext_lazy("regions removed")),
    ("moved", gettext_lazy("regions moved")),
    ("relabelled", gettext_lazy("regions relabelled")),
    ("edited", gettext_lazy("regions edited")),
]
