"""The labelling editor with 2,000 boxes, with 50 masks, or with 2,000 spans of a text: load, zoom, pan, select, drag or
paint, undo, in a real browser on the real server.

    python benchmarks/editor.py [--boxes 2000] [--masks 50] [--spans 2000] [--runs 3] [--chromium /usr/bin/chromium]

A queue of two tasks is made on a server of this run's own: an empty picture, then one of 1920 x 1080 whose label set
holds the boxes. The first is submitted and the second swapped in, as an annotator's day goes. Chromium runs headless at
1600 x 900 without a GPU, without vsync and frame cap (what a remote desktop gets): a frame's time is its cost.

"Load" is reading the payload and going from the swap to the first painted frame; "cold" is the same for the first task
of a page just opened, its scripts still to be compiled. A frame is measured from the input event to the frame's end;
"CPU" is what the page's main thread worked for one, steady where the machine is busy with other things.

The masks lie on a picture of 1920 x 1080 and on one of 3840 x 2160, each within a quarter of its width and a third of
its height. "Stroke" is a step of a brush of 24 pixels that adds to one of them, "lift" letting go of it.

The spans lie in texts of 24,000 and 2,400,000 characters: "scroll" is a frame of one, "end" a step of a span's end.
"""

import argparse
import hashlib
import io
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from motherlode.labeling_config import build
from motherlode.masks import Mask
from motherlode.media import Image as ImageMedia
from motherlode.shapes import DEFAULT, SHAPES

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "a benchmark's password"
NAMES = ["car", "person", "bicycle", "dog", "sign", "tree"]
SIZE = (1920, 1080)
# Label Studio 1.23.2's editor with 2,000 boxes, measured on two cores: milliseconds.
PEER: dict[str, float] = {
    "load": 17022,
    "zoom frame": 500,
    "pan frame": 303,
    "select": 1962,
    "drag step": 87,
    "undo": 730,
}
BUDGET = {"load": (60, None), "zoom frame": (16.7, 20), "select": (30, None)}
MASK_BUDGET = {"load": (600, None), "zoom frame": (16.7, None), "stroke": (16.7, None)}
LARGE = (3840, 2160)
SPAN = SHAPES["span"]
SPAN_ROWS = ["load", "select", "end", "scroll", "undo"]
SPANNED = 24_000  # characters of the text that the budget is for
SPAN_BUDGET = {"load": (100, None)}
SPAN_PEER: dict[str, float] = {"load": 16565}
MASK = SHAPES["mask"]
ROWS = ["load", "cold", "zoom frame", "zoom, CPU", "pan frame", "select", "nudge", "drag step", "undo"]
MASK_ROWS = ["load", "zoom frame", "zoom, CPU", "pan frame", "select", "stroke", "lift", "undo"]

FRAMES = """
const frame = () => new Promise((done) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = done;
  requestAnimationFrame(() => channel.port2.postMessage(0));
});
const stage = document.querySelector('[data-stage]');
const edge = stage.getBoundingClientRect();
const at = (x, y) => ({clientX: edge.left + x, clientY: edge.top + y, bubbles: true, cancelable: true, pointerId: 1});
const timed = async (times, act) => {
  const took = [];
  await frame();
  for (let n = 0; n < times; n += 1) {
    const began = performance.now();
    act(n);
    await frame();
    took.push(performance.now() - began);
  }
  return took;
};
"""


