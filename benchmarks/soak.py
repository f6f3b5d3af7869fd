"""Annotators, reviewers and a manager at work for a while, as web servers and workers are killed: is all that was
confirmed there, and did nobody get in another's way?

    python benchmarks/soak.py [--minutes 20] [--annotators 32] [--reviewers 2] [--tasks 60000] [--overlap 2]
        [--postgres postgresql://postgres@127.0.0.1:5432] [--redis redis://127.0.0.1:6379/8]

Two web servers (``manage.py serve --no-worker``) and a worker stand on a PostgreSQL database of this run's own and on
Redis. Every few seconds one of their processes is killed (SIGKILL), now and then the first one of a server, which takes
all of it down. Annotators claim, save drafts, answer, skip, give back and walk away, on either server; leases last
``--lease`` seconds. What gets no answer is asked again under the same operation's id until it gets one.

Afterwards, with everything up again: each confirmed save is in the database as it was sent, no task has more answers
than its overlap, the history of claims and answers fits an order (``holders.py``), no lease is over and stuck (every
place that is open can be taken), and every job is done. Ends with 1 if one of these does not hold.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from holders import Step, answered_twice, crowded
from queues import ROOT, database, seed
from soak_people import PATIENCE, Annotator, Person, Record, Reviewer, moment

SHARE_REVIEWED = 0.1


def children(pid: int) -> list[int]:
    """The processes under one, all the way down, from /proc."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found, look = [], [pid]
    while look:
        below = parents.get(look.pop(), [])
        found += below
        look += below
    return found


@dataclass
class Service:
    """A command that is started again whenever it has ended."""

    command: list[str]
    log: Any
    process: "subprocess.Popen[bytes] | None" = None
    over: threading.Event = field(default_factory=threading.Event)

    def keep(self) -> None:
        while not self.over.is_set():
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    self.command, cwd=ROOT, start_new_session=True, stdout=self.log, stderr=self.log
                )
            self.over.wait(0.2)

    def kill(self) -> str:
        """Kills one process of it, the first one or one below it, with SIGKILL; says which."""
        if self.process is None or self.process.poll() is not None:
            return ""
        below = children(self.process.pid)
        chosen = random.choice(below) if below and random.random() < 0.7 else self.process.pid
        try:
            name = Path(f"/proc/{chosen}/comm").read_text().strip()
            os.kill(chosen, signal.SIGKILL)
        except OSError:
            return ""
        return f"{'first' if chosen == self.process.pid else 'below'} {name}"

    def end(self) -> None:
        self.over.set()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()


def killing(services: list[Service], until: float, mean: float, counts: Counter[str]) -> None:
    dice = random.Random(1)
    while time.time() < until:
        time.sleep(dice.uniform(mean / 2, mean * 1.5))
        if said := dice.choice(services).kill():
            counts[said] += 1


def managing(project: Any, until: float, counts: Counter[str]) -> None:
    """Has the answers compared again and again, by the worker that is being killed."""
    from lode_annotation import comparisons

    while time.time() < until:
        if comparisons.begin(project, None) is not None:
            counts["asked to compare"] += 1
        time.sleep(5)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def up(ports: list[int]) -> None:
    """Waits until each server answers."""
    for port in ports:
        until = time.time() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 2):
                    break
            except OSError:
                if time.time() > until:
                    raise SystemExit(f"The server at port {port} does not answer.") from None
                time.sleep(0.2)


