"""Saved views: a list of items under a name, for its maker or for all members of the project."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from lode_platform import item_columns, item_lists
from lode_platform.access import permits, require
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Project, SavedView, User
from lode_platform.query import parse
from lode_platform.query_fields import compile_query

__all__ = ["change", "delete", "find", "may_change", "save", "seen_by"]

MOST = 200
"""Views that one person saves in a project."""


def seen_by(project: Project, user: User) -> QuerySet[SavedView]:
    """The views that a person sees: shared ones and their own, by name."""
    return SavedView.objects.filter(Q(shared=True) | Q(created_by=user), project=project).order_by("name", "pk")


def find(project: Project, user: User, uuid: Any) -> SavedView:
    """One of those. Raises ``NotFound``."""
    found = seen_by(project, user).select_related("created_by", "project").filter(uuid=uuid).first()
    if found is None:
        raise NotFound(_("There is no such view."))
    return found


def may_change(view: SavedView, caller: Caller, role: str) -> bool:
    """Whether this person may rename and delete it: its maker, and who may share views where it is shared."""
    return view.created_by_id == caller.user.pk or (view.shared and permits(caller, role, "view.share"))


def save(
    project: Project,
    caller: Caller,
    *,
    name: str,
    filter: Mapping[str, str],  # noqa: A002
    layout: str = SavedView.Layout.GRID,
    columns: Sequence[str] = (),
    shared: bool = False,
) -> SavedView:
    """Saves a view. Raises ``Conflict`` where the name is taken, ``BadInput`` for what a view cannot be."""
    require(caller, project, "project.view")
    if SavedView.objects.filter(project=project, created_by=caller.user).count() >= MOST:
        raise Conflict(_("You have %(n)d saved views here; delete one first.") % {"n": MOST}, code="too_many")
    view = SavedView(project=project, created_by=caller.user)
    return _put(view, caller, {"name": name, "filter": filter, "layout": layout, "columns": columns, "shared": shared})


def change(view: SavedView, caller: Caller, changes: Mapping[str, Any]) -> SavedView:
    """Changes any of ``name``, ``filter``, ``layout``, ``columns`` and ``shared``; raises as ``save`` does."""
    _require(view, caller)
    return _put(view, caller, changes)


def delete(view: SavedView, caller: Caller) -> None:
    """Deletes a view; what it lists stays."""
    _require(view, caller)
    view.delete()


def _require(view: SavedView, caller: Caller) -> None:
    require(caller, view.project, "project.view" if view.created_by_id == caller.user.pk else "view.share")


def _put(view: SavedView, caller: Caller, changes: Mapping[str, Any]) -> SavedView:
    given = dict(changes)
    if given.get("shared", view.shared) != view.shared:
        require(caller, view.project, "view.share")
    if "name" in given:
        given["name"] = given["name"].strip()
        if not given["name"] or len(given["name"]) > 100:
            raise BadInput(_("A view needs a name of 1 to 100 characters."), field="name")
    if "filter" in given:
        given["filter"] = _filter(view.project, caller.user, given["filter"])
    if given.get("layout", view.layout) not in SavedView.Layout.values:
        raise BadInput(_("A view is laid out as a grid or as a table."), field="layout")
    if "columns" in given:
        item_columns.wanted(given["columns"], view.project)
        given["columns"] = list(given["columns"])
    for name, value in given.items():
        setattr(view, name, value)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Conflict(_("There is a view %(name)r already.") % {"name": view.name}, field="name") from None
    return view


def _filter(project: Project, user: User, given: Mapping[str, str]) -> dict[str, str]:
    kept = item_lists.filter_of(given)
    for name in given:
        if name not in kept and given[name] and name != "sort":
            raise BadInput(_("There is no filter %(name)r.") % {"name": name[:80]}, field="filter")
    if given.get("sort"):
        kept["sort"] = given["sort"]
    compile_query(parse(kept.get("query", "")), project, user)
    if kept.get("sort", "path") not in item_lists.SORTS:
        raise BadInput(_("Items are not sorted by %(value)r.") % {"value": kept["sort"]}, field="sort")
    return kept
