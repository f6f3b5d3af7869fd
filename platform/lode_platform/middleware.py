"""What is answered before all else, and the Content-Security-Policy of every page."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern
from django.utils import translation

from lode_platform.item_media.sent import store_origin
from lode_platform.ranges import POLICY


class FrequentMiddleware:
    """Answers the addresses of ``FREQUENT_URLS``, for whose answers no session, language, message or form is looked at.

    Their views ask for a token themselves, and a browser that opens one of them runs nothing of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._addresses = URLResolver(RegexPattern(r"^/"), settings.FREQUENT_URLS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            found = self._addresses.resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.get_host()  # refuses a name that is not this server's
        translation.activate(settings.LANGUAGE_CODE)  # the thread may stand in that of its last page
        request.resolver_match = found
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        return answer


class ContentSecurityPolicyMiddleware:
    """Allows our own scripts and styles only; the import map, the one inline script, carries a nonce.

    The nonce is ``request.csp_nonce``, new for every request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        store = f" {origin}" if (origin := store_origin()) else ""
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self';"
            f" img-src 'self' data: blob:{store}; connect-src 'self'{store};"
            " worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
            " frame-ancestors 'none'",
        )
        return response
