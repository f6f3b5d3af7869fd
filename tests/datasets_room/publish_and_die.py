"""Not a test: a server whose worker is killed, step by step; test_datasets_faults.py runs it and reads what it prints.

A dataset's second version has been asked for. For each plan of deaths (steps, joined by commas) a copy of that server
is taken; its worker dies at each step of the plan, and a last worker finishes. Each worker is a fork, so that a death
is a real ``kill -9``.
"""

import datetime
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from lode_platform.callers import Caller


def begin() -> None:
    """A project whose dataset has one version, a second one asked for, and people who label on."""
    from PIL import Image

    from lode_annotation.label_sets import fields_of
    from lode_annotation.models import LabelSet
    from lode_annotation.schemas import schema_for_labels
    from lode_datasets.models import Version
    from lode_datasets.publish import publish
    from lode_datasets.selection import add_items, create_dataset, remove_items
    from lode_platform import jobs
    from lode_platform.items import ItemSpec
    from lode_platform.items import add_items as make_items
    from lode_platform.models import Item, Membership, Project, Role, User
    from lode_platform.store import store
    from motherlode.regions import Region

    user = User.objects.create(username="alice", email="alice@example.org")
    project = Project.objects.create(name="blood", created_by=user)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    schema = schema_for_labels(project, Caller(user), name="cells", labels=["RBC", "WBC"])
    dataset = create_dataset(project, user, name="cells", schema=schema)

    def add(start: int, stop: int) -> list[Item]:
        specs = []
        for number in range(start, stop):
            out = io.BytesIO()
            Image.new("RGB", (32, 24), (number, number * 3 % 256, 7)).save(out, "PNG")
            blob = store().add_bytes(out.getvalue())
            specs.append(ItemSpec(path=f"item-{number:03d}.png", md5=blob.md5, sha256=blob.sha256))
        items = make_items(project, Caller(user), specs, trusted=True).created
        add_items(dataset, items)
        return items

    def label(item: Item, *class_ids: int) -> None:
        LabelSet.objects.filter(item=item, current=True).update(current=False)
        regions = [Region(f"{item.path}/{n}", "box", c, "", (n, n, n + 5.5, n + 6)) for n, c in enumerate(class_ids)]
        LabelSet.objects.create(
            item=item,
            schema=schema,
            schema_revision=schema.revisions.get(number=1),
            source=LabelSet.Source.IMPORT,
            created_by=user,
            **fields_of(regions),
        )

    def ask(message: str, second: int) -> None:
        version, _job = publish(dataset, user, message=message)
        when = datetime.datetime(2026, 1, 2, 3, 4, second, tzinfo=datetime.UTC)
        Version.objects.filter(pk=version.pk).update(created_at=when)

    items = add(0, 20)
    for item in items[:15]:
        label(item, 1, 2)
    ask("first", 1)
    assert jobs.run_pending() == 1
    label(items[0], 2)
    remove_items(dataset, user, items[3:5])
    for item in add(20, 24):
        label(item, 1)
    ask("second", 2)
    label(items[1])  # none of this is in the second version, however late its worker comes
    label(add(30, 31)[0], 2)


def work() -> None:
    from lode_platform import jobs

    jobs.run_pending()


def expire() -> None:
    """As if the dead worker's lease had run out."""
    from django.utils import timezone

    from lode_platform.models import Job

    Job.objects.filter(state="running").update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


def say() -> dict[str, Any]:
    """Everything that must be the same, and what the doors would show."""
    from lode_datasets import git, repositories, version_members, version_trees, versions
    from lode_datasets.members import Wanted
    from lode_datasets.models import Dataset, Entry, Version, VersionFile
    from lode_platform.store import store

    dataset = Dataset.objects.get()
    with repositories.published(dataset) as repo:
        shown = git.advertise(repo).decode()
    folder = repositories.folder(dataset)
    refs = subprocess.run(["git", "for-each-ref"], cwd=folder, capture_output=True, text=True, check=True).stdout
    fsck = subprocess.run(["git", "fsck", "--strict", "--full"], cwd=folder, capture_output=True, text=True)
    latest = versions.latest(dataset)
    members = [version_members.of(version) for version in Version.objects.published()]
    return {
        "versions": [
            [v.number, v.digest, v.dir_oid, v.commit, v.counts, v.checks, v.size, v.files]
            + [v.format, v.index, v.labels_digest, v.stacks, v.listings]
            for v in Version.objects.order_by("number")
        ],
        "entries": sorted(Entry.objects.values_list("path", "label_set__digest", "split", "first", "last")),
        "files": sorted(VersionFile.objects.values_list("path", "blob__md5", "first", "last")),
        "objects": sorted(key for key, _age in store().backend.list("files")),
        "trees": [trees.stale if trees else None for trees in map(version_trees.of, Version.objects.published())],
        "members": [[row.path for row in version_members.Listed(one, Wanted())] if one else None for one in members],
        "refs": refs,
        "shown": shown,
        "fsck": [fsck.returncode, fsck.stderr],
        "latest": latest.number if latest else None,
    }


def child(home: Path, do: Callable[[], Any], crash: str = "") -> tuple[int, Any]:
    """Does it in a fork on the server at ``home``: the signal that ended it (0: none), and what it answered."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        from django.conf import settings
        from django.db import connections

        os.close(reading)
        os.environ["LODE_CRASH_AT"] = crash
        settings.HOME, settings.STORE = home, str(home / "store")
        connections["default"].settings_dict["NAME"] = str(home / "db.sqlite3")
        try:
            answer = json.dumps(do()).encode()
        except BaseException as error:
            answer = json.dumps({"error": repr(error)}).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        connections.close_all()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    status = os.waitpid(pid, 0)[1]
    return (os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0), json.loads(data) if data else None


def one(begun: Path, home: Path, plan: list[str]) -> dict[str, Any]:
    """The whole life of one copy."""
    shutil.copytree(begun, home)
    crash = ",".join(f"datasets.publish:{step}" for step in plan)
    deaths, between = [], []
    for _step in plan:
        deaths.append(child(home, work, crash)[0] == signal.SIGKILL)
        between.append(child(home, say)[1])
        child(home, expire)
    child(home, work)
    return {"deaths": deaths, "between": between, "end": child(home, say)[1]}


def main() -> None:
    folder, plans = Path(sys.argv[1]), sys.argv[2:]
    os.environ["DJANGO_SETTINGS_MODULE"] = "lode_platform.settings"
    os.environ["MOTHERLODE_HOME"] = str(folder / "begun")
    os.environ["MOTHERLODE_BROKER"] = "memory://"
    os.environ.pop("DATABASE_URL", None)
    django.setup()
    error = child(folder / "begun", begin)[1]
    assert error is None, error
    said = {
        plan: one(folder / "begun", folder / f"copy-{number}", plan.split(",") if plan else [])
        for number, plan in enumerate(plans)
    }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
