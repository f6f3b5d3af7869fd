"""A folder of JPEGs with COCO boxes to a published version and back to a training machine, through server and CLI.

    python benchmarks/folder.py [--items 10000] [--kib 4] [--postgres postgresql://user@host/name] [--dvc]

``manage.py serve`` runs with its worker on a state folder of its own; ``lode`` runs as its users run it, a process
each. "import" and "publish" are those two commands on the whole folder; then 1 % of the files get other bytes or are
new (half each, with boxes of their own) and both run again. "pull" fetches the version into an empty cache, "again"
asks for it once more, "load" is ``motherlode.load`` of the pulled version in a process of its own and "iterate" reads
each sample's path and labels. Peers in the same run: ``cp -r`` of the folder and, with ``--dvc``, ``dvc add`` and
``dvc push`` of it to a remote folder. A PostgreSQL address must name a database that may be emptied.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
BOXES = 5
LOADED = """
import json, sys, time
import motherlode
start = time.perf_counter()
samples = motherlode.load("bench/cells@latest")
loaded = time.perf_counter()
boxes = sum(len(sample.labels) for sample in samples if sample.path)
done = time.perf_counter()
print(json.dumps([loaded - start, done - loaded, len(samples), boxes]))
"""


class Folder:
    """Files of about ``kib`` KiB, each with bytes of its own, and their COCO document."""

    def __init__(self, path: Path, count: int, kib: float) -> None:
        self.path = path
        self.kib = kib
        self.random = random.Random(7)
        self.bodies = [self._body(seed) for seed in range(8)]
        self.names = [f"images/{number % 100:02d}/{number:07d}.jpg" for number in range(count)]
        for name in self.names:
            self._write(name)
        self._document()

    def _body(self, seed: int) -> bytes:
        """A picture of the size asked for, padded by JPEG comments."""
        import io

        from PIL import Image

        out = io.BytesIO()
        side = 64 if self.kib <= 8 else 240
        Image.effect_noise((side, side), 40 + seed).convert("RGB").save(out, "JPEG", quality=80)
        data = out.getvalue()
        while len(data) < self.kib * 1024:
            more = min(60_000, int(self.kib * 1024) - len(data) + 4)
            data = data[:2] + b"\xff\xfe" + (more + 2).to_bytes(2, "big") + self.random.randbytes(more) + data[2:]
        return data

    def _write(self, name: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        body = self.random.choice(self.bodies)
        file.write_bytes(body[:2] + b"\xff\xfe\x00\x0a" + self.random.randbytes(8) + body[2:])

    def change(self) -> None:
        """1 %: half of it other bytes for a file that is there, half new files."""
        half = max(1, len(self.names) // 200)
        for name in self.random.sample(self.names, half):
            self._write(name)
        new = [f"images/new/{self.random.getrandbits(40):010x}.jpg" for _ in range(half)]
        for name in new:
            self._write(name)
        self.names += new
        self._document()

    def _document(self) -> None:
        side = 64 if self.kib <= 8 else 240
        rng = random.Random(11)
        images = [
            {"id": number, "file_name": name.removeprefix("images/"), "width": side, "height": side}
            for number, name in enumerate(self.names, 1)
        ]
        annotations = []
        for image in images:
            for _ in range(BOXES):
                x, y, w, h = rng.uniform(0, side / 2), rng.uniform(0, side / 2), rng.uniform(4, 20), rng.uniform(4, 20)
                box = [round(value, 2) for value in (x, y, w, h)]
                row = {"id": len(annotations) + 1, "image_id": image["id"], "category_id": rng.randint(1, 3)}
                annotations.append({**row, "bbox": box, "area": round(w * h, 2), "iscrowd": 0})
        classes = [{"id": number, "name": name} for number, name in enumerate(["red", "white", "platelet"], 1)]
        document = {"images": images, "annotations": annotations, "categories": classes}
        (self.path / "annotations.json").write_text(json.dumps(document))


class Server:
    """A server with its worker, with state and database of this run's own."""

    def __init__(self, home: Path, database: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        self.env = {**os.environ, "MOTHERLODE_HOME": str(home)}
        self.env.pop("DATABASE_URL", None)
        if database:
            self.env["DATABASE_URL"] = database
        self.log = (home.parent / "serve.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", f"--port={port}"],
            cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        for _ in range(400):
            try:
                urllib.request.urlopen(f"{self.url}/login/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.2)
        command = [sys.executable, "manage.py", "token", "ann", "--project", "bench", "--role", "owner"]
        made = subprocess.run(command, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True).stdout
        self.token = made.strip().splitlines()[-1]

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)


class Client:
    """``lode`` with a cache of its own."""

    def __init__(self, server: Server, home: Path) -> None:
        self.home = home
        address = {"MOTHERLODE_URL": server.url, "MOTHERLODE_TOKEN": server.token, "MOTHERLODE_PROJECT": "bench"}
        self.env = {**os.environ, **address, "MOTHERLODE_CACHE": str(home / "cache"), "HOME": str(home)}

    def seconds(self, command: Sequence[str | Path]) -> tuple[float, str]:
        """How long a command takes, and what it prints."""
        self.home.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        done = subprocess.run(command, env=self.env, cwd=self.home, capture_output=True, text=True)
        took = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr[-2000:]}")
        return took, done.stdout

    def lode(self, *arguments: str | Path) -> float:
        return self.seconds([BIN / "lode", *arguments])[0]


