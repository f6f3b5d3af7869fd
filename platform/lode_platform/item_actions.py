"""The bulk actions of this room: tags, and the trash; and the field ``tag`` of the query language."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_platform import bulk_actions, statements, table_statistics
from lode_platform.among import among
from lode_platform.bulk_actions import Action, Argument, items_of, keep_only
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import BulkAction, Item, ItemFolder, Project, Tag, TaggedItem, User
from lode_platform.query_fields import Asked, Field, unknown
from lode_platform.query_fields import add as add_field

SAID = 20
"""Paths that a result names."""
LIVE = Q(item__trashed_at=None, item__staged_by=None)

# -- tags --------------------------------------------------------------------------------------------------------------


def _named(project: Project, caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    name = " ".join(arguments["tag"].split())
    if len(name) > 100 or not name.isprintable():
        raise BadInput(_("A tag has at most 100 letters, all of which can be seen."), field="tag")
    known = Tag.objects.filter(project=project, name__iexact=name).first()
    return {"tag": known.name if known else name}


def _tag_of(row: BulkAction) -> Tag:
    Project.objects.select_for_update(no_key=True).only("pk").get(pk=row.project_id)
    name = row.arguments["tag"]
    known = Tag.objects.filter(project=row.project, name__iexact=name).first()
    return known or Tag.objects.create(project=row.project, name=name)


def _having(tag: Tag) -> Q:
    return Q(Exists(TaggedItem.objects.filter(tag=tag, item=OuterRef("item"))))


def _tag(row: BulkAction) -> dict[str, Any]:
    tag = _tag_of(row)
    keep_only(row, LIVE & ~_having(tag))
    table_statistics.wrote(statements.tag_items(tag, row), TaggedItem)
    return {"tag": tag.name}


def _tag_undone(row: BulkAction) -> dict[str, Any]:
    return {"tag": row.arguments["tag"], "removed": TaggedItem.objects.filter(action=row).delete()[0]}


def _untag(row: BulkAction) -> dict[str, Any]:
    tag = _tag_of(row)
    keep_only(row, LIVE & _having(tag))
    given = TaggedItem.objects.filter(tag=tag, item=OuterRef("item")).values("action")
    row.held.update(number_before=Subquery(given))
    TaggedItem.objects.filter(tag=tag, item__in=row.held.values("item")).delete()
    return {"tag": tag.name}


def _untag_undone(row: BulkAction) -> dict[str, Any]:
    tag = _tag_of(row)
    return {"tag": tag.name, "restored": statements.tag_again(tag, row)}


def tag_names(project: Project, user: User) -> Sequence[tuple[str, str]]:
    """The project's tags, as the choices of a field."""
    names = Tag.objects.filter(project=project).order_by("name").values_list("name", flat=True)[:200]
    return [(name, name) for name in names]


def _with_tag(asked: Asked) -> Q:
    rows = TaggedItem.objects.filter(item=OuterRef("pk"))
    if asked.value == "*":
        return Q(Exists(rows.filter(tag__project=asked.project)))
    return Q(Exists(rows.filter(tag=_asked_tag(asked))))


def _tag_keys(asked: Asked) -> QuerySet[Any, Any] | None:
    if asked.value == "*":
        return None
    return TaggedItem.objects.filter(tag=_asked_tag(asked)).values_list("item", flat=True)


def _asked_tag(asked: Asked) -> Tag:
    found = Tag.objects.filter(project=asked.project, name__iexact=asked.value).first()
    if found is None:
        raise unknown(asked, tag_names(asked.project, asked.user))
    return found


# -- the trash ---------------------------------------------------------------------------------------------------------


def _trash(row: BulkAction) -> dict[str, Any]:
    keep_only(row, LIVE)
    items_of(row).update(trashed_at=row.applied_at)
    return {}


def _trash_undone(row: BulkAction) -> dict[str, Any]:
    """Those that lie there since: one that was restored and went into the trash again stays."""
    lying = Q(item__trashed_at=row.applied_at)
    taken = _taken(row, lying)
    back = row.held.filter(lying).exclude(item__in=[item.pk for item in taken])
    restored = Item.objects.filter(pk__in=back.values("item")).update(trashed_at=None)
    return {"restored": restored, **_said(taken)}


def _restore(row: BulkAction) -> dict[str, Any]:
    keep_only(row, Q(item__trashed_at__isnull=False, item__staged_by=None))
    taken = _taken(row, Q())
    if taken:
        keep_only(row, ~Q(item__in=[item.pk for item in taken]))
    row.held.update(time_before=Subquery(Item.objects.filter(pk=OuterRef("item")).values("trashed_at")))
    items_of(row).update(trashed_at=None)
    return _said(taken)


def _restore_undone(row: BulkAction) -> dict[str, Any]:
    there = items_of(row).filter(trashed_at=None)
    before = row.held.filter(item=OuterRef("pk")).values("time_before")
    return {"trashed": there.update(trashed_at=Subquery(before))}


def _said(taken: Sequence[Item]) -> dict[str, Any]:
    return {"name_taken": len(taken), "paths": [item.path for item in taken[:SAID]]} if taken else {}


def _taken(row: BulkAction, condition: Q) -> list[Item]:
    """The action's items in the trash whose name another item has by now, or one of these that went there later."""
    Project.objects.select_for_update(no_key=True).only("pk").get(pk=row.project_id)
    live = Item.objects.live().filter(project=row.project)
    coming = Item.objects.filter(pk__in=row.held.filter(condition).values("item"))
    taken = {item.pk: item for item in coming.filter(Exists(live.filter(path_fold=OuterRef("path_fold"))))}
    twice = coming.order_by().values("path_fold").annotate(n=Count("pk"), newest=Max("pk")).filter(n__gt=1)
    newest = dict(twice.values_list("path_fold", "newest"))
    same = coming.filter(among("path_fold", newest))
    taken |= {item.pk: item for item in same if item.pk != newest[item.path_fold]}
    known = ItemFolder.objects.filter(project=row.project)
    for item in coming.filter(Exists(known.filter(path_fold=OuterRef("path_fold")))):  # few, if any
        below = Q(path_fold__startswith=f"{item.path_fold}/")
        if live.filter(below).exists() or coming.filter(below).exists():
            taken[item.pk] = item
    files = known.filter(Exists(live.filter(path_fold=OuterRef("path_fold")))).values_list("path_fold", flat=True)
    for name in list(files):  # a live file where those had their folder
        taken |= {item.pk: item for item in coming.filter(path_fold__startswith=f"{name}/")}
    return sorted(taken.values(), key=lambda item: item.path)


def register() -> None:
    """Called once, when the application is ready."""
    name = Argument("tag", gettext_lazy("Tag"))
    known = Argument("tag", gettext_lazy("Tag"), "choice", tag_names)
    bulk_actions.add(
        Action("tag", gettext_lazy("Add a tag"), "tag", "items.tag", _tag, _tag_undone, [name], check=_named)
    )
    bulk_actions.add(
        Action("untag", gettext_lazy("Remove a tag"), "tag", "items.tag", _untag, _untag_undone, [known], check=_named)
    )
    bulk_actions.add(Action("trash", gettext_lazy("Move to the trash"), "trash", "items.trash", _trash, _trash_undone))
    bulk_actions.add(
        Action(
            "restore",
            gettext_lazy("Restore from the trash"),
            "arrow-back-up",
            "items.trash",
            _restore,
            _restore_undone,
            of_trash=True,
        )
    )
    add_field(Field("tag", gettext_lazy("A tag that it has"), "choice", _with_tag, tag_names, _tag_keys))
