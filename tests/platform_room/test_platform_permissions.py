"""Who may do what: docs/permissions.md is the list of cases, over every address of the server.

A role that has the verb is let through (whatever else is wrong with the empty request), one that lacks it is refused
(403), a stranger finds nothing (404), the anonymous must log in (401, or the login page). An address without a line in
the table fails.
"""

import functools
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from lode_platform.models import Role
from lode_platform.roles import VERBS

pytestmark = [pytest.mark.once, pytest.mark.django_db]
TABLE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
STRANGER, NOBODY = "stranger", "anonymous"
METHODS = ("get", "post", "put", "patch", "delete")
INTERFACES = ("/api/", "/ls/")
GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
Patterns = list[tuple[str, URLPattern]]


# -- the table --------------------------------------------------------------------------------------------------------


# Addresses that read what they are sent before they know whose it is are sent something whole.
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/schemas/<uuid:schema>/revisions": {"config": "<View/>"},
    "/api/v1/schemas/<uuid:schema>/dry-run": {"config": "<View/>"},
    "/api/v1/tasks/<uuid:task>/submit": {"result": [], "operation_id": str(uuid4()), "lead_time": 1.0},
    "/api/v1/tasks/<uuid:task>/skip": {"operation_id": str(uuid4())},
    "/api/v1/tasks/<uuid:task>/draft": {"result": []},
    "/api/v1/tasks/<uuid:task>/assist": {"control": "none", "label": "none", "x": 1, "y": 1},
    "/api/v1/schemas/<uuid:schema>/assistants/<slug:assistant>": {"on": True},
    "/api/v1/schemas/<uuid:schema>/examples": {"class_id": 1, "item": str(uuid4())},
    "/api/v1/schemas/<uuid:schema>/predictors": {"name": "own", "url": "http://127.0.0.1:9"},
    "/api/v1/projects/<slug:project>/bulk-actions": {"action": "tag", "arguments": {"tag": "seen"}, "query": ""},
    "/api/v1/projects/<slug:project>/webhooks": {"url": "https://example.org/", "kinds": ["run.started"]},
    "/api/v1/tasks/<uuid:task>/flag": {"note": "look here"},
    "/ls/api/tasks/?": {"project": "<ls_project>", "data": {}},
    "/ls/api/predictions/?": {"task": "<ls_task>", "result": []},
    "/api/v1/annotations/<uuid:answer>/comments": {"text": "look here"},
    "/api/v1/micro-tasks/<uuid:task>/vote": {"answer": "yes", "operation_id": str(uuid4())},
    "/api/v1/micro-tasks/<uuid:task>/undo": {"operation_id": str(uuid4())},
    "/api/v1/annotations/<uuid:annotation>/review": {
        "verdict": "accept",
        "operation_id": str(uuid4()),
        "base_revision": 1,
    },
}
QUERIES = {
    "/git/<slug:project>/<slug:dataset>.git/info/refs": "?service=git-upload-pack",
    "/ls/api/tasks/?": "project=<ls_project>",
    "/ls/api/predictions/?": "task=<ls_task>",
    "/ls/data/local-files/?": "d=<path>",
}

# What an address shows beside what it opens with. At score .95 truths are missed that no evaluation has recorded.
ALSO: dict[str, tuple[str, ...]] = {
    "/api/v1/evaluations/<uuid:evaluation>/failures": ("?threshold=0.95", "?verdict=none"),
    "/p/<slug:project>/runs/<uuid:run>/": ("?tab=compare", "?tab=predictions", "?tab=lineage", "?threshold=0.95"),
    "/p/<slug:project>/failures/": ("?evaluation=<evaluation>&threshold=0.95",),
    "/p/<slug:project>/failures/matches/": ("?evaluation=<evaluation>&threshold=0.95",),
    "/p/<slug:project>/failures/scene/": ("?evaluation=<evaluation>&picture=<item>&failure=<failure>",),
    "/p/<slug:project>/mining/preview/": ("?run=<run>&splits=train&weight_failures=100",),
    "/p/<slug:project>/datasets/<slug:name>/diff/<int:a>/<int:b>/": ("?facet=class",),
    "/p/<slug:project>/schemas/<slug:name>/examples/": ("?class=1",),
    "/p/<slug:project>/schemas/<slug:name>/examples/items/": ("?query=path:item",),
    "/thumbs/<uuid:item>": ("?size=256&crop=4,4,30,30",),
}


