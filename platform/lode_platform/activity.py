"""What a person did, line by line, for themselves to take away: each room says what it keeps of it."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from lode_platform import access
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import ApiToken, Event, Membership, Project, User

FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}
BATCH = 1000
FORMULA = tuple("=+-@\t\r")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Act:
    """Something that a person did, or that was said of their work.

    ``kind`` is what of (answer, review given, ...), ``what`` the verb or state in one word, ``seconds`` the time it
    took, ``person`` the other one concerned. "" and None stand for nothing.
    """

    at: datetime
    kind: str
    what: str
    project: str = ""
    queue: str = ""
    item: str = ""
    seconds: float | None = None
    person: str = ""
    text: str = ""
    uuid: UUID | None = None


Source = Callable[[User, "QuerySet[Project]"], Iterable[Act]]
_sources: list[Source] = []


def source(function: Source) -> None:
    """Adds a source of acts: those of a person in some projects, in batches, the earliest first."""
    if function not in _sources:
        _sources.append(function)


def in_batches(rows: "QuerySet[Row]") -> "Iterator[Row]":
    """All rows by their keys, a batch in memory; each batch is read for itself, so that no cursor stays open."""
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from found
        last = found[-1].pk


# -- whose -------------------------------------------------------------------------------------------------------------


def own(caller: Caller) -> Iterator[Act]:
    """Everything of the caller in the projects that they see, and what belongs to no project."""
    yield from _of(caller.user, Project.objects.visible_to(caller))
    if caller.only_project is None:
        yield from _account(caller.user)


def in_project(caller: Caller, project: str, username: str) -> Iterator[Act]:
    """What a person did in a project: for themselves, and for who manages its members.

    Raises as ``access``, and ``NotFound`` for a person who is not a member and did nothing there.
    """
    member = access.member_of(caller, project, "project.view")
    if username != caller.user.username:
        access.check(caller, member.role, "project.manage", member.project_id)
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound("There is no such person in this project.")
    acts = _of(user, Project.objects.filter(pk=member.project_id))
    first = next(acts, None)
    if first is None and not Membership.objects.filter(project=member.project, user=user).exists():
        raise NotFound("There is no such person in this project.")
    return _again(first, acts)


def _again(first: Act | None, rest: Iterator[Act]) -> Iterator[Act]:
    if first is not None:
        yield first
    yield from rest


def _of(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    for each in _sources:
        yield from each(user, projects)


# -- as lines ----------------------------------------------------------------------------------------------------------


def lines(acts: Iterable[Act], form: str) -> Iterator[bytes]:
    """The acts in one of the ``FORMS``: JSON with all fields a line, or CSV with a head."""
    if form == "csv":
        return _csv(acts)
    return (json.dumps(asdict(act), default=_plain).encode() + b"\n" for act in acts)


def check_form(given: str) -> str:
    """One of the ``FORMS``. Raises ``BadInput``."""
    if given not in FORMS:
        raise BadInput(f"{given[:40]!r} is not a form; there are {' and '.join(FORMS)}.", field="as")
    return given


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _csv(acts: Iterable[Act]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    names = [field.name for field in fields(Act)]
    writer.writerow(names)
    for act in acts:
        writer.writerow([_cell(getattr(act, name)) for name in names])
        if out.tell() > 1 << 15:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else value if isinstance(value, float) else _plain(value)


# -- what this room keeps ----------------------------------------------------------------------------------------------


def _events(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    for row in in_batches(Event.objects.filter(actor=user, project__in=projects).select_related("project")):
        yield _event(row)


def _event(row: Event) -> Act:
    text = json.dumps(row.data) if row.data else ""
    return Act(row.at, "event", row.verb, row.project.name if row.project else "", text=text, uuid=row.target)


def _tokens(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    for row in in_batches(ApiToken.objects.filter(user=user, project__in=projects).select_related("project")):
        yield from _token(row)


def _token(row: ApiToken) -> Iterator[Act]:
    project, text = row.project.name if row.project else "", f"lode_{row.prefix}… {row.name}"
    for at, what in ((row.created_at, "made"), (row.last_used_at, "last used"), (row.revoked_at, "revoked")):
        if at is not None:
            yield Act(at, "token", what, project, text=text, uuid=row.uuid)


def _account(user: User) -> Iterator[Act]:
    """What belongs to no project: the account's own events, and tokens that act everywhere."""
    for row in in_batches(Event.objects.filter(actor=user, project=None)):
        yield _event(row)
    for token in in_batches(ApiToken.objects.filter(user=user, project=None)):
        yield from _token(token)


source(_events)
source(_tokens)
