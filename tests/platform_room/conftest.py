"""A server of one's own: real processes on a database, a home and a port. And a project in which all is there once."""

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import httpx
import psutil
import psycopg
import pytest
from django.conf import LazySettings
from django.db import transaction
from django.test import Client
from django.utils import timezone
from PIL import Image
from tests.serving import ROOT, free_port, furnish

from lode_annotation import class_examples
from lode_annotation.assist.models import Predictor
from lode_annotation.ls import numbers
from lode_annotation.models import Annotation, AnnotationRevision, Comment, LabelImport, Task
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import schema_for_labels
from lode_datasets import selection
from lode_datasets.models import Version, Waiver
from lode_hooks.models import Evaluation, Failure, MiningRound, PredictionSet, Run
from lode_platform import bulk_actions, invitations, jobs, saved_views, shared_media
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Item, Job, Membership, Project, Role, User
from lode_platform.notifications import mailing
from lode_platform.notifications.models import Notification
from lode_platform.store import store
from lode_platform.tokens import make_token
from lode_platform.webhooks import managing

STRANGER, NOBODY = "stranger", "anonymous"
PROGRAMS = ("/api/", "/git/", "/dvc/", "/ls/")

TABLES = """
SELECT table_name, column_name, concat_ws(' ', data_type, character_maximum_length, collation_name, is_nullable,
    column_default, is_identity) AS said FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, '', regexp_replace(indexdef, 'INDEX .* ON', 'INDEX ON') FROM pg_indexes
    WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


def parts_of(sql: str) -> list[str]:
    """The columns and constraints of a table that SQLite was told to make, or the columns of an index."""
    return sql[sql.index("(") + 1 : sql.rindex(")")].split(", ")


def wait_for(what: str, check: Callable[[], object], seconds: float = 300) -> None:
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

    def tables(self, other: str | Path = "") -> list[tuple[Any, ...]]:
        """The columns, constraints and indexes of the machine's database, or of another of its kind, in no order.

        Names that Django makes are left out: those of a table that was renamed stay as they were.
        """
        if self.database:
            address = at(self.database, str(other)) if other else self.database
            with psycopg.connect(address) as connection:
                return connection.execute(TABLES).fetchall()
        with closing(sqlite3.connect(other or self.home / "db.sqlite3", timeout=30)) as lite:
            made = lite.execute("SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            return sorted((kind, table, *sorted(parts_of(sql))) for kind, table, sql in made)

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

    def start(self, *words: str, out: int | None = None, **env: str) -> "subprocess.Popen[bytes]":
        """A management command that keeps running, with more environment; it writes to its log, or to ``out``."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "django", *words],
                env={**self.env, **env},
                cwd=ROOT,
                stdout=log if out is None else out,
                stderr=log if out is None else out,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def serve(self, out: int | None = None, **env: str) -> str:
        """Starts ``serve`` and answers its address once it answers."""
        port = free_port()
        self.server = self.start("serve", f"--port={port}", out=out, **env)
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
        """The process of the worker that ``serve`` keeps: the web server has processes of its own, the worker none."""
        for child in psutil.Process(server.pid).children():
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE and not child.children():
                    return child.pid
        return None

    def wait_for(self, what: str, check: Callable[[], object], seconds: float = 300) -> None:
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
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    """An up-to-date empty database, made once: a SQLite file, or the name of a database of PostgreSQL."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield request.getfixturevalue("migrated_file")
        return
    home = tmp_path_factory.mktemp("migrated")
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
def machine(tmp_path: Path, migrated: str | Path, migrated_file: Path) -> Iterator[Machine]:
    """On SQLite, or, where DATABASE_URL names PostgreSQL, on a database of its own there."""
    furnish(tmp_path / "machine", migrated_file, database=isinstance(migrated, Path))
    if isinstance(migrated, Path):
        made = Machine(tmp_path / "machine", "")
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


# -- a project in which everything is there once ----------------------------------------------------------------------


@dataclass
class World:
    """Everything an address may name, made by alice, the owner; one person for each role."""

    home: Path
    people: dict[str, User] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    programs: dict[str, Client] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)

    def address(self, pattern: str) -> str:
        """The pattern with the world's names in it."""

        def name(match: "re.Match[str]") -> str:
            key = match[1]
            if key == "name":
                key = "schema_name" if "/schemas/" in pattern else "dataset"
            if key == "uuid":
                key = "trashed_dataset" if "/trash/" in pattern else "dataset_uuid"
            return str(self.names[key])

        return re.sub(r"<(?:\w+:)?(\w+)>", name, pattern)

    def client(self, who: str, address: str) -> Client:
        """A browser for pages, a program with a token for the interfaces of programs."""
        if who == NOBODY:
            return Client()
        return (self.programs if address.startswith(PROGRAMS) else self.browsers)[who]


def picture(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 9, 40, 90)).save(out, "PNG")
    return out.getvalue()


