"""What it costs to mine a run that predicted on many items: the preview of a round, and the round.

    python benchmarks/mining.py [--items 100000] [--postgres postgresql://user@host/name]

Rows of items and label sets are written in bulk and published, as in `million.py`; a run's out-of-fold predictions on
the train split, two boxes an item, every tenth one far from its truth, are put in the store as the server keeps them,
and evaluated. Then, in this process, a preview is made, once with nothing in memory and once again, and a round of
1,000 items. A PostgreSQL address must name a database that may be emptied.
"""

import argparse
import random
import tempfile
from pathlib import Path

from million import Filler, Table
from publish import begin

from motherlode.shapes import DEFAULT


def predict(filler: Filler) -> None:
    """A run's predictions, and their evaluation."""
    from lode_annotation.models import LabelSet, SchemaRevision
    from lode_datasets import versions
    from lode_hooks.evaluations import evaluate, files, predictions, runs
    from lode_hooks.evaluations.evaluators import evaluator_of
    from lode_hooks.evaluations.metrics.columns import frame_of
    from lode_hooks.models import PredictionSet
    from lode_platform import jobs

    bench = filler.bench
    revision = SchemaRevision.objects.get()
    labels = [{"value": name, "class_id": number} for number, name in revision.class_names.items()]
    revision.controls = [{"name": "label", "type": DEFAULT.tag, "to_name": "image", "labels": labels}]
    revision.save(update_fields=["controls"])
    version = versions.latest(bench.dataset)
    assert version is not None
    sent = predictions.start(
        runs.start(bench.project, bench.user, name="model"),
        bench.user,
        version=version,
        split="train",
        task=DEFAULT.task,
        out_of_fold=True,
    )
    rng, rows = random.Random(3), []
    said = LabelSet.objects.filter(current=True, item__dataset_items__split="train").order_by("item__path")
    for name, regions in said.values_list("item__uuid", "regions").iterator(chunk_size=2000):
        for region in regions:
            off = 300.0 if rng.random() < 0.1 else rng.gauss(0, 1)
            box = [side + off for side in region["geometry"]]
            rows.append((str(name), None, region["class_id"], *box, round(rng.random(), 4)))
    columns = files.predictions_name(sent.uuid)
    schema = evaluator_of(sent.task).predictions
    files.keep(frame_of(schema, dict(zip(schema, zip(*rows, strict=True), strict=True))), columns)
    items = len({row[0] for row in rows})
    PredictionSet.objects.filter(pk=sent.pk).update(
        state=PredictionSet.State.READY, columns=columns, items=items, predictions=len(rows)
    )
    sent.refresh_from_db()
    evaluate.request_evaluation(sent, bench.user)
    jobs.run_pending()


def measure(count: int, database: str, home: Path) -> None:
    begin(home, database)
    from django.conf import settings

    from lode_hooks.evaluations.summary import read_rows
    from lode_hooks.mining import rounds
    from lode_hooks.mining.request import MiningRequest
    from lode_hooks.models import Evaluation, Run
    from lode_platform.callers import Caller
    from lode_platform.models import Membership

    root = Path(str(settings.STORE))
    table = Table("PostgreSQL" if database else "SQLite", root)
    filler = Filler(count)
    bench = filler.bench
    Membership.objects.get_or_create(project=bench.project, user=bench.user, defaults={"role": "owner"})
    filler.fill()
    bench.publish()
    table.step("predictions kept and evaluated", lambda: predict(filler))
    assert Evaluation.objects.get().state == "ready", Evaluation.objects.get().job
    run = Run.objects.select_related("project").get()
    asked = MiningRequest(run, {"failures": 0.7, "uncertain": 0.3}, budget=min(1000, count // 10))
    read_rows.cache_clear()
    found = table.step("preview", lambda: rounds.preview(asked, bench.user))
    table.step("preview again", lambda: rounds.preview(asked, bench.user))
    assert found.total == asked.budget, found.notes
    table.step(f"round of {asked.budget:,}", lambda: rounds.create_round(asked, Caller(bench.user), queue="hard"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--postgres", default="", help="measure this database instead of SQLite")
    options = parser.parse_args()
    print(
        f"{options.items:,} items\n\n| database | | time | CPU | memory | store |\n|---|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="lode-mining-") as temporary:
        measure(options.items, options.postgres, Path(temporary))


if __name__ == "__main__":
    main()
