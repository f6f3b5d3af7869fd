"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_hooks.evaluations import evaluate
from lode_hooks.failures.record import record_all
from lode_platform.jobs import Work, job


@job("hooks.evaluate")
def evaluate_predictions(work: Work) -> dict[str, Any]:
    """Evaluates a prediction set on a version's truth."""
    return evaluate.perform(work, record_all)
