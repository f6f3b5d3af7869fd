"""While the database is away everybody is told to come again, pages and programs alike; nothing answers 500."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from lode_platform.models import User


@contextmanager
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file where SQLite's was, nobody at PostgreSQL's port."""
    connection.close()
    with monkeypatch.context() as moved:
        if connection.vendor == "sqlite":
            moved.setitem(connection.settings_dict, "NAME", "/nowhere/at/all.sqlite3")
        else:
            moved.setitem(connection.settings_dict, "PORT", "1")
        yield
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_answered_503_with_a_time_to_come_again(
    alice: User, api: Callable[..., Any], client_for: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, browser, nobody = api(alice).client, client_for(alice), Client()
    for client in (program, browser, nobody):
        client.raise_request_exception = False
    with database_away(monkeypatch):
        programs = [program.get("/api/v1/me"), browser.get("/api/v1/me"), program.get(f"/thumbs/{alice.uuid}")]
        pages = [browser.get("/projects/"), nobody.post("/login/", {"username": "alice", "password": "x"})]
    for answer in programs:
        assert answer.status_code == 503 and answer.json()["code"] == "busy" and int(answer.headers["Retry-After"]) > 0
    for page in pages:
        assert page.status_code == 503 and int(page.headers["Retry-After"]) > 0
        assert "database cannot be reached" in page.content.decode()
    assert program.get("/api/v1/me").status_code == browser.get("/projects/").status_code == 200
