"""The person behind a request, as a type: the login middleware lets nobody else in."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

from lode_platform.callers import Caller, Token
from lode_platform.models import User


def signed_in(request: HttpRequest) -> User:
    """``request.user`` as a ``User``; a view that forgot the login check gets a type error here, not a leak."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def person(request: Request) -> User:
    """Who asks over REST; the permission class lets nobody without an account in."""
    return cast(User, request.user)


def caller(request: Request) -> Caller:
    """Who asks over REST, with what limits their token."""
    return Caller(person(request), cast("Token | None", request.auth))
