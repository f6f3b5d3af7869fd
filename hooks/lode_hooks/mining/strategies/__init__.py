"""Mining strategies: each one a file with a function from columns to scored items, and a line in this registry.

A strategy is a pure function of `Candidates` and a seed, without a query or a file: an array of scores, higher first,
with the reason for each item. It imports nothing of Django.
To add one, write `strategies/<name>.py` with a `Strategy` and name it in `STRATEGIES`.
"""

from lode_hooks.mining.strategies import failures, random, uncertain
from lode_hooks.mining.strategies.columns import (
    CandidateIndex,
    Candidates,
    FailureNumber,
    FailureRows,
    Ranking,
    Strategy,
)

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy for strategy in (failures.STRATEGY, uncertain.STRATEGY, random.STRATEGY)
}

__all__ = ["STRATEGIES", "CandidateIndex", "Candidates", "FailureNumber", "FailureRows", "Ranking", "Strategy"]
