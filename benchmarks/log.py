"""What it costs from a model's detections to the numbers on the run's page: the SDK, the server and its job.

    python benchmarks/log.py [--images 5000 --truths 36500 --detections 185000] [--postgres postgresql://user@host/name]

Items with their labels are written in bulk, a version is published; then, in one process, the SDK logs an array of
boxes an image (its requests reach the server through WSGI) and waits for the evaluation, whose job does its work
meanwhile; the run's page is asked for by Django's test client, and reads the matches again as another process would.
What a job after that records of the failures has a column of its own, as nobody waits for it. A second run, another
model's, follows: its failures are linked to those on record. A PostgreSQL address must name a database that may be
emptied.
"""

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import numpy.typing as npt
from million import Filler, path_of
from publish import begin

from motherlode.shapes import DEFAULT

if TYPE_CHECKING:
    from motherlode.regions import Texts

CLASSES = 8


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

    def keep_bytes(self) -> None:
        """Put the items' bytes, a few digits, where the SDK finds them."""
        from django.conf import settings

        from lode_platform.models import Blob
        from lode_platform.store import key_of

        root = Path(str(settings.STORE))
        for digits in range(1, len(str(self.whole)) + 1):
            Blob.objects.filter(pk__gte=10 ** (digits - 1), pk__lt=10**digits).update(size=digits)
        for number, known in Blob.objects.filter(pk__lte=self.whole).values_list("pk", "md5"):
            file = root / key_of(known)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"%d" % number)
            file.chmod(0o444)

    def detections(self, count: int, seed: int) -> "Iterator[tuple[str, npt.NDArray[np.float64]]]":
        """What a model says of each image, x1 y1 x2 y2 score class: boxes shaken by 3, 10 or 30 %, a fifth with another
        class."""
        rng = random.Random(seed)
        rows: dict[int, list[tuple[float, ...]]] = {number: [] for number in range(1, self.count + 1)}
        known = [(number, box, class_id) for number, own in self.truths.items() for box, class_id in own]
        for number, (x1, y1, x2, y2), class_id in rng.choices(known, k=count):
            shake = rng.choice([0.03, 0.1, 0.3])
            dx, dy = rng.gauss(0, shake) * (x2 - x1), rng.gauss(0, shake) * (y2 - y1)
            said = class_id if rng.random() < 0.8 else rng.randint(1, CLASSES)
            box = [round(max(v, 0), 2) for v in (x1 + dx, y1 + dy, x2 + dx, y2 + dy)]
            rows[number].append((*box, round(rng.random(), 4), said))
        for number, own in rows.items():
            yield path_of(number), np.array(own, dtype=np.float64).reshape(-1, 6)


class Server(httpx.BaseTransport):
    """The server in this process; `busy` is the CPU time that its answers took."""

    def __init__(self) -> None:
        from lode_platform.wsgi import application

        self._inner = httpx.WSGITransport(app=application)
        self.busy = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        before = time.process_time()
        try:
            return self._inner.handle_request(request)
        finally:
            self.busy += time.process_time() - before


def measure(options: argparse.Namespace, home: Path) -> None:
    begin(home, options.postgres)
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client as Browser

    import motherlode
    from lode_annotation.models import SchemaRevision
    from lode_hooks.evaluations.summary import read_rows
    from lode_hooks.models import FailureOccurrence
    from lode_platform import jobs
    from lode_platform.models import Membership
    from lode_platform.tokens import make_token
    from motherlode.cache import Cache

    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    scene = Scene(options.images, options.truths)
    bench = scene.bench
    SchemaRevision.objects.update(controls=[{"name": "label", "type": DEFAULT.tag}])
    Membership.objects.get_or_create(project=bench.project, user=bench.user, defaults={"role": "owner"})
    scene.fill()
    scene.keep_bytes()
    bench.publish()
    server, worked = Server(), [0.0]

    def work(_seconds: float) -> None:
        before = time.process_time()
        jobs.run_pending(limit=1)
        worked[0] += time.process_time() - before

    token = make_token(bench.user)[1]
    client = motherlode.Client(
        "http://testserver", token, project=bench.project.name, transport=server, sleep=work, workers=1,
        show_progress=False,
    )  # fmt: skip
    samples = motherlode.load(f"{bench.dataset.name}@v1", split="train", client=client, cache=Cache(home / "cache"))
    web = Browser()
    web.force_login(bench.user)
    for name in ("first model", "second model"):
        said = list(scene.detections(options.detections, len(name)))
        run = motherlode.run(name, client=client)
        server.busy = worked[0] = 0.0
        start, busy = time.perf_counter(), time.process_time()
        predictions = (
            motherlode.Prediction(path, boxes=rows[:, :4], labels=rows[:, 5].astype(np.int64), scores=rows[:, 4])
            for path, rows in said
        )
        found = run.log_predictions(samples, predictions, ids="class").evaluation()
        done = time.process_time() - busy
        read_rows.cache_clear()
        web.get(f"/p/{bench.project.name}/runs/{run.id}/")
        whole, took = time.process_time() - busy, time.perf_counter() - start
        busy = time.process_time()
        jobs.run_pending()
        later = time.process_time() - busy
        parts = (done - server.busy - worked[0], server.busy, worked[0], whole - done, whole, took, later)
        print(f"| {name} | {' | '.join(f'{part:.2f} s' for part in parts)} |", flush=True)
        occurrences = FailureOccurrence.objects.filter(evaluation__uuid=found.id)
        print(f"  {occurrences.count():,} failures on record")
    if options.dump:
        options.dump.write_text(dumped())


def dumped() -> str:
    """What the two runs left in the tables, to be compared with what another revision of the server leaves."""
    from lode_hooks.models import Evaluation, Failure, FailureOccurrence

    lines = []
    for each in Evaluation.objects.order_by("pk"):
        lines.append(json.dumps([each.metrics, each.per_class, each.counts, each.threshold], sort_keys=True))
    for failure in Failure.objects.order_by("pk").values_list("item__path", "region", "frame", "class_id", "box"):
        lines.append(json.dumps(failure))
    place = {pk: place for place, pk in enumerate(Failure.objects.order_by("pk").values_list("pk", flat=True))}
    columns = ("failure", "evaluation", "row", "kind", "score", "iou", "truth_class", "predicted_class")
    for failure, *seen in FailureOccurrence.objects.order_by("pk").values_list(*columns, "predicted_box"):
        lines.append(json.dumps([place[failure], *seen]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--truths", type=int, default=36_500)
    parser.add_argument("--detections", type=int, default=185_000)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite")
    parser.add_argument("--dump", type=Path, help="write what the runs left in the tables to this file")
    options = parser.parse_args()
    print("| CPU seconds | SDK | server | job | page | together | by the clock | failures recorded, later |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="lode-log-") as temporary:
        measure(options, Path(temporary))


if __name__ == "__main__":
    main()
