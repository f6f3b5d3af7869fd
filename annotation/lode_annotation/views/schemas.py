"""The pages of schemas."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from lode_annotation import class_examples, migrating, schema_templates
from lode_annotation import schemas as schema_verbs
from lode_annotation.guidance import tried
from lode_annotation.models import LabelSet, Queue, Schema, SchemaRevision
from lode_annotation.payloads import media_payload
from lode_annotation.views.guidance import own_examples
from lode_annotation.views.label import boot
from lode_annotation.views.refusals import add_refusal
from lode_annotation.views.revision_form import CONFIG_HINT, RevisionForm, guidelines_said, said
from lode_annotation.views.revision_lines import revision_line
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.item_media import MEDIA, ItemMedium
from lode_platform.models import Membership, Project
from lode_platform.paging import number_of
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from lode_platform.views.json_body import json_object
from motherlode import labeling_config, relations
from motherlode.media import BY_TAG as BY_OBJECT
from motherlode.shapes import BY_TAG, BY_TASK, LABEL_TASKS, Shape

PAGE = 50


def _member(request: HttpRequest, project: str, verb: str = "project.view") -> Membership:
    return member_of(Caller(signed_in(request)), project, verb)


@dataclass(frozen=True)
class Starter:
    """A config to begin a schema with: one kind of labels of one medium."""

    medium: ItemMedium
    shape: Shape

    @property
    def title(self) -> str:
        return _("%(task)s of %(media)s") % {"task": self.shape.task.capitalize(), "media": self.medium.title}

    @property
    def config(self) -> str:
        shape, medium = self.shape, self.medium
        return labeling_config.build(medium.examples, shape.task, required=shape.whole, medium=medium.kind)


def starters(project: Project) -> Iterator[Starter]:
    """Every kind of labels of every medium, those of the project's newest item first."""
    newest = project.items.live().order_by("-pk").values_list("kind", flat=True).first()
    for medium in sorted(MEDIA.values(), key=lambda medium: medium.kind != newest):
        yield from (Starter(medium, BY_TASK[task]) for task in LABEL_TASKS if BY_TASK[task].fits(medium.kind))


def question_kinds() -> dict[str, Any]:
    """What the form can add to a config: the kinds of questions, and the media by the tags of their objects."""
    kinds = [
        {
            "opening": shape.opening,
            "tag": shape.tag,
            "with": dict(re.findall(r'(\w+)="([^"]*)"', shape.opening)),
            "part": shape.part if shape.labelled else "",
            "parts": sorted(shape.part_attributes - {"selected"} - ({"hotkey"} if shape.nested else set())),
            "title": shape.task.capitalize(),
            "name": shape.control_name,
            "nested": shape.nested,
            "whole": shape.whole,
            "attributes": sorted(shape.attributes),
            "choice": shape.choice,
            "media": sorted(kind for kind in MEDIA if shape.fits(kind)),
            "compares": shape.compares,
        }
        for shape in BY_TAG.values()
    ]
    links = {
        "opening": relations.TAG,
        "tag": relations.TAG,
        "with": {},
        "part": relations.PART,
        "parts": ["value"],
        "title": _("Relations"),
        "name": "",
        "nested": False,
        "whole": False,
        "attributes": [],
        "choice": "",
        "media": sorted({kind for shape in BY_TAG.values() if not shape.whole for kind in shape.media}),
        "compares": 0,
    }
    return {
        "kinds": [*kinds, links],
        "links": relations.NAME,
        "media": {tag: medium.kind for tag, medium in BY_OBJECT.items()},
    }


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


def schemas(request: HttpRequest, project: str) -> HttpResponse:
    """The project's schemas with their classes and what hangs on them."""
    member = _member(request, project)
    newest = SchemaRevision.objects.filter(schema=OuterRef("pk")).order_by("-number")
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
            label_count=number_of(LabelSet.objects.current().filter(schema=OuterRef("pk"))),
            queue_count=Subquery(asked.values("n")[:1]),
        )
        .prefetch_related("classes")
        .order_by("name")
    )
    context = {
        "project": member.project,
        "room": "schemas",
        "rows": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "may_edit": permits(Caller(member.user), member.role, "schema.edit"),
    }
    return render(request, "annotation/schemas.html", context)


def schema_new(request: HttpRequest, project: str) -> HttpResponse:
    """A new schema: its name and its config, checked while one types."""
    member = _member(request, project, "schema.edit")
    known = list(starters(member.project))
    task = request.GET.get("task", known[0].shape.task)
    kind = request.GET.get("medium", known[0].medium.kind)
    starter = next((one for one in known if (one.shape.task, one.medium.kind) == (task, kind)), None)
    template = schema_templates.BY_NAME.get(request.GET.get("template", ""))
    if starter is None or (template is None and request.GET.get("template")):
        raise BadInput(_("There is no such schema to start from."), field="task" if starter is None else "template")
    form = SchemaForm(request.POST or None, initial={"config": (template or starter).config})
    if request.method == "POST" and form.is_valid():
        try:
            made = schema_verbs.create_schema(member.project, Caller(member.user), **form.cleaned_data)
        except LodeError as error:
            add_refusal(form, error)
        else:
            toast(request, _("Schema %(name)s created") % {"name": made.name})
            return redirect("annotation:schema", member.project.name, made.name)
    context = {
        "project": member.project,
        "room": "schemas",
        "form": form,
        "starters": known,
        "kinds": question_kinds(),
        "starter": None if template else starter,
        "templates": schema_templates.TEMPLATES,
        "template": template,
    }
    return render(request, "annotation/schema_new.html", context, status=400 if form.errors else 200)