def send_lines(client: Client, address: str, rows: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    answer = client.put(f"/api/v1/{address}", text, content_type="application/x-ndjson")
    assert answer.status_code == 200, answer.content


def commented(other: Annotation, user: User) -> dict[str, UUID]:
    """An answer of this person's to the same task, and a comment on it."""
    facts = {"task": other.task, "user": user, "schema_revision": other.schema_revision}
    answer = Annotation.objects.create(state=Annotation.State.ACCEPTED, **facts)
    row = AnnotationRevision(annotation=answer, number=1, operation_id=uuid4(), author=user, state=answer.state)
    row.save()
    comment = Comment.objects.create(annotation=answer, number=1, author=user, text="look here", revision=1)
    return {"answer": answer.uuid, "comment": comment.uuid}


def build(home: Path) -> World:
    """The loop once: items, labels, two versions, a run, its failures, a mined queue; a task in review."""
    world, names = World(home), {}
    alice = world.people["owner"] = User.objects.create(username="alice")
    project = Project.objects.create(name="blood", created_by=alice)
    for role in Role.values:
        user = alice if role == "owner" else User.objects.create(username=role)
        world.people[role] = user
        Membership.objects.create(project=project, user=user, role=role)
    world.people[STRANGER] = User.objects.create(username="charlie")
    for who, user in world.people.items():
        world.programs[who] = Client(headers={"authorization": f"Bearer {make_token(user)[1]}"})
        world.browsers[who] = Client()
        world.browsers[who].force_login(user)
    program = world.programs["owner"]

    def post(address: str, body: dict[str, Any], program: Client = program) -> Any:
        answer = program.post(f"/api/v1/{address}", body, content_type="application/json")
        assert answer.status_code < 300, (address, answer.content)
        return answer.json() if answer.content else None

    blobs = store().add_many([picture(number) for number in range(8)])
    specs = [ItemSpec(f"{n}.png", blob.md5, blob.sha256) for n, blob in enumerate(blobs)]
    items: list[Item] = add_items(project, Caller(alice), specs, trusted=True).created
    schema = schema_for_labels(project, Caller(alice), name="cells", labels=["RBC", "WBC"], task="boxes")

    imported = uuid4()
    post("projects/blood/label-imports", {"uuid": str(imported), "schema": "cells", "format": "coco"})
    box = {"kind": "box", "label": "RBC", "box": [4, 4, 30, 30]}
    labelled = [
        {"path": item.path, "width": 64, "height": 48, "labelled": True, "regions": [box]} for item in items[:6]
    ]
    send_lines(program, f"label-imports/{imported}/parts/0", labelled)
    post(f"label-imports/{imported}/finish", {})
    jobs.run_pending()
    assert LabelImport.objects.get().job.state == "succeeded", LabelImport.objects.get().job.error  # type: ignore[union-attr]

    dataset = selection.create_dataset(project, alice, name="cells", schema=schema)
    gone = Project.objects.create(name="gone", created_by=alice, trashed_at=timezone.now())
    Membership.objects.create(project=gone, user=alice, role=Role.OWNER)
    trashed = selection.create_dataset(project, alice, name="old", schema=schema)
    splits = {item.uuid: "val" if n % 2 else "train" for n, item in enumerate(items)}
    for part in (items[:5], items[5:]):
        selection.add_items(dataset, part, splits=splits)
        post("projects/blood/datasets/cells/publish", {"message": "more", "operation_id": str(uuid4())})
        jobs.run_pending()
    assert Version.objects.published().count() == 2
    program.put("/api/v1/projects/blood/datasets/cells/aliases/production", {"version": 1}, "application/json")
    program.delete("/api/v1/projects/blood/datasets/old")

    for name in ("baseline", "second"):
        uses = [{"version": "cells@v1", "split": "train"}]
        run = post("projects/blood/runs", {"uuid": str(uuid4()), "name": name, "uses": uses})["uuid"]
        sent = post(
            f"runs/{run}/predictions",
            {"uuid": str(uuid4()), "version": "cells@v1", "split": "train", "task": "boxes", "out_of_fold": True},
        )["uuid"]
        wrong = {"boxes": [[4, 4, 30, 30]], "labels": ["WBC"], "scores": [0.9]}
        send_lines(program, f"predictions/{sent}/parts/0", [{"path": "0.png", **wrong}, {"path": "2.png", **wrong}])
        post(f"predictions/{sent}/finish", {"parts": 1})
        jobs.run_pending()
    evaluation = Evaluation.objects.filter(state=Evaluation.State.READY).first()
    assert evaluation is not None and Failure.objects.exists()

    mined = post(
        "projects/blood/mining",
        {
            "run": str(evaluation.prediction_set.run.uuid),
            "strategy": "failures",
            "budget": 1,
            "random": 0,
            "queue": "hard",
            "splits": ["train"],
        },
    )
    jobs.run_pending()
    queue = create_queue(project, Caller(alice), name="checked", schema=schema, review=True)
    add_tasks(queue, Caller(alice), [TaskSpec(item) for item in items])
    annotator = world.programs[Role.ENGINEER]  # nobody reviews their own answer
    first = post(f"queues/{queue.uuid}/next", {"holding": []}, annotator)
    answer = {"result": [], "operation_id": str(uuid4()), "lead_time": 1.0}
    post(f"tasks/{first['task']['id']}/submit", answer, annotator)

    open_task = Task.objects.filter(queue=queue).exclude(uuid=first["task"]["id"]).order_by("pk")[0]
    open_task.origin = {"predictions": [{"result": [], "model_version": "v1"}]}
    open_task.save(update_fields=["origin"])
    door = queue.label_studio.pk
    row = jobs.enqueue("items.zip", project=project, user=alice, arguments={"parked": "none"})
    token, _ = make_token(alice, project=project)
    dry = {"queue": str(queue.uuid), "name": queue.name, "project": project.name}
    webhook = managing.add(project, Caller(alice), url="https://example.org/", kinds=["run.started"])
    delivered = managing.send_test(webhook, Caller(alice))
    webhook.deliveries.update(state="delivered")
    md5 = items[0].blob.md5
    until = timezone.localdate() + timedelta(days=9)
    waiver = Waiver.objects.create(
        dataset=dataset, name="unlabelled", count=1, reason="known", until=until, given_by=alice
    )
    names = {
        "username": "alice",
        "waiver": waiver.uuid,
        "project": "blood",
        "user": world.people["annotator"].uuid,
        "token": token.uuid,
        "md5": md5,
        "first": md5[:2],
        "rest": md5[2:],
        "item": items[0].uuid,
        "job": row.uuid,
        "schema": schema.uuid,
        "schema_name": schema.name,
        "queue": queue.uuid,
        "task": open_task.uuid,
        "ls_project": door,
        "ls_task": numbers.task_number(door, open_task.number),
        "ls_annotation": numbers.uuid_number(Annotation.objects.get().uuid),
        "ls_prediction": numbers.prediction_number(numbers.task_number(door, open_task.number), 0),
        "ls_call": "api/projects/",
        "call": "api/webhooks/",
        "path": items[0].path,
        "annotation": Annotation.objects.get().uuid,
        **commented(Annotation.objects.get(), alice),
        "label_import": imported,
        "part": 0,
        "trashed_project": gone.uuid,
        "dataset": "cells",
        "assistant": "click",
        "example": class_examples.add(schema, Caller(alice), class_id=1, item=items[0].uuid).uuid,
        "predictor": Predictor.objects.create(schema=schema, name="cells", url="https://example.org").uuid,
        "signed": shared_media.link(items[0]).rpartition("/")[2],
        "language": "en",
        "wanted": "earlier",
        "dataset_uuid": dataset.uuid,
        "trashed_dataset": trashed.uuid,
        "which": "v1",
        "alias": "production",
        "number": 1,
        "a": 1,
        "b": 2,
        "run": Run.objects.order_by("pk")[0].uuid,
        "other": Run.objects.order_by("pk")[1].uuid,
        "predictions": PredictionSet.objects.order_by("pk")[0].uuid,
        "evaluation": evaluation.uuid,
        "failure": Failure.objects.order_by("pk")[0].uuid,
        "action": "trash",
        "bulk_action": bulk_actions.begin(project, Caller(alice), "tag", {"tag": "odd"}, items=[items[7].uuid]).uuid,
        "view": saved_views.save(
            project, Caller(alice), name="odd ones", filter={"query": "tag:odd"}, shared=True
        ).uuid,
        "invitation": invitations.invite(project, Caller(alice), role=Role.VIEWER)[0].uuid,
        "text": "nothing",
        "webhook": webhook.uuid,
        "notification": Notification.objects.create(
            user=alice, project=project, kind="queue_dry", key="x", at=timezone.now(), data=dry
        ).uuid,
        "link": mailing.signed(alice, ""),
        "delivery": delivered.uuid,
        "mined": MiningRound.objects.order_by("pk")[0].uuid,
    }
    assert mined and Job.objects.filter(state="failed").count() == 0
    world.names = names
    return world


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world, made once for all lines; each line's writes are taken back."""
    from django.conf import settings

    home = tmp_path_factory.mktemp("home")
    (home / "tmp").mkdir()
    before = settings.HOME, settings.STORE
    settings.HOME, settings.STORE = home, str(home / "store")
    with django_db_blocker.unblock(), transaction.atomic():
        try:
            yield build(home)
        finally:
            settings.HOME, settings.STORE = before
            transaction.set_rollback(True)


@pytest.fixture
def world(made: World, home: Path, settings: LazySettings) -> Iterator[World]:
    settings.HOME, settings.STORE = made.home, str(made.home / "store")
    yield made
