"""What the tiles of a round and of its preview draw: the failure that an item was chosen for, or what the run said."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from lode_annotation.label_sets import regions_from
from lode_annotation.rules import asks_of, rules_of
from lode_hooks.evaluations import places
from lode_hooks.evaluations.evaluators.evaluator import Place
from lode_hooks.evaluations.metrics.arrays import Detections
from lode_hooks.evaluations.metrics.kinds import MISSED
from lode_hooks.evaluations.summary import rows_of
from lode_hooks.mining.candidates import CandidatePool
from lode_hooks.mining.select import Chosen
from lode_hooks.models import Evaluation, Failure, FailureOccurrence, MinedItem, MiningRound
from lode_platform.drawing import Drawn, drawn, from_bounds

MOST = 12
"""Predictions drawn on one tile: those that the run is least sure of."""


def of_chosen(pool: CandidatePool, chosen: Sequence[Chosen]) -> list[list[Drawn]]:
    """What to draw for each: the failure's truth and prediction, or the predictions that the run is least sure of."""
    failures = _failures(pool, [each for each in chosen if each.failure >= 0])
    said = _predictions(pool, [each for each in chosen if each.failure < 0])
    return [failures.get(each.failure, []) if each.failure >= 0 else said.get(each.item, []) for each in chosen]


def _failures(pool: CandidatePool, chosen: Sequence[Chosen]) -> dict[int, list[Drawn]]:
    by_source: dict[int, list[Chosen]] = defaultdict(list)
    for each in chosen:
        by_source[pool.origins[each.failure][0]].append(each)
    names = pool.candidates.names
    found: dict[int, list[Drawn]] = {}
    for number, some in by_source.items():
        evaluation = pool.evaluations[number]
        assert evaluation is not None
        rows = rows_of(evaluation)
        known = places.of_matches(evaluation, [pool.origins[each.failure][1] for each in some])
        for each in some:
            row = pool.origins[each.failure][1]
            truth, predicted = known[row]
            missed = int(pool.candidates.failures.kind[each.failure]) == MISSED
            found[each.failure] = [
                *_of(truth, "truth", names.get(int(rows.truth_class[row]), "")),
                *_of(
                    None if missed else predicted,
                    "prediction",
                    names.get(int(rows.predicted_class[row]), ""),
                    float(rows.score[row]),
                ),
            ]
    return found


def _of(place: Place | None, layer: str, label: str, score: float | None = None) -> list[Drawn]:
    return drawn(place, layer=layer, label=label, score=score) if place else []


def _predictions(pool: CandidatePool, chosen: Sequence[Chosen]) -> dict[int, list[Drawn]]:
    """By candidate; with "like these", of the classes that they speak of."""
    detections = pool.candidates.detections
    if detections is None:
        return {}
    by_source: dict[int, list[Chosen]] = defaultdict(list)
    for each in chosen:
        by_source[pool.source_of[each.item]].append(each)
    found: dict[int, list[Drawn]] = {}
    for number, some in by_source.items():
        said = places.of_predictions(pool.sources[number].prediction_set, [pool.names[each.item] for each in some])
        for each in some:
            meant = _labels(detections, each.item)
            own = [one for one in said.get(pool.names[each.item], []) if one.label in meant]
            found[each.item] = [
                region
                for one in sorted(own, key=lambda one: abs(one.score - 0.5))[:MOST]
                for region in _of(one.place, "prediction", pool.candidates.names.get(one.label, ""), one.score)
            ]
    return found


def _labels(detections: Detections, item: int) -> Collection[int]:
    return set(detections.label[detections.image == item].tolist())


def of_mined(page: Iterable[MinedItem], made: MiningRound) -> list[tuple[MinedItem, list[Drawn]]]:
    """The mined items of a page with what their tiles draw: the failure, or else what the run suggested."""
    mined = list(page)
    seen = {each.pk: _occurrence(each.failure, made) for each in mined if each.failure is not None}
    by_evaluation: dict[Evaluation, list[int]] = defaultdict(list)
    for occurrence in filter(None, seen.values()):
        by_evaluation[occurrence.evaluation].append(occurrence.row)
    known = {
        (evaluation.pk, row): place
        for evaluation, rows in by_evaluation.items()
        for row, place in places.of_matches(evaluation, rows).items()
    }
    suggested = Suggested(made.queue.schema_revision.controls if made.queue else [])
    return [
        (each, _of_failure(each, seen.get(each.pk), known) if each.failure else suggested.of(each)) for each in mined
    ]


def _occurrence(failure: Failure, made: MiningRound) -> FailureOccurrence | None:
    """The one in the round's own run; else any."""
    seen = list(failure.occurrences.all())
    of_run = [each for each in seen if each.evaluation.prediction_set.run_id == made.run_id]
    own = of_run or seen
    return next((each for each in own if each.predicted_box), own[0] if own else None)


def _of_failure(
    mined: MinedItem, occurrence: FailureOccurrence | None, known: Mapping[tuple[int, int], places.Pair]
) -> list[Drawn]:
    failure = mined.failure
    assert failure is not None
    truth, predicted = known[occurrence.evaluation_id, occurrence.row] if occurrence else (None, None)
    bounds = from_bounds(failure.box)
    regions = drawn(truth or bounds, layer="truth") if failure.region else []
    if mined.reason.get("kind") != FailureOccurrence.Kind.MISSED:
        regions += drawn(predicted or ({} if failure.region else bounds), layer="prediction")
    return regions


class Suggested:
    """The pre-labels of tasks under the controls that their queue asks, whose classes say what they are drawn with."""

    def __init__(self, controls: Sequence[Mapping[str, Any]]) -> None:
        self.rules, self.asks = rules_of(controls), asks_of(controls)

    def of(self, mined: MinedItem) -> list[Drawn]:
        said = regions_from(mined.task.prelabels if mined.task else [], mined.item.media, self.rules, [])
        return [
            one
            for region in said[:MOST]
            for one in drawn(region, layer="prediction", label=region.label, asks=self.asks.get(region.class_id))
        ]
