"""Questions about all labels that a filter selects: at once where the items are few, by a job where they are many."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lode_annotation import filling, queues
from lode_annotation.asked_items import items_by_filter
from lode_annotation.filling import Filled
from lode_annotation.micro import asking
from lode_annotation.models import Queue
from lode_annotation.schemas import refuse_other_media
from lode_platform import access, events, jobs
from lode_platform.callers import Caller

VERB = "annotation.ask_micro_tasks"
AT_ONCE = 1000
"""Items, at most as many as are asked about without a job."""
BATCH = 200
"""Items of one transaction of a job: some thousand regions."""


def ask_matching(
    queue: Queue, caller: Caller, given: Mapping[str, Any], class_id: int | None = None, *, priority: int = 0
) -> Filled:
    """Asks about each region and answer of the class (of every class for None) in the current labels of the items that
    a filter selects. Raises ``BadInput`` for a filter that there is not, ``Conflict`` while a job fills the queue."""
    access.require(caller, queue.project, "queue.manage")
    rule = asking.rule_of(queue)
    with transaction.atomic():
        row = Queue.objects.select_for_update().select_related("schema_revision__schema").get(pk=queue.pk)
        queues.refuse_while_filling(row)
        items = items_by_filter(queue.project, caller.user, given)
        refuse_other_media(row.schema_revision.schema, items)
        if len(items.order_by()[: AT_ONCE + 1].values_list("pk")) > AT_ONCE:
            arguments = {
                "queue": str(queue.uuid),
                "filter": dict(given),
                "class_id": class_id,
                "priority": priority,
                "size": row.size,
            }
            title = _("Ask micro-tasks in %(queue)s") % {"queue": queue.name}
            row.filling = jobs.enqueue(VERB, project=queue.project, user=caller.user, title=title, arguments=arguments)
            row.save(update_fields=["filling"])
            return Filled(job=row.filling)
        added = asking.ask_of(row, rule, items, class_id, priority)
        if added:
            events.record(queue.project, caller.user, "queue.add", queue, tasks=added)
    queue.size = row.size
    return Filled(added)


def carry_out(work: jobs.Work) -> dict[str, Any]:
    """The job: asks batch by batch, taken up again after the last one; cancelled, it takes out what it put in."""
    return filling.carry_out(work, _ask_all)


def _ask_all(work: jobs.Work, queue: Queue, state: dict[str, Any]) -> None:
    user, given = work.job.created_by or queue.created_by, work.arguments
    rule, chosen = asking.rule_of(queue), items_by_filter(queue.project, user, given["filter"])
    more = True
    while more:
        work.progress(state["added"], message=_("Adding tasks"))
        later = chosen.filter(path__gt=state["last"])
        paths = list(later.values_list("path", flat=True)[:BATCH])
        more = len(paths) == BATCH
        if paths:
            with work.fenced():
                row = Queue.objects.select_for_update().select_related("schema_revision__schema").get(pk=queue.pk)
                part = later.filter(path__lte=paths[-1])
                state["added"] += asking.ask_of(row, rule, part, given["class_id"], given["priority"])
                state["last"] = paths[-1]
                work.save_state(state)
            work.step("batch")
