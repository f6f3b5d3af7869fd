"""A real server, web and worker, on a state folder of its own, and programs that use it from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import ROOT, Server, environment_of, furnish


class Served:
    """A running server: its address, its state folder, and ways to talk to it as a user would."""

    def __init__(self, folder: Path, tables: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        furnish(self.home, tables)
        self.environment = {
            **environment_of(self.home),
            "MOTHERLODE_JOB_LEASE": "5",
            "MOTHERLODE_JOB_SWEEP": "1",
            "MOTHERLODE_CACHE": str(folder / "cache"),
            "DVC_NO_ANALYTICS": "1",
            "HOME": str(folder),
            "GIT_TERMINAL_PROMPT": "0",
        }
        self.server = Server(self.environment, folder / "server.log")
        self.url = self.environment["MOTHERLODE_URL"] = self.server.url

    def manage(self, *arguments: str) -> str:
        return self.run(sys.executable, str(ROOT / "manage.py"), *arguments)

    def token(self, user: str, project: str, role: str) -> str:
        return self.manage("token", user, "--project", project, "--role", role).strip().splitlines()[-1]

    def run(self, *command: str, cwd: Path | None = None, fails: bool = False, **environment: str) -> str:
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert (done.returncode != 0) == fails, f"{command} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def lode(self, *arguments: str, token: str, cwd: Path | None = None, fails: bool = False) -> Any:
        """A verb of the CLI with --json; with ``fails``, what it says on standard error."""
        command = [sys.executable, "-m", "motherlode", *arguments, "--json"]
        said = self.run(*command, cwd=cwd, fails=fails, MOTHERLODE_TOKEN=token)
        return said if fails else json.loads(said)

    def python(self, code: str, *, token: str, cwd: Path | None = None) -> str:
        return self.run(sys.executable, "-c", code, cwd=cwd, MOTHERLODE_TOKEN=token)

    def get(self, path: str, token: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Served]:
    """One server for the tests of a module."""
    server = Served(tmp_path_factory.mktemp("served"), migrated_file)
    yield server
    server.server.stop()


@dataclass(frozen=True)
class BuiltDemo:
    """The state folder of a demo that is built, and what it said meanwhile."""

    home: Path
    said: str

    @property
    def environment(self) -> dict[str, str]:
        """For programs that run on it."""
        return environment_of(self.home)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> BuiltDemo:
    """The demo, built once for all tests of the group "demo"."""
    home = tmp_path_factory.mktemp("demo-home")
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-serve"]
    done = subprocess.run(command, env=environment_of(home), capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return BuiltDemo(home, done.stdout)
