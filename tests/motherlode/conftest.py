"""The SDK against the real application: requests go through httpx's WSGI transport, nothing is replaced."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from lode_platform.jobs import run_pending
from lode_platform.models import Project, User
from lode_platform.tokens import make_token
from lode_platform.wsgi import application
from motherlode import Client
from motherlode.cache import Cache

SERVER = "http://testserver"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has never heard of a server: no login, no cache, an empty working folder."""
    for name in ("MOTHERLODE_URL", "MOTHERLODE_TOKEN", "MOTHERLODE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "machine"
    folder.mkdir()
    monkeypatch.setenv("MOTHERLODE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request leaves the test's own connection open, as it does under Django's test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def sdk() -> Callable[..., Client]:
    """``sdk(user, project=...)``: a client with that person's token; while it waits, the server's jobs run.

    With ``scope`` the token is limited to that project.
    """

    def make(user: User, *, scope: Project | None = None, **options: object) -> Client:
        token = make_token(user, project=scope)[1]
        transport = httpx.WSGITransport(app=application)
        given = {"transport": transport, "sleep": lambda seconds: run_pending(), "workers": 1, **options}
        return Client(SERVER, token, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def cache(machine: Path) -> Cache:
    return Cache(machine / "cache")
