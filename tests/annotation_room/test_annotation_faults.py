"""Crowds and sudden ends, in processes of their own: no double hand-out, nothing lost, nothing half done."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

# Each world has its own home and database, so the run on PostgreSQL has nothing to add.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("annotation_faults")]

WORLD = Path(__file__).with_name("world.py")
SHOWN = "SELECT count(*) FROM annotation_labelset WHERE current AND staged_by_id IS NULL"
Run = Callable[..., dict[str, Any]]


def run(home: Path, *words: object, crash: str = "", database: str = "") -> dict[str, Any]:
    """Runs a verb of ``world.py`` at ``home``; with ``crash`` it must die by kill -9 there."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("MOTHERLODE_", "LODE_"))},
        "MOTHERLODE_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "lode_platform.settings",
        "LODE_CRASH_AT": crash,
        "MOTHERLODE_ALLOWED_HOSTS": "testserver",  # as Django's test client names it
        "DATABASE_URL": database,
        "MOTHERLODE_DB_POOL": "40",  # every person of a crowd keeps a connection
    }
    command = [sys.executable, str(WORLD), *map(str, words)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=550)
    if crash:
        assert ended.returncode == -9, ended.stderr
        return {}
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout.splitlines()[-1]))


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, migrated_file: Path) -> None:
    """The world's tables, made already."""
    shutil.copy(migrated_file, tmp_path / "db.sqlite3")


def postgres() -> str:
    """The address of a PostgreSQL server that these tests may make databases on."""
    named = urlsplit(os.environ.get("LODE_TEST_POSTGRES") or "postgresql://postgres@127.0.0.1:5432/postgres")
    return named._replace(path="", query="").geturl()


