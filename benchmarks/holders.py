"""Whether what people were told about the tasks that they held fits any order of what happened.

A task is for ``overlap`` people: each holds one of its places from a claim until an answer closes it, it is given back
or its lease runs out. A request takes effect at some moment between its start and its answer. Of all orders that fit,
the one with the fewest holders at every moment is that in which each claim takes effect when its answer comes and each
end when it is asked for; so an order exists if, and only if, in this one no task has more holders than its overlap.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Step:
    """A request of one person about one task that was answered; moments are seconds of one clock.

    ``kind``: ``claim`` (``until`` is the end of the lease that it gave, a renewed one too), ``answer`` (a place is
    closed for good), ``give_back`` or ``reject`` (a reviewer opened this person's place again).
    """

    kind: str
    person: str
    task: str
    start: float
    end: float
    until: float = 0.0


@dataclass(slots=True)
class Hold:
    """From when to when a person held a place for certain."""

    person: str
    start: float
    end: float


def holds(steps: Iterable[Step]) -> dict[str, list[Hold]]:
    """The certain holds of each task, from the steps of all people; each person's steps do not overlap in time."""
    found: dict[str, list[Hold]] = defaultdict(list)
    last: dict[tuple[str, str], Hold] = {}
    for step in sorted(steps, key=lambda step: step.start):
        key = (step.task, step.person)
        hold = last.get(key)
        if step.kind in ("give_back", "reject"):
            if hold is not None:
                hold.end = min(hold.end, step.start)
            last.pop(key, None)
            continue
        until = FOREVER if step.kind == "answer" else step.until
        if hold is not None and hold.end >= step.end:  # still theirs when it was answered: it goes on
            hold.end = max(hold.end, until)
            continue
        if hold is not None and hold.end == FOREVER:
            continue
        last[key] = Hold(step.person, step.end, until)
        found[step.task].append(last[key])
    return found


def crowded(steps: Iterable[Step], overlap: int) -> list[tuple[str, float, list[str]]]:
    """The tasks that had more holders at once than their overlap: task, moment, who."""
    wrong = []
    for task, kept in holds(steps).items():
        moments = sorted(hold.start for hold in kept)
        for moment in moments:
            people = sorted({hold.person for hold in kept if hold.start <= moment < hold.end})
            if len(people) > overlap:
                wrong.append((task, moment, people))
                break
    return wrong


def answered_twice(steps: Iterable[Step]) -> list[tuple[str, str]]:
    """The tasks that a person was given again after answering them, with nobody sending them back: task, person.

    A claim is wrong where an answer was there before it for certain, and no reviewer can have sent that one back in
    between: a request that was asked again for a while may have taken effect at its end.
    """
    told: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        told[step.task, step.person].append(step)
    return [key for key, own in told.items() if any(_is_wrong(claim, own) for claim in own if claim.kind == "claim")]


def _is_wrong(claim: Step, own: list[Step]) -> bool:
    before = [step for step in own if step.kind == "answer" and step.end <= claim.start]
    if not before:
        return False
    last = max(before, key=lambda step: step.end)
    return not any(step.kind == "reject" and step.end > last.start and step.start < claim.end for step in own)
