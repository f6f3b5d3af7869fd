"""What an ordering of a queue can do: say which task comes before which."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise

HIGHEST = 2**31 - 1
"""Ranks lie in -``HIGHEST`` .. ``HIGHEST``: what the databases' integers hold."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What an ordering may know of a task. ``prelabels`` are Label Studio regions with a ``score`` in [0, 1], and are
    empty for an ordering that does not read them."""

    uuid: UUID
    priority: int
    prelabels: Sequence[Mapping[str, Any]] = ()


class Ordering(ABC):
    """Ranks tasks one by one; a rank is kept with each place at the task, so that handing out stays one look into one
    index. Tasks of the same rank come in the order in which they were added."""

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    reads_prelabels: ClassVar[bool] = False

    @abstractmethod
    def rank(self, task: TaskFacts) -> int:
        """How early the task is handed out: higher first."""
