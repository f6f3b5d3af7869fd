"""The task that waits longest first."""

from django.utils.translation import gettext_lazy as _

from lode_annotation.ordering.ordering import Ordering, TaskFacts


class Oldest(Ordering):
    """In the order in which the tasks were added, whatever their priority."""

    name = "oldest"
    title = _("Oldest first")

    def rank(self, task: TaskFacts) -> int:
        return 0
