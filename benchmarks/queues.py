"""How fast annotators are served: next -> submit rounds a second over HTTP, next's latency, no task at more
people than its overlap.

    .venv/bin/python benchmarks/queues.py [--tasks 10000 100000] [--annotators 8 32] [--seconds 8] [--overlap 1 2]

Needs PostgreSQL (``--postgres``, default ``postgresql://postgres@127.0.0.1:5432``): a database of its own is made there
and dropped afterwards. The server is ``manage.py serve --no-worker``; the annotators are threads of this process, each
on one connection of its own in a closed loop, on 127.0.0.1 only, bounded in number and time.

Peer: Label Studio 1.23.2 (uWSGI, quiet machine, 2 cores, 10,000 tasks): 12 rounds a second with 8 and with 32
annotators, p95 of next 0.4 s and 1.6 s; fewer at 100,000 tasks.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from motherlode.shapes import DEFAULT

ROOT = Path(__file__).resolve().parents[1]
MOST_ANNOTATORS, MOST_SECONDS = 64, 120
BOXES = 10


@dataclass
class Annotator:
    """One person in a closed loop: their connection, what they were handed, how long each request took."""

    port: int
    token: str
    handed: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    next_times: list[float] = field(default_factory=list)
    submit_times: list[float] = field(default_factory=list)
    error: str = ""

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = self.connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None

    def next(self, queue: str, holding: list[str]) -> str | None:
        began = time.perf_counter()
        status, payload = self.call(f"queues/{queue}/next", {"holding": holding})
        self.next_times.append(time.perf_counter() - began)
        if status == 204:
            return None
        if status != 200:
            raise RuntimeError(f"next answered {status}: {payload}")
        self.handed.append(payload["task"]["id"])
        return str(payload["task"]["id"])

    def submit(self, task: str, *, following: bool) -> str | None:
        body = {"result": result(), "operation_id": str(uuid4()), "lead_time": 1.0, "next": following, "holding": []}
        began = time.perf_counter()
        status, payload = self.call(f"tasks/{task}/submit", body)
        self.submit_times.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"submit answered {status}: {payload}")
        self.submitted.append(task)
        if payload["next"] is None:
            return None
        self.handed.append(payload["next"]["task"]["id"])
        return str(payload["next"]["task"]["id"])

    def two_requests(self, queue: str, until: float) -> None:
        """next, submit, next, submit."""
        while time.perf_counter() < until and (task := self.next(queue, [])):
            self.submit(task, following=False)

    def one_request(self, queue: str, until: float) -> None:
        """submit-and-next in one request, as the editor does."""
        task = self.next(queue, [])
        while task and time.perf_counter() < until:
            task = self.submit(task, following=True)


def result() -> list[dict[str, Any]]:
    """Ten boxes."""
    return [
        {
            "id": str(uuid4()),
            "type": DEFAULT.result_type,
            "from_name": "label",
            "to_name": "image",
            "original_width": 640,
            "original_height": 480,
            "value": {"x": 5.0 + n, "y": 5.0 + n, "width": 20.0, "height": 20.0, DEFAULT.result_type: ["RBC"]},
        }
        for n in range(BOXES)
    ]


def seed(tasks: int, annotators: int, overlap: int) -> dict[str, Any]:
    """A project with one queue of ``tasks`` items for ``overlap`` people each, and a token for each annotator; runs in
    the server's settings."""
    import django

    django.setup()
    from django.db import connection
    from django.db.models import F

    from lode_annotation.models import Queue
    from lode_annotation.queues import create_queue
    from lode_annotation.schemas import create_schema
    from lode_annotation.statements import places
    from lode_platform.callers import Caller
    from lode_platform.models import Blob, Item, Membership, Project, Role, User
    from lode_platform.tokens import make_token
    from motherlode.labeling_config import build

    owner, _ = User.objects.get_or_create(username="owner")
    name = f"queue-{tasks}-{uuid4().hex[:6]}"
    project = Project.objects.create(name=name, created_by=owner)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    schema = create_schema(project, Caller(owner), name="cells", config=build(["RBC", "WBC", "Platelets"], "boxes"))
    queue = create_queue(project, Caller(owner), name="all", schema=schema, overlap=overlap)
    for start in range(0, tasks, 10_000):
        count = min(10_000, tasks - start)
        blobs = Blob.objects.bulk_create(Blob(md5=uuid4().hex, sha256=uuid4().hex * 2, size=1) for _ in range(count))
        paths = [f"{start + n:06d}.png" for n in range(count)]
        Item.objects.bulk_create(
            Item(
                project=project,
                blob=blob,
                path=path,
                path_fold=path,
                media_type="image/png",
                width=640,
                height=480,
                created_by=owner,
            )
            for path, blob in zip(paths, blobs, strict=True)
        )
    places.add_tasks(queue.pk, Item.objects.filter(project=project), 0, 0, {})
    queue.tasks.update(priority=F("number") % 5)
    places.add_places(queue.pk, 0, overlap)
    Queue.objects.filter(pk=queue.pk).update(size=tasks)
    tokens = []
    for number in range(annotators):
        user, _ = User.objects.get_or_create(username=f"annotator-{number}")
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
        tokens.append(make_token(user, project=project)[1])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # what a database does by itself some time after so many rows came in
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")
    return {"queue": str(queue.uuid), "tokens": tokens}


