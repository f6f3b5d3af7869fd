"""Errors a person understands, and the one place where they become HTTP.

LodeError
  +-- BadInput      400  what was sent is wrong; says which file, row, field and what to do
  +-- Forbidden     403  the role does not allow this verb
  +-- NotFound      404  there is none, or none that you may see
  +-- Conflict      409  somebody else changed it first; carries both sides
  +-- Gone          410  it was there and was removed on purpose
  +-- TooLarge      413  over a limit that the message names
  +-- TooMany       429  too often in too short a time; says when to come again
  +-- Busy          503  the server cannot do it now; says when to come again
  +-- DiskFull      507  no space is left on the server; nothing was half-written
"""

import errno
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from rest_framework.response import Response


class LodeError(Exception):
    """An error with an HTTP status, a stable code, words for a person and optional facts for a program."""

    status = 500
    code = "error"
    retry_after: int | None = None
    """Seconds until it is worth trying again."""

    def __init__(self, message: str, code: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.facts: Mapping[str, Any] = facts

    def as_json(self) -> dict[str, Any]:
        return {"error": self.message, "code": self.code, **self.facts}

    @property
    def headers(self) -> dict[str, str]:
        """What an answer says beside the words."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}


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


class TooMany(LodeError):
    status, code = 429, "too_many"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, retry_after=seconds)
        self.retry_after = seconds


class Busy(LodeError):
    status, code = 503, "busy"
    retry_after = 5


class DiskFull(LodeError):
    status, code = 507, "disk_full"

    def __init__(self) -> None:
        super().__init__("The server's disk is full; nothing was half-written. Free some space there and try again.")


SQLITE_FULL, POSTGRES_FULL = 13, "53100"
SQLITE_AWAY = frozenset({5, 6, 10, 14})  # busy, locked, the file cannot be read, the file cannot be opened
POSTGRES_AWAY = ("08", "40", "53", "57")  # connection, rolled back for others, out of resources, shutting down


def _away(error: BaseException) -> bool:
    """Whether the database could not be asked, or asks to be asked again: no fault of the request or of ours."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_AWAY
    state = getattr(cause, "sqlstate", None)  # None: there was no connection to get one over
    return state is None or state.startswith(POSTGRES_AWAY)


def known(error: BaseException | None) -> LodeError | None:
    """The error if it is one of ours, or what a file system, a database or Django says, in our words; else None."""
    if error is None or isinstance(error, LodeError):
        return error
    if isinstance(error, RequestDataTooBig):
        return TooLarge("That is more than this address takes; send less at a time.")
    cause = error.__cause__
    full = (
        getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or getattr(cause, "sqlite_errorcode", None) == SQLITE_FULL
        or getattr(cause, "sqlstate", None) == POSTGRES_FULL
    )
    if full:
        return DiskFull()
    return Busy("The database cannot be reached at the moment; try again soon.") if _away(error) else None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Our errors as ``{"error", "code", ...}``; REST framework's as the same shape."""
    # REST framework reads its settings, and so imports this module, while its views are being imported.
    from rest_framework.views import exception_handler as rest_exception_handler

    if ours := known(error):
        return Response(ours.as_json(), status=ours.status, headers=ours.headers)
    response = rest_exception_handler(error, context)
    if response is not None:
        data = response.data
        if isinstance(data, dict) and set(data) == {"detail"}:
            detail = data["detail"]
            response.data = {"error": str(detail), "code": getattr(detail, "code", "error")}
        else:
            response.data = {"error": _first(data), "code": "bad_input", "fields": data}
    return response


def _first(data: Any, where: str = "") -> str:
    """The first of REST framework's complaints about fields, with the field that it is about."""
    if isinstance(data, dict) and data:
        key, rest = next(iter(data.items()))
        return _first(rest, f"{where}.{key}".lstrip("."))
    if isinstance(data, list) and data:
        number = next((number for number, rest in enumerate(data) if rest), 0)
        return _first(data[number], f"{where}.{number}" if isinstance(data[number], dict) else where)
    return f"{where}: {data}" if where and where != "non_field_errors" else str(data)
