"""A match opened for labelling at once: a task in the project's queue of fixes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.urls import reverse

from lode_annotation import queues
from lode_annotation.models import Queue, Task
from lode_hooks.evaluations import prelabels
from lode_hooks.evaluations.metrics.kinds import describe
from lode_hooks.evaluations.summary import class_names
from lode_hooks.failures.browse import Match, against, match_at
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.verdicts import on_record
from lode_hooks.models import Evaluation
from lode_platform.callers import Caller
from lode_platform.errors import Conflict
from lode_platform.models import Item

FIXES = "Fixes"
FIX_PRIORITY = 1_000_000


def open_for_fixing(evaluation: Evaluation, row: int, caller: Caller, chosen: FailureFilter | None = None) -> Task:
    """A task for a match's item in the project's queue of fixes, before all others there, with reason and suggestions.

    `chosen` is the filter that showed the match. Raises Conflict where the item waits for review there: its answer is
    not to be overtaken.
    """
    chosen = chosen or FailureFilter()
    shown = match_at(evaluation, row, chosen)
    if chosen.transition == "resolved":
        evaluation = against(evaluation, chosen)
    project = evaluation.prediction_set.run.project
    if shown.failure is not None and not shown.on_record:
        own = row if row >= 0 else -1 - row
        shown = replace(shown, failure=on_record(shown.failure, project, evaluation=evaluation, row=own).uuid)
    item = Item.objects.select_related("project").get(uuid=shown.item)
    names = class_names(evaluation)
    dataset = evaluation.version.dataset
    suggestions = prelabels.suggestions(evaluation, [item], chosen.threshold)
    reason = why(evaluation, shown, names) | {"strategy": "fix"}
    with transaction.atomic():
        for number in range(1, 1000):
            name = FIXES if number == 1 else f"{FIXES} {number}"
            queue = Queue.objects.filter(project=project, name=name).first()
            if queue is None:
                queue = queues.create_queue(
                    project, caller, name=name, schema=dataset.schema, reason="Opened from the failures, to fix at once"
                )
            known = Task.objects.filter(queue=queue, item=item).first()
            if known is not None and known.state == Task.State.OPEN:
                return known
            if known is not None and known.state == Task.State.SUBMITTED:
                raise Conflict("This item's fix waits for review.", code="waits_for_review")
            same_schema = queue.schema_revision.schema_id == dataset.schema_id
            if known is None and same_schema and queue.state == Queue.State.OPEN:
                spec = queues.TaskSpec(
                    item=item, priority=FIX_PRIORITY, reason=reason, prelabels=suggestions.get(item.pk, [])
                )
                queues.add_tasks(queue, caller, [spec])
                return Task.objects.select_related("queue").get(queue=queue, item=item)
    raise Conflict("This item was opened for fixing too often.", code="too_many_fixes")


def why(evaluation: Evaluation, shown: Match, names: Mapping[int, str]) -> dict[str, Any]:
    """A task's reason from a match: the words, and where they come from."""
    project, run = evaluation.prediction_set.run.project, evaluation.prediction_set.run
    reason: dict[str, Any] = {
        "text": describe(shown.kind, names.get(shown.truth_class or 0, ""), names.get(shown.predicted_class or 0, "")),
        "run": str(run.uuid),
        "run_name": run.name,
        "kind": shown.kind,
        "score": shown.score,
    }
    if shown.failure:
        reason["failure"] = str(shown.failure)
        reason["failure_url"] = reverse("hooks:failure", args=[project.name, shown.failure])
    if place := shown.box or shown.predicted_box:
        reason["box"] = place
        if shown.frame:
            reason["page"] = shown.frame
    return reason
