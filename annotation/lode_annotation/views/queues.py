"""The pages of queues."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from lode_annotation import filling, flags, honeypots, ranking, review_rules
from lode_annotation import queues as queue_verbs
from lode_annotation import schemas as schema_verbs
from lode_annotation.asked_items import items_by_filter
from lode_annotation.assignments import for_whom, is_for
from lode_annotation.board import board_rows
from lode_annotation.models import Annotation, Honeypot, Queue, Schema, Task
from lode_annotation.ordering import ORDERINGS
from lode_annotation.task_filters import tasks_by_filter
from lode_annotation.views import micro_tasks
from lode_annotation.views.item_filters import given_filter, item_filters
from lode_annotation.views.queue_forms import QueueForm, SettingsForm
from lode_annotation.views.refusals import add_refusal
from lode_platform import jobs, shell
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, LodeError
from lode_platform.models import Membership
from lode_platform.paging import AtLeast, KeyPaginator, bounded
from lode_platform.searching import Search, counted, going_on, page_of, within_few
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

PAGE = 50
MOST_TASKS = 1 << 31
"""Above every number of a task."""


def _member(request: HttpRequest, project: str, verb: str = "project.view") -> Membership:
    return member_of(Caller(signed_in(request)), project, verb)


def queues(request: HttpRequest, project: str) -> HttpResponse:
    """The board of the project's queues: progress, active annotators, throughput, estimated end, oldest lease."""
    member = _member(request, project)
    state = request.GET.get("state", "")
    rows = Queue.objects.filter(project=member.project)
    if state:
        if state not in Queue.State.values:
            raise BadInput(_("This is not a valid state."), field="state")
        rows = rows.filter(state=state)
    page = Paginator(rows.select_related("schema_revision__schema").order_by("-created_at", "-pk"), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "project": member.project,
        "room": "queues",
        "page": page,
        "rows": board_rows(list(page.object_list), member.user),
        "state": state,
        "states": Queue.State.choices,
        "may_manage": permits(Caller(member.user), member.role, "queue.manage"),
        "may_label": permits(Caller(member.user), member.role, "queue.label"),
        "may_review": permits(Caller(member.user), member.role, "annotation.review"),
        "has_schema": Schema.objects.filter(project=member.project).exists(),
    }
    return render(request, "annotation/queues.html", context)