def crowd(port: int, tokens: list[str], run: str, queue: str, seconds: float) -> tuple[list[Annotator], float]:
    """That many annotators at once for ``seconds``; gives them back with the time it took."""
    people = [Annotator(port, token) for token in tokens]
    until = time.perf_counter() + seconds

    def work(person: Annotator) -> None:
        try:
            getattr(person, run)(queue, until)
        except Exception as error:
            person.error = repr(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    took = time.perf_counter() - began
    for person in people:
        if person.error:
            raise SystemExit(f"An annotator failed: {person.error}")
        person.connection.close()
    return people, took


def too_many(people: list[Annotator], overlap: int) -> int:
    """How many tasks were handed to more people than their overlap."""
    owners: dict[str, set[int]] = {}
    for number, person in enumerate(people):
        for task in person.handed:
            owners.setdefault(task, set()).add(number)
    return sum(len(found) > overlap for found in owners.values())


def percentile(times: list[float], share: float) -> float:
    """In milliseconds; ``nan`` for none."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000 if times else float("nan")


def alone(port: int, token: str, queue: str, rounds: int) -> Annotator:
    """One annotator's fresh next, with nobody else there."""
    person = Annotator(port, token)
    for _ in range(rounds):
        task = person.next(queue, [])
        if task is None:
            break
        person.submit(task, following=False)
    return person


def database(admin: str, name: str, make: bool) -> None:
    import psycopg

    with psycopg.connect(f"{admin}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if make:
            connection.execute(f'CREATE DATABASE "{name}"')


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit("The server did not start.")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/login/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not answer within a minute.")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tasks", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--annotators", type=int, nargs="+", default=[8, 32])
    arguments.add_argument("--seconds", type=float, default=8)
    arguments.add_argument("--overlap", type=int, nargs="+", default=[1], help="people to a task, a queue for each")
    arguments.add_argument("--alone", type=int, default=200, help="rounds of the one annotator")
    arguments.add_argument("--port", type=int, default=8141)
    arguments.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432")
    arguments.add_argument("--sqlite", action="store_true", help="measure SQLite instead")
    given = arguments.parse_args()
    seconds = min(given.seconds, MOST_SECONDS)
    counts = [min(count, MOST_ANNOTATORS) for count in given.annotators]
    home = tempfile.mkdtemp(prefix="lode-bench-queue-")
    name = f"lode_bench_queue_{os.getpid()}"
    if not given.sqlite:
        database(given.postgres, name, make=True)
        os.environ["DATABASE_URL"] = f"{given.postgres}/{name}"
    os.environ |= {"MOTHERLODE_HOME": home, "DJANGO_SETTINGS_MODULE": "lode_platform.settings"}
    command = [sys.executable, "manage.py", "serve", "--port", str(given.port), "--no-worker"]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    rows: list[Any] = []
    try:
        wait_for(given.port, server)
        for tasks, overlap in [(tasks, overlap) for tasks in given.tasks for overlap in given.overlap]:
            made = seed(tasks, max(counts), overlap)
            tokens, queue = made["tokens"], made["queue"]
            alone(given.port, tokens[0], queue, 30)
            one = alone(given.port, tokens[0], queue, given.alone)
            twice = too_many([one], overlap)
            rows.append(
                (tasks, overlap, 1, "next, submit", len(one.submitted), None, one.next_times, one.submit_times, twice)
            )
            for count in counts:
                for run, title in (("two_requests", "next, submit"), ("one_request", "submit with next")):
                    people, took = crowd(given.port, tokens[:count], run, queue, seconds)
                    rounds = sum(len(person.submitted) for person in people)
                    nexts = [t for person in people for t in person.next_times]
                    submits = [t for person in people for t in person.submit_times]
                    twice = too_many(people, overlap)
                    rows.append((tasks, overlap, count, title, rounds, took, nexts, submits, twice))
            check(queue, overlap)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
        if not given.sqlite:
            from django.db import connections

            connections.close_all()
            database(given.postgres, name, make=False)
        shutil.rmtree(home, ignore_errors=True)
    report(rows)


def check(queue: str, overlap: int) -> None:
    """No task has more answers than its overlap, each with all of them has one label set, and each answer closed a
    place."""
    from django.db.models import Count

    from lode_annotation.models import Annotation, LabelSet, Lease

    answers = Annotation.objects.filter(task__queue__uuid=queue).exclude(state="draft")
    per_task = answers.values("task").annotate(n=Count("pk"))
    over, resolved = per_task.filter(n__gt=overlap).count(), per_task.filter(n=overlap).count()
    current = LabelSet.objects.current().filter(item__tasks__queue__uuid=queue).count()
    closed = Lease.objects.filter(queue__uuid=queue, closed=True).count()
    if over or current != resolved or closed != answers.count():
        raise SystemExit(f"{over} tasks over, {resolved} resolved, {current} label sets, {closed} closed places")


def report(rows: list[Any]) -> None:
    print(
        "| tasks | overlap | annotators | requests | rounds | rounds/s | next p50 / p95 ms | submit p50 / p95 ms "
        "| too many |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for tasks, overlap, people, title, rounds, took, nexts, submits, twice in rows:
        rate = f"{rounds / took:.0f}" if took else "-"
        latency = f"{statistics.median(nexts) * 1000:.1f} / {percentile(nexts, 0.95):.1f}" if len(nexts) > 40 else "-"
        answer = f"{statistics.median(submits) * 1000:.1f} / {percentile(submits, 0.95):.1f}"
        print(f"| {tasks:,} | {overlap} | {people} | {title} | {rounds} | {rate} | {latency} | {answer} | {twice} |")


if __name__ == "__main__":
    main()
