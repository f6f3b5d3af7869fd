"""What annotators read of each label, and the examples of the form that makes a revision: parts of pages."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from lode_annotation import class_examples
from lode_annotation.class_examples import Shown
from lode_annotation.models import Schema
from lode_annotation.schemas import latest, medium_of
from lode_platform import shell
from lode_platform.access import member_of
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.item_lists import chosen
from lode_platform.models import Item, Membership
from lode_platform.searching import Search, page_of
from lode_platform.signed_in import signed_in
from motherlode.frames import pages_of
from motherlode.regions import box_of
from motherlode.shapes import SHAPES

CHOICES = 24
"""Items offered at once."""


@dataclass(frozen=True)
class Part:
    """A region that can be an example: its class, what the page calls it, and the part of the item that it is."""

    class_id: int
    name: str
    box: list[float] | None
    span: list[int] | None
    frame: int


def guidance(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """The guidelines and examples of a schema's labels, as ``?revision=`` or the newest one has them."""
    member = member_of(Caller(signed_in(request)), project, "project.view")
    found = _schema(member, name)
    newest = latest(found)
    revision = get_object_or_404(found.revisions, number=_number(request, "revision", newest.number))
    context = {
        "project": member.project,
        "sections": class_examples.sections(revision.controls, class_examples.by_class(revision)),
        "several": len(revision.controls) > 1,
    }
    return render(request, "annotation/guidance.html", context)


def example_rows(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """The examples of one class (``?class=``) of the newest revision, to be changed in its form."""
    member = member_of(Caller(signed_in(request)), project, "schema.edit")
    found = _schema(member, name)
    number = _number(request, "class")
    context = {
        "project": member.project,
        "class": {"id": number, "examples": own_examples(found).get(number, [])},
    }
    return render(request, "annotation/example_rows.html", context)


def own_examples(schema: Schema) -> dict[int, list[Shown]]:
    """The examples of each class of a schema, without those that a merge brings."""
    found: dict[int, list[Shown]] = {}
    for row in class_examples.of_schema(schema):
        found.setdefault(row.class_id, []).append(class_examples.shown(row))
    return found


def example_items(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Items of the schema's medium to choose an example from: those that ``?query=`` finds."""
    member = member_of(Caller(signed_in(request)), project, "schema.edit")
    found = _schema(member, name)
    asked = chosen({"query": request.GET.get("query", "")}, member.project, member.user)
    rows = asked.rows.filter(kind=medium_of(found).kind).select_related("blob")
    page = page_of(Search(asked.listed, rows, member.project.items.all()), CHOICES, request.GET)
    shown = list(page.object_list)
    drawn = shell.layers(shown, member.user)
    context = {
        "project": member.project,
        "schema": found,
        "cards": [(item, drawn.get(item.pk, [])) for item in shown],
        "refusal": asked.refusal,
        "page": page,
        "following": urlencode(page.later),
    }
    return render(request, "annotation/example_items.html", context)


def example_part(request: HttpRequest, project: str, name: str, item: UUID) -> HttpResponse:
    """An item with its regions under the schema, to choose the part of it that is an example."""
    member = member_of(Caller(signed_in(request)), project, "schema.edit")
    found = _schema(member, name)
    rows = member.project.items.live().filter(kind=medium_of(found).kind).select_related("blob")
    shown = get_object_or_404(rows, uuid=item)
    frame = min(_number(request, "page", 1), pages_of(shown.media)) - 1
    parts = [part for part in _parts(found, shown) if part.frame == frame]
    context = {
        "project": member.project,
        "schema": found,
        "item": shown,
        "regions": shell.layers([shown], member.user).get(shown.pk, []),
        "frame": frame,
        "page_numbers": range(1, pages_of(shown.media) + 1),
        "parts": parts,
        "data": [{"class_id": one.class_id, "box": one.box, "span": one.span, "frame": one.frame} for one in parts],
    }
    return render(request, "annotation/example_part.html", context)


def _parts(schema: Schema, item: Item) -> list[Part]:
    current = item.label_sets.current().filter(schema=schema).select_related("schema_revision").first()
    if current is None:
        return []
    names = current.schema_revision.class_names
    found = []
    for region in current.regions:
        shape, number = SHAPES.get(region["kind"]), region["class_id"]
        bounds = box_of(region)
        if shape is None or bounds is None:
            continue
        quotes = shape.quotes
        box = None if quotes else [float(edge) for edge in bounds]
        span = [int(bounds[0]), int(bounds[2])] if quotes else None
        found.append(Part(number, names.get(number, str(number)), box, span, region.get("frame", 0)))
    return found


def _schema(member: Membership, name: str) -> Schema:
    return get_object_or_404(Schema.objects.filter(project=member.project).select_related("project"), name=name)


def _number(request: HttpRequest, name: str, default: int = 0) -> int:
    """A number of the address, from 1 on. Raises ``BadInput``; without a ``default`` it has to be there."""
    text = request.GET.get(name, "")
    if not text and default:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise BadInput(_("%(name)s is a whole number, from 1 on.") % {"name": name}, field=name)
    return int(text)
