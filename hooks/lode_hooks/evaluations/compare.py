"""Two evaluations object by object: what the second fixed and broke, by how much, and whether it could be chance."""

from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations import transitions
from lode_hooks.evaluations.headline import Number, deciding_numbers
from lode_hooks.evaluations.metrics.paired import TRANSITIONS, mcnemar
from lode_hooks.evaluations.summary import class_names, is_located, stated_threshold
from lode_hooks.models import Evaluation


@dataclass(frozen=True, slots=True)
class ClassTransitions:
    """Truths of one class by what became of them."""

    class_id: int
    name: str
    fixed: int
    regressed: int
    unchanged: int
    ok: int


@dataclass(frozen=True, slots=True)
class LabelEffect:
    """What corrected labels alone changed: the same predictions (of the first run) on the old truth and on the new."""

    name: str
    before: float
    after: float
    old: Evaluation
    new: Evaluation


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second evaluation against the first one.

    `fixed`, `regressed`, `unchanged`, `ok` part the truths that both hold; `new`, `persisting`, `resolved` the wrong
    predictions. `p_value` is McNemar's exact one for `b` = fixed against `c` = regressed. `numbers` are the second's,
    the first's beside them. `label_effect` is there where the two were made on different truths. `items_by_place` is
    how many items have truths that share no region id, so that they were joined by class and place. All of it holds at
    `threshold`, or, where that is None, at each one's own: `before_threshold` and `after_threshold` say what they are
    (None of whole-image classes, which have none).
    """

    threshold: float | None
    before_threshold: float | None
    after_threshold: float | None

    fixed: int
    regressed: int
    unchanged: int
    ok: int
    new: int
    persisting: int
    resolved: int
    p_value: float
    b: int
    c: int
    numbers: list[Number]
    classes: list[ClassTransitions]
    label_effect: list[LabelEffect]
    items_by_place: int


def compare(before: Evaluation, after: Evaluation, *, threshold: float | None = None) -> Comparison:
    """Compare at one threshold for both, or each at its own. McNemar's test needs nothing but fixed and regressed."""
    found = transitions.of(before, after, threshold)
    numbers = found.counts()
    return Comparison(
        threshold=threshold if is_located(after) else None,
        before_threshold=stated_threshold(before, threshold),
        after_threshold=stated_threshold(after, threshold),
        fixed=numbers["fixed"],
        regressed=numbers["regressed"],
        unchanged=numbers["unchanged"],
        ok=numbers["ok"],
        new=numbers["new"],
        persisting=numbers["persisting"],
        resolved=numbers["resolved"],
        p_value=mcnemar(numbers["fixed"], numbers["regressed"]),
        b=numbers["fixed"],
        c=numbers["regressed"],
        numbers=deciding_numbers(after, before, threshold=threshold),
        classes=_by_class(found, class_names(after)),
        label_effect=label_effect(before, after),
        items_by_place=found.by_place,
    )


def _by_class(found: transitions.Transitions, names: dict[int, str]) -> list[ClassTransitions]:
    rows = []
    for class_id in np.unique(found.truth_class).tolist():
        codes = np.bincount(found.codes[found.truth_class == class_id], minlength=len(TRANSITIONS)).tolist()
        counts = dict(zip(TRANSITIONS, codes, strict=True))
        rows.append(
            ClassTransitions(
                class_id=class_id,
                name=names.get(class_id, str(class_id)),
                fixed=counts["fixed"],
                regressed=counts["regressed"],
                unchanged=counts["unchanged"],
                ok=counts["ok"],
            )
        )
    return rows


def label_effect(before: Evaluation, after: Evaluation) -> list[LabelEffect]:
    """The first run's predictions on the first truth and on the second: empty where the truth is the same or has not
    been evaluated on yet."""
    if before.version_id == after.version_id:
        return []
    rescored = Evaluation.objects.filter(
        prediction_set=before.prediction_set_id,
        version=after.version_id,
        settings_digest=before.settings_digest,
        state=Evaluation.State.READY,
    ).first()
    if rescored is None:
        return []
    names = [name for name in ("AP", "AP50", "accuracy", "macro_f1") if name in before.metrics]
    return [LabelEffect(name, before.metrics[name], rescored.metrics[name], before, rescored) for name in names]
