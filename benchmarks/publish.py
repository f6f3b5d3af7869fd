"""Publishing versions against stock ``dvc add`` + ``dvc push`` of the very same files, in one run.

    python benchmarks/publish.py [--items 10000 50000] [--dvc 10000] [--postgres postgresql://user@host/name]

A dataset of items of 2 KB, each labelled with five boxes, is published; then 1 % of the items change, half of them
relabelled and half replaced by other bytes, and it is published again. "Asked" is the call that writes the version's
row; "job" runs from the claim of the job to the state ``published``. The last columns are DVC on the same tree: a
working folder with those files, pushed to a remote folder on the same disk. Each database is new (a PostgreSQL
address must name a database that may be emptied).
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from motherlode.regions import Region

SPACE = UUID("6f1d4c1e-31a5-4a51-9d0c-8f1a2f5f2f10")
BOXES = 5
OUTS = ("items", "labels", "manifest", "splits")  # a version's folders, each an out of DVC


def begin(home: Path, database: str, *, fresh: bool = True) -> None:
    """Points Django at a state folder and a database of this run's own, and makes its tables; ``fresh`` empties it."""
    os.environ["MOTHERLODE_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "lode_platform.settings"
    os.environ["MOTHERLODE_BROKER"] = "memory://"
    os.environ.pop("DATABASE_URL", None)
    if database:
        os.environ["DATABASE_URL"] = database
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if database and fresh:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0, skip_checks=True)


def regions_of(number: int, salt: str) -> "list[Region]":
    from motherlode.regions import Region
    from motherlode.shapes import DEFAULT

    rng = random.Random(f"{salt}{number}")
    rows = []
    for index in range(BOXES):
        x, y = rng.uniform(0, 500), rng.uniform(0, 400)
        box = [x, y, x + rng.uniform(5, 140), y + rng.uniform(5, 80)]
        identity = str(uuid5(SPACE, f"{salt}/{number}/{index}"))
        rows.append(Region(identity, DEFAULT.kind, rng.randint(1, 8), geometry=tuple(box), control="label"))
    return rows


def bytes_of(number: int, salt: str) -> bytes:
    return random.Random(f"{salt}-{number}").randbytes(2000)


