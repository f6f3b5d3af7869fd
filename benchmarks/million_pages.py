"""What every page and list of a project of a million items costs, with each filter, at its beginning and deep.

    python benchmarks/million_pages.py --keep FOLDER [--postgres postgresql://user@host/name] [--only TEXT] [--times 5]

The state is the one that ``million.py --keep FOLDER`` leaves (with the same ``--postgres``); nothing is filled here.
Each page is asked for once and then as many times as said, by Django's test client in this process: the middle and the
slowest time by the clock, the middle of the CPU seconds of this process (on PostgreSQL the server's come on top), and
the statements. Over the budget of 300 ms by the clock a line ends in "over".
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from million import _bench, _get, _own, _pages_of
from publish import begin

BUDGET = 0.3


def pages_of(bench: Any) -> dict[str, str]:
    """The addresses to ask for, by name."""
    from lode_annotation.models import Queue
    from lode_platform.models import Item

    *_older, old, new = bench.dataset.versions.order_by("number")
    last = new.counts["items"] // 40
    home, name = f"/p/{bench.project.name}", bench.dataset.name
    rest = f"/api/v1/projects/{bench.project.name}"
    items, version = f"{home}/items/", f"{home}/datasets/{name}/v{new.number}/"
    pages: dict[str, str] = _pages_of(bench, old, new, last)
    pages |= {
        "items page, largest first": f"{items}?sort=largest",
        "items page, largest first, deep": f"{items}?sort=largest&page={last // 2}",
        "items page, trash": f"{items}?trash=1",
        "items page, of a group": f"{items}?group=patient-7",
        "items page, by a path that no item has": f"{items}?q=nowhere",
        "items page, by a rare path": f"{items}?q=0012345",
        "items page, labelled": f"{items}?labelled=yes",
        "items page, to check": f"{items}?labelled=check",
        "items page, of a dataset": f"{items}?dataset={name}",
        "items page, of a dataset, deep": f"{items}?dataset={name}&page={last // 2}",
        "items page, of the pool": f"{items}?split=pool",
        "items page, of a split, deep": f"{items}?split=val&page={last // 20}",
        "item": f"{items}{Item.objects.filter(project=bench.project).order_by('pk')[1000].uuid}/",
        "version page, by a rare class": f"{version}?class=77",
        "version page, nothing in it": f"{version}?empty=1",
        "version page, by a path that no item has": f"{version}?q=nowhere",
        "schemas": f"{home}/schemas/",
        "schema": f"{home}/schemas/{bench.schema.name}/",
        "review": f"{home}/review/",
        "jobs": f"{home}/jobs/",
        "runs": f"{home}/runs/",
        "mining": f"{home}/mining/",
        "new queue, count": f"{home}/queues/new/?count=1",
        "new queue, count of the unlabelled": f"{home}/queues/new/?count=1&labelled=no",
        "projects": "/projects/",
        "REST: items, unlabelled": f"{rest}/items?labelled=no",
        "REST: items, of a split": f"{rest}/items?split=val",
        "REST: items, by path": f"{rest}/items?search=nowhere",
        "REST: items, trash": f"{rest}/items?trash=1",
        "REST: datasets": f"{rest}/datasets",
    }
    if queue := Queue.objects.filter(project=bench.project).order_by("-size").first():
        page = f"{home}/queues/{queue.uuid}/"
        pages |= {
            "queues": f"{home}/queues/",
            "queue": page,
            "queue, deep": f"{page}?page={last}",
            "queue, by state, deep": f"{page}?state=open&page={last // 2}",
            "queue, by path": f"{page}?q=0123",
            "queue, by a path that no item has": f"{page}?q=nowhere",
            "items page, of a queue": f"{items}?queue={queue.uuid}",
            "items page, of a queue, deep": f"{items}?queue={queue.uuid}&page={last}",
            "REST: queues": f"{rest}/queues",
            "REST: a queue's tasks": f"/api/v1/queues/{queue.uuid}/tasks",
            "REST: a queue's tasks that are done": f"/api/v1/queues/{queue.uuid}/tasks?state=done",
        }
    return pages


def measure(keep: Path, database: str, only: str, times: int) -> None:
    begin(keep, database, fresh=False)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    bench = _bench()
    _own(bench)
    web = Client()
    web.force_login(bench.user)
    for what, address in pages_of(bench).items():
        if only not in what:
            continue
        with CaptureQueriesContext(connection) as asked:
            _get(web, address)
        statements = len(asked)  # before another request: Django forgets them then
        clock, busy = [], []
        for _ in range(times):
            start, cpu = time.perf_counter(), time.process_time()
            _get(web, address)
            clock.append(time.perf_counter() - start)
            busy.append(time.process_time() - cpu)
        middle, slowest = statistics.median(clock), max(clock)
        over = " over" if middle > BUDGET else ""
        numbers = [f"{1000 * n:.0f}" for n in (middle, slowest, statistics.median(busy))]
        print(f"| {what} | {' | '.join(numbers)} | {statements} |{over}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="the folder that million.py left its state in")
    parser.add_argument("--postgres", default="", help="the database that million.py filled")
    parser.add_argument("--only", default="", help="only pages with this text in their name")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    print("| page | middle, ms | slowest, ms | CPU, ms | statements |\n|---|---|---|---|---|", flush=True)
    measure(options.keep, options.postgres, options.only, options.times)


if __name__ == "__main__":
    main()
