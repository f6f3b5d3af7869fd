"""Below a path of a host: every page, door and address has the prefix, whether the proxy cuts it off or not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import clear_script_prefix
from tests.conftest import PASSWORD

from lode_platform.tokens import make_token
from lode_platform.wsgi import application
from motherlode import Client

HOST = "http://testserver"
LINK = re.compile(r'\s(?:href|src|action|hx-get|hx-post|data-upload|data-[a-z-]*url)="(/[^"]*)"')


@pytest.fixture
def prefixed(settings: LazySettings) -> Iterator[httpx.Client]:
    """A browser at the server, which stands below /lode."""
    settings.PUBLIC_URL, settings.FORCE_SCRIPT_NAME = f"{HOST}/lode", "/lode"
    settings.STATIC_URL = "/lode/static/"
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield httpx.Client(transport=httpx.WSGITransport(app=application), base_url=HOST, follow_redirects=True)
    for signal in signals:
        signal.connect(close_old_connections)
    clear_script_prefix()


@pytest.mark.django_db
def test_every_link_of_a_page_stays_below_the_path(prefixed: httpx.Client, cells: Any) -> None:
    items = cells.add(2)
    cells.publish()
    login = prefixed.get("/lode/login/")
    secret = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)
    assert secret
    form = {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": secret[1]}
    entered = prefixed.post("/lode/login/", data=form, headers={"Referer": f"{HOST}/lode/login/"})
    assert entered.status_code == 200 and entered.url.path.startswith("/lode/"), entered.url
    home = "/lode/p/blood"
    rest = ("items/", f"items/{items[0].uuid}/", "items/add/", "jobs/", "settings/", "schemas/", "queues/", "runs/")
    pages = [f"{home}/", *(f"{home}/{page}" for page in rest), f"{home}/datasets/cells/", f"{home}/datasets/cells/v1/"]
    for page in pages:
        answer = prefixed.get(page)
        assert answer.status_code == 200, page
        links = LINK.findall(answer.text)
        assert links and [link for link in links if not link.startswith("/lode/")] == [], page
    assert f"git clone --branch v1 {HOST}/lode/git/blood/cells.git" in answer.text
    stylesheet = next(link for link in LINK.findall(answer.text) if ".css" in link)
    assert prefixed.get(stylesheet).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("passed_on", ["/lode", ""], ids=["passed on", "cut off"])
def test_doors_and_programs_work_below_the_path(prefixed: httpx.Client, cells: Any, passed_on: str) -> None:
    (item,) = cells.add(1)
    version = cells.publish()
    token = make_token(cells.user)[1]

    class Proxy(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            path = request.url.path
            assert path.startswith("/lode/"), path
            there = request.url.copy_with(path=passed_on + path.removeprefix("/lode"))
            return httpx.WSGITransport(app=application).handle_request(
                httpx.Request(request.method, there, headers=request.headers, stream=request.stream)
            )

    client = Client(f"{HOST}/lode", token, project="blood", transport=Proxy(), workers=1)
    assert [row["name"] for row in client.pages("projects")] == ["blood"]
    assert client.get(f"items/{item.uuid}")["media"] == f"/lode/media/{item.uuid}"
    proxied = httpx.Client(transport=Proxy(), base_url=f"{HOST}/lode", headers={"X-Api-Token": token})
    refs = proxied.get("/git/blood/cells.git/info/refs?service=git-upload-pack")
    assert refs.status_code == 200 and version.commit.encode() in refs.content
    md5 = item.blob.md5
    assert proxied.get(f"/dvc/blood/cells/files/md5/{md5[:2]}/{md5[2:]}").status_code == 200


@pytest.mark.once
def test_a_path_that_begins_as_ours_is_refused_at_start(tmp_path: Any) -> None:
    given = {"MOTHERLODE_HOME": str(tmp_path), "MOTHERLODE_PUBLIC_URL": "https://host/git/lode"}
    environment = {**os.environ, **given, "DJANGO_SETTINGS_MODULE": "lode_platform.settings"}
    program = [sys.executable, "-m", "django", "check"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode and "begin with /git: give it another path" in done.stderr