@pytest.fixture(scope="module")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with every table and no row, or a skip that says why there is none."""
    import psycopg

    name = f"lode_tables_{uuid4().hex[:8]}"
    try:
        with psycopg.connect(f"{postgres()}/postgres", autocommit=True, connect_timeout=3) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        if os.environ.get("LODE_REQUIRE_SERVICES") == "1":
            pytest.fail(f"PostgreSQL is required here: {error}")
        pytest.skip(f"PostgreSQL cannot be reached at {postgres()}: {error}")
    run(tmp_path_factory.mktemp("tables"), "migrate", database=f"{postgres()}/{name}")
    yield name
    with psycopg.connect(f"{postgres()}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def own_database(migrated_database: str) -> Iterator[str]:
    """A PostgreSQL database of this test's own, every table made already."""
    import psycopg

    name = f"lode_crowd_{uuid4().hex[:8]}"
    with psycopg.connect(f"{postgres()}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_database}"')
    yield f"{postgres()}/{name}"
    with psycopg.connect(f"{postgres()}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def nobody_doubled(told: dict[str, Any], tasks: int) -> None:
    assert told["wrong"] == []
    assert told["handed"] == told["distinct"] == tasks
    assert told["answers"] == told["label_sets"] == tasks and told["open"] == 0


def test_thirty_two_annotators_at_once_are_never_handed_the_same_task_on_postgresql(
    tmp_path: Path, own_database: str
) -> None:
    nobody_doubled(run(tmp_path, "crowd", 160, 32, database=own_database), 160)


def test_eight_annotators_at_once_are_never_handed_the_same_task_on_sqlite(tmp_path: Path) -> None:
    nobody_doubled(run(tmp_path, "crowd", 60, 8), 60)


def test_answers_to_the_same_items_from_eight_queues_at_once_are_all_taken_on_postgresql(
    tmp_path: Path, own_database: str
) -> None:
    all_taken(run(tmp_path, "same_items", 8, 40, 8, database=own_database), 320)


def test_answers_to_the_same_items_from_two_queues_at_once_are_all_taken_on_sqlite(tmp_path: Path) -> None:
    all_taken(run(tmp_path, "same_items", 2, 40, 8), 80)


def all_taken(told: dict[str, Any], answers: int) -> None:
    assert told["refused"] == []
    assert told["answers"] == told["label_sets"] == answers and told["current"] == 40


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A home with an import of 450 items sent and finished, whose job nobody has begun."""
    home = tmp_path_factory.mktemp("prepared")
    shutil.copy(migrated_file, home / "db.sqlite3")
    run(home, "prepare", 450)
    return home


@pytest.fixture(scope="module")
def untroubled(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the import comes to when nothing happens to it."""
    home = tmp_path_factory.mktemp("untroubled") / "world"
    shutil.copytree(prepared, home)
    told = run(home, "work", "+", "look")
    assert told["state"] == "succeeded" and told["visible"] == told["rows"] == 450, told["error"]
    return told


def test_a_worker_killed_at_every_step_of_an_import_is_followed_by_one_that_ends_it_the_same(
    prepared: Path, untroubled: dict[str, Any], tmp_path: Path
) -> None:
    home = tmp_path / "world"
    shutil.copytree(prepared, home)
    steps = ["classes", "batch", "staged", "revealed"]
    plan = ",".join(f"annotation.import_labels:{step}" for step in steps)
    for step in steps:
        run(home, "work", crash=plan)
        with closing(sqlite3.connect(home / "db.sqlite3")) as database:
            (visible,) = database.execute(SHOWN).fetchone()
            assert visible == (450 if step == "revealed" else 0), step
    told = run(home, "work", "+", "look")
    assert told["state"] == "succeeded" and told["attempts"] == 5, told["error"]
    assert told["digests"] == untroubled["digests"] and told["rows"] == 450
    assert told["result"] == untroubled["result"]


def test_a_worker_killed_at_every_step_of_a_migration_is_followed_by_one_that_ends_it_and_it_is_undone(
    prepared: Path, tmp_path: Path
) -> None:
    home = tmp_path / "world"
    shutil.copytree(prepared, home)
    before = run(home, "work", "+", "look", "+", "merge")["digests"]
    merged = f"{SHOWN} AND (regions LIKE '%\"class_id\":3,%')"
    steps = ["batch", "staged", "revealed"]
    for step in steps:
        run(home, "work", crash=",".join(f"annotation.migrate_schema:{step}" for step in steps))
        with closing(sqlite3.connect(home / "db.sqlite3")) as database:
            assert database.execute(SHOWN).fetchone() == (450,)
            assert database.execute(merged).fetchone() == (0 if step == "revealed" else 225,), step
    told = run(home, "work", "+", "look")
    assert told["state"] == "succeeded" and told["attempts"] == 4, told["error"]
    assert told["result"]["label_sets"] == 225 and told["rows"] == 450 + 225
    run(home, "undo")
    run(home, "work", crash="annotation.undo_revision:undone")
    told = run(home, "work", "+", "look")
    assert told["state"] == "succeeded" and told["result"]["label_sets"] == 225, told["error"]
    assert told["digests"] == before


def test_what_a_person_labels_while_the_import_is_staged_stays(prepared: Path, tmp_path: Path) -> None:
    home = tmp_path / "world"
    shutil.copytree(prepared, home)
    run(home, "work", crash="annotation.import_labels:staged")
    told = run(home, "label", "00007.png", "+", "work", "+", "look")
    assert told["status"] == 200
    assert told["sources"] == {"00007.png": "annotation"} and told["visible"] == 450
    assert told["result"]["skipped_human"] == ["00007.png"] and told["result"]["label_sets"] == 449


def test_annotators_label_on_during_an_import_on_sqlite(tmp_path: Path) -> None:
    labelled_on(run(tmp_path, "label_on", 3_000, 3), 3_000)


def test_annotators_label_on_during_an_import_on_postgresql(tmp_path: Path, own_database: str) -> None:
    labelled_on(run(tmp_path, "label_on", 2_000, 3, database=own_database), 2_000)


def labelled_on(told: dict[str, Any], items: int) -> None:
    assert told["wrong"] == [] and told["state"] == "succeeded" and told["visible"] == items
    assert told["answers"] == len(told["waits"]) and told["during"] > 0
