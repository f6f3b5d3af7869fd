"""What it costs the server from logged detections to the numbers on the run's page.

    python benchmarks/log.py [--images 5000 --truths 36500 --detections 185000] [--postgres postgresql://user@host/name]

Items with their labels are written in bulk, a version is published; then, in this process, the parts of JSON lines that
the SDK sends are received, the set is finished, the job evaluates it and puts its failures on record, and the run's
page is asked for by Django's test client. A second set, another model's, follows: its failures are linked to those on
record. A PostgreSQL address must name a database that may be emptied.
"""

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from million import Filler, path_of
from publish import begin

from motherlode.shapes import DEFAULT

if TYPE_CHECKING:
    from motherlode.regions import Texts

CLASSES = 8
PART = 500  # lines of a part, as the SDK sends them


class Scene(Filler):
    """Images with as many truths as are asked for, and what a model says of them."""

    def __init__(self, images: int, truths: int) -> None:
        super().__init__(images)
        rng = random.Random(1)
        self.truths: dict[int, list[tuple[tuple[float, ...], int]]] = defaultdict(list)
        for _ in range(truths):
            x, y = rng.uniform(0, 500), rng.uniform(0, 400)
            box = (x, y, x + rng.uniform(8, 140), y + rng.uniform(8, 80))
            self.truths[rng.randint(1, images)].append((box, rng.randint(1, CLASSES)))

    def labels(self, number: int, salt: str) -> "Texts":
        from motherlode.regions import Region, texts_of

        return texts_of(
            [
                Region(
                    f"{number:08x}-0000-4000-8000-{index:012x}", DEFAULT.kind, class_id, geometry=box, control="label"
                )
                for index, (box, class_id) in enumerate(self.truths[number])
            ]
        )

    def split(self, number: int) -> str:
        return "train"

    def parts(self, detections: int, seed: int) -> Iterator[bytes]:
        """JSON lines: boxes shaken by 3, 10 or 30 %, a fifth with another class."""
        rng = random.Random(seed)
        rows: dict[int, dict[str, Any]] = {
            n: {"path": path_of(n), "boxes": [], "labels": [], "scores": []} for n in range(1, self.count + 1)
        }
        known = [(number, box, class_id) for number, own in self.truths.items() for box, class_id in own]
        for number, (x1, y1, x2, y2), class_id in rng.choices(known, k=detections):
            shake = rng.choice([0.03, 0.1, 0.3])
            dx, dy = rng.gauss(0, shake) * (x2 - x1), rng.gauss(0, shake) * (y2 - y1)
            row = rows[number]
            row["boxes"].append([round(max(v, 0), 2) for v in (x1 + dx, y1 + dy, x2 + dx, y2 + dy)])
            said = class_id if rng.random() < 0.8 else rng.randint(1, CLASSES)
            row["labels"].append(f"class {said}")
            row["scores"].append(round(rng.random(), 4))
        lines = [json.dumps(row).encode() + b"\n" for row in rows.values()]
        for start in range(0, len(lines), PART):
            yield b"".join(lines[start : start + PART])


def step(what: str, do: Callable[[], Any]) -> Any:
    start, busy = time.perf_counter(), time.process_time()
    made = do()
    print(f"| {what} | {time.perf_counter() - start:.2f} s | {time.process_time() - busy:.2f} s |", flush=True)
    return made


def measure(options: argparse.Namespace, home: Path) -> None:
    begin(home, options.postgres)
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from lode_annotation.models import SchemaRevision
    from lode_hooks.evaluations import evaluate, predictions, runs
    from lode_hooks.models import Evaluation, FailureOccurrence
    from lode_platform import jobs
    from lode_platform.models import Membership

    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    scene = Scene(options.images, options.truths)
    bench = scene.bench
    SchemaRevision.objects.update(controls=[{"name": "boxes", "type": DEFAULT.tag}])
    Membership.objects.get_or_create(project=bench.project, user=bench.user, defaults={"role": "owner"})
    scene.fill()
    version = bench.publish()[0]
    web = Client()
    web.force_login(bench.user)
    for name in ("first model", "second model"):
        run = runs.start(bench.project, bench.user, name=name)
        sent = predictions.start(run, bench.user, version=version, split="train", task="boxes")
        parts = list(scene.parts(options.detections, len(name)))

        def receive(sent: Any = sent, parts: list[bytes] = parts) -> None:
            for number, part in enumerate(parts):
                predictions.receive(sent, number, part)
            predictions.finish(sent, bench.user)

        step(f"{name}: parts received", receive)
        sent.refresh_from_db()
        found = evaluate.request_evaluation(sent, bench.user)
        step(f"{name}: evaluated, failures on record", jobs.run_pending)
        assert Evaluation.objects.get(pk=found.pk).state == "ready", found.job
        print(f"  {FailureOccurrence.objects.filter(evaluation=found).count():,} failures on record")
        address = f"/p/{bench.project.name}/runs/{run.uuid}/"
        web.get(address)
        step(f"{name}: the run's page", lambda address=address: web.get(address))  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--truths", type=int, default=36_500)
    parser.add_argument("--detections", type=int, default=185_000)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite")
    options = parser.parse_args()
    print("| | time | CPU |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="lode-log-") as temporary:
        measure(options, Path(temporary))


if __name__ == "__main__":
    main()
