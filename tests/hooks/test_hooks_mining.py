"""Mining rounds: from which predictions, which items, with what reason; and the guards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from lode_annotation import queues
from lode_annotation.labeling_config import controls_json, parse_config
from lode_annotation.models import Task
from lode_datasets.models import DatasetItem
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.failures.browse import rows_matching
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.mining import candidates, large, rounds
from lode_hooks.mining.candidates import gather
from lode_hooks.mining.drawn import Suggested
from lode_hooks.mining.request import MiningRequest
from lode_hooks.models import Failure, MinedItem
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.jobs import Work, run_pending
from lode_platform.models import Item, Job, User
from motherlode.regions import Region

TRAIN = [f"train-{n:02d}.png" for n in range(12)]
POOL = [f"pool-{n:02d}.png" for n in range(10)]
LATER_TEST = ["pool-90.png", "pool-91.png"]
TEST = ["test-00.png", "test-01.png"]


def truth(path: str) -> list[Region]:
    return [
        Region(f"{path}-1", "box", 1, geometry=(10, 10, 50, 50)),
        Region(f"{path}-2", "box", 2, geometry=(100, 10, 140, 50)),
    ]


def right(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "boxes": [[10, 10, 50, 50], [100, 10, 140, 50]],
        "labels": ["RBC", "WBC"],
        "scores": [0.9, 0.9],
    }


@pytest.fixture
def cells(world: Callable[..., Any]) -> Any:
    """Twelve train, two test and twelve pool images, of the pool two that will be test when they are labelled."""
    here = world()
    here.add(TRAIN, split="train")
    here.add(TEST, split="test")
    here.add(POOL, split="train")
    here.add(LATER_TEST, split="test")
    here.label({path: truth(path) for path in TRAIN + TEST})
    here.version = here.publish()
    run = here.run("baseline")
    here.baseline = run
    lines = [right(path) for path in TRAIN]
    lines[0] |= {"boxes": [[10, 10, 50, 50]], "labels": ["RBC"], "scores": [0.9]}  # the second one is missed
    lines[1] |= {"labels": ["RBC", "RBC"]}  # WBC predicted as RBC
    lines[2] |= {"labels": ["RBC", "RBC"], "scores": [0.9, 0.95]}
    here.out_of_fold = here.predict(run, here.version, lines, split="train", out_of_fold=True)
    here.evaluation = here.evaluate(here.out_of_fold)
    scores = [0.5 + n / 20 for n in range(len(POOL))]
    pool = [
        {"path": path, "boxes": [[10, 10, 50, 50]], "labels": ["RBC"], "scores": [score]}
        for path, score in zip(POOL + LATER_TEST, [*scores, 0.5, 0.5], strict=True)
    ]
    here.pool = here.predict(run, here.version, pool, split="pool")
    here.test = here.predict(run, here.version, [right(path) for path in TEST])
    return here


def request(cells: Any, **more: Any) -> MiningRequest:
    defaults: dict[str, Any] = {"strategies": {"failures": 1.0}, "budget": 10, "random": 0.0}
    return MiningRequest(run=cells.baseline, **(defaults | more))


def taken(preview: Any) -> list[str]:
    return [candidate.item.path for candidate in preview.candidates]


def test_failures_come_from_out_of_fold_train_and_say_why(cells: Any, erin: User) -> None:
    found = rounds.preview(request(cells), erin)
    assert sorted(taken(found)) == TRAIN[:3]
    words = {candidate.item.path: candidate.reason["text"] for candidate in found.candidates}
    assert words[TRAIN[0]] == "missed WBC"
    assert words[TRAIN[1]] == "WBC predicted as RBC (0.90)"
    assert all(candidate.failure for candidate in found.candidates)
    (part,) = found.strategies
    assert (part.strategy, part.taken, part.fitting, part.reason) == ("failures", 3, 3, "no more items match")


def test_the_gathered_failures_are_those_of_the_matches_row_by_row(cells: Any, erin: User) -> None:
    for filters in ({}, {"kind": "missed"}, {"threshold": "0.9"}, {"state": "fp"}):
        pool = gather(request(cells, filters=FailureFilter.parse(filters)))
        expected = []
        for source, evaluation in enumerate(pool.evaluations):
            if evaluation is None:
                continue
            rows = rows_of(evaluation)
            at = rows.at(threshold_or_own(evaluation, FailureFilter.parse(filters).threshold))
            expected += [
                (source, row)
                for row in rows_matching(evaluation, FailureFilter.parse(filters)).tolist()
                if at.failing[row] and rows.item[row] in pool.names
            ]
        assert expected and pool.origins == expected
        failures = pool.candidates.failures
        assert failures.number.tolist() == list(range(len(expected)))
        for number, (source, row) in enumerate(expected):
            evaluation = pool.evaluations[source]
            assert evaluation is not None
            assert pool.names[failures.item[number]] == rows_of(evaluation).item[row]
            assert failures.truth_class[number] == rows_of(evaluation).truth_class[row]


def test_the_pool_gives_its_uncertain_predictions_but_nothing_that_will_be_test(cells: Any, erin: User) -> None:
    found = rounds.preview(request(cells, strategies={"uncertain": 1.0}, budget=3, splits=("pool",)), erin)
    assert taken(found) == POOL[:3]
    everything = rounds.preview(request(cells, strategies={"random": 1.0}, budget=100), erin)
    assert sorted(taken(everything)) == sorted(TRAIN + POOL)


def test_test_is_refused_and_so_is_train_in_fold(cells: Any, erin: User) -> None:
    with pytest.raises(BadInput, match="test split"):
        rounds.preview(request(cells, splits=("test",)), erin)
    other = cells.run("in fold")
    cells.evaluate(cells.predict(other, cells.version, [right(path) for path in TRAIN], split="train"))
    assert [source.allowed for source in candidates.sources(other)] == [False]
    with pytest.raises(BadInput, match="out of fold"):
        rounds.preview(replace(request(cells), run=other), erin)
    assert {(source.split, source.allowed) for source in candidates.sources(cells.baseline)} == {
        ("train", True),
        ("pool", True),
        ("test", False),
    }


def test_the_round_takes_what_the_preview_showed_and_its_tasks_carry_why(cells: Any, erin: User) -> None:
    asked = request(cells, strategies={"failures": 2.0, "uncertain": 1.0}, budget=10, random=0.2, seed=5)
    shown = rounds.preview(asked, erin)
    made = rounds.create_round(asked, Caller(erin), queue="hard cells")
    tasks = list(Task.objects.filter(queue=made.queue).order_by("-priority").select_related("item"))
    assert [task.item.path for task in tasks] == taken(shown)
    assert shown.control == MinedItem.objects.filter(round=made, arm="control").count() == 2
    assert [(part.strategy, part.taken, part.reason) for part in shown.strategies] == [
        ("failures", 3, ""),
        ("uncertain", 5, ""),
    ]
    for mined in MinedItem.objects.filter(round=made, strategy="failures").select_related("task", "failure", "item"):
        assert mined.failure is not None and mined.failure.item_id == mined.item_id
        assert mined.task is not None
        reason = mined.task.reason
        assert reason["failure"] == str(mined.failure.uuid)
        assert (reason["run"], reason["round"]) == (str(cells.baseline.uuid), str(made.uuid))
        assert reason["strategy"] == "failures" and reason["text"] and len(reason["box"]) == 4
    assert all("arm" not in task.reason for task in tasks)  # who labels does not know the control


def test_prelabels_are_the_runs_suggestions(cells: Any, erin: User) -> None:
    made = rounds.create_round(
        request(cells, strategies={"failures": 1, "random": 1}, budget=22), Caller(erin), queue="all"
    )
    tasks = {task.item.path: task for task in Task.objects.filter(queue=made.queue).select_related("item")}
    wrong = tasks[TRAIN[1]].prelabels
    assert wrong[0]["meta"] == {"questioned": True}, "what is at odds with the truth is not offered to be taken"
    assert "meta" not in tasks[POOL[9]].prelabels[0]
    assert {one["model_version"] for one in wrong} == {made.run.name}
    assert [(region["value"]["rectanglelabels"], region["score"]) for region in wrong] == [(["RBC"], 0.9)]
    assert wrong[0]["original_width"] == 200 and wrong[0]["value"]["x"] == 50.0
    assert tasks[TRAIN[5]].prelabels == []  # right ones only repeat the truth
    sure = tasks[POOL[9]].prelabels
    assert [region["score"] for region in sure] == [pytest.approx(0.95)]


def test_the_pre_labels_of_a_tile_are_drawn_with_what_their_class_asks() -> None:
    label = '<Label value="face" points="nose,chin" edges="nose:chin"/>'
    control = f'<VectorLabels skeleton="true" name="pose" toName="image">{label}</VectorLabels>'
    config = f'<View><Image name="image" value="$image"/>{control}</View>'
    controls = controls_json(parse_config(config), {("pose", "face"): 1})
    corners = [{"id": name, "x": 10.0, "y": 20.0, "isBezier": False, "visibility": 2} for name in ("nose", "chin")]
    value = {"vertices": corners, "closed": False}
    entry = {"id": "f", "type": "vectorlabels", "from_name": "pose", "to_name": "image"}
    task = Task(prelabels=[{**entry, "value": {**value, "vectorlabels": ["face"]}}])
    (drawn,) = Suggested(controls).of(MinedItem(item=Item(kind="image", width=200, height=100), task=task))
    assert (drawn["kind"], drawn["layer"], drawn["label"]) == ("skeleton", "prediction", "face")
    assert drawn["asks"] == {"edges": [[0, 1]]}


def test_an_item_waits_in_one_queue_at_a_time(cells: Any, erin: User) -> None:
    rounds.create_round(request(cells), Caller(erin), queue="first")
    with pytest.raises(BadInput, match="nothing to mine"):
        rounds.create_round(request(cells), Caller(erin), queue="second")
    with pytest.raises(Conflict, match="another round"):
        rounds.create_round(request(cells, strategies={"random": 1}), Caller(erin), queue="first")


def test_a_queue_that_has_had_an_item_does_not_take_it_again(cells: Any, erin: User) -> None:
    queue = queues.create_queue(cells.project, Caller(erin), name="old", schema=cells.schema)
    queues.add_tasks(queue, Caller(erin), [queues.TaskSpec(item=cells.items[TRAIN[0]])])
    Task.objects.update(state=Task.State.DONE)
    with pytest.raises(Conflict, match="choose another name"):
        rounds.create_round(request(cells), Caller(erin), queue="old")
    assert not MinedItem.objects.exists()
    assert rounds.create_round(request(cells), Caller(erin), queue="new").mined_items.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_who_mine_at_once_do_not_ask_for_the_same_items(cells: Any, erin: User) -> None:
    start = Barrier(2)

    def mine(name: str) -> str:
        try:
            start.wait()
            rounds.create_round(request(cells), Caller(erin), queue=name)
        except (BadInput, Conflict) as error:
            return error.code
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(mine, ("one", "two")))
    assert said.count("made") == 1 and set(said) <= {"made", "items_taken", "nothing"}
    assert MinedItem.objects.count() == 3 == Task.objects.count()


def test_like_these_keeps_to_the_kind_and_the_classes(cells: Any, erin: User) -> None:
    missed = rounds.preview(request(cells, filters=FailureFilter(kind="missed")), erin)
    assert taken(missed) == TRAIN[:1]
    cell = rounds.preview(request(cells, filters=FailureFilter(cell=(2, 1))), erin)
    assert sorted(taken(cell)) == TRAIN[1:3]
    failure = Failure.objects.get(item__path=TRAIN[2])
    like = rounds.preview(request(cells, failures=[failure.uuid]), erin)
    assert sorted(taken(like)) == TRAIN[1:3]
    other_class = request(cells, strategies={"uncertain": 1}, splits=("pool",), filters=FailureFilter(truth_class=2))
    assert taken(rounds.preview(other_class, erin)) == []


def test_what_left_the_dataset_is_not_mined(cells: Any, erin: User) -> None:
    DatasetItem.objects.filter(item__path=TRAIN[0]).delete()
    cells.items[TRAIN[1]].trashed_at = cells.baseline.started_at
    cells.items[TRAIN[1]].save()
    assert taken(rounds.preview(request(cells), erin)) == TRAIN[2:3]


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"strategies": {"best": 1}}, "no strategy 'best'"),
    ({"strategies": {"failures": "much"}}, "not a number"),
    ({"strategies": {"failures": 0}}, "above 0"),
    ({"budget": 0}, "budget"),
    ({"random": 3}, "share"),
    ({"filters": {"kind": "worst"}}, "kind=worst"),
    ({"failures": ["7"]}, "not a uuid"),
    ({"strategies": -1}, "strategies is -1, not a list of names"),
    ({"strategies": True}, "strategies is True, not a list of names"),
    ({"splits": 7}, "splits is 7, not a list of names"),
    ({"failures": 5}, "failures is 5, not a list of names"),
    ({"filters": [1]}, r"filters is \[1\], not an object of filters by name"),
]


def test_a_request_that_makes_no_sense_is_named(cells: Any, erin: User) -> None:
    for body, words in NONSENSE:
        with pytest.raises(BadInput, match=words):
            MiningRequest.from_json(cells.project, Caller(erin), {"run": "baseline", **body})


def test_strategies_may_be_named_in_many_ways(cells: Any, erin: User) -> None:
    for given in ({"failures": 1, "uncertain": 2}, "failures=1,uncertain=2", ["failures", "uncertain=2"]):
        asked = MiningRequest.from_json(cells.project, Caller(erin), {"run": "baseline", "strategies": given})
        assert asked.strategies == {"failures": 1.0, "uncertain": 2.0}
        assert asked.run == cells.baseline


def test_mining_over_rest(cells: Any, api: Any, erin: User, bob: User) -> None:
    body = {"run": str(cells.baseline.uuid), "strategies": {"failures": 1}, "budget": 5, "random": 0.2, "queue": "hard"}
    caller = api(erin)
    shown = caller.post("projects/blood/mining/preview", body).json()
    assert (shown["count"], shown["control"]) == (4, 1)
    made = caller.post("projects/blood/mining", body)
    assert made.status_code == 201
    row = made.json()
    assert (row["chosen"], row["queue"]["name"]) == (4, "hard")
    assert caller.get(f"mining/{row['uuid']}").json() == row
    assert caller.get("projects/blood/mining").json()["results"] == [row]
    report = caller.get(f"mining/{row['uuid']}/report").json()
    assert report["waiting_for"] == "labels" and report["sentence"].endswith("4 items wait to be labelled.")
    assert (report["mined"]["chosen"], report["control"]["chosen"], report["failures"]) == (3, 1, 3)
    assert api(bob).post("projects/blood/mining", body).status_code == 403
    assert caller.post("projects/blood/mining", {**body, "run": "nobody"}).status_code == 404


def test_many_predictions_are_mined_by_jobs(cells: Any, api: Any, erin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"run": str(cells.baseline.uuid), "strategies": {"failures": 1}, "budget": 5, "random": 0.2, "queue": "hard"}
    caller = api(erin)
    at_once = caller.post("projects/blood/mining/preview", body).json()
    monkeypatch.setattr(large, "AT_ONCE", 10)
    asked = caller.post("projects/blood/mining/preview", body)
    again = caller.post("projects/blood/mining/preview", body).json()
    assert (asked.status_code, again["uuid"]) == (202, asked.json()["uuid"]), "one job for the same request"
    run_pending()
    found = caller.get(f"jobs/{again['uuid']}").json()
    assert all(row.pop("regions") is not None for row in found["result"]["results"])
    assert (found["state"], found["done"], found["result"]) == ("succeeded", rounds.STEPS, at_once)
    made = caller.post("projects/blood/mining", body)
    assert made.status_code == 202 and not MinedItem.objects.exists()
    run_pending()
    row = caller.get(f"mining/{made.json()['uuid']}").json()
    tasks = Task.objects.filter(queue__name="hard").order_by("-priority")
    assert [str(item) for item in tasks.values_list("item__uuid", flat=True)] == [
        each["item"] for each in at_once["results"]
    ]
    assert row["chosen"] == 4
    taken = caller.post("projects/blood/mining", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "queue_taken"), "said before a job begins"


def test_a_round_is_made_once_however_often_its_job_runs(
    cells: Any, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = large.create(request(cells), Caller(erin), queue="hard")

    def die(work: Work, name: str) -> None:
        monkeypatch.undo()
        raise OperationalError("the server has gone away")

    monkeypatch.setattr(Work, "step", die)
    run_pending()
    assert MinedItem.objects.count() == 3
    Job.objects.filter(pk=job.pk).update(run_after=None)
    run_pending()
    job.refresh_from_db()
    assert (job.state, job.result["chosen"], MinedItem.objects.count()) == ("succeeded", 3, 3)


def test_what_there_is_to_choose_from_is_asked_in_as_many_statements_for_many_items(cells: Any, erin: User) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            gather(request(cells))
        return len(asked)

    few = statements()
    more = [f"more-{n:02d}.png" for n in range(8)]
    cells.add(more, split="train")
    cells.label({path: truth(path) for path in more})
    version = cells.publish()
    lines = [{"path": path, "boxes": [], "labels": [], "scores": []} for path in TRAIN + more]
    cells.evaluate(cells.predict(cells.baseline, version, lines, split="train", out_of_fold=True))
    assert len(gather(request(cells)).names) == 8 + len(TRAIN) + len(POOL)
    assert statements() == few


def test_classes_are_mined_by_margin(world: Callable[..., Any], erin: User) -> None:
    here = world(["3", "8"], task="classes")
    here.add(["x.png", "y.png", "z.png"], split="train")
    here.label({name: [Region(f"{name}-r", "choice", 1)] for name in ("x.png", "y.png", "z.png")})
    version = here.publish()
    run = here.run()
    shares = {"x.png": 0.95, "y.png": 0.55, "z.png": 0.1}
    lines = [{"path": path, "probabilities": {"3": p, "8": 1 - p}} for path, p in shares.items()]
    here.evaluate(here.predict(run, version, lines, split="train", task="classes", out_of_fold=True))
    unsure = rounds.preview(MiningRequest(run, {"uncertain": 1}, 3, 0.0), erin)
    assert taken(unsure) == ["y.png", "z.png", "x.png"]
    failed = rounds.preview(MiningRequest(run, {"failures": 1}, 3, 0.0), erin)
    assert taken(failed) == ["z.png"]
    made = rounds.create_round(MiningRequest(run, {"failures": 1}, 3, 0.0), Caller(erin), queue="digits")
    task = Task.objects.get(queue=made.queue)
    assert task.reason["text"] == "3 predicted as 8 (0.90)"
    assert task.prelabels[0]["value"] == {"choices": ["8"]}


def test_items_that_the_run_said_nothing_of_are_not_mined(cells: Any, erin: User) -> None:
    here = TRAIN[:3]
    lines = [right(path) for path in here[:2]] + [{"path": here[2], "predicted": False}]
    run = cells.run("tried")
    cells.evaluate(cells.predict(run, cells.version, lines, split="train", out_of_fold=True, partial=True))
    asked = replace(request(cells, strategies={"failures": 1, "random": 1}, budget=30), run=run, random=0.2)
    taken = {candidate.item.path for candidate in rounds.preview(asked, erin).candidates}
    assert taken == set(here[:2])


def test_a_round_is_not_filled_up_at_random(cells: Any, erin: User) -> None:
    """Four fit at a control share of a quarter: three failures and one drawn; nothing fits: nothing is made."""
    found = rounds.preview(request(cells, budget=20, random=0.25), erin)
    assert (found.budget, found.total, found.control) == (20, 4, 1)
    none = request(cells, filters=FailureFilter(kind="duplicate"), budget=20, random=0.25)
    empty = rounds.preview(none, erin)
    assert (empty.total, empty.control) == (0, 0)
    assert [part.reason for part in empty.strategies] == ["no failure like these in train, pool"]
    with pytest.raises(BadInput, match="There is nothing to mine. failures: no failure like these"):
        rounds.create_round(none, Caller(erin), queue="none")


def test_failures_of_the_test_split_are_said_to_be_where_no_round_goes(cells: Any, erin: User, api: Any) -> None:
    said = [{"path": path, "boxes": [], "labels": [], "scores": []} for path in TEST]
    cells.evaluate(cells.predict(cells.baseline, cells.version, said))
    in_test = [failure.uuid for failure in Failure.objects.filter(item__path__in=TEST, class_id=1)]
    found = rounds.preview(request(cells, failures=in_test), erin)
    assert found.total == 0
    assert found.notes[0] == "2 chosen failures are in test, which no round uses."
    assert found.notes[1] == "Items with failures like these in train: 0."
    body = {"run": "baseline", "failures": [str(uuid) for uuid in in_test], "queue": "like these", "budget": 10}
    refused = api(erin).post("projects/blood/mining", body)
    assert refused.status_code == 400 and "which no round uses" in refused.json()["error"]
    shown = api(erin).post("projects/blood/mining/preview", body).json()
    assert shown["strategies"] == [
        {"strategy": "failures", "taken": 0, "fitting": 0, "reason": "no failure like these in train, pool"}
    ]
    like_missed = [failure.uuid for failure in Failure.objects.filter(item__path__in=TEST, class_id=2)]
    assert taken(rounds.preview(request(cells, failures=like_missed), erin)) == [TRAIN[0]], "missed WBC is in train too"


def test_a_run_on_two_datasets_is_mined_of_the_one_that_is_named(
    cells: Any, world: Callable[..., Any], erin: User
) -> None:
    other = world(name="others")
    other.add(["other-00.png"], split="train")
    other.label({"other-00.png": truth("other-00.png")})
    version = other.publish()
    other.evaluate(other.predict(cells.baseline, version, [right("other-00.png")], split="train", out_of_fold=True))
    with pytest.raises(BadInput, match="predicted on cells, others; say which"):
        rounds.preview(request(cells), erin)
    assert rounds.preview(request(cells, dataset="cells"), erin).total == 3
    assert taken(rounds.preview(request(cells, dataset="others", strategies={"random": 1}), erin)) == ["other-00.png"]
    with pytest.raises(BadInput, match="no finished predictions on 'third'"):
        rounds.preview(request(cells, dataset="third"), erin)
