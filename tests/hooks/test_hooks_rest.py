"""Runs and predictions over REST: sent once or twice, right or wrong, by members and strangers."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lode_datasets.publish import publish
from lode_hooks.models import Evaluation, PredictionPart, PredictionSet, Run
from lode_platform.models import Membership, Project, Role, User
from motherlode.regions import Region


@pytest.fixture
def cells(world: Callable[..., Any]) -> Any:
    """Three test images of which two hold a cell; published as cells@v1."""
    here = world()
    here.add(["a.png", "b.png", "c.png"])
    here.label(
        {
            "a.png": [
                Region("a1", "box", 1, geometry=(10, 10, 50, 50)),
                Region("a2", "box", 2, geometry=(100, 100, 140, 140)),
            ],
            "b.png": [Region("b1", "box", 1, geometry=(20, 20, 60, 60))],
            "c.png": [],
        }
    )
    here.version = here.publish()
    return here


LINES = [
    {
        "path": "a.png",
        "boxes": [[10, 10, 50, 50], [100, 100, 140, 140]],
        "labels": ["RBC", "RBC"],
        "scores": [0.9, 0.8],
    },
    {"path": "b.png", "boxes": [], "labels": [], "scores": []},
    {"path": "c.png", "boxes": [[5, 5, 30, 30]], "labels": ["WBC"], "scores": [0.7]},
]


def send(caller: Any, address: str, part: int, lines: list[Any]) -> Any:
    body = "\n".join(json.dumps(line) for line in lines)
    return caller.client.put(f"/api/v1/{address}/parts/{part}", body, content_type="application/x-ndjson")


def begin(caller: Any, **more: Any) -> str:
    """A run and a prediction set on the test split; answers the set's address."""
    body = {"uuid": str(uuid4()), "name": "baseline", "uses": [{"version": "cells@v1", "split": "train"}]}
    run = caller.post("projects/blood/runs", body).json()
    body = {"uuid": str(uuid4()), "version": "cells@v1", "split": "test", "task": "boxes", **more}
    made = caller.post(f"runs/{run['uuid']}/predictions", body)
    assert made.status_code == 201, made.content
    return f"predictions/{made.json()['uuid']}"


def test_the_whole_way_from_run_to_failures(cells: Any, api: Any, erin: User, run_jobs: Callable[[], int]) -> None:
    caller = api(erin)
    address = begin(caller)
    assert send(caller, address, 0, LINES[:2]).json() == {"part": 0, "rows": 2}
    assert send(caller, address, 1, LINES[2:]).status_code == 200
    answer = caller.post(f"{address}/finish", {"parts": 2}).json()
    assert answer["job"]["state"] == "queued"
    assert answer["predictions"] == 3
    run_jobs()
    evaluation = caller.get(f"evaluations/{answer['evaluation']['uuid']}").json()
    assert evaluation["state"] == "ready"
    assert {name: evaluation["metrics"][name] for name in ("tp", "fp", "fn")} == {"tp": 1, "fp": 2, "fn": 2}
    failures = caller.get(f"evaluations/{evaluation['uuid']}/failures").json()
    assert failures["count"] == 3
    seen = {(row["kind"], row["path"], row["label"], row["predicted_label"]) for row in failures["results"]}
    assert seen == {
        ("wrong_class", "a.png", "WBC", "RBC"),
        ("false_alarm", "c.png", None, "WBC"),
        ("missed", "b.png", "RBC", None),
    }
    missed = caller.get(f"evaluations/{evaluation['uuid']}/failures?kind=missed&limit=1").json()
    assert missed["count"] == 1 and missed["next"] is None
    failure = missed["results"][0]
    assert (
        failure["box"] == [20, 20, 60, 60]
        and failure["region"] == "b1"
        and failure["url"].endswith(f"{failure['uuid']}/")
    )
    page = caller.get(f"failures/{failure['uuid']}").json()
    assert [dot["kind"] for dot in page["history"]] == ["missed"]


