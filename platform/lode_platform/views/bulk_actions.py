"""Bulk actions on the page Items: what is about to be done and to how many, doing it, undoing it, what was done."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_platform import bulk_actions as verbs
from lode_platform import item_lists, sql
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import BulkAction, Project, User
from lode_platform.searching import Search
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

PICKED = 1000
"""Items that one form names."""
PART = 1_000_000


def bulk_action(request: HttpRequest, project: str, action: str) -> HttpResponse:
    """What is about to be done, to the items that the form names or to all that its filters choose; then does it."""
    user = signed_in(request)
    known = verbs.find(action)
    member = member_of(Caller(user), project, known.verb)
    given = request.POST if request.method == "POST" else request.GET
    picked = _picked(given)
    chosen = item_lists.filter_of(given.dict())
    refusal = None
    if request.method == "POST" and given.get("confirmed"):
        arguments = {one.name: given.get(one.name, one.default) for one in known.arguments}
        try:
            row = verbs.begin(
                member.project, Caller(user), action, arguments, items=picked, filter=None if picked else chosen
            )
        except (BadInput, Conflict) as error:
            refusal = error.message
        else:
            return _done(request, row)
    context = {
        "project": member.project,
        "room": "items",
        "action": known,
        "fields": [_field(one, member.project, user, given) for one in known.arguments],
        "picked": picked,
        "filter": chosen,
        "refusal": refusal,
        "back": f"{reverse('platform:items', args=[project])}?{_query(chosen)}",
    }
    return render(request, "platform/bulk_action.html", context, status=400 if refusal else 200)


def _picked(given: QueryDict) -> list[UUID]:
    names = given.getlist("item")
    if len(names) > PICKED:
        raise BadInput(_("Pick at most %(n)d items, or all that match.") % {"n": PICKED}, field="item")
    try:
        return [UUID(name) for name in names]
    except ValueError:
        raise BadInput(_("That is not an item."), field="item") from None


def _query(chosen: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(chosen)
    return query.urlencode()


def _field(one: verbs.Argument, project: Project, user: User, given: QueryDict) -> dict[str, Any]:
    options = list(one.choices(project, user)) if one.choices else None
    return {"argument": one, "options": options, "value": given.get(one.name, one.default)}


def _done(request: HttpRequest, row: BulkAction) -> HttpResponse:
    name = row.project.name
    if row.job is not None:
        return redirect("platform:job", name, row.job.uuid)
    toast(request, verbs.said(row), undo=reverse("platform:bulk_undo", args=[name, row.uuid]) if row.count else "")
    return redirect(f"{reverse('platform:items', args=[name])}?{_query(row.chosen.get('filter', {}))}")


def bulk_count(request: HttpRequest, project: str) -> JsonResponse:
    """``{count, after}`` of the items that the address chooses, as far as a moment goes: the next request goes on
    behind the row ``after``; null at the end."""
    user = signed_in(request)
    found = member_of(Caller(user), project, "project.view").project
    asked = item_lists.chosen(request.GET, found, user)
    if asked.refusal is not None:
        raise asked.refusal
    if asked.few is not None:
        return JsonResponse({"count": asked.few.count(), "after": None})
    if not asked.active:
        with sql.rows_by_index():
            return JsonResponse({"count": asked.listed.order_by().count(), "after": None})
    search = Search(asked.listed, asked.rows, found.items.all())
    part = search.find(PART, search.place(request.GET.get("after")))
    return JsonResponse({"count": len(part.keys), "after": part.end or None})


@require_POST
def bulk_undo(request: HttpRequest, project: str, bulk_action: UUID) -> HttpResponse:
    """Undoes a bulk action."""
    user = signed_in(request)
    found = member_of(Caller(user), project, "project.view").project
    row = get_object_or_404(BulkAction.objects.select_related("project"), project=found, uuid=bulk_action)
    try:
        row = verbs.undo(row, Caller(user))
    except (BadInput, Conflict) as error:
        toast(request, error.message, kind="danger")
        return redirect("platform:bulk_actions", project)
    if row.undone_at is None and row.undo_job is not None:
        return redirect("platform:job", project, row.undo_job.uuid)
    toast(request, _("Undone: %(what)s") % {"what": verbs.said(row)})
    return redirect("platform:bulk_actions", project)


def bulk_actions(request: HttpRequest, project: str) -> HttpResponse:
    """What was done to many items, newest first, each with an undo."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    rows = BulkAction.objects.filter(project=member.project).select_related("created_by", "job", "undo_job")
    page = Paginator(rows.order_by("-pk"), 50).get_page(request.GET.get("page"))
    shown = []
    for row in page:
        known = verbs.find(row.action)
        may = row.applied_at is not None and row.undone_at is None and row.count > 0
        words = ", ".join(str(value) for value in row.arguments.values() if value not in ("", None))
        may_undo = may and permits(Caller(user), member.role, known.verb)
        shown.append({"row": row, "action": known, "words": words, "may_undo": may_undo})
    context = {"project": member.project, "room": "items", "page": page, "rows": shown}
    return render(request, "platform/bulk_actions.html", context)
