"""Runs from training code: predictions by name and by index, parts of splits, numbers that never stop a training."""

import json
import logging
import math
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from sklearn.datasets import load_digits
from tests.motherlode.conftest import Lode, picture, predict

import motherlode
from lode_hooks.models import Metric, PredictionSet
from lode_platform.jobs import run_pending
from lode_platform.models import User
from lode_platform.wsgi import application
from motherlode import Client, Prediction
from motherlode.formats import voc
from motherlode.regions import Region
from motherlode.runs import Run
from motherlode.samples import Samples

Sdk = Callable[..., Client]

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_a_run_logs_predictions_and_finds_its_failures(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    test = motherlode.load("cells@v1", split="test", client=client)
    with motherlode.run("baseline", uses=[test], params={"k": 1}, client=client) as run:
        run.log_metrics({"loss": 0.5})
        sent = run.log_predictions(test, predict(test), model="knn-1")
    metrics = sent.evaluation().metrics
    assert (metrics["tp"], metrics["fp"], metrics["fn"]) == (3, 0, 1)
    assert {"AP", "AP50", "AP75", "AR100"} <= set(metrics)
    [failure] = sent.failures(kind="missed")
    assert (failure.path, failure.label, failure.box) == (test[0].path, "WBC", (30, 20, 50, 40))
    assert failure.url.startswith(client.url)
    assert list(sent.failures(kind="duplicate")) == []
    assert lode("runs")[0]["state"] == "finished"


def test_a_run_that_raises_ends_failed(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    test = motherlode.load("cells@v1", split="test", client=client)
    with pytest.raises(ZeroDivisionError), motherlode.run("crash", uses=[test], client=client):
        _ = 1 / 0
    assert lode("runs")[0]["state"] == "failed"


def test_the_pool_is_predicted_and_not_scored(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    pool = motherlode.load("cells@v1", split="pool", client=client)
    with motherlode.run("pool", uses=[pool], client=client) as run:
        sent = run.log_predictions(pool, predict(pool), model="m")
    run_pending()
    with pytest.raises(motherlode.BadInput, match="mined, not evaluated"):
        sent.evaluation()


def test_predictions_for_other_items_are_refused_before_they_are_sent(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    test = motherlode.load("cells@v1", split="test", client=client)
    with motherlode.run("wrong", uses=[test], client=client) as run:
        for rows, message in (
            ([motherlode.Prediction("nowhere.png")], "not an item of cells@v1 test"),
            ([motherlode.Prediction(test[0].path), *predict(test[:1])], "twice"),
            ([test[0]], "motherlode.Prediction"),
        ):
            with pytest.raises(motherlode.BadInput, match=message):
                run.log_predictions(test, rows)  # type: ignore[arg-type]


def test_a_version_by_its_name_is_no_use(lode: Lode, cells: dict[str, Any]) -> None:
    with pytest.raises(motherlode.BadInput, match="not 'cells@v1'"):
        motherlode.run("named", uses=["cells@v1"], client=lode.connect())  # type: ignore[list-item]


def test_classes_go_the_same_way_as_boxes(lode: Lode, machine: Path) -> None:
    for number in range(6):
        place = machine / "pets" / "test" / ("cat" if number % 2 else "dog") / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(picture(number))
    lode("import", "pets", "--dataset", "pets", "--format", "folders")
    lode("publish", "pets", "-m", "first")
    client = lode.connect()
    test = motherlode.load("pets@v1", split="test", client=client)
    assert sorted({str(sample.labels.label) for sample in test}) == ["cat", "dog"]
    with motherlode.run("always cat", uses=[test], client=client) as run:
        always = (motherlode.Prediction(s.path, probabilities={"cat": 0.75, "dog": 0.25}) for s in test)
        metrics = run.log_predictions(test, always, model="cat").evaluation().metrics
    assert metrics["accuracy"] == 0.5
    assert metrics["macro_f1"] == pytest.approx(1 / 3)


@pytest.fixture
def test_split(lode: Lode, cells: dict[str, Any]) -> Samples:
    """Two images of cells@v1, a red and a white cell on each."""
    return motherlode.load("cells@v1", split="test", client=lode.connect())


@pytest.fixture
def run(lode: Lode) -> Run:
    return motherlode.run("baseline", client=lode.connect())


def by_index(sample: motherlode.Sample, index: dict[str, int]) -> Prediction:
    """The truth as a detector says it: arrays, and labels by index."""
    labels = np.array([index[name] for name in sample.labels.names])
    return Prediction(sample.path, np.array(sample.labels.boxes), labels, np.ones(len(labels)))


# labels


def test_names_are_in_the_order_of_indices(test_split: Samples) -> None:
    assert test_split.names == ["RBC", "WBC"]
    assert test_split.index == {"RBC": 0, "WBC": 1}
    assert test_split.names_of("label") == ["RBC", "WBC"]
    with pytest.raises(motherlode.BadInput, match=r"no control 'lable': name one of label \(RBC, WBC\)"):
        test_split.names_of("lable")


@pytest.mark.parametrize("names", [["RBC", "WBC"], {0: "RBC", 1: "WBC"}, np.array(["RBC", "WBC"])])
def test_indices_with_the_names_of_the_model_score_a_perfect_model_as_perfect(
    test_split: Samples, run: Run, names: Any
) -> None:
    rows = [by_index(sample, test_split.index) for sample in test_split]
    metrics = run.log_predictions(test_split, rows, names=names).evaluation().metrics
    assert (metrics["AP"], metrics["fp"], metrics["fn"]) == (1.0, 0, 0)


def test_permanent_class_ids_are_taken_where_they_are_said_to_be_ids(test_split: Samples, run: Run) -> None:
    rows = [Prediction(s.path, s.labels.boxes, s.labels.class_ids, [1.0] * len(s.labels)) for s in test_split]
    assert run.log_predictions(test_split, rows, ids="class").evaluation().metrics["AP"] == pytest.approx(1.0)


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (0, {}, "the label 0 is a number.*names=model.names"),
    (1, {}, "the label 1 is a number"),
    (2, {"names": ["RBC", "WBC"]}, "the label 2 is not an index of names=, which are 0 RBC, 1 WBC"),
    (-1, {"names": ["RBC", "WBC"]}, "the label -1 is not an index"),
    (0, {"names": ["cat", "WBC"]}, "the label 0, by names= 'cat', is not a class of cells@v1; it has RBC, WBC"),
    ("cat", {}, "'cat' is not a class of cells@v1; it has RBC, WBC"),
    (0, {"ids": "class"}, "the label 0 is not a class id of cells@v1: it has 1 RBC, 2 WBC"),
]


@pytest.mark.parametrize(("label", "said", "message"), WRONG)
def test_a_label_that_means_nothing_sure_is_refused_by_its_path_before_anything_is_sent(
    test_split: Samples, run: Run, label: Any, said: dict[str, Any], message: str
) -> None:
    path = test_split[1].path
    rows = [Prediction(test_split[0].path), Prediction(path, [[1, 1, 9, 9]], [label], [0.5])]
    with pytest.raises(motherlode.BadPrediction, match=f"{path}: {message}"):
        run.log_predictions(test_split, rows, **said)
    assert not PredictionSet.objects.exists()


def test_names_and_ids_at_once_are_refused(test_split: Samples, run: Run) -> None:
    for said, message in (
        ({"names": ["RBC"], "ids": "class"}, "not both"),
        ({"ids": "index"}, "ids='class'"),
        ({"names": "RBC"}, "names= is 'RBC'"),
        ({"names": {"0": "RBC"}}, "texts by index"),
        ({"scores": [[1.0]]}, "give either"),
    ):
        with pytest.raises(motherlode.BadInput, match=message):
            run.log_predictions(test_split, [], **said)


@pytest.fixture
def digits(lode: Lode, machine: Path) -> Samples:
    """Forty handwritten digits as class images; the classes' names look like numbers."""
    scans = load_digits()
    for number in range(40):
        place = machine / "digits" / "test" / str(scans.target[number]) / f"{number:02}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        scan = picture_of(scans.images[number])
        place.write_bytes(scan)
    lode("import", "digits", "--dataset", "digits", "--format", "folders")
    lode("publish", "digits", "-m", "first")
    return motherlode.load("digits@v1", split="test", client=lode.connect())


def picture_of(scan: Any) -> bytes:
    """An 8 x 8 scan of 0..16 as a PNG."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray((scan * 15.9).astype(np.uint8)).resize((32, 32)).save(out, "PNG")
    return out.getvalue()


def test_a_perfect_classifier_of_digits_is_perfect_by_index_by_array_and_by_matrix(digits: Samples, run: Run) -> None:
    truth = np.array([digits.index[str(sample.labels.label)] for sample in digits])
    assert digits.names == [str(number) for number in range(10)]
    shares = np.full((len(digits), 10), 0.01)
    shares[np.arange(len(digits)), truth] = 0.91
    ways: dict[str, Any] = {
        "labels": {"predictions": [Prediction(s.path, label=y) for s, y in zip(digits, truth, strict=True)]},
        "arrays": {"predictions": [Prediction(s.path, probabilities=p) for s, p in zip(digits, shares, strict=True)]},
        "matrix": {"scores": shares},
        "lists": {"scores": shares.tolist()},
    }
    for way, given in ways.items():
        found = run.log_predictions(digits, names=digits.names, model=way, **given).evaluation()
        assert found.metrics["accuracy"] == 1.0, way


def test_a_version_of_classes_is_written_as_class_folders_and_as_nothing_else(
    digits: Samples, lode: Lode, machine: Path
) -> None:
    assert "40 classes of whole images were not written" in lode("convert", "digits@v1", "out", "--to", "yolo", fails=1)
    report = lode("convert", "digits@v1", "out", "--to", "folders")
    assert (report["images"], report["regions"], report["problems"]) == (40, 40, [])
    written = {path.name: path.parent.name for path in (machine / "out").rglob("*.png")}
    assert written == {sample.file.name: sample.labels.label for sample in digits}


def test_a_matrix_that_does_not_fit_is_refused_in_words(digits: Samples, run: Run) -> None:
    first = digits[0].path
    shares = np.full((len(digits), 10), 0.1)
    for scores, names, message in (
        (shares, None, "scores= needs names="),
        (shares[:3], digits.names, "3 rows for 40 samples"),
        (shares[:, :9], digits.names, f"{first}: 9 probabilities, but names= has 10"),
        (shares - 1, digits.names, f"{first}: probabilities must be finite and not negative"),
        (shares[:, 0], digits.names, f"{first}: its row of scores="),
        (0.5, digits.names, "not a matrix"),
    ):
        with pytest.raises(motherlode.BadInput, match=message):
            run.log_predictions(digits, scores=scores, names=names)
    with pytest.raises(motherlode.BadPrediction, match=f"{first}: probabilities without labels need names="):
        run.log_predictions(digits, [Prediction(first, probabilities=shares[0])])


TWO_CONTROLS = """
<View>
  <Image name="image" value="$image"/>
  <Choices name="quality" toName="image" choice="single"><Choice value="sharp"/><Choice value="blurred"/></Choices>
  <RectangleLabels name="cell" toName="image"><Label value="WBC"/><Label value="RBC"/></RectangleLabels>
</View>
"""


def test_of_several_controls_one_is_named(lode: Lode, folder: Path) -> None:
    client = lode.connect()
    client.post("projects/blood/schemas", {"name": "cells", "config": TWO_CONTROLS})
    lode("import", str(folder), "--dataset", "cells", "--format", "voc")
    lode("publish", "cells", "-m", "first")
    test = motherlode.load("cells@v1", split="test", client=client)
    with pytest.raises(motherlode.BadInput, match=r"several controls: name one of quality \(sharp, blurred\); cell"):
        _ = test.names
    assert test.names_of("cell") == ["WBC", "RBC"]
    names = test.names_of("cell")
    rows = [by_index(sample, {name: number for number, name in enumerate(names)}) for sample in test]
    run = motherlode.run("r", client=client)
    metrics = run.log_predictions(test, rows, names=names, control="cell").evaluation().metrics
    assert (metrics["fp"], metrics["fn"]) == (0, 0)
    wrong = [Prediction(test[0].path, [[1, 1, 9, 9]], ["sharp"], [1])]
    with pytest.raises(motherlode.BadPrediction, match="'sharp' is not a class of cells@v1; it has WBC, RBC"):
        run.log_predictions(test, wrong, control="cell")


# parts of a split


def test_a_part_of_a_split_is_sent_as_that_part(test_split: Samples, run: Run) -> None:
    part = test_split[:1]
    sent = run.log_predictions(part, [by_index(part[0], part.index)], names=part.names)
    assert sent.evaluation().coverage == motherlode.Coverage(predicted=1, meant=1, split=2)
    assert "1 of 2 items" in repr(sent.evaluation())
    none = run.log_predictions(part, []).evaluation()
    assert none.coverage == motherlode.Coverage(predicted=0, meant=1, split=2)


def test_what_a_sampler_padded_counts_once_and_only_where_it_is_alike(test_split: Samples, run: Run) -> None:
    rows = [by_index(sample, test_split.index) for sample in test_split]
    sent = run.log_predictions(test_split, [*rows, rows[0]], names=test_split.names)
    assert (sent.items, sent.evaluation().coverage.predicted) == (2, 2)
    with pytest.raises(motherlode.BadPrediction, match=f"{rows[0].path}: predicted twice, and not alike"):
        run.log_predictions(test_split, [*rows, Prediction(rows[0].path)], names=test_split.names)


# what came of it


@pytest.fixture
def two_runs(test_split: Samples, lode: Lode) -> tuple[Run, Run]:
    """A run that misses a white cell, and a later one that finds all."""
    client = lode.connect()
    with motherlode.run("first", uses=[test_split], client=client) as first:
        first.log_predictions(test_split, predict(test_split), model="a").wait()
    with motherlode.run("second", uses=[test_split], client=client) as second:
        rows = [by_index(sample, test_split.index) for sample in test_split]
        second.log_predictions(test_split, rows, names=test_split.names, model="b").wait()
    return first, second


def test_two_runs_are_compared_at_a_score_that_is_said(two_runs: tuple[Run, Run], lode: Lode) -> None:
    first, second = two_runs
    found = second.compare(first)
    assert (found.fixed, found.regressed, found.unchanged, found.ok) == (1, 0, 0, 3)
    assert (found.before_threshold, found.after_threshold, found.split) == (0.9, 1.0, "test")
    assert found.before_version == found.after_version == "cells@v1"
    before, after = found.metrics["AP50"]
    assert before == pytest.approx(0.75, abs=0.01) and after == pytest.approx(1.0)
    strict = second.compare(first, threshold=0.95)
    assert (strict.before_threshold, strict.after_threshold, strict.fixed) == (0.95, 0.95, 4)
    assert first.compare(second).regressed == 1
    said = lode.says("compare", "first", "second", "--threshold", "0.95")
    assert "second (cells@v1) against first (cells@v1), test" in said
    assert "At score 0.95 before, 0.95 after:" in said and "fixed 4, regressed 0" in said
    assert lode("compare", "first", "second")["after_threshold"] == 1.0
    assert "needs --version" in lode("compare", "first", "second", "--before-version", "cells@v1", fails=1)


def test_one_run_is_compared_with_itself_on_two_truths(two_runs: tuple[Run, Run], lode: Lode, folder: Path) -> None:
    first, second = two_runs
    sent = second.evaluations()[0]
    red = Region("a", "box", 1, "RBC", (10.0, 5, 30, 25))
    (folder / "voc" / "006.xml").write_bytes(voc.write_xml("006.png", 64, 48, [red]))
    lode("import", str(folder), "--dataset", "cells", "--format", "voc")
    lode("publish", "cells", "-m", "one cell less")
    [row] = lode.connect().get(f"runs/{second.id}")["prediction_sets"]
    again = motherlode.Sent.of(lode.connect(), row["uuid"])
    assert again.evaluation().version == "cells@v1"
    assert again.evaluate("cells@v2").metrics["fp"] == 1
    assert again.evaluate("cells@v2").id == again.evaluations()[0].id  # made once
    assert [(found.version, found.metrics["fp"]) for found in again.evaluations()] == [("cells@v2", 1), ("cells@v1", 0)]
    found = second.compare(second, version="cells@v2", before_version="cells@v1")
    assert (found.before_version, found.after_version) == ("cells@v1", "cells@v2")
    assert sent.id == found.before
    listed = lode.says("evaluations", "second")
    assert "cells@v2" in listed and "cells@v1" in listed and "2 of 2 items" in listed


def test_the_command_line_says_how_many_failures_there_are(two_runs: tuple[Run, Run], lode: Lode) -> None:
    [evaluation] = two_runs[0].evaluations()
    assert "1 of 1 failure at score 0." in lode.says("failures", str(evaluation.id))
    few = lode.says("failures", str(evaluation.id), "--threshold", "0.95", "--limit", "2")
    assert "2 of 4 failures at score 0.95; --limit 4 lists all." in few
    assert len(lode("failures", str(evaluation.id), "--threshold", "0.95")) == 4
    assert "No failures of this kind at score 0." in lode.says("failures", str(evaluation.id), "--kind", "duplicate")


def test_a_part_says_on_the_command_line_that_it_is_one(test_split: Samples, run: Run, lode: Lode) -> None:
    run.log_predictions(test_split[:1], []).wait()
    assert "1 of 2 items, 0 of them predicted" in lode.says("evaluations", "baseline")


# numbers


class Switch(httpx.BaseTransport):
    """The network to the application, while it is on."""

    def __init__(self) -> None:
        self.inner = httpx.WSGITransport(app=application)
        self.on = True
        self.seen: list[httpx.Request] = []
        self.refused = 0
        self.back_after = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self.on:
            self.refused += 1
            self.back_after -= 1
            self.on = self.back_after == 0
            raise httpx.ConnectError("Connection refused")
        self.seen.append(request)
        return self.inner.handle_request(request)

    def sent(self, ending: str) -> int:
        return sum(request.url.path.endswith(ending) for request in self.seen)


@pytest.fixture
def network() -> Switch:
    return Switch()


@pytest.fixture
def far(sdk: Sdk, erin: User, network: Switch) -> Client:
    """A client whose network can be switched off."""
    return sdk(erin, project="blood", transport=network)


def kept() -> list[tuple[str, int, float | None, str]]:
    return list(Metric.objects.order_by("pk").values_list("key", "step", "value", "flag"))


def test_numbers_of_many_steps_go_in_one_request_and_keep_their_steps(far: Client, network: Switch) -> None:
    with motherlode.run("r", client=far) as run:
        for step in range(200):
            run.log_metrics({"loss": np.float32(0.5), "acc": step / 4}, step=step)
        assert network.sent("/metrics") <= 1
    assert network.sent("/metrics") <= 2
    assert kept()[:2] == [("loss", 0, 0.5, ""), ("acc", 0, 0.0, "")]
    assert (len(kept()), kept()[-1]) == (400, ("acc", 199, 49.75, ""))


def test_a_step_of_more_numbers_than_a_request_takes_is_kept_whole(far: Client, network: Switch) -> None:
    with motherlode.run("r", client=far) as run:
        run.log_metrics({f"{'layer' * 30}-{number}": number for number in range(12_000)}, step=7)
    assert set(Metric.objects.values_list("step", flat=True)) == {7}
    assert Metric.objects.count() == 12_000
    assert network.sent("/metrics") >= 3


def test_nan_and_infinities_are_kept_as_what_they_are(far: Client) -> None:
    with motherlode.run("diverges", client=far) as run:
        run.log_metrics({"loss": math.nan, "up": math.inf, "down": -math.inf, "fine": 1}, step=3)
    assert kept() == [("loss", 3, None, "nan"), ("up", 3, None, "inf"), ("down", 3, None, "-inf"), ("fine", 3, 1.0, "")]
    shown = {row["key"]: (row["value"], row["flag"]) for row in far.get(f"runs/{run.id}")["metrics"]}
    assert shown["loss"] == (None, "nan") and shown["fine"] == (1.0, "")


def test_what_is_no_number_is_left_out_and_said_once(far: Client, caplog: pytest.LogCaptureFixture) -> None:
    with motherlode.run("r", client=far) as run:
        for step in range(3):
            run.log_metrics({"loss": "low", "acc": 1, "\ud800": 2, "": 3, "k" * 300: 4}, step=step)
        run.log_metrics({"late": 1}, step="last")  # type: ignore[arg-type]
        run.log_metrics(None)  # type: ignore[arg-type]
    assert [row[:2] for row in kept()] == [("acc", 0), ("acc", 1), ("acc", 2), ("late", 0)]
    said = [record.getMessage() for record in caplog.records if record.name == "motherlode"]
    assert len(said) == 6
    assert said[0] == "the metric 'loss' is 'low', not a number; it is left out"


def test_a_server_that_is_away_for_a_while_loses_no_number_and_stops_nothing(
    far: Client, network: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    with motherlode.run("r", client=far) as run:
        network.on = False
        steps = 0
        while network.refused < 2:  # two tries to send, a second apart
            run.log_metrics({"loss": steps}, step=steps)
            steps += 1
            time.sleep(0.02)
        run.log_params({"late": 1})
        network.on = True
    assert [row[:3] for row in kept()] == [("loss", step, float(step)) for step in range(steps)]
    said = [record.getMessage() for record in caplog.records if record.name == "motherlode"]
    assert [text.split(" (")[0] for text in said][:1] == ["metrics are kept until the server answers; training goes on"]
    assert len(said) == 2 and said[1].startswith("params late were not kept")


def test_predictions_wait_for_a_server_that_comes_back_and_say_when_it_does_not(
    test_split: Samples, far: Client, network: Switch
) -> None:
    run = motherlode.run("r", client=far)
    rows = [by_index(sample, test_split.index) for sample in test_split]
    network.on, network.back_after = False, 20
    assert run.log_predictions(test_split, rows, names=test_split.names).items == 2
    network.on, network.back_after = False, 10**6
    with pytest.raises(motherlode.Unreachable, match="cannot be reached"):
        run.log_predictions(test_split, rows, names=test_split.names)


def test_a_server_that_stays_away_leaves_the_numbers_in_a_file_which_the_same_run_sends_later(
    far: Client, network: Switch, machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "motherlode"), motherlode.run("r", client=far) as run:
        network.on = False
        for step in range(3):
            run.log_metrics({"loss": step}, step=step)
    [spool] = (machine / "cache" / "unsent").iterdir()
    assert f"the metrics of 3 steps did not reach the server; they are kept in {spool}" in caplog.text
    assert "was not logged" in caplog.text  # that the run has ended
    assert len(spool.read_text().splitlines()) == 3
    network.on = True
    with motherlode.run("r", client=far, uuid=run.id):
        pass
    assert [row[1] for row in kept()] == [0, 1, 2]
    assert not spool.exists()
    assert far.get(f"runs/{run.id}")["state"] == "finished"


def test_the_users_own_error_is_never_masked(far: Client, network: Switch) -> None:
    with pytest.raises(ValueError, match="own"), motherlode.run("r", client=far) as run:
        run.log_metrics({"loss": 1})
        network.on = False
        raise ValueError("own")


def test_numbers_that_may_have_arrived_are_kept_once(far: Client) -> None:
    run = motherlode.run("r", client=far)
    steps = [{"step": 1, "at": 1_700_000_000.25, "metrics": {"loss": 1.0}}]
    address = f"runs/{run.id}/metrics"
    assert far.post(address, {"steps": steps})["logged"] == 1
    more = [*steps, {"step": 1, "at": 1_700_000_001.5, "metrics": {"loss": 1.0}}]
    assert far.post(address, {"steps": more, "again": True})["logged"] == 1
    for wrong in ({"loss": "low"}, {"loss": None}):
        with pytest.raises(motherlode.Refused, match="no number"):
            far.post(address, {"metrics": wrong})


def begun(client: Client, name: str) -> str:
    """A run that another process began; its uuid."""
    return str(client.post("projects/blood/runs", {"name": name})["uuid"])


# parameters, tags, files; one run in many processes


def test_parameters_tags_and_files_are_added_as_the_run_goes_on(
    far: Client, machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (machine / "model.bin").write_bytes(b"weights")
    with motherlode.run("r", params={"lr": 0.1}, client=far) as run:
        run.log_params({"epochs": np.int64(3)})
        run.log_param("lr", 0.2)
        run.set_tags({"kind": "baseline"})
        run.log_artifact(machine / "model.bin")
        run.log_artifact("nowhere.bin")
    row = far.get(f"runs/{run.id}")
    assert row["params"] == {"lr": 0.2, "epochs": 3}
    assert row["tags"]["kind"] == "baseline"
    artifact = row["tags"]["artifact.model.bin"]
    assert artifact.startswith("sha256:") and artifact.endswith(" 7 bytes")
    assert "nowhere.bin was not logged: No such file" in caplog.text


def test_a_run_pickles_as_its_server_and_uuid(far: Client, monkeypatch: pytest.MonkeyPatch, machine: Path) -> None:
    monkeypatch.setenv("MOTHERLODE_URL", far.url)
    monkeypatch.setenv("MOTHERLODE_TOKEN", "token")
    with motherlode.run("r", client=far) as run:
        run.log_metrics({"loss": 1})
        data = pickle.dumps(run)
    assert len(data) < 1000
    again = pickle.loads(data)  # noqa: S301 - our own
    assert (again.id, again.name, again.url) == (run.id, "r", run.url)


def test_a_run_passes_itself_on_to_children_while_it_lasts(far: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOTHERLODE_RUN", raising=False)
    with motherlode.run("first", client=far) as first:
        assert os.environ["MOTHERLODE_RUN"] == str(first.id)
        with motherlode.run("trial", client=far) as trial:  # of this process: a run of its own
            assert trial.id != first.id
    assert "MOTHERLODE_RUN" not in os.environ


def test_a_process_that_was_given_a_run_goes_on_with_it_and_does_not_end_it(
    far: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Run.of(far, begun(far, "first"))
    monkeypatch.setenv("MOTHERLODE_RUN", str(first.id))
    with motherlode.run("evaluate", client=far) as joined:
        assert joined.id == first.id
    assert "goes on with the run 'first'" in caplog.text
    assert far.get(f"runs/{first.id}")["state"] == "running"
    monkeypatch.setenv("MOTHERLODE_RUN", "not-a-uuid")
    with pytest.raises(motherlode.BadInput, match="is not a uuid"):
        motherlode.run("evaluate", client=far)


def test_ranks_that_log_a_split_again_say_which_time_it_is(
    test_split: Samples, far: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    run = motherlode.run("ddp", client=far)
    first = run.log_predictions(test_split, predict(test_split)[:1])
    assert run.log_predictions(test_split, predict(test_split)[:1]).id == first.id
    with pytest.raises(motherlode.BadInput, match="log these with another model= or step="):
        run.log_predictions(test_split, predict(test_split)[1:])
    assert run.log_predictions(test_split, predict(test_split)[1:], step=1).id != first.id
    monkeypatch.setenv("RANK", "2")
    with pytest.raises(motherlode.BadInput, match="rank 2 of 2: set WORLD_SIZE"):
        run.log_predictions(test_split, predict(test_split)[1:], step=2)


def test_torch_distributed_is_asked_where_it_is_initialised(far: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, get_rank=lambda: 3, get_world_size=lambda: 8
    )
    monkeypatch.setitem(sys.modules, "torch.distributed", torch)
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(motherlode.NotConfigured, match="rank 3 does not know"):
        motherlode.run("ddp", client=far)


def test_only_the_first_rank_starts_and_ends_a_run(far: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid = begun(far, "ddp")
    monkeypatch.setenv("MOTHERLODE_RUN", uuid)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with motherlode.run("ddp", client=far) as second:
        second.log_metrics({"loss": 1})
        second.finish()
    assert str(second.id) == uuid
    assert far.get(f"runs/{uuid}")["state"] == "running" and kept() == []
    monkeypatch.delenv("MOTHERLODE_RUN")
    with pytest.raises(motherlode.NotConfigured, match="rank 1 does not know the run of rank 0"):
        motherlode.run("ddp", client=far)


def test_an_active_mlflow_run_gets_each_split_our_address_and_files_and_ours_keeps_its_id(
    lode: Lode, cells: dict[str, Any], machine: Path
) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{machine / 'mlflow.db'}")
    experiment = mlflow.create_experiment("cells", artifact_location=str(machine / "artifacts"))
    (machine / "model.bin").write_bytes(b"weights")
    client = lode.connect()
    uses = [motherlode.load("cells@v1", split=split, client=client) for split in ("train", "test")]
    with mlflow.start_run(experiment_id=experiment) as theirs, motherlode.run("both", uses=uses, client=client) as run:
        run.log_artifact("model.bin")
    found = mlflow.get_run(theirs.info.run_id)
    assert found.inputs is not None
    used = {row.dataset.name: row for row in found.inputs.dataset_inputs}
    assert set(used) == {"cells@v1/train", "cells@v1/test"}
    assert {row.dataset.digest for row in used.values()} == {cells["digest"].partition(":")[2][:32]}
    assert json.loads(used["cells@v1/test"].dataset.profile or "")["items"] == 2
    context = {name: {tag.key: tag.value for tag in row.tags}["mlflow.data.context"] for name, row in used.items()}
    assert context == {"cells@v1/train": "training", "cells@v1/test": "test"}
    with pytest.raises(mlflow.MlflowException, match="motherlode"):  # and no login page, taken for the data
        mlflow.data.get_source(used["cells@v1/test"].dataset)
    assert found.data.tags["motherlode.run"] == run.url
    assert [file.name for file in (machine / "artifacts").rglob("model.bin")] == ["model.bin"]
    assert client.get(f"runs/{run.id}")["tracker_id"] == theirs.info.run_id
