"""Files over HTTP: with ETag, in single byte ranges, never run by the browser as anything but a picture."""

import re
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.request import Request

CACHE = "private, max-age=31536000, immutable"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
Response = TypeVar("Response", bound=HttpResponseBase)
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def unchanged(request: Request | HttpRequest, etag: str) -> HttpResponse | None:
    """304 where the caller has just these bytes, else None."""
    tag = f'"{etag}"'
    return _with_headers(HttpResponse(status=304), tag) if tag in request.headers.get("If-None-Match", "") else None


def ranged(
    request: Request | HttpRequest,
    file: BinaryIO,
    size: int,
    etag: str,
    media_type: str,
    name: str,
    *,
    attach: bool = False,
) -> HttpResponseBase:
    """A file with ETag, caching for good and single byte ranges; what is not a picture comes as an attachment."""
    if same := unchanged(request, etag):
        file.close()
        return same
    tag = f'"{etag}"'
    span = _span(request.headers.get("Range", ""), size) if request.headers.get("If-Range", tag) == tag else None
    if span == (0, 0):
        file.close()
        refused = _with_headers(HttpResponse(status=416), tag)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    start, end = span or (0, size)
    file.seek(start)
    response = FileResponse(_Part(file, end - start), status=206 if span else 200, content_type=media_type)
    response["Content-Length"] = str(end - start)
    if span:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response["Content-Disposition"] = disposition(media_type, name, attach=attach)
    response["Accept-Ranges"] = "bytes"
    return _with_headers(response, tag)


def disposition(media_type: str, name: str, *, attach: bool = False) -> str:
    """How a browser takes the bytes: a picture is shown, all else is kept as a file."""
    inline = media_type.startswith("image/") and media_type != "image/svg+xml" and not attach
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"


def _with_headers(response: Response, tag: str) -> Response:
    response["ETag"] = tag
    response["Cache-Control"] = CACHE
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _span(header: str, size: int) -> tuple[int, int] | None:
    """The half-open range asked for; None for the whole (also for what we do not serve), (0, 0) for none of it."""
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    start, end = (int(first), int(last) + 1 if last else size) if first else (max(0, size - int(last)), size)
    end = min(end, size)
    return (start, end) if start < end else (0, 0)


class _Part:
    """So many bytes of an open file, from where it stands."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self.file = file
        self.left = left

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()
