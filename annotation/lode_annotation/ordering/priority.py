"""The most urgent task first."""

from django.utils.translation import gettext_lazy as _

from lode_annotation.ordering.ordering import Ordering, TaskFacts


class Priority(Ordering):
    """By the task's own priority, which may be changed at any time."""

    name = "priority"
    title = _("By priority")

    def rank(self, task: TaskFacts) -> int:
        return task.priority
