"""The pages of micro-tasks: a new queue of them, voting, and what they came to."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Page
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from lode_annotation import queues as queue_verbs
from lode_annotation.assignments import for_whom, is_for
from lode_annotation.board import board_rows
from lode_annotation.filling import Filled
from lode_annotation.micro import asking, filling, item_action, results
from lode_annotation.models import Queue, Schema, Task
from lode_annotation.views.item_filters import given_filter, item_filters
from lode_annotation.views.label import root
from lode_annotation.views.queue_forms import SettingsForm
from lode_annotation.views.refusals import add_refusal
from lode_platform import jobs
from lode_platform.access import member_of, permits, require
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Membership, Project
from lode_platform.paging import KeyPaginator
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

PAGE = 50
NEVER = ""


def _labelings(project: Project) -> list[tuple[str, str]]:
    """The queues that corrections may go to."""
    rows = Queue.objects.filter(project=project, kind=Queue.Kind.LABELING).exclude(state=Queue.State.CLOSED)
    named = rows.select_related("schema_revision__schema").order_by("-pk")[:200]
    choices = [(str(row.uuid), f"{row.name} ({row.schema_revision.schema.name})") for row in named]
    return [(NEVER, _("Nowhere: only record the answer")), *choices]


class MicroTasksForm(SettingsForm):
    """A new queue of micro-tasks."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    about = forms.ChoiceField(
        label=gettext_lazy("Ask about"),
        help_text=gettext_lazy(
            "Each region and each answer of the class in the items' current labels is one question."
        ),
    )
    question = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=200,
        help_text=gettext_lazy("In the language of the schema; {label} stands for the class."),
    )
    min_votes = forms.IntegerField(
        label=gettext_lazy("People at least"), min_value=1, max_value=asking.MOST_VOTES, initial=2
    )
    max_votes = forms.IntegerField(
        label=gettext_lazy("People at most"),
        min_value=1,
        max_value=asking.MOST_VOTES,
        initial=5,
        help_text=gettext_lazy("A question that so many could not decide stays undecided."),
    )
    error_percent = forms.FloatField(
        label=gettext_lazy("Percent of wrong answers at most"),
        min_value=0.1,
        max_value=40,
        initial=5,
        help_text=gettext_lazy("A question is decided once the chance that its answer is wrong is below that."),
    )
    corrections = forms.ChoiceField(
        label=gettext_lazy("After a no the item goes to"),
        required=False,
        help_text=gettext_lazy("A queue with the same schema, in which somebody corrects the label."),
    )

    field_order = ("name", "about", "question", "reason")

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(project, *args, **kwargs)
        self.fields["about"].choices = item_action.labels(project)  # type: ignore[attr-defined]
        self.fields["corrections"].choices = _labelings(project)  # type: ignore[attr-defined]
        self.fields["question"].initial = _("Is the label {label} right?")

    def facts(self) -> dict[str, Any]:
        """What `asking.create_queue` takes beside the schema and the queue of corrections."""
        given, settings = self.cleaned_data, self.settings()
        settings.pop("skip_reasons")
        names = ("name", "question", "min_votes", "max_votes")
        return {**settings, **{name: given[name] for name in names}, "error_limit": given["error_percent"] / 100}


def _corrections(project: Project, given: str) -> Queue | None:
    if not given:
        return None
    try:
        uuid = UUID(given)
    except ValueError:
        raise BadInput(_("This is not a queue."), field="corrections") from None
    found = Queue.objects.filter(project=project, uuid=uuid).select_related("schema_revision").first()
    if found is None:
        raise BadInput(_("There is no such queue."), field="corrections")
    return found


