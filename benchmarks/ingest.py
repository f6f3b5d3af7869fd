"""Bringing items in: bytes into the store, items of them, a zip unpacked; and what ``serve`` weighs.

    python benchmarks/ingest.py [--items 10000] [--quick]

Pictures are JPEGs of 640 x 480 px, noise over a gradient, each with bytes of its own. Everything is on SQLite with
``synchronous=FULL``, and every file is forced to disk. The memory of ``serve`` is the proportional set size of its
processes at rest, ten seconds after its first answer.
"""

import argparse
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def pictures(count: int) -> list[bytes]:
    """JPEGs that differ from each other in a comment of eight bytes."""
    from PIL import Image

    out = io.BytesIO()
    noise = Image.effect_noise((640, 480), 40).convert("RGB")
    Image.blend(noise, Image.linear_gradient("L").resize((640, 480)).convert("RGB"), 0.5).save(out, "JPEG", quality=85)
    data = out.getvalue()
    return [data[:2] + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + data[2:] for number in range(count)]


def timed(name: str, count: int, work: Any) -> tuple[str, int, float]:
    start = time.perf_counter()
    work()
    return name, count, time.perf_counter() - start


def ingest(count: int) -> list[tuple[str, int, float]]:
    """The three ways in, each with bytes of its own."""
    from lode_platform import jobs, zips
    from lode_platform.callers import Caller
    from lode_platform.items import ItemSpec, add_items
    from lode_platform.models import Blob, Job, User
    from lode_platform.projects import create_project
    from lode_platform.store import store

    user = User.objects.create(username="bench")
    project = create_project(user, name="bench")
    files = pictures(count)
    blobs: list[Blob] = []

    def keep() -> None:
        for start in range(0, count, 250):
            blobs.extend(store().add_many(files[start : start + 250]))

    def make() -> None:
        specs = [ItemSpec(f"a/{n}.jpg", blob.md5, blob.sha256) for n, blob in enumerate(blobs)]
        assert len(add_items(project, Caller(user), specs, trusted=True).created) == count

    rows = [timed("bytes into the store, packs of 250", count, keep)]
    rows.append(timed("items of those bytes (decoded once, EXIF read)", count, make))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, data in enumerate(pictures(count)):
            archive.writestr(f"b/{number}.jpg", data + b"\0")
    out.seek(0)
    zips.receive(project, user, out, name="bench.zip")
    rows.append(timed("a zip of other bytes, unpacked by its job", count, jobs.run_pending))
    job = Job.objects.get()
    assert (job.state, job.result["created"]) == ("succeeded", count), job.error
    return rows


def weight(home: Path) -> list[tuple[str, float]]:
    """The proportional memory of each process of ``serve``, in MiB, at rest."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "MOTHERLODE_HOME": str(home)}
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", f"--port={port}"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.5)
        time.sleep(10)
        return _tree(server.pid)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _tree(pid: int) -> list[tuple[str, float]]:
    name = Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("lode-").replace("python", "serve")
    pss = next(
        int(line.split()[1]) / 1024
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    )
    rows = [(name, pss)]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        rows += _tree(int(child))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,000 items")
    options = parser.parse_args()
    count = 1_000 if options.quick else options.items
    folder = Path(tempfile.mkdtemp(prefix="lode-ingest-"))
    try:
        os.environ["MOTHERLODE_HOME"] = str(folder / "home")
        os.environ["DJANGO_SETTINGS_MODULE"] = "lode_platform.settings"
        os.environ["MOTHERLODE_BROKER"] = "memory://"
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, skip_checks=True)
        print("| what | items | seconds | items/s |\n|---|---|---|---|")
        for name, items, seconds in ingest(count):
            print(f"| {name} | {items:,} | {seconds:.1f} | {items / seconds:,.0f} |", flush=True)
        if Path("/proc/self/smaps_rollup").exists():
            os.environ.pop("MOTHERLODE_BROKER")
            print("\n| process of `serve` | MiB |\n|---|---|")
            parts = weight(folder / "other")
            for name, size in parts:
                print(f"| {name} | {size:.0f} |")
            print(f"| together | {sum(size for _, size in parts):.0f} |")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
