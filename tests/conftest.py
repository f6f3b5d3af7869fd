"""People, a project, items and real data for every test."""

import gc
import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import django
import httpx
import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from filelock import FileLock
from hypothesis import HealthCheck, settings
from PIL import Image
from playwright.sync_api import Browser
from tests import browsing

from lode_platform import items as items_module
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.jobs import run_pending
from lode_platform.models import Item, Membership, Project, Role, User
from lode_platform.tokens import make_token

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "correct horse battery"
DATABASES = {"db", "transactional_db", "machine", "new_machine"}
"""What tests ask for that lies in the database of the run."""
FIRST_START = """
from django.core.management import call_command
from lode_platform import static_files
call_command("migrate", verbosity=0)
static_files.collect()
"""
# The same examples in each run, however slow the machine.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_configure() -> None:
    """Every test checks the answers of the REST interface against its OpenAPI document.

    And spares each what it does not look at: a client's own walk through all static files (found when asked for
    instead), the disk's word that bytes would outlive a loss of power, httpx's reading of all authorities that sign
    certificates for each request to a server of the test's own, and PostgreSQL's new files for every table and index
    that is truncated: a test leaves few rows.
    """
    django_settings.MIDDLEWARE = [*django_settings.MIDDLEWARE, "tests.answers.AnswersAreAsDeclared"]
    django_settings.WHITENOISE_AUTOREFRESH = True
    os.fsync = lambda fd: None
    gc.set_threshold(20_000)  # of what thousands of tests have imported little is garbage
    jobs.LONGEST_WAIT = 0.0  # who waits for a job in a test does it
    DatabaseOperations.sql_flush = deletions  # type: ignore[method-assign, assignment]
    for verb in ("get", "post", "put", "patch", "delete", "request"):
        setattr(httpx, verb, partial(getattr(httpx, verb), verify=False))


def deletions(operations: Any, style: Any, tables: Sequence[str], **how: bool) -> list[str]:
    """What empties the tables, in one transaction: until its end no foreign key is looked at."""
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To a test that asks for no database PostgreSQL adds nothing."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if not names & DATABASES and item.get_closest_marker("django_db") is None:
            item.add_marker("once")


def required(what: str, why: str) -> NoReturn:
    """Skips, saying why; under LODE_REQUIRE_SERVICES=1 what is missing is a failure instead."""
    if os.environ.get("LODE_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is required here: {why}")
    pytest.skip(f"{what}: {why}")


@pytest.fixture
def test_data() -> Path:
    """The folder of real data that MOTHERLODE_TEST_DATA names."""
    root = os.environ.get("MOTHERLODE_TEST_DATA")
    if not root:
        pytest.skip("MOTHERLODE_TEST_DATA is not set, so the real data is not at hand")
    path = Path(root)
    if not path.is_dir():
        pytest.fail(f"MOTHERLODE_TEST_DATA={root} is not a folder")
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: LazySettings) -> Path:
    """A state folder and a store of this test's own."""
    folder = tmp_path / "home"
    (folder / "tmp").mkdir(parents=True)
    settings.HOME = folder
    settings.STORE, settings.STORE_OPTIONS = str(folder / "store"), {}
    settings.PUBLIC_URL = "http://testserver"
    settings.FILE_UPLOAD_TEMP_DIR = str(folder / "tmp")
    return folder


@pytest.fixture
def bucket(settings: LazySettings) -> Any:
    """The store of this test in a bucket of S3."""
    from tests.buckets import Bucket  # two seconds that other tests need not wait

    made = Bucket()
    settings.STORE, settings.STORE_OPTIONS = made.url, made.options
    return made


@cache
def hashed_password() -> str:
    return make_password(PASSWORD)


def person(name: str) -> User:
    """The account of this name, made where a kept world has not brought it."""
    own = {"email": f"{name}@example.org", "password": hashed_password()}
    return User.objects.get_or_create(username=name, defaults=own)[0]


def member(name: str, project: Project, role: Role) -> User:
    user = person(name)
    Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
    return user


def blood(owner: User) -> Project:
    made, _new = Project.objects.get_or_create(name="blood", defaults={"title": "Blood cells", "created_by": owner})
    Membership.objects.get_or_create(project=made, user=owner, defaults={"role": Role.OWNER})
    return made


@pytest.fixture
def alice(db: None) -> User:
    """Owner of the project."""
    return person("alice")


@pytest.fixture
def project(alice: User) -> Project:
    return blood(alice)


@pytest.fixture
def erin(project: Project) -> User:
    return member("erin", project, Role.ENGINEER)


@pytest.fixture
def rita(project: Project) -> User:
    return member("rita", project, Role.REVIEWER)


@pytest.fixture
def bob(project: Project) -> User:
    return member("bob", project, Role.ANNOTATOR)


