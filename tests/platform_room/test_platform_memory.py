"""What pictures take of memory: real processes, a picture of 199 million pixels, sixteen who ask for it at once."""

import hashlib
import io
import shutil
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from lode_platform.errors import Busy
from lode_platform.memory import Budget

pytestmark = pytest.mark.xdist_group("machines")

GIB = 1 << 30
SIDE = 14_100
RED, GREEN, BLUE, GREY = (220, 20, 20), (20, 220, 20), (20, 20, 220), (120, 120, 120)


def quarters(side: int) -> bytes:
    """A PNG, red and green above blue and grey, written row by row: no process holds it whole."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    half = side // 2
    packer = zlib.compressobj(1)
    rows = [b"\x00" + bytes(left) * half + bytes(right) * half for left, right in ((RED, GREEN), (BLUE, GREY))]
    pixels = b"".join(packer.compress(rows[row >= half]) for row in range(side)) + packer.flush()
    size = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@contextmanager
def watched(server: int) -> Iterator[dict[str, int]]:
    """The most bytes that any process of the server held while the block ran, by what it is."""
    peaks: dict[str, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            with suppress(psutil.NoSuchProcess):
                for process in psutil.Process(server).children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        name = f"{process.name()} {process.pid}"
                        peaks[name] = max(peaks.get(name, 0), process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()


def colour(answer: httpx.Response, across: float, down: float) -> tuple[int, ...]:
    """The colour at a place of a picture, in parts of its width and height."""
    image = Image.open(io.BytesIO(answer.content)).convert("RGB")
    pixel: Any = image.getpixel((int(image.width * across), int(image.height * down)))
    return tuple(round(value / 20) * 20 for value in pixel)


@pytest.mark.once
def test_sixteen_views_at_once_of_a_picture_of_199_megapixels_stay_below_a_gibibyte(machine: Any) -> None:
    data = quarters(SIDE)
    token = machine.run("token", "ada", "--project", "scans", "--role", "owner").strip()
    address = machine.serve()
    http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=180)
    md5, sha256 = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()

    with watched(machine.server.pid) as peaks:
        sent = http.put(f"/api/v1/projects/scans/blobs/{md5}", content=data, headers={"X-Sha256": sha256})
        assert sent.status_code == 201, sent.text
        wanted = {"items": [{"path": "scan.png", "md5": md5, "sha256": sha256}]}
        answer = http.post("/api/v1/projects/scans/items", json=wanted)
        assert answer.status_code == 200 and answer.json()["problems"] == [], answer.text
        item = answer.json()["created"][0]["uuid"]
        shutil.rmtree(machine.home / "thumbs")  # as on another machine, where nothing of it is kept yet

        def look(number: int) -> httpx.Response:
            middle = SIDE // 2
            crop = f"{middle - 300 - number},{middle - 300},{middle + 300},{middle + 300}"
            return http.get(f"/thumbs/{item}?size=256" + (f"&crop={crop}" if number else ""))

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(look, range(16)))
    assert max(peaks.values()) < GIB, peaks
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 503)
    shown = [answer for answer in answers if answer.status_code == 200]
    assert shown
    for answer in shown:
        corners = [colour(answer, across, down) for down in (0.1, 0.9) for across in (0.1, 0.9)]
        assert corners == [RED, GREEN, BLUE, GREY]


@pytest.mark.once
def test_a_budget_lets_in_no_more_than_it_has_and_tells_the_others_to_come_again() -> None:
    budget = Budget(100)
    with budget.hold(60):
        with budget.hold(40, 0), pytest.raises(Busy), budget.hold(1, 0):
            raise AssertionError("more than all of it was given away")
        with budget.hold(40, 0):
            pass
    with budget.hold(1000, 0), pytest.raises(Busy), budget.hold(1, 0):  # what is larger than all of it has it alone
        raise AssertionError("more than all of it was given away")
