"""What every page and list of a project of a million items costs, with each filter, at its beginning and deep.

    python benchmarks/million_pages.py --keep FOLDER [--postgres postgresql://user@host/name] [--only TEXT] [--times 20]

The state is the one that ``million.py --keep FOLDER`` leaves (with the same ``--postgres``); nothing is filled here.
Each page is asked for once and then as many times as said, by Django's test client in this process: the middle and the
95th percentile of the time by the clock, the same of the CPU seconds (of this process, and of the PostgreSQL server's
that works for it, which must run on this machine), and the statements. A line ends in "over" where the percentile of
the CPU seconds is over the budget of 300 ms. Deep pages of lists that nobody counts to their end are asked for by the
row that they come after, as their links do. The pages of versions are left out of a state that has none.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from million import _bench, _get, _own, _pages_of
from publish import begin

BUDGET = 0.3


def pages_of(bench: Any) -> dict[str, str]:
    """The addresses to ask for, by name."""
    from lode_platform.models import Item

    live = Item.objects.live().filter(project=bench.project)
    last = live.count() // 40
    home, rest = f"/p/{bench.project.name}", f"/api/v1/projects/{bench.project.name}"
    pages: dict[str, str] = {}
    if len(versions := list(bench.dataset.versions.order_by("number"))) > 1:
        pages |= _pages_of(bench, *versions[-2:], last)
        version = f"{home}/datasets/{bench.dataset.name}/v{versions[-1].number}/"
        pages |= {
            "version page, by a rare class": f"{version}?class=77",
            "version page, nothing in it": f"{version}?empty=1",
            "version page, by a path that no item has": f"{version}?q=nowhere",
        }
    return {
        **pages,
        **_item_pages(f"{home}/items/", bench.dataset.name, live, last),
        **_queue_pages(bench, home, last),
        "project": f"{home}/",
        "schemas": f"{home}/schemas/",
        "schema": f"{home}/schemas/{bench.schema.name}/",
        "review": f"{home}/review/",
        "jobs": f"{home}/jobs/",
        "runs": f"{home}/runs/",
        "failures": f"{home}/failures/",
        "mining": f"{home}/mining/",
        "new queue, count": f"{home}/queues/new/?count=1",
        "new queue, count of the unlabelled": f"{home}/queues/new/?count=1&labelled=no",
        "projects": "/projects/",
        "REST: items": f"{rest}/items",
        "REST: items, unlabelled": f"{rest}/items?labelled=no",
        "REST: items, of a split": f"{rest}/items?split=val",
        "REST: items, by path": f"{rest}/items?search=nowhere",
        "REST: items, trash": f"{rest}/items?trash=1",
        "REST: datasets": f"{rest}/datasets",
        "REST: answers waiting": f"{rest}/reviews",
    }


def _item_pages(items: str, dataset: str, live: Any, last: int) -> dict[str, str]:
    by_path, by_age = (str(live.order_by(order)[20 * last].uuid) for order in ("path", "-pk"))
    return {
        "items page": items,
        "items page, deep": f"{items}?page={last // 2}",
        "items page, newest first, deep": f"{items}?sort=newest&page={last // 2}",
        "items page, largest first": f"{items}?sort=largest",
        "items page, largest first, deep": f"{items}?sort=largest&page={last // 2}",
        "items page, trash": f"{items}?trash=1",
        "items page, of a group": f"{items}?group=patient-7",
        "items page, by path": f"{items}?q=0123",
        "items page, by path, deep": f"{items}?q=0123&after={by_path}",
        "items page, by a path that no item has": f"{items}?q=nowhere",
        "items page, by a path that no item has, deep": f"{items}?q=nowhere&after={by_path}",
        "items page, by a rare path": f"{items}?q=0012345",
        "items page, labelled": f"{items}?labelled=yes",
        "items page, labelled, deep": f"{items}?labelled=yes&after={by_path}",
        "items page, labelled, deep, back": f"{items}?labelled=yes&before={by_path}",
        "items page, labelled, newest first, deep": f"{items}?labelled=yes&sort=newest&after={by_age}",
        "items page, labelled, largest first, deep": f"{items}?labelled=yes&sort=largest&after={by_age}",
        "items page, unlabelled": f"{items}?labelled=no",
        "items page, unlabelled, deep": f"{items}?labelled=no&after={by_path}",
        "items page, unlabelled, newest first": f"{items}?labelled=no&sort=newest",
        "items page, unlabelled, largest first": f"{items}?labelled=no&sort=largest",
        "items page, unlabelled of a split, by path": f"{items}?labelled=no&split=val&q=1",
        "items page, to check": f"{items}?labelled=check",
        "items page, of a dataset": f"{items}?dataset={dataset}",
        "items page, of a dataset, deep": f"{items}?dataset={dataset}&after={by_path}",
        "items page, of the pool": f"{items}?split=pool",
        "items page, of the pool, deep": f"{items}?split=pool&after={by_path}",
        "items page, of a split": f"{items}?split=val",
        "items page, of a split, deep": f"{items}?split=val&after={by_path}",
        "item": f"{items}{live.order_by('pk')[1000].uuid}/",
    }


def _queue_pages(bench: Any, home: str, last: int) -> dict[str, str]:
    from lode_annotation.models import Queue
    from lode_platform.models import Item

    queue = Queue.objects.filter(project=bench.project).order_by("-review", "-size").first()
    if queue is None:
        return {}
    page, items, rest = f"{home}/queues/{queue.uuid}/", f"{home}/items/", f"/api/v1/queues/{queue.uuid}/tasks"
    task = queue.tasks.get(number=queue.size // 2).uuid
    by_path = Item.objects.live().filter(project=bench.project).order_by("path")[20 * last].uuid
    return {
        "queues": f"{home}/queues/",
        "queue": page,
        "queue, deep": f"{page}?page={last // 2}",
        "queue, by state, deep": f"{page}?state=open&page={last // 8}",
        "queue, by path": f"{page}?q=0123",
        "queue, by path, deep": f"{page}?q=0123&after={task}",
        "queue, by path and state": f"{page}?q=0123&state=submitted",
        "queue, by a path that no item has": f"{page}?q=nowhere",
        "items page, of a queue": f"{items}?queue={queue.uuid}",
        "items page, of a queue, deep": f"{items}?queue={queue.uuid}&after={by_path}",
        "REST: queues": f"/api/v1/projects/{bench.project.name}/queues",
        "REST: a queue's tasks": rest,
        "REST: a queue's tasks, deep": f"{rest}?cursor={task}",
        "REST: a queue's tasks that are done": f"{rest}?state=done",
        "REST: a queue's tasks that are done, deep": f"{rest}?state=done&cursor={task}",
        "REST: answers of a queue waiting": f"/api/v1/projects/{bench.project.name}/reviews?queue={queue.uuid}",
    }


def late(seconds: list[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[-1 - len(seconds) // 20]


def busy_time() -> Callable[[], float]:
    """What counts the CPU seconds of this process, and of the database's that its connection leads to."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return time.process_time
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    return lambda: time.process_time() + sum(server.cpu_times()[:2])


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
    used = busy_time()
    for what, address in pages_of(bench).items():
        if only not in what:
            continue
        with CaptureQueriesContext(connection) as asked:
            _get(web, address)
        statements = len(asked)  # before another request: Django forgets them then
        clock, busy = [], []
        for _ in range(times):
            start, cpu = time.perf_counter(), used()
            _get(web, address)
            clock.append(time.perf_counter() - start)
            busy.append(used() - cpu)
        over = " over" if late(busy) > BUDGET else ""
        figures = (statistics.median(clock), late(clock), statistics.median(busy), late(busy))
        print(f"| {what} | {' | '.join(f'{1000 * n:.0f}' for n in figures)} | {statements} |{over}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="the folder that million.py left its state in")
    parser.add_argument("--postgres", default="", help="the database that million.py filled")
    parser.add_argument("--only", default="", help="only pages with this text in their name")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    print("| page | middle, ms | p95, ms | CPU, ms | CPU p95, ms | statements |\n|---|---|---|---|---|---|", flush=True)
    measure(options.keep, options.postgres, options.only, options.times)


if __name__ == "__main__":
    main()
