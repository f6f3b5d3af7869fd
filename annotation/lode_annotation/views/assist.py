"""The page of a schema's assistants: what each learned, how good it is, what it saves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_annotation import queues as queue_verbs
from lode_annotation.assist import answering, predictors, prelabelling, saving, training
from lode_annotation.assist import standing as standings
from lode_annotation.assist.models import AssistantModel
from lode_annotation.assist.saving import Saving
from lode_annotation.assist.standing import Standing
from lode_annotation.models import Queue, Schema
from lode_annotation.rules import rules_of
from lode_annotation.schemas import latest
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError, NotFound
from lode_platform.models import Membership
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

HISTORY = 30
QUEUES = 20


@dataclass(frozen=True)
class Line:
    """An assistant as the page shows it."""

    standing: Standing
    saving: Saving
    answers: bool = False
    """Whether it is the one that answers clicks."""

    @property
    def percent(self) -> int:
        """Of the time that is saved."""
        return round(self.saving.share * 100)


def _found(request: HttpRequest, project: str, name: str, verb: str) -> tuple[Membership, Schema]:
    member = member_of(Caller(signed_in(request)), project, verb)
    rows = Schema.objects.filter(project=member.project).select_related("project")
    return member, get_object_or_404(rows, name=name)


def assist(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A schema's assistants, their history, and the queues that can be pre-labelled."""
    member, schema = _found(request, project, name, "project.view")
    every = standings.standings(schema)
    best = answering.clicking(every)
    lines = [Line(one, saving.saving(schema, one.assistant.name), one is best and one.on) for one in every]
    history = AssistantModel.objects.filter(schema=schema).select_related("created_by", "schema_revision", "job")
    asks = standings.takes_pictures(schema) and standings.asks_for_regions(rules_of(latest(schema).controls))
    open_queues = list(
        Queue.objects.filter(schema_revision__schema=schema, state=Queue.State.OPEN).order_by("-created_at")[:QUEUES]
    )
    counts = queue_verbs.tasks_by_state(open_queues)
    context: dict[str, Any] = {
        "project": member.project,
        "room": "schemas",
        "schema": schema,
        "asks": asks,
        "lines": lines,
        "trained": any(line.standing.model for line in lines),
        "least": standings.LEAST,
        "enough": saving.ENOUGH,
        "history": list(history.order_by("-pk")[:HISTORY]),
        "queues": [(queue, counts[queue.pk]["open"]) for queue in open_queues if counts[queue.pk]["open"]],
        "prelabels": any(line.standing.on for line in lines if line.standing.assistant.purpose == "prelabel"),
        "training": standings.training(schema),
        "predictors": list(schema.predictors.order_by("pk")),
        "may_edit": permits(Caller(member.user), member.role, "schema.edit"),
        "may_manage": permits(Caller(member.user), member.role, "queue.manage"),
    }
    context["offers"] = context["prelabels"] or bool(context["predictors"])
    return render(request, "annotation/assist.html", context)


@require_POST
def assist_change(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Trains the assistants again, or switches one on or off."""
    member, schema = _found(request, project, name, "queue.manage")
    caller = Caller(member.user)
    try:
        if assistant := request.POST.get("assistant", ""):
            training.switch(schema, caller, assistant, request.POST.get("on") == "1")
        else:
            training.train(schema, caller)
    except BadInput as refused:
        toast(request, refused.message)
    return redirect("annotation:assist", member.project.name, schema.name)


@require_POST
def assist_predictors(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Adds a predictor, or removes one."""
    member, schema = _found(request, project, name, "schema.edit")
    caller, given = Caller(member.user), request.POST
    try:
        if gone := given.get("remove", ""):
            row = next((one for one in schema.predictors.all() if str(one.uuid) == gone), None)
            if row is None:
                raise NotFound(_("There is no such predictor."))
            predictors.remove(row, caller)
        else:
            title = given.get("name", "").strip()[:64]
            if not title:
                raise BadInput(_("A predictor needs a name."), field="name")
            predictors.add(
                schema,
                caller,
                name=title,
                url=given.get("url", "").strip(),
                interactive=given.get("interactive") == "1",
            )
    except LodeError as refused:
        toast(request, refused.message)
    return redirect("annotation:assist", member.project.name, schema.name)


@require_POST
def assist_prelabel(request: HttpRequest, project: str, name: str, queue: UUID) -> HttpResponse:
    """Starts to pre-label the next open tasks of a queue."""
    member, schema = _found(request, project, name, "queue.manage")
    rows = Queue.objects.filter(schema_revision__schema=schema).select_related("project", "schema_revision__schema")
    found = get_object_or_404(rows, uuid=queue)
    try:
        chosen = request.POST.get("predictor", "")
        job = prelabelling.prelabel(found, Caller(member.user), UUID(chosen) if chosen else None)
    except (LodeError, ValueError) as refused:
        toast(request, refused.message if isinstance(refused, LodeError) else _("There is no such predictor."))
        return redirect("annotation:assist", member.project.name, schema.name)
    toast(request, _("Pre-labelling has started"))
    return redirect(reverse("platform:job", args=[member.project.name, job.uuid]))
