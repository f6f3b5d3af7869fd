"""The job that pre-labels the next open tasks of a queue, with what an assistant finds or a predictor answers.

One task of ``EVERY`` is left as it is, so that the time people take without help goes on being known.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from lode_annotation.assist import answering, keeping, predictors, teaching
from lode_annotation.assist.models import AssistantUse
from lode_annotation.assist.standing import standing
from lode_annotation.models import LabelSet, Queue, Task
from lode_annotation.ordering import ORDERINGS
from lode_annotation.queues import refuse_micro
from lode_annotation.ranking import rank_tasks
from lode_annotation.rules import Rules, rules_of
from lode_platform import access, events, jobs
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, LodeError, NotFound
from lode_platform.models import Job
from motherlode.frames import pages_of

VERB = "annotation.prelabel"
ASSISTANT = "find"
MOST = 500
"""Tasks that one job looks at."""
BATCH = 10
EVERY = 5

Suggest = Callable[[Sequence[Task]], list[list[dict[str, Any]]]]
"""Gives the pre-labels of each task, in their order."""


def prelabel(queue: Queue, caller: Caller, predictor: UUID | None = None) -> Job:
    """Begins to pre-label the next open tasks of a queue that nobody has begun, with what the assistant finds or, where
    one is named, a predictor. Raises ``Forbidden``, ``NotFound`` for a predictor that there is not, and ``Conflict``
    (``assist_off``) where the assistant may not help, with the reason."""
    access.require(caller, queue.project, "queue.manage")
    refuse_micro(queue)
    if predictor is not None:
        if predictors.named(queue.schema_revision.schema, predictor) is None:
            raise NotFound("There is no such predictor.")
        return _enqueue(queue, caller, {"predictor": str(predictor)})
    known = standing(queue.schema_revision.schema, ASSISTANT)
    if not known.on:
        raise Conflict(known.reason, code="assist_off")
    return _enqueue(queue, caller, {})


def _enqueue(queue: Queue, caller: Caller, more: dict[str, Any]) -> Job:
    return jobs.enqueue(
        VERB,
        project=queue.project,
        user=caller.user,
        title=_("Pre-label tasks of %(queue)s") % {"queue": queue.name},
        arguments={"queue": str(queue.uuid), **more},
    )


def is_left_out(task: Task) -> bool:
    """Whether a task is left without pre-labels, to compare with: the same each time."""
    return int(hashlib.sha256(task.uuid.bytes).hexdigest()[:8], 16) % EVERY == 0


# -- the job -----------------------------------------------------------------------------------------------------------


def run(work: jobs.Work) -> dict[str, Any]:
    """Goes through the tasks in the order in which they are handed out; each batch is written at once."""
    queue = Queue.objects.select_related("project", "schema_revision__schema").get(uuid=work.arguments["queue"])
    rules = rules_of(queue.schema_revision.controls)
    name, suggest = _source(work, queue, rules)
    waiting = [task for task in _next(queue) if not is_left_out(task)]
    done, regions = 0, 0
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        work.progress(start, len(waiting))
        found = suggest(batch)
        with work.fenced():
            for task, result in zip(batch, found, strict=True):
                # of a task that somebody finished meanwhile nothing is to be said any more
                if result and Task.objects.filter(pk=task.pk, state=Task.State.OPEN).update(prelabels=result):
                    AssistantUse.objects.get_or_create(task=task, user=None, assistant=name)
                    done, regions = done + 1, regions + len(result)
            if ORDERINGS[queue.ordering].reads_prelabels:
                rank_tasks(queue, [task.pk for task in batch])
        work.step("batch")
    if done:
        events.record(queue.project, work.job.created_by, "queue.prelabel", queue, tasks=done, assistant=name)
    return {"queue": str(queue.uuid), "tasks": done, "regions": regions, "looked_at": len(waiting)}


def _next(queue: Queue) -> list[Task]:
    """Open tasks that nobody has begun and that have no pre-labels, of items that are not labelled yet."""
    labelled = LabelSet.objects.current().filter(schema=queue.schema_revision.schema_id).values("item")
    rows = Task.objects.filter(queue=queue, state=Task.State.OPEN, prelabels=[], annotations=None)
    rows = rows.filter(item__trashed_at=None).exclude(item__in=labelled).select_related("item__blob")
    return list(rows.order_by("-priority", "number")[:MOST])


def _source(work: jobs.Work, queue: Queue, rules: Rules) -> tuple[str, Suggest]:
    if uuid := work.arguments.get("predictor"):
        found = predictors.named(queue.schema_revision.schema, uuid)
        if found is None:
            raise NotFound("The predictor was removed.")
        asked = predictors.of(found)
        return answering.PREDICTOR, lambda tasks: asked.predict([task.item for task in tasks])
    return ASSISTANT, _of_assistant(queue, rules)


def _of_assistant(queue: Queue, rules: Rules) -> Suggest:
    known = standing(queue.schema_revision.schema, ASSISTANT)
    if not known.on or known.model is None:
        raise Conflict(known.reason, code="assist_off")
    arrays, version = keeping.kept(known.model.arrays), answering.version_of(known.model)

    def one(task: Task) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for page in range(pages_of(task.item.media)):
            try:
                seen = teaching.seen_of(task.item, page)
            except LodeError:  # its bytes are gone: whoever opens the task is told
                return made
            found = known.assistant.find(arrays, seen)
            made += answering.results(found, task.item.media, rules, version, page=page)
        return made

    return lambda tasks: [one(task) for task in tasks]
