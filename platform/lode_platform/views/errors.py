"""Errors as answers: a page for people, JSON below ``/api/``, each with its status and its own words."""

import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from lode_platform.errors import BadInput, LodeError, NotFound, known
from lode_platform.toasts import toast_trigger

TITLES = {
    400: _("This request is not valid"),
    403: _("Your role does not allow this"),
    404: _("There is nothing here, or nothing you may see"),
    409: _("That cannot be done now"),
    410: _("This was removed"),
    413: _("That is too large"),
    429: _("Too many attempts"),
    503: _("The server cannot do this now"),
    507: _("The server's disk is full"),
}
FASTER, LATER = _("Somebody else changed this first"), _("This is not ready yet")
TITLES_BY_CODE = {
    "items_taken": FASTER,
    "last_owner": _("A project needs an owner"),
    "lease_lost": FASTER,
    "name_taken": _("This name is taken"),
    "needed": _("This is still needed"),
    "not_evaluated": LATER,
    "not_ready": LATER,
    "own_answer": _("This needs a second person"),
    "path_taken": FASTER,
    "publishing": LATER,
    "stale": FASTER,
}
"""What stands over the page of an error that says more than its status."""


class ErrorPages:
    """Answers an error of a view that ``errors.known`` knows: a page for a browser, a toast for a part of a page.

    What holds a NUL character goes no further than here, since PostgreSQL takes none in a text: addresses, and the
    forms that pages send (bodies of the API are checked by their shapes).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            error = BadInput(say("The address holds a NUL character; leave it out."), code="nul")
            return _answer(request, error)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> HttpResponseBase | None:
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            for name, values in request.POST.lists():
                if any("\0" in text for text in (name, *values)):
                    return _answer(request, BadInput(say("The form holds a NUL character; leave it out."), code="nul"))
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        ours = known(error)
        return None if ours is None else _answer(request, ours)


def _for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _answer(request: HttpRequest, error: LodeError) -> HttpResponse:
    if _for_programs(request):
        return JsonResponse(error.as_json(), status=error.status, headers=error.headers)
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=error.status, content_type="text/plain", headers=error.headers)
        answer.headers["HX-Reswap"] = "none"
        return toast_trigger(answer, error.message, kind="danger")
    answer = render(request, "lode/fault_said.html", _said(error), status=error.status)
    for name, value in error.headers.items():
        answer.headers[name] = value
    return answer


def _said(error: LodeError) -> dict[str, Any]:
    heading = TITLES_BY_CODE.get(error.code) or TITLES.get(error.status, _("Something went wrong on our side"))
    return {"heading": heading, "error": error}


# -- what Django answers where no view of ours was reached, or where it broke ------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 (or 413): the request could not be read."""
    words = say("The request cannot be read.")
    if isinstance(exception, DisallowedHost):
        words = say(
            "This server does not answer by this name. Its administrator names it in MOTHERLODE_PUBLIC_URL or"
            " MOTHERLODE_ALLOWED_HOSTS."
        )
    error = known(exception) or BadInput(words, code="bad_request")
    return _plain(request, error)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if _for_programs(request):
        return JsonResponse({"error": say("You may not do this."), "code": "forbidden"}, status=403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if _for_programs(request):
        return _answer(request, NotFound(say("There is no such address; /api/v1/schema/ lists those there are.")))
    return defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """500, or what ``errors.known`` makes of the exception that led here (503 while the database is away)."""
    if error := known(sys.exc_info()[1]):
        return _plain(request, error)
    if _for_programs(request):
        words = say("Something went wrong on our side. What you had saved is safe; the server's log says more.")
        return JsonResponse({"error": words, "code": "internal"}, status=500)
    return defaults.server_error(request)


def _plain(request: HttpRequest, error: LodeError) -> HttpResponse:
    """As ``_answer``, but asks neither session nor database."""
    if _for_programs(request):
        return _answer(request, error)
    page = render_to_string("lode/fault_said.html", _said(error))
    return HttpResponse(page, status=error.status, headers=error.headers)
