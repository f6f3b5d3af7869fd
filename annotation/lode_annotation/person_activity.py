"""What this room keeps of what a person did: answers, reviews given and received, flags."""

from collections.abc import Iterator

from django.db.models import QuerySet

from lode_annotation.models import AnnotationRevision, Review, Task
from lode_platform import activity
from lode_platform.activity import Act, in_batches
from lode_platform.models import Project, User

__all__ = ["register"]


def _answers(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    """Each save of theirs, also those in which they fixed another's answer."""
    rows = AnnotationRevision.objects.filter(author=user, annotation__task__queue__project__in=projects)
    kept = rows.select_related("annotation__task__item", "annotation__task__queue__project", "annotation__user")
    for row in in_batches(kept.defer("result", "annotation__draft", "annotation__task__prelabels")):
        answer, task = row.annotation, row.annotation.task
        yield Act(
            row.created_at,
            "answer" if answer.user_id == user.pk else "fixed answer",
            row.state,
            task.queue.project.name,
            task.queue.name,
            task.item.path,
            seconds=row.lead_time,
            person="" if answer.user_id == user.pk else answer.user.username,
            text=row.reason,
            uuid=answer.uuid,
        )


def _given(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    rows = _reviews(projects).filter(reviewer=user).select_related("annotation__user")
    for row in in_batches(rows):
        yield _review(row, "review given", row.annotation.user)


def _received(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    rows = _reviews(projects).filter(annotation__user=user).select_related("reviewer")
    for row in in_batches(rows):
        yield _review(row, "review received", row.reviewer)


def _reviews(projects: "QuerySet[Project]") -> "QuerySet[Review]":
    rows = Review.objects.filter(annotation__task__queue__project__in=projects)
    kept = rows.select_related("annotation__task__item", "annotation__task__queue__project")
    return kept.defer("annotation__draft", "annotation__task__prelabels")


def _review(row: Review, kind: str, other: User) -> Act:
    task = row.annotation.task
    return Act(
        row.created_at,
        kind,
        row.verdict if row.undone_at is None else f"{row.verdict}, taken back",
        task.queue.project.name,
        task.queue.name,
        task.item.path,
        person=other.username,
        text=row.comment,
        uuid=row.annotation.uuid,
    )


def _flags(user: User, projects: "QuerySet[Project]") -> Iterator[Act]:
    rows = Task.objects.filter(flagged_by=user, queue__project__in=projects, flagged_at__isnull=False)
    for task in in_batches(rows.select_related("item", "queue__project").defer("prelabels")):
        if task.flagged_at is not None:
            place = (task.queue.project.name, task.queue.name, task.item.path)
            yield Act(task.flagged_at, "flag", "flagged", *place, text=task.flag, uuid=task.uuid)


def register() -> None:
    """Called once, when the application is ready."""
    for each in (_answers, _given, _received, _flags):
        activity.source(each)
