"""The jobs of this room."""

from typing import Any

from lode_datasets import publish
from lode_platform.jobs import Work, job


@job(publish.VERB)
def publish_version(work: Work) -> dict[str, Any]:
    """Carries a version from its row to ``published``."""
    return publish.carry_out(work)
