"""What the page Items costs over two million items, with queries of every field, at its beginning and deep.

    python benchmarks/items.py [--items 2000000] [--postgres postgresql://user@host/name] [--keep FOLDER] [--times 20]

Fills a state of its own (with ``--postgres`` that database is EMPTIED first; a kept folder is used again): three
in ten items are labelled, every second is in a dataset, one in ten is tagged and one in ten thousand rarely, one in a
hundred has a failure, all have two fields of their own. Each page is asked for once and then as many times as said, by
Django's test client in this process; the middle and the 95th percentile of the time by the clock, the same of the CPU
seconds (of this process and of PostgreSQL's that works for it), and the statements. "over" ends a line whose percentile
of the CPU seconds is over 200 ms. A page that stops after a tenth of a second and says that its search
goes on is marked "part". The bulk actions at the end are done once, as their jobs do them.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from hashlib import md5, sha256
from pathlib import Path
from uuid import UUID, uuid4

from million_pages import busy_time, late
from publish import Bench, begin

BUDGET = 0.2
BATCH = 20_000
SITES = ("Berlin", "Lisbon", "Oslo", "Quito", "Turin")
PAGES = {
    "all": "",
    "all, as a table": "layout=table",
    "a class": 'query=class:"class 1"',
    "a rare class": 'query=class:"class 8"',
    "a tag": "query=tag:often",
    "a rare tag": "query=tag:rare",
    "a rare tag, as a table": "query=tag:rare&layout=table",
    "a split": "query=split:val",
    "a failure": "query=failure:missed",
    "a run": "query=run:first",
    "a text of its own": "query=meta.site:Oslo",
    "a number of its own": "query=meta.age>97",
    "a part of the path": "query=images/123",
    "a path with *": "query=path:images/123/*",
    "the whole path": "query=path=images/123/0000123.png",
    "a path that is not there": "query=nowhere",
    "a group": "query=group=patient-77",
    "combined": 'query=class:"class 1" and tag:often and split:train and meta.age<40',
    "negation": 'query=not class:"class 1" and not tag:often',
    "unlabelled": "query=labelled:no",
    "either": "query=tag:rare or failure:missed",
    "nothing that all terms find": 'query=tag:often and failure:missed and meta.age>98 and class:"class 8"',
}


def uuid_of(what: str, number: int) -> UUID:
    return UUID(int=int.from_bytes(md5(f"{what}{number}".encode(), usedforsecurity=False).digest()))


def regions(n: int) -> str:
    """One box, of a class that few or many have."""
    number = 8 if n % 10_000 == 3 else 1 + n % 7
    return f'[{{"class_id":{number},"control":"label","geometry":[1,2,30,40],"id":"{n}","kind":"box"}}]'


def fill(count: int) -> None:
    """All rows, in batches of columns."""
    from django.db import transaction
    from django.utils import timezone

    from lode_annotation.models import LabelClass, LabelSet
    from lode_datasets.models import DatasetItem, Version
    from lode_hooks.models import Evaluation, Failure, FailureOccurrence, PredictionSet, Run
    from lode_platform import bulk
    from lode_platform.models import Blob, BulkAction, Item, Membership, MetadataField, Tag, TaggedItem

    bench = Bench()
    user, project, schema, dataset = bench.user, bench.project, bench.schema, bench.dataset
    Membership.objects.create(project=project, user=user, role="owner")
    for number in range(1, 9):
        LabelClass.objects.create(schema=schema, class_id=number, control="label", name=f"class {number}")
    MetadataField.objects.create(project=project, name="site", kind="text")
    MetadataField.objects.create(project=project, name="age", kind="number")
    often, rare = (Tag.objects.create(project=project, name=name) for name in ("often", "rare"))
    action = BulkAction.objects.create(project=project, action="tag", chosen={}, created_by=user)
    run = Run.objects.create(project=project, name="first", created_by=user)
    now = timezone.now()
    version = Version.objects.create(
        dataset=dataset, number=1, schema_revision=bench.revision, author=user, created_at=now
    )
    predicted = PredictionSet.objects.create(run=run, version=version, split="val", task="boxes", created_by=user)
    evaluation = Evaluation.objects.create(
        prediction_set=predicted, version=version, settings_digest="", state="ready", created_by=user
    )

    for low in range(1, count + 1, BATCH):
        part = range(low, min(low + BATCH, count + 1))
        with transaction.atomic():
            digests = [
                (n, md5(b"%d" % n, usedforsecurity=False).hexdigest(), sha256(b"%d" % n).hexdigest()) for n in part
            ]
            bulk.insert(Blob, ["id", "md5", "sha256"], digests, same={"size": 2000})
            paths = {n: f"images/{n % 1000:03d}/{n:07d}.png" for n in part}
            same = {
                "project_id": project.pk,
                "media_type": "image/png",
                "width": 640,
                "height": 480,
                "created_by_id": user.pk,
            }
            bulk.insert(
                Item,
                ["id", "uuid", "blob_id", "path", "path_fold", "group", "metadata"],
                [
                    (n, uuid_of("item", n), n, paths[n], paths[n], f"patient-{n % 20_000}" if n % 2 else "",
                     json.dumps({"site": SITES[n % 5], "age": n * 7 % 100}))
                    for n in part
                ],
                same=same,
            )  # fmt: skip
            same = {"schema_id": schema.pk, "schema_revision_id": bench.revision.pk, "source": "import"}
            bulk.insert(
                LabelSet,
                ["uuid", "item_id", "answers", "regions", "relations", "digest"],
                [(uuid_of("labels", n), n, "[]", regions(n), "[]", "") for n in part if n % 10 in (1, 2, 3)],
                same={**same, "created_by_id": user.pk},
            )
            bulk.insert(
                DatasetItem,
                ["item_id", "split"],
                [(n, "val" if n % 20 == 1 else "train") for n in part if n % 2],
                same={"dataset_id": dataset.pk, "decided_by": "hash", "decided_at": now},
            )
            tags = [(n, often.pk) for n in part if n % 10 == 2] + [(n, rare.pk) for n in part if n % 10_000 == 4]
            bulk.insert(TaggedItem, ["item_id", "tag_id"], tags, same={"action_id": action.pk})
            failed = [n for n in part if n % 100 == 1]
            same = {"project_id": project.pk, "dataset_id": dataset.pk, "class_id": 1, "region": ""}
            bulk.insert(Failure, ["id", "uuid", "item_id"], [(n, uuid4(), n) for n in failed], same=same)
            kinds = ("missed", "false_alarm")
            occurred = [(n, n, kinds[n // 100 % 2]) for n in failed]
            bulk.insert(
                FailureOccurrence, ["failure_id", "row", "kind"], occurred, same={"evaluation_id": evaluation.pk}
            )
    _settle()


def _settle() -> None:
    from django.db import connection

    from lode_annotation.models import LabelSet
    from lode_datasets.models import DatasetItem
    from lode_hooks.models import Failure, FailureOccurrence
    from lode_platform import table_statistics
    from lode_platform.models import Blob, Item, TaggedItem

    models = (Blob, Item, LabelSet, DatasetItem, TaggedItem, Failure, FailureOccurrence)
    if connection.vendor == "postgresql":  # as autovacuum does when it comes by
        with connection.cursor() as cursor:
            for model in models:
                cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")
    else:
        table_statistics.renew([model._meta.db_table for model in models])


def pages() -> None:
    """Prints a line for each page."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from lode_platform.models import Item, User

    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    web = Client()
    web.force_login(User.objects.get(username="bench"))
    used = busy_time()
    live = Item.objects.live().order_by("path")
    deep = str(live[live.count() // 2].uuid)
    for name, query in PAGES.items():
        for what, more in (
            (name, ""),
            (f"{name}, deep", f"after={deep}" if query.startswith("query") else "page=16000"),
        ):
            address = f"/p/bench/items/?{'&'.join(part for part in (query, more) if part)}".replace(" ", "+")
            with CaptureQueriesContext(connection) as asked:
                answer = web.get(address)
            count = len(asked)
            assert answer.status_code == 200, (address, answer.status_code)
            part = " part" if b"Search on" in answer.content else ""
            clock, busy = [], []
            for _ in range(TIMES):
                start, cpu = time.perf_counter(), used()
                web.get(address)
                clock.append(time.perf_counter() - start)
                busy.append(used() - cpu)
            over = " over" if late(busy) > BUDGET else ""
            figures = (statistics.median(clock), late(clock), statistics.median(busy), late(busy))
            said = " | ".join(f"{1000 * n:.0f}" for n in figures)
            print(f"| {what} | {said} | {count} |{part}{over}", flush=True)


def actions() -> None:
    """Bulk actions over a tenth and over all of the items, and their undos."""
    from lode_platform import bulk_actions, jobs
    from lode_platform.callers import Caller
    from lode_platform.models import Project

    project = Project.objects.select_related("created_by").get(name="bench")
    caller = Caller(project.created_by)
    for name, arguments, query in (
        ("tag", {"tag": "measured"}, "tag:often"),
        ("tag", {"tag": "all"}, ""),
        ("trash", {}, "tag:often"),
    ):
        start = time.perf_counter()
        row = bulk_actions.begin(project, caller, name, arguments, filter={"query": query})
        jobs.run_pending()
        row.refresh_from_db()
        done = time.perf_counter()
        bulk_actions.undo(row, caller)
        jobs.run_pending()
        row.refresh_from_db()
        assert row.undone_at is not None and row.count
        print(
            f"| {name} {row.count:,} items; undo | {done - start:.1f} s | {time.perf_counter() - done:.1f} s | |",
            flush=True,
        )


def main() -> None:
    global TIMES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2_000_000)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite; it is EMPTIED first")
    parser.add_argument("--keep", type=Path, help="a folder for the state, left there and used again")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--no-actions", action="store_true")
    options = parser.parse_args()
    TIMES = options.times
    print(f"{options.items:,} items, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="lode-items-") as temporary:
        home = options.keep or Path(temporary)
        filled = home / "filled"
        begin(home, options.postgres, fresh=not filled.exists())
        if not filled.exists():
            start = time.perf_counter()
            fill(options.items)
            filled.touch()
            print(f"filled in {time.perf_counter() - start:.0f} s")
        print(
            "\n| page | middle, ms | p95, ms | CPU, ms | CPU p95, ms | statements |\n|---|---|---|---|---|---|",
            flush=True,
        )
        pages()
        if not options.no_actions:
            actions()


TIMES = 20
if __name__ == "__main__":
    main()
