"""The jobs of this room."""

from typing import Any

from lode_datasets import publish, verify
from lode_platform.jobs import Work, job


@job(publish.VERB)
def publish_version(work: Work) -> dict[str, Any]:
    """Carries a version from its row to ``published``."""
    return publish.carry_out(work)


@job(verify.VERB)
def verify_version(work: Work) -> dict[str, Any]:
    """Hashes a version's bytes in the store again."""
    return verify.carry_out(work)
