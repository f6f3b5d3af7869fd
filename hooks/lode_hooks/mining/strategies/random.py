"""Items by lot: what the other strategies are measured against."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_lazy as _

from lode_hooks.mining.strategies.columns import Candidates, Ranking, Reason, Strategy


def rank(candidates: Candidates, seed: int) -> Ranking:
    """A uniform order drawn from the seed."""
    score = np.random.default_rng(seed).permutation(candidates.count) + 1.0

    def reason(item: int) -> Reason:
        return {"strategy": "random", "text": "drawn at random"}

    return Ranking(
        score=score / max(candidates.count, 1), failure=np.full(candidates.count, -1, dtype=np.int64), reason=reason
    )


STRATEGY = Strategy("random", _("Random"), _("Items by lot."), rank)