@dataclass(frozen=True)
class Line:
    """A line of the second table. ``who`` is a verb, ``own``, ``own or <verb>``, signed in, public, nobody or not
    offered."""

    address: str
    method: str
    who: str

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of docs/permissions.md, without its two first lines."""
    section = TABLE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [cells(line) for line in section.splitlines() if line.startswith("|")][2:]


def lines() -> list[Line]:
    return [Line(address, method, who) for address, methods, who in rows("Addresses") for method in methods.split(", ")]


def walk(resolver: URLResolver, before: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        address = before + GROUP.sub(r"<\1>", str(pattern.pattern).removeprefix("^").removesuffix("$"))
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, address)
        else:
            yield address, pattern


def addresses() -> Patterns:
    return list(walk(get_resolver()))


def ask(client: Client, world: Any, line: Line, query: str | None = None) -> tuple[int, str]:
    """The status of an empty request, and where it leads; what it wrote is taken back."""
    options: dict[str, Any] = {}
    if line.method != "GET" and line.address.startswith(INTERFACES):
        body = json.dumps(BODIES.get(line.address, {}))
        options = {"content_type": "application/json", "data": world.address(body)}
    cookies = SimpleCookie(client.cookies)  # logging out takes the session's away
    with transaction.atomic():
        asked = QUERIES.get(line.address, "") if query is None and line.method == "GET" else query or ""
        address = world.address(line.address + asked)
        answer = getattr(client, line.method.lower())(address, **options)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer.status_code, str(answer.headers.get("Location", ""))


def expected(line: Line, who: str) -> str:
    """``in``, ``refused``, ``not there``, ``log in`` or ``not offered``."""
    if line.who == "public":
        return "in"
    if who == NOBODY:
        return "log in"
    if line.who in ("signed in", "not offered"):
        return "in" if line.who == "signed in" else line.who
    if who == STRANGER:
        return "not there"
    if line.who == "nobody":
        return "refused"
    if line.who == "own":
        return "in" if who == Role.OWNER else "not there"
    verb = line.who.removeprefix("own or ")
    if Role(who) in VERBS[verb]:
        return "in"
    return "refused or not there" if line.who.startswith("own or ") else "refused"


def met(expectation: str, status: int, location: str) -> bool:
    to_login = status == 302 and location.startswith("/login/")
    match expectation:
        case "in":
            return status not in (401, 403, 404, 405) and status < 500 and not (to_login and "next=" in location)
        case "log in":
            return status == 401 or to_login
        case "refused":
            return status == 403
        case "not there":
            return status == 404
        case "not offered":
            return status == 501
        case _:
            return status in (403, 404)


# -- the tests --------------------------------------------------------------------------------------------------------


def test_the_table_of_roles_is_the_servers() -> None:
    told = {
        verb: {role for role, cell in zip(Role.values, marks, strict=True) if cell} for verb, *marks in rows("Roles")
    }
    assert told == {verb: {str(role) for role in roles} for verb, roles in VERBS.items()}


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    known = {line.address for line in lines()}
    there = {address for address, _ in addresses()}
    assert there - known == set(), "addresses without a line in docs/permissions.md"
    assert known - there == set(), "lines of docs/permissions.md without an address"


def test_every_method_of_the_rest_interface_has_a_line() -> None:
    known = {(line.address, line.method) for line in lines()}
    for address, pattern in addresses():
        handler = getattr(pattern.callback, "cls", None)
        if handler is not None and address.startswith(INTERFACES):
            here = {(address, method.upper()) for method in METHODS if hasattr(handler, method)}
            assert here <= known, f"methods without a line in docs/permissions.md: {here - known}"


def test_every_verb_is_asked_for_somewhere() -> None:
    asked = {line.who.removeprefix("own or ") for line in lines()}
    assert set(VERBS) <= asked


@pytest.mark.parametrize("line", lines(), ids=str)
def test_each_person_gets_what_the_table_says(line: Line, world: Any) -> None:
    told = {who: ask(world.client(who, line.address), world, line) for who in (*Role.values, STRANGER, NOBODY)}
    wrong = {who: answer for who, answer in told.items() if not met(expected(line, who), *answer)}
    assert not wrong, {who: (expected(line, who), answer) for who, answer in wrong.items()}


@pytest.mark.parametrize("address", sorted({line.address for line in lines() if line.method == "GET"}))
def test_what_is_not_listed_for_posting_writes_nothing(address: str, world: Any) -> None:
    """A page that would quietly take a form needs a line of its own."""
    if Line(address, "POST", "") in [Line(line.address, line.method, "") for line in lines()]:
        pytest.skip("is listed for posting")
    with CaptureQueriesContext(connection) as statements:
        ask(world.client(Role.OWNER, address), world, Line(address, "POST", ""))
    written = [row["sql"] for row in statements if re.match(r"\s*(INSERT|UPDATE|DELETE)\b", row["sql"])]
    assert not [sql for sql in written if "django_session" not in sql]


WRITING = re.compile(r"\b(INSERT|UPDATE|DELETE FROM|REPLACE INTO|FOR SHARE|CREATE|ALTER|DROP)\b")


def forget(home: Path) -> None:
    """As on a machine that has served nothing yet: no thumbnail, no repository, no evaluation in memory."""
    for folder in (home / "thumbs", home / "git"):
        shutil.rmtree(folder, ignore_errors=True)
    for known in remembered():
        known.cache_clear()


@functools.cache
def remembered() -> list[Any]:
    """What our modules keep in memory of what they were asked for."""
    modules = [module for name, module in sys.modules.items() if name.startswith("lode_")]
    return [one for module in modules for one in vars(module).values() if type(one) is functools._lru_cache_wrapper]


@pytest.mark.parametrize("line", [line for line in lines() if line.method == "GET"], ids=str)
def test_a_read_writes_nothing_whoever_asks(line: Line, world: Any) -> None:
    """Neither a row nor a lock: a replica could answer it, and nobody who only looks waits for somebody who writes."""
    written: list[tuple[str, str, str]] = []
    for who in (*Role.values, STRANGER, NOBODY):
        for query in (QUERIES.get(line.address, ""), *ALSO.get(line.address, ())):
            forget(world.home)
            with CaptureQueriesContext(connection) as statements:
                status, _location = ask(world.client(who, line.address), world, line, world.address(query))
            assert status < 500 or line.who == "not offered"
            written += [(who, query, row["sql"]) for row in statements if WRITING.search(row["sql"])]
    assert not written
