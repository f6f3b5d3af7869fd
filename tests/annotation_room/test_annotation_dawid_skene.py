"""The model of Dawid and Skene: the example of its paper, people who are not equally right, and the consensus by it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lode_annotation import comparisons
from lode_annotation.agreement.dawid_skene import NONE, Estimate, Smoothing, estimate
from lode_annotation.consensus import Known, Undecided
from lode_annotation.consensus.dawid_skene import DawidSkene
from lode_annotation.models import ConfusionEstimate, LabelSet, Queue, Task
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from motherlode.controls import Control
from motherlode.labeling_config import build
from motherlode.regions import Region

# Table 1 of the paper: 45 patients, seen by five anaesthetists, by the first of them three times.
PATIENTS = (
    "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 "
    "1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 "
    "1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 "
    "2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222 "
)
OBSERVERS = "1112345"


def patients() -> list[tuple[int, str, int]]:
    rows = ((at, zip(OBSERVERS, row, strict=True)) for at, row in enumerate(PATIENTS.split()))
    return [(at, observer, int(said)) for at, row in rows for observer, said in row]


def test_the_example_of_the_paper_gives_its_estimates() -> None:
    found = estimate(patients(), (1, 2, 3, 4), NONE)
    assert found.prior == pytest.approx((0.40, 0.42, 0.11, 0.07), abs=0.005)
    first = np.array(found.confusion["1"])
    wanted = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert first == pytest.approx(np.array(wanted), abs=0.005)
    chances = found.chances(
        [(observer, int(said)) for observer, said in zip(OBSERVERS, PATIENTS.split()[2], strict=True)]
    )
    assert max(chances, key=lambda class_id: chances[class_id]) == 2 and chances[2] > 0.9


def test_one_round_by_hand() -> None:
    """Two things; ann says 1 and 2, bob 1 and 1. All is as likely at first, so that of thing b both classes are: then
    ann says 1 of a 1 in 1 of 1.5 cases, and 2 of a 2 always."""
    said = [("a", "ann", 1), ("a", "bob", 1), ("b", "ann", 2), ("b", "bob", 1)]
    smoothing = Smoothing(1.0, 0.75)
    found = estimate(said, (1, 2), smoothing)
    by_hand = np.array([[1.0, 0.0], [0.5, 0.5]])
    for _round in range(200):
        prior = (by_hand.sum(axis=0) + 1) / (by_hand.sum() + 2)
        ann = np.array([[by_hand[0, k], by_hand[1, k]] for k in (0, 1)]) + [[0.75, 0.25], [0.25, 0.75]]
        bob = np.array([[by_hand[0, k] + by_hand[1, k], 0.0] for k in (0, 1)]) + [[0.75, 0.25], [0.25, 0.75]]
        ann, bob = (rows / rows.sum(axis=1, keepdims=True) for rows in (ann, bob))
        by_hand = np.array([prior * ann[:, 0] * bob[:, 0], prior * ann[:, 1] * bob[:, 0]])
        by_hand /= by_hand.sum(axis=1, keepdims=True)
    assert found.prior == pytest.approx(prior, abs=2e-6)
    assert np.array(found.confusion["ann"]) == pytest.approx(ann, abs=2e-6)
    assert found.chances([("ann", 2), ("bob", 1)])[2] == pytest.approx(by_hand[1, 1], abs=1e-5)


def test_it_beats_the_majority_where_people_are_not_equally_right() -> None:
    random = np.random.default_rng(3)
    truth = random.integers(1, 4, 300)
    right = {"good": 0.95, "fair": 0.8, "bad": 0.4, "worse": 0.4, "worst": 0.4}
    said = []
    for person, share in right.items():
        wrong = (truth + random.integers(1, 3, len(truth)) - 1) % 3 + 1
        answers = np.where(random.random(len(truth)) < share, truth, wrong)
        said += [(at, person, int(one)) for at, one in enumerate(answers)]
    found = estimate(said, (1, 2, 3))
    for person, share in right.items():
        assert np.diag(np.array(found.confusion[person])).mean() == pytest.approx(share, abs=0.1)
    by_thing: dict[int, list[tuple[str, int]]] = {}
    for at, person, one in said:
        by_thing.setdefault(at, []).append((person, one))
    best = [max(chances := found.chances(row), key=lambda one: chances[one]) for row in by_thing.values()]
    majority = [Counter(one for _person, one in row).most_common(1)[0][0] for row in by_thing.values()]
    assert (np.array(best) == truth).mean() > (np.array(majority) == truth).mean() + 0.03


def test_the_same_answers_in_any_order_give_the_same_estimate_which_its_digest_names() -> None:
    rows = patients()
    found = estimate(rows, (1, 2, 3, 4))
    assert estimate(rows[::-1], (1, 2, 3, 4)) == found
    again = Estimate.from_json(found.as_json())
    assert again == found and again.digest == found.digest
    assert estimate(rows[:-1], (1, 2, 3, 4)).digest != found.digest
    assert estimate([], (1, 2)).prior == (0.5, 0.5)


QUALITY = Control(name="choice", kind="choice", to_name="image", class_ids={"good": 1, "bad": 2}, single=True)


def voice(class_id: int) -> list[Region]:
    named = {1: "good", 2: "bad"}
    return [Region(f"r{class_id}", "choice", class_id, named[class_id], None, control="choice")] if class_id else []


def test_the_rule_weighs_people_by_what_is_estimated_of_them() -> None:
    sure, guess = ((0.98, 0.01, 0.01), (0.01, 0.98, 0.01), (0.01, 0.01, 0.98)), ((0.34, 0.33, 0.33),) * 3
    known = Estimate((0, 1, 2), (0.02, 0.49, 0.49), {"ann": sure, "bob": guess, "cas": guess})
    rule, voices = DawidSkene(), [voice(2), voice(1), voice(1)]
    merged = rule.merge(QUALITY, voices, Known(people=["ann", "bob", "cas"], estimates={"choice": known}))
    assert [region.class_id for region in merged.regions] == [2]
    assert [(vote["by"], vote["kept"], vote["estimate"]) for vote in merged.votes] == [
        ([1, 2], False, known.digest),
        ([0], True, known.digest),
    ]
    assert merged.votes[1]["chance"] > 0.9 and sum(vote["chance"] for vote in merged.votes) <= 1


def test_before_an_estimate_the_majority_has_it_and_a_tie_is_undecided() -> None:
    rule = DawidSkene()
    merged = rule.merge(QUALITY, [voice(1), voice(2), voice(1)], Known())
    assert [region.class_id for region in merged.regions] == [1] and "estimate" not in merged.votes[0]
    assert rule.merge(QUALITY, [voice(0), voice(0), voice(1)], Known()).regions == []
    for tied in ([voice(1), voice(2)], [voice(0), voice(1)]):
        with pytest.raises(Undecided):
            rule.merge(QUALITY, tied, Known())


@pytest.mark.django_db
def test_a_queue_learns_who_is_right_and_a_label_set_says_by_what(
    api: Callable[..., Any],
    client_for: Callable[..., Any],
    project: Project,
    alice: User,
    bob: User,
    erin: User,
    rita: User,
    make_queue: Callable[..., Queue],
    says: Callable[..., Any],
    run_jobs: Callable[[], int],
) -> None:
    schema = create_schema(project, Caller(alice), name="quality", config=build(["good", "bad"], "classes"))
    queue = make_queue(9, schema=schema, overlap=3, consensus="dawid_skene")

    def choice(word: str) -> list[dict[str, Any]]:
        entry = {"id": word, "from_name": "choice", "to_name": "image", "type": "choices"}
        return [{**entry, "value": {"choices": [word]}}]

    # alice and bob always agree; erin always says the other one
    for number in range(8):
        word, other = ("good", "bad") if number % 2 else ("bad", "good")
        says(bob, queue, choice(word))
        says(alice, queue, choice(word))
        says(erin, queue, choice(other))
    comparisons.begin(project, alice)
    run_jobs()
    row = ConfusionEstimate.objects.get()
    assert (row.control, row.tasks) == ("choice", 8)
    classes = row.parameters["classes"]
    good = classes.index(schema_class(schema, "good"))
    assert row.parameters["confusion"]["bob"][good][good] > 0.8 > 0.4 > row.parameters["confusion"]["erin"][good][good]
    says(bob, queue, choice("good"))
    says(alice, queue, choice("good"))
    says(erin, queue, choice("bad"))
    task = Task.objects.get(queue=queue, number=9)
    votes = LabelSet.objects.get(item=task.item).votes
    assert votes and votes["consensus"] == "dawid_skene"
    kept = next(vote for vote in votes["votes"] if vote["kept"])
    assert kept["estimate"] == row.digest and kept["chance"] > 0.95
    got = api(rita).get(f"queues/{queue.uuid}/estimates")
    assert got.status_code == 200 and got.json()[0]["digest"] == row.digest
    assert api(bob).get(f"queues/{queue.uuid}/estimates").status_code == 403
    assert "chance 0.9" in client_for(rita).get(f"/p/{project.name}/tasks/{task.uuid}/").content.decode()
    comparisons.begin(project, alice)
    run_jobs()
    assert ConfusionEstimate.objects.count() == 2
    Task.objects.filter(number=9).update(to_compare=True)
    comparisons.begin(project, alice)
    run_jobs()
    assert ConfusionEstimate.objects.count() == 2, "the same answers give no new one"


def schema_class(schema: Any, name: str) -> int:
    return int(schema.classes.get(name=name).class_id)
