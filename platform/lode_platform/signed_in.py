"""The person behind a request, as a type: the login middleware lets nobody else in."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from lode_platform.models import User


def signed_in(request: HttpRequest) -> User:
    """``request.user`` as a ``User``; a view that forgot the login check gets a type error here, not a leak."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
