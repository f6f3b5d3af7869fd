"""Errors as pages: one of ours raised in a view of HTML becomes a page with its status and its own words."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_platform.errors import BadInput, LodeError, known
from lode_platform.toasts import toast_trigger

TITLES = {
    400: _("That cannot be done as it was asked"),
    403: _("Your role does not allow this"),
    404: _("There is nothing here, or nothing you may see"),
    409: _("Somebody else was faster"),
    410: _("This was removed"),
    413: _("That is too large"),
    507: _("The server's disk is full"),
}


class FaultPages:
    """Answers an error of a view that ``errors.known`` knows: a page for a browser, a toast for a part of a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "%00" in request.META.get("QUERY_STRING", ""):  # PostgreSQL takes no NUL in a text, so none may go further
            error = BadInput(say("The address holds a NUL character; leave it out."), code="nul")
            return (
                JsonResponse(error.as_json(), status=400) if request.path.startswith("/api/") else _page(request, error)
            )
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        ours = known(error)
        if ours is None:
            return None
        if request.headers.get("HX-Request"):
            answer = HttpResponse(status=ours.status, content_type="text/plain")
            answer.headers["HX-Reswap"] = "none"
            return toast_trigger(answer, ours.message, kind="danger")
        return _page(request, ours)


def _page(request: HttpRequest, error: LodeError) -> HttpResponse:
    context = {"heading": TITLES.get(error.status, _("Something broke on our side")), "error": error}
    return render(request, "lode/fault_said.html", context, status=error.status)
