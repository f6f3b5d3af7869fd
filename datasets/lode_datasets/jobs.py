"""The jobs of this room."""

from typing import Any

from lode_datasets import adding, checking, pending_changes, publish, verify, version_members
from lode_datasets.models import DatasetItem
from lode_platform import tidy
from lode_platform.jobs import Work, job
from lode_platform.models import Item


@job(publish.VERB)
def publish_version(work: Work) -> dict[str, Any]:
    """Carries a version from its row to ``published``."""
    return publish.carry_out(work)


@job(verify.VERB)
def verify_version(work: Work) -> dict[str, Any]:
    """Hashes a version's bytes in the store again."""
    return verify.carry_out(work)


@job(adding.VERB)
def add_items(work: Work) -> dict[str, Any]:
    """Puts the items that a filter selects into a dataset."""
    return adding.carry_out(work)


@job(pending_changes.VERB)
def compare_selection(work: Work) -> dict[str, Any]:
    """Counts what publishing a large dataset would change."""
    return pending_changes.carry_out(work)


@job(version_members.VERB)
def index_version(work: Work) -> dict[str, Any]:
    """Makes the file by which a version's pages are filtered."""
    return version_members.carry_out(work)


@job(checking.VERB)
def check_dataset(work: Work) -> dict[str, Any]:
    """Has checks look at what a dataset holds."""
    return checking.carry_out(work)


@tidy.releases
def forget_selection(item: Item) -> None:
    """An item at the end of its term in the trash is selected no more; a version that holds it still keeps it."""
    DatasetItem.objects.filter(item=item).delete()
