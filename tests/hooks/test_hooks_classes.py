"""Classes of whole images, with scikit-learn as the oracle."""

import numpy as np
import pytest

from lode_hooks.evaluations.metrics.classes import NOTHING, evaluate_classes

pytestmark = pytest.mark.once


@pytest.mark.parametrize("seed", range(20))
def test_scores_equal_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    truth = rng.choice([2, 5, 9, 11], 80, p=[0.5, 0.3, 0.15, 0.05])
    predicted = np.where(rng.random(80) < 0.6, truth, rng.choice([2, 5, 9, 30], 80))
    result = evaluate_classes(truth, predicted)
    assert result.confusion.tolist() == metrics.confusion_matrix(truth, predicted).tolist()
    expected = metrics.precision_recall_fscore_support(truth, predicted, zero_division=0)
    mine = [(row.precision, row.recall, row.f1, row.support) for row in result.per_class()]
    assert np.array(mine) == pytest.approx(np.array(expected).T, abs=1e-12)
    numbers = result.metrics()
    assert numbers["accuracy"] == metrics.accuracy_score(truth, predicted)
    assert numbers["macro_f1"] == pytest.approx(metrics.f1_score(truth, predicted, average="macro", zero_division=0))
    assert numbers["correct"] + numbers["wrong"] == 80


def test_an_item_without_a_prediction_is_wrong_and_no_class_of_its_own() -> None:
    result = evaluate_classes(np.array([1, 1, 2]), np.array([1, NOTHING, 2]))
    assert result.classes.tolist() == [1, 2]
    assert result.metrics()["accuracy"] == pytest.approx(2 / 3)
    assert [row.recall for row in result.per_class()] == [0.5, 1.0]
    assert result.silent.tolist() == [1, 0]


def test_nothing_to_evaluate_is_zero() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert evaluate_classes(none, none).metrics()["accuracy"] == 0.0
