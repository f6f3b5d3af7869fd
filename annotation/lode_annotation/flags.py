"""Flags of tasks: something that somebody should look at, said in a note, whatever comes of the task."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lode_annotation import told
from lode_annotation.models import Task
from lode_annotation.queue_context import context_of_task
from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput

LONGEST = 300


def flag(caller: Caller, task: UUID, note: str) -> Task:
    """Flags a task with a note, in place of an earlier one. Raises ``BadInput`` without a note."""
    said = " ".join(note.split())
    if not said or len(said) > LONGEST or "\0" in said:
        raise BadInput(f"A flag needs a note of 1 to {LONGEST} characters.", field="note")
    return _write(caller, task, flag=said, flagged_at=timezone.now(), flagged_by=caller.user)


def unflag(caller: Caller, task: UUID) -> Task:
    """Takes the flag off a task; the note stays in the project's events."""
    return _write(caller, task, flag="", flagged_at=None, flagged_by=None)


def _write(caller: Caller, task: UUID, **values: object) -> Task:
    _context, key = context_of_task(caller, task, "queue.label")
    with transaction.atomic():
        Task.objects.filter(pk=key).update(**values)
        found = Task.objects.select_related("queue__project", "item", "flagged_by").get(pk=key)
        verb = "task.flag" if found.flag else "task.unflag"
        events.record(found.queue.project, caller.user, verb, found, note=found.flag)
        told.notify_mentioned(found, found.flag, caller.user)
    return found
