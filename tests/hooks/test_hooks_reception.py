"""What prediction sets take in: parts of a split, parts of several senders, and what labels are."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from lode_hooks.evaluations import predictions
from lode_hooks.models import PredictionSet
from lode_platform.models import User
from motherlode.regions import Region

pytestmark = pytest.mark.django_db


@pytest.fixture
def cells(world: Callable[..., Any]) -> Any:
    """Four test images with a cell each, published as cells@v1."""
    here = world()
    here.add(["a.png", "b.png", "c.png", "d.png"])
    here.label({path: [Region(path, "box", 1, geometry=(10, 10, 50, 50))] for path in here.items})
    here.version = here.publish()
    return here


def line(path: str, *, labels: tuple[Any, ...] = ("RBC",), score: float = 0.9) -> dict[str, Any]:
    """One right box an entry of ``labels``."""
    return {"path": path, "boxes": [[10, 10, 50, 50]] * len(labels), "labels": labels, "scores": [score] * len(labels)}


def absent(path: str) -> dict[str, Any]:
    return {"path": path, "predicted": False}


def begin(caller: Any, **more: Any) -> str:
    """A prediction set on the test split; answers its address."""
    run = caller.post("projects/blood/runs", {"uuid": str(uuid4()), "name": "baseline"}).json()
    made = caller.post(f"runs/{run['uuid']}/predictions", {"version": "cells@v1", "split": "test", **more})
    assert made.status_code == 201, made.content
    return f"predictions/{made.json()['uuid']}"


def send(caller: Any, address: str, part: int, *lines: dict[str, Any]) -> Any:
    body = "\n".join(json.dumps(row) for row in lines)
    return caller.client.put(f"/api/v1/{address}/parts/{part}", body, content_type="application/x-ndjson")


def the_set(address: str) -> PredictionSet:
    found = PredictionSet.objects.select_related("version").get(uuid=UUID(address.removeprefix("predictions/")))
    return found


def test_a_part_of_a_split_keeps_the_items_that_are_meant(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller, partial=True)
    send(caller, address, 0, line("b.png"), absent("c.png"))
    done = caller.post(f"{address}/finish", {"parts": 1}).json()
    coverage = {"predicted": 1, "meant": 2, "split": 4}
    assert (done["coverage"], done["evaluation"]["coverage"], done["items"]) == (coverage, coverage, 1)
    uuid = {path: str(item.uuid) for path, item in cells.items.items()}
    assert predictions.scope(the_set(address)) == frozenset({uuid["b.png"], uuid["c.png"]})
    assert predictions.predicted(the_set(address)).to_list() == [uuid["b.png"]]


def test_a_set_that_is_not_partial_means_the_whole_split(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    send(caller, address, 0, line("b.png"), line("a.png", labels=()))
    done = caller.post(f"{address}/finish").json()
    assert done["coverage"] == {"predicted": 2, "meant": 4, "split": 4}
    assert predictions.scope(the_set(address)) is None


def test_items_padded_into_several_parts_count_once_where_all_say_the_same(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    send(caller, address, 0, line("a.png"), line("c.png", labels=("RBC", "WBC")))
    send(caller, address, 1, line("b.png"), line("a.png"), absent("c.png"))
    done = caller.post(f"{address}/finish", {"parts": 2}).json()
    assert (done["items"], done["predictions"]) == (3, 4)


def test_an_item_predicted_differently_in_two_parts_is_named(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    send(caller, address, 0, line("a.png"))
    send(caller, address, 1, line("b.png"), line("a.png", score=0.8))
    answer = caller.post(f"{address}/finish", {"parts": 2})
    assert (answer.status_code, answer.json()["code"], answer.json()["path"]) == (400, "item_twice", "a.png")


def test_whole_numbers_are_no_labels_unless_they_are_said_to_be_class_ids(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    for told, status in (({}, 400), ({"ids": "class"}, 200)):
        answer = send(caller, begin(caller, **told), 0, line("a.png", labels=(1,)))
        assert answer.status_code == status
        assert status == 200 or '"ids": "class"' in answer.json()["error"]
    unknown = send(caller, begin(caller, ids="class"), 0, line("a.png", labels=(0,)))
    assert "has the label 0; the schema knows RBC, WBC" in unknown.json()["error"]


def test_keys_of_probabilities_are_names_unless_they_are_said_to_be_class_ids(
    world: Callable[..., Any], api: Any, erin: User
) -> None:
    here = world(["3", "8"], task="classes")
    here.add(["x.png"])
    here.label({"x.png": [Region("x", "choice", 1)]})
    here.publish()
    caller, row = api(erin), {"path": "x.png", "probabilities": {"1": 0.9, "2": 0.1}}
    assert send(caller, begin(caller, task="classes"), 0, row).json()["code"] == "bad_prediction"
    assert send(caller, begin(caller, task="classes", ids="class"), 0, row).status_code == 200


def test_the_uuid_of_other_predictions_is_not_taken_for_them(cells: Any, api: Any, erin: User) -> None:
    caller, uuid = api(erin), str(uuid4())
    run = caller.post("projects/blood/runs", {"name": "baseline"}).json()
    cells.add(["e.png"], split="train")
    cells.label({"e.png": []})
    cells.publish()
    address, body = f"runs/{run['uuid']}/predictions", {"uuid": uuid, "version": "cells@v2"}
    assert caller.post(address, {**body, "split": "test"}).status_code == 201
    assert caller.post(address, {**body, "split": "test"}).json()["uuid"] == uuid
    other = caller.post(address, {**body, "split": "train"})
    assert (other.status_code, other.json()["code"]) == (409, "uuid_taken")


def test_ranks_send_parts_of_their_own_numbers_and_the_last_one_ends_the_set(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    send(caller, address, 0, line("a.png"))
    send(caller, address, 1, line("b.png"))
    send(caller, address, 3, line("c.png"))
    first = caller.post(f"{address}/finish", {"parts": 2, "rank": 1, "ranks": 2}).json()
    assert (first["state"], first["waiting_for"], first["evaluation"]) == ("receiving", [0], None)
    assert caller.post(f"{address}/finish", {"parts": 2, "rank": 1, "ranks": 2}).json() == first
    for wrong in ({"parts": 1, "rank": 1, "ranks": 2}, {"parts": 1, "rank": 0, "ranks": 3}):
        assert caller.post(f"{address}/finish", wrong).json()["code"] == "ranks_differ"
    assert caller.post(f"{address}/finish", {"rank": 2, "ranks": 2}).json()["code"] == "bad_rank"
    last = caller.post(f"{address}/finish", {"parts": 1, "rank": 0, "ranks": 2}).json()
    assert (last["state"], last["items"], last["waiting_for"]) == ("ready", 3, [])
    again = caller.post(f"{address}/finish", {"parts": 2, "rank": 1, "ranks": 2}).json()
    assert again["evaluation"]["uuid"] == last["evaluation"]["uuid"]


def test_a_rank_whose_part_is_not_here_ends_nothing(cells: Any, api: Any, erin: User) -> None:
    caller = api(erin)
    address = begin(caller)
    send(caller, address, 0, line("a.png"))
    answer = caller.post(f"{address}/finish", {"parts": 3, "rank": 0, "ranks": 1})
    assert (answer.status_code, answer.json()["missing"]) == (400, [1, 2])
