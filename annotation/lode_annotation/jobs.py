"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_annotation import filling, imports
from lode_annotation.import_parts import VERB
from lode_platform.jobs import Work, job


@job(VERB)
def import_labels(work: Work) -> dict[str, Any]:
    """Imports the labels of a label import."""
    return imports.run(work)


@job(filling.VERB)
def fill_queue(work: Work) -> dict[str, Any]:
    """Fills a queue from a filter."""
    return filling.carry_out(work)
