"""Real processes: a worker killed half-way, a lost broker, a server that keeps its worker alive."""

import io
import os
import signal
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError
from PIL import Image

pytestmark = pytest.mark.xdist_group("worker")

COUNT = 250


@pytest.fixture(scope="module")
def archive() -> bytes:
    """A zip of pictures and one text."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for n in range(COUNT):
            file = io.BytesIO()
            Image.new("RGB", (10, 10 + n), (n, 0, 0)).save(file, "PNG")
            made.writestr(f"slides/{n}.png", file.getvalue())
        made.writestr("notes.txt", "no picture")
    return out.getvalue()


def enqueue(machine: Any, archive: bytes, tmp_path: Path) -> str:
    """The uuid of a zip job of a new project."""
    (tmp_path / "cells.zip").write_bytes(archive)
    return str(
        machine.shell(f"""
from lode_platform.models import User
from lode_platform.projects import create_project
from lode_platform.zips import receive
user = User.objects.create(username="alice")
project = create_project(user, name="blood")
with open({str(tmp_path / "cells.zip")!r}, "rb") as file:
    print(receive(project, user, file, name="cells.zip").uuid)
""")
    )


def test_an_import_whose_worker_is_killed_at_every_step_ends_with_the_same_result(
    machine: Any, archive: bytes, tmp_path: Path
) -> None:
    enqueue(machine, archive, tmp_path)
    steps = ["batch", "staged", "revealed"]
    plan = ",".join(f"items.zip:{step}" for step in steps)
    for step in steps:
        assert machine.start("worker", LODE_CRASH_AT=plan).wait(300) == -signal.SIGKILL
        assert machine.job()[0] == "running"
        assert machine.items() == (COUNT if step == "revealed" else 0), "all of it or nothing is seen"
    machine.start("worker")
    machine.wait_for("the job is done", lambda: machine.job()[0] == "succeeded")
    _, attempts, result = machine.job()
    assert attempts == 4
    assert (result["created"], result["existing"], result["problem_count"]) == (COUNT, 0, 1)
    assert machine.items() == machine.items(staged=True) == COUNT


def test_a_cancel_after_a_crash_leaves_nothing(machine: Any, archive: bytes, tmp_path: Path) -> None:
    uuid = enqueue(machine, archive, tmp_path)
    assert machine.start("worker", LODE_CRASH_AT="items.zip:batch").wait(300) == -signal.SIGKILL
    machine.shell(f"""
from lode_platform import jobs
from lode_platform.models import Job
jobs.cancel(Job.objects.get(uuid={uuid!r}))
""")
    machine.start("worker")
    machine.wait_for("the job has ended", lambda: machine.job()[0] == "cancelled")
    assert machine.items(staged=True) == 0
    assert not list((machine.home / "store" / "parked").glob("*"))


@pytest.mark.once
def test_a_lost_message_loses_nothing(machine: Any, archive: bytes, tmp_path: Path) -> None:
    enqueue(machine, archive, tmp_path)
    messages = list((machine.home / "broker").glob("*.msg"))
    assert len(messages) == 1
    ((installation,),) = machine.rows("SELECT uuid FROM platform_installation")
    assert messages[0].name.split(".")[1] == f"lode-{UUID(str(installation)).hex}"  # no other's on a shared broker
    messages[0].unlink()
    machine.start("worker")
    machine.wait_for("the sweep rang", lambda: machine.job()[0] == "succeeded")


@pytest.mark.once
def test_a_broker_that_is_away_loses_nothing(machine: Any, archive: bytes, tmp_path: Path) -> None:
    machine.env["MOTHERLODE_BROKER"] = "redis://127.0.0.1:1/0"
    enqueue(machine, archive, tmp_path)
    machine.env["MOTHERLODE_BROKER"] = ""
    machine.start("worker")
    machine.wait_for("the sweep rang", lambda: machine.job()[0] == "succeeded")


BROKERS = {
    "LODE_TEST_REDIS": "redis://127.0.0.1:6379/9",
    "LODE_TEST_RABBITMQ": "amqp://guest:guest@127.0.0.1:5672//",
}


@pytest.mark.once
@pytest.mark.parametrize("name", BROKERS)
def test_jobs_travel_by_a_broker(machine: Any, archive: bytes, tmp_path: Path, name: str) -> None:
    broker = os.environ.get(name, BROKERS[name])
    try:
        with Connection(broker, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except OperationalError as error:
        required = os.environ.get("LODE_REQUIRE_SERVICES") == "1" and name != "LODE_TEST_RABBITMQ"
        if required or name in os.environ:
            raise
        pytest.skip(f"no broker at {name} ({broker}): {error}")
    machine.env |= {"MOTHERLODE_BROKER": broker, "MOTHERLODE_JOB_SWEEP": "3600"}
    machine.start("worker")
    enqueue(machine, archive, tmp_path)
    machine.wait_for("the job is done", lambda: machine.job()[0] == "succeeded")


@pytest.mark.once
def test_serve_prints_its_address_keeps_its_worker_alive_and_stops_cleanly(
    machine: Any, archive: bytes, tmp_path: Path
) -> None:
    token = machine.run("token", "alice", "--project", "blood", "--role", "engineer").strip()
    address = machine.serve(LODE_CRASH_AT="items.zip:batch")
    assert address in machine.log.read_text()
    client = httpx.Client(base_url=f"{address}/api/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert client.get("schema/").status_code == 200
    before = machine.worker_of(machine.server)
    sent = client.post("projects/blood/items/zip", files={"file": ("cells.zip", archive)})
    assert sent.status_code == 202, sent.text
    uuid = sent.json()["uuid"]
    machine.wait_for("the job is done", lambda: client.get(f"jobs/{uuid}").json()["state"] == "succeeded")
    assert machine.job()[1] == 2
    machine.wait_for("a new worker", lambda: machine.worker_of(machine.server) not in (before, None))
    assert len(client.get("projects/blood/items?limit=1000").json()["results"]) == COUNT
    children = psutil.Process(machine.server.pid).children()
    machine.server.send_signal(signal.SIGINT)
    assert machine.server.wait(300) == 0
    assert not [child for child in children if child.is_running()]


@pytest.mark.once
def test_when_serve_itself_is_killed_nothing_of_it_stays(machine: Any) -> None:
    machine.serve()
    children = psutil.Process(machine.server.pid).children()
    assert len(children) == 2
    machine.server.kill()
    machine.wait_for("its children end", lambda: not [child for child in children if alive(child)])


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
