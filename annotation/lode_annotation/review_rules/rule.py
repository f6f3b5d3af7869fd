"""What a rule of review can do: say whether a task's answers wait for a reviewer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise

from lode_platform.errors import BadInput
from lode_platform.models import Project
from motherlode.controls import Control
from motherlode.regions import Region

FIELD = "review_rule"


@dataclass(frozen=True, slots=True)
class Given:
    """A task that everybody who was asked has answered: its key, who answered, and each answer, read under the
    queue's controls. None where an answer cannot be read any more; ``scale`` as
    ``matching.scale_of`` says of its item."""

    task_id: int
    people: Sequence[str]
    controls: Sequence[Control]
    answers: Sequence[Sequence[Region]] | None
    scale: float = 1.0


class Rule(ABC):
    """Which tasks' answers wait for a reviewer. ``name`` is its key in a queue's ``review_rule``, ``title`` what it is
    called on pages, where ``hint`` says what to write."""

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    hint: ClassVar[str | Promise]

    @abstractmethod
    def read(self, value: Any, project: Project) -> Any:
        """The value as a queue keeps it. Raises ``BadInput``."""

    @abstractmethod
    def from_text(self, text: str) -> Any:
        """The value that a person wrote in a form, to be ``read``."""

    @abstractmethod
    def asks(self, value: Any, given: Given) -> bool:
        """Whether a reviewer is asked."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """What is reviewed, for the queue's page."""


def share_of(value: Any, what: str) -> float:
    """A number above 0 and at most 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise BadInput(f"{what} is a number above 0 and at most 1, not {value!r:.40}.", field=FIELD)
    return float(value)


def names_of(value: Any, what: str) -> list[str]:
    """A list of names, not empty."""
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise BadInput(f"{what} are a list of names, not {value!r:.40}.", field=FIELD)
    return list(dict.fromkeys(value))


def number_in(text: str) -> float | str:
    """A share that a person wrote: ".2", "0.2" or "20 %"."""
    try:
        bare = text.strip()
        return float(bare.removesuffix("%")) / 100 if bare.endswith("%") else float(bare)
    except ValueError:
        return text


def written_names(text: str) -> list[str]:
    """The names in a form's field, which has commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]
