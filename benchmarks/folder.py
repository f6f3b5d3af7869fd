"""A folder of JPEGs with COCO boxes to a published version and back to a training machine, through server and CLI.

    python benchmarks/folder.py [--items 10000] [--kib 4] [--postgres postgresql://user@host/name] [--dvc]

``manage.py serve`` runs with its worker on a state folder of its own; ``lode`` runs as its users run it, a process
each. "import" and "publish" are those two commands on the whole folder; then 1 % of the files get other bytes or are
new (half each, with boxes of their own) and both run again, and once more with nothing changed. "pull" fetches the
version into an empty cache, "again" asks for it once more, "load" is ``motherlode.load`` of the pulled version in a
process of its own and "iterate" reads each sample's path and labels. Beside the clock stand the CPU seconds (user and
system) of the client and of all processes of the server, which other work on the machine changes less. Peers in the
same run: ``cp -r`` of the folder and, with ``--dvc``, ``dvc add`` and ``dvc push`` of it to a remote folder, and stock
``dvc pull`` of the version from the server's own DVC remote. A PostgreSQL address must name a database that may be
emptied.
"""

import argparse
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
BOXES = 5
BYTECODE = Path(tempfile.gettempdir()) / "lode-bytecode"  # kept, as an installation keeps it
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
        annotations: list[dict[str, Any]] = []
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

    def cpu(self) -> float:
        """CPU seconds that this server's processes have taken, those that ended and were waited for too."""
        parents, spent = {}, {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = file.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            number = int(file.parent.name)
            parents[number], spent[number] = int(fields[1]), sum(map(int, fields[11:15]))
        ours = {self.process.pid}
        while more := {number for number, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return sum(spent.get(number, 0) for number in ours) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)


@dataclass
class Spent:
    """What commands took: seconds by the clock, CPU seconds of the commands and of the server meanwhile."""

    clock: float = 0.0
    client: float = 0.0
    server: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.clock + other.clock, self.client + other.client, self.server + other.server)

    def __str__(self) -> str:
        return f"{self.clock:.2f} s (CPU {self.client:.2f} + {self.server:.2f})"


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Client:
    """``lode`` with a cache of its own."""

    def __init__(self, server: Server, home: Path) -> None:
        self.home = home
        self.server = server
        address = {"MOTHERLODE_URL": server.url, "MOTHERLODE_TOKEN": server.token, "MOTHERLODE_PROJECT": "bench"}
        self.env = {**os.environ, **address, "MOTHERLODE_CACHE": str(home / "cache"), "HOME": str(home)}

    def spent(self, command: Sequence[str | Path]) -> tuple[Spent, str]:
        """What a command takes, and what it prints."""
        self.home.mkdir(parents=True, exist_ok=True)
        client, server, start = children_cpu(), self.server.cpu(), time.perf_counter()
        done = subprocess.run(command, env=self.env, cwd=self.home, capture_output=True, text=True)
        clock = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr[-2000:]}")
        return Spent(clock, children_cpu() - client, self.server.cpu() - server), done.stdout

    def lode(self, *arguments: str | Path) -> Spent:
        return self.spent([BIN / "lode", *arguments])[0]


def stock_pull(client: Client) -> Spent:
    """``dvc pull`` of the newest version in a fresh clone, as one without our SDK does it."""
    server, work = client.server, client.home / "clone"
    address = server.url.replace("http://", f"http://git:{server.token}@")
    client.spent(["git", "clone", "-q", f"{address}/git/bench/cells.git", work])
    dvc: list[str | Path] = [BIN / "dvc", "--cd", work]
    client.spent([*dvc, "remote", "modify", "--local", "store", "password", server.token])
    return client.spent([*dvc, "pull", "-q"])[0]


def measure(home: Path, count: int, kib: float, database: str, *, dvc: bool) -> list[tuple[str, str]]:
    """The rows of one table: what was done and how long it took."""
    rows: list[tuple[str, str]] = []
    folder = Folder(home / "folder", count, kib)
    server = Server(home / "state", database)
    try:
        client = Client(server, home / "client")
        for when in ("first", "1 % changed", "unchanged"):
            if when == "1 % changed":
                folder.change()
            extra = () if when == "first" else ("--replace-media",)
            brought = client.lode("import", folder.path, "--dataset", "cells", *extra)
            made = client.lode("publish", "cells")
            rows += [(f"{when}: import", str(brought)), (f"{when}: publish", str(made))]
            rows.append((f"{when}: import + publish", str(brought + made)))
        rows.append(("cp -r", str(client.spent(["cp", "-r", folder.path, home / "copied"])[0])))
        reader = Client(server, home / "reader")
        rows.append(("pull into an empty cache", str(reader.lode("pull", "cells@latest"))))
        rows.append(("pull again", str(reader.lode("pull", "cells@latest"))))
        said: list[Any] = json.loads(reader.spent([sys.executable, "-c", LOADED])[1])
        loaded, iterated, samples, boxes = said
        rows.append(("load() of what is pulled", f"{loaded:.2f} s"))
        rows.append((f"iterate {samples:,} samples, {boxes:,} boxes", f"{samples / iterated:,.0f} samples/s"))
        if dvc:
            rows.append(("dvc pull from our remote", str(stock_pull(Client(server, home / "stock")))))
    finally:
        server.stop()
    return rows


def peer(home: Path, count: int, kib: float) -> tuple[str, str]:
    """The same folder by stock DVC, to a remote folder on the same disk."""
    folder = Folder(home / "work" / "data", count, kib).path
    env = {**os.environ, "HOME": str(home)}

    def run(*command: str | Path) -> Spent:
        client, start = children_cpu(), time.perf_counter()
        subprocess.run(command, cwd=folder.parent, env=env, check=True, capture_output=True)
        return Spent(time.perf_counter() - start, children_cpu() - client)

    dvc = BIN / "dvc"
    remote = str(home / "remote")
    for command in (["git", "init", "-q"], [dvc, "init", "-q"], [dvc, "remote", "add", "-d", "r", remote]):
        run(*command)
    added, pushed = run(dvc, "add", "data"), run(dvc, "push")
    return "dvc add + push", str(added + pushed)


def keep_bytecode() -> None:
    """Lets the processes started here find their modules compiled, whatever this machine's environment says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    subprocess.run([BIN / "lode", "import", "--help"], check=True, capture_output=True)


def main() -> None:
    keep_bytecode()
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
            for row in measure(Path(home), options.items, options.kib, database, dvc=options.dvc):
                print(f"| {name} | {row[0]} | {row[1]} |", flush=True)
    if options.dvc:
        with tempfile.TemporaryDirectory(prefix="lode-folder-") as home:
            row = peer(Path(home), options.items, options.kib)
            print(f"| - | {row[0]} | {row[1]} |")


if __name__ == "__main__":
    main()