@pytest.fixture
def victor(project: Project) -> User:
    return member("victor", project, Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger: has an account, is a member of nothing."""
    return person("charlie")


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """A browser in which the person is logged in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


class Api:
    """A program that holds a token: sends and reads JSON below /api/v1/."""

    def __init__(self, user: User, **token: Any) -> None:
        self.user = user
        self.token = make_token(user, **token)[1]
        self.client = Client(headers={"authorization": f"Bearer {self.token}"})

    def call(self, method: str, path: str, data: Any = None, **extra: Any) -> Any:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        body = {} if data is None else {"data": data, "content_type": "application/json"}
        return getattr(self.client, method)(address, **body, **extra)

    def get(self, path: str, **extra: Any) -> Any:
        return self.call("get", path, **extra)

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.call("post", path, {} if data is None else data, **extra)

    def put(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.call("put", path, {} if data is None else data, **extra)

    def patch(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.call("patch", path, {} if data is None else data, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self.call("delete", path, **extra)


@pytest.fixture
def api() -> Callable[..., Api]:
    """``api(user, project=..., role=...)``: a program with that person's token."""
    return Api


def png(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    """A small real PNG; different seeds give different bytes."""
    image = Image.new("RGB", (width, height), ((seed * 37) % 256, (seed * 59 + 80) % 256, (seed * 83 + 160) % 256))
    image.putpixel((seed % width, (seed // width) % height), (seed % 256, (seed >> 8) % 256, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def make_items(home: Path) -> Callable[..., list[Item]]:
    """``make_items(project, n, width=, height=, prefix=)``: real items with real bytes in the store."""

    def make(project: Project, count: int, *, width: int = 64, height: int = 48, prefix: str = "item") -> list[Item]:
        from lode_platform.store import store

        start = Item.objects.count()
        specs = []
        for number in range(start, start + count):
            blob = store().add_bytes(png(width, height, number))
            specs.append(items_module.ItemSpec(path=f"{prefix}-{number:05d}.png", md5=blob.md5, sha256=blob.sha256))
        report = items_module.add_items(project, Caller(project.created_by), specs, trusted=True)
        assert not report.problems, report.problems
        return list(Item.objects.filter(project=project).order_by("id")[start:])

    return make


@pytest.fixture
def run_jobs() -> Callable[[], int]:
    """Runs every queued job here and now, as the worker would."""

    def run() -> int:
        return run_pending()

    return run


@pytest.fixture(scope="session")
def chromium() -> Iterator[browsing.Chromium]:
    """One browser for all tests of a process, or a skip that says how to get one."""
    path = next(filter(None, map(shutil.which, browsing.NAMES)), None)
    if path is None:
        required("a Chromium browser", "install Debian's package chromium-headless-shell or chromium, or Chrome")
    made = browsing.Chromium(path)
    yield made
    made.close()


@pytest.fixture
def browser(chromium: browsing.Chromium) -> Iterator[Browser]:
    """The browser for a test that asks the database nothing meanwhile."""
    with chromium.driven() as browser:
        yield browser


@pytest.fixture(scope="session")
def migrated_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row, made once for all workers; beside it the collected static files.

    `furnish` of `tests.serving` gives them to a state folder, which spares a server of a test's own the making. Where
    pytest keeps a cache, they stay there for as long as no migration and no static file changes.
    """
    own = tmp_path_factory.getbasetemp()
    kept = getattr(request.config, "cache", None)
    folder = kept.mkdir("migrated") if kept else own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    digest = hashlib.sha256(django.__version__.encode())
    for migration in sorted(ROOT.glob("*/lode_*/migrations/*.py")):
        digest.update(migration.read_bytes())
    for source in sorted(ROOT.glob("*/lode_*/static/**/*")):
        digest.update(f"{source} {source.stat().st_mtime_ns}".encode())
    file: Path = folder / f"{digest.hexdigest()}.sqlite3"
    with FileLock(folder / "migrated.lock"), TemporaryDirectory(dir=folder) as home:
        if not file.exists():
            passed = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
            command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", FIRST_START]
            subprocess.run(command, env={**passed, "MOTHERLODE_HOME": home}, check=True)
            (Path(home) / "static").rename(file.with_suffix(".static"))
            with closing(sqlite3.connect(Path(home) / "db.sqlite3")) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (Path(home) / "db.sqlite3").rename(file)
    return file


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On SQLite the database is there before Django makes one, and goes with the folder of the run."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """On SQLite each worker begins with a copy of the tables; there is nothing left to migrate."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture
def node_path() -> str:
    """Node, 24 or later, for the unit tests of the ES modules: its wheel puts it into the environment's bin folder."""
    node = shutil.which("node")
    if node is None:
        required("Node", "install the development requirements, and put .venv/bin on PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 24:
        required("Node 24 or later", f"{node} is {version}")
    return node
