"""Two runs against each other: transitions, McNemar, linked false alarms, the paired bootstrap."""

import numpy as np
import pytest

from lode_hooks.evaluations.metrics.arrays import Detections, Floats, Ints, Truths, ranks_within
from lode_hooks.evaluations.metrics.average_precision import NAMES
from lode_hooks.evaluations.metrics.boxes import evaluate_boxes, score_order
from lode_hooks.evaluations.metrics.kinds import IGNORED, TP
from lode_hooks.evaluations.metrics.paired import (
    ap50_metric,
    bootstrap_difference,
    count_transitions,
    draw_weights,
    f1_metric,
    link,
    mcnemar,
    mcnemar_chi2,
    mean_metric,
    transitions,
)

pytestmark = pytest.mark.once


def test_the_textbook_mcnemar() -> None:
    chi2, p = mcnemar_chi2(121, 59)
    assert chi2 == pytest.approx(21.3556, abs=1e-4)
    assert p == pytest.approx(3.8e-6, rel=0.02)


@pytest.mark.parametrize(("fixed", "regressed"), [(0, 0), (1, 0), (25, 8), (8, 25), (40, 40), (3000, 2900)])
def test_exact_mcnemar_equals_the_binomial_test(fixed: int, regressed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(fixed, fixed + regressed).pvalue if fixed + regressed else 1.0
    assert mcnemar(fixed, regressed) == pytest.approx(expected, rel=1e-9)


def test_digits_with_spoilt_labels_against_clean_ones() -> None:
    """300 training labels redrawn at random: 25 fixed, 8 regressed, 19 still, 545 ok by cleaning them."""
    sklearn = pytest.importorskip("sklearn.datasets")
    linear = pytest.importorskip("sklearn.linear_model")
    digits = sklearn.load_digits()
    features, labels = digits.data / 16, digits.target
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    test, train = order[:597], order[597:]
    spoilt = labels[train].copy()
    chosen = rng.choice(len(train), 300, replace=False)
    spoilt[chosen] = rng.integers(0, 10, 300)

    def right(train_labels: Ints) -> Floats:
        model = linear.LogisticRegression(max_iter=500).fit(features[train], train_labels)
        return np.asarray(model.predict(features[test]) == labels[test]).astype(np.float64)

    before, after = right(spoilt), right(labels[train])
    counts = count_transitions(transitions(before > 0, after > 0))
    assert counts == {"ok": 545, "fixed": 25, "regressed": 8, "unchanged": 19}
    assert mcnemar(counts["fixed"], counts["regressed"]) == pytest.approx(0.0046, abs=5e-5)
    interval = bootstrap_difference(mean_metric(before), mean_metric(after), 597)
    assert (before.mean(), after.mean()) == pytest.approx((0.926, 0.955), abs=5e-4)
    assert (interval.low, interval.high) == pytest.approx((0.010, 0.047), abs=0.003)
    assert interval.difference == pytest.approx(after.mean() - before.mean())


def test_false_alarms_are_linked_one_to_one_by_class_and_overlap() -> None:
    here, moved = [0, 0, 10, 10], [1, 0, 11, 10]
    before = Detections.of([0, 0, 0, 1], [1, 1, 2, 1], [here, moved, here, here], [0.5] * 4)
    far, lower = [40, 40, 50, 50], [0, 0, 10, 9]
    after = Detections.of([0] * 4, [1, 1, 2, 1], [moved, here, far, lower], [0.1, 0.2, 0.3, 0.9])
    # The two exact overlaps are linked first; what is left over has no partner, another image or class is none.
    assert link(before, after).tolist() == [1, 0, -1, -1]


def test_linking_nothing_is_nothing() -> None:
    none = Detections.of([], [], [], [])
    one = Detections.of([0], [1], [[0, 0, 10, 10]], [0.5])
    assert link(none, one).tolist() == [-1]
    assert link(one, none).tolist() == []


def test_the_bootstrap_is_repeatable_and_draws_as_many_images_as_there_are() -> None:
    rng = np.random.default_rng(1)
    assert (draw_weights(rng, 7, 50).sum(axis=1) == 50).all()
    before, after = mean_metric(np.tile(np.array([0.0, 1.0]), 15)), mean_metric(np.ones(30))
    assert bootstrap_difference(before, after, 30, seed=4) == bootstrap_difference(before, after, 30, seed=4)


def test_f1_of_images_is_f1_of_their_sums() -> None:
    metric = f1_metric(np.array([3.0, 1.0]), np.array([1.0, 0.0]), np.array([0.0, 2.0]))
    assert metric(np.ones((1, 2)))[0] == pytest.approx(8 / 11)
    assert metric(np.array([[2.0, 0.0]]))[0] == pytest.approx(12 / 14)


@pytest.mark.parametrize("seed", range(10))
def test_ap50_of_weighted_images_is_cocos_on_repeated_images(seed: int) -> None:
    """An image drawn twice counts as two images; all drawn once is AP50 itself."""
    rng = np.random.default_rng(seed)
    images, n, m = 6, 25, 60

    def boxes(count: int) -> Floats:
        corner = rng.integers(0, 30, (count, 2))
        return np.hstack([corner, corner + 20]).astype(float)

    truths = Truths.of(rng.integers(0, images, n), rng.integers(1, 4, n), boxes(n))
    detections = Detections.of(rng.integers(0, images, m), rng.integers(1, 4, m), boxes(m), rng.permutation(m) / m)
    evaluation = evaluate_boxes(truths, detections)
    matches = evaluation.matches
    order = score_order(detections)
    assert (ranks_within(detections.image[order]) < 100).all()
    counted = matches.state != IGNORED
    metric = ap50_metric(
        detections.image[counted],
        detections.label[counted],
        detections.score[counted],
        matches.state[counted] == TP,
        truths.image,
        truths.label,
        images,
    )
    assert metric(np.ones((1, images)))[0] == pytest.approx(evaluation.metrics()[NAMES[1]], abs=1e-12)

    weights = rng.integers(0, 3, images)
    copies = [(image, images * copy + image) for image in range(images) for copy in range(int(weights[image]))]

    def repeated(image: Ints) -> tuple[Ints, Ints]:
        pairs = [(row, new) for old, new in copies for row in np.flatnonzero(image == old)]
        return np.array([row for row, _ in pairs], dtype=int), np.array([new for _, new in pairs], dtype=int)

    t, t_image = repeated(truths.image)
    d, d_image = repeated(detections.image)
    again = evaluate_boxes(
        Truths.of(t_image, truths.label[t], truths.box[t]),
        Detections.of(d_image, detections.label[d], detections.box[d], detections.score[d]),
    )
    expected = again.average_precision.precision[0, :, :, 0]
    known = expected[:, expected[0] > -1]
    assert metric(weights[None].astype(float))[0] == pytest.approx(known.mean(), abs=0.02)
