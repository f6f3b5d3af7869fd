"""Failures as cases: known again over runs and versions, judged at a revision of the truth."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lode_hooks import failures
from lode_hooks.failures import FailureFilter
from lode_hooks.models import Failure, Sighting, Verdict
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import User
from motherlode.regions import Region


@pytest.fixture
def cells(world: Callable[..., Any]) -> Any:
    here = world()
    here.add(["a.png", "b.png"])
    here.label(
        {
            "a.png": [Region("a1", "box", 1, box=(10, 10, 50, 50))],
            "b.png": [Region("b1", "box", 2, box=(20, 20, 60, 60))],
        }
    )
    here.version = here.publish()
    return here


def line(path: str, *boxes: tuple[Sequence[float], str, float]) -> dict[str, Any]:
    return {
        "path": path,
        "boxes": [box for box, _label, _score in boxes],
        "labels": [label for _box, label, _score in boxes],
        "scores": [score for _box, _label, score in boxes],
    }


def seen(evaluation: Any) -> dict[str, str]:
    """Kind by case."""
    rows = Sighting.objects.filter(evaluation=evaluation).order_by("row")
    return {str(uuid): kind for uuid, kind in rows.values_list("failure__uuid", "kind")}


def test_a_missed_region_is_the_same_case_in_every_run_and_version(cells: Any) -> None:
    first = cells.evaluate(cells.predict(cells.run("one"), cells.version, [line("b.png")]))
    second = cells.evaluate(
        cells.predict(cells.run("two"), cells.version, [line("b.png", ([20, 20, 60, 60], "RBC", 0.8))])
    )
    case = Failure.objects.get(region="b1")
    assert seen(first)[str(case.uuid)] == "missed"
    assert seen(second)[str(case.uuid)] == "wrong_class"
    cells.label({"a.png": [Region("a1", "box", 1, box=(10, 10, 51, 51))]})
    later = cells.publish("a moved edge")
    third = cells.evaluate(cells.predict(cells.run("three"), later, [line("b.png", ([20, 20, 60, 60], "WBC", 0.8))]))
    assert str(case.uuid) not in seen(third)
    history = failures.history(case)
    assert [(dot.run.name, str(dot.version), dot.kind) for dot in history] == [
        ("one", "cells@v1", "missed"),
        ("two", "cells@v1", "wrong_class"),
        ("three", "cells@v2", ""),
    ]


def test_a_false_alarm_is_known_again_by_class_and_overlap(cells: Any) -> None:
    boxes = [
        ("one", [100, 100, 140, 140], "RBC"),
        ("moved a little", [104, 102, 144, 142], "RBC"),
        ("elsewhere", [150, 150, 190, 190], "RBC"),
        ("other class", [100, 100, 140, 140], "WBC"),
    ]
    cases = []
    for name, box, label in boxes:
        row = cells.evaluate(cells.predict(cells.run(name), cells.version, [line("a.png", (box, label, 0.9))]))
        found = Sighting.objects.get(evaluation=row, kind="false_alarm")
        cases.append(found.failure_id)
    assert cases[0] == cases[1]
    assert len(set(cases)) == 3


def test_two_false_alarms_of_one_picture_stay_two_cases(cells: Any) -> None:
    near = [([100, 100, 140, 140], "RBC", 0.9), ([102, 100, 142, 140], "RBC", 0.8)]
    for name in ("one", "two"):
        cells.evaluate(cells.predict(cells.run(name), cells.version, [line("a.png", *near)]))
    assert Failure.objects.filter(region="").count() == 2
    assert Sighting.objects.filter(kind="false_alarm").count() == 4


def test_evaluating_again_adds_no_case_twice(cells: Any) -> None:
    sent = cells.predict(cells.run(), cells.version, [line("a.png", ([100, 100, 140, 140], "RBC", 0.9))])
    row = cells.evaluate(sent)
    before = (Failure.objects.count(), Sighting.objects.count())
    row.state = "failed"
    row.save()
    cells.evaluate(sent)
    assert (Failure.objects.count(), Sighting.objects.count()) == before


def test_a_verdict_stands_only_on_the_truth_it_was_given_at(cells: Any, rita: User) -> None:
    lines = [line("a.png", ([10, 10, 50, 50], "RBC", 0.9)), line("b.png")]
    first = cells.evaluate(cells.predict(cells.run("one"), cells.version, lines))
    case = Failure.objects.get(region="b1")
    verdict = failures.judge(case, rita, kind="label_error", note="there is no cell")
    assert verdict.label_set is not None and verdict.label_set.item.path == "b.png"
    judged = FailureFilter(verdict="label_error")
    assert failures.count(first, judged) == 1
    assert failures.cards(first, judged).cards[0].verdict == "label_error"
    assert {facet.value: facet.count for facet in failures.facets(first, FailureFilter())["verdict"]} == {
        "label_error": 1
    }
    # the label is moved, published and the old predictions scored again: nobody has judged this truth yet
    cells.label({"b.png": [Region("b1", "box", 2, box=(22, 22, 60, 60))]})
    second = cells.evaluate(first.prediction_set, cells.publish())
    assert failures.count(second, judged) == 0
    assert failures.count(second, FailureFilter(verdict="none")) == 1
    assert failures.count(first, judged) == 1


def test_verdicts_are_appended_and_may_be_withdrawn(cells: Any, rita: User) -> None:
    row = cells.evaluate(cells.predict(cells.run(), cells.version, [line("b.png")]))
    case = Failure.objects.get(region="b1")
    for kind in ("model_error", "ambiguous", "withdrawn"):
        failures.judge(case, rita, kind=kind)
    case.refresh_from_db()
    assert case.verdict == ""
    assert list(Verdict.objects.order_by("pk").values_list("kind", flat=True)) == ["model_error", "ambiguous", ""]
    assert failures.count(row, FailureFilter(verdict="none")) == failures.count(row, FailureFilter())
    with pytest.raises(BadInput):
        failures.judge(case, rita, kind="dunno")


def test_a_truth_found_below_the_threshold_is_a_case_when_it_is_looked_at(cells: Any) -> None:
    lines = [line("a.png", ([10, 10, 50, 50], "RBC", 0.3)), line("b.png", ([20, 20, 60, 60], "WBC", 0.9))]
    row = cells.evaluate(cells.predict(cells.run(), cells.version, lines))
    assert failures.count(row, FailureFilter(threshold=0.0)) == 0
    shown = failures.cards(row, FailureFilter(threshold=0.5))
    assert [card.kind for card in shown.cards] == ["missed"]
    assert shown.cards[0].failure == Failure.objects.get(region="a1").uuid
    assert shown.cards[0].predicted_box is None


def test_a_filter_says_what_is_wrong_with_it() -> None:
    for query, name in (
        ({"kind": "bad"}, "kind"),
        ({"cell": "3"}, "cell"),
        ({"min_score": "x"}, "min_score"),
        ({"transition": "fixed"}, "against"),
        ({"item": "7"}, "item"),
    ):
        with pytest.raises(BadInput) as error:
            FailureFilter.parse(query)
        assert error.value.facts["field"] == name


def test_a_filter_survives_its_address() -> None:
    query = {
        "kind": "missed",
        "cell": "3:0",
        "min_score": "0.25",
        "truth_class": "3",
        "sort": "size",
        "verdict": "none",
    }
    assert FailureFilter.parse(query).query() == query
    assert FailureFilter.parse({"nonsense": "1"}) == FailureFilter()


def test_what_changed_between_two_runs_opens_as_many_cards(cells: Any) -> None:
    from lode_hooks.compare import compare

    alarm, moved, other = [100, 100, 140, 140], [102, 101, 142, 141], [150, 20, 190, 60]
    one = cells.evaluate(
        cells.predict(
            cells.run("one"),
            cells.version,
            [
                line("a.png", ([10, 10, 50, 50], "RBC", 0.9), (alarm, "RBC", 0.9), (other, "RBC", 0.9)),
                line("b.png"),
            ],
        )
    )
    two = cells.evaluate(
        cells.predict(
            cells.run("two"),
            cells.version,
            [line("a.png", (moved, "RBC", 0.9)), line("b.png", ([20, 20, 60, 60], "WBC", 0.9))],
        )
    )
    found = compare(one, two)
    assert (found.fixed, found.regressed, found.still, found.ok) == (1, 1, 0, 0)
    assert (found.new, found.persisting, found.gone) == (0, 1, 1)
    assert found.p_value == 1.0
    for name in ("fixed", "regressed", "still", "ok", "new", "persisting", "gone"):
        chosen = FailureFilter(transition=name, against=one.uuid)
        listed = failures.cards(two, chosen)
        assert listed.count == len(listed.cards) == getattr(found, name)
    gone = failures.cards(two, FailureFilter(transition="gone", against=one.uuid)).cards[0]
    assert gone.row < 0 and gone.predicted_box == other
    assert [(row.name, row.fixed, row.regressed) for row in found.classes] == [("RBC", 0, 1), ("WBC", 1, 0)]


def test_a_picture_shows_all_that_is_in_it(cells: Any) -> None:
    lines = [line("a.png", ([10, 10, 50, 50], "RBC", 0.9), ([100, 100, 140, 140], "WBC", 0.2))]
    row = cells.evaluate(cells.predict(cells.run(), cells.version, lines))
    whole = failures.scene(row, cells.items["a.png"], threshold=0.0)
    assert [(box.state, box.class_id) for box in whole.truths] == [("tp", 1)]
    assert [(box.state, box.kind) for box in whole.predictions] == [("tp", ""), ("fp", "false_alarm")]
    assert whole.truths[0].row == whole.predictions[0].row  # the pair is one card
    assert len(failures.scene(row, cells.items["a.png"], threshold=0.5).predictions) == 1


def test_opening_for_fixing_makes_one_task_with_its_reason(cells: Any, rita: User) -> None:
    lines = [line("a.png"), line("b.png", ([20, 20, 60, 60], "RBC", 0.9))]
    row = cells.evaluate(cells.predict(cells.run(), cells.version, lines))
    wrong = failures.cards(row, FailureFilter(kind="wrong_class")).cards[0]
    task = failures.open_for_fixing(row, wrong.row, rita)
    assert task.queue.name == "Fixes" and task.item.path == "b.png"
    assert task.reason["text"] == "WBC taken for RBC"
    assert task.reason["failure"] == str(wrong.failure)
    assert [region["value"]["rectanglelabels"] for region in task.prelabels] == [["RBC"]]
    assert task.prelabels[0]["score"] == 0.9
    assert failures.open_for_fixing(row, wrong.row, rita) == task
    task.state = "submitted"
    task.save()
    with pytest.raises(Conflict):
        failures.open_for_fixing(row, wrong.row, rita)
    with pytest.raises(NotFound):
        failures.open_for_fixing(row, -1, rita)