@require_POST
def schema_check(request: HttpRequest, project: str) -> JsonResponse:
    """Checks a config while one types: JSON in, JSON out, nothing echoed into a page."""
    member = _member(request, project, "schema.edit")
    given = json_object(request)
    config, name = str(given.get("config") or ""), str(given.get("schema") or "")
    found = Schema.objects.filter(project=member.project, name=name).first() if name else None
    return JsonResponse(schema_verbs.check_config(config, found))


@require_POST
def schema_try(request: HttpRequest, project: str) -> HttpResponse:
    """The editor on the project's newest item with a config that is not saved; nothing done there is."""
    member = _member(request, project, "schema.edit")
    config, name = request.POST.get("config", ""), request.POST.get("schema", "")
    found = Schema.objects.filter(project=member.project, name=name).first() if name else None
    checked = schema_verbs.check_config(config, found)
    if not checked["ok"]:
        first = checked["problems"][0]
        raise BadInput(_("Line %(line)s: %(error)s") % first, field="config")
    guides = tried(found, checked["controls"], guidelines_said(request))
    medium = labeling_config.medium_of(config)
    pictures = len(labeling_config.objects_of(config))
    fits = {"kind": medium, **({"length": pictures} if pictures > 1 else {})}
    item = member.project.items.live().filter(**fits).select_related("blob").order_by("-pk").first()
    payload = None
    if item is not None:
        payload = {
            "task": {"id": str(item.uuid)},
            "media": media_payload(item.uuid, item.blob.md5, item),
            "config": {"schema": name, "controls": checked["controls"]},
        }
    home = reverse("annotation:schema", args=[member.project.name, name]) if found else None
    home = home or reverse("annotation:schemas", args=[member.project.name])
    context = {
        "project": member.project,
        "name": name,
        "home": home,
        "boot": {**boot(request, member.user, home, {}), "guidance": guides["guidance"]},
        "payload": payload,
        "sections": guides["sections"],
        "several": guides["several"],
    }
    return render(request, "annotation/try.html", context)


def _schema(member: Membership, name: str) -> Schema:
    return get_object_or_404(Schema.objects.filter(project=member.project), name=name)


def schema(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A schema: what it asks, its classes with their permanent ids, its revisions."""
    member = _member(request, project)
    found = _schema(member, name)
    revisions = list(found.revisions.select_related("created_by", "migration__job").order_by("-number"))
    newest = revisions[0]
    may_edit = permits(Caller(member.user), member.role, "schema.edit")
    keys = {label["class_id"]: label for control in newest.controls for label in control["labels"]}
    rows = {row.class_id: row for row in found.classes.order_by("class_id")}
    examples = class_examples.by_class(newest)
    classes = [
        {
            "row": row,
            "label": keys.get(number),
            "into": rows.get(newest.merged.get(str(number), 0)),
            "examples": [class_examples.shown(one) for one in examples.get(number, [])],
        }
        for number, row in rows.items()
    ]
    queues = Queue.objects.filter(schema_revision__schema=found).select_related("schema_revision")
    context = {
        "project": member.project,
        "room": "schemas",
        "schema": found,
        "newest": newest,
        "controls": [(control, BY_TAG.get(control["type"])) for control in newest.controls],
        "revisions": [revision_line(found, revision, newest, may_edit=may_edit) for revision in revisions],
        "undoing": migrating.undoing(found),
        "classes": classes,
        "several": found.classes.order_by().values("control").distinct().count() > 1,
        "queues": queues.order_by("-created_at")[:50],
        "label_count": LabelSet.objects.current().filter(schema=found).count(),
        "may_edit": may_edit,
        "may_manage": permits(Caller(member.user), member.role, "queue.manage"),
    }
    return render(request, "annotation/schema.html", context)


def schema_edit(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """A new revision: the config checked while one types, gone labels renamed or retired, guidelines per label."""
    member = _member(request, project, "schema.edit")
    found = _schema(member, name)
    newest = schema_verbs.latest(found)
    form = RevisionForm(request.POST or None, initial={"config": newest.config})
    if request.method == "POST" and form.is_valid():
        try:
            told = said(request, newest)
            made = schema_verbs.revise(
                found,
                Caller(member.user),
                config=form.cleaned_data["config"],
                message=form.cleaned_data["message"],
                **told.words,
                guidelines=told.guidelines,
            )
        except LodeError as error:
            add_refusal(form, error)
        else:
            if made.number == newest.number:
                toast(request, _("Nothing has changed"))
            else:
                toast(request, _("Revision %(number)s created") % {"number": made.number})
            return redirect("annotation:schema", member.project.name, found.name)
    examples = own_examples(found)
    context = {
        "project": member.project,
        "room": "schemas",
        "schema": found,
        "newest": newest,
        "form": form,
        "classes": [
            {
                **entry,
                "guideline": newest.guidelines.get(entry["control"], {}).get(entry["name"], ""),
                "examples": examples.get(entry["id"], []),
            }
            for entry in newest.classes
        ],
        "most": class_examples.MOST,
        "example": request.GET.get("example", ""),
        "several": len(newest.controls) > 1,
        "known": newest.classes,
        "kinds": question_kinds(),
    }
    return render(request, "annotation/schema_edit.html", context, status=400 if form.errors else 200)
