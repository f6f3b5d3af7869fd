"""Training as its processes see it: several ranks, a program that crashes, numbers sent beside the work."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("training")]

PICTURES = 7

RANK = """
import os, sys
import motherlode

test = motherlode.load("cells@v1", split="test")
run = motherlode.run("ddp", uses=[test], params={"ranks": 2})
rank, ranks = int(os.environ["RANK"]), 2
padded = [*test, test[0]]  # as DistributedSampler does, so that every rank has as many
mine = [motherlode.Prediction(s.path, s.labels.boxes, [test.index[n] for n in s.labels.names], [1.0] * len(s.labels))
        for s in padded[rank::ranks]]
run.log_metrics({"loss": rank})
sent = run.log_predictions(test, mine, names=test.names, model="net", step=1)
evaluation = sent.evaluation()
print(run.id, sent.id, sent.items, evaluation.metrics["AP"], evaluation.coverage.predicted, evaluation.coverage.meant)
run.finish()
"""

SPAWN = """
import multiprocessing
import motherlode


def predict(run, samples):
    rows = [motherlode.Prediction(s.path, s.labels.boxes, s.labels.names, [1.0] * len(s.labels)) for s in samples]
    run.log_metrics({"child": 1})
    run.log_predictions(samples, rows)
    with run:  # it is not this process that ends it
        pass


if __name__ == "__main__":
    test = motherlode.load("cells@v1", split="test")
    with motherlode.run("spawned", uses=[test]) as run:
        child = multiprocessing.get_context("spawn").Process(target=predict, args=(run, test[:3]))
        child.start()
        child.join()
        assert child.exitcode == 0
        [evaluation] = run.evaluations()
        print(motherlode.Client().get(f"runs/{run.id}")["state"], evaluation.coverage.meant)
"""

CRASH = """
import motherlode
run = motherlode.run("crash")
for step in range(1000):
    run.log_metrics({"loss": float("nan") if step == 999 else step, "acc": 0.5}, step=step)
raise ValueError("the user's own")
"""


@pytest.fixture(scope="module")
def cells(served, tmp_path_factory) -> str:  # type: ignore[no-untyped-def]
    """Seven test images with a cell each, as cells@v1; the token of their engineer."""
    folder: Path = tmp_path_factory.mktemp("cells")
    document: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "RBC"}]}
    for number in range(1, PICTURES + 1):
        Image.new("RGB", (40, 30), (number * 30, 90, 200)).save(folder / f"{number}.png")
        document["images"].append({"id": number, "file_name": f"{number}.png", "width": 40, "height": 30})
        box = {"id": number, "image_id": number, "category_id": 1, "bbox": [number, 2, 10, 10]}
        document["annotations"].append(box)
    (folder / "instances_test.json").write_text(json.dumps(document))
    token: str = served.token("erin", "training", "engineer")
    served.lode("import", str(folder), "--dataset", "cells", token=token)
    served.lode("publish", "cells", "-m", "first", token=token)
    return token


@pytest.mark.parametrize("launch", [{"MOTHERLODE_RUN": str(uuid4())}, {"TORCHELASTIC_RUN_ID": "none"}])
def test_two_ranks_send_one_run_and_one_set_of_predictions(served, cells, launch) -> None:  # type: ignore[no-untyped-def]
    told = {**served.environment, "MOTHERLODE_TOKEN": cells, "WORLD_SIZE": "2", **launch}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK],
            env={**told, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (1, 0)
    ]
    said = []
    for process in ranks:
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        said.append(out.split())
    (run, sent, second, *numbers), (same_run, same_set, first, *same_numbers) = said
    assert (run, sent, numbers) == (same_run, same_set, same_numbers)
    assert (int(first), int(second)) == (4, 4)  # one item twice
    assert [float(number) for number in numbers] == [pytest.approx(1.0), PICTURES, PICTURES]
    row = served.get(f"runs/{run}", cells)
    assert (row["state"], len(row["prediction_sets"])) == ("finished", 1)
    assert [(metric["key"], metric["value"]) for metric in row["metrics"]] == [("loss", 0.0)]


def test_a_run_goes_into_a_spawned_process_and_is_ended_by_its_own(served, cells, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "train.py").write_text(SPAWN)
    said = served.run(sys.executable, "train.py", cwd=tmp_path, MOTHERLODE_TOKEN=cells)
    assert said.split() == ["running", "3"]
    row = served.get("runs/spawned", cells)
    assert (row["state"], [metric["key"] for metric in row["metrics"]]) == ("finished", ["child"])


def test_a_program_that_crashes_keeps_its_own_error_and_loses_no_number(served, cells) -> None:  # type: ignore[no-untyped-def]
    told = served.run(sys.executable, "-c", CRASH, fails=True, MOTHERLODE_TOKEN=cells)
    assert told.strip().endswith("ValueError: the user's own")
    row = served.get("runs/crash", cells)
    found = {metric["key"]: (metric["step"], metric["value"], metric["flag"]) for metric in row["metrics"]}
    assert found == {"loss": (999, None, "nan"), "acc": (999, 0.5, "")}
