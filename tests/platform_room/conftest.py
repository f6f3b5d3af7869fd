"""A server of one's own: real processes on a database, a home and a port of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]


def wait_for(what: str, check: Callable[[], object], seconds: float = 60) -> None:
    """Waits until ``check`` is true; a test that waits longer than ``seconds`` has failed."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


class Machine:
    """Processes of Motherlode that share a home, a database and nothing with this test's own Django."""

    def __init__(self, home: Path, database: str) -> None:
        self.home = home
        self.log = home / "log"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LODE_CRASH"))},
            "MOTHERLODE_HOME": str(home),
            "DATABASE_URL": database,
            "MOTHERLODE_JOB_LEASE": "2",
            "MOTHERLODE_JOB_SWEEP": "1",
            "MOTHERLODE_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "lode_platform.settings"),
        }
        self.running: list[subprocess.Popen[bytes]] = []
        home.mkdir(parents=True, exist_ok=True)
        self.run("migrate", "--verbosity=0")

    def run(self, *words: str) -> str:
        """The standard output of a management command."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *words], env=self.env, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Runs Python with our Django set up and answers what it prints."""
        return self.run("shell", "--no-imports", "-c", code).strip()

    def start(self, *words: str, **env: str) -> "subprocess.Popen[bytes]":
        """A management command that keeps running, with more environment."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "django", *words],
                env={**self.env, **env},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def serve(self, **env: str) -> str:
        """Starts ``serve`` and answers its address once it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        self.server = self.start("serve", f"--port={port}", **env)

        def answers() -> bool:
            assert self.server.poll() is None, self.log.read_text()
            with suppress(httpx.HTTPError):
                return httpx.get(f"{address}/login/", timeout=5).status_code == 200
            return False

        wait_for("the server answers", answers)
        return address

    def worker_of(self, server: "subprocess.Popen[bytes]") -> int | None:
        """The process of the worker that ``serve`` keeps, by Linux's list of children."""
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for child in children:
            with suppress(OSError):
                if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        return None

    def wait_for(self, what: str, check: Callable[[], object], seconds: float = 60) -> None:
        wait_for(what, check, seconds)

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """On SQLite, or, where DATABASE_URL names PostgreSQL, on a database of its own there."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        made = Machine(tmp_path / "machine", "")
        yield made
        made.stop()
        return
    name = f"lode_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    made = Machine(tmp_path / "machine", urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
    yield made
    made.stop()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