class Server:
    """A server of this run's own, with one person and a queue."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("DJANGO_")},
            "MOTHERLODE_HOME": str(folder),
            "MOTHERLODE_STORE": str(folder / "store"),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        }
        self.token = self.manage("token", "ann", "--project", "bench", "--role", "owner").strip().splitlines()[-1]
        self.manage(
            "shell",
            "-c",
            "from lode_platform.models import User\nuser = User.objects.get(username='ann')\n"
            f"user.set_password({PASSWORD!r})\nuser.save()",
        )
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), "--no-worker"]
        log = open(folder / "server.log", "wb")  # noqa: SIM115 - the server keeps it
        self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        for _ in range(300):
            try:
                if httpx.get(f"{self.url}/login/").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise SystemExit(f"the server did not start: {(folder / 'server.log').read_text()[-2000:]}")

    @cached_property
    def empty(self) -> str:
        return self.item(1)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def call(self, method: str, path: str, data: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v1/{path}", json=data, headers=headers, timeout=120)
        if answer.status_code >= 300:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def item(self, seed: int, size: tuple[int, int] = SIZE) -> str:
        image = Image.effect_noise((480, 270), 60 + seed).resize(size).convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=88)
        data = out.getvalue()
        md5, sha256 = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
        headers = {"Authorization": f"Bearer {self.token}", "X-Sha256": sha256}
        httpx.put(f"{self.url}/api/v1/projects/bench/blobs/{md5}", content=data, headers=headers).raise_for_status()
        row = {"uuid": str(uuid4()), "path": f"street-{seed}.jpg", "md5": md5, "sha256": sha256}
        self.call("POST", "projects/bench/items", {"items": [row]})
        return row["uuid"]

    def text(self, content: str) -> str:
        data, uuid = content.encode(), str(uuid4())
        md5, sha256 = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
        headers = {"Authorization": f"Bearer {self.token}", "X-Sha256": sha256}
        httpx.put(f"{self.url}/api/v1/projects/bench/blobs/{md5}", content=data, headers=headers).raise_for_status()
        row = {"uuid": uuid, "path": f"{uuid}.txt", "md5": md5, "sha256": sha256}
        self.call("POST", "projects/bench/items", {"items": [row]})
        return uuid

    def queue(self, items: list[str], schema: str = "street") -> str:
        name = f"q{uuid4().hex[:6]}"
        body = {"name": name, "schema": schema, "items": items}
        return str(self.call("POST", "projects/bench/queues", body)["uuid"])

    def prepare(
        self, schema: str, task: str, full: str, result: list[dict[str, Any]], runs: int, empty: str = ""
    ) -> list[str]:
        """A queue for each run: an empty item, then one that is known to hold the result."""
        config = build(NAMES, task, medium="text" if empty else "image")
        self.call("POST", "projects/bench/schemas", {"name": schema, "config": config})
        first = self.queue([full], schema)
        opened = self.call("POST", f"queues/{first}/next", {"holding": []})["task"]["id"]
        body = {"result": result, "operation_id": str(uuid4()), "lead_time": 1, "next": False}
        self.call("POST", f"tasks/{opened}/submit", body)
        return [self.queue([empty or self.empty, full], schema) for _ in range(runs)]

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


def region(rng: random.Random) -> dict[str, Any]:
    width, height = rng.uniform(0.8, 4), rng.uniform(1, 6)
    value = {
        "x": rng.uniform(0, 100 - width),
        "y": rng.uniform(0, 100 - height),
        "width": width,
        "height": height,
        "rotation": 0,
        DEFAULT.result_type: [rng.choice(NAMES)],
    }
    return {
        "id": str(uuid4()),
        "type": DEFAULT.result_type,
        "from_name": "label",
        "to_name": "image",
        "original_width": SIZE[0],
        "original_height": SIZE[1],
        "image_rotation": 0,
        "value": value,
    }


def mask(rng: random.Random, size: tuple[int, int]) -> dict[str, Any]:
    """An ellipse with a rough edge, as a brush leaves it."""
    width, height = size
    across, down = width * rng.uniform(0.08, 0.125), height * rng.uniform(0.1, 0.165)
    x, y = rng.uniform(across, width - across), rng.uniform(down, height - down)
    counts, at = [], 0
    for column in range(int(x - across) + 1, int(x + across)):
        half = down * max(0.0, 1 - ((column - x) / across) ** 2) ** 0.5 + rng.uniform(-1, 1)
        start, end = int(max(0, y - half)), int(min(height, y + half))
        if start < end:
            counts += [column * height + start - at, end - start]
            at = column * height + end
    counts.append(width * height - at)
    media = ImageMedia(width, height)
    return {
        "id": str(uuid4()),
        "type": MASK.result_type,
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {
            **MASK.to_result(Mask(height, width, tuple(counts)), media),
            MASK.result_type: [rng.choice(NAMES)],
        },
    }


def spans(text: str, count: int) -> list[dict[str, Any]]:
    """Spans of 4 to 40 characters, evenly over the text; many lie over each other."""
    found = []
    for number in range(count):
        start = number * (len(text) - 40) // count
        end = start + 4 + number * 7 % 36
        value = {"start": start, "end": end, "text": text[start:end], SPAN.result_type: [NAMES[number % len(NAMES)]]}
        entry = {"id": str(uuid4()), "type": SPAN.result_type, "from_name": "label", "to_name": "text"}
        found.append({**entry, "value": value})
    return found


def measures(page: Page, name: str) -> list[float]:
    found: list[float] = page.evaluate(
        "name => performance.getEntriesByName(name, 'measure').map(one => one.duration)", name
    )
    return found


def measured(page: Page, name: str, times: int) -> None:
    """Waits; by asking and not by a string for the page to evaluate, which its security policy forbids."""
    for _ in range(600):
        if len(measures(page, name)) >= times:
            return
        page.wait_for_timeout(50)
    raise SystemExit(f"the page never came to {name}")


def timed(page: Page, times: int, act: str) -> list[float]:
    found: list[float] = page.evaluate(f"async () => {{ {FRAMES} return timed({times}, {act}); }}")
    return found


class Processor:
    """The page's main thread: how long it was at work, whatever else the machine did meanwhile."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def milliseconds(self) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration")) * 1000


