"""An evaluator is one file and one line of the registry: that of docs/extending.md works from predictions to pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.written_out import with_points, written_out

from lode_hooks.evaluations import evaluators, summary
from lode_hooks.failures import browse
from lode_hooks.failures.filters import FailureFilter
from lode_platform.errors import BadInput
from motherlode.naming import Naming
from motherlode.predictions import Prediction
from motherlode.regions import Region


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that is written out and the line, with the kind of region that it evaluates."""
    with_points(monkeypatch)
    monkeypatch.setitem(evaluators.EVALUATORS, "points", written_out("Points in images").EVALUATOR)


def test_its_predictions_are_evaluated_opened_and_shown(
    toy: None, world: Callable[..., Any], client: Client, alice: Any
) -> None:
    here = world(["RBC", "WBC"], "points")
    here.add(["a.png", "b.png"])
    truth = [(20.0, 20.0), (120.0, 120.0), (70.0, 30.0)]
    here.label({"a.png": [Region(f"r{n}", "point", 1, geometry=at) for n, at in enumerate(truth)], "b.png": []})
    points = [[21.0, 20.0], [19.0, 19.0], [120.0, 145.0], [70.0, 32.0], [5.0, 190.0]]
    names, scores = ["RBC", "RBC", "RBC", "WBC", "RBC"], [0.9, 0.8, 0.7, 0.6, 0.5]
    told: Any = {"points": points}  # as the SDK takes and sends it
    line = Naming("cells@v1", {1: "RBC", 2: "WBC"}).line(Prediction("a.png", labels=names, scores=scores, **told))
    sent = here.predict(here.run(), here.publish(), [line], task="points")
    found = here.evaluate(sent)
    assert (found.metrics["tp"], found.metrics["fp"], found.metrics["fn"]) == (1, 4, 2)
    kinds = {"duplicate": 1, "bad_location": 1, "wrong_class": 1, "false_alarm": 1, "missed": 0, "explained": 2}
    assert summary.counts(found, 0.0).kinds == kinds
    for kind, number in kinds.items():
        assert browse.count(found, FailureFilter.parse({"kind": kind, "threshold": "0"})) == number
    client.force_login(alice)
    run = client.get(f"/p/{here.project.name}/runs/{found.prediction_set.run.uuid}/").content.decode()
    assert "nearness .5" in run
    shown = client.get(f"/p/{here.project.name}/failures/?evaluation={found.uuid}&threshold=0").content.decode()
    assert "nearness" in shown
    listed = client.get(f"/api/v1/evaluations/{found.uuid}/failures?threshold=0").json()
    assert listed["count"] == 4
    missed = next(row for row in listed["results"] if row["kind"] == "wrong_class")
    assert missed["truth_place"] == {"kind": "point", "geometry": [70.0, 30.0]}
    near: Any = {"path": "a.png", "points": [[8.0, 190.0]], "labels": ["RBC"], "scores": [0.5]}
    again = here.evaluate(here.predict(here.run(), found.version, [near], task="points"))
    assert again.occurrences.get(kind="false_alarm").failure in {
        each.failure for each in found.occurrences.filter(kind="false_alarm")
    }, "a false alarm is known again by the evaluator's own measure"


def test_what_it_cannot_read_is_refused_by_its_line(toy: None, world: Callable[..., Any]) -> None:
    here = world(task="points")
    here.add(["a.png"])
    here.label({"a.png": []})
    line = {"path": "a.png", "points": [[1, 2, 3]], "labels": ["RBC"], "scores": [1]}
    with pytest.raises(BadInput, match="Line 1 has a point that is not two finite numbers"):
        here.predict(here.run(), here.publish(), [line], task="points")
