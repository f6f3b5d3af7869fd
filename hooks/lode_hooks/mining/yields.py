"""What a mining request yields, strategy by strategy, and in words why it is not more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lode_datasets.models import DatasetItem
from lode_hooks.evaluations.splits import POOL, TEST, TRAIN
from lode_hooks.mining.candidates import CandidatePool, sources
from lode_hooks.mining.request import MiningRequest
from lode_hooks.mining.select import CONTROL, Chosen
from lode_hooks.mining.strategies import STRATEGIES
from lode_hooks.models import Failure


@dataclass(frozen=True, slots=True)
class StrategyYield:
    """A strategy's part: items taken of those that it has something to say of; `reason` where they are too few."""

    strategy: str
    taken: int
    fitting: int
    reason: str


def strategy_yields(pool: CandidatePool, request: MiningRequest, chosen: Sequence[Chosen]) -> list[StrategyYield]:
    """The part of every strategy with a weight, in the request's order."""
    taken = Counter(each.strategy for each in chosen if each.arm != CONTROL)
    found = []
    for name in (name for name, weight in request.strategies.items() if weight):
        ranking = STRATEGIES[name].rank(pool.candidates, request.seed)
        fitting = int(np.isfinite(ranking.score).sum())
        short = len(chosen) < request.budget
        found.append(StrategyYield(name, taken[name], fitting, _why(name, fitting, pool, request) if short else ""))
    return found


def _why(name: str, fitting: int, pool: CandidatePool, request: MiningRequest) -> str:
    """Why a strategy yields no more."""
    if fitting:
        return _("no more items match")
    splits = ", ".join(dict.fromkeys(source.split for source in pool.sources))
    if not pool.items:
        return _("no item of %(splits)s is available: all are in a queue, are labelled or have no prediction") % {
            "splits": splits
        }
    if name == "failures" and not any(pool.evaluations):
        return _("the pool has no labels to fail against: log out-of-fold predictions on train")
    if name == "failures":
        words = _("no failure like these in %(splits)s") if pool.is_like else _("no failure in %(splits)s")
        return words % {"splits": splits}
    return _("nothing like these was predicted") if pool.is_like else _("no scores or probabilities were logged")


def notes(pool: CandidatePool, request: MiningRequest) -> list[str]:
    """What somebody should know who gets less than they asked for, or asked for something that is not mined."""
    return [*_of_chosen(pool, request), *_of_sources(pool, request)]


def _of_chosen(pool: CandidatePool, request: MiningRequest) -> list[str]:
    """Where the failures lie that "like these" points at, if no source of the round is there."""
    if not request.failures:
        return []
    dataset = pool.sources[0].prediction_set.version.dataset_id
    items = Failure.objects.filter(uuid__in=request.failures).values_list("item", flat=True)
    splits = dict(DatasetItem.objects.filter(dataset=dataset, item__in=items).values_list("item_id", "split"))
    mined = {source.split for source in pool.sources}
    lying = Counter(splits[item] for item in items if splits.get(item) and splits[item] not in mined)
    said = []
    for split, count in lying.items():
        facts = {"count": count, "split": split}
        said.append(
            ngettext("%(count)d chosen failure is in %(split)s,", "%(count)d chosen failures are in %(split)s,", count)
            % facts
            + " "
            + (_("which no round uses.") if split == TEST else _("which this round does not mine."))
        )
    if said:
        labelled = [
            source.split for source, evaluation in zip(pool.sources, pool.evaluations, strict=True) if evaluation
        ]
        alike = len(set(pool.candidates.failures.item.tolist()))
        facts = {"count": alike, "splits": ", ".join(dict.fromkeys(labelled))}
        if labelled:
            said.append(_("Items with failures like these in %(splits)s: %(count)d.") % facts)
    return said


def _of_sources(pool: CandidatePool, request: MiningRequest) -> list[str]:
    """Which of the usual sources the run has no predictions for; nothing where the splits were chosen."""
    if request.splits:
        return []
    mined = {source.split for source in pool.sources}
    said = [
        _("%(split)s is not mined: %(why)s") % {"split": source.split, "why": source.why_not}
        for source in sources(request.run)
        if source.split == TRAIN and not source.allowed and TRAIN not in mined
    ]
    logged = {source.split for source in sources(request.run)}
    if TRAIN not in logged:
        said.append(_("The run has no out-of-fold predictions on train."))
    if POOL not in logged:
        said.append(_("The run has no predictions on the pool."))
    return said
