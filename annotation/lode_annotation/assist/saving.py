"""How much time assistants save: the median time of tasks with their help and without, given enough of both."""

from dataclasses import dataclass
from statistics import median

from django.db.models import Exists, OuterRef, Q

from lode_annotation.assist.models import AssistantUse
from lode_annotation.models import Annotation, AnnotationRevision, Schema

ENOUGH = 30
"""Tasks of each sort from which on a comparison is shown."""
LATEST = 300
"""Answers that are compared, of each sort the newest."""
LOOKED_AT = 3000


@dataclass(frozen=True)
class Saving:
    """How many answers there are of each sort, at most ``LATEST``, and the median seconds of each: None below
    ``ENOUGH`` of either sort."""

    assisted: int
    unassisted: int
    with_help: float | None = None
    without: float | None = None

    @property
    def shown(self) -> bool:
        return self.with_help is not None and self.without is not None

    @property
    def share(self) -> float:
        """The part of the time that is saved; negative where help costs time."""
        if self.with_help is None or not self.without:
            return 0.0
        return 1 - self.with_help / self.without


def saving(schema: Schema, name: str) -> Saving:
    """Compares people's first answers to tasks of the schema's queues: one statement. A click helped those whom it
    answered; pre-labels helped whoever did the task."""
    used = AssistantUse.objects.filter(task=OuterRef("annotation__task"), assistant=name)
    used = used.filter(Q(user=None) | Q(user=OuterRef("author")))
    answered = [Annotation.State.SUBMITTED, Annotation.State.ACCEPTED]
    rows = AnnotationRevision.objects.filter(
        number=1, annotation__task__queue__schema_revision__schema=schema, state__in=answered, lead_time__gt=0
    )
    newest = rows.annotate(helped=Exists(used)).order_by("-pk").values_list("helped", "lead_time")[:LOOKED_AT]
    found: dict[bool, list[float]] = {True: [], False: []}
    for helped, seconds in newest:
        if len(found[helped]) < LATEST:
            found[helped].append(seconds)
    assisted, unassisted = found[True], found[False]
    if min(len(assisted), len(unassisted)) < ENOUGH:
        return Saving(len(assisted), len(unassisted))
    return Saving(len(assisted), len(unassisted), median(assisted), median(unassisted))
