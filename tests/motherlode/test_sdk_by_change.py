"""Published twice by the server and pulled twice: what the SDK reads, fetches and refuses of format 1."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_platform.models import User
from lode_platform.wsgi import application
from motherlode import Client, published
from motherlode.cache import Cache
from motherlode.formats import voc
from motherlode.lock import LOCK_FILE, read_lock
from motherlode.regions import Region
from motherlode.snapshots import Snapshot
from motherlode.versions import resolve

pytestmark = pytest.mark.django_db

Sdk = Callable[..., Client]


@dataclass
class Counting(httpx.BaseTransport):
    """The real application; what was asked of it, and how many bytes it answered."""

    inner: httpx.WSGITransport = field(default_factory=lambda: httpx.WSGITransport(app=application))
    asked: list[str] = field(default_factory=list)
    bytes: int = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        body = answer.read()
        self.asked.append(request.url.path.rpartition("/")[2])
        self.bytes += len(body)
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture
def reader(sdk: Sdk, erin: User) -> tuple[Client, Counting]:
    counting = Counting()
    return sdk(erin, project="blood", transport=counting), counting


def snapshot(name: str, client: Client, cache: Cache) -> Snapshot:
    return motherlode.snapshot(name, client=client, cache=Cache(cache.root))


def relabel(folder: Path, lode: Lode) -> None:
    """One box of the first picture moves, and it is published."""
    regions = [
        Region("a", "box", 1, "RBC", (6.0, 5, 26, 25)),
        Region("b", "box", 2, "WBC", (30, 20, 50, 40), difficult=True),
    ]
    (folder / "voc" / "000.xml").write_bytes(voc.write_xml("000.png", 64, 48, regions))
    lode("import", str(folder), "--dataset", "cells", "--format", "voc", "--replace")
    lode("publish", "cells", "-m", "moved")


def test_the_next_version_is_pulled_by_its_change(
    lode: Lode, cells: dict[str, Any], folder: Path, cache: Cache, reader: tuple[Client, Counting]
) -> None:
    client, server = reader
    first = motherlode.Samples(snapshot("cells@v1", client, cache))
    assert first.digest.startswith(f"{published.SCHEME}:") and first.digest == cells["digest"]
    assert [(len(sample.labels), sample.width, sample.height) for sample in first] == [(2, 64, 48)] * 8 + [
        (0, 64, 48)
    ] * 2
    assert {region.control for sample in first for region in sample.labels} == {"label"}
    whole, server.bytes = server.bytes, 0
    server.asked.clear()
    motherlode.Samples(snapshot("cells@v1", client, cache))
    assert server.asked == ["1"]  # what the name means; everything else is here
    relabel(folder, lode)
    server.asked.clear()
    server.bytes = 0
    second = motherlode.Samples(snapshot("cells@v2", client, cache))
    assert server.asked == ["2", "manifest", "pack"]
    assert server.bytes < whole / 3
    boxes = [[sample.labels.boxes for sample in samples] for samples in (first, second)]
    assert boxes[0][1:] == boxes[1][1:] and boxes[1][0][0] == [6.0, 5.0, 26.0, 25.0] != boxes[0][0][0]
    assert [region.id for region in second[0].labels] == [region.id for region in first[0].labels]
    one, two = (set(samples.snapshot.files) for samples in (first, second))
    assert two - one == {"labels/v000002.jsonl"} and one < two


def test_the_lock_pins_content_and_files_and_what_is_forged_is_named(
    lode: Lode, cells: dict[str, Any], folder: Path, cache: Cache, reader: tuple[Client, Counting]
) -> None:
    client, _ = reader
    relabel(folder, lode)
    lode("pin", "cells@v2")
    [pin] = read_lock(Path(LOCK_FILE)).values()
    assert pin == resolve("cells@v2", client) and pin.by_content and not pin.dir
    assert lode("verify", "cells@v2")["verified"] is True
    samples = motherlode.load("cells", split="train", client=client)
    layer = samples.snapshot.files["labels/v000002.jsonl"]
    blob = cache.blob(layer.md5)
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes().replace(b"6.0,5.0", b"7.0,5.0"))
    with pytest.raises(motherlode.NotVerified, match=r"labels/v000002\.jsonl"):
        motherlode.load("cells", split="train", client=client)
    assert "labels/v000002.jsonl" in lode("verify", "cells@v2", fails=3)
    lode("pull", "cells", "--split", "train", "--repair")
    assert motherlode.load("cells", split="train", client=client)[0].labels.boxes == samples[0].labels.boxes
    text = Path(LOCK_FILE).read_text()
    Path(LOCK_FILE).write_text(text.replace(pin.index, "sha256:" + "0" * 64))
    with pytest.raises(motherlode.NotVerified, match="a version never changes"):
        motherlode.load("cells@v2", client=client)
    with pytest.raises(motherlode.NotVerified, match="not what was pinned"):
        motherlode.load("cells", client=client)


def test_a_folder_that_was_pulled_is_read_with_a_json_reader_alone(
    lode: Lode, cells: dict[str, Any], folder: Path
) -> None:
    relabel(folder, lode)
    lode("pull", "cells@v2", "--to", "out")
    rows: dict[str, Any] = {}
    for file in sorted(Path("out/labels").glob("*.jsonl")):
        for line in file.read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            rows[row["path"]] = row
    assert len(rows) == 10 and rows["images/000.png"]["regions"][0]["geometry"] == [6.0, 5.0, 26.0, 25.0]
    assert {path.name for path in Path("out").iterdir()} == {"items", "labels", "manifest", "schema.json", "splits"}
