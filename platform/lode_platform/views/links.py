"""Secrets that come in a link: taken out of the address at once, into a cookie that only one page is sent.

So the address that a browser tells other pages, keeps in its history or shows over a shoulder does not hold it, and
opening the link writes no row.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

COOKIE = "lode_link"
SECONDS = 3600


def carried(to: str, text: str) -> HttpResponse:
    """Leads to the page ``to``, which finds the secret by ``text_of``."""
    answer = redirect(to)
    answer.set_cookie(
        COOKIE,
        text[:200],
        max_age=SECONDS,
        path=reverse(to),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return private(answer)


def text_of(request: HttpRequest) -> str:
    """The secret that the page was sent."""
    return request.COOKIES.get(COOKIE, "")


def spent(answer: HttpResponse, page: str) -> HttpResponse:
    """Takes the secret of ``page`` away again."""
    answer.delete_cookie(COOKIE, path=reverse(page), samesite="Lax")
    return private(answer)


def private(answer: HttpResponse) -> HttpResponse:
    """Kept in no cache. A redirect to or from a secret tells nobody where it came from."""
    answer.headers["Cache-Control"] = "no-store"
    if 300 <= answer.status_code < 400:
        answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
