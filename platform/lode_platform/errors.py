"""Errors a person understands, and the one place where they become HTTP.

LodeError
  +-- BadInput      400  what was sent is wrong; says which file, row, field and what to do
  +-- Forbidden     403  the role does not allow this verb
  +-- NotFound      404  there is none, or none that you may see
  +-- Conflict      409  somebody else changed it first; carries both sides
  +-- Gone          410  it was there and was removed on purpose
  +-- TooLarge      413  over a limit that the message names
  +-- Busy          503  the server does as much as it may at once; come again
  +-- DiskFull      507  no space is left on the server; nothing was half-written
"""

import errno
from collections.abc import Mapping
from typing import Any

from rest_framework.response import Response


class LodeError(Exception):
    """An error with an HTTP status, a stable code, words for a person and optional facts for a program."""

    status = 500
    code = "error"

    def __init__(self, message: str, code: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.facts: Mapping[str, Any] = facts

    def as_json(self) -> dict[str, Any]:
        return {"error": self.message, "code": self.code, **self.facts}


class BadInput(LodeError):
    status, code = 400, "bad_input"


class Forbidden(LodeError):
    status, code = 403, "forbidden"


class NotFound(LodeError):
    status, code = 404, "not_found"


class Conflict(LodeError):
    status, code = 409, "conflict"


class Gone(LodeError):
    status, code = 410, "gone"


class TooLarge(LodeError):
    status, code = 413, "too_large"


class Busy(LodeError):
    status, code = 503, "busy"
    retry_after = 5  # seconds


class DiskFull(LodeError):
    status, code = 507, "disk_full"

    def __init__(self) -> None:
        super().__init__("The server's disk is full; nothing was half-written. Free some space there and try again.")


SQLITE_FULL, POSTGRES_FULL = 13, "53100"


def known(error: Exception) -> LodeError | None:
    """The error if it is one of ours, ``DiskFull`` if a file system or database says so, else None."""
    if isinstance(error, LodeError):
        return error
    cause = error.__cause__
    full = (
        getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or getattr(cause, "sqlite_errorcode", None) == SQLITE_FULL
        or getattr(cause, "sqlstate", None) == POSTGRES_FULL
    )
    return DiskFull() if full else None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Our errors as ``{"error", "code", ...}``; REST framework's as the same shape."""
    # REST framework reads its settings, and so imports this module, while its views are being imported.
    from rest_framework.views import exception_handler as rest_exception_handler

    if ours := known(error):
        headers = {"Retry-After": str(ours.retry_after)} if isinstance(ours, Busy) else None
        return Response(ours.as_json(), status=ours.status, headers=headers)
    response = rest_exception_handler(error, context)
    if response is not None:
        data = response.data
        if isinstance(data, dict) and set(data) == {"detail"}:
            detail = data["detail"]
            response.data = {"error": str(detail), "code": getattr(detail, "code", "error")}
        else:
            response.data = {"error": "The request's fields are not right.", "code": "bad_input", "fields": data}
    return response
