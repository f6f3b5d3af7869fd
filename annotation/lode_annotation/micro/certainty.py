"""When a yes / no question has been asked of enough people: pure, and without a database.

A person is right with a chance that is measured, by how often they said what most of the others said, and begins at a
beta prior. The votes on a question are independent evidence for yes or no, which are as likely beforehand; from them
follows the chance that the side that leads is wrong. It decides once that is below a limit. Who is unsure was asked and
says nothing for either side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

PRIOR_RIGHT, PRIOR_WRONG = 17, 3
"""What is thought of a person whom nobody knows: as if they had been right 17 times of 20, which is 85 %."""
LEAST, MOST = 0.5, 0.98
"""A vote of somebody who is wrong more often than right says nothing; nobody alone makes a question all but sure."""
YES, NO, UNDECIDED = "yes", "no", "undecided"


@dataclass(frozen=True, slots=True)
class Stopping:
    """A question is put to ``min_votes`` people, and to more until the chance that its answer is wrong is below
    ``error_limit``, but never to more than ``max_votes``."""

    min_votes: int
    max_votes: int
    error_limit: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote (yes, no, unsure), and how often its person agreed with the others, of so many times."""

    answer: str
    agreed: int = 0
    judged: int = 0

    @property
    def reliability(self) -> float:
        """The chance that the person is right."""
        return reliability(self.agreed, self.judged)

    @property
    def evidence(self) -> float:
        """For yes, where it is above 0: in natural units of log odds."""
        if self.answer not in (YES, NO):
            return 0.0
        return _log_odds(self.reliability) * (1 if self.answer == YES else -1)


def reliability(agreed: int, judged: int) -> float:
    """The mean of a person's beta posterior, within the bounds of what one vote may say."""
    mean = (PRIOR_RIGHT + agreed) / (PRIOR_RIGHT + PRIOR_WRONG + judged)
    return min(MOST, max(LEAST, mean))


def outcome(rule: Stopping, ballots: Sequence[Ballot]) -> str:
    """What the votes come to: "yes", "no", "undecided" where all were asked in vain, "" while more are to be asked."""
    sum_of_evidence = sum(one.evidence for one in ballots)
    if len(ballots) >= rule.min_votes and _wrong(sum_of_evidence) < rule.error_limit:
        return YES if sum_of_evidence > 0 else NO
    return UNDECIDED if len(ballots) >= rule.max_votes else ""


def still_needed(rule: Stopping, ballots: Sequence[Ballot]) -> int:
    """How many more people must be asked at least, were they all as reliable as can be and of one mind: no more than so
    many hold the question at once, so that nobody is asked in vain."""
    lead = abs(sum(one.evidence for one in ballots))
    for more in range(rule.max_votes - len(ballots) + 1):
        if len(ballots) + more >= rule.min_votes and _wrong(lead + more * _log_odds(MOST)) < rule.error_limit:
            return more
    return max(0, rule.max_votes - len(ballots))


def _log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _wrong(lead: float) -> float:
    """The chance that the side that leads by so much is wrong."""
    return 1 / (1 + math.exp(abs(lead)))
