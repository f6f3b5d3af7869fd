"""Every setting is documented, and what is documented is a setting; nonsense is refused by name."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from lode_platform.settings import store_options, store_place

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[\"'](MOTHERLODE_[A-Z_]+|LODE_[A-Z_]+|DATABASE_URL)[\"']")
SHELL = re.compile(r"\$\{(MOTHERLODE_[A-Z_]+|LODE_[A-Z_]+)")


def test_the_settings_page_names_every_variable_that_is_read_and_no_other() -> None:
    read: set[str] = set()
    for room in ("platform", "annotation", "datasets", "hooks", "sdk"):
        for file in (ROOT / room).rglob("*.py"):
            read |= set(NAME.findall(file.read_text()))
    told = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    tests = {name for name in told if name.startswith(("LODE_TEST", "LODE_REQUIRE", "MOTHERLODE_TEST"))}
    for file in [*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run"]:
        tests -= set(SHELL.findall(file.read_text()))
    for file in (ROOT / "tests").rglob("*.py"):
        tests -= set(NAME.findall(file.read_text()))
    assert told - tests - read <= {name for name in told if name.startswith(("LODE_", "MOTHERLODE_TEST"))}
    assert read <= told and not tests


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOTHERLODE_DEBUG", "maybe"),
        ("MOTHERLODE_JOB_LEASE", "soon"),
        ("MOTHERLODE_JOB_SWEEP", "0"),
        ("MOTHERLODE_SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("MOTHERLODE_PUBLIC_URL", "lode.example.org"),
        ("MOTHERLODE_PUBLIC_URL", "https://ada:secret@lode.example.org"),
        ("MOTHERLODE_PUBLIC_URL", "https://lode.example.org:port"),
        ("MOTHERLODE_PUBLIC_URL", "https://lode.example.org/?next=1"),
        ("MOTHERLODE_MAIL_FROM", "nobody"),
    ],
)
def test_nonsense_is_refused_at_start_by_name(name: str, value: str, tmp_path: Path) -> None:
    env = {**os.environ, "MOTHERLODE_HOME": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "-c", "import lode_platform.settings"], env=env, capture_output=True, text=True
    )
    assert done.returncode != 0 and name in done.stderr


def test_the_signing_key_is_made_once_by_whoever_starts_first_and_kept_to_oneself(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "MOTHERLODE_SECRET_KEY"}
    env["MOTHERLODE_HOME"] = str(tmp_path)
    command = [sys.executable, "-c", "import lode_platform.settings as s; print(s.SECRET_KEY)"]
    together = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    keys = {process.communicate()[0].strip() for process in together}
    keys.add(subprocess.run(command, env=env, capture_output=True, text=True).stdout.strip())
    assert len(keys) == 1 and len(keys.pop()) >= 48
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.glob("*secret_key*")] == ["secret_key"]


def settings_of(home: Path, *names: str, **env: str) -> dict[str, Any]:
    """What the settings ``names`` are in a process with this environment."""
    code = f"import json, lode_platform.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names!r}}}))"
    whole = {**os.environ, "MOTHERLODE_HOME": str(home), **env}
    done = subprocess.run([sys.executable, "-c", code], env=whole, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_cookies_and_pages_go_over_tls_alone_where_the_address_says_https(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")
    said = [
        list(settings_of(tmp_path, *names, MOTHERLODE_PUBLIC_URL=address).values())
        for address in ("https://lode.example.org", "http://lode.example.org", "")
    ]
    assert said == [[True, True, 365 * 24 * 3600], [False, False, 0], [False, False, 0]]


def test_only_loopback_and_the_public_address_are_answered_to(tmp_path: Path) -> None:
    loopback = ["localhost", "127.0.0.1", "[::1]"]
    hosts = {"http://lode.example.org:8000/lode": "lode.example.org", "https://[fd00::1]:8443": "[fd00::1]"}
    for address, host in hosts.items():
        found = settings_of(tmp_path, "ALLOWED_HOSTS", MOTHERLODE_PUBLIC_URL=address, MOTHERLODE_ALLOWED_HOSTS="")
        assert found["ALLOWED_HOSTS"] == [*loopback, host]
    env = {"MOTHERLODE_PUBLIC_URL": "", "MOTHERLODE_ALLOWED_HOSTS": "a, b"}
    found = settings_of(tmp_path, "ALLOWED_HOSTS", "PUBLIC_URL", **env)
    assert set(found["ALLOWED_HOSTS"][:-2]) == set(loopback) and found["ALLOWED_HOSTS"][-2:] == ["a", "b"]
    assert found["PUBLIC_URL"] == "http://127.0.0.1:8000"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_server_for_other_machines_is_refused_without_the_address_that_they_use(host: str, tmp_path: Path) -> None:
    env = {**os.environ, "MOTHERLODE_HOME": str(tmp_path), "MOTHERLODE_PUBLIC_URL": ""}
    env["DJANGO_SETTINGS_MODULE"] = "lode_platform.settings"
    done = subprocess.run(
        [sys.executable, "-m", "django", "serve", f"--host={host}"], env=env, capture_output=True, text=True
    )
    assert done.returncode != 0 and "MOTHERLODE_PUBLIC_URL" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()


def test_a_server_below_a_path_works_whether_its_proxy_takes_the_path_off_or_not(machine: Any) -> None:
    server = machine.serve(MOTHERLODE_PUBLIC_URL="http://127.0.0.1/lode", MOTHERLODE_WEB_WORKERS="1")
    token = machine.run("token", "ada", "--project", "cells").strip()
    for prefix in ("/lode", ""):
        with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}) as program:
            project = program.get(f"{prefix}/api/v1/projects/cells").json()
            assert project["url"] == "/lode/p/cells/"
            assert program.get(f"{prefix}/api/v1/nothing").json()["code"] == "not_found"
        with httpx.Client(base_url=server) as browser:
            login = browser.get(f"{prefix}/p/cells/")
            assert login.headers["Location"].startswith("/lode/login/?next=/lode/p/cells/")
            page = browser.get(f"{prefix}/login/")
            assert page.headers["Set-Cookie"].count("Path=/lode/") == 1
            addresses = re.findall(r"(?:href|src|action)=\"(/[^\"]*)\"", page.text)
            assert addresses and all(one.startswith("/lode/") for one in addresses)
            files = [one for one in addresses if "/static/" in one]
            assert {browser.get(one.removeprefix("/lode")).status_code for one in files[:3]} == {200}
            assert {browser.get(one).status_code for one in files} == {200}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nowhere://bucket/x", "MOTHERLODE_STORE=nowhere://"),
        ("memory://x", "MOTHERLODE_STORE=memory://"),
        ("simplecache::s3://bucket/x", "MOTHERLODE_STORE=simplecache::s3://"),
        ("sftp://host/x", "paramiko"),
    ],
)
def test_a_store_that_cannot_be_is_refused_at_start(given: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(told)):
        store_place(given)


def test_a_store_may_be_a_folder_a_file_address_or_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [store_place(given) for given in ("/srv/x", "file:///srv/x", "s3://bucket/x/")] == [
        "/srv/x",
        "/srv/x",
        "s3://bucket/x",
    ]
    monkeypatch.setattr("lode_platform.settings.find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="extra s3"):
        store_place("s3://bucket/x")


@pytest.mark.parametrize("given", ['{"secret": "hidden"', "7"])
def test_options_of_the_store_are_an_object_and_never_repeated(given: str) -> None:
    with pytest.raises(ImproperlyConfigured) as said:
        store_options(given)
    assert "hidden" not in str(said.value)
    assert store_options('{"endpoint_url": "x"}') == {"endpoint_url": "x"} and store_options("") == {}