def test_a_run_keeps_its_uses_numbers_and_end(cells: Any, api: Any, erin: User) -> None:
    caller, uuid = api(erin), str(uuid4())
    uses = [{"version": "cells@v1", "split": "train", "purpose": "training"}]
    body = {"uuid": uuid, "name": "r", "params": {"lr": 0.1}, "uses": uses}
    first = caller.post("projects/blood/runs", body)
    again = caller.post("projects/blood/runs", body)
    assert first.json() == again.json()
    assert first.json()["uses"] == uses
    caller.post(f"runs/{uuid}/metrics", {"metrics": {"loss": 2.0}, "step": 1})
    assert caller.post(f"runs/{uuid}/metrics", {"metrics": {"loss": 1.0, "acc": 0.5}, "step": 2}).json() == {
        "logged": 2
    }
    for wrong, code in (("low", "bad_metric"), (10**400, "bad_value")):
        assert caller.post(f"runs/{uuid}/metrics", {"metrics": {"loss": wrong}}).json()["code"] == code
    ended = caller.patch(f"runs/{uuid}", {"state": "finished"}).json()
    assert ended["state"] == "finished" and ended["ended_at"]
    assert {m["key"]: m["value"] for m in ended["metrics"]} == {"loss": 1.0, "acc": 0.5}
    assert caller.get("runs/r").json()["uuid"] == uuid
    assert caller.patch(f"runs/{uuid}", {"state": "asleep"}).json()["code"] == "bad_state"


