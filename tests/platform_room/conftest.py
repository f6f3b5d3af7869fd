"""A server of one's own: real processes on a database, a home and a port of their own."""

import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest
from PIL import Image

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
        self.database = database
        self.log = home.with_name(f"{home.name}.log")
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

    def run(self, *words: str) -> str:
        """The standard output of a management command."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *words], env=self.env, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lode(self, url: str, token: str, *words: str) -> Any:
        """What a verb of the CLI answers, run as a training machine runs it against a server."""
        client = {"MOTHERLODE_URL": url, "MOTHERLODE_TOKEN": token, "MOTHERLODE_CACHE": str(self.home.parent / "cache")}
        command = [sys.executable, "-m", "motherlode", *words, "--json"]
        done = subprocess.run(command, env={**self.env, **client}, cwd=self.home.parent, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement reads from the machine's database, without starting a process."""
        if self.database:
            with psycopg.connect(self.database) as connection:
                return connection.execute(statement).fetchall()
        with closing(sqlite3.connect(self.home / "db.sqlite3", timeout=30)) as lite:
            return lite.execute(statement).fetchall()

    def job(self) -> tuple[str, int, dict[str, Any]]:
        """State, attempts and result of the machine's only job."""
        ((state, attempts, result),) = self.rows("SELECT state, attempts, result FROM platform_job")
        return state, attempts, json.loads(result) if isinstance(result, str) else result

    def items(self, *, staged: bool = False) -> int:
        """How many items are seen; with ``staged``, how many there are."""
        where = "" if staged else " WHERE staged_by_id IS NULL"
        return int(self.rows(f"SELECT count(*) FROM platform_item{where}")[0][0])

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

    @staticmethod
    def free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def serve(self, **env: str) -> str:
        """Starts ``serve`` and answers its address once it answers."""
        port = self.free_port()
        self.server = self.start("serve", f"--port={port}", **env)
        return self.answering(self.server, port)

    def answering(self, server: "subprocess.Popen[bytes]", port: int) -> str:
        """The address of a ``serve`` that was started, once it answers."""
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert server.poll() is None, self.log.read_text()
            with suppress(httpx.HTTPError):
                return httpx.get(f"{address}/login/", timeout=5).status_code == 200
            return False

        wait_for("the server answers", answers)
        return address

    def worker_of(self, server: "subprocess.Popen[bytes]") -> int | None:
        """The process of the worker that ``serve`` keeps."""
        for child in psutil.Process(server.pid).children():
            with suppress(psutil.NoSuchProcess):
                if "worker" in child.cmdline():
                    return child.pid
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


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    """An up-to-date empty database, made once: a SQLite file, or the name of a database of PostgreSQL."""
    server = os.environ.get("DATABASE_URL", "")
    home = tmp_path_factory.mktemp("migrated")
    if not server.startswith("postgres"):
        Machine(home, "").run("migrate", "--verbosity=0")
        with closing(sqlite3.connect(home / "db.sqlite3")) as lite:
            lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield home / "db.sqlite3"
        return
    name = f"lode_template_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        Machine(home, at(server, name)).run("migrate", "--verbosity=0")
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def at(server: str, name: str) -> str:
    """The address of a database beside that of ``server``."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture
def machine(tmp_path: Path, migrated: str | Path) -> Iterator[Machine]:
    """On SQLite, or, where DATABASE_URL names PostgreSQL, on a database of its own there."""
    if isinstance(migrated, Path):
        made = Machine(tmp_path / "machine", "")
        made.home.mkdir()
        shutil.copy(migrated, made.home / "db.sqlite3")
        yield made
        made.stop()
        return
    with own_database(f' TEMPLATE "{migrated}"') as address:
        made = Machine(tmp_path / "machine", address)
        yield made
        made.stop()


@pytest.fixture
def new_machine(tmp_path: Path) -> Iterator[Machine]:
    """As ``machine``, before its first start: no home, and a database without a table."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        made = Machine(tmp_path / "machine", "")
        yield made
        made.stop()
        return
    with own_database() as address:
        made = Machine(tmp_path / "machine", address)
        yield made
        made.stop()


@contextmanager
def own_database(template: str = "") -> Iterator[str]:
    """The address of a database of PostgreSQL that is gone afterwards."""
    server, name = os.environ["DATABASE_URL"], f"lode_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"{template}')
    try:
        yield at(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def coco_folder(tmp_path: Path) -> Path:
    """Six pictures, 1.png to 6.png, each with one cell at (8, 8, 28, 24), all of the train split."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    document: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cell"}]}
    for number in range(1, 7):
        out = io.BytesIO()
        Image.new("RGB", (64, 48), (number * 30, 90, 120)).save(out, "PNG")
        (folder / f"{number}.png").write_bytes(out.getvalue())
        document["images"].append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 48})
        box = {"id": number, "image_id": number, "category_id": 1, "bbox": [8, 8, 20, 16]}
        document["annotations"].append(box)
    (folder / "train.json").write_text(json.dumps(document))
    return folder
