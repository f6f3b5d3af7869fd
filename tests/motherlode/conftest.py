"""The SDK against the real application: requests go through httpx's WSGI transport, nothing is replaced."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from PIL import Image

import motherlode
from lode_platform.jobs import run_pending
from lode_platform.models import Project, User
from lode_platform.tokens import make_token
from lode_platform.wsgi import application
from motherlode import Client
from motherlode.cache import Cache
from motherlode.cli import main
from motherlode.formats import voc
from motherlode.regions import Region

Sdk = Callable[..., Client]

SERVER = "http://testserver"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has never heard of a server: no login, no cache, an empty working folder."""
    told = ("URL", "TOKEN", "PROJECT", "RUN", "LOCK")
    for name in (*(f"MOTHERLODE_{word}" for word in told), "RANK", "LOCAL_RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"):
        monkeypatch.setenv(name, "")  # so that it is unset again whatever the test passes on to its children
        monkeypatch.delenv(name)
    folder = tmp_path / "machine"
    folder.mkdir()
    monkeypatch.setenv("MOTHERLODE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request leaves the test's own connection open, as it does under Django's test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def sdk() -> Callable[..., Client]:
    """``sdk(user, project=...)``: a client with that person's token; while it waits, the server's jobs run.

    With ``scope`` the token is limited to that project.
    """

    def make(user: User, *, scope: Project | None = None, **options: object) -> Client:
        token = make_token(user, project=scope)[1]
        transport = httpx.WSGITransport(app=application)
        given = {"transport": transport, "sleep": lambda seconds: run_pending(), "workers": 1, **options}
        return Client(SERVER, token, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def cache(machine: Path) -> Cache:
    return Cache(machine / "cache")


@dataclass
class Lode:
    """The command line in the hands of one person."""

    connect: Callable[..., Client]
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str, fails: int = 0) -> Any:
        """A verb with --json: its document, or where it fails the words on standard error."""
        code = main([*words, "--json"], self.connect)
        said = self.capsys.readouterr()
        assert code == fails, said.err
        return said.err if fails else json.loads(said.out)

    def says(self, *words: str) -> str:
        """What a verb tells people."""
        assert main(list(words), self.connect) == 0, self.capsys.readouterr().err
        return self.capsys.readouterr().out


@pytest.fixture
def lode(sdk: Sdk, erin: User, capsys: pytest.CaptureFixture[str]) -> Lode:
    client = sdk(erin)

    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        return sdk(erin, project=project or "blood")

    assert client.project == "blood"
    return Lode(connect, capsys)


def picture(number: int) -> bytes:
    image = Image.new("RGB", (64, 48), (number * 20 % 256, 90, 200))
    image.putpixel((number, 1), (1, 2, 3))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def make_folder(folder: Path, labelled: int = 8, pool: int = 2) -> Path:
    """VOC: ``labelled`` images with a red and a white cell each, the first six in train; ``pool`` unlabelled ones."""
    (folder / "images").mkdir(parents=True)
    (folder / "voc").mkdir()
    (folder / "splits").mkdir()
    for number in range(labelled + pool):
        (folder / "images" / f"{number:03}.png").write_bytes(picture(number))
        if number < labelled:
            regions = [
                Region("a", "box", 1, "RBC", (4.0 + number, 5, 24, 25)),
                Region("b", "box", 2, "WBC", (30, 20, 50, 40), difficult=True),
            ]
            (folder / "voc" / f"{number:03}.xml").write_bytes(voc.write_xml(f"{number:03}.png", 64, 48, regions))
    train = [f"{number:03}" for number in range(6)]
    (folder / "splits" / "train.txt").write_text("\n".join(train))
    (folder / "splits" / "test.txt").write_text("\n".join(f"{number:03}" for number in range(6, labelled)))
    return folder


@pytest.fixture
def folder(machine: Path) -> Path:
    return make_folder(machine / "source")


@pytest.fixture
def cells(lode: Lode, folder: Path) -> dict[str, Any]:
    """``cells@v1``, imported and published by the command line."""
    lode("import", str(folder), "--dataset", "cells", "--format", "voc", "--split-policy", "train=1")
    published: dict[str, Any] = lode("publish", "cells", "-m", "first")
    return published


def predict(samples: motherlode.Samples, shift: float = 0) -> list[motherlode.Prediction]:
    """The truth, shifted; the first sample's white cell is missed."""
    found = []
    for number, sample in enumerate(samples):
        rows = [[value + shift for value in box] for box in sample.labels.boxes]
        names = sample.labels.names
        if number == 0:
            rows, names = rows[:1], names[:1]
        found.append(motherlode.Prediction(sample.path, boxes=rows, labels=names, scores=[0.9] * len(rows)))
    return found
