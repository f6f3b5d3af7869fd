"""Which items a mining round chooses, and the words it gives for each."""

from typing import Any

import numpy as np
import pytest

from lode_hooks.evaluations.metrics.arrays import Detections
from lode_hooks.evaluations.metrics.kinds import FALSE_ALARM, KINDS, MISSED, WRONG_CLASS, describe
from lode_hooks.failures.kinds import KIND_ICONS, KIND_TITLES
from lode_hooks.mining.select import CONTROL, MINED, choose
from lode_hooks.mining.strategies import STRATEGIES, Candidates, FailureRows
from lode_hooks.mining.strategies.uncertain import margin
from lode_hooks.models import FailureOccurrence
from motherlode.failure_kinds import FAILURE_KINDS

pytestmark = pytest.mark.once

NAMES = {1: "RBC", 2: "WBC"}


def failing() -> Candidates:
    """Ten items; 0 has a confident false alarm, 1 a large miss, 2 a small one, 3 an unsure wrong class."""
    return Candidates(
        count=10,
        failures=FailureRows(
            item=np.array([0, 1, 2, 3]),
            kind=np.array([FALSE_ALARM, MISSED, MISSED, WRONG_CLASS], dtype=np.int8),
            score=np.array([0.93, np.nan, np.nan, 0.3]),
            size=np.array([10.0, 80.0, 8.0, 20.0]),
            number=np.array([5, 17, 18, 9]),
            truth_class=np.array([-1, 1, 1, 1]),
            predicted_class=np.array([2, -1, -1, 2]),
        ),
        names=NAMES,
    )


def test_failures_come_worst_first_and_say_why() -> None:
    chosen = choose(failing(), {"failures": 1}, budget=10, random_share=0)
    assert [each.item for each in chosen][-1] == 2
    assert {each.item for each in chosen} == {0, 1, 2, 3}
    words = {each.item: each.reason["text"] for each in chosen}
    assert words == {
        0: "false alarm WBC (0.93)",
        1: "missed RBC",
        2: "missed RBC",
        3: "RBC predicted as WBC (0.30)",
    }
    assert {each.item: each.failure for each in chosen} == {0: 5, 1: 17, 2: 18, 3: 9}


def test_the_control_is_drawn_from_all_candidates_and_keeps_its_share() -> None:
    chosen = choose(failing(), {"failures": 1}, budget=5, random_share=0.4, seed=3)
    control = [each for each in chosen if each.arm == CONTROL]
    assert len(control) == 2
    assert len({each.item for each in chosen}) == len(chosen)
    often = np.zeros(10)
    for seed in range(400):
        for each in choose(failing(), {"failures": 1}, budget=5, random_share=0.4, seed=seed):
            often[each.item] += each.arm == CONTROL
    assert often.min() > 40 and often.max() < 120  # 80 each, whatever the strategy wants


def test_strategies_share_the_budget_by_weight() -> None:
    detections = Detections.of(np.arange(100), [1] * 100, [[0, 0, 9, 9]] * 100, np.linspace(0.5, 1, 100))
    candidates = Candidates(count=100, detections=detections)
    chosen = choose(candidates, {"uncertain": 3, "random": 1}, budget=40, random_share=0.1)
    assert sum(each.strategy == "uncertain" for each in chosen) == 27
    assert sum(each.strategy == "random" and each.arm == MINED for each in chosen) == 9
    assert sum(each.arm == CONTROL for each in chosen) == 4


def test_where_one_strategy_runs_out_the_others_go_on() -> None:
    chosen = choose(failing(), {"failures": 1, "random": 1}, budget=10, random_share=0)
    assert sum(each.strategy == "failures" for each in chosen) <= 4
    assert len(chosen) == 10


def test_the_same_seed_chooses_the_same_items() -> None:
    again = [choose(failing(), {"random": 1}, budget=4, random_share=0.5, seed=9) for _ in range(2)]
    assert [each.item for each in again[0]] == [each.item for each in again[1]]


def test_uncertain_boxes_are_those_with_a_middling_score() -> None:
    detections = Detections.of([0, 0, 1, 2], [1] * 4, [[0, 0, 9, 9]] * 4, [0.99, 0.98, 0.55, 0.1])
    ranking = STRATEGIES["uncertain"].rank(Candidates(count=4, detections=detections), 0)
    assert ranking.score.tolist() == pytest.approx([0.04, 0.9, 0.2, -np.inf])
    chosen = choose(Candidates(count=4, detections=detections), {"uncertain": 1}, budget=4, random_share=0)
    assert [each.item for each in chosen] == [1, 2, 0]  # of item 3 nothing was said
    assert chosen[0].reason["text"] == "the run was unsure of a box (uncertainty 90%)"


def test_uncertain_classes_by_margin() -> None:
    probabilities = np.array([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]])
    assert margin(probabilities).tolist() == pytest.approx([1.0, 0.15, 0.9])
    assert margin(probabilities[:, :1]).tolist() == pytest.approx([0.5, 0.1, 0.6])  # a single class: 1 - p
    candidates = Candidates(count=3, probabilities=np.vstack([probabilities[:2], [[np.nan] * 3]]))
    chosen = choose(candidates, {"uncertain": 1}, budget=3, random_share=0)
    assert [each.item for each in chosen] == [0, 1]


@pytest.mark.parametrize(
    ("weights", "share", "words"),
    [
        ({"best": 1.0}, 0.1, "no strategy named best"),
        ({"random": 1.0}, 2.0, "share"),
        ({"random": 0.0}, 0.1, "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(weights: dict[str, float], share: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        choose(failing(), weights, budget=3, random_share=share)


def test_digits_margin_beats_random_by_two_points() -> None:
    """Six rounds of 20 labels on scikit-learn's digits, ten seeds: .946 by margin, .909 at random."""
    sklearn = pytest.importorskip("sklearn.datasets")
    linear = pytest.importorskip("sklearn.linear_model")
    digits = sklearn.load_digits()
    features, labels = digits.data / 16, digits.target

    def accuracy(strategy: str, seed: int) -> float:
        order = np.random.default_rng(seed).permutation(len(labels))
        test, known, pool = order[:597], list(order[597:627]), order[627:]

        def model() -> Any:
            return linear.LogisticRegression(max_iter=300, C=5).fit(features[known], labels[known])

        for step in range(6):
            probabilities = model().predict_proba(features[pool])
            candidates = Candidates(count=len(pool), probabilities=probabilities)
            chosen = [each.item for each in choose(candidates, {strategy: 1}, 20, 0, seed=seed * 10 + step)]
            known += list(pool[chosen])
            pool = np.delete(pool, chosen)
        return float(model().score(features[test], labels[test]))

    seeds = range(3)
    by_margin = np.mean([accuracy("uncertain", seed) for seed in seeds])
    at_random = np.mean([accuracy("random", seed) for seed in seeds])
    assert by_margin - at_random >= 0.02


def test_every_kind_of_failure_has_a_title_an_icon_and_words() -> None:
    assert tuple(FailureOccurrence.Kind.values) == FAILURE_KINDS
    assert tuple(KIND_ICONS) == tuple(KIND_TITLES) == KINDS[1:]
    assert len({describe(kind, "RBC", "WBC") for kind in FAILURE_KINDS}) == len(FAILURE_KINDS)
    assert describe("explained", "RBC", "WBC") == describe("wrong_class", "RBC", "WBC")
    assert describe("explained", "RBC", "RBC") == describe("bad_location", "RBC", "RBC")
    assert (describe("", "RBC", ""), describe("", "", "WBC"), describe("", "RBC", "WBC")) == ("RBC", "WBC", "RBC")
