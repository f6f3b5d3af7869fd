"""What assistants learn from BCCD, how fast, and how fast they answer.

    MOTHERLODE_TEST_DATA=/data python benchmarks/assist.py [--postgres postgresql://user@host/name]

Below MOTHERLODE_TEST_DATA, `bccd/` holds the images, VOC files and splits of https://github.com/Shenggan/BCCD_Dataset.
A project gets the images of trainval, and label sets of more and more of them; each time the job trains the assistants,
as a worker does, all of its time counted. What it kept is measured by one click in each box of the test split, which it
has never seen, beside the median box of the class and that of all classes. The last line is what a person waits for,
through REST, the picture already decoded. A PostgreSQL address must name a database that may be emptied.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

from publish import begin

COUNTS = (100, 300, 1000, 3054)


def boxes_of(path: Path) -> list[tuple[str, tuple[float, ...]]]:
    found = []
    for one in ElementTree.parse(path).getroot().iter("object"):
        box = tuple(float(one.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax"))
        if box[2] > box[0] and box[3] > box[1]:
            found.append((one.findtext("name") or "", box))
    return found


class Bench:
    """A project of BCCD's images, its schema and an owner."""

    def __init__(self, root: Path) -> None:
        from lode_annotation.schemas import create_schema, latest
        from lode_platform import items
        from lode_platform.callers import Caller
        from lode_platform.models import Item, Membership, Project, User
        from lode_platform.store import store
        from motherlode.labeling_config import build

        self.root = root
        self.user = User.objects.create(username="bench")
        self.project = Project.objects.create(name="cells", created_by=self.user)
        Membership.objects.create(project=self.project, user=self.user, role="owner")
        self.caller = Caller(self.user)
        self.schema = create_schema(
            self.project, self.caller, name="cells", config=build(["RBC", "WBC", "Platelets"], "boxes")
        )
        self.revision = latest(self.schema)
        self.numbers = {name: number for number, name in self.revision.class_names.items()}
        self.names = {split: (root / "splits" / f"{split}.txt").read_text().split() for split in ("trainval", "test")}
        specs = []
        for name in [*self.names["trainval"], *self.names["test"]]:
            blob = store().add_bytes((root / "images" / f"{name}.jpg").read_bytes())
            specs.append(items.ItemSpec(path=f"{name}.jpg", md5=blob.md5, sha256=blob.sha256))
        items.add_items(self.project, self.caller, specs, trusted=True)
        self.items = {item.path: item for item in Item.objects.select_related("blob")}

    def label(self, name: str, most: int) -> int:
        """A label set with at most so many of the picture's boxes."""
        from lode_annotation.label_sets import fields_of
        from lode_annotation.models import LabelSet
        from motherlode.regions import Region
        from motherlode.shapes import DEFAULT

        said = [
            Region(str(uuid4()), DEFAULT.kind, self.numbers[label], label, box, control="label")
            for label, box in boxes_of(self.root / "voc" / f"{name}.xml")[:most]
        ]
        own = {"item": self.items[f"{name}.jpg"], "schema": self.schema, "schema_revision": self.revision}
        LabelSet.objects.create(source="import", created_by=self.user, **own, **fields_of(said))
        return len(said)

    def held(self) -> list[Any]:
        """The pictures of the test split."""
        import numpy as np

        from lode_annotation.assist.pictures import Picture, Taught
        from lode_annotation.assist.teaching import seen_of
        from motherlode.shapes import DEFAULT

        return [
            Picture(
                seen_of(self.items[f"{name}.jpg"]),
                [
                    Taught(self.numbers[label], np.array(box), DEFAULT, box)
                    for label, box in boxes_of(self.root / "voc" / f"{name}.xml")
                ],
                True,
            )
            for name in self.names["test"]
        ]


