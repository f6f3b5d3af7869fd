"""What publishing now would change, in numbers: compared at once, or by a job where the dataset is large.

The comparison reads every item of the dataset, so no page waits for it beyond `paging.MOST` items; the page then shows
what the newest job found, and when.
"""

from typing import Any

from django.utils.translation import gettext as _

from lode_datasets import changes, versions
from lode_datasets.models import Dataset, Version
from lode_platform import jobs, paging
from lode_platform.errors import Gone
from lode_platform.models import Job, User

__all__ = ["compare", "carry_out", "counted", "is_large", "newest_job"]

VERB = "datasets.compare_selection"


def counted(dataset: Dataset) -> dict[str, int]:
    """``{"differ", "gone", "unlabelled"}``: items that are new or differ from the newest version, those that it has
    and the dataset has not, and those of the first that are unlabelled."""
    now = changes.freeze(dataset)
    return {"differ": now.new, "gone": now.gone, "unlabelled": now.unlabelled}


def is_large(dataset: Dataset, newest: Version | None) -> bool:
    """Whether a page does not wait for the comparison of a dataset with its newest version."""
    held = newest.counts["items"] if newest else 0
    return max(held, paging.bounded(dataset.dataset_items.all())) >= paging.MOST


def compare(dataset: Dataset, user: User) -> Job:
    """Asks for the comparison by a job, unless one is on its way."""
    last = newest_job(dataset)
    if last is not None and last.state in jobs.OPEN:
        return last
    return jobs.enqueue(
        VERB,
        project=dataset.project,
        user=user,
        title=_("Compare %(name)s with its newest version") % {"name": dataset.name},
        arguments={"dataset": str(dataset.uuid)},
    )


def newest_job(dataset: Dataset) -> Job | None:
    """The last comparison that was asked for."""
    rows = Job.objects.filter(project=dataset.project_id, verb=VERB, arguments__dataset=str(dataset.uuid))
    return rows.order_by("-created_at", "-pk").first()


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """The job: `counted`, and ``since``, the number of the version compared with (0: none). It writes nothing else, so
    one that dies is begun again."""
    dataset = Dataset.objects.filter(uuid=work.arguments["dataset"], trashed_at=None).first()
    if dataset is None:
        raise Gone("This dataset is no longer there.")
    newest = versions.newest(dataset)
    work.progress(0, 0, _("Comparing"), at_once=True)
    return {"since": newest.number if newest else 0, **counted(dataset)}