def micro_tasks_new(request: HttpRequest, project: str) -> HttpResponse:
    """A new queue of micro-tasks: what is asked about which labels, of how many people, and what a no does."""
    member = member_of(Caller(signed_in(request)), project, "queue.manage")
    if not Schema.objects.filter(project=member.project).exists():
        toast(request, _("Micro-tasks need a schema and labels first"))
        return redirect("annotation:schema_new", member.project.name)
    form = MicroTasksForm(member.project, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            queue, filled = _made(request, member, form)
        except LodeError as error:
            add_refusal(form, error)
        else:
            if filled.job is None:
                toast(request, _added(filled.added))
            return redirect("annotation:queue", member.project.name, queue.uuid)
    context = {
        "project": member.project,
        "room": "queues",
        "form": form,
        "filters": item_filters(request, member),
        "search": request.POST.get("search", ""),
    }
    return render(request, "annotation/micro_tasks_new.html", context, status=400 if form.errors else 200)


def _made(request: HttpRequest, member: Membership, form: MicroTasksForm) -> tuple[Queue, Filled]:
    caller = Caller(member.user)
    name, _colon, label = form.cleaned_data["about"].rpartition(":")
    schema = Schema.objects.get(project=member.project, name=name)
    corrections = _corrections(member.project, form.cleaned_data["corrections"])
    with transaction.atomic():
        queue = asking.create_queue(member.project, caller, schema=schema, corrections=corrections, **form.facts())
        filled = filling.ask_matching(queue, caller, given_filter(request), asking.class_of(queue, label))
        if filled.job is not None:
            Queue.objects.filter(pk=queue.pk).update(state=Queue.State.FILLING)
    return queue, filled


def _added(number: int) -> str:
    return ngettext("%(n)s question added", "%(n)s questions added", number) % {"n": number}


def _queue(member: Membership, uuid: UUID) -> Queue:
    rows = Queue.objects.filter(project=member.project).select_related("schema_revision__schema", "project")
    return get_object_or_404(rows, uuid=uuid)


@require_POST
def micro_tasks_ask(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Asks about the labels of more items, with an undo."""
    member = member_of(Caller(signed_in(request)), project, "queue.manage")
    found, caller = _queue(member, queue), Caller(member.user)
    try:
        asking.rule_of(found)
        class_id = asking.class_of(found, request.POST.get("about", ""))
        filled = filling.ask_matching(found, caller, given_filter(request), class_id)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        if filled.job is None:
            undo = reverse("annotation:queue_take_out", args=[member.project.name, found.uuid])
            names = f"?first={found.size - filled.added + 1}&last={found.size}"
            toast(request, _added(filled.added), undo=f"{undo}{names}" if filled.added else "")
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def corrections(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Chooses where items go whose question is answered with no."""
    member = member_of(Caller(signed_in(request)), project, "queue.manage")
    found = _queue(member, queue)
    try:
        chosen = _corrections(member.project, request.POST.get("corrections", ""))
        asking.change_corrections(found, Caller(member.user), chosen)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(request, _("%(queue)s changed") % {"queue": found.name})
    return redirect("annotation:queue", member.project.name, found.uuid)


@never_cache
def vote(request: HttpRequest, queue: UUID) -> HttpResponse:
    """One question after the other. The page alone takes none: its script asks for them."""
    user = signed_in(request)
    found = get_object_or_404(Queue.objects.visible_to(Caller(user)).select_related("project"), uuid=queue)
    member = require(Caller(user), found.project, "queue.label")
    if found.kind != Queue.Kind.MICRO:
        return redirect("annotation:label", found.uuid)
    api = f"{root()}/api/v1"
    boot = {
        "next": f"{api}/queues/{found.uuid}/micro-tasks/next",
        "vote": f"{api}/micro-tasks/{{task}}/vote",
        "undo": f"{api}/micro-tasks/{{task}}/undo",
        "lease": f"{api}/tasks/{{task}}/lease",
        "thumb": f"{root()}/thumbs/{{item}}",
        "left": found.tasks.filter(state=Task.State.OPEN).exclude(votes__user=user, votes__undone=False).count(),
    }
    context = {
        "queue": found,
        "project": found.project,
        "is_for_me": is_for(found, user, member.role),
        "home": reverse("annotation:queue", args=[found.project.name, found.uuid]),
        "boot": boot,
    }
    return render(request, "annotation/vote.html", context)


def results_page(request: HttpRequest, member: Membership, queue: Queue) -> HttpResponse:
    """A queue of micro-tasks: what its questions came to, by class, by person, and one by one."""
    may_manage = permits(Caller(member.user), member.role, "queue.manage")
    given = {name: request.GET.get(name, "").strip() for name in ("outcome", "class", "q")}
    rule, classes = asking.rule_of(queue), results.by_class(queue)
    counts = results.totals(classes)
    [numbers] = board_rows([queue], member.user)
    rows = results.with_votes(results.questions(queue, given))
    known = None if given["q"] else _known(given, classes, counts)
    page: Page[Task] = KeyPaginator(rows, PAGE, known).get_page(request.GET.get("page"))
    names = queue.schema_revision.class_names
    context = {
        "project": member.project,
        "room": "queues",
        "queue": queue,
        "rule": rule,
        "error_percent": rule.error_limit * 100,
        "corrections": rule.corrections,
        "classes": classes,
        "counts": counts,
        "outcomes": [(outcome, TITLES[outcome], counts[outcome]) for outcome in results.OUTCOMES],
        "titles": TITLES,
        "numbers": numbers,
        "people": results.voters(queue, None if may_manage else member.user),
        "page": page,
        "questions": [
            (row, names.get(row.micro.class_id or 0, ""))
            for row in (results.answered(task, sees_open=may_manage) for task in page)
        ],
        "given": given,
        "csv": f"{root()}/api/v1/queues/{queue.uuid}/micro-tasks.csv",
        "held": list(queue_verbs.held(queue)[:100]) if may_manage else [],
        "is_filling": queue.filling is not None and queue.filling.state in jobs.OPEN,
        "settings": SettingsForm(member.project, initial=SettingsForm.of(queue)),
        "labelings": _labelings(member.project) if may_manage else [],
        "labels": sorted(queue.schema_revision.said_names.items()),
        "filters": item_filters(request, member) if may_manage else [],
        "may_manage": may_manage,
        "for_whom": ", ".join(for_whom(queue)),
        "may_vote": permits(Caller(member.user), member.role, "queue.label")
        and is_for(queue, member.user, member.role),
    }
    return render(request, "annotation/micro_tasks.html", context)


TITLES = {
    "yes": gettext_lazy("Yes"),
    "no": gettext_lazy("No"),
    "undecided": gettext_lazy("Undecided"),
    results.WITHDRAWN: gettext_lazy("Withdrawn"),
    results.OPEN: gettext_lazy("Open"),
}


def _known(given: dict[str, str], classes: list[results.ClassResult], counts: dict[str, int]) -> int:
    """How many questions the filters leave, as counted already."""
    chosen = [row for row in classes if not given["class"] or row.key == given["class"]]
    if given["outcome"]:
        return sum(row.counts[given["outcome"]] for row in chosen)
    return sum(row.asked for row in chosen)