def measure(root: Path, database: str, home: Path) -> None:
    begin(home, database)
    from dataclasses import replace

    import numpy as np
    from django.conf import settings

    from lode_annotation.assist import finding, keeping, training
    from lode_annotation.assist.assistants.assistant import measured
    from lode_annotation.assist.clicking import Clicks
    from lode_annotation.assist.finding import Finder
    from lode_annotation.assist.models import AssistantModel
    from lode_annotation.models import LabelSet
    from lode_platform import jobs

    settings.ALLOWED_HOSTS = ["*"]
    settings.TESTING = True  # the worker is this process
    bench = Bench(root)
    held = bench.held()
    print(
        "| boxes | median IoU | class's median box | median box | pre-labels, F1 | click trained | all trained | kept |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for count in COUNTS:
        # the tests' own share of held out items is not what is measured here: learn from so many boxes beside it
        LabelSet.objects.all().delete()
        taught = _label_so_many(bench, count)
        training.train(bench.schema, bench.caller)
        began = time.perf_counter()
        jobs.run_pending()
        took = time.perf_counter() - began
        click, find = (AssistantModel.objects.filter(assistant=name).latest("pk") for name in ("click", "find"))
        model, finder = Clicks.kept(keeping.kept(click.arrays)), Finder.kept(keeping.kept(find.arrays))
        own, guess = np.median(measured(held, model.click)), np.median(measured(held, model.guess))
        plain = replace(model, class_ids=model.class_ids[:0], sizes=model.sizes[:0])
        f1 = finding.f1_at(*finding.tally(finder.found, held), finder.threshold)
        size = sum(array.nbytes for array in model.arrays().values()) / 2**20
        cells = [
            f"{taught:,}",
            f"{own:.3f}",
            f"{guess:.3f}",
            f"{np.median(measured(held, plain.guess)):.3f}",
            f"{f1:.3f}",
        ]
        print(f"| {' | '.join(cells)} | {click.seconds:.2f} s | {took:.2f} s | {size:.1f} MiB |", flush=True)
    answers(bench)


def _label_so_many(bench: Bench, count: int) -> int:
    """Labels pictures until there are so many boxes to learn from; those that are held out come on top."""
    import random

    from lode_annotation.assist.teaching import held_out

    names, taught = list(bench.names["trainval"]), 0
    random.Random(0).shuffle(names)
    for name in names:
        if held_out(bench.items[f"{name}.jpg"]):
            bench.label(name, 1000)
        elif taught < count:
            taught += bench.label(name, count - taught)
    return taught


def answers(bench: Bench) -> None:
    """What a click waits for, through REST, on pictures that were opened before."""
    from django.test import Client

    from lode_annotation.models import Task
    from lode_annotation.queues import TaskSpec, add_tasks, create_queue

    queue = create_queue(bench.project, bench.caller, name="test", schema=bench.schema)
    names = bench.names["test"][:20]
    add_tasks(queue, bench.caller, [TaskSpec(item=bench.items[f"{name}.jpg"]) for name in names])
    client, took = Client(), []
    client.force_login(bench.user)
    for task in Task.objects.filter(queue=queue).select_related("item"):
        for label, box in boxes_of(bench.root / "voc" / task.item.path.replace(".jpg", ".xml"))[:10]:
            point = {"control": "label", "label": label, "x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2}
            began = time.perf_counter()
            answer = client.post(f"/api/v1/tasks/{task.uuid}/assist", point, content_type="application/json")
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.content
    took.sort()
    print(f"\nA click through REST: median {statistics.median(took):.1f} ms, p95 {took[int(len(took) * 0.95)]:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite")
    options = parser.parse_args()
    data = os.environ.get("MOTHERLODE_TEST_DATA")
    if not data:
        print("skipped: MOTHERLODE_TEST_DATA is not set")
        return
    with tempfile.TemporaryDirectory(prefix="lode-assist-") as temporary:
        measure(Path(data) / "bccd", options.postgres, Path(temporary))


if __name__ == "__main__":
    main()
