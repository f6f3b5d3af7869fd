"""What a million items cost: filling a queue, publishing, comparing versions, and the pages that list them.

    python benchmarks/million.py [--items 100000] [--postgres postgresql://user@host/name] [--keep FOLDER]

Rows are written in bulk into the models' own columns (COPY on PostgreSQL): blobs without bytes in the store, items,
label sets of two boxes each, and their places in a dataset. Then, in this process: a first version; 1 % of the items
are relabelled and a second is made; 1 % more are relabelled, 1 % taken out and 1 % put in, for a third, which is
compared with the second; pages are asked for by Django's test client, each the second time, at their beginning, deep
and by class; a queue of all items is filled. "Memory" is how far the process's peak rose in the step, "store" what the
step wrote there. A PostgreSQL address must name a database that may be emptied. With ``--keep`` the state is left in a
folder, and used again where the folder is there: then only what reads is measured.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import md5, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from publish import SPACE, Bench, begin

if TYPE_CHECKING:
    from motherlode.regions import Texts

BATCH = 20_000


class Rows:
    """Writes rows of one model: the given columns, and what the model says for all others."""

    def __init__(self, model: Any, names: Sequence[str], **same: Any) -> None:
        from django.db import connection

        self.connection, self.table = connection, model._meta.db_table
        example = model(**same)
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        others = [field for field in fields if field.attname not in names]
        rest = [field.get_db_prep_save(field.pre_save(example, add=True), connection) for field in others]
        self.rest = tuple(rest)
        quote = connection.ops.quote_name
        self.columns = ", ".join(quote(name) for name in [*names, *(field.column for field in others)])
        self.width = len(names) + len(others)

    def write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        whole = (row + self.rest for row in rows)
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self.table} ({self.columns}) FROM STDIN") as copy:
                    for row in whole:
                        copy.write_row(row)
                return
            marks = ", ".join(["%s"] * self.width)
            cursor.executemany(f"INSERT INTO {self.table} ({self.columns}) VALUES ({marks})", whole)


def path_of(number: int) -> str:
    return f"images/{number % 1000:03d}/{number:07d}.png"


def labels_of(number: int, salt: str) -> "Texts":
    from motherlode.regions import Region, texts_of
    from motherlode.shapes import DEFAULT

    rng = random.Random(f"{salt}{number}")
    rows = []
    for index in range(2):
        x, y = rng.uniform(0, 500), rng.uniform(0, 400)
        box = (x, y, x + rng.uniform(5, 140), y + rng.uniform(5, 80))
        identity = str(uuid5(SPACE, f"{number}/{index}"))
        rows.append(Region(identity, DEFAULT.kind, rng.randint(1, 8), geometry=box, control="label"))
    return texts_of(rows)


class Filler:
    """A project of as many items as are asked for and 1 % more, all labelled; those asked for are in one dataset."""

    def __init__(self, count: int) -> None:
        from lode_datasets.models import Dataset

        self.is_new = not Dataset.objects.exists()
        self.bench = Bench() if self.is_new else _bench()
        self.count = count
        self.whole = count + count // 100

    def labels(self, number: int, salt: str) -> "Texts":
        return labels_of(number, salt)

    def split(self, number: int) -> str:
        return "train" if number % 10 else "val"

    def fill(self) -> None:
        from django.db import connection, transaction
        from django.utils import timezone

        from lode_annotation.models import LabelSet
        from lode_datasets.models import DatasetItem
        from lode_platform import table_statistics
        from lode_platform.models import Blob, Item

        bench = self.bench
        blobs = Rows(Blob, ["id", "md5", "sha256", "size"])
        items = Rows(
            Item, ["id", "uuid", "blob_id", "path", "path_fold"], project=bench.project, media_type="image/png",
            width=640, height=480, created_by=bench.user,
        )  # fmt: skip
        places = Rows(
            DatasetItem, ["item_id", "split"], dataset=bench.dataset, decided_by="hash", decided_at=timezone.now()
        )
        for part in self._parts():
            with transaction.atomic():
                blobs.write(
                    (n, md5(b"%d" % n, usedforsecurity=False).hexdigest(), sha256(b"%d" % n).hexdigest(), 2000)
                    for n in part
                )
                items.write((n, self._uuid("item", n), n, path_of(n), path_of(n)) for n in part)
                self.label(part, "first")
                places.write((n, self.split(n)) for n in part if n <= self.count)
        # as an import has it done
        table_statistics.renew([model._meta.db_table for model in (Blob, Item, LabelSet, DatasetItem)])
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for table in ("platform_blob", "platform_item"):
                    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {self.whole})")

    def label(self, numbers: Iterable[int], salt: str) -> None:
        from lode_annotation.models import LabelSet

        bench = self.bench
        rows = Rows(
            LabelSet, ["uuid", "item_id", "answers", "regions", "digest"], schema=bench.schema,
            schema_revision=bench.revision, source="import", created_by=bench.user,
        )  # fmt: skip
        said = ((n, self.labels(n, salt)) for n in numbers)
        rows.write((self._uuid(salt, n), n, t.answers, t.regions, t.digest) for n, t in said)

    def relabel(self, salt: str) -> None:
        """Gives 1 % of the items other labels."""
        from lode_annotation.models import LabelSet

        some = random.Random(salt).sample(range(1, self.count + 1), self.count // 100)
        for start in range(0, len(some), 500):
            LabelSet.objects.filter(item__in=some[start : start + 500], current=True).update(current=False)
        self.label(some, salt)

    def swap(self) -> None:
        """Takes 1 % of the items out of the dataset and puts as many others in."""
        from django.utils import timezone

        from lode_datasets.models import DatasetItem

        gone = random.Random(6).sample(range(1, self.count + 1), self.count // 100)
        for start in range(0, len(gone), 500):
            DatasetItem.objects.filter(item__in=gone[start : start + 500]).delete()
        same = {"dataset": self.bench.dataset, "decided_by": "hash", "decided_at": timezone.now()}
        Rows(DatasetItem, ["item_id", "split"], **same).write(
            (n, self.split(n)) for n in range(self.count + 1, self.whole + 1)
        )

    def answer(self, queue: Any) -> None:
        """Answers of another person to a queue with a review rule: the first half are accepted, a tenth waits, and of
        the next hundredth each was sent back."""
        from django.db import transaction

        from lode_annotation.models import Annotation, Lease, Task
        from lode_platform import table_statistics
        from lode_platform.models import User

        person, _made = User.objects.get_or_create(username="annotator")
        rows = Rows(Annotation, ["uuid", "task_id", "state"], user=person, schema_revision=self.bench.revision)
        half, tenth = queue.size // 2, queue.size // 10
        parts = {"accepted": (1, half), "submitted": (half + 1, half + tenth)}
        parts["rejected"] = (half + tenth + 1, half + tenth + tenth // 10)
        with transaction.atomic():
            for state, numbers in parts.items():
                tasks = Task.objects.filter(queue=queue, number__range=numbers)
                rows.write((self._uuid("answer", key), key, state) for key in list(tasks.values_list("pk", flat=True)))
                if state != "rejected":
                    Lease.objects.filter(task__in=tasks).update(closed=True)
                    tasks.update(state=Task.State.DONE if state == "accepted" else Task.State.SUBMITTED)
        table_statistics.renew([model._meta.db_table for model in (Annotation, Task, Lease)])

    def _parts(self) -> Iterator[range]:
        for low in range(1, self.whole + 1, BATCH):
            yield range(low, min(low + BATCH, self.whole + 1))

    def _uuid(self, what: str, number: int) -> UUID | str:
        from django.db import connection

        name = UUID(int=int.from_bytes(md5(f"{what}{number}".encode(), usedforsecurity=False).digest()))
        return name if connection.features.has_native_uuid_field else name.hex


def _bench() -> Any:
    """What a kept folder holds, as `Bench` has it."""
    from types import SimpleNamespace

    from lode_datasets.models import Dataset

    dataset = Dataset.objects.select_related("project", "schema", "created_by").get()
    return SimpleNamespace(
        dataset=dataset,
        project=dataset.project,
        schema=dataset.schema,
        user=dataset.created_by,
        revision=dataset.schema.revisions.get(),
    )


class Table:
    """Times steps and prints a line for each."""

    def __init__(self, database: str, store: Path) -> None:
        self.database, self.store = database, store

    def step(self, what: str, do: Callable[[], Any]) -> Any:
        before, stored = _peak(), self._stored()
        start, busy = time.perf_counter(), time.process_time()
        made = do()
        took, busy = time.perf_counter() - start, time.process_time() - busy
        grown, written = _peak() - before, self._stored() - stored
        numbers = [f"{took:.2f} s", f"{busy:.2f} s", f"{grown:.0f} MiB", f"{written / 2**20:.1f} MiB"]
        print(f"| {' | '.join([self.database, what, *numbers])} |", flush=True)
        return made

    def _stored(self) -> int:
        return sum(file.stat().st_size for file in self.store.rglob("*") if file.is_file())


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int, database: str, home: Path) -> None:
    """The lines of one database."""
    begin(home, database, fresh=not (home / "filled").exists())
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from lode_annotation import filling
    from lode_annotation.models import Queue
    from lode_datasets import diff
    from lode_platform import jobs
    from lode_platform.callers import Caller

    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    root = Path(str(settings.STORE))
    table = Table("PostgreSQL" if database else "SQLite", root)
    filler = Filler(count)
    bench = filler.bench
    _own(bench)
    if filler.is_new:
        table.step("fill the database", filler.fill)
        table.step("publish, first", bench.publish)
        filler.relabel("second")
        table.step("publish, 1 % relabelled", bench.publish)
        filler.relabel("third")
        filler.swap()
        table.step("publish, 3 x 1 % changed", bench.publish)
        (home / "filled").touch()
    _first, old, new = bench.dataset.versions.order_by("number")[:3]
    table.step("diff of the last two", lambda: diff.summary(old, new))
    web = Client()
    web.force_login(bench.user)
    home_page, last = f"/p/{bench.project.name}", count // 40
    rest = f"/api/v1/projects/{bench.project.name}"
    _pages(table, web, _pages_of(bench, old, new, last))
    name, caller = f"all {Queue.objects.count()}", Caller(bench.user)
    filling.create_filled(bench.project, caller, {}, name=name, schema=bench.schema)
    table.step("fill a queue", jobs.run_pending)
    queue = Queue.objects.get(name=name)
    assert queue.size == filler.whole
    queue_page = f"{home_page}/queues/{queue.uuid}/"
    pages = {
        "home, with the queue": "/",
        "project, with the queue": f"{home_page}/",
        "queues": f"{home_page}/queues/",
        "queue": queue_page,
        "queue, deep": f"{queue_page}?page={last}",
        "queue, by state": f"{queue_page}?state=open&page={last // 2}",
        "queue, by path": f"{queue_page}?q=0123",
        "items page, of a queue": f"{home_page}/items/?queue={queue.uuid}&page={last}",
        "REST: queues": f"{rest}/queues",
        "REST: a queue's tasks": f"/api/v1/queues/{queue.uuid}/tasks",
    }
    _pages(table, web, pages)


def _pages_of(bench: Any, old: Any, new: Any, last: int) -> dict[str, str]:
    """The pages and lists of a project, first and deep (page ``last``), by name."""
    home_page, rest = f"/p/{bench.project.name}", f"/api/v1/projects/{bench.project.name}"
    dataset = f"{home_page}/datasets/{bench.dataset.name}/"
    version = f"{dataset}v{new.number}/"
    return {
        "home": "/",
        "project": f"{home_page}/",
        "version page": version,
        "version page, deep": f"{version}?page={last}",
        "version page, by class": f"{version}?class=3",
        "version page, by class, deep": f"{version}?class=3&page={last // 10}",
        "version page, by split, deep": f"{version}?split=train&page={last // 2}",
        "version page, by path": f"{version}?q=0123",
        "diff page": f"{dataset}diff/{old.number}/{new.number}/",
        "diff page, by class": f"{dataset}diff/{old.number}/{new.number}/?class=3",
        "diff page, by kind": f"{dataset}diff/{old.number}/{new.number}/?kind=region_moved",
        "datasets": f"{home_page}/datasets/",
        "dataset page": dataset,
        "dataset page, what would change": f"{dataset}pending/",
        "items page": f"{home_page}/items/",
        "items page, deep": f"{home_page}/items/?page={last}",
        "items page, newest first, deep": f"{home_page}/items/?sort=newest&page={last}",
        "items page, by path": f"{home_page}/items/?q=0123",
        "items page, unlabelled": f"{home_page}/items/?labelled=no",
        "items page, labelled, deep": f"{home_page}/items/?labelled=yes&page={last}",
        "items page, of a split": f"{home_page}/items/?dataset={bench.dataset.name}&split=val",
        "REST: items": f"{rest}/items",
        "REST: a version's entries": f"{rest}/datasets/{bench.dataset.name}/versions/{new.number}/entries",
    }


def _pages(table: Table, web: Any, pages: dict[str, str]) -> None:
    """Each page the second time it is asked for, with the number of its statements."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for what, address in pages.items():
        with CaptureQueriesContext(connection) as asked:
            _get(web, address)
        table.step(f"{what} ({len(asked)} statements)", lambda address=address: _get(web, address))  # type: ignore[misc]


def _own(bench: Any) -> None:
    from lode_platform.models import Membership

    Membership.objects.get_or_create(project=bench.project, user=bench.user, defaults={"role": "owner"})


def _get(web: Any, address: str) -> None:
    answer = web.get(address)
    assert answer.status_code in (200, 302), (address, answer.status_code, answer.content[:300])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite")
    parser.add_argument("--keep", type=Path, help="a folder for the state, left there and used again")
    options = parser.parse_args()
    print(f"{options.items:,} items, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print("\n| database | | time | CPU | memory | store |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="lode-million-") as temporary:
        measure(options.items, options.postgres, options.keep or Path(temporary))


if __name__ == "__main__":
    main()
