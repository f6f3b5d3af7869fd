"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_hooks.evaluations import evaluate
from lode_hooks.failures.record import record_all
from lode_hooks.mining import large
from lode_platform.jobs import Work, job


@job("hooks.evaluate")
def evaluate_predictions(work: Work) -> dict[str, Any]:
    """Evaluates a prediction set on a version's truth."""
    return evaluate.perform(work, record_all)


@job(large.PREVIEW)
def preview_mining(work: Work) -> dict[str, Any]:
    """Says what a mining round over many predictions would select."""
    return large.carry_out_preview(work)


@job(large.CREATE)
def create_mining_round(work: Work) -> dict[str, Any]:
    """Makes a mining round over many predictions, and its queue."""
    return large.carry_out_create(work)