class Bench:
    """A project with one dataset of made-up items."""

    def __init__(self) -> None:
        from lode_annotation.models import Schema, SchemaRevision
        from lode_datasets.selection import create_dataset
        from lode_platform.models import Project, User

        names = [f"class {n}" for n in range(1, 9)]
        self.user = User.objects.create(username="bench")
        self.project = Project.objects.create(name="bench", created_by=self.user)
        self.schema = Schema.objects.create(project=self.project, name="things", created_by=self.user)
        self.revision = SchemaRevision.objects.create(
            schema=self.schema,
            number=1,
            config="<View/>",
            controls=[],
            classes=[{"id": n, "name": name, "control": "label"} for n, name in enumerate(names, start=1)],
            created_by=self.user,
        )
        self.dataset = create_dataset(self.project, self.user, name="cells", schema=self.schema)

    def add(self, numbers: list[int], salt: str, prefix: str) -> None:
        """Items with bytes in the store and labels, written in bulk; not measured."""
        import hashlib

        from django.conf import settings

        from lode_annotation.models import LabelSet
        from lode_datasets.selection import add_items
        from lode_platform.models import Blob, Item
        from lode_platform.store import key_of

        root = Path(str(settings.STORE))
        blobs, items = [], []
        for number in numbers:
            data = bytes_of(number, salt)
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            file = root / key_of(md5)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            file.chmod(0o444)
            blobs.append(Blob(md5=md5, sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
        Blob.objects.bulk_create(blobs, batch_size=500)
        for number, blob in zip(numbers, blobs, strict=True):
            path = f"{prefix}/{number % 100:02d}/{number:07d}.png"
            items.append(
                Item(
                    project=self.project,
                    blob=blob,
                    path=path,
                    path_fold=path,
                    media_type="image/png",
                    width=640,
                    height=480,
                    created_by=self.user,
                )
            )
        Item.objects.bulk_create(items, batch_size=500)
        self.label(items, numbers, salt)
        add_items(self.dataset, items)
        assert LabelSet.objects.count() >= len(items)

    def label(self, items: list[Any], numbers: list[int], salt: str) -> None:
        """Accepts new labels, replacing what was there."""
        from lode_annotation.label_sets import fields_of
        from lode_annotation.models import LabelSet

        for start in range(0, len(items), 500):
            part = items[start : start + 500]
            LabelSet.objects.filter(item__in=part, current=True).update(current=False)
        sets = []
        for item, number in zip(items, numbers, strict=True):
            sets.append(
                LabelSet(
                    item=item,
                    schema=self.schema,
                    schema_revision=self.revision,
                    source="import",
                    created_by=self.user,
                    **fields_of(regions_of(number, salt)),
                )
            )
        LabelSet.objects.bulk_create(sets, batch_size=500)

    def change(self, percent: float, salt: str) -> None:
        """Half of the changed items get other labels, half are taken out for new ones with other bytes."""
        from lode_datasets.selection import remove_items
        from lode_platform.models import Item

        rng = random.Random(salt)
        items = list(Item.objects.filter(dataset_items__dataset=self.dataset).order_by("pk"))
        some = rng.sample(items, int(len(items) * percent / 100))
        half = len(some) // 2
        self.label(some[:half], [item.pk for item in some[:half]], salt)
        remove_items(self.dataset, self.user, some[half:])
        self.add([item.pk for item in some[half:]], salt, f"new-{salt}")

    def publish(self) -> tuple[Any, float, float]:
        """A version, the seconds to ask for it and the seconds of its job."""
        from lode_datasets.publish import publish
        from lode_platform import jobs

        start = time.perf_counter()
        version, job = publish(self.dataset, self.user, message="bench")
        assert job is not None
        asked = time.perf_counter()
        assert jobs.run(job.uuid)
        done = time.perf_counter()
        version.refresh_from_db()
        job.refresh_from_db()
        assert version.state == "published", job.error
        return version, asked - start, done - asked


def materialise(version: Any, folder: Path) -> None:
    """The version's tree as a working folder has it; files that stay are left alone."""
    from django.conf import settings

    from lode_datasets.versions import manifest_rows
    from lode_platform.store import key_of

    wanted = {row.path: row.md5 for row in manifest_rows(version)}
    files = [file for name in OUTS for file in (folder / name).rglob("*") if file.is_file()]
    for file in files:
        if str(file.relative_to(folder)) not in wanted:
            file.unlink()
    for path, md5 in wanted.items():
        if path.split("/")[0] not in OUTS:
            continue  # the schema, which git holds
        target, source = folder / path, Path(str(settings.STORE)) / key_of(md5)
        if target.exists() and (path.startswith("items/") or target.read_bytes() == source.read_bytes()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)


class Peer:
    """Stock DVC in a working folder of its own, pushing to a folder beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "work" / "data"
        self.data.mkdir(parents=True)
        self.env = {**os.environ, "HOME": str(root), "DVC_NO_ANALYTICS": "1"}
        subprocess.run(["git", "init", "-q"], cwd=self.data.parent, check=True)
        self.dvc("init", "-q")
        self.dvc("remote", "add", "-q", "-d", "store", str(root / "remote"))

    def dvc(self, *words: str) -> float:
        start = time.perf_counter()
        command = [sys.executable, "-m", "dvc", *words]
        subprocess.run(command, cwd=self.data.parent, env=self.env, check=True, capture_output=True)
        return time.perf_counter() - start

    def add_push(self) -> tuple[float, float]:
        return self.dvc("add", "-q", *(f"data/{name}" for name in OUTS)), self.dvc("push", "-q")

    def pointer(self) -> str:
        return (self.data / "items.dvc").read_text()


def measure(items: int, database: str, with_dvc: bool, rounds: int) -> None:
    """One size on one database: prints its lines of the table."""
    with tempfile.TemporaryDirectory(prefix="lode-bench-") as temporary:
        begin(Path(temporary) / "home", database)
        bench = Bench()
        bench.add(list(range(items)), "first", "images")
        peer = Peer(Path(temporary) / "peer") if with_dvc else None
        name = "PostgreSQL" if database else "SQLite"

        version, asked, job = bench.publish()
        row(items, name, "first version", asked, [job], compare(version, peer))
        asked_all, jobs_all, peers = [], [], ""
        for index in range(rounds):
            bench.change(1, f"round {index}")
            version, asked, job = bench.publish()
            asked_all.append(asked)
            jobs_all.append(job)
            if index == 0:
                peers = compare(version, peer)
        row(items, name, "1 % changed", statistics.median(asked_all), jobs_all, peers)


def compare(version: Any, peer: Peer | None) -> str:
    if peer is None:
        return "-"
    materialise(version, peer.data)
    added, pushed = peer.add_push()
    same = f"md5: {version.dir_oid}" in peer.pointer()
    return f"{added:.1f} + {pushed:.1f} = {added + pushed:.1f}" + ("" if same else " (ANOTHER .dir)")


def row(items: int, name: str, what: str, asked: float, jobs: list[float], peers: str) -> None:
    spread = f"{statistics.median(jobs):.2f}" + (f" (worst {max(jobs):.2f})" if len(jobs) > 1 else "")
    print(f"| {items:,} | {name} | {what} | {asked:.2f} | {spread} | {peers} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Publishing against dvc add + push.")
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--dvc", type=int, nargs="*", default=[10_000], help="sizes at which DVC is measured too")
    parser.add_argument("--postgres", default=os.environ.get("LODE_BENCH_POSTGRES", ""))
    parser.add_argument("--rounds", type=int, default=3, help="publishes with 1 %% changed")
    parser.add_argument("--one", nargs=2, metavar=("ITEMS", "DATABASE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        size, database = int(args.one[0]), "" if args.one[1] == "sqlite" else args.one[1]
        measure(size, database, size in args.dvc and not database, args.rounds)
        return
    print("| items | database | | asked, s | job, s | dvc add + push, s |")
    print("|---|---|---|---|---|---|", flush=True)
    databases: list[str] = ["", *([args.postgres] if args.postgres else [])]
    for size in args.items:
        for database in databases:
            command = [sys.executable, __file__, "--one", str(size), database or "sqlite", "--rounds", str(args.rounds)]
            subprocess.run([*command, "--dvc", *map(str, args.dvc)], check=True)


if __name__ == "__main__":
    main()
