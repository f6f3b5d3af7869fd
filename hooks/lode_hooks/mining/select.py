"""Choosing the items of a mining round: a random control share first, then the strategies in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Ints
from lode_hooks.mining.strategies import STRATEGIES, CandidateIndex, Candidates, FailureNumber, Ranking
from lode_hooks.mining.strategies.columns import NO_FAILURE, Reason

MINED, CONTROL = "mined", "control"


@dataclass(frozen=True)
class Chosen:
    """One chosen item: a candidate, the strategy and arm it was chosen by, the strategy's score and its words.

    `failure` is the number of the failure that caused it among the candidates' (`FailureRows`), or `NO_FAILURE`.
    """

    item: CandidateIndex
    strategy: str
    arm: str
    score: float
    failure: FailureNumber
    reason: Reason


def choose(
    candidates: Candidates, weights: Mapping[str, float], budget: int, random_share: float, seed: int = 0
) -> list[Chosen]:
    """At most `budget` items, none twice, the control arm last.

    Where the strategies have something to say of too few items, the budget is cut down to what they and the control's
    share beside them come to: a round is not filled up at random, and is empty where nothing fits. The control,
    round(budget * random_share) items, is drawn first and from all candidates, so that it is a fair sample
    of them whatever the strategies prefer. Then the strategies share the rest by their weights: the next item is
    taken by the one that is furthest behind its share. Where a strategy runs out, the others go on; no item is taken
    that no strategy has something to say of. The same arguments give the same choice. Raises ValueError for a strategy
    that is not in the registry, a share outside [0, 1], a negative weight or no weight at all.
    """
    unknown = sorted(set(weights) - set(STRATEGIES))
    if unknown:
        raise ValueError(f"no strategy named {', '.join(unknown)}; there are {', '.join(sorted(STRATEGIES))}")
    if not 0 <= random_share <= 1:
        raise ValueError("the random share lies between 0 and 1")
    if any(weight < 0 for weight in weights.values()) or not sum(weights.values()):
        raise ValueError("weights are positive numbers, at least one of them above 0")
    weights = {name: weight for name, weight in weights.items() if weight}
    rankings = {name: STRATEGIES[name].rank(candidates, seed) for name in weights}
    fitting = int(np.any([np.isfinite(ranking.score) for ranking in rankings.values()], axis=0).sum())
    budget = min(budget, candidates.count)
    if random_share < 1:
        budget = min(budget, round(fitting / (1 - random_share)))
    control_size = round(budget * random_share)
    control = _control(candidates, control_size, seed)
    taken = {chosen.item for chosen in control}
    mined = _in_turn(rankings, weights, taken, budget)
    return mined + control


def _control(candidates: Candidates, size: int, seed: int) -> list[Chosen]:
    drawn = np.random.default_rng([seed, 1]).permutation(candidates.count)[:size]
    reason: Reason = {"strategy": "random", "text": "random control"}
    return [Chosen(CandidateIndex(int(item)), "random", CONTROL, 0.0, NO_FAILURE, reason) for item in drawn]


def _in_turn(
    rankings: Mapping[str, Ranking], weights: Mapping[str, float], taken: set[CandidateIndex], budget: int
) -> list[Chosen]:
    queues = {name: iter(_best_first(ranking)) for name, ranking in rankings.items()}
    behind = {name: 0.0 for name in weights}
    mined: list[Chosen] = []
    while queues and len(taken) < budget:
        name = min(queues, key=lambda each: (behind[each], each))
        item = next((CandidateIndex(int(item)) for item in queues[name] if int(item) not in taken), None)
        if item is None:
            del queues[name]
            continue
        behind[name] += 1 / weights[name]
        taken.add(item)
        ranking = rankings[name]
        failure = FailureNumber(int(ranking.failure[item]))
        mined.append(Chosen(item, name, MINED, float(ranking.score[item]), failure, ranking.reason(item)))
    return mined


def _best_first(ranking: Ranking) -> Ints:
    order = np.argsort(-ranking.score, kind="stable")
    finite: Ints = order[np.isfinite(ranking.score[order])].astype(np.int64)
    return finite
