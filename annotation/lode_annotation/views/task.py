"""A task as it stands: the answers given to it, read-only, and the way to change one."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_annotation import queues
from lode_annotation.label_sets import regions_from
from lode_annotation.models import Annotation, AnnotationRevision, Queue, Task
from lode_annotation.rules import rules_of
from lode_platform import said, shell
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn, drawn
from lode_platform.models import Item, Membership
from lode_platform.signed_in import signed_in
from lode_platform.templatetags.lode import class_color
from lode_platform.toasts import toast


@dataclass(frozen=True)
class Answer:
    """One person's answer as the page draws it: its regions, and in words what is said of the whole item and of each
    region."""

    annotation: Annotation
    revision: AnnotationRevision
    regions: list[Drawn]
    whole: list[shell.Answer]
    attributes: list[shell.Answer]


def _answer(annotation: Annotation, item: Item) -> Answer:
    revision = next(row for row in annotation.revisions.all() if row.number == annotation.revision)
    rules = rules_of(annotation.schema_revision.controls)
    # what was sent with a skip was never validated, and is nobody's answer
    result = [] if revision.state == Annotation.State.SKIPPED else revision.result
    found = regions_from(result, item.media, rules, [])
    rows = [region.as_json() for region in found]
    return Answer(
        annotation,
        revision,
        [one for each in found for one in drawn(each, label=each.label, color=class_color(each.class_id))],
        said.answers(rows, rules.names),
        said.attributes(rows, rules.names),
    )


def _task(member: Membership, uuid: UUID) -> Task:
    rows = Task.objects.filter(queue__project=member.project).select_related("queue__project", "item__blob")
    return get_object_or_404(rows, uuid=uuid)


def task(request: HttpRequest, project: str, task: UUID) -> HttpResponse:
    """A task: its picture with each answer drawn, who gave it, what reviewers said, and "Change it" where one may."""
    member = member_of(Caller(signed_in(request)), project, "project.view")
    found = _task(member, task)
    rows = (
        found.annotations.filter(revision__gt=0)
        .select_related("user", "schema_revision")
        .prefetch_related("revisions", "reviews__reviewer")
        .order_by("-updated_at", "-pk")
    )
    answers = [_answer(row, found.item) for row in rows]
    may_label = permits(Caller(member.user), member.role, "queue.label")
    mine = any(answer.annotation.user_id == member.user.pk for answer in answers)
    over = found.state in (Task.State.DONE, Task.State.SKIPPED)
    context = {
        "project": member.project,
        "room": "queues",
        "queue": found.queue,
        "task": found,
        "item": found.item,
        "answers": answers,
        "may_change": may_label
        and (mine or (found.state == Task.State.OPEN and found.queue.state == Queue.State.OPEN)),
        "may_reopen": may_label
        and not mine
        and over
        and permits(Caller(member.user), member.role, "annotation.review"),
        "may_review": found.state == Task.State.SUBMITTED
        and permits(Caller(member.user), member.role, "annotation.review"),
    }
    return render(request, "annotation/task.html", context)


@require_POST
def task_reopen(request: HttpRequest, project: str, task: UUID) -> HttpResponse:
    """Opens a finished task again for the person who asks, and goes there."""
    member = member_of(Caller(signed_in(request)), project, "annotation.review")
    found = _task(member, task)
    queues.reopen_for(found, Caller(member.user))
    toast(request, _("The task is open again; the earlier answer is kept"))
    return redirect(f"{reverse('annotation:label', args=[found.queue.uuid])}?task={found.uuid}")
