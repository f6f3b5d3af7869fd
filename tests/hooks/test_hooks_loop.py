"""The loop closed: a run's failures labelled, published, run again, and reported without flattery."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from lode_annotation.models import LabelSet
from lode_hooks.evaluations import evaluate, rescore
from lode_hooks.evaluations.metrics.shares import difference, wilson
from lode_hooks.mining import report as reports
from lode_hooks.mining import report_words, rounds
from lode_hooks.mining.report import loop_report
from lode_hooks.mining.request import MiningRequest
from lode_hooks.models import Evaluation
from lode_platform.callers import Caller
from lode_platform.models import User
from motherlode.regions import Region

TRAIN = [f"train-{n:02d}.png" for n in range(10)]
POOL = [f"pool-{n:02d}.png" for n in range(6)]
TEST = [f"test-{n:02d}.png" for n in range(8)]


def truth(path: str) -> list[Region]:
    return [Region(f"{path}-1", "box", 1, geometry=(10, 10, 50, 50))]


def line(path: str, label: str = "RBC", score: float = 0.9) -> dict[str, Any]:
    return {"path": path, "boxes": [[10, 10, 50, 50]], "labels": [label], "scores": [score]}


def empty(path: str) -> dict[str, Any]:
    return {"path": path, "boxes": [], "labels": [], "scores": []}


@pytest.fixture
def looped(world: Callable[..., Any], erin: User) -> Any:
    """A first run that fails on half of train and test, and a round mined from it."""
    here = world()
    here.add(TRAIN, split="train")
    here.add(TEST, split="test")
    here.add(POOL, split="train")
    here.label({path: truth(path) for path in TRAIN + TEST})
    here.v1 = here.publish()
    here.first = here.run("first")
    sets = (
        ([empty(p) if n < 5 else line(p) for n, p in enumerate(TRAIN)], "train", True),
        ([line(p, "WBC", 0.5 + n / 20) for n, p in enumerate(POOL)], "pool", False),
        ([empty(p) if n < 4 else line(p) for n, p in enumerate(TEST)], "test", False),
    )
    for lines, split, out_of_fold in sets:
        sent = here.predict(here.first, here.v1, lines, split=split, out_of_fold=out_of_fold)
        rescore.finish(sent, here.user)
    jobs()
    asked = MiningRequest(here.first, {"failures": 1.0, "uncertain": 1.0}, 8, 0.25, seed=1)
    here.round = rounds.create_round(asked, Caller(erin), queue="hard")
    return here


def jobs() -> None:
    from lode_platform.jobs import run_pending

    run_pending()


def label_all(api: Any, user: User, queue: Any, keep: bool = False) -> int:
    """Every task of the queue, answered as an annotator's browser does: the truth, drawn a little differently, or with
    `keep` sent back as it came where there is one."""
    caller, done = api(user), 0
    answer = caller.post(f"queues/{queue.uuid}/next", {"holding": []})
    while answer.status_code == 200:
        task = answer.json()["task"]
        value = {"x": 5, "y": 5, "width": 20.5, "height": 20, "rotation": 0, "rectanglelabels": ["RBC"]}
        media = answer.json()["media"]
        control = answer.json()["config"]["controls"][0]
        region = {
            "id": str(uuid4()),
            "type": "rectanglelabels",
            "from_name": control["name"],
            "to_name": control["to_name"],
            "original_width": media["width"],
            "original_height": media["height"],
            "value": value,
        }
        start = answer.json().get("start")
        body = {"result": start if keep and start else [region], "operation_id": str(uuid4()), "lead_time": 1.0}
        sent = caller.post(f"tasks/{task['id']}/submit", body)
        assert sent.status_code == 200, sent.content
        done += 1
        answer = caller.post(f"queues/{queue.uuid}/next", {"holding": []})
    return done


def second_run(here: Any, version: Any, *, right_on_test: bool = True, right_on_train: bool = True) -> Any:
    """A second run on the new version; its jobs also score the first run on the new truth."""
    second = here.run("second")
    lines = [line(p) if right_on_train else empty(p) for p in [*TRAIN, *labelled_pool(here)]]
    for rows, split, out_of_fold in (
        (lines, "train", True),
        ([line(p) if right_on_test or n >= 4 else empty(p) for n, p in enumerate(TEST)], "test", False),
    ):
        rescore.finish(here.predict(second, version, rows, split=split, out_of_fold=out_of_fold), here.user)
    jobs()
    return second


def labelled_pool(here: Any) -> list[str]:
    rows = LabelSet.objects.filter(item__path__in=POOL, current=True)
    return sorted(rows.values_list("item__path", flat=True))


def test_the_report_says_what_is_missing_next(looped: Any, api: Any, bob: User) -> None:
    report = loop_report(looped.round)
    assert report.waiting_for == "labels"
    assert report.sentence.startswith("Whether mining beats randomly chosen labels is not known yet. 8 items wait")
    assert report.caveats == [], "nothing is said of a later run or of numbers that are not there"
    assert [(each.prediction_set.split, count) for each, count in report.sources] == [("train", 5)]
    assert (report.arms["mined"].chosen, report.arms["control"].chosen, report.failures) == (6, 2, 5)
    assert label_all(api, bob, looped.round.queue) == 8
    report = loop_report(looped.round)
    assert report.waiting_for == "version"
    assert sum(arm.labelled for arm in report.arms.values()) == 8
    assert sum(arm.changed for arm in report.arms.values()) == 8
    looped.publish("after the round")
    report = loop_report(looped.round)
    assert report.waiting_for == "run"
    assert str(report.version) == "cells@v2"
    assert sum(arm.in_version for arm in report.arms.values()) == 8


def test_a_better_run_is_said_to_be_better_with_its_interval(looped: Any, api: Any, bob: User) -> None:
    label_all(api, bob, looped.round.queue)
    v2 = looped.publish()
    second_run(looped, v2)
    report = loop_report(looped.round)
    assert report.waiting_for == ""
    assert report.run is not None and report.run.name == "second"
    # both runs on the same truth: the first one was scored anew on v2
    assert report.evaluation_before is not None and report.evaluation_after is not None
    assert report.evaluation_before.version_id == report.evaluation_after.version_id == v2.pk
    ap50 = next(number for number in report.numbers if number.name == "AP50")
    assert ap50.other is not None and ap50.difference_low is not None
    assert ap50.value > ap50.other and ap50.difference_low > 0
    assert report.comparison is not None
    assert (report.comparison.fixed, report.comparison.regressed) == (4, 0)
    mined = report.arms["mined"]
    assert mined.of > 0 and mined.fixed == mined.of and mined.rate == 1.0
    assert mined.low is not None and 0.3 < mined.low < 1.0
    assert "rose from" in report.sentence and "cells@v2" in report.sentence
    assert (report.outcome, report.arms["control"].rate) == ("not_shown", 1.0)  # both arms are all right now
    assert report.sentence.startswith("Nothing shows that mining beat randomly chosen labels: of the objects that were")
    told = api(looped.user).get(f"mining/{looped.round.uuid}/report").json()
    assert told["outcome"] == "not_shown" and told["beyond_control"]["low"] < 0 < told["beyond_control"]["high"]
    assert told["threshold_after"] == report.evaluation_after.threshold
    assert told["coverage_after"] == {"predicted": 8, "meant": 8, "split": 8}


def test_a_run_that_is_no_better_is_not_said_to_be(looped: Any, api: Any, bob: User) -> None:
    label_all(api, bob, looped.round.queue)
    second_run(looped, looped.publish(), right_on_test=False, right_on_train=False)
    report = loop_report(looped.round)
    assert report.comparison is not None and report.comparison.fixed == 0
    assert "chance could do" in report.sentence
    assert report.arms["mined"].fixed == 0 and report.arms["mined"].unchanged == report.arms["mined"].of


def test_mined_items_count_only_by_predictions_that_had_not_seen_them(looped: Any, api: Any, bob: User) -> None:
    """Without out-of-fold predictions of the later run nothing is followed, however well it does on its own train."""
    label_all(api, bob, looped.round.queue)
    v2 = looped.publish()
    second = looped.run("second")
    seen = [line(p) for p in [*TRAIN, *labelled_pool(looped)]]
    rescore.finish(looped.predict(second, v2, seen, split="train", out_of_fold=False), looped.user)
    rescore.finish(looped.predict(second, v2, [line(p) for p in TEST]), looped.user)
    jobs()
    report = loop_report(looped.round)
    assert report.arms["mined"].of == 0 and report.arms["mined"].rate is None
    assert any("out-of-fold" in caveat for caveat in report.caveats)


def test_other_settings_and_later_minings_do_not_hide_the_report(looped: Any, api: Any, bob: User) -> None:
    label_all(api, bob, looped.round.queue)
    v2 = looped.publish()
    second = second_run(looped, v2)
    said = loop_report(looped.round).sentence
    test = second.prediction_sets.get(split="test")
    evaluate.request_evaluation(test, looped.user, settings={"ignore_difficult": True})
    looped.predict(looped.run("mines only"), v2, [], split="pool")
    jobs()
    report = loop_report(looped.round)
    assert report.waiting_for == "" and report.sentence == said
    assert report.evaluation_before is not None and report.evaluation_after is not None
    assert report.evaluation_before.settings == report.evaluation_after.settings == {"ignore_difficult": False}
    shown = api(looped.user).get(f"runs/{looped.first.uuid}/compare/{second.uuid}").json()
    assert shown["after"] == str(report.evaluation_after.uuid)


def test_a_test_split_that_grew_between_the_runs_is_said(looped: Any, api: Any, bob: User) -> None:
    label_all(api, bob, looped.round.queue)
    looped.add(["test-90.png"], split="test")
    looped.label({"test-90.png": truth("test-90.png")})
    second_run(looped, looped.publish())
    report = loop_report(looped.round)
    assert any("predicted on 8 images of the split, the later on 9" in caveat for caveat in report.caveats)
    assert all(number.difference_low is None for number in report.numbers)


def test_corrected_labels_are_told_apart_from_a_better_model(looped: Any, api: Any, bob: User) -> None:
    """Test labels corrected by hand between the runs move the first run's number too: that is label effect."""
    label_all(api, bob, looped.round.queue)
    looped.label({TEST[0]: []})  # there was nothing on it: the first run was right to say nothing
    v2 = looped.publish()
    second_run(looped, v2)
    report = loop_report(looped.round)
    effect = next(row for row in report.label_effect if row.name == "AP50")
    assert effect.after > effect.before
    assert report.evaluation_before is not None
    assert effect.after == report.evaluation_before.metrics["AP50"]
    number = next(number for number in report.numbers if number.name == "AP50")
    assert number.other == effect.after


