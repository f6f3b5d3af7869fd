"""The task that a model is least sure of first."""

from django.utils.translation import gettext_lazy as _

from lode_annotation.ordering.ordering import HIGHEST, Ordering, TaskFacts


class Uncertainty(Ordering):
    """By the pre-label whose score is nearest to one half: 1 - abs(2 score - 1), the margin of a yes or no (Settles,
    Active Learning Literature Survey, 2009, section 3.1). Tasks without a scored pre-label come last."""

    name = "uncertainty"
    title = _("Least certain pre-labels first")
    reads_prelabels = True

    def rank(self, task: TaskFacts) -> int:
        scores = [one.get("score") for one in task.prelabels]
        unsure = [1 - abs(2 * score - 1) for score in scores if isinstance(score, int | float) and 0 <= score <= 1]
        return round(max(unsure) * HIGHEST) if unsure else -1
