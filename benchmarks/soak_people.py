"""The people of the soak: annotators and reviewers who ask until they get an answer, and what they were told."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from holders import Step
from queues import result

PATIENCE = 120
"""Seconds that a request is asked again after the end of the work."""


@dataclass
class Record:
    """What was done and told, of all people."""

    steps: list[Step] = field(default_factory=list)
    saves: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)
    """By the operation's id: person, task, state, the number of regions; each of them confirmed."""
    drafts: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of regions of the last draft, by person and task."""
    annotations: dict[str, tuple[str, str]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    rejections: list[tuple[str, float, float]] = field(default_factory=list)
    """Annotation, and from when to when: its author may not know yet that it was taken."""
    counts: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *steps: Step, count: str = "") -> None:
        with self.lock:
            self.steps += steps
            if count:
                self.counts[count] += 1

    def told(self) -> list[Step]:
        """All steps, the rejections of each answer among them."""
        sent_back = [(self.annotations[one], start, end) for one, start, end in self.rejections]
        return [*self.steps, *(Step("reject", *whose, start, end) for whose, start, end in sent_back)]

    def strange(self, what: str) -> None:
        with self.lock:
            self.odd.append(what)


class Person:
    """One person's requests: asked again, on the other server, until there is an answer."""

    def __init__(self, name: str, token: str, ports: list[int], record: Record, until: float) -> None:
        self.name, self.token, self.ports, self.record, self.until = name, token, ports, record, until
        self.dice = random.Random(name)
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, float, float]:
        """Status, answer, and from when to when it may have taken effect."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        start = time.time()
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.dice.choice(self.ports), timeout=30)
                self.connection.request(
                    method, f"/api/v1/{path}", json.dumps(body) if body is not None else None, headers
                )
                answer = self.connection.getresponse()
                data = answer.read()
                if answer.status == 503 and b'"busy"' in data:  # the machine has more to do than it can
                    self.record.add(count="told to try again")
                    time.sleep(0.5)
                    continue
                if answer.status == 429:
                    time.sleep(0.5)
                    continue
                if answer.status >= 500:
                    self.record.strange(f"{method} {path}: {answer.status} {data[:200]!r}")
                    time.sleep(0.2)
                    continue
                return answer.status, json.loads(data) if data else None, start, time.time()
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.record.add(count="asked again")
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                if time.time() > self.until + PATIENCE:
                    raise RuntimeError(f"{self.name} got no answer to {method} {path}") from None
                time.sleep(self.dice.uniform(0.05, 0.3))


class Annotator(Person):
    """Claims and answers, and now and then does something else."""

    def claimed(self, payload: Any, start: float, end: float) -> str | None:
        if payload is None:
            return None
        task = str(payload["task"]["id"])
        until = moment(payload["lease"]["until"])
        self.record.add(Step("claim", self.name, task, start, end, until), count="claims")
        return task

    def work(self, queue: str, lease: int) -> None:
        task: str | None = None
        while time.time() < self.until:
            if task is None:
                status, payload, start, end = self.ask("POST", f"queues/{queue}/next", {"holding": []})
                if status not in (200, 204):
                    raise RuntimeError(f"next answered {status}: {payload}")
                task = self.claimed(payload, start, end)
                if task is None:
                    time.sleep(0.5)
                    continue
            task = self.turn(task, lease)
            time.sleep(self.dice.expovariate(1 / 0.15))

    def turn(self, task: str, lease: int) -> str | None:
        """What is done with a task; gives the next one that came with it."""
        dice = self.dice.random()
        if dice < 0.25:
            self.draft(task)
        if dice < 0.01:  # a long break: the lease runs out, then the answer comes
            time.sleep(lease + self.dice.uniform(0, 3))
        if 0.01 <= dice < 0.03:  # walks away
            return None
        if 0.03 <= dice < 0.06:
            status, said, start, end = self.ask("DELETE", f"tasks/{task}/lease")
            if status != 204:
                self.record.strange(f"give back: {status} {said}")
            self.record.add(Step("give_back", self.name, task, start, end), count="given back")
            return None
        if 0.06 <= dice < 0.10:
            self.renew(task)
        return self.answer(task, skip=0.10 <= dice < 0.13, following=dice > 0.3)

    def draft(self, task: str) -> None:
        some = result()[: self.dice.randint(1, 5)]
        status, said, start, end = self.ask("PUT", f"tasks/{task}/draft", {"result": some})
        if status == 200:
            with self.record.lock:
                self.record.drafts[self.name, task] = len(some)
            self.record.add(count="drafts")
        elif status != 409:
            self.record.strange(f"draft: {status} {said}")
        else:
            self.record.add(count="drafts too late")

    def renew(self, task: str) -> None:
        status, said, start, end = self.ask("POST", f"tasks/{task}/lease")
        if status == 200:
            until = moment(said["lease"]["until"])
            self.record.add(Step("claim", self.name, task, start, end, until), count="renewed")
        elif status != 409:
            self.record.strange(f"renew: {status} {said}")

    def answer(self, task: str, *, skip: bool, following: bool) -> str | None:
        operation = str(uuid4())
        regions = [] if skip else result()[: self.dice.randint(1, 10)]
        body = {"result": regions, "operation_id": operation, "lead_time": 1.5, "next": following, "holding": []}
        status, said, start, end = self.ask("POST", f"tasks/{task}/{'skip' if skip else 'submit'}", body)
        if status == 409:
            with self.record.lock:  # which is kept as their draft
                self.record.drafts[self.name, task] = len(regions)
            self.record.add(count=f"refused, {said.get('code', said)}")
            return None
        if status != 200:
            self.record.strange(f"submit: {status} {said}")
            return None
        with self.record.lock:
            state = "skipped" if skip else "answered"
            self.record.saves[operation] = (self.name, task, state, len(regions))
            self.record.annotations[said["annotation"]["id"]] = (self.name, task)
        self.record.add(Step("answer", self.name, task, start, end), count="skips" if skip else "answers")
        return self.claimed(said["next"], start, end)


class Reviewer(Person):
    """Accepts most of what waits, and sends some back."""

    def work(self, queue: str, lease: int) -> None:
        while time.time() < self.until:
            status, payload, start, end = self.ask("POST", f"queues/{queue}/review/next", {"holding": []})
            if status != 200:
                time.sleep(0.5)
                continue
            annotation = payload["annotation"]
            verdict = "reject" if self.dice.random() < 0.3 else "accept"
            body = {
                "operation_id": str(uuid4()),
                "verdict": verdict,
                "base_revision": annotation["revision"],
                "comment": "Look again." if verdict == "reject" else "",
            }
            status, said, start, end = self.ask("POST", f"annotations/{annotation['id']}/review", body)
            if status == 200:
                with self.record.lock:
                    self.record.verdicts[body["operation_id"]] = verdict
                    if verdict == "reject":
                        self.record.rejections.append((annotation["id"], start, end))
                self.record.add(count=f"{verdict}ed")
            elif status != 409:
                self.record.strange(f"review: {status} {said}")
            time.sleep(self.dice.expovariate(1 / 0.4))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
