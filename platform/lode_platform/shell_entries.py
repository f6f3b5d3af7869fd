"""What this room tells its own shell: Home, Items, Jobs, Settings, the items station, failed jobs, item facts."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lode_platform import shell, sql
from lode_platform.item_media import MEDIA
from lode_platform.models import Event, Item, ItemQuerySet, JobState, Project, User
from lode_platform.paging import MOST, newer

EVENTS = {
    "items.replace": (_("replaced the file of"), "photo-edit"),
    "items.trash": (_("moved to the trash"), "trash"),
    "items.restore": (_("restored from the trash"), "arrow-back-up"),
}


def items_figures(project: Project, user: User) -> shell.Figures:
    """How many live items there are, and how many came in during the last day."""
    yesterday = timezone.now() - timedelta(days=1)
    rows = project.items.live()
    with sql.rows_by_index():
        count = rows.count()
    return shell.Figures(count, newer(rows, yesterday))


def medium_choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    """The media, where a project has items that are not images."""
    if not project.items.filter(~Q(kind="image")).exists():
        return ()
    return [(medium.kind, MEDIA[medium.kind].title) for medium in MEDIA.values()]


def by_medium(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items of one medium."""
    rows = rows.filter(kind=value)
    return rows if value == "image" else rows.exclude(kind="image")  # said, so that SQLite takes their index


def medium_keys(value: str, project: Project) -> QuerySet[Any, Any] | None:
    """The items of a medium that an index lists."""
    return None if value == "image" else by_medium(project.items.all(), value, project).values_list("pk", flat=True)


def failed_jobs(project: Project, user: User) -> Iterable[shell.ToDo]:
    """My jobs that failed during the last week and were not tried again."""
    since = timezone.now() - timedelta(days=7)
    failed = project.jobs.filter(state=JobState.FAILED, created_by=user, finished_at__gte=since)
    count = failed.count()
    if count:
        title = ngettext("failed job", "failed jobs", count)
        address = reverse("platform:jobs", args=[project.name]) + "?state=failed"
        yield shell.ToDo(title, count, address, icon="activity", tone="danger")


def trash_history(item: Item, user: User) -> Iterable[shell.History]:
    """When the item went into the trash and came back."""
    rows = Event.objects.filter(project=item.project_id, target=item.uuid, verb__in=EVENTS).select_related("actor")
    for row in rows:
        text, icon = EVENTS[row.verb]
        yield shell.History(row.at, say(str(text)), row.actor, icon=icon)


def items_lately(project: Project, user: User) -> Iterable[shell.History]:
    """The items that came in, by day and person."""
    live = project.items.live()
    newest = live.order_by("-pk").annotate(day=TruncDate("created_at")).values("pk", "day", "created_by")
    cut = newest[MOST - 1 : MOST].first()
    days = (
        (live if cut is None else live.filter(pk__gte=cut["pk"]))
        .annotate(day=TruncDate("created_at"))
        .values("day", "created_by")
        .annotate(n=Count("pk"), last=Max("created_at"))
        .order_by("-last")[:4]
    )
    rows = list(days)
    people = User.objects.in_bulk([row["created_by"] for row in rows])
    address = reverse("platform:items", args=[project.name]) + "?sort=newest"
    for row in rows:
        words = ngettext("%(n)d item added", "%(n)d items added", row["n"])
        if cut is not None and (row["day"], row["created_by"]) == (cut["day"], cut["created_by"]):
            words = say("at least %(n)d items added")
        said = words % {"n": row["n"]}
        yield shell.History(row["last"], said, people[row["created_by"]], address, icon="photo-plus")


def register() -> None:
    """Called once, when the application is ready."""
    shell.entry(name="home", title=_("Home"), icon="home", url="platform:home", group="label", order=0, key="h")
    shell.entry(name="items", title=_("Items"), icon="photo", url="platform:items", group="label", order=10, key="i")
    shell.entry(
        name="jobs",
        title=_("Jobs"),
        icon="activity",
        url="platform:jobs",
        group="rest",
        order=10,
        key="j",
        verb="dataset.pull",
    )
    shell.entry(
        name="settings",
        title=_("Settings"),
        icon="settings",
        url="platform:settings",
        group="rest",
        order=20,
        key=",",
        verb="dataset.pull",
    )
    shell.step(
        "pictures",
        order=10,
        title=_("Import items"),
        why=_("Upload files, a folder or a zip; use lode import for labels that you already have."),
        action=_("Add items"),
        url="platform:items_add",
        verb="items.add",
        done=lambda project: project.items.live().exists(),
    )
    shell.station("items", title=_("Items"), icon="photo", order=10, url="platform:items", figures=items_figures)
    shell.to_do(failed_jobs)
    shell.item_filter(name="medium", title=_("Medium"), choices=medium_choices, apply=by_medium, among=medium_keys)
    shell.item_history(trash_history)
    shell.recent_activity(items_lately)
