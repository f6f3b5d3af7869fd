"""Errors a person understands, all of them `MotherlodeError`.

MotherlodeError
  +-- NotConfigured      no server, token, project or pin is known; says which and how to give it
  +-- Unreachable        the server did not answer, after retries
  +-- Refused            the server said no; carries status, code and facts
  |     +-- NotLoggedIn  401  the token is unknown, expired or revoked
  |     +-- NotAllowed   403  the role does not allow it
  |     +-- NotFound     404  there is none, or none that you may see
  |     +-- Conflict     409  somebody else changed it first
  +-- ServerFault        the server failed (5xx), after retries
  +-- JobFailed          the server's job ended in an error or was cancelled
  |     +-- GateClosed   checks found errors that nobody waived, so no version was published
  +-- DiskFull           this machine's disk has no space left; what was whole before stays
  +-- NotVerified        bytes are not what the pin says; names the items
  +-- BadInput           what was given cannot be used; says which file or argument and what to do
        +-- BadLock          motherlode.lock cannot be read
        |     +-- LockConflict  it is in the middle of a merge
        +-- BadManifest      a version's files are none of ours
        +-- BadMedia         a file's bytes are not of its medium
        +-- BadPrediction    a prediction cannot be logged
        +-- BadRegion        a region cannot be read
        +-- UnsafePath       a name that no item may carry
        |     +-- PathClash  a name that cannot stand beside another
        +-- UnknownFormat    no label format of this name
        +-- BadJson          a COCO file is not JSON
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "BadInput",
    "BadRegion",
    "Conflict",
    "DiskFull",
    "GateClosed",
    "JobFailed",
    "Mismatch",
    "MotherlodeError",
    "NotAllowed",
    "NotConfigured",
    "NotFound",
    "NotLoggedIn",
    "NotVerified",
    "Refused",
    "ServerFault",
    "Unreachable",
    "refusal",
]


class MotherlodeError(Exception):
    """Anything Motherlode's SDK raises on purpose."""


class NotConfigured(MotherlodeError):
    """No server, token, project or pin is known."""


class Unreachable(MotherlodeError):
    """The server did not answer."""


class Refused(MotherlodeError):
    """The server said no."""

    def __init__(self, message: str, status: int, code: str = "error", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.facts = dict(facts or {})


class NotLoggedIn(Refused):
    """The token is unknown, expired or revoked."""


class NotAllowed(Refused):
    """The role does not allow it."""


class NotFound(Refused):
    """There is none, or none that you may see."""


class Conflict(Refused):
    """Somebody else changed it first."""


class ServerFault(MotherlodeError):
    """The server failed."""


class JobFailed(MotherlodeError):
    """The server's job ended in an error or was cancelled; `job` is its row."""

    def __init__(self, message: str, job: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.job = dict(job)


class GateClosed(JobFailed):
    """Checks found errors that nobody waived: there is no version; `checks` names them."""

    def __init__(self, message: str, job: Mapping[str, Any]) -> None:
        super().__init__(message, job)
        self.checks = tuple(str(name) for name in (job.get("result") or {}).get("checks", ()))


class DiskFull(MotherlodeError):
    """This machine's disk has no space left; what was whole before stays."""


class BadInput(MotherlodeError, ValueError):
    """What was given cannot be used."""


class BadRegion(BadInput):
    """A region that cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A file that is not what the pin says; `found` is "" where it is gone."""

    path: str
    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        if not self.found:
            return f"{self.path} is gone ({self.file})"
        return (
            f"{self.path} is not what was published: sha256 {self.expected} expected, {self.found} found ({self.file})"
        )


class NotVerified(MotherlodeError):
    """Bytes are not what the pin says; `mismatches` names every item."""

    def __init__(self, message: str, mismatches: Sequence[Mismatch] = ()) -> None:
        self.mismatches = tuple(mismatches)
        shown = "".join(f"\n  {mismatch}" for mismatch in self.mismatches[:10])
        more = f"\n  and {len(self.mismatches) - 10} more" if len(self.mismatches) > 10 else ""
        super().__init__(f"{message}{shown}{more}")


def _fields(fields: Any) -> str:
    """What is wrong with each field, in words."""
    if not isinstance(fields, Mapping):
        return str(fields)
    return " ".join(
        f"{name}: {' '.join(map(str, said)) if isinstance(said, list) else said}" for name, said in fields.items()
    )


_BY_STATUS = {401: NotLoggedIn, 403: NotAllowed, 404: NotFound, 409: Conflict}


def refusal(status: int, body: Any, what: str) -> Refused:
    """The error for an answer of `status` with the JSON `body` to the request `what`."""
    facts = body if isinstance(body, dict) else {}
    message = str(facts.get("error") or f"the server answered {status} to {what}")
    if facts.get("fields"):
        message += f" {_fields(facts['fields'])}"
    if status == 401:
        message += " Log in again: lode login URL --token T, or set MOTHERLODE_TOKEN."
    kind = _BY_STATUS.get(status, Refused)
    return kind(message, status, str(facts.get("code", "error")), facts)