def measure(home: Path, count: int, kib: float, database: str) -> list[tuple[str, str]]:
    """The rows of one table: what was done and how long it took."""
    rows: list[tuple[str, str]] = []
    folder = Folder(home / "folder", count, kib)
    server = Server(home / "state", database)
    try:
        client = Client(server, home / "client")
        for when in ("first", "1 % changed"):
            if when != "first":
                folder.change()
            extra = () if when == "first" else ("--replace-media",)
            brought = client.lode("import", folder.path, "--dataset", "cells", *extra)
            made = client.lode("publish", "cells")
            rows.append((f"{when}: import + publish", f"{brought:.2f} + {made:.2f} = {brought + made:.2f} s"))
        start = time.perf_counter()
        shutil.copytree(folder.path, home / "copied")
        rows.append(("cp -r", f"{time.perf_counter() - start:.2f} s"))
        reader = Client(server, home / "reader")
        rows.append(("pull into an empty cache", f"{reader.lode('pull', 'cells@latest'):.2f} s"))
        rows.append(("pull again", f"{reader.lode('pull', 'cells@latest'):.2f} s"))
        said: list[Any] = json.loads(reader.seconds([sys.executable, "-c", LOADED])[1])
        loaded, iterated, samples, boxes = said
        rows.append(("load() of what is pulled", f"{loaded:.2f} s"))
        rows.append((f"iterate {samples:,} samples, {boxes:,} boxes", f"{samples / iterated:,.0f} samples/s"))
    finally:
        server.stop()
    return rows


def peer(home: Path, count: int, kib: float) -> tuple[str, str]:
    """The same folder by stock DVC, to a remote folder on the same disk."""
    folder = Folder(home / "work" / "data", count, kib).path
    env = {**os.environ, "HOME": str(home)}

    def run(*command: str | Path) -> float:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder.parent, env=env, check=True, capture_output=True)
        return time.perf_counter() - start

    dvc = BIN / "dvc"
    run("git", "init", "-q")
    run(dvc, "init", "-q")
    run(dvc, "remote", "add", "-d", "store", str(home / "remote"))
    added, pushed = run(dvc, "add", "data"), run(dvc, "push")
    return "dvc add + push", f"{added:.2f} + {pushed:.2f} = {added + pushed:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kib", type=float, default=4)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--dvc", action="store_true")
    options = parser.parse_args()
    databases = [("SQLite", "")] + ([("PostgreSQL", options.postgres)] if options.postgres else [])
    print(f"{options.items:,} JPEGs of {options.kib:g} KiB with {BOXES} boxes each, {os.cpu_count()} cores")
    print("\n| database | | |\n|---|---|---|")
    for name, database in databases:
        with tempfile.TemporaryDirectory(prefix="lode-folder-") as home:
            for row in measure(Path(home), options.items, options.kib, database):
                print(f"| {name} | {row[0]} | {row[1]} |", flush=True)
    if options.dvc:
        with tempfile.TemporaryDirectory(prefix="lode-folder-") as home:
            row = peer(Path(home), options.items, options.kib)
            print(f"| - | {row[0]} | {row[1]} |")


if __name__ == "__main__":
    main()
