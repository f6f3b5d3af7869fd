"""In which order a queue hands out its tasks. An ordering is one file and one line."""

from collections.abc import Mapping

from lode_annotation.ordering.oldest import Oldest
from lode_annotation.ordering.ordering import Ordering, TaskFacts
from lode_annotation.ordering.priority import Priority
from lode_annotation.ordering.shuffled import Shuffled
from lode_annotation.ordering.uncertainty import Uncertainty

__all__ = ["DEFAULT", "ORDERINGS", "Ordering", "TaskFacts"]

DEFAULT = Priority.name
ORDERINGS: Mapping[str, Ordering] = {one.name: one for one in (Priority(), Oldest(), Shuffled(), Uncertainty())}
