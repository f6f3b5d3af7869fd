"""Not a test: an import that is killed at every step; test_sdk_killed_import.py runs it and reads what it prints.

Client and server are one process here, a fork for each step: it is killed just before the n-th time that it opens a
file to write, renames one, forces one to disk or commits a transaction; another process then imports again. It prints
for each step what it was, and whether the project ended as one whose import nobody killed.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django


def counted(most: int) -> list[str]:
    """Kills this process at step ``most``; answers the list that the steps are noted in."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == most:
            print(name, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(name: str, real: Callable[..., Any], *, only: Callable[..., bool] = lambda *_: True) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if not only(*given):
                return real(*given, **named)
            step(name)
            return real(*given, **named)

        return call

    library = ctypes.CDLL(None, use_errno=True)

    class Library:
        syncfs = staticmethod(watched("syncfs", library.syncfs))

    ctypes.CDLL = lambda *given, **named: Library()  # type: ignore[assignment, misc]
    os.open = watched("open", os.open, only=lambda _path, flags, *_: bool(flags & os.O_CREAT))
    os.replace, os.fsync = watched("replace", os.replace), watched("fsync", os.fsync)
    BaseDatabaseWrapper._commit = watched("commit", BaseDatabaseWrapper._commit)  # type: ignore[attr-defined]
    return steps


def bring(folder: Path, token: str) -> None:
    import httpx

    from lode_platform.jobs import run_pending
    from lode_platform.wsgi import application
    from motherlode import Client
    from motherlode.formats.source import Folder
    from motherlode.importing import ImportOptions, KnownFolder, bring_in, read_source

    client = Client(
        "http://127.0.0.1:8000",
        token,
        project="blood",
        transport=httpx.WSGITransport(app=application),
        sleep=lambda _seconds: run_pending(),
        workers=1,
    )
    known = KnownFolder(Folder(folder))
    key = known.key("test")
    bring_in(client, read_source(folder), ImportOptions("blood", "cells"), known=known, key=key)


def state() -> str:
    from lode_annotation.models import ImportedLine, LabelSet
    from lode_datasets.models import DatasetItem
    from lode_platform.models import Item, Job
    from lode_platform.store import store

    items = sorted(Item.objects.live().values_list("path", "blob__md5", "width"))
    whole = all(store().rehash(md5) == (md5, sha) for md5, sha in Item.objects.values_list("blob__md5", "blob__sha256"))
    current = LabelSet.objects.current()
    labels = sorted(current.values_list("item__path", "digest"))
    lines = ImportedLine.objects.filter(label_set__in=current).count()
    splits = sorted(DatasetItem.objects.values_list("item__path", "split", "decided_by"))
    open_jobs = Job.objects.filter(state="running").count()
    return json.dumps([items, whole, labels, lines, splits, open_jobs])


def child(do: Callable[[], str]) -> str:
    """What ``do`` answers in a fork; what it printed, where it was killed."""
    read, write = os.pipe()
    if pid := os.fork():
        os.close(write)
        with os.fdopen(read) as stream:
            said = stream.read()
        status = os.waitpid(pid, 0)[1]
        return f"killed {said.strip()}" if os.WIFSIGNALED(status) else said
    os.dup2(write, 1)
    print(do(), flush=True)
    os._exit(0)


def main(work: Path, folder: Path) -> None:
    """``work / "first"`` is the home of a server whose database is migrated."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "lode_platform.settings"
    os.environ["MOTHERLODE_BROKER"] = "memory://"
    os.environ.pop("DATABASE_URL", None)
    first, home = work / "first", work / "home"
    shutil.copytree(first, home)
    os.environ["MOTHERLODE_HOME"], os.environ["MOTHERLODE_CACHE"] = str(home), str(home / "cache")
    django.setup()
    import lode_platform.wsgi  # what every fork needs is imported once
    import motherlode.importing

    assert lode_platform.wsgi and motherlode.importing

    def begin() -> str:
        from lode_platform.models import Membership, Project, Role, User
        from lode_platform.tokens import make_token

        user = User.objects.create(username="alice")
        project = Project.objects.create(name="blood", created_by=user)
        Membership.objects.create(project=project, user=user, role=Role.OWNER)
        return make_token(user)[1]

    token = child(begin).strip()
    shutil.rmtree(first)
    home.rename(first)

    def die(most: int) -> str:
        counted(most)
        bring(folder, token)
        return state()

    def finish() -> str:
        from django.utils import timezone

        from lode_platform.jobs import run_pending
        from lode_platform.models import Job

        Job.objects.filter(state="running").update(lease_until=timezone.now())  # its worker is known to be dead
        bring(folder, token)
        run_pending()  # as the sweep does, which finds what nobody holds
        return state()

    number, said = 0, "killed"
    results: list[list[str]] = []
    while said.startswith("killed"):
        number += 1
        shutil.copytree(first, home)
        said = child(lambda most=number: die(most))  # type: ignore[misc]
        results.append([said.strip(), child(finish).strip()])
        shutil.rmtree(home)
    whole = said.strip()
    steps = [[step, ended == whole] for step, ended in results[:-1]]
    print(json.dumps({"whole": json.loads(whole), "steps": steps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
