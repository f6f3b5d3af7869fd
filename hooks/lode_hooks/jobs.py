"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_hooks.evaluations import evaluate
from lode_hooks.failures.record import record_first, record_rest
from lode_hooks.mining import large
from lode_platform.jobs import Work, job


@job("hooks.evaluate")
def evaluate_predictions(work: Work) -> dict[str, Any]:
    """Evaluates a prediction set on a version's truth."""
    return evaluate.perform(work, record_first)


@job(evaluate.RECORD)
def record_failures(work: Work) -> dict[str, Any]:
    """Writes the failures of an evaluation that has many of them."""
    return evaluate.perform_rest(work, record_rest)


@job(large.PREVIEW)
def preview_mining(work: Work) -> dict[str, Any]:
    """Says what a mining round over many predictions would select."""
    return large.carry_out_preview(work)


@job(large.CREATE)
def create_mining_round(work: Work) -> dict[str, Any]:
    """Makes a mining round over many predictions, and its queue."""
    return large.carry_out_create(work)
