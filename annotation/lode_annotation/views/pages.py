"""The pages of schemas and queues."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from lode_annotation import queues as queue_verbs
from lode_annotation import review
from lode_annotation import schemas as schema_verbs
from lode_annotation.labeling_config import check_config
from lode_annotation.models import Annotation, LabelSet, Lease, Queue, Schema, SchemaRevision, Task
from lode_platform import shell
from lode_platform.access import member_of, permits
from lode_platform.errors import BadInput, LodeError
from lode_platform.models import Membership, Project, User
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from lode_platform.views.json_body import json_object
from motherlode import labeling_config

PAGE = 50
STARTERS = {
    "boxes": (gettext_lazy("Boxes"), ["car", "bicycle", "person"]),
    "classes": (gettext_lazy("One class a picture"), ["good", "broken", "unsure"]),
}


def _member(request: HttpRequest, project: str, verb: str = "project.view") -> Membership:
    return member_of(signed_in(request), project, verb)


# -- schemas -----------------------------------------------------------------------------------------------------------


CONFIG_HINT = gettext_lazy(
    "A Label Studio config with one Image and what is asked of it. It is checked while you type."
)


class SchemaForm(forms.Form):
    """A new schema."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)
    name = forms.SlugField(
        label=gettext_lazy("Name"),
        max_length=64,
        widget=forms.TextInput(attrs={"data-follows": "title"}),
        help_text=gettext_lazy("In addresses and on the command line: a-z, 0-9, - and _."),
    )
    config = forms.CharField(
        label=gettext_lazy("Labeling config"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
        help_text=CONFIG_HINT,
    )


class RevisionForm(forms.Form):
    """A new revision of a schema."""

    config = forms.CharField(
        label=gettext_lazy("Labeling config"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
        help_text=CONFIG_HINT,
    )
    message = forms.CharField(label=gettext_lazy("What changes, and why"), max_length=300, required=False)


def schemas(request: HttpRequest, project: str) -> HttpResponse:
    """The project's schemas with their classes and what hangs on them."""
    member = _member(request, project)
    newest = SchemaRevision.objects.filter(schema=OuterRef("pk")).order_by("-number")
    held = LabelSet.objects.current().filter(schema=OuterRef("pk")).order_by().values("schema").annotate(n=Count("pk"))
    asked = (
        Queue.objects.filter(schema_revision__schema=OuterRef("pk"))
        .order_by()
        .values("schema_revision__schema")
        .annotate(n=Count("pk"))
    )
    rows = (
        Schema.objects.filter(project=member.project)
        .annotate(
            revision=Subquery(newest.values("number")[:1]),
            changed_at=Subquery(newest.values("created_at")[:1]),
            label_count=Subquery(held.values("n")[:1]),
            queue_count=Subquery(asked.values("n")[:1]),
        )
        .prefetch_related("classes")
        .order_by("name")
    )
    context = {
        "project": member.project,
        "room": "schemas",
        "rows": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "may_edit": permits(member.user, member.role, "schema.edit"),
    }
    return render(request, "annotation/schemas.html", context)


def schema_new(request: HttpRequest, project: str) -> HttpResponse:
    """A new schema: its name and its config, checked while one types."""
    member = _member(request, project, "schema.edit")
    task = request.GET.get("task", "boxes")
    if task not in STARTERS:
        raise BadInput(_("A schema starts from boxes or classes."), field="task")
    form = SchemaForm(
        request.POST or None,
        initial={"config": labeling_config.build(STARTERS[task][1], task, required=task == "classes")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = schema_verbs.create_schema(member.project, member.user, **form.cleaned_data)
        except LodeError as error:
            _tell(form, error)
        else:
            toast(request, _("Schema %(name)s made") % {"name": made.name})
            return redirect("annotation:schema", member.project.name, made.name)
    context = {
        "project": member.project,
        "room": "schemas",
        "form": form,
        "starters": [(key, title) for key, (title, _labels) in STARTERS.items()],
        "task": task,
    }
    return render(request, "annotation/schema_new.html", context, status=400 if form.errors else 200)


def _tell(form: forms.Form, error: LodeError) -> None:
    """Puts what a verb refused beside its field."""
    field = str(error.facts.get("field") or ("config" if error.code == "bad_config" else ""))
    problems = error.facts.get("problems") or []
    if problems:
        for problem in problems:
            form.add_error("config", _("Line %(line)s: %(error)s") % problem)
    else:
        form.add_error(field if field in form.fields else None, error.message)


@require_POST
def schema_check(request: HttpRequest, project: str) -> JsonResponse:
    """Checks a config while one types: JSON in, JSON out, nothing echoed into a page."""
    member = _member(request, project, "schema.edit")
    given = json_object(request)
    config, name = str(given.get("config") or ""), str(given.get("schema") or "")
    found = Schema.objects.filter(project=member.project, name=name).first() if name else None
    return JsonResponse(check_config(config, found))


def _schema(member: Membership, name: str) -> Schema:
    return get_object_or_404(Schema.objects.filter(project=member.project), name=name)


def schema(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A schema: what it asks, its classes with their permanent ids, its revisions."""
    member = _member(request, project)
    found = _schema(member, name)
    revisions = list(found.revisions.select_related("created_by").order_by("-number"))
    newest = revisions[0]
    keys = {label["value"]: label for control in newest.controls for label in control["labels"]}
    classes = [{"row": row, "label": keys.get(row.name)} for row in found.classes.order_by("class_id")]
    queues = Queue.objects.filter(schema_revision__schema=found).select_related("schema_revision")
    context = {
        "project": member.project,
        "room": "schemas",
        "schema": found,
        "newest": newest,
        "revisions": revisions,
        "classes": classes,
        "queues": queues.order_by("-created_at")[:50],
        "label_count": LabelSet.objects.current().filter(schema=found).count(),
        "may_edit": permits(member.user, member.role, "schema.edit"),
        "may_manage": permits(member.user, member.role, "queue.manage"),
    }
    return render(request, "annotation/schema.html", context)


def schema_edit(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A new revision: the config checked while one types, gone labels renamed or retired, guidelines per label."""
    member = _member(request, project, "schema.edit")
    found = _schema(member, name)
    newest = schema_verbs.latest(found)
    form = RevisionForm(request.POST or None, initial={"config": newest.config})
    labels = [entry["name"] for entry in newest.classes]
    if request.method == "POST" and form.is_valid():
        posted = {key: str(value) for key, value in request.POST.items()}
        renames = {
            key.removeprefix("rename:"): value for key, value in posted.items() if key.startswith("rename:") and value
        }
        guidelines = {
            key.removeprefix("guideline:"): text
            for key, text in posted.items()
            if key.startswith("guideline:") and text.strip()
        }
        moved = {renames.get(label, label): text for label, text in guidelines.items()}
        try:
            made = schema_verbs.revise(
                found,
                member.user,
                config=form.cleaned_data["config"],
                message=form.cleaned_data["message"],
                renames=renames,
                guidelines=moved,
            )
        except LodeError as error:
            _tell(form, error)
        else:
            if made.number == newest.number:
                toast(request, _("Nothing was changed"))
            else:
                toast(request, _("Revision %(number)s made") % {"number": made.number})
            return redirect("annotation:schema", member.project.name, found.name)
    context = {
        "project": member.project,
        "room": "schemas",
        "schema": found,
        "newest": newest,
        "form": form,
        "labels": [
            {"name": label, "id": entry["id"], "guideline": newest.guidelines.get(label, "")}
            for label, entry in zip(labels, newest.classes, strict=True)
        ],
        "known": labels,
    }
    return render(request, "annotation/schema_edit.html", context, status=400 if form.errors else 200)


# -- queues ------------------------------------------------------------------------------------------------------------


def queues(request: HttpRequest, project: str) -> HttpResponse:
    """The project's queues: how far each is, who is at it, what waits for review."""
    member = _member(request, project)
    state = request.GET.get("state", "")
    rows = Queue.objects.filter(project=member.project)
    if state:
        if state not in Queue.State.values:
            raise BadInput(_("There is no such state."), field="state")
        rows = rows.filter(state=state)
    page = Paginator(rows.select_related("schema_revision__schema").order_by("-created_at", "-pk"), PAGE).get_page(
        request.GET.get("page")
    )
    keys = [row.pk for row in page.object_list]
    context = {
        "project": member.project,
        "room": "queues",
        "page": page,
        "rows": _with_counts(list(page.object_list), keys, member.user),
        "state": state,
        "states": Queue.State.choices,
        "may_manage": permits(member.user, member.role, "queue.manage"),
        "may_label": permits(member.user, member.role, "queue.label"),
        "may_review": permits(member.user, member.role, "annotation.review"),
        "has_schema": Schema.objects.filter(project=member.project).exists(),
    }
    return render(request, "annotation/queues.html", context)


def _with_counts(rows: list[Queue], keys: list[int], user: User) -> list[dict[str, Any]]:
    """Each queue with its tasks by state, the people at it and the answers that wait: three queries for a page."""
    counts: dict[int, dict[str, int]] = {key: dict.fromkeys(Task.State.values, 0) for key in keys}
    counted = Task.objects.filter(queue__in=keys).order_by().values_list("queue_id", "state").annotate(n=Count("pk"))
    for key, state, number in counted:
        counts[key][state] = number
    held = dict(
        Lease.objects.filter(queue__in=keys, closed=False, user__isnull=False, until__gt=timezone.now())
        .order_by()
        .values_list("queue_id")
        .annotate(n=Count("user", distinct=True))
    )
    waiting = review.waiting(user, keys)
    return [
        {
            "queue": row,
            "counts": counts[row.pk],
            "total": sum(counts[row.pk].values()),
            "finished": counts[row.pk]["done"] + counts[row.pk]["skipped"],
            "people": held.get(row.pk, 0),
            "waiting": waiting.get(row.pk, 0),
        }
        for row in rows
    ]


class QueueForm(forms.Form):
    """A new queue."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    schema = forms.ChoiceField(label=gettext_lazy("Schema"))
    review = forms.BooleanField(
        label=gettext_lazy("A second person reviews every answer"),
        required=False,
        help_text=gettext_lazy(
            "Only an accepted answer becomes the item's labels. Without it, each submitted answer counts at once."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it is asked"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("One line that annotators see above the picture."),
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Schema.objects.filter(project=project).order_by("name").values_list("name", flat=True)
        self.fields["schema"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


def _filters(request: HttpRequest, member: Membership) -> list[dict[str, Any]]:
    """The selects that choose items, as the Items page has them."""
    given = request.POST if request.method == "POST" else request.GET
    rows = []
    for known in shell.item_filters():
        options = list(known.choices(member.project, member.user))
        if options:
            rows.append(
                {"name": known.name, "title": known.title, "options": options, "value": given.get(known.name, "")}
            )
    return rows


def _given_filter(request: HttpRequest) -> dict[str, str]:
    given = request.POST if request.method == "POST" else request.GET
    names = ["search", "group", *(known.name for known in shell.item_filters())]
    return {name: given[name] for name in names if given.get(name)}


def queue_new(request: HttpRequest, project: str) -> HttpResponse:
    """A new queue: name, schema, review rule, reason, and the items by filter with their number live."""
    member = _member(request, project, "queue.manage")
    if request.GET.get("count"):
        return _count(request, member)
    if not Schema.objects.filter(project=member.project).exists():
        toast(request, _("A queue needs a schema first"))
        return redirect("annotation:schema_new", member.project.name)
    form = QueueForm(member.project, request.POST or None, initial={"schema": request.GET.get("schema", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            items = queue_verbs.items_by_filter(member.project, member.user, _given_filter(request))
            made = queue_verbs.create_queue(
                member.project,
                member.user,
                name=given["name"],
                schema=Schema.objects.get(project=member.project, name=given["schema"]),
                review=given["review"],
                reason=given["reason"],
            )
            added = queue_verbs.fill(made, member.user, items)
        except LodeError as error:
            _tell(form, error)
        else:
            toast(request, _tasks_added(added))
            return redirect("annotation:queue", member.project.name, made.uuid)
    context = {
        "project": member.project,
        "room": "queues",
        "form": form,
        "filters": _filters(request, member),
        "search": request.POST.get("search", request.GET.get("search", "")),
    }
    return render(request, "annotation/queue_new.html", context, status=400 if form.errors else 200)


def _count(request: HttpRequest, member: Membership) -> HttpResponse:
    """The part that says how many items the filters choose, ``without`` those that are in a queue already."""
    rows = queue_verbs.items_by_filter(member.project, member.user, _given_filter(request))
    if name := request.GET.get("without"):
        try:
            queue = _queue(member, UUID(name))
        except ValueError:
            raise BadInput(_("without is the uuid of a queue."), field="without") from None
        rows = rows.exclude(pk__in=Task.objects.filter(queue=queue).values("item"))
    return render(request, "annotation/queue_count.html", {"project": member.project, "number": rows.count()})


def _tasks_added(number: int) -> str:
    return ngettext("%(n)s task added", "%(n)s tasks added", number) % {"n": number}


def _queue(member: Membership, uuid: UUID) -> Queue:
    rows = Queue.objects.filter(project=member.project).select_related("schema_revision__schema", "created_by")
    return get_object_or_404(rows, uuid=uuid)


def queue(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """A queue: how far, who holds what, its tasks with reason and state."""
    member = _member(request, project)
    found = _queue(member, queue)
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()
    if state and state not in Task.State.values:
        raise BadInput(_("There is no such state."), field="state")
    answers = Annotation.objects.select_related("user").order_by("pk")
    tasks = Task.objects.filter(queue=found).select_related("item")
    tasks = tasks.prefetch_related(Prefetch("annotations", queryset=answers))
    if state:
        tasks = tasks.filter(state=state)
    if q:
        tasks = tasks.filter(Q(item__path__icontains=q))
    numbers = _with_counts([found], [found.pk], member.user)[0]
    newest = schema_verbs.latest(found.schema_revision.schema)
    late = Annotation.objects.filter(task__queue=found, lost_at__isnull=False).select_related("user", "task__item")
    may_review = permits(member.user, member.role, "annotation.review")
    context = {
        "project": member.project,
        "room": "queues",
        "queue": found,
        "numbers": numbers,
        "newest": newest if newest.number != found.schema_revision.number else None,
        "held": list(queue_verbs.held(found)[:100]),
        "late": list(late.order_by("-lost_at")[:50]) if may_review else [],
        "page": Paginator(tasks.order_by("number"), PAGE).get_page(request.GET.get("page")),
        "state": state,
        "q": q,
        "states": [(value, title, numbers["counts"][value]) for value, title in Task.State.choices],
        "filters": _filters(request, member),
        "mined": "round" in (Task.objects.filter(queue=found).values_list("reason", flat=True).first() or {}),
        "may_manage": permits(member.user, member.role, "queue.manage"),
        "may_label": permits(member.user, member.role, "queue.label"),
        "may_review": may_review,
    }
    return render(request, "annotation/queue.html", context)


@require_POST
def queue_change(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Opens, pauses or closes the queue, changes its review rule, or moves it to the newest schema revision."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    change: dict[str, Any] = {}
    if state := request.POST.get("state"):
        change["state"] = state
    if "review" in request.POST:
        change["review"] = request.POST["review"] == "1"
    if request.POST.get("newest"):
        change["newest"] = True
    queue_verbs.change_queue(found, member.user, **change)
    toast(request, _("%(queue)s is changed") % {"queue": found.name})
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_add(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Puts in every item that the filters choose and that is not in it yet, with an undo."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    items = queue_verbs.items_by_filter(member.project, member.user, _given_filter(request))
    added = queue_verbs.fill(found, member.user, items)
    undo = reverse("annotation:queue_take_out", args=[member.project.name, found.uuid])
    last = found.size
    toast(request, _tasks_added(added), undo=f"{undo}?first={last - added + 1}&last={last}" if added else "")
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_take_out(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Takes the tasks ``first`` to ``last`` out again, as far as nobody has begun them."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    try:
        first, last = int(request.GET["first"]), int(request.GET["last"])
    except (KeyError, ValueError):
        raise BadInput(_("first and last are the numbers of tasks."), field="first") from None
    gone = queue_verbs.take_out(found, member.user, first, last)
    left = last - first + 1 - gone
    said = ngettext("%(n)s task taken out again", "%(n)s tasks taken out again", gone) % {"n": gone}
    if left > 0:
        kept = ngettext("%(n)s that somebody has begun stays", "%(n)s that somebody has begun stay", left) % {"n": left}
        said = f"{said}; {kept}"
    toast(request, said)
    return redirect("annotation:queue", member.project.name, found.uuid)


@require_POST
def queue_clear(request: HttpRequest, project: str, queue: UUID) -> HttpResponse:
    """Takes one task, or all, out of the hands of those who hold them; their work stays as drafts."""
    member = _member(request, project, "queue.manage")
    found = _queue(member, queue)
    rows = queue_verbs.held(found)
    if task := request.POST.get("task"):
        try:
            rows = rows.filter(task__uuid=UUID(task))
        except ValueError:
            raise BadInput(_("task is a uuid."), field="task") from None
    freed = queue_verbs.clear(found, member.user, [lease.pk for lease in rows])
    toast(request, ngettext("%(n)s task is free again", "%(n)s tasks are free again", freed) % {"n": freed})
    return redirect("annotation:queue", member.project.name, found.uuid)