def queue_new(request: HttpRequest, project: str) -> HttpResponse:
    """A new queue: name, schema, review rule, reason, and the items by filter with their number live."""
    member = _member(request, project, "queue.manage")
    if request.GET.get("count"):
        return _count(request, member)
    if not Schema.objects.filter(project=member.project).exists():
        toast(request, _("A queue needs a schema first"))
        return redirect("annotation:schema_new", member.project.name)
    form = QueueForm(
        member.project, request.POST or None, initial={name: request.GET.get(name, "") for name in ("schema", "reason")}
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, filled = filling.create_filled(
                member.project,
                Caller(member.user),
                given_filter(request),
                name=given["name"],
                schema=Schema.objects.get(project=member.project, name=given["schema"]),
                overlap=given["overlap"] or 1,
                consensus=given["consensus"] or Queue.Consensus.MERGED.value,
                **form.settings(),
            )
        except LodeError as error:
            add_refusal(form, error)
        else:
            if filled.job is None:
                toast(request, _tasks_added(filled.added))
            return redirect("annotation:queue", member.project.name, made.uuid)
    context = {
        "project": member.project,
        "room": "queues",
        "form": form,
        "filters": item_filters(request, member),
        "search": request.POST.get("search", request.GET.get("search", "")),
    }
    return render(request, "annotation/queue_new.html", context, status=400 if form.errors else 200)


def _count(request: HttpRequest, member: Membership) -> HttpResponse:
    """The part that says how many items the filters select, ``without`` those that are in a queue already."""
    given = given_filter(request)
    listed = items_by_filter(member.project, member.user, {})
    rows = items_by_filter(member.project, member.user, given)
    if name := request.GET.get("without"):
        try:
            queue = _queue(member, UUID(name))
        except ValueError:
            raise BadInput(_("without must be the uuid of a queue."), field="without") from None
        rows = rows.exclude(Exists(Task.objects.filter(queue=queue, item=OuterRef("pk"))))
    few = within_few(
        rows, (known.keys(given[known.name], member.project) for known in shell.item_filters() if known.name in given)
    )
    found = counted(Search(listed, rows)) if few is None else bounded(few)
    return render(
        request,
        "annotation/queue_count.html",
        {"project": member.project, "found": found, "is_cut": isinstance(found, AtLeast)},
    )


def _tasks_added(number: int) -> str:
    return ngettext("%(n)s task added", "%(n)s tasks added", number) % {"n": number}


def _queue(member: Membership, uuid: UUID) -> Queue:
    rows = Queue.objects.filter(project=member.project).select_related(
        "schema_revision__schema", "created_by", "filling"
    )
    return get_object_or_404(rows, uuid=uuid)


def queue_held(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """The part of the board that a queue's row opens into: the tasks being labelled."""
    member = _member(request, project)
    found = _queue(member, queue)
    context = {
        "project": member.project,
        "queue": found,
        "held": list(queue_verbs.held(found)[:100]),
        "may_manage": permits(Caller(member.user), member.role, "queue.manage"),
        "to_board": True,
    }
    return render(request, "annotation/queue_held.html", context)


def queue(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """A queue: its progress, who is labelling, its tasks with reason and state."""
    member = _member(request, project)
    found = _queue(member, queue)
    if found.kind == Queue.Kind.MICRO:
        return micro_tasks.results_page(request, member, found)
    given = _task_filter(request.GET)
    state, q = given["state"], given["q"]
    answers = Annotation.objects.select_related("user").order_by("pk")
    tasks = tasks_by_filter(found, given).select_related("item", "flagged_by")
    tasks = tasks.prefetch_related(Prefetch("annotations", queryset=answers))
    [numbers] = board_rows([found], member.user)
    flagged = found.tasks.filter(flagged_at__isnull=False).count()
    if q:
        listed = tasks_by_filter(found, {**given, "q": ""}).select_related("item")
        search = Search(listed, tasks, found.tasks.all())
        page: Page[Task] = page_of(search, PAGE, request.GET)
    else:
        known = numbers.counts[state] if state else numbers.total
        if given["flagged"]:
            known = tasks.count() if state else flagged
        page = KeyPaginator(tasks, PAGE, known).get_page(request.GET.get("page"))
    newest = schema_verbs.latest(found.schema_revision.schema)
    # not joined: late answers and honeypots are few, tasks may be many
    here = Task.objects.filter(pk=OuterRef("task"), queue=found)
    late = Annotation.objects.filter(Exists(here), lost_at__isnull=False).select_related("user", "task__item")
    may_review = permits(Caller(member.user), member.role, "annotation.review")
    may_manage = permits(Caller(member.user), member.role, "queue.manage")
    context = {
        "project": member.project,
        "room": "queues",
        "queue": found,
        "reviewed": review_rules.words(found.review_rule) if found.review else "",
        "numbers": numbers,
        "newest": newest if newest.number != found.schema_revision.number else None,
        "held": list(queue_verbs.held(found)[:100]),
        "late": list(late.order_by("-lost_at")[:50]) if may_review else [],
        "page": page,
        "state": state,
        "is_filling": found.filling is not None and found.filling.state in jobs.OPEN,
        "q": q,
        "flagged": flagged,
        "honeypots": Honeypot.objects.filter(Exists(here)).count() if may_manage else 0,
        "only_flagged": given["flagged"],
        "states": [(value, title, numbers.counts[value]) for value, title in Task.State.choices],
        "filters": item_filters(request, member),
        "mined": "round"
        in (Task.objects.filter(queue=found).order_by("number").values_list("reason", flat=True).first() or {}),
        "settings": SettingsForm(member.project, initial=SettingsForm.of(found)),
        "ordering": ORDERINGS[found.ordering].title,
        "may_manage": may_manage,
        "for_whom": ", ".join(for_whom(found)),
        "may_label": permits(Caller(member.user), member.role, "queue.label")
        and is_for(found, member.user, member.role),
        "may_review": may_review,
    }
    return going_on(render(request, "annotation/queue.html", context), request, page)


@require_POST
def queue_change(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Opens, pauses or closes the queue, changes its settings, or moves it to the newest revision."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    change: dict[str, Any] = {}
    if state := request.POST.get("state"):
        change["state"] = state
    if "review" in request.POST:
        change["review"] = request.POST["review"] == "1"
    if consensus := request.POST.get("consensus"):
        change["consensus"] = consensus
    if request.POST.get("newest"):
        change["newest"] = True
    if request.POST.get("settings"):
        form = SettingsForm(member.project, request.POST)
        if not form.is_valid():
            raise BadInput(
                " ".join(str(error) for errors in form.errors.values() for error in errors), field="settings"
            )
        change |= form.settings()
    queue_verbs.change_queue(found, Caller(member.user), **change)
    toast(request, _("%(queue)s changed") % {"queue": found.name})
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_add(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Adds every item that the filters select and that is not in the queue yet, with an undo."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    try:
        filled = filling.fill(found, Caller(member.user), given_filter(request))
    except Conflict as error:
        toast(request, error.message, kind="danger")
    else:
        if filled.job is None:
            found.refresh_from_db(fields=["size"])
            undo = reverse("annotation:queue_take_out", args=[member.project.name, found.uuid])
            names = f"?first={found.size - filled.added + 1}&last={found.size}"
            toast(request, _tasks_added(filled.added), undo=f"{undo}{names}" if filled.added else "")
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_take_out(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Removes the tasks ``first`` to ``last`` that nobody has started."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    try:
        first, last = int(request.GET["first"]), int(request.GET["last"])
    except (KeyError, ValueError):
        first, last = 0, 0
    if not 0 < first <= last < MOST_TASKS:
        raise BadInput(_("first and last must be task numbers."), field="first")
    gone = queue_verbs.take_out(found, Caller(member.user), first, last)
    left = last - first + 1 - gone
    said = ngettext("%(n)s task removed", "%(n)s tasks removed", gone) % {"n": gone}
    if left > 0:
        kept = ngettext("%(n)s already started is kept", "%(n)s already started are kept", left) % {"n": left}
        said = f"{said}; {kept}"
    toast(request, said)
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_clear(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Releases one held task, or all; unfinished work stays as drafts."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    rows = queue_verbs.held(found)
    if task := request.POST.get("task"):
        try:
            rows = rows.filter(task__uuid=UUID(task))
        except ValueError:
            raise BadInput(_("task must be a uuid."), field="task") from None
    freed = queue_verbs.clear(found, Caller(member.user), [lease.pk for lease in rows])
    toast(request, ngettext("%(n)s task released", "%(n)s tasks released", freed) % {"n": freed})
    if request.POST.get("to") == "board":
        return redirect("annotation:queues", member.project.name)
    return redirect("annotation:queue", member.project.name, found.uuid)


def _task_filter(given: QueryDict) -> dict[str, str]:
    """The filters of the list of tasks, as its address and its form have them."""
    flagged = "1" if given.get("flagged") else ""
    return {"state": given.get("state", ""), "q": given.get("q", "").strip(), "flagged": flagged}


@require_POST
def tasks_prioritise(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Gives the chosen tasks, or with ``all`` those that the list's filters select, a priority."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    try:
        priority, named = int(request.POST["priority"]), [UUID(one) for one in request.POST.getlist("task")]
    except (KeyError, ValueError):
        raise BadInput(_("The priority must be a whole number, and tasks uuids."), field="priority") from None
    given = _task_filter(request.POST)
    chosen: dict[str, Any] = {"given": given} if request.POST.get("all") else {"tasks": named}
    changed = ranking.prioritise(found, Caller(member.user), priority, **chosen)
    if changed.job is None:
        said = ngettext("%(n)s task has priority %(p)s", "%(n)s tasks have priority %(p)s", changed.tasks)
        toast(request, said % {"n": changed.tasks, "p": priority})
    else:
        toast(request, _("A job sets the priority"))
    names = urlencode({name: value for name, value in given.items() if value})
    return redirect(f"{reverse('annotation:queue', args=[member.project.name, found.uuid])}?{names}#tasks")


@require_POST
def task_unflag(request: HttpRequest, project: str, task: UUID) -> HttpResponse:
    """Takes the flag off a task."""
    member = _member(request, project, "queue.label")
    row = get_object_or_404(Task.objects.filter(queue__project=member.project).select_related("queue"), uuid=task)
    flags.unflag(Caller(member.user), row.uuid)
    toast(request, _("The flag is gone"))
    return redirect("annotation:task", member.project.name, row.uuid)


@require_POST
def honeypots_mix(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Mixes honeypots into the queue, at a rate given in percent."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    try:
        rate = float(request.POST.get("percent", "")) / 100
        mixed = honeypots.mix_in(found, Caller(member.user), rate, given_filter(request))
    except ValueError:
        raise BadInput(_("The rate must be a number of percent."), field="percent") from None
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        few = _("No honeypots were mixed in: the queue has too few tasks for that rate, or no labelled item is left")
        toast(
            request,
            ngettext("%(n)s honeypot mixed in", "%(n)s honeypots mixed in", mixed) % {"n": mixed} if mixed else few,
        )
    return redirect("annotation:queue", member.project.name, found.uuid)