def test_finishing_predictions_scores_the_first_run_on_the_same_truth(looped: Any, api: Any, bob: User) -> None:
    label_all(api, bob, looped.round.queue)
    v2 = looped.publish()
    second_run(looped, v2)
    scored = Evaluation.objects.filter(prediction_set__run=looped.first, version=v2, state="ready")
    assert sorted(scored.values_list("prediction_set__split", flat=True)) == ["pool", "test", "train"]


def test_an_answer_that_changes_nothing_is_in_the_version_too(looped: Any, api: Any, bob: User) -> None:
    looped.label({path: [Region(f"{path}-1", "box", 1, geometry=(10, 10, 51, 50))] for path in TRAIN})
    v2 = looped.publish()
    label_all(api, bob, looped.round.queue, keep=True)
    looped.label({TEST[7]: []})
    looped.publish()
    report = loop_report(looped.round)
    assert str(report.version) == "cells@v3" and v2.number == 2  # v2 came before the answers
    assert sum(arm.in_version for arm in report.arms.values()) == 8


def test_wilson_intervals() -> None:
    assert wilson(0, 0) == (None, None)
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert wilson(0, 5)[0] == 0.0 and wilson(5, 5)[1] == 1.0


def test_the_difference_of_two_shares_is_never_surer_than_either_interval() -> None:
    # Newcombe 1998, table II (a): 56 of 70 against 48 of 80
    alone = difference([(1, 1)] * 56 + [(0, 1)] * 14, [(1, 1)] * 48 + [(0, 1)] * 32)
    assert alone is not None and alone.difference == pytest.approx(0.2)
    assert alone.low == pytest.approx(0.0524, abs=0.006) and alone.low <= 0.0525
    assert alone.high == pytest.approx(0.3339, abs=0.02) and alone.high >= 0.3338
    # the same objects in a few items that stand or fall together say less
    together = difference([(7, 7)] * 8 + [(0, 7)] * 2, [(8, 8)] * 6 + [(0, 8)] * 4)
    assert together is not None and together.low < 0 < 0.4 < together.high
    few = difference([(1, 1)], [(0, 1)])
    assert few is not None and few.low < 0, "one item each shows nothing"
    assert difference([], [(1, 2)]) is None and difference([(1, 2)], [(0, 0)]) is None


def test_mining_that_beats_the_control_is_said_to(looped: Any) -> None:
    """By the outcomes of the arms alone: everything right in many mined items, nothing in as many of the control."""
    beyond = difference([(2, 2)] * 20, [(0, 2)] * 20)
    assert beyond is not None and reports._outcome(beyond) == "mining"
    assert reports._outcome(difference([(0, 2)] * 20, [(2, 2)] * 20)) == "control"
    report = replace(loop_report(looped.round), beyond_control=beyond, outcome="mining", waiting_for="")
    assert report_words.sentence(report).startswith("Mining beat randomly chosen labels: ")


def test_a_round_without_a_control_says_that_it_cannot_tell(looped: Any, api: Any, bob: User) -> None:
    looped.round.mined_items.filter(arm="control").delete()
    label_all(api, bob, looped.round.queue)
    second_run(looped, looped.publish())
    report = loop_report(looped.round)
    assert report.outcome == "" and report.beyond_control is None
    assert report.sentence.startswith(
        "Whether mining beats randomly chosen labels cannot be said: the round has no control"
    )
