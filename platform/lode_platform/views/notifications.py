"""What I should know of: the list, marked as read; and by mail, which a link in each mail ends."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from lode_platform.callers import Caller
from lode_platform.errors import NotFound
from lode_platform.notifications import kinds, mailing, notify
from lode_platform.notifications.kinds import NOTICES, When
from lode_platform.notifications.models import Notification
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


def notifications(request: HttpRequest) -> HttpResponse:
    """My notifications, those that I have not read first."""
    caller = Caller(signed_in(request))
    rows = Notification.objects.visible_to(caller).select_related("project")
    page = Paginator(rows.order_by(F("read_at").desc(nulls_first=True), "-at", "-pk"), 50).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "rows": [(row, kinds.words(row), kinds.path(row), kinds.icon(row)) for row in page]}
    return render(request, "platform/notifications.html", context)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Marks all of mine as read."""
    notify.read(Caller(signed_in(request)))
    return redirect("platform:notifications")


@require_POST
def read_one(request: HttpRequest, notification: UUID) -> HttpResponse:
    """Marks one of mine as read."""
    caller = Caller(signed_in(request))
    if not Notification.objects.visible_to(caller).filter(uuid=notification).exists():
        raise NotFound(_("There is no such notification."))
    notify.read(caller, notification)
    return redirect("platform:notifications")


@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """Keeps what I want to be told by mail."""
    given = {name: request.POST.get(name, "") for name in NOTICES}
    choices = {name: when for name, when in given.items() if when in When.values}
    notify.choose(signed_in(request), choices)
    toast(request, _("Your choices are saved."))
    return redirect("platform:account")


@login_not_required
@csrf_exempt  # mail programs post to it by themselves, as RFC 8058 has it; what it may do stands signed in its address
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, link: str) -> HttpResponse:
    """Ends the mails that a link names; a GET only asks."""
    _user, names = mailing.meant(link)
    if request.method == "POST":
        mailing.unsubscribe(link)
    titles = [NOTICES[name].title for name in names]
    context = {"titles": titles, "done": request.method == "POST"}
    return render(request, "platform/unsubscribe.html", context)
