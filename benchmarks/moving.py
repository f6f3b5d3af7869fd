"""A Label Studio project in and out: its JSON of tasks with boxes, into a queue and out of it.

    python benchmarks/moving.py [--tasks 10000] [--boxes 10] [--quick]

In: the export is read, made into lines and taken by the server's verb, part by part, as `lode import` sends them; the
items are there. Out: the queue is given task by task and written as JSON, as `lode convert` does. Neither goes over a
network. The peak of memory is that of the process. On SQLite with ``synchronous=FULL``; ``DATABASE_URL``
names another database.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ingest import pictures  # noqa: E402

CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="a"/>'
    '<Label value="b"/></RectangleLabels></View>'
)


def task(number: int, boxes: int) -> dict[str, Any]:
    """A task as Label Studio exports it."""
    result = []
    for at in range(boxes):
        value = {"x": 1.5 + at * 9, "y": 10.25, "width": 5.5, "height": 20.125, "rotation": 0}
        entry = {"id": f"r{number}-{at}", "from_name": "box", "to_name": "image", "type": "rectanglelabels"}
        size = {"original_width": 640, "original_height": 480, "image_rotation": 0, "origin": "manual"}
        result.append({**entry, **size, "value": {**value, "rectanglelabels": ["ab"[at % 2]]}})
    at = "2026-01-31T12:00:00.000000Z"
    annotation = {"id": number, "completed_by": number % 5 + 1, "result": result, "was_cancelled": False}
    annotation |= {"ground_truth": False, "created_at": at, "updated_at": at, "lead_time": 10.5}
    data = {"image": f"/data/local-files/?d=a/{number}.jpg"}
    return {"id": number, "annotations": [annotation], "drafts": [], "predictions": [], "data": data, "meta": {}}


def peak() -> float:
    """The most memory that the process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(tasks: int, boxes: int) -> list[tuple[str, str, float, float, float]]:
    """Way, amount, seconds by the clock and of CPU, and how far the peak rose, in MiB."""
    from lode_annotation.api.moving import lines_of
    from lode_annotation.models import LabelSet
    from lode_annotation.moving import giving, taking
    from lode_annotation.queues import create_queue
    from lode_annotation.schemas import create_schema
    from lode_platform import garbage
    from lode_platform.callers import Caller
    from lode_platform.items import ItemSpec, add_items
    from lode_platform.models import User
    from lode_platform.projects import create_project
    from lode_platform.store import store
    from motherlode.importing import ImportOptions
    from motherlode.importing.whole import look, parts_of
    from motherlode.label_studio.project import Project

    user = User.objects.create(username="bench")
    project = create_project(user, name="bench")
    for start in range(0, tasks, 1000):
        files = [data for data in pictures(start + 1000)[start:]]
        blobs = store().add_many(files)
        specs = [ItemSpec(f"a/{start + n}.jpg", blob.md5, blob.sha256) for n, blob in enumerate(blobs)]
        add_items(project, Caller(user), specs, trusted=True)
    schema = create_schema(project, Caller(user), name="boxes", config=CONFIG)
    queue = create_queue(project, Caller(user), name="boxes", schema=schema)
    folder = Path(tempfile.mkdtemp())
    with (folder / "export.json").open("w") as out:
        for number in range(tasks):
            out.write(("[" if not number else ",\n") + json.dumps(task(number, boxes)))
        out.write("]")
    size = f"{(folder / 'export.json').stat().st_size / 1e6:.0f} MB"
    rows = []
    garbage.settle()  # as the server does before its first request
    before, start_at, cpu = peak(), time.perf_counter(), time.process_time()
    found = Project.find(folder / "export.json")
    paths = {number: f"a/{number}.jpg" for number in range(tasks)}
    with tempfile.TemporaryFile() as lines:
        look(found, lines)
        for part in parts_of(lines, ImportOptions("bench", "boxes"), paths):
            taking.take(queue, Caller(user), part)
    rows.append(("in", size, time.perf_counter() - start_at, time.process_time() - cpu, peak() - before))
    assert LabelSet.objects.count() == tasks
    before, start_at, cpu = peak(), time.perf_counter(), time.process_time()
    with (folder / "tasks.json").open("wb") as raw:
        for line in lines_of(giving.given(queue)):
            raw.write(line)
    size = f"{(folder / 'tasks.json').stat().st_size / 1e6:.0f} MB"
    rows.append(("out", size, time.perf_counter() - start_at, time.process_time() - cpu, peak() - before))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--boxes", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="2,000 tasks")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")
    with tempfile.TemporaryDirectory() as home:
        os.environ["MOTHERLODE_HOME"] = home
        root = Path(__file__).resolve().parents[1]
        subprocess.run([sys.executable, str(root / "manage.py"), "migrate", "--verbosity", "0"], check=True)
        import django

        django.setup()
        tasks = 2_000 if given.quick else given.tasks
        print("| way | JSON | s | CPU s | peak rose, MiB |\n|---|---|---|---|---|")
        for way, size, seconds, cpu, rose in run(tasks, given.boxes):
            print(f"| {tasks:,} tasks of {given.boxes} boxes {way} | {size} | {seconds:.2f} | {cpu:.2f} | {rose:.0f} |")


if __name__ == "__main__":
    main()
