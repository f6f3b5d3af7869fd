"""Errors as pages: a ``LodeError`` raised in a view of HTML becomes a page with its status and its own words."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from lode_platform.errors import LodeError
from lode_platform.toasts import toast_trigger

TITLES = {
    400: _("That cannot be done as it was asked"),
    403: _("Your role does not allow this"),
    404: _("There is nothing here, or nothing you may see"),
    409: _("Somebody else was faster"),
    410: _("This was removed"),
    413: _("That is too large"),
}


class FaultPages:
    """Answers a ``LodeError`` of a view: a page for a browser, a toast for a part of a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, LodeError):
            return None
        if request.headers.get("HX-Request"):
            answer = HttpResponse(status=error.status, content_type="text/plain")
            answer.headers["HX-Reswap"] = "none"
            return toast_trigger(answer, error.message, kind="danger")
        context = {"heading": TITLES.get(error.status, _("Something broke on our side")), "error": error}
        return render(request, "lode/fault_said.html", context, status=error.status)
