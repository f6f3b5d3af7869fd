"""Tasks at random."""

from django.utils.translation import gettext_lazy as _

from lode_annotation.ordering.ordering import Ordering, TaskFacts


class Shuffled(Ordering):
    """At random, the same for all who answer a task: 31 bits of its random (version 4) uuid."""

    name = "random"
    title = _("At random")

    def rank(self, task: TaskFacts) -> int:
        return task.uuid.int >> 97
