"""Saved views: saved from the page Items, renamed, shared, deleted."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_platform import item_lists, saved_views
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import SavedView
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


def address(view: SavedView) -> str:
    """What the address of the page Items says to show the view."""
    query = QueryDict(mutable=True)
    query.update(view.filter)
    if view.layout != SavedView.Layout.GRID:
        query["layout"] = view.layout
    query.setlist("columns", view.columns)
    query["view"] = str(view.uuid)
    return f"?{query.urlencode()}"


def _items(view: SavedView) -> HttpResponse:
    return redirect(f"{reverse('platform:items', args=[view.project.name])}{address(view)}")


@require_POST
def save(request: HttpRequest, project: str) -> HttpResponse:
    """Saves what the page shows under a name."""
    user = signed_in(request)
    found = project_for(Caller(user), project, "project.view")
    given = request.POST
    chosen = item_lists.filter_of(given.dict()) | ({"sort": given["sort"]} if given.get("sort") else {})
    try:
        view = saved_views.save(
            found,
            Caller(user),
            name=given.get("name", ""),
            filter=chosen,
            layout=given.get("layout") or SavedView.Layout.GRID,
            columns=given.getlist("columns"),
            shared=given.get("shared") == "1",
        )
    except (BadInput, Conflict) as error:
        toast(request, error.message, kind="danger")
        query = QueryDict(mutable=True)
        query.update(chosen)
        return redirect(f"{reverse('platform:items', args=[project])}?{query.urlencode()}")
    toast(request, _("Saved as %(name)s.") % {"name": view.name})
    return _items(view)


@require_POST
def change(request: HttpRequest, project: str, view: UUID) -> HttpResponse:
    """Renames and shares a view, or with ``delete`` deletes it."""
    user = signed_in(request)
    found = saved_views.find(project_for(Caller(user), project, "project.view"), user, view)
    try:
        if request.POST.get("delete"):
            saved_views.delete(found, Caller(user))
            toast(request, _("%(name)s is deleted; its items are as they were.") % {"name": found.name})
            return redirect("platform:items", project)
        shared = request.POST.get("shared") == "1"
        saved_views.change(found, Caller(user), {"name": request.POST.get("name", ""), "shared": shared})
    except (BadInput, Conflict) as error:
        toast(request, error.message, kind="danger")
        found.refresh_from_db()
    return _items(found)
