"""A project's webhooks: the list, one of them with its log, and what its owner does with it."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import LodeError
from lode_platform.models import Project
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from lode_platform.webhooks import managing
from lode_platform.webhooks.kinds import KINDS
from lode_platform.webhooks.models import Webhook, WebhookDelivery


def _project(request: HttpRequest, project: str) -> Project:
    return project_for(Caller(signed_in(request)), project, managing.MANAGE)


def _webhook(request: HttpRequest, project: str, webhook: UUID) -> Webhook:
    found = managing.find(Caller(signed_in(request)), webhook)
    if found.project.name != project:
        raise managing.no_such_webhook()
    return found


def _kinds(chosen: list[str]) -> list[tuple[str, str, bool]]:
    return [(name, str(KINDS[name].title), name in chosen) for name in sorted(KINDS)]


@sensitive_variables("made", "shown")
def webhooks(request: HttpRequest, project: str) -> HttpResponse:
    """The webhooks; POST adds one, whose secret is on this answer and nowhere else."""
    found = _project(request, project)
    given = request.POST
    url, chosen, fault, shown, made = given.get("url", "").strip(), given.getlist("kinds"), None, "", None
    if request.method == "POST":
        try:
            made = managing.add(found, Caller(signed_in(request)), url=url, kinds=chosen)
        except LodeError as error:
            fault = error
        else:
            url, chosen, shown = "", [], made.secret
    context = {
        "project": found,
        "room": "settings",
        "webhooks": found.webhooks.select_related("created_by").order_by("pk"),
        "kinds": _kinds(chosen),
        "url": url,
        "fault": fault,
        "shown": shown,
        "made": made,
    }
    status = fault.status if fault else 200
    return _never_stored(render(request, "platform/webhooks.html", context, status=status))


def webhook(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """One webhook: its address, its kinds, its log."""
    return _page(request, _webhook(request, project, webhook))


def _page(request: HttpRequest, found: Webhook, *, fault: LodeError | None = None, shown: str = "") -> HttpResponse:
    given = request.POST if fault else None
    context = {
        "project": found.project,
        "room": "settings",
        "webhook": found,
        "kinds": _kinds(given.getlist("kinds") if given else found.kinds),
        "url": given.get("url", "") if given else found.url,
        "fault": fault,
        "shown": shown,
        **_log(request, found),
    }
    return _never_stored(render(request, "platform/webhook.html", context, status=fault.status if fault else 200))


def _log(request: HttpRequest, found: Webhook) -> dict[str, object]:
    state = request.GET.get("state", "")
    rows = found.deliveries.order_by("-pk")
    if state in WebhookDelivery.State.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    waits = found.on and any(row.state == WebhookDelivery.State.WAITING and not row.error for row in page)
    return {"page": page, "state": state, "states": WebhookDelivery.State.choices, "waits": waits}


def log(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """The log as a part of the page: it asks again while something is on its way."""
    found = _webhook(request, project, webhook)
    context = {"project": found.project, "webhook": found, **_log(request, found)}
    return render(request, "platform/webhook_log.html", context)


@require_POST
def change(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """Changes the address and the kinds."""
    found, given = _webhook(request, project, webhook), request.POST
    changes = {"url": given.get("url", "").strip(), "kinds": given.getlist("kinds")}
    try:
        managing.change(found, Caller(signed_in(request)), changes)
    except LodeError as error:
        return _page(request, found, fault=error)
    toast(request, _("The webhook is saved."))
    return redirect("platform:webhook", project, webhook)


@require_POST
def switch(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """Switches it on, or off."""
    found, on = _webhook(request, project, webhook), request.POST.get("on") == "1"
    managing.change(found, Caller(signed_in(request)), {"on": on})
    toast(request, _("The webhook is on.") if on else _("The webhook is off: nothing is sent to it."))
    return redirect("platform:webhook", project, webhook)


@sensitive_variables("shown")
@require_POST
def secret(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """Gives it another secret, which is on this answer and nowhere else."""
    found = _webhook(request, project, webhook)
    shown = managing.replace_secret(found, Caller(signed_in(request)))
    return _page(request, found, shown=shown)


@require_POST
def test(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """Sends a test."""
    found = _webhook(request, project, webhook)
    try:
        managing.send_test(found, Caller(signed_in(request)))
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(request, _("A test is on its way; the log says what came of it."))
    return redirect("platform:webhook", project, webhook)


@require_POST
def again(request: HttpRequest, project: str, webhook: UUID, delivery: UUID) -> HttpResponse:
    """Sends a delivery once more."""
    found = _webhook(request, project, webhook)
    try:
        managing.send_again(found, Caller(signed_in(request)), delivery)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(request, _("It is sent again."))
    return redirect("platform:webhook", project, webhook)


@require_POST
def remove(request: HttpRequest, project: str, webhook: UUID) -> HttpResponse:
    """Removes it and its log."""
    found = _webhook(request, project, webhook)
    managing.remove(found, Caller(signed_in(request)))
    toast(request, _("The webhook is removed."))
    return redirect("platform:webhooks", project)


def _never_stored(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