def findings(record: Record, queue: Any, overlap: int, lease: int) -> Iterator[str]:
    """All that does not hold, as sentences."""
    from django.db.models import Count, Q
    from django.utils import timezone

    from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Review, Task
    from lode_platform.models import Job

    yield from record.odd
    saves = AnnotationRevision.objects.filter(annotation__task__queue=queue)
    there = {
        str(operation): (person, str(task), "skipped" if state == "skipped" else "answered", len(regions))
        for operation, person, task, state, regions in saves.values_list(
            "operation_id", "author__username", "annotation__task__uuid", "state", "result"
        )
    }
    for operation, said in record.saves.items():
        if there.get(operation) != said:
            yield f"the save {operation} of {said} is {there.get(operation)}"
    for operation in record.verdicts.keys() - {
        str(one) for one in Review.objects.filter(annotation__task__queue=queue).values_list("operation_id", flat=True)
    }:
        yield f"the verdict {operation} is not there"
    rows = Annotation.objects.filter(task__queue=queue)
    counted = rows.filter(revision__gt=0).exclude(state="rejected").values("task").annotate(n=Count("pk"))
    for row in counted.filter(n__gt=overlap):
        yield f"task {row['task']} has {row['n']} answers"
    kept = {
        (person, str(task)): draft for person, task, draft in rows.values_list("user__username", "task__uuid", "draft")
    }
    answered = {(person, task) for person, task, _, _ in record.saves.values()}
    for key, size in record.drafts.items():
        draft = kept.get(key)
        if key not in answered and (draft is None or len(draft) != size):
            yield f"the draft of {key} has {None if draft is None else len(draft)} regions, not {size}"
    for task, at, people in crowded(record.told(), overlap):
        yield f"task {task} had {len(people)} holders at {at}: {', '.join(people)}"
    for task, person in answered_twice(record.told()):
        yield f"{person} got {task} again after answering it"
    places = Lease.objects.filter(queue=queue)
    if wrong := places.values("task").annotate(n=Count("pk")).exclude(n=overlap).count():
        yield f"{wrong} tasks have too few or too many places"
    closed = places.values("task").annotate(n=Count("pk", filter=Q(closed=True)))
    answers = {row["task"]: row["n"] for row in counted}
    for row in closed:
        if row["n"] != answers.get(row["task"], 0):
            yield f"task {row['task']} has {row['n']} closed places and {answers.get(row['task'], 0)} answers"
    now = timezone.now()
    late = places.filter(closed=False, user__isnull=False, until__gt=now + timedelta(seconds=lease + 5))
    reserved = Annotation.objects.filter(task__queue=queue, state="rejected").values("task", "user")
    kept_for = {(row["task"], row["user"]) for row in reserved}
    for row in late.values("task", "user"):
        if (row["task"], row["user"]) not in kept_for:
            yield f"the lease of {row} lasts longer than any"
    over = Task.objects.filter(queue=queue, state="done").values_list("item", flat=True)
    true = LabelSet.objects.current().filter(item__in=over).values("item").annotate(n=Count("pk"))
    if (one := true.filter(n=1).count()) != len(over):
        yield f"{len(over)} tasks are done, {one} items have one label set"
    for job in Job.objects.exclude(state="succeeded"):
        yield f"the job {job.verb} is {job.state}: {job.error}"


