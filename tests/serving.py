"""A real server for tests: on a port of its own, awaited, and ended with all that it started."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: what is free here stays free until the server takes it."""


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def environment_of(home: Path) -> dict[str, str]:
    """For programs that run on a state folder, with SQLite and the store in it."""
    passed = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "DJANGO_"))}
    own = {"MOTHERLODE_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'db.sqlite3'}"}
    return {**passed, **own, "MOTHERLODE_STORE": str(home / "store")}


def furnish(home: Path, migrated_file: Path, *, database: bool = True) -> None:
    """Gives a state folder what a first start would make: the tables (SQLite), and the collected static files."""
    home.mkdir(parents=True, exist_ok=True)
    if database:
        shutil.copy(migrated_file, home / "db.sqlite3")
    (home / "static").symlink_to(migrated_file.with_suffix(".static"))


class Server:
    """``manage.py serve``, once it answers."""

    def __init__(self, environment: dict[str, str], log: Path, *options: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), *options]
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
        until = time.monotonic() + 240
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/login/", timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        self.stop()
        pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
