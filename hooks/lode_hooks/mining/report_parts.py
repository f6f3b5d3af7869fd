"""What a round's report is made of."""

from dataclasses import dataclass

from lode_datasets.models import Version
from lode_hooks.evaluations.compare import Comparison, LabelEffect
from lode_hooks.evaluations.headline import Number
from lode_hooks.evaluations.metrics.paired import Interval
from lode_hooks.evaluations.metrics.shares import Outcome
from lode_hooks.models import Evaluation, MiningRound, Run

LABELS, VERSION, RUN, EVALUATION = "labels", "version", "run", "evaluation"
"""What a report may wait for; "" when it is whole."""

MINING, CONTROL_BETTER, NOT_SHOWN = "mining", "control", "not_shown"
"""Whether mining beat labels chosen at random; "" while it cannot be known."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a round, items unless said otherwise.

    `chosen` -> `labelled` -> `in_version`; `changed` are those whose labels are not what they were. `of` are the
    objects of its items that the earlier run got wrong on the new truth, `fixed` and `unchanged` what the later makes
    of them; both runs were not trained on these items when they predicted (out of fold, or the pool). `rate` =
    fixed / of with its 95 % interval (Wilson), None where nothing could be followed.
    """

    name: str
    chosen: int
    labelled: int
    changed: int
    in_version: int
    of: int
    fixed: int
    unchanged: int
    rate: float | None
    low: float | None
    high: float | None
    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class LoopReport:
    """A round's report.

    `sources` are the evaluations it was mined from, each with its failures at its own threshold; `failures` is their
    sum. `beyond_control` is the share that the later run gets right of what the earlier one got wrong, mined items
    minus control, and `outcome` what that shows: mining, control, not_shown; "" while nothing can be said.

    `numbers` are the later run's on the untouched split, the earlier run's beside them, both on the same truth;
    `label_effect` is what corrected labels alone moved there. `sentence` says it in words, `caveats` what was left out
    so that it is true.
    """

    round: MiningRound
    sources: list[tuple[Evaluation, int]]
    failures: int
    outcome: str
    beyond_control: Interval | None
    arms: dict[str, Arm]
    version: Version | None
    run: Run | None
    split: str
    evaluation_before: Evaluation | None
    evaluation_after: Evaluation | None
    comparison: Comparison | None
    numbers: list[Number]
    label_effect: list[LabelEffect]
    waiting_for: str
    sentence: str
    caveats: list[str]
