"""What a rule of consensus can do: make one of what several people answered under one control."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lode_annotation.agreement.dawid_skene import Estimate
from motherlode.controls import Control
from motherlode.regions import Region

Voice = Sequence[Region]
"""What one person said under a control; nothing at all is an answer too."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the answers: who gave each (``people``, by the places in the list of answers), the ``scale``
    at which the places of an item's regions are compared, as ``matching.scale_of`` says, what is estimated of people
    for each control, by its name (``estimates``), and the class that took another one in, by that one's id."""

    people: Sequence[str] = ()
    scale: float = 1.0
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    merged: Mapping[int, int] = field(default_factory=dict)


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Merged:
    """What several people's answers under one control come to, and the votes, as a label set keeps them.

    A vote is ``{"control", "by": places in the list of answers, "classes": {class id: how many}, "kept"}``, with the
    ``region`` that it was about, or the ``value``.
    """

    regions: list[Region] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)


class Undecided(Exception):
    """The answers do not come to one; the words say why, for a reviewer."""


class Rule(ABC):
    """Makes one answer of several under the controls that it takes. ``name`` is the rule's in a label set's votes."""

    name: ClassVar[str]

    @abstractmethod
    def takes(self, control: Control) -> bool:
        """Whether it can merge answers of the control's kind."""

    @abstractmethod
    def merge(self, control: Control, voices: Sequence[Voice], known: Known) -> Merged:
        """One answer of all ``voices``, in the order in which they were given. Raises ``Undecided``."""


def decided(votes: int, voices: int) -> bool:
    """Whether more than half of the voices say so; False where more than half do not. Raises ``Undecided`` for half."""
    if 2 * votes == voices:
        raise Undecided(f"{votes} of {voices} say so.")
    return 2 * votes > voices
