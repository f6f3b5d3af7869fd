"""``manage.py demo``: walks the whole loop on real digits through the same doors as everybody, then serves it."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from lode_platform import private
from lode_platform.models import ApiToken, Membership, Project, Role, User
from lode_platform.serve import end_with_parent, ending_signals
from lode_platform.tokens import make_token
from motherlode.media import Image
from motherlode.shapes import DEFAULT

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "examples" / "digits"
PROJECT = DATASET = "digits"
PASSWORD = "motherlode-demo"
TOKEN = "demo"
PEOPLE = {"olga": Role.OWNER, "erik": Role.ENGINEER, "rita": Role.REVIEWER, "ann": Role.ANNOTATOR}
BASELINE, SECOND = "baseline", "after round 1"
ROUND_1, ROUND_2 = "hard digits", "hard digits, round 2"
SECOND_LOOK = "second look"
BUDGET_1, BUDGET_2, CONTROL = 20, 10, 0.2


class Command(BaseCommand):
    """Builds the demo (again if you like: what is there is kept) and serves it, unless --no-serve is given."""

    help = "Walk the whole loop on handwritten digits and serve the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="build it and exit")

    def handle(self, *args: Any, port: int, no_serve: bool, **options: Any) -> None:
        if not EXAMPLE.is_dir():
            raise CommandError(f"{EXAMPLE} is not there: run the demo from a clone of the repository")
        if no_serve:
            port = free_port()
        elif not is_free(port):
            raise CommandError(f"Port {port} is taken: stop what listens there, or run make demo PORT={port + 1}")
        private.keep_private()
        end_on_signals()
        address = f"http://127.0.0.1:{port}"
        steps = Steps(self.say)
        server = None
        try:
            self.say("Motherlode's demo: the whole loop on scikit-learn's handwritten digits, in about a minute.\n")
            with steps.step("Bring the database up to date"):
                call_command("migrate", verbosity=0)
                tokens = make_people()
            with steps.step(f"Start the server at {address}"):
                server = start_server(port, address)
                wait_for(address, server)
            Demo(address, tokens, steps).build()
            if not no_serve:
                self.say(farewell(address))
                # polled: a library of the server takes SIGINT over, so that a wait without end would never be broken
                while server.poll() is None:
                    time.sleep(0.2)
                raise CommandError(f"The server ended; its log is {settings.HOME / 'demo-server.log'}")
        except KeyboardInterrupt:
            with suppress(OSError):  # where the terminal was closed
                self.say("Stopping.")
        finally:
            if server is not None:
                stop_server(server)

    def say(self, text: str, ending: str = "\n") -> None:
        self.stdout.write(text, ending=ending)
        self.stdout.flush()


def end_on_signals() -> None:
    """Ctrl-C, a request to end and a closed terminal all end the demo, and with it what it started."""

    chosen = ending_signals()

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in chosen:
            signal.signal(each, signal.SIG_IGN)  # the end itself is not broken off
        raise KeyboardInterrupt

    for each in chosen:
        signal.signal(each, end)


class Steps:
    """Says each step when it begins and how long it took, and how long all took together."""

    def __init__(self, say: Callable[..., None]) -> None:
        self.say = say
        self.began = time.monotonic()
        self.count = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.count += 1
        self.say(f"{self.count:>4}. {what} ... ", ending="")
        began = time.monotonic()
        yield
        self.say(f"{time.monotonic() - began:.1f} s")

    def note(self, text: str) -> None:
        self.say(f"      {text}")

    def total(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


def make_people() -> dict[str, str]:
    """The demo's accounts and project; answers a token (one day) for each account."""
    tokens = {}
    owner = None
    for name, role in PEOPLE.items():
        user, made = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.org"})
        if made:
            user.set_password(PASSWORD)
            user.save()
        owner = owner or user
        project = Project.objects.filter(name=PROJECT, trashed_at=None).first() or Project.objects.create(
            name=PROJECT, title="Handwritten digits (demo)", created_by=owner
        )
        Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
        ApiToken.objects.filter(user=user, project=project, name=TOKEN).delete()  # of an earlier demo
        tokens[name] = make_token(user, project=project, role=role, name=TOKEN, days=1)[1]
    return tokens


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def start_server(port: int, address: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)]
    log = open(settings.HOME / "demo-server.log", "ab")  # noqa: SIM115 - the child keeps it
    environment = {**os.environ, "MOTHERLODE_HOME": str(settings.HOME)}
    return subprocess.Popen(
        command, stdout=log, stderr=log, env=environment, start_new_session=True, preexec_fn=end_with_parent
    )


