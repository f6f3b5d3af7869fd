"""Gives a queue's tasks as Label Studio has them, one after the other: everybody's answers, drafts, predictions."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lode_annotation.models import Annotation, AnnotationRevision, Queue, Task
from lode_annotation.payloads import iso
from lode_annotation.queues import BATCH
from lode_platform.among import among
from motherlode.media import MEDIA

Given: TypeAlias = tuple[Annotation, AnnotationRevision | None]
"""An annotation and its newest revision, None of a draft alone."""


def given(queue: Queue) -> Iterator[dict[str, Any]]:
    """``{"path", "item", "media", "task"}`` of each task, in the order of their numbers; a batch is in memory.

    ``task`` is Label Studio's: ``id``, ``data``, ``meta``, ``annotations``, ``drafts``, ``predictions``. People are
    named by their mail address, else by their name. Each batch is read for itself: no cursor stays open.
    """
    last = 0
    while rows := list(_tasks(queue, last)):
        answers = answers_of(rows)
        for task in rows:
            yield {
                "path": task.item.path,
                "item": str(task.item.uuid),
                "md5": task.item.blob.md5,
                "kind": task.item.kind,
                "task": _task(task, answers.get(task.pk, [])),
            }
        last = rows[-1].number


def _tasks(queue: Queue, after: int) -> Iterable[Task]:
    rows = Task.objects.filter(queue=queue, number__gt=after, item__trashed_at=None)
    return rows.select_related("item__blob").order_by("number")[:BATCH]


def answers_of(tasks: Iterable[Task]) -> dict[int, list[Given]]:
    """The annotations of these tasks, each with its newest revision."""
    found: dict[int, list[Given]] = {}
    rows = list(
        Annotation.objects.filter(among("task", [one.pk for one in tasks])).select_related("user").order_by("pk")
    )
    saves = AnnotationRevision.objects.filter(among("annotation", [row.pk for row in rows]))
    newest = {(save.annotation_id, save.number): save for save in saves}
    for row in rows:
        found.setdefault(row.task_id, []).append((row, newest.get((row.pk, row.revision))))
    return found


def _task(task: Task, answers: Iterable[Given]) -> dict[str, Any]:
    origin = task.origin or {}
    data = origin.get("data") or {MEDIA[task.item.kind].kind: f"/data/local-files/?d={task.item.path}"}
    true = set(origin.get("ground_truth", ()))
    annotations, drafts = [], []
    for row, save in answers:
        if save is not None:
            annotations.append(annotation_of(row, save, str(row.uuid) in true))
        if row.draft is not None:
            drafts.append(draft_of(row, len(annotations) if save is not None else None))
    return {
        "id": origin.get("number", task.number),
        "data": data,
        "meta": origin.get("meta") or {},
        "annotations": annotations,
        "drafts": drafts,
        "predictions": predictions_of(task),
    }


def predictions_of(task: Task) -> list[dict[str, Any]]:
    """What models said of a task, as it came in; else its pre-labels."""
    found = (task.origin or {}).get("predictions") or []
    predictions = [one for one in found if isinstance(one, dict)]
    if not predictions and task.prelabels:
        predictions = [{"result": task.prelabels, "model_version": "pre-labels"}]
    return predictions


def annotation_of(row: Annotation, save: AnnotationRevision, true: bool) -> dict[str, Any]:
    """An answer with its newest revision; ``true``: it was marked as the ground truth."""
    return {
        "completed_by": _person(row),
        "result": save.result,
        "was_cancelled": row.state == Annotation.State.SKIPPED,
        "ground_truth": true,
        "lead_time": save.lead_time,
        "created_at": iso(row.created_at),
        "updated_at": iso(save.created_at),
        "unique_id": str(row.uuid),
    }


def draft_of(row: Annotation, annotation: int | None) -> dict[str, Any]:
    """The unfinished work of a person, and the place of their answer among the task's."""
    return {"user": _person(row), "result": row.draft, "created_at": iso(row.draft_at), "annotation": annotation}


def _person(row: Annotation) -> str:
    return row.user.email or row.user.username