def test_no_number_tag_or_time_of_a_run_breaks_the_server(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    run = caller.post("projects/blood/runs", {"name": "r"}).json()["uuid"]
    odd: list[dict[str, Any]] = [
        {"metrics": {"a\0": 1}},
        {"metrics": {"\ud800": 1}},
        {"metrics": {"a": "\0"}},
        {"metrics": {"a": [1]}},
        {"steps": [{"metrics": {"a": 1}, "at": 1e300}]},
        {"steps": [{"metrics": {"a": 1}, "at": "nan"}]},
        {"steps": [{"metrics": {"a": 1}, "step": 2**70}]},
        {"steps": {"metrics": {}}},
    ]
    for body in odd:
        assert caller.post(f"runs/{run}/metrics", body).status_code == 400, body
    for tags in ({"a\0": "b"}, {"a": "\ud800"}, {"a": {"b": 1}}, ["a"]):
        assert caller.patch(f"runs/{run}", {"tags": tags}).status_code == 400, tags
    assert caller.post(f"runs/{run}/metrics", {"steps": [{"metrics": {"a" * 300: 1}}]}).status_code == 201


def test_a_version_that_is_not_published_is_used_by_no_run(cells: Any, api: Any, erin: User) -> None:
    cells.label({"c.png": [Region("c1", "box", 1, geometry=(1, 1, 9, 9))]})
    version, _job = publish(cells.dataset, erin, message="on its way")
    body = {"uuid": str(uuid4()), "name": "r", "uses": [{"version": str(version.uuid), "split": "train"}]}
    assert api(erin).post("projects/blood/runs", body).status_code == 404
    assert not Run.objects.exists()


def test_a_part_sent_again_changes_nothing_and_another_in_its_place_is_refused(
    cells: Any, api: Any, erin: User
) -> None:
    caller = api(erin)
    address = begin(caller)
    first = send(caller, address, 0, LINES[:1])
    assert send(caller, address, 0, LINES[:1]).json() == first.json()
    assert PredictionPart.objects.count() == 1
    other = send(caller, address, 0, LINES[1:2])
    assert (other.status_code, other.json()["code"]) == (409, "part_differs")
    assert caller.post(f"{address}/finish", {"parts": 2}).json()["code"] == "parts_missing"
    assert send(caller, address, 2, LINES[2:]).status_code == 200
    assert caller.post(f"{address}/finish", {}).json()["missing"] == [1]
    send(caller, address, 1, LINES[1:2])
    done = caller.post(f"{address}/finish", {"parts": 3}).json()
    assert caller.post(f"{address}/finish", {"parts": 3}).json()["evaluation"]["uuid"] == done["evaluation"]["uuid"]
    assert send(caller, address, 3, LINES[:1]).json()["code"] == "finished"
    assert Evaluation.objects.count() == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//x.example.org", "http://", "http://[x"])
def test_a_runs_tracker_is_a_page_and_nothing_that_a_click_would_run(
    link: str, cells: Any, api: Any, erin: User
) -> None:
    caller, body = api(erin), {"name": "r", "tracker": "mlflow"}
    refused = caller.post("projects/blood/runs", {**body, "tracker_url": link})
    assert refused.status_code == 400 and "tracker_url" in refused.json()["error"]
    made = caller.post("projects/blood/runs", {**body, "tracker_url": "http://mlflow:5000/#/runs/1"})
    assert made.json()["tracker_url"] == "http://mlflow:5000/#/runs/1"
    address = f"runs/{made.json()['uuid']}"
    assert caller.patch(address, {"tracker": "mlflow", "tracker_url": link}).status_code == 400


WRONG_LINES: list[tuple[dict[str, Any], str]] = [
    ({"path": "nowhere.png", "boxes": [], "labels": [], "scores": []}, "nowhere.png"),
    ({"path": "a.png", "boxes": [[0, 0, 1, 1]], "labels": [], "scores": []}, "0 labels"),
    ({"path": "a.png", "boxes": [[0, 0, 1]], "labels": ["RBC"], "scores": [1]}, "four finite numbers"),
    ({"path": "a.png", "boxes": [[0, 0, 1, 1]], "labels": ["cat"], "scores": [1]}, "'cat'"),
    ({"path": "a.png", "boxes": [[0, 0, 1, 1]], "labels": ["RBC"], "scores": ["high"]}, "score"),
    ({"path": "a.png", "boxes": [[0, 0, 1, 1]], "labels": ["RBC"], "scores": [10**400]}, "score"),
    ({"path": "a.png", "boxes": [], "labels": [], "scores": [], "frame": "first"}, "frame"),
    ({"path": "a.png", "boxes": [], "labels": [], "scores": [], "frame": -1}, "frame"),
    ({"path": "a\0.png", "boxes": [], "labels": [], "scores": []}, "not text"),
    ({"path": "\ud800.png", "boxes": [], "labels": [], "scores": []}, "not text"),
    ({"path": "a.png", "boxes": None}, "needs boxes"),
    ({"boxes": []}, "path"),
]


def test_a_wrong_line_is_named_and_nothing_of_its_part_is_kept(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    for line, words in WRONG_LINES:
        answer = send(caller, address, 0, [LINES[1], line])
        assert answer.status_code == 400
        assert "Line 2" in answer.json()["error"] and words in answer.json()["error"]
    assert PredictionPart.objects.count() == 0


def test_predictions_are_kept_as_they_were_sent(cells: Any, api: Any, erin: User, run_jobs: Callable[[], int]) -> None:
    """Boxes outside the picture and without area are the model's own; they count against it."""
    caller = api(erin)
    address = begin(caller)
    line = {
        "path": "a.png",
        "boxes": [[-50, -50, 900, 900], [7, 7, 7, 9]],
        "labels": ["RBC", "RBC"],
        "scores": [0.5, 2],
    }
    send(caller, address, 0, [line])
    caller.post(f"{address}/finish", {"parts": 1})
    from lode_platform.jobs import run_pending

    run_pending()
    row = Evaluation.objects.get()
    assert row.metrics["fp"] == 2
    boxes = caller.get(f"evaluations/{row.uuid}/failures?kind=false_alarm").json()["results"]
    assert sorted(match["predicted_box"] for match in boxes) == [[-50, -50, 900, 900], [7, 7, 7, 9]]


def test_classes_are_scored_and_their_probabilities_kept(
    world: Callable[..., Any], api: Any, erin: User, run_jobs: Callable[[], int]
) -> None:
    here = world(["3", "8"], task="classes")
    here.add(["x.png", "y.png", "z.png"])
    here.label({name: [Region(f"{name}-r", "choice", 1 + (name == "y.png"))] for name in ("x.png", "y.png", "z.png")})
    here.publish()
    caller = api(erin)
    address = begin(caller, task="classes")
    send(
        caller,
        address,
        0,
        [
            {"path": "x.png", "label": "3", "probabilities": {"3": 0.9, "8": 0.1}},
            {"path": "y.png", "probabilities": {"3": 0.6, "8": 0.4}},
        ],
    )
    answer = caller.post(f"{address}/finish", {"parts": 1}).json()
    run_jobs()
    evaluation = caller.get(f"evaluations/{answer['evaluation']['uuid']}").json()
    assert evaluation["metrics"]["accuracy"] == pytest.approx(1 / 3)
    rows = caller.get(f"evaluations/{evaluation['uuid']}/failures").json()["results"]
    assert {(row["kind"], row["path"], row["label"], row["predicted_label"], row["score"]) for row in rows} == {
        ("wrong_class", "y.png", "8", "3", 0.6),
        ("missed", "z.png", "3", None, None),
    }


ADDRESSES = [
    ("get", "projects/blood/runs"),
    ("get", "runs/{run}"),
    ("patch", "runs/{run}"),
    ("post", "runs/{run}/metrics"),
    ("post", "runs/{run}/predictions"),
    ("get", "runs/{run}/compare/{run}"),
    ("get", "runs/{run}/evaluations"),
    ("get", "predictions/{set}"),
    ("get", "predictions/{set}/evaluations"),
    ("post", "predictions/{set}/finish"),
    ("post", "predictions/{set}/evaluate"),
    ("put", "predictions/{set}/parts/0"),
    ("get", "evaluations/{evaluation}"),
    ("get", "evaluations/{evaluation}/failures"),
    ("get", "failures/{failure}"),
    ("post", "failures/{failure}/verdicts"),
    ("get", "projects/blood/mining"),
    ("post", "projects/blood/mining"),
    ("post", "projects/blood/mining/preview"),
]
WRITES = {"patch runs/{run}", "post runs/{run}/metrics", "post runs/{run}/predictions", "post predictions/{set}/finish"}


@pytest.fixture
def names(cells: Any) -> dict[str, Any]:
    run = cells.run()
    sent = cells.predict(run, cells.version, LINES)
    evaluation = cells.evaluate(sent)
    failure = evaluation.occurrences.first().failure
    return {"run": run.uuid, "set": sent.uuid, "evaluation": evaluation.uuid, "failure": failure.uuid}


def test_for_a_stranger_none_of_it_is_there(names: dict[str, Any], api: Any, charlie: User) -> None:
    caller = api(charlie)
    for method, address in ADDRESSES:
        answer = getattr(caller, method)(address.format(**names))
        assert answer.status_code == 404, (method, address)


def test_a_viewer_reads_runs_and_writes_none(names: dict[str, Any], api: Any, victor: User) -> None:
    caller = api(victor)
    assert caller.get(f"runs/{names['run']}").status_code == 200
    assert caller.get(f"evaluations/{names['evaluation']}/failures").status_code == 200
    for verb in sorted(WRITES):
        method, address = verb.split(" ")
        assert getattr(caller, method)(address.format(**names)).status_code == 403, verb


def test_a_token_of_another_project_sees_nothing(names: dict[str, Any], api: Any, alice: User) -> None:
    other = Project.objects.create(name="other", created_by=alice)
    Membership.objects.create(project=other, user=alice, role=Role.OWNER)
    assert api(alice, project=other, role=Role.OWNER).get(f"runs/{names['run']}").status_code == 404


def test_the_uuid_of_another_projects_run_is_not_taken_over(names: dict[str, Any], api: Any, charlie: User) -> None:
    other = Project.objects.create(name="other", created_by=charlie)
    Membership.objects.create(project=other, user=charlie, role=Role.OWNER)
    answer = api(charlie).post("projects/other/runs", {"uuid": str(names["run"]), "name": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (409, "uuid_taken")


def test_a_name_means_a_run_that_i_see(names: dict[str, Any], api: Any, charlie: User, erin: User) -> None:
    other = Project.objects.create(name="other", created_by=charlie)
    Membership.objects.create(project=other, user=charlie, role=Role.OWNER)
    mine = api(erin).get(f"runs/{names['run']}").json()
    newer = api(charlie).post("projects/other/runs", {"uuid": str(uuid4()), "name": mine["name"]})
    assert newer.status_code == 201
    assert api(erin).get(f"runs/{mine['name']}").json()["uuid"] == mine["uuid"]


def queries(caller: Any, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert caller.get(address).status_code == 200
    return len(caught)


def test_lists_cost_the_same_number_of_queries_whatever_their_length(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    counts = []
    for _round in range(2):
        for name in ("one", "two"):
            run = caller.post(
                "projects/blood/runs", {"name": name, "uses": [{"version": "cells@v1", "split": "train"}]}
            ).json()
            evaluation = cells.evaluate(cells.predict(Run.objects.get(uuid=run["uuid"]), cells.version, LINES))
        counts.append((queries(caller, "projects/blood/runs"), queries(caller, "projects/blood/mining")))
    assert counts[0] == counts[1]
    assert queries(caller, f"evaluations/{evaluation.uuid}/failures") <= 14


def test_failures_cost_the_same_number_of_queries_whatever_their_number(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    counts = []
    for many in (1, 40):
        line = {
            "path": "c.png",
            "boxes": [[n, n, n + 3, n + 3] for n in range(many)],
            "labels": ["RBC"] * many,
            "scores": [0.5] * many,
        }
        evaluation = cells.evaluate(cells.predict(cells.run(), cells.version, [line]))
        caller.get("me")  # whatever a token's first use in a while costs
        counts.append(queries(caller, f"evaluations/{evaluation.uuid}/failures"))
    assert counts[0] == counts[1]


def test_predictions_of_what_the_schema_does_not_ask_are_refused(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    run = caller.post("projects/blood/runs", {"uuid": str(uuid4()), "name": "r"}).json()["uuid"]
    body = {"uuid": str(uuid4()), "version": "cells@v1", "split": "test", "task": "classes"}
    refused = caller.post(f"runs/{run}/predictions", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "other_task")
    assert "has no <Choices>" in refused.json()["error"]


def test_predictions_on_a_split_that_is_not_there_are_refused(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    run = caller.post("projects/blood/runs", {"name": "r"}).json()
    answer = caller.post(f"runs/{run['uuid']}/predictions", {"version": "cells@v1", "split": "pool"})
    assert answer.json()["code"] == "no_split"
    assert PredictionSet.objects.count() == 0


def two_runs(cells: Any) -> tuple[Any, Any]:
    """Two runs on cells@v1 whose scores lie apart: surer means wrong in the first, right in the second."""
    box = {"boxes": [[10, 10, 50, 50]], "labels": ["RBC"]}
    rows = [
        [{"path": "a.png", **box, "scores": [0.3]}, {"path": "b.png", "boxes": [], "labels": [], "scores": []}],
        [{"path": "a.png", **box, "scores": [0.8]}, {"path": "b.png", **box, "scores": [0.2]}],
    ]
    first, second = (
        cells.evaluate(cells.predict(cells.run(name), cells.version, lines))
        for name, lines in zip(("one", "two"), rows, strict=True)
    )
    return first, second


def test_a_comparison_says_its_threshold_and_takes_another(cells: Any, api: Any, erin: User) -> None:
    first, second = two_runs(cells)
    caller = api(erin)
    address = f"runs/{first.prediction_set.run.uuid}/compare/{second.prediction_set.run.uuid}"
    own = caller.get(address).json()
    assert own["threshold"] is None
    assert (own["before_threshold"], own["after_threshold"]) == (first.threshold, second.threshold)
    for threshold in (0.0, 0.25, 0.5):
        asked = caller.get(f"{address}?threshold={threshold}").json()
        assert [asked[name] for name in ("threshold", "before_threshold", "after_threshold")] == [threshold] * 3
        assert {n["threshold"] for n in asked["metrics"] if n["name"] in ("F1", "precision", "recall")} == {threshold}
        for name in ("fixed", "regressed", "unchanged", "ok", "new", "persisting", "resolved"):
            query = f"threshold={threshold}&against={first.uuid}&transition={name}"
            matches = caller.get(f"evaluations/{second.uuid}/failures?{query}").json()
            assert (matches["count"], matches["threshold"]) == (asked[name], threshold)
    assert caller.get(f"{address}?threshold=0.5").json()["fixed"] == 1, "0.3 does not count in the first run"
    assert caller.get(f"{address}?threshold=0.25").json()["fixed"] == 0
    assert caller.get(f"{address}?threshold=high").json()["code"] == "bad_filter"


def test_one_run_is_compared_with_itself_on_two_truths(
    cells: Any, api: Any, erin: User, client_for: Callable[[User], Any]
) -> None:
    first, _second = two_runs(cells)
    cells.label({"a.png": [Region("a1", "box", 2, geometry=(10, 10, 50, 50))]})
    again = cells.evaluate(first.prediction_set, cells.publish())
    caller, run = api(erin), first.prediction_set.run.uuid
    found = caller.get(f"runs/{run}/compare/{run}?version=cells@v1&other_version=cells@v2").json()
    assert (found["before"], found["after"]) == (str(first.uuid), str(again.uuid))
    assert (found["before_version"], found["after_version"], found["regressed"]) == ("cells@v1", "cells@v2", 1)
    assert caller.get(f"runs/{run}/compare/{run}?other_version=cells@v2").json()["code"] == "bad_version"
    page = f"/p/blood/runs/{run}/?tab=compare&evaluation={again.uuid}&with={first.uuid}"
    shown = client_for(erin).get(page).content.decode()
    assert f'value="{first.uuid}" selected' in shown and 'data-transition="regressed"><b>1</b>' in shown


def test_the_evaluations_of_a_set_and_of_a_run_are_listed(cells: Any, api: Any, erin: User) -> None:
    first, _second = two_runs(cells)
    cells.label({"a.png": [Region("a1", "box", 2, geometry=(10, 10, 50, 50))]})
    again = cells.evaluate(first.prediction_set, cells.publish())
    for owner in (f"predictions/{first.prediction_set.uuid}", f"runs/{first.prediction_set.run.uuid}"):
        listed = api(erin).get(f"{owner}/evaluations").json()["results"]
        assert [(row["uuid"], row["version"]) for row in listed] == [
            (str(again.uuid), "cells@v2"),
            (str(first.uuid), "cells@v1"),
        ]
