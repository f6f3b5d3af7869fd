"""The jobs of this room, registered by their verbs."""

from typing import Any

from lode_annotation import imports
from lode_annotation.import_parts import VERB
from lode_platform.jobs import Work, job


@job(VERB)
def import_labels(work: Work) -> dict[str, Any]:
    """Imports the labels of a label import."""
    return imports.run(work)
