"""Items chosen at random: what the other strategies are measured against."""

from __future__ import annotations

import numpy as np

from lode_hooks.mining.strategies.columns import CandidateIndex, Candidates, Ranking, Reason, Strategy


def rank(candidates: Candidates, seed: int) -> Ranking:
    """A uniform order drawn from the seed."""
    score = np.random.default_rng(seed).permutation(candidates.count) + 1.0

    def reason(item: CandidateIndex) -> Reason:
        return {"strategy": "random", "text": "chosen at random"}

    return Ranking(
        score=score / max(candidates.count, 1), failure=np.full(candidates.count, -1, dtype=np.int64), reason=reason
    )


STRATEGY = Strategy(name="random", title="Random", description="Items chosen at random.", rank=rank, icon="grid-dots")