WHEEL = "stage.dispatchEvent(new WheelEvent('wheel', {...at(600, 400), %s}))"
KEY = "dispatchEvent(new KeyboardEvent('keydown', {key: '%s', code: '%s', ctrlKey: %s, bubbles: true}))"


def opened(page: Page, address: str, regions: int) -> dict[str, list[float]]:
    """Open the queue and submit the empty task; the full one is shown."""
    page.goto(address)
    page.wait_for_selector('[data-face="task"]')
    measured(page, "editor:parse", 2)
    page.wait_for_timeout(500)
    cold = measures(page, "editor:parse")[0] + measures(page, "editor:shown")[0]
    page.keyboard.press("Enter")
    measured(page, "editor:shown", 2)
    summary = str(page.locator("[data-region-summary]").text_content())
    if not summary.startswith(str(regions)):
        raise SystemExit(f"the second task should hold {regions} regions, it shows {summary!r}")
    page.wait_for_timeout(500)
    return {"load": [measures(page, "editor:parse")[1] + measures(page, "editor:shown")[1]], "cold": [cold]}


def looking(page: Page) -> dict[str, list[float]]:
    """Zoom, move and go from one region to the next."""
    took = {}
    zoom = WHEEL % "deltaY: n % 40 < 20 ? -60 : 60"
    processor = Processor(page)
    before = processor.milliseconds()
    took["zoom frame"] = timed(page, 80, f"(n) => {zoom}")
    took["zoom, CPU"] = [(processor.milliseconds() - before) / 80]
    page.keyboard.press("f")
    timed(page, 8, "(n) => " + WHEEL % "deltaY: -60")
    took["pan frame"] = timed(page, 60, "(n) => " + WHEEL % "shiftKey: true, deltaY: n % 30 < 15 ? 30 : -30")
    page.keyboard.press("f")
    page.keyboard.press("v")
    took["select"] = timed(page, 20, f"() => {KEY % ('j', 'KeyJ', 'false')}")
    return took


def pressed(page: Page) -> None:
    """The hand in the middle of the stage, on what was selected last."""
    page.keyboard.press("z")
    page.wait_for_timeout(200)
    edge = page.locator("[data-stage]").bounding_box()
    assert edge is not None
    middle = edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 5, middle[1] + 5)


def sitting(page: Page, address: str, boxes: int) -> dict[str, list[float]]:
    """One run with boxes."""
    took = {**opened(page, address, boxes), **looking(page)}
    took["nudge"] = timed(page, 10, f"() => {KEY % ('ArrowRight', 'ArrowRight', 'false')}")
    took["undo"] = timed(page, 1, f"() => {KEY % ('z', 'KeyZ', 'true')}")
    pressed(page)
    drag = "stage.dispatchEvent(new PointerEvent('pointermove', {...at(edge.width / 2 + n, edge.height / 2 + n)}))"
    took["drag step"] = timed(page, 40, f"(n) => {drag}")
    page.mouse.up()
    return took


def painting(page: Page, address: str, masks: int) -> dict[str, list[float]]:
    """One run with masks."""
    took = {**opened(page, address, masks), **looking(page)}
    page.keyboard.press("t")
    pressed(page)
    step = "at(edge.width / 2 + 40 * Math.cos(n / 5), edge.height / 2 + 40 * Math.sin(n / 5))"
    took["stroke"] = timed(page, 60, f"(n) => stage.dispatchEvent(new PointerEvent('pointermove', {{...{step}}}))")
    took["lift"] = timed(page, 1, "() => stage.dispatchEvent(new PointerEvent('pointerup', {...at(600, 400)}))")
    page.mouse.up()
    took["undo"] = timed(page, 1, f"() => {KEY % ('z', 'KeyZ', 'true')}")
    return took


