"""The backup and the restore of docs/operation.md, run as they are written there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.xdist_group("machines")

ROOT = Path(__file__).resolve().parents[2]


def block(name: str) -> str:
    """A block of commands of the document, by the name behind its language."""
    found = re.search(rf"```sh {name}\n(.*?)```", (ROOT / "docs" / "operation.md").read_text(), re.S)
    assert found, f"docs/operation.md has no block {name}"
    return found[1]


def do(machine: Any, name: str, backup: Path) -> None:
    done = subprocess.run(
        ["bash", "-euc", block(name)],
        env={**machine.env, "BACKUP": str(backup), "DATABASE_URL": machine.database},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def head(url: str, token: str) -> str:
    """The commit of the dataset's first version, as git lists it."""
    address = f"{url.replace('http://', f'http://token:{token}@')}/git/blood/cells.git"
    listed = subprocess.check_output(["git", "ls-remote", address, "refs/heads/main"], text=True)
    assert listed, "the repository has no branch"
    return listed.split()[0]


def test_a_backup_made_while_the_server_runs_restores_items_versions_and_people(
    machine: Any, coco_folder: Path, tmp_path: Path
) -> None:
    kind = "postgresql" if machine.database else "sqlite"
    token = machine.run("token", "alice", "--project", "blood", "--role", "owner").strip()
    url = machine.serve()
    machine.lode(url, token, "import", str(coco_folder), "--project", "blood", "--dataset", "cells")
    backup = tmp_path / "backup"
    do(machine, f"backup-{kind}", backup)
    machine.lode(url, token, "publish", "cells", "-m", "first")
    api = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)
    version = "api/v1/projects/blood/datasets/cells/versions/1"
    commit, digest = head(url, token), api.get(f"{url}/{version}").json()["digest"]

    do(machine, f"backup-{kind}", backup)  # over the last one
    assert not [path for path in [backup, *backup.rglob("*")] if path.stat().st_mode & 0o077]
    machine.stop()
    shutil.rmtree(machine.home)
    if machine.database:
        with psycopg.connect(machine.database, autocommit=True) as admin:
            admin.execute("DROP SCHEMA public CASCADE")
            admin.execute("CREATE SCHEMA public")

    do(machine, f"restore-{kind}", backup)
    again = machine.serve()
    restored = api.get(f"{again}/{version}").json()
    assert (restored["state"], restored["digest"]) == ("published", digest)
    assert head(again, token) == commit
    items = api.get(f"{again}/api/v1/projects/blood/items").json()["results"]
    assert [item["path"] for item in items] == [f"{number}.png" for number in range(1, 7)]
    job = api.post(f"{again}/{version}/verify").json()["uuid"]
    machine.wait_for(
        "every byte is read again", lambda: api.get(f"{again}/api/v1/jobs/{job}").json()["state"] == "succeeded"
    )
    assert api.get(f"{again}/api/v1/jobs/{job}").json()["result"]["wrong"] == 0
