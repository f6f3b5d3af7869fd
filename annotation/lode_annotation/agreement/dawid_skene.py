"""Classes weighed by how often each person is right: the model of Dawid and Skene.

A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied
Statistics 28 (1979). What a thing truly is, is not known; nor is how often a person who sees a ``k`` says ``l``, their
confusion. Expectation and maximisation estimate both from what all say: a thing is ``k`` with a chance that goes as
``prior[k] * product over people of confusion[person][k, what they said]``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from motherlode.manifest import canonical

Floats = npt.NDArray[np.float64]

ROUNDS, STILL = 1000, 1e-9
DIGITS = 6
"""Decimals of the chances that are kept, so that every machine keeps the same ones."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """What is thought of people before they have said anything: as if each had, of every class, seen ``answers``
    things more, and had been right about the share ``right`` of them, wrong about the others alike."""

    answers: float = 2.0
    right: float = 0.8

    def counts(self, classes: int) -> Floats:
        """(classes, classes): of each true class, what was said of it so far."""
        if classes == 1:
            return np.full((1, 1), self.answers)
        wrong = self.answers * (1 - self.right) / (classes - 1)
        return np.full((classes, classes), wrong) + np.eye(classes) * (self.answers * self.right - wrong)


NONE = Smoothing(0.0)
"""The estimates of the paper: of greatest likelihood."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How often each class is the true one (``prior``), and each person's confusion, ``(true class, said class)``, rows
    that sum up to 1; classes by their place in ``classes``. ``answers`` is how many each person gave."""

    classes: tuple[int, ...]
    prior: tuple[float, ...]
    confusion: Mapping[str, tuple[tuple[float, ...], ...]]
    answers: Mapping[str, int] = field(default_factory=dict)
    smoothing: Smoothing = Smoothing()

    @property
    def digest(self) -> str:
        """Names the estimate by all that a chance depends on: the first 16 hex digits of the sha-256 of its JSON."""
        return sha256(canonical(self.as_json()).encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        return {
            "classes": list(self.classes),
            "prior": list(self.prior),
            "confusion": {person: [list(row) for row in rows] for person, rows in sorted(self.confusion.items())},
            "answers": dict(sorted(self.answers.items())),
            "smoothing": {"answers": self.smoothing.answers, "right": self.smoothing.right},
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Reads what ``as_json`` wrote."""
        return cls(
            tuple(row["classes"]),
            tuple(row["prior"]),
            {person: tuple(map(tuple, rows)) for person, rows in row["confusion"].items()},
            dict(row["answers"]),
            Smoothing(**row["smoothing"]),
        )

    def chances(self, said: Iterable[tuple[str, int]]) -> dict[int, float]:
        """How likely a thing of which these people said these classes is each class; they sum up to 1.

        Of a person who is not known the smoothing alone is thought. Raises ``KeyError`` for an unknown class.
        """
        place = {class_id: at for at, class_id in enumerate(self.classes)}
        counts = self.smoothing.counts(len(self.classes))
        unknown = counts / counts.sum(axis=1, keepdims=True) if counts.all() else np.full(counts.shape, 1 / len(counts))
        logs = _log(np.array(self.prior))
        for person, class_id in said:
            rows = np.array(self.confusion[person]) if person in self.confusion else unknown
            logs = logs + _log(rows[:, place[class_id]])
        likely = np.exp(logs - logs.max())
        likely = likely / likely.sum()
        return {class_id: round(float(likely[at]), DIGITS) for class_id, at in place.items()}


def estimate(
    said: Sequence[tuple[Any, str, int]], classes: Sequence[int], smoothing: Smoothing = Smoothing()
) -> Estimate:
    """The estimate from all that was ``said``: (thing, person, class), in any order; a person may say of a thing again.

    Begins with the shares of what was said of each thing, as the paper does, and ends when no chance changes by more
    than ``STILL``: the same answers give the same estimate, to the digit that is kept.
    """
    things = {thing: at for at, thing in enumerate(sorted({thing for thing, _person, _class in said}))}
    people = {person: at for at, person in enumerate(sorted({person for _thing, person, _class in said}))}
    place = {class_id: at for at, class_id in enumerate(classes)}
    rows = sorted((things[thing], people[person], place[class_id]) for thing, person, class_id in said)
    thing, person, spoken = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    shape = len(things), len(place)
    truth: Floats = np.zeros(shape)
    np.add.at(truth, (thing, spoken), 1.0)
    truth = _normalised(truth)
    before = smoothing.counts(len(place))
    for _round in range(ROUNDS):
        prior = _prior(truth, smoothing)
        confusion = _confusion(truth, thing, person, spoken, (len(people), len(place)), before)
        logs = np.tile(_log(prior), (len(things), 1))
        np.add.at(logs, thing, _log(confusion)[person, :, spoken])
        likely = _normalised(np.exp(logs - logs.max(axis=1, keepdims=True)))
        change = np.abs(likely - truth).max(initial=0.0)
        truth = likely
        if change < STILL:
            break
    prior = _prior(truth, smoothing)
    confusion = _confusion(truth, thing, person, spoken, (len(people), len(place)), before)
    gave = np.bincount(person, minlength=len(people))
    return Estimate(
        tuple(classes),
        _kept(prior),
        {name: tuple(map(_kept, confusion[at])) for name, at in people.items()},
        {name: int(gave[at]) for name, at in people.items()},
        smoothing,
    )


def _prior(truth: Floats, smoothing: Smoothing) -> Floats:
    """How often each class is the true one; as the confusion, as if ``answers`` things of each had been seen before."""
    return _normalised(truth.sum(axis=0) + smoothing.answers)


def _confusion(truth: Floats, thing: Any, person: Any, spoken: Any, shape: tuple[int, int], before: Floats) -> Floats:
    """(people, true class, said class). Of a true class of which a person has seen nothing, all is as likely."""
    people, classes = shape
    counts = np.zeros((people, classes, classes))  # (person, said, true) first, so that rows are added at once
    np.add.at(counts, (person, spoken), truth[thing])
    return _normalised(counts.transpose(0, 2, 1) + before)


def _normalised(counts: Floats) -> Floats:
    sums = counts.sum(axis=-1, keepdims=True)
    even = 1 / counts.shape[-1] if counts.shape[-1] else 0.0
    normalised: Floats = np.where(sums > 0, counts / np.where(sums > 0, sums, 1.0), even)
    return normalised


def _log(chances: Floats) -> Floats:
    """Of 0, a number so small that nothing outweighs it, and still a number."""
    logs: Floats = np.log(np.maximum(chances, np.finfo(np.float64).tiny))
    return logs


def _kept(chances: Floats) -> tuple[float, ...]:
    return tuple(round(float(chance), DIGITS) for chance in chances)
