"""The dry run of a revision, as a part of the page that makes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from lode_annotation import class_filter, schema_migrations, touched
from lode_annotation.class_examples import moving
from lode_annotation.dry_run import Change
from lode_annotation.models import Schema, SchemaRevision
from lode_annotation.schemas import latest
from lode_annotation.touched import Touched
from lode_annotation.views.revision_form import RevisionForm, said
from lode_platform.access import member_of
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, LodeError
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from motherlode.shapes import BY_TAG

WORDS = {
    "class_renamed": gettext_lazy("%(label)s is renamed to %(to)s"),
    "class_merged": gettext_lazy("%(label)s is merged into %(to)s"),
    "class_split": gettext_lazy("%(to)s is split off from %(label)s"),
    "class_retired": gettext_lazy("%(label)s is retired"),
    "class_returned": gettext_lazy("%(label)s comes back"),
    "class_new": gettext_lazy("%(label)s is new"),
    "control_renamed": gettext_lazy("The control %(control)s is renamed to %(to)s"),
    "control_retyped": gettext_lazy("The control %(control)s asks for %(to)s"),
    "control_removed": gettext_lazy("The control %(control)s is removed"),
    "control_required": gettext_lazy("The control %(control)s has to be answered"),
    "control_single": gettext_lazy("The control %(control)s takes one answer, no longer several"),
    "control_new": gettext_lazy("The control %(control)s is new"),
}
OUTCOMES = {
    "class_renamed": gettext_lazy("Its class id stays; no label set is written again."),
    "class_merged": gettext_lazy("A job writes these label sets again, for all to see at once; it can be undone."),
    "class_split": gettext_lazy("These items need a look: the schema's page offers a queue of them."),
    "class_retired": gettext_lazy("Labels that name it stay as they are; annotators are not offered it any more."),
    "class_returned": gettext_lazy("With the class id that it had."),
    "class_new": "",
    "control_renamed": gettext_lazy("Its classes keep their ids; no label set is written again."),
    "control_retyped": gettext_lazy("Labels that it has stay as they are; answers under way have to be given anew."),
    "control_removed": gettext_lazy("Labels that it has stay as they are; annotators are not asked any more."),
    "control_required": gettext_lazy("These items need a look: the schema's page offers a queue of them."),
    "control_single": gettext_lazy("Items with several answers stay as they are until somebody chooses one."),
    "control_new": "",
}


@dataclass(frozen=True)
class Line:
    """A change in words, what becomes of what it touches, and where that is listed."""

    found: Touched
    text: str
    outcome: str
    under_way: str
    url: str


def lines(schema: Schema, changes: Iterable[Touched]) -> list[Line]:
    """Each change as the page shows it."""
    return [
        Line(one, _text(one.change), _outcome(schema, one.change), _under_way(one), _listed(schema, one.change))
        for one in changes
    ]


def _text(change: Change) -> str:
    to = BY_TAG[change.to].task if change.kind == "control_retyped" else change.to
    return WORDS[change.kind] % {"label": change.label, "control": change.control, "to": to}


def _outcome(schema: Schema, change: Change) -> str:
    if change.sought is not None and change.sought.rule == "short":
        return _("Regions without an answer stay as they are until somebody answers.")
    said = str(OUTCOMES[change.kind])
    return f"{said} {_examples(schema, change)}".rstrip() if change.kind == "class_merged" else said


def _examples(schema: Schema, change: Change) -> str:
    """What becomes of the examples of a class that is merged, in words."""
    going, staying = moving(schema, change.class_id)
    parts = []
    if going:
        said = ngettext("%(n)d example is shown with %(to)s.", "%(n)d examples are shown with %(to)s.", going)
        parts.append(said % {"n": going, "to": change.to})
    if staying:
        said = ngettext(
            "%(n)d example of what does not count is shown no more.",
            "%(n)d examples of what does not count are shown no more.",
            staying,
        )
        parts.append(said % {"n": staying})
    return " ".join(parts)


def _under_way(one: Touched) -> str:
    """The answers under way that a change touches, in words."""
    drafts, waiting, back = (one.answers.get(state, 0) for state in touched.UNDER_WAY)
    parts = [
        ngettext("%(n)d draft", "%(n)d drafts", drafts) % {"n": drafts} if drafts else "",
        _("%(n)d to review") % {"n": waiting} if waiting else "",
        _("%(n)d rejected") % {"n": back} if back else "",
    ]
    return ", ".join(filter(None, parts))


def _listed(schema: Schema, change: Change) -> str:
    """The Items page with exactly those that a change touches; empty where its filters cannot say it."""
    if not change.class_id or change.sought is None:
        return ""
    value = class_filter.of_items_with(schema.name, change.class_id)
    address = reverse("platform:items", args=[schema.project.name])
    return f"{address}?{urlencode({class_filter.NAME: value})}"


@require_POST
def schema_changes(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """What the revision in the form would change and touch, or why it cannot be made."""
    member = member_of(Caller(signed_in(request)), project, "schema.edit")
    found = get_object_or_404(Schema.objects.filter(project=member.project).select_related("project"), name=name)
    newest = latest(found)
    form = RevisionForm(request.POST)
    context: dict[str, Any] = {"project": member.project, "schema": found}
    try:
        config = form.cleaned_data["config"] if form.is_valid() else ""
        planned = touched.dry_run(found, Caller(member.user), config=config, **said(request, newest).words)
    except LodeError as error:
        context |= {"error": error}
    else:
        context |= {"lines": lines(found, planned.changes), "queues": planned.queues, "migrates": planned.migrates}
    return render(request, "annotation/schema_changes.html", context)


@require_POST
def revision_undo(request: HttpRequest, project: str, name: str, number: int) -> HttpResponse:
    """Starts the job that undoes the newest revision."""
    member = member_of(Caller(signed_in(request)), project, "schema.edit")
    rows = SchemaRevision.objects.filter(schema__project=member.project, schema__name=name)
    found = get_object_or_404(rows.select_related("schema__project"), number=number)
    try:
        schema_migrations.undo(found, Caller(member.user))
    except Conflict as refused:
        toast(request, refused.message)
    return redirect("annotation:schema", member.project.name, name)
