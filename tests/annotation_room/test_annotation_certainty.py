"""When a micro-task has been asked of enough people: the stopping rule, against values computed by hand."""

import math

import pytest

from lode_annotation.micro.certainty import Ballot, Stopping, outcome, reliability, still_needed

RULE = Stopping(min_votes=2, max_votes=5, error_limit=0.05)
VOTES = {"y": "yes", "n": "no", "u": "unsure"}


def chance_of_yes(said: list[Ballot]) -> float:
    """What the evidence of the votes, in log odds, comes to."""
    return 1 / (1 + math.exp(-sum(one.evidence for one in said)))


def ballots(said: str) -> list[Ballot]:
    """``"yyn"``: three people of whom nothing is known yet, each right in 85 of 100."""
    return [Ballot(VOTES[letter]) for letter in said]


@pytest.mark.parametrize(
    ("said", "yes"),
    [
        ("", 0.5),
        ("y", 0.85),
        ("n", 0.15),
        ("u", 0.5),
        ("yy", 0.969799),  # .85 * .85 / (.85 * .85 + .15 * .15) = .7225 / .745
        ("yyy", 0.994534),  # .614125 / (.614125 + .003375)
        ("yn", 0.5),
        ("yny", 0.85),
        ("ynyy", 0.969799),
        ("nnn", 0.005466),
        ("yuyu", 0.969799),
    ],
)
def test_the_chance_of_yes_is_that_of_bayes(said: str, yes: float) -> None:
    assert chance_of_yes(ballots(said)) == pytest.approx(yes, abs=1e-6)


@pytest.mark.parametrize(
    ("agreed", "judged", "chance"),
    [
        (0, 0, 0.85),  # 17 / 20
        (10, 10, 0.9),  # 27 / 30
        (30, 50, 0.671429),  # 47 / 70
        (50, 50, 0.957143),  # 67 / 70
        (0, 50, 0.5),  # 17 / 70, but nobody's no is taken for a yes
    ],
)
def test_reliability_begins_at_its_prior_and_follows_what_is_measured(agreed: int, judged: int, chance: float) -> None:
    assert reliability(agreed, judged) == pytest.approx(chance, abs=1e-6)


@pytest.mark.parametrize(
    ("said", "came_to", "needed"),
    [
        ("", "", 2),
        ("y", "", 1),
        ("u", "", 1),
        ("yy", "yes", 0),
        ("nn", "no", 0),
        ("yn", "", 1),
        ("yu", "", 1),
        ("ynn", "", 1),
        ("ynnn", "no", 0),
        ("ynyn", "", 1),
        ("ynynu", "undecided", 0),
        ("ynyny", "undecided", 0),
        ("uuuuu", "undecided", 0),
    ],
)
def test_a_question_stops_when_it_is_sure_or_all_were_asked(said: str, came_to: str, needed: int) -> None:
    assert (outcome(RULE, ballots(said)), still_needed(RULE, ballots(said))) == (came_to, needed)


def test_a_stricter_limit_asks_more() -> None:
    strict = Stopping(min_votes=1, max_votes=7, error_limit=0.01)
    assert outcome(strict, ballots("yy")) == ""  # .030 is not below .01
    assert outcome(strict, ballots("yyy")) == "yes"  # .0055 is


def test_one_reliable_person_outweighs_a_poor_one() -> None:
    good, poor = Ballot("yes", agreed=50, judged=50), Ballot("no", agreed=25, judged=50)
    assert chance_of_yes([good, poor]) == pytest.approx(0.937063, abs=1e-6)  # odds 67:3 against 42:28, 14.889:1
    assert outcome(RULE, [good, poor]) == ""


def test_nobody_is_asked_in_vain_however_reliable_they_turn_out() -> None:
    """So many hold a question as even the most reliable people could not do without."""
    best = Ballot("yes", agreed=10_000, judged=10_000)
    for limit in (0.001, 0.01, 0.05, 0.2, 0.4):
        for least in (1, 2, 3):
            rule, held = Stopping(least, 9, limit), list[Ballot]()
            while not outcome(rule, held):
                needed = still_needed(rule, held)
                assert needed >= 1
                for taken in range(1, needed):
                    assert not outcome(rule, [*held, *[best] * taken])
                held = [*held, *[best] * needed]
