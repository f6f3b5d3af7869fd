"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_hooks import evaluate
from lode_platform.jobs import Work, job


@job("hooks.evaluate")
def evaluate_predictions(work: Work) -> dict[str, Any]:
    """Scores a prediction set on a version's truth."""
    return evaluate.perform(work)
