"""Two web machines and two workers that share a database, a broker and a store, and nothing else."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

pytestmark = pytest.mark.xdist_group("machines")


class Web:
    """A web machine, seen from outside."""

    def __init__(self, machine: Any, token: str) -> None:
        self.machine = machine
        self.url = machine.serve()
        self.api = httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def get(self, path: str, **query: Any) -> Any:
        return self._said(self.api.get(path, params=query))

    def send(self, method: str, path: str, **body: Any) -> Any:
        return self._said(self.api.request(method, path, **body))

    def _said(self, answer: httpx.Response) -> Any:
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json()

    def page(self, path: str, session: str) -> str:
        answer = httpx.get(f"{self.url}{path}", cookies={"lode_session": session}, timeout=60)
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
        return answer.text


@pytest.fixture
def machines(machine: Any, tmp_path: Path) -> Iterator[list[Any]]:
    """Two machines on PostgreSQL and Redis, each with a home of its own."""
    if not machine.database:
        pytest.skip("several machines need PostgreSQL: SQLite is a file of one machine")
    broker = os.environ.get("LODE_TEST_REDIS", "redis://127.0.0.1:6379/9")
    try:
        with Connection(broker, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except OperationalError as error:
        if os.environ.get("LODE_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no broker at LODE_TEST_REDIS ({broker}): {error}")
    shared = {
        "MOTHERLODE_STORE": str(tmp_path / "store"),
        "MOTHERLODE_BROKER": broker,
        "MOTHERLODE_SECRET_KEY": "the same on every web machine of the two",
        "MOTHERLODE_WEB_WORKERS": "1",
    }
    other = type(machine)(tmp_path / "other", machine.database)
    for one in (machine, other):
        one.env |= shared
    yield [machine, other]
    other.stop()


def lines(*numbers: int, right: bool) -> bytes:
    """A part of predictions: a box at its place, or beside it."""
    box = [8, 8, 28, 24] if right else [40, 30, 60, 46]
    rows = ({"path": f"{n}.png", "boxes": [box], "labels": ["cell"], "scores": [0.9]} for n in numbers)
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_predictions_sent_to_two_machines_are_scored_by_a_third_and_browsed_on_both(
    machines: list[Any], coco_folder: Path, tmp_path: Path
) -> None:
    one, other = machines
    token = one.run("token", "alice", "--project", "cells", "--role", "owner").strip()
    one.start("worker")
    first = Web(one, token)
    one.lode(first.url, token, "import", str(coco_folder), "--project", "cells", "--dataset", "cells")
    one.lode(first.url, token, "publish", "cells", "-m", "first")
    second = Web(other, token)

    # parts to both web machines, joined by one, scored by a worker of the other
    one.running[0].terminate()
    assert one.running[0].wait(300) is not None
    run = first.send("post", "projects/cells/runs", json={"name": "baseline", "uuid": str(uuid4()), "uses": []})["uuid"]
    sent = second.send(
        "post", f"runs/{run}/predictions", json={"version": "cells@v1", "split": "train", "task": "boxes"}
    )["uuid"]
    first.send("put", f"predictions/{sent}/parts/0", content=lines(1, 2, 3, right=True))
    second.send("put", f"predictions/{sent}/parts/1", content=lines(4, 5, 6, right=False))
    asked = first.send("post", f"predictions/{sent}/finish", json={"parts": 2})["evaluation"]
    evaluation = asked["uuid"] if isinstance(asked, dict) else asked
    other.start("worker")
    other.wait_for("it is scored", lambda: first.get(f"evaluations/{evaluation}")["state"] in ("ready", "failed"))

    session = one.shell("""
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from lode_platform.models import User
alice = User.objects.get(username="alice")
session = SessionStore()
session[SESSION_KEY] = str(alice.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = alice.get_session_auth_hash()
session.save()
print(session.session_key)
""")
    for web in (first, second):
        said = web.get(f"evaluations/{evaluation}")
        assert (said["state"], said["metrics"]["fp"], said["metrics"]["fn"]) == ("ready", 3, 3)
        cards = web.get(f"evaluations/{evaluation}/failures")["results"]
        assert len(cards) == 6
        assert web.page(f"/p/cells/failures/?evaluation={evaluation}", session).count("4.png")
        item = web.get("projects/cells/items")["results"][0]["uuid"]
        crop = httpx.get(f"{web.url}/thumbs/{item}?size=320", cookies={"lode_session": session}, timeout=60)
        assert crop.status_code == 200 and crop.headers["content-type"].startswith("image/")

    # each machine makes the dataset's repository for itself, to the same commit
    heads = set()
    for web in (first, second):
        clone = tmp_path / f"clone-{web.machine.home.name}"
        address = f"{web.url.replace('http://', f'http://token:{token}@')}/git/cells/cells.git"
        subprocess.run(["git", "clone", "-q", "--branch", "v1", address, str(clone)], check=True)
        heads.add(subprocess.check_output(["git", "-C", str(clone), "rev-parse", "HEAD"]))
    assert len(heads) == 1
    homes = [sorted(path.name for path in one.home.iterdir()) for one in machines]
    assert not {"store", "columns", "db.sqlite3"} & {name for names in homes for name in names}, homes