def stop_server(server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def wait_for(address: str, server: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Waits until the server answers, or says where its log lies."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"{address}/login/", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise CommandError(f"The server did not start; its log is {settings.HOME / 'demo-server.log'}")


class Demo:
    """The loop, step by step; a step whose result is there already is skipped, so the demo can be run twice."""

    def __init__(self, address: str, tokens: dict[str, str], steps: Steps) -> None:
        self.address = address
        self.tokens = tokens
        self.steps = steps
        self.folder = Path(settings.HOME) / "demo" / "pages"
        self.engineer = self.client("erik")

    def client(self, name: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        return httpx.Client(base_url=f"{self.address}/api/v1/", headers=headers, timeout=60)

    def build(self) -> None:
        step, note = self.steps.step, self.steps.note
        if self.first(f"projects/{PROJECT}/queues", ROUND_2):
            note(f"The demo is built already. It lies in {settings.HOME}: remove that folder to build it again.")
            return
        with step("Compose pages from 1,797 scanned digits"):
            counts = self.make_pages()
        note(f"{counts['pages']} pages: {counts['train']} train, {counts['test']} test, {counts['pool']} pool")
        note(f"{counts['spoilt']} of {counts['train_labels']} training labels spoilt on purpose")
        with step("Import them: items, labels, the schema found, a dataset"):
            self.bring_in()
            self.describe(counts)
        with step("Publish digits@v1"):
            self.lode("publish", DATASET, "-m", "First labels, some of them wrong")
        with step("Train on digits@v1, log predictions, evaluate"):
            first = self.train("digits@v1", BASELINE)
        with step("Mine its failures into a queue, with a random control share"):
            self.mine(first, ROUND_1, BUDGET_1)
        with step("Label the queue through the API, as a scripted annotator"):
            labelled = self.label(ROUND_1)
        note(f"{labelled} pages labelled")
        with step("Publish digits@v2"):
            self.lode("publish", DATASET, "-m", "After mining round 1")
        with step("Train on digits@v2, log predictions, evaluate"):
            second = self.train("digits@v2", SECOND)
        with step("Leave a few answers for the reviewer"):
            self.second_look()
        with step("Leave a second mined queue open for you"):
            self.mine(second, ROUND_2, BUDGET_2)
        for name, run in ((BASELINE, first), (SECOND, second)):
            metrics = {row["key"]: row["value"] for row in self.get(f"runs/{run}")["metrics"]}
            note(f"{name}: AP {metrics['test_AP']:.3f}, AP50 {metrics['test_AP50']:.3f} on the test split")
        note(f"Done in {self.steps.total():.0f} s.")

    def get(self, path: str) -> Any:
        answer = self.engineer.get(path)
        answer.raise_for_status()
        return answer.json()

    def first(self, path: str, name: str) -> dict[str, Any] | None:
        """The row of a list that bears this name."""
        rows: list[dict[str, Any]] = self.get(path)["results"]
        return next((row for row in rows if row["name"] == name), None)

    def python(self, *command: str) -> str:
        """Runs a program of the demo as its user would, with the server's address and the engineer's token."""
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",  # of so little work, threads wait for each other longer than they compute
            "MOTHERLODE_URL": self.address,
            "MOTHERLODE_TOKEN": self.tokens["erik"],
            "MOTHERLODE_CACHE": str(Path(settings.HOME) / "demo" / "cache"),
        }
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=EXAMPLE)
        if done.returncode:
            raise CommandError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def lode(self, *arguments: str) -> Any:
        return json.loads(self.python("-m", "motherlode", *arguments, "--json"))

    def make_pages(self) -> dict[str, Any]:
        code = "import json, sys; from pathlib import Path; from pages import make_pages;"
        return dict(
            json.loads(self.python("-c", code + "print(json.dumps(make_pages(Path(sys.argv[1]))))", str(self.folder)))
        )

    def bring_in(self) -> None:
        self.lode(
            *("import", str(self.folder), "--project", PROJECT, "--dataset", DATASET),
            *("--format", "coco", "--split-policy", "train=1"),
        )

    def describe(self, counts: dict[str, Any]) -> None:
        text = (
            f"Pages composed from scikit-learn's handwritten digits. {counts['spoilt']} of the {counts['train_labels']}"
            " training labels were spoilt on purpose (a wrong class, or a box left out), so that mining has something"
            " to find. The test split is clean and no mining round touches it."
        )
        self.engineer.patch(f"projects/{PROJECT}/datasets/{DATASET}", json={"description": text}).raise_for_status()

    def train(self, version: str, name: str) -> str:
        if (run := self.first(f"projects/{PROJECT}/runs", name)) and run["state"] == "finished":
            return str(run["uuid"])
        return str(json.loads(self.python("train.py", version, "--name", name).splitlines()[-1])["run"])

    def mine(self, run: str, queue: str, budget: int) -> None:
        if not self.first(f"projects/{PROJECT}/queues", queue):
            mined = ("mine", run, "--strategy", "failures=1,uncertain=1", "--budget", str(budget))
            self.lode(*mined, "--random", str(CONTROL), "--queue", queue)

    def second_look(self) -> None:
        """A queue with a review rule: five answers wait, and in each the annotator overlooked a digit."""
        queues = f"projects/{PROJECT}/queues"
        if not self.first(queues, SECOND_LOOK):
            rows = self.get(f"projects/{PROJECT}/items?labelled=no&limit=100")["results"]
            items = [row["uuid"] for row in sorted(rows, key=lambda row: str(row["path"]))[-6:]]
            body = {"name": SECOND_LOOK, "schema": DATASET, "review": True, "items": items}
            body["reason"] = "A second person looks before it counts"
            self.engineer.post(queues, json=body).raise_for_status()
        self.label(SECOND_LOOK, most=5, overlook=1)

    def label(self, name: str, *, most: int = 1_000, overlook: int = 0) -> int:
        """Answers a queue's tasks with what the pages really show, less ``overlook`` digits; regions keep their ids."""
        truth = json.loads((self.folder / "truth.json").read_text())
        queue = self.first(f"projects/{PROJECT}/queues", name)
        assert queue is not None
        annotator = self.client("ann")
        for labelled in range(most):
            answer = annotator.post(f"queues/{queue['uuid']}/next", json={"holding": []})
            answer.raise_for_status()
            if answer.status_code == 204:
                return labelled
            task = answer.json()
            page = truth[Path(task["media"]["path"]).name]
            result = [region_of(digit, task, task.get("start") or []) for digit in page[overlook:]]
            body = {
                "result": result,
                "operation_id": uuid_text(),
                "lead_time": 12.0,
                "base_revision": None,
                "next": False,
            }
            annotator.post(f"tasks/{task['task']['id']}/submit", json=body).raise_for_status()
        return most


def uuid_text() -> str:
    from uuid import UUID

    return str(UUID(bytes=secrets.token_bytes(16), version=4))


def region_of(digit: dict[str, Any], task: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
    """A digit as a Label Studio region; it takes the id of the region that stood there before."""
    width, height = task["media"]["width"], task["media"]["height"]
    value = DEFAULT.to_result(tuple(digit["box"]), Image(width, height))
    control = next(control for control in task["config"]["controls"] if control["type"] == DEFAULT.opening)
    same = max(before, key=lambda region: overlap(region["value"], value), default=None)
    known = same is not None and overlap(same["value"], value) > 0.7
    return {
        "id": same["id"] if same is not None and known else secrets.token_hex(5),
        "type": DEFAULT.result_type,
        "from_name": control["name"],
        "to_name": control["to_name"],
        **Image(width, height).stamp(),
        "value": {**value, DEFAULT.result_type: [digit["label"]]},
    }


def overlap(a: dict[str, float], b: dict[str, float]) -> float:
    """Intersection over union of two boxes in percent."""
    wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    return both / (a["width"] * a["height"] + b["width"] * b["height"] - both)


def farewell(address: str) -> str:
    rows = "".join(f"    {role.label!s:<10} {name}\n" for name, role in PEOPLE.items())
    return (
        f"\nMotherlode is at {address}\n\n  Accounts (password {PASSWORD}):\n{rows}\n"
        f"  Start with {address}/p/{PROJECT}/ as olga, or label the open queue as ann. Ctrl-C stops it.\n"
    )
