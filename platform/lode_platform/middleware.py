"""The Content-Security-Policy of every page."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from lode_platform.item_media.sent import store_origin


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
