"""A worker that dies in the middle of an evaluation, and the one that comes after it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

PROGRAM = """
import io, json, sys
import django
django.setup()
from PIL import Image
from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet
from lode_annotation.schemas import latest, schema_for_labels
from lode_datasets import publish, selection
from lode_hooks.evaluations import evaluate, predictions, runs
from lode_hooks.models import Evaluation, Failure, FailureOccurrence
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Item, Membership, Project, Role, User
from lode_platform.store import store
from motherlode.regions import Region

what = sys.argv[1]
if what == "begin":
    user = User.objects.create(username="alice")
    project = Project.objects.create(name="blood", created_by=user)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    schema = schema_for_labels(project, Caller(user), name="cells", labels=["RBC", "WBC"], task="boxes")
    dataset = selection.create_dataset(project, user, name="cells", schema=schema)
    data = []
    for number in range(30):
        out = io.BytesIO()
        Image.new("RGB", (90, 90), (number, 0, 0)).save(out, "PNG")
        data.append(out.getvalue())
    blobs = store().add_many(data)
    specs = [ItemSpec(path=f"{n:02d}.png", md5=b.md5, sha256=b.sha256) for n, b in enumerate(blobs)]
    add_items(project, Caller(user), specs, trusted=True)
    items = list(Item.objects.order_by("path"))
    selection.add_items(dataset, items, splits={item.uuid: "test" for item in items})
    for item in items:
        regions = [Region(f"{item.path}/{n}", "box", 1, "", (n, n, n + 5.5, n + 6)) for n in range(10)]
        LabelSet.objects.create(item=item, schema=schema, schema_revision=latest(schema), source="import",
            created_by=user, **fields_of(regions))
    version, job = publish.publish(dataset, user, message="first")
    jobs.run_pending()
    version.refresh_from_db()
    run = runs.start(project, user, name="baseline")
    sent = predictions.start(run, user, version=version, split="test", task="boxes", class_ids=True)
    lines = [{"path": i.path, "boxes": [[n, 50, n + 6, 56] for n in range(40)], "labels": [2] * 40,
              "scores": [n / 40 for n in range(40)]} for i in items]
    predictions.receive(sent, 0, "\\n".join(json.dumps(line) for line in lines).encode())
    evaluate.request_evaluation(predictions.finish(sent, user), user)
elif what == "work":
    jobs.run_pending()
elif what == "say":
    row = Evaluation.objects.get()
    kinds = list(FailureOccurrence.objects.order_by("row").values_list("row", "kind", "failure__uuid"))
    job = row.job
    print(json.dumps({"state": row.state, "metrics": row.metrics, "failures": Failure.objects.count(),
        "kinds": [[r, k, str(u)] for r, k, u in kinds], "attempts": job.attempts, "job": job.state}))
"""


class Server:
    """A server of its own: a state folder, and workers that may die."""

    def __init__(self, home: Path) -> None:
        passed = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "LODE_CRASH_AT")}
        own = {"MOTHERLODE_HOME": str(home), "MOTHERLODE_BROKER": "memory://"}
        self.env = passed | own | {"DJANGO_SETTINGS_MODULE": "lode_platform.settings"}

    def call(self, what: str, crash: str = "") -> subprocess.CompletedProcess[str]:
        env = {**self.env, "LODE_CRASH_AT": crash} if crash else self.env
        command = [sys.executable, "-c", PROGRAM, what]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)

    def do(self, what: str) -> str:
        done = self.call(what)
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_killed_at_every_step_it_ends_with_the_same_failures(tmp_path: Path, migrated_file: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    shutil.copy(migrated_file, home / "db.sqlite3")
    server = Server(home)
    server.do("begin")
    plan = ",".join(f"hooks.evaluate:{step}" for step in ("matched", "batch", "recorded"))
    for _step in range(3):
        killed = server.call("work", crash=plan)
        assert killed.returncode == -9, killed.stderr
        with closing(sqlite3.connect(home / "db.sqlite3")) as database:
            state = database.execute("SELECT state FROM hooks_evaluation").fetchone()
            assert state == ("queued",)  # no page shows it yet
            database.execute("UPDATE platform_job SET lease_until = '2026-01-01 00:00:00' WHERE state = 'running'")
            database.commit()
    server.do("work")
    said = json.loads(server.do("say"))
    assert (said["state"], said["job"], said["attempts"]) == ("ready", "succeeded", 4)
    assert said["metrics"]["fp"] == 1200 and said["metrics"]["fn"] == 300
    rows = [row for row, _kind, _uuid in said["kinds"]]
    assert len(rows) == len(set(rows)) == 1500
    assert sum(kind == "missed" for _row, kind, _uuid in said["kinds"]) == 300
    assert said["failures"] == len({uuid for _row, _kind, uuid in said["kinds"]}) == 1500


@pytest.mark.django_db
def test_an_evaluation_that_failed_is_done_again_when_it_is_asked_for(world: object) -> None:
    from lode_hooks.evaluations import evaluate, files
    from lode_hooks.models import Evaluation
    from lode_platform.jobs import run_pending
    from motherlode.regions import Region

    here = world()  # type: ignore[operator]
    here.add(["a.png"])
    here.label({"a.png": [Region("a1", "box", 1, geometry=(1, 1, 9, 9))]})
    version = here.publish()
    sent = here.predict(here.run(), version, [{"path": "a.png", "boxes": [], "labels": [], "scores": []}])
    place = files.held(sent.columns)
    kept = place.read_bytes()
    place.unlink()
    row = evaluate.request_evaluation(sent, here.user)
    run_pending()
    row = Evaluation.objects.get(pk=row.pk)
    assert row.state == "failed" and row.job is not None and row.job.error
    place.write_bytes(kept)
    assert here.evaluate(sent).metrics["fn"] == 1
