"""The page of a diff: what differs from one version to another, as numbers and as changed items side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_datasets import diff, presentation, versions
from lode_datasets.models import Version
from lode_datasets.presentation import color_of
from lode_datasets.views.named import found, whole
from lode_platform import said
from lode_platform.access import member_of
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn
from lode_platform.models import PastFile
from lode_platform.signed_in import signed_in
from motherlode.media import Media

PAIRS = 24
WORDS = 12
"""Changed answers and attributes that are written out of an item."""
ITEM_KINDS = [
    ("added", gettext_lazy("items added")),
    ("removed", gettext_lazy("items removed")),
    ("replaced", gettext_lazy("files replaced")),
    ("labelled", gettext_lazy("first labelled")),
    ("relabelled", gettext_lazy("labels changed")),
    ("unlabelled", gettext_lazy("labels gone")),
    ("moved_split", gettext_lazy("split changed")),
    ("metadata", gettext_lazy("metadata changed")),
]
REGION_TITLES = [
    ("added", gettext_lazy("regions added")),
    ("removed", gettext_lazy("regions removed")),
    ("moved", gettext_lazy("regions moved")),
    ("relabelled", gettext_lazy("regions relabelled")),
    ("edited", gettext_lazy("regions edited")),
]


@dataclass(frozen=True)
class PairView:
    """A changed item with its labels on both sides, and in ``words`` the answers, attributes, relations and fields
    that changed. Both sides show the page of number ``page``, from 0 on."""

    change: diff.ItemChange
    before: list[Drawn]
    after: list[Drawn]
    counts: Sequence[tuple[str, int]]
    words: Sequence[str]
    media: Sequence[Media]
    who: Any
    why: str
    why_url: str
    page: int | None


def media_then(some: Sequence[diff.ItemChange]) -> dict[tuple[int, int], Media]:
    """What files that were replaced since were, by item and blob: one query."""
    items = [change.entry.item_id for change in some if change.kind == "replaced"]
    past = PastFile.objects.filter(item__in=items).select_related("item") if items else PastFile.objects.none()
    return {(row.item_id, row.blob_id): row.media for row in past}


def pair_view(
    change: diff.ItemChange, old: Version, new: Version, project: str, then: Mapping[tuple[int, int], Media]
) -> PairView:
    """What the page says of a change: who made the newer labels, in which queue, for which reason."""
    counts: dict[str, int] = {}
    for region in change.regions:
        for kind in region.kinds:
            counts[kind] = counts.get(kind, 0) + 1
    sides, names = [], {**presentation.names_of(old), **presentation.names_of(new)}
    linked: list[list[str]] = []
    for entry, version, layer in ((change.before, old, "gone"), (change.after, new, "truth")):
        rows = entry.label_set.said if entry and entry.label_set else []
        relations = entry.label_set.relations if entry and entry.label_set else []
        linked.append(said.links(relations, rows, names))
        sides.append(presentation.changed_regions(rows, change.regions, version, layer))
    labels = change.after.label_set if change.after else None
    who, why, url = None, "", ""
    links = said.link_changes(*linked)
    if labels and (change.regions or links or change.kind == "labelled"):
        who = labels.created_by
        why = str(labels.get_source_display())
        if revision := labels.annotation_revision:
            task = revision.annotation.task
            why = str(task.reason.get("text") or task.queue.reason or task.queue.name)
            url = reverse("annotation:queue", args=[project, task.queue.uuid])
    shown = [(kind, counts[kind]) for kind in diff.REGION_KINDS if kind in counts]
    item = change.entry.item
    entries = [entry or change.entry for entry in (change.before, change.after)]
    media = [then.get((item.pk, entry.blob_id), item.media) for entry in entries]
    own = [f"{name}: {_shown(was)} → {_shown(now)}" for name, (was, now) in change.metadata.items()]
    words = [one for region in change.regions for one in said.changes(region.before, region.after, names)]
    page = presentation.changed_page(change.regions)
    return PairView(change, sides[0], sides[1], shown, [*own, *words, *links][:WORDS], media, who, why, url, page)


def _shown(value: Any) -> str:
    """A field's value in a few words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _("nothing") if value is None else f"{value:.60}" if isinstance(value, str) else str(value)


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
    then = media_then(shown)
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
        "fields": list(summary.metadata.items()),
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
