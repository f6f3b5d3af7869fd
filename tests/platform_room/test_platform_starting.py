"""The first start: several processes on one database, and whose eyes the state is for."""

import hashlib
import os
import signal
import stat
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from django.conf import LazySettings
from django.db import connection
from tests.serving import free_port

from lode_platform import static_files
from lode_platform.migrating import is_behind

pytestmark = pytest.mark.xdist_group("starting")

# As a version of its own left it: one room has all its steps, those it stands on lack some.
OLDER = """
from tests.stepwise import step_to
step_to(
    ("platform", "0006_lists_of_live_items"),
    ("annotation", "0004_queue_filling"),
    ("datasets", "0004_pages_of_entries"),
    ("hooks", "0007_failure_occurrences"),
)
"""


@pytest.mark.parametrize("before", [pytest.param("empty", marks=pytest.mark.once), "older"])
def test_two_servers_that_start_at_once_both_serve(new_machine: Any, migrated: str | Path, before: str) -> None:
    if before == "older":
        new_machine.shell(OLDER)
    ports = [free_port(), free_port()]
    servers = [
        new_machine.start("serve", f"--port={port}", "--no-worker", MOTHERLODE_WEB_WORKERS="1") for port in ports
    ]
    for server, port in zip(servers, ports, strict=True):
        new_machine.answering(server, port)
    assert "Traceback" not in new_machine.log.read_text()
    assert new_machine.rows("SELECT count(*) FROM hooks_run") == [(0,)]
    assert new_machine.tables() == new_machine.tables(migrated)


@pytest.mark.django_db
def test_a_database_that_took_every_step_by_itself_lacks_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name LIKE %s", ["0001_squashed_%"])
        assert cursor.rowcount == 4
    assert not is_behind()
    with connection.cursor() as cursor:
        newest = "SELECT max(name) FROM django_migrations WHERE app = 'platform'"
        cursor.execute(f"DELETE FROM django_migrations WHERE app = 'platform' AND name = ({newest})")
        assert cursor.rowcount == 1
    assert is_behind()


@pytest.mark.once
def test_static_files_are_collected_again_only_where_a_source_has_changed(
    home: Path, tmp_path: Path, settings: LazySettings
) -> None:
    source = tmp_path / "sources"
    source.mkdir()
    (source / "page.css").write_text("a {}")
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], home / "static"
    settings.STATIC_ROOT.mkdir()
    collected = settings.STATIC_ROOT / "page.css"
    static_files.collect()
    assert collected.read_text() == "a {}"
    collected.unlink()
    static_files.collect()
    assert not collected.exists()
    (source / "page.css").write_text("a { color: red }")
    static_files.collect()
    assert collected.read_text() == "a { color: red }"


def test_told_not_to_migrate_a_server_refuses_a_database_that_is_behind(new_machine: Any) -> None:
    server = new_machine.start("serve", f"--port={free_port()}", "--no-migrate")
    assert server.wait(300) == 1
    assert "run manage.py migrate once" in new_machine.log.read_text()


@pytest.mark.once
def test_a_server_ends_with_its_terminal(machine: Any) -> None:
    ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the server inherits it, whatever these tests run under
    terminal, server_side = os.openpty()
    try:
        machine.serve(out=server_side, MOTHERLODE_WEB_WORKERS="1")
    finally:
        signal.signal(signal.SIGHUP, ours)
        os.close(server_side)
    started = psutil.Process(machine.server.pid).children(recursive=True)
    assert len(started) >= 3
    os.close(terminal)  # nothing that it says now is taken
    machine.server.send_signal(signal.SIGHUP)
    assert machine.server.wait(300) == 0
    assert not [each for each in started if each.is_running()]


@pytest.mark.once
def test_nobody_else_can_open_what_a_server_keeps_and_an_open_folder_is_named(new_machine: Any) -> None:
    token = new_machine.run("token", "alice", "--project", "blood").strip()
    address = new_machine.serve(MOTHERLODE_WEB_WORKERS="1")
    headers = {"Authorization": f"Bearer {token}", "X-Sha256": hashlib.sha256(b"one").hexdigest()}
    md5 = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    sent = httpx.put(f"{address}/api/v1/projects/blood/blobs/{md5}", content=b"one", headers=headers)
    assert sent.status_code == 201, sent.text
    kept = [path for path in [new_machine.home, *new_machine.home.rglob("*")] if "static" not in path.parts]
    assert new_machine.home / "store" / "files" / "md5" / md5[:2] / md5[2:] in kept
    assert [path for path in kept if mode(path) & 0o077] == []
    assert "Other accounts" not in new_machine.log.read_text()
    new_machine.stop()
    new_machine.home.chmod(0o755)
    new_machine.start("worker")
    said = f"Other accounts of this machine can open {new_machine.home} (mode 755)"
    new_machine.wait_for("it is said", lambda: said in new_machine.log.read_text())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
