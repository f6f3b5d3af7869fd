"""The server's own address, from its settings alone: the ``Host`` of a request is the caller's word, not ours."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def absolute(path: str) -> str:
    """The address of a path of ours as ``reverse`` gives it (with the path prefix of MOTHERLODE_PUBLIC_URL, if any)."""
    public = urlsplit(settings.PUBLIC_URL)
    return f"{public.scheme}://{public.netloc}{path}"


def same_with(request: HttpRequest, **changed: str) -> str:
    """The address that was asked for, with some fields of its query changed."""
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    return absolute(f"{request.path}?{query.urlencode()}")
