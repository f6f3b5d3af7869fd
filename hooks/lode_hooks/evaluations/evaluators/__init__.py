"""The kinds of work that are evaluated: one module and one line here each; nothing else in the room names one.

An evaluator says which predictions it reads, how far a prediction and a truth are alike, what numbers come of it and
how pages name them.
"""

from __future__ import annotations

from lode_hooks.evaluations.evaluators import boxes, classes, polygons
from lode_hooks.evaluations.evaluators.evaluator import Evaluator

__all__ = ["EVALUATORS", "Evaluator", "evaluator_of"]

# the first is the one that is meant where nothing else is said
EVALUATORS: dict[str, Evaluator] = {
    each.task: each for each in (boxes.EVALUATOR, polygons.EVALUATOR, classes.EVALUATOR)
}


def evaluator_of(task: str) -> Evaluator:
    """The evaluator of a prediction set's task. Raises KeyError."""
    return EVALUATORS[task]