def reading(page: Page, address: str, count: int) -> dict[str, list[float]]:
    """One run with spans of a text."""
    took = opened(page, address, count)
    took["select"] = timed(page, 20, f"() => {KEY % ('j', 'KeyJ', 'false')}")
    longer = KEY.replace("ctrlKey", "shiftKey: true, ctrlKey") % ("ArrowRight", "ArrowRight", "false")
    took["end"] = timed(page, 20, f"() => {longer}")
    took["undo"] = timed(page, 1, f"() => {KEY % ('z', 'KeyZ', 'true')}")
    took["scroll"] = timed(page, 80, "() => { document.querySelector('[data-document]').scrollTop += 60 }")
    return took


def table(
    runs: list[dict[str, list[float]]], rows: list[str], budgets: dict[str, Any], peers: dict[str, float]
) -> bool:
    """Prints the table; whether every budget was kept."""
    kept = True
    print(f"\n| {'':11} | median ms | p95 ms | budget      | Label Studio | times |")
    print("|-------------|----------:|-------:|-------------|-------------:|------:|")
    for name in rows:
        medians = [statistics.median(run[name]) for run in runs]
        tails = [sorted(run[name])[int(len(run[name]) * 0.95)] for run in runs]
        median, tail = statistics.median(medians), statistics.median(tails)
        most, most_tail = budgets.get(name, (None, None))
        within = (most is None or median <= most) and (most_tail is None or tail <= most_tail)
        kept &= within
        budget = (
            "" if most is None else f"<= {most}" + (f", {most_tail}" if most_tail else "") + ("" if within else " !")
        )
        peer = peers.get(name)
        against = f"{peer} | {peer / median:.0f}" if peer else " |"
        print(f"| {name:11} | {median:9.1f} | {tail:6.1f} | {budget:11} | {against} |")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=2000)
    parser.add_argument("--masks", type=int, default=50)
    parser.add_argument("--spans", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome") or "")
    options = parser.parse_args()
    if not options.chromium:
        raise SystemExit("no Chromium found: install Debian's package chromium, or name one with --chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        try:
            boxes = [region(random.Random(n)) for n in range(options.boxes)]
            queues = server.prepare("street", DEFAULT.task, server.item(2), boxes, options.runs)
            flags = ["--no-sandbox", "--disable-gpu", "--disable-gpu-vsync", "--disable-frame-rate-limit"]
            browser = playwright.chromium.launch(executable_path=options.chromium, args=flags)
            runs = [attended(browser, server, queue, sitting, options.boxes) for queue in queues]
            painted = {}
            for seed, size in enumerate((SIZE, LARGE), start=3):
                masks = [mask(random.Random(n), size) for n in range(options.masks)]
                name = f"areas{seed}"
                queues = server.prepare(name, MASK.task, server.item(seed, size), masks, options.runs)
                painted[size] = [attended(browser, server, queue, painting, options.masks) for queue in queues]
            read = {}
            sentence = "The pump 🔧 at hall 3 leaks badly, said Zoë; nobody was hurt.\n"
            for length in (24_000, 2_400_000):
                text = (sentence * (length // len(sentence) + 1))[:length]
                full, empty = server.text(text), server.text(f"nothing before {length}")
                result, name = spans(text, options.spans), f"texts{length}"
                queues = server.prepare(name, SPAN.task, full, result, options.runs, empty)
                read[length] = [attended(browser, server, queue, reading, options.spans) for queue in queues]
            browser.close()
        finally:
            server.stop()
    print(f"{options.boxes} boxes on {SIZE[0]} x {SIZE[1]}, {options.runs} runs, {os.cpu_count()} cores, no GPU")
    kept = table(runs, ROWS, BUDGET, PEER)
    for size, found in painted.items():
        print(f"\n{options.masks} masks on {size[0]} x {size[1]}")
        kept &= table(found, MASK_ROWS, MASK_BUDGET if size == SIZE else {"stroke": MASK_BUDGET["stroke"]}, {})
    for length, found in read.items():
        print(f"\n{options.spans} spans of a text of {length:,} characters")
        kept &= table(found, SPAN_ROWS, *((SPAN_BUDGET, SPAN_PEER) if length == SPANNED else ({}, {})))
    return 0 if kept else 1


def attended(browser: Browser, server: Server, queue: str, sit: Callable[..., Any], regions: int) -> Any:
    """What somebody who signs in measures at a queue."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{server.url}/login/")
    page.fill("input[name=username]", "ann")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    found = sit(page, f"{server.url}/label/{queue}/", regions)
    page.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