def drained(record: Record, queue: Any, people: list[Annotator]) -> Iterator[str]:
    """Whether each task that was begun can be ended: all leases over, everybody answers what is open of them."""
    from lode_annotation.models import Lease, Task

    answered: dict[str, set[str]] = {}
    for person, task, _, _ in record.saves.values():
        answered.setdefault(task, set()).add(person)
    begun = Task.objects.filter(queue=queue, leases__user__isnull=False)
    open_places = Lease.objects.filter(queue=queue, closed=False, task__in=begun)
    for uuid, held_for in open_places.values_list("task__uuid", "user__username"):
        task = str(uuid)
        free = [one for one in people if one.name not in answered.get(task, ())]
        person = next((one for one in people if one.name == held_for), free[0])
        status, said, start, end = person.ask("POST", f"tasks/{task}/lease")
        if status != 200:
            yield f"an open place of {task} cannot be taken by {person.name}: {status} {said}"
            continue
        record.add(
            Step("claim", person.name, task, start, end, moment(said["lease"]["until"])), count="ended afterwards"
        )
        person.answer(task, skip=False, following=False)
        answered.setdefault(task, set()).add(person.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--annotators", type=int, default=32)
    parser.add_argument("--reviewers", type=int, default=2)
    parser.add_argument("--tasks", type=int, default=60_000)
    parser.add_argument("--overlap", type=int, default=2)
    parser.add_argument("--lease", type=int, default=8, help="seconds of a lease on a task")
    parser.add_argument("--kill", type=float, default=6, help="mean seconds between two kills")
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/8")
    given = parser.parse_args()
    home, name = tempfile.mkdtemp(prefix="lode-soak-"), f"lode_soak_{os.getpid()}"
    database(given.postgres, name, make=True)
    os.environ |= {
        "DATABASE_URL": f"{given.postgres}/{name}",
        "MOTHERLODE_HOME": home,
        "MOTHERLODE_BROKER": given.redis,
        "MOTHERLODE_TASK_LEASE": str(given.lease),
        "MOTHERLODE_JOB_LEASE": "5",
        "MOTHERLODE_JOB_SWEEP": "2",
        "DJANGO_SETTINGS_MODULE": "lode_platform.settings",
    }
    try:
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
        wrong = run(given, Path(home))
    finally:
        from django.db import connections

        connections.close_all()
        database(given.postgres, name, make=False)
        shutil.rmtree(home, ignore_errors=True)
    for sentence in wrong[:50]:
        print(f"WRONG: {sentence:.300}")
    print("All of it holds." if not wrong else f"{len(wrong)} things do not hold.")
    raise SystemExit(bool(wrong))


def run(given: argparse.Namespace, home: Path) -> list[str]:
    """The whole of it; gives what does not hold."""
    made = seed(given.tasks, given.annotators + given.reviewers, given.overlap)
    from lode_annotation.models import Queue
    from lode_platform.models import Membership, Role

    queue = Queue.objects.select_related("project").get(uuid=made["queue"])
    Queue.objects.filter(pk=queue.pk).update(review=True, review_rule={"share": SHARE_REVIEWED})
    names = [f"annotator-{number}" for number in range(given.annotators + given.reviewers)]
    chosen = Membership.objects.filter(project=queue.project, user__username__in=names[given.annotators :])
    chosen.update(role=Role.REVIEWER)
    ports = [free_port(), free_port()]
    log = (home / "log").open("wb")
    manage = [sys.executable, "manage.py"]
    services = [Service([*manage, "serve", "--no-worker", "--port", str(port)], log) for port in ports]
    services.append(Service([*manage, "worker"], log))
    keepers = [threading.Thread(target=service.keep) for service in services]
    for keeper in keepers:
        keeper.start()
    record, failed, kills = Record(), list[str](), Counter[str]()
    try:
        up(ports)
        until = time.time() + given.minutes * 60
        roles = [Annotator] * given.annotators + [Reviewer] * given.reviewers
        people = [
            role(name, token, ports, record, until)
            for role, name, token in zip(roles, names, made["tokens"], strict=True)
        ]

        def work(person: Person) -> None:
            try:
                person.work(made["queue"], given.lease)  # type: ignore[attr-defined]
            except Exception as error:
                failed.append(f"{person.name} failed: {error!r}")

        threads = [threading.Thread(target=work, args=(person,)) for person in people]
        threads += [
            threading.Thread(target=killing, args=(services, until, given.kill, kills)),
            threading.Thread(target=managing, args=(queue.project, until, record.counts)),
        ]
        began = time.time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.time() - began
        up(ports)
        time.sleep(given.lease + 2)
        annotators = [person for person in people if isinstance(person, Annotator)]
        for person in annotators:
            person.until = time.time() + PATIENCE
        failed += drained(record, queue, annotators)
        settle()
        failed += findings(record, queue, given.overlap, given.lease)
    finally:
        for service in services:
            service.end()
        for keeper in keepers:
            keeper.join()
        log.close()
    print(f"| what | in {took:.0f} s |\n|---|---:|")
    for what, count in [*sorted(record.counts.items()), *sorted(kills.items())]:
        print(f"| {what} | {count:,} |")
    print(f"| answers and skips a second | {len(record.saves) / took:.0f} |")
    return failed


def settle() -> None:
    """Waits until no job is open."""
    from lode_platform import jobs
    from lode_platform.models import Job

    until = time.time() + PATIENCE
    while time.time() < until and Job.objects.filter(state__in=jobs.OPEN).exists():
        time.sleep(0.5)


if __name__ == "__main__":
    main()
