"""What this room tells the shell: Datasets, the version station, checks that need a look, where an item is held."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lode_annotation.models import LabelSet
from lode_datasets import statements
from lode_datasets.aliases import needed_by
from lode_datasets.models import Dataset, DatasetItem, Entry, Version
from lode_datasets.splits import ORDER
from lode_platform import shell
from lode_platform.models import Item, ItemQuerySet, JobState, Project, User
from motherlode.manifest import POOL


def live(project: Project) -> QuerySet[Dataset]:
    return Dataset.objects.filter(project=project, trashed_at=None).order_by("name")


def version_figures(project: Project, user: User) -> shell.Figures:
    """How many versions are published, how many since a day ago, and the newest one's name."""
    rows = Version.objects.published().filter(dataset__project=project, dataset__trashed_at=None)
    newest = rows.select_related("dataset").defer("frozen").order_by("-created_at", "-pk").first()
    if newest is None:
        return shell.Figures(0)
    new = rows.filter(created_at__gte=timezone.now() - timedelta(days=1)).count()
    url = reverse("datasets:version", args=[project.name, newest.dataset.name, newest.number])
    return shell.Figures(rows.count(), new, note=str(newest), url=url)


def checks(project: Project, user: User) -> Iterable[shell.ToDo]:
    """The newest versions whose checks found a leak, and publishing that failed."""
    rows = Version.objects.filter(dataset__project=project, dataset__trashed_at=None).select_related(
        "dataset", "job", "yank"
    )
    newest: dict[int, Version] = {}
    for row in rows.defer("frozen").order_by("number"):
        if row.state == Version.State.PUBLISHED:
            newest[row.dataset_id] = row
        elif row.job is not None and row.job.state == JobState.FAILED:
            url = reverse("datasets:dataset", args=[project.name, row.dataset.name])
            yield shell.ToDo(say("publishing %(name)s failed") % {"name": row}, 1, url, icon="stack-2", tone="danger")
    for row in newest.values():
        count = sum(check["level"] == "danger" for check in row.checks)
        if count and not row.yanked:
            url = reverse("datasets:version", args=[project.name, row.dataset.name, row.number]) + "#checks"
            title = ngettext("check failed in %(name)s", "checks failed in %(name)s", count) % {"name": row}
            yield shell.ToDo(title, count, url, icon="shield-check", tone="danger")


def item_history(item: Item, user: User) -> Iterable[shell.History]:
    """The versions that brought in the item, or changed it."""
    rows = Entry.objects.filter(item=item, dataset__trashed_at=None).select_related("dataset").order_by("first")
    whens = {
        (row.dataset_id, row.number): row.created_at
        for row in Version.objects.published()
        .filter(dataset__entries__item=item)
        .only("dataset_id", "number", "created_at")
    }
    for row in rows:
        when = whens.get((row.dataset_id, row.first))
        if when is None:
            continue
        name = f"{row.dataset.name}@v{row.first}"
        words = say("in the pool of %(name)s") if row.split == POOL else say("in %(name)s, %(split)s")
        url = reverse("datasets:version", args=[item.project.name, row.dataset.name, row.first])
        yield shell.History(when, words % {"name": name, "split": row.split}, None, url, icon="stack-2")


def dataset_choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    return [(row.name, row.name) for row in live(project)]


def in_dataset(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items that are selected for a dataset."""
    dataset = live(project).filter(name=value).first()
    return (
        rows.filter(Exists(DatasetItem.objects.filter(item=OuterRef("pk"), dataset=dataset)))
        if dataset
        else rows.none()
    )


def dataset_keys(value: str, project: Project) -> QuerySet[Any, Any]:
    """The items of a dataset."""
    held = DatasetItem.objects.filter(dataset__in=live(project).filter(name=value).order_by())
    return held.values_list("item", flat=True)


def split_choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    """The splits that any dataset of the project has."""
    if not live(project):
        return []
    names = sorted(
        statements.splits_of(project.pk), key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)
    )
    return [*((name, name) for name in names), (POOL, _("pool"))]


def in_split(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items that stand in a split of any dataset; the unlabelled ones of a dataset stand in its pool."""
    stands = Q(pk=None)
    for dataset in live(project):  # one by one, so that each item is looked up in the indexes of each
        held = DatasetItem.objects.filter(item=OuterRef("pk"), dataset=dataset)
        labels = Exists(LabelSet.objects.current().filter(item=OuterRef("pk"), schema=dataset.schema_id))
        stands |= Q(Exists(held), ~labels) if value == POOL else Q(Exists(held.filter(split=value)), labels)
    return rows.filter(stands)


def split_keys(value: str, project: Project) -> QuerySet[Any, Any]:
    """The items that got the split when they came into a dataset; for the pool, all that are in one."""
    held = DatasetItem.objects.filter(dataset__in=[dataset.pk for dataset in live(project)])
    return (held if value == POOL else held.filter(split=value)).values_list("item", flat=True)


def published(project: Project, user: User) -> Iterable[shell.History]:
    """The newest versions."""
    rows = Version.objects.published().filter(dataset__project=project, dataset__trashed_at=None)
    for row in rows.select_related("dataset", "author").defer("frozen").order_by("-created_at", "-pk")[:8]:
        url = reverse("datasets:version", args=[project.name, row.dataset.name, row.number])
        words = {"name": str(row), "message": row.message}
        text = say("published %(name)s: %(message)s") if row.message else say("published %(name)s")
        yield shell.History(row.published_at or row.created_at, text % words, row.author, url, icon="versions")


def descriptions(project: Project, user: User) -> Iterable[str]:
    """What the project's datasets say of themselves."""
    return live(project).exclude(description="").values_list("description", flat=True)[:3]


def needs(project: Project, user: User) -> Iterable[str]:
    """The pins, aliases and runs that read a version of this project."""
    rows = Version.objects.published().filter(dataset__project=project, dataset__trashed_at=None)
    return needed_by(list(rows.select_related("dataset").order_by("pk")), user)


def named_so(project: Project, user: User, text: str) -> Iterable[shell.Found]:
    """The datasets whose name or title holds the text."""
    for dataset in live(project).filter(Q(name__icontains=text) | Q(title__icontains=text))[: shell.MAX_FOUND]:
        url = reverse("datasets:dataset", args=[project.name, dataset.name])
        yield shell.Found(say("dataset"), str(dataset), url, "stack-2")


def register() -> None:
    """Called once, when the application is ready."""
    shell.entry(
        name="datasets",
        title=_("Datasets"),
        icon="stack-2",
        url="datasets:datasets",
        group="data",
        order=10,
        key="d",
        verb="dataset.pull",
    )
    shell.step(
        "publish",
        order=50,
        title=_("Publish a version"),
        why=_("An immutable snapshot of items, labels and splits, which training code pins."),
        action=_("To the datasets"),
        url="datasets:datasets",
        verb="dataset.publish",
        done=lambda project: Version.objects.published().filter(dataset__project=project).exists(),
    )
    shell.station(
        "version", title=_("Version"), icon="stack-2", order=30, url="datasets:datasets", figures=version_figures
    )
    shell.to_do(checks)
    shell.item_history(item_history)
    shell.search(named_so)
    shell.recent_activity(published)
    shell.about(descriptions)
    shell.needs(needs)
    shell.item_filter(name="dataset", title=_("Dataset"), choices=dataset_choices, apply=in_dataset, among=dataset_keys)
    shell.item_filter(name="split", title=_("Split"), choices=split_choices, apply=in_split, among=split_keys)
