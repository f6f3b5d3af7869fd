"""A disk without space: a real small one for the store, SQLite's own limit for the database."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from lode_platform.models import Project, User

pytestmark = pytest.mark.xdist_group("machines")

SCRIPT = Path(__file__).with_name("small_disk.py")
MOUNT = 'mount -t tmpfs -o size=1m none "$MOTHERLODE_STORE" && exec "$@"'


@pytest.mark.once
def test_a_store_that_runs_out_of_space_keeps_what_it_has_and_goes_on_when_there_is_some(
    tmp_path: Path, migrated_file: Path
) -> None:
    store, home = tmp_path / "store", tmp_path / "home"
    store.mkdir()
    home.mkdir(exist_ok=True)
    shutil.copy(migrated_file, home / "db.sqlite3")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("MOTHERLODE_", "LODE_"))},
        "MOTHERLODE_HOME": str(home),
        "MOTHERLODE_STORE": str(store),
        "MOTHERLODE_ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "lode_platform.settings",
        "DATABASE_URL": "",
    }
    apart = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*apart, "true"], env=environment, capture_output=True).returncode
    ):
        pytest.skip("this system lets nobody mount a small disk of their own (unshare --map-root-user --mount)")
    ended = subprocess.run(
        [*apart, sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert said["small"][0] == 201
    for refused in ("large", "pack", "second"):
        assert (said[refused][0], said[refused][1]["code"]) == (507, "disk_full"), said[refused]
        assert "Free some space" in said[refused][1]["error"]
    assert (said["after_large"], said["after_pack"], said["rows"], said["intact"]) == (0, 0, [1, 1], True)
    assert said["first"] == [202, {"offset": 300_000, "complete": False}]
    assert 300_000 <= said["offset"] < 700_000
    assert (said["rest"][0], said["whole"]) == (201, True)


@pytest.fixture
def full_database(transactional_db: None) -> Iterator[None]:
    """SQLite told that its file may not grow: it answers as on a full disk."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told so; PostgreSQL's answer has a code that is looked at as well")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what earlier tests left free would be room
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        yield
        cursor.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.django_db(transaction=True)
def test_a_database_without_space_is_said_in_words_and_keeps_nothing_half(
    project: Project, alice: User, api: Any, client: Client, full_database: None
) -> None:
    client.force_login(alice)
    names = [f"project-{number:03d}-{'x' * 40}" for number in range(200)]
    answers = [client.post("/projects/", {"name": name, "title": "y" * 200}) for name in names]
    refused = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 507]
    made = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 302]
    assert refused and len(made) + len(refused) == len(names)
    said = next(answer for answer in answers if answer.status_code == 507).content.decode()
    assert "disk is full" in said and "Free some space" in said
    kept = Project.objects.exclude(pk=project.pk)
    assert sorted(kept.values_list("name", flat=True)) == made
    assert all(found.memberships.count() == 1 for found in kept)
