"""Items put into a dataset by a filter: a few at once, many by a job, in short batches.

A job that dies goes on after its last batch. One that is cancelled keeps what it put in: each item has got its split,
for good. A batch of items is all that is held in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from lode_annotation.asked_items import items_by_filter
from lode_annotation.schemas import refuse_other_media
from lode_datasets import selection
from lode_datasets.models import Dataset
from lode_datasets.selection import Added
from lode_platform import access, jobs
from lode_platform.callers import Caller
from lode_platform.errors import Gone
from lode_platform.models import Job

__all__ = ["Adding", "add_by_filter", "carry_out", "open_job"]

VERB = "datasets.add_items"
BATCH = 1000
"""Items that one transaction puts in."""
AT_ONCE = 5000
"""At most as many are put in without a job."""


@dataclass(frozen=True, slots=True)
class Adding:
    """What ``add_by_filter`` did, or the job that does it."""

    done: Added
    job: Job | None = None


def add_by_filter(
    dataset: Dataset, caller: Caller, given: Mapping[str, Any], *, splits: Mapping[UUID, str] | None = None
) -> Adding:
    """Puts the items that a filter selects into the dataset; ``splits`` as ``selection.add_items`` takes them.

    Raises ``BadInput`` for a filter or a value that there is not, and for items that the schema does not ask about.
    """
    access.require(caller, dataset.project, "dataset.edit")
    items = items_by_filter(dataset.project, caller.user, given)
    refuse_other_media(dataset.schema, items)
    if len(items.order_by()[: AT_ONCE + 1].values_list("pk")) <= AT_ONCE:
        return Adding(selection.add_items(dataset, selection.walk(items), splits=splits))
    arguments = {
        "dataset": str(dataset.uuid),
        "filter": dict(given),
        "splits": {str(uuid): split for uuid, split in (splits or {}).items()},
    }
    title = _("Add items to %(name)s") % {"name": dataset.name}
    job = jobs.enqueue(VERB, project=dataset.project, user=caller.user, title=title, arguments=arguments)
    return Adding(Added(), job)


def open_job(dataset: Dataset) -> Job | None:
    """A job that puts items into the dataset now, or soon."""
    rows = Job.objects.filter(project=dataset.project_id, state__in=jobs.OPEN, verb=VERB)
    return rows.filter(arguments__dataset=str(dataset.uuid)).order_by("pk").first()


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """The job: ``{"dataset", "added", "existing", "resplit", "lost": [{"given", "kept", "by", "items"}]}``."""
    rows = Dataset.objects.filter(uuid=work.arguments["dataset"], trashed_at=None)
    dataset = rows.select_related("project", "schema", "created_by").first()
    if dataset is None:
        raise Gone("This dataset is no longer there.")
    user = work.job.created_by or dataset.created_by
    splits = {UUID(uuid): split for uuid, split in work.arguments["splits"].items()}
    items = items_by_filter(dataset.project, user, work.arguments["filter"]).order_by("pk")
    total = items.order_by().count()
    state = work.state or {"last": 0, "looked_at": 0, "done": Added().as_json()}
    while True:
        work.progress(state["looked_at"], total, _("Adding items"))
        batch = selection.chosen(items.filter(pk__gt=state["last"])[:BATCH])
        if not batch:
            return {"dataset": dataset.name, **state["done"]}
        with work.fenced():
            done = Added.of_json(state["done"]) + selection.add_items(dataset, batch, splits=splits)
            looked_at = state["looked_at"] + len(batch)
            state = {"last": batch[-1].pk, "looked_at": looked_at, "done": done.as_json()}
            work.save_state(state)
        work.step("batch")
