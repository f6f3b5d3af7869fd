"""What the query bar of Items asks while a person writes: how many items match, what is wrong, what may follow."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, JsonResponse

from lode_platform.access import member_of
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from lode_platform.paging import MOST, AtLeast, bounded
from lode_platform.query import BadQuery, last_term, parse, quoted
from lode_platform.query_fields import compile_query, fields, find
from lode_platform.searching import Search, counted, within_few
from lode_platform.signed_in import signed_in

LISTED = 8
LOOKED_AT = 200
"""Items whose own fields are offered."""


def item_query(request: HttpRequest, project: str) -> JsonResponse:
    """``{count, more, error, at, offers}`` of ``query``, with what may stand where the text caret ``at`` is."""
    user = signed_in(request)
    found = member_of(Caller(user), project, "project.view").project
    text = request.GET.get("query", "")
    caret = request.GET.get("at", "")
    before = text[: int(caret)] if caret.isascii() and caret.isdigit() and len(caret) < 6 else text
    answer: dict[str, Any] = {"count": None, "more": False, "error": None, "at": None}
    try:
        answer |= _count(text, found, user)
    except BadQuery as error:
        answer |= {"error": error.message, "at": [error.start, error.end]}
    return JsonResponse({**answer, "offers": list(_offers(before, found, user))[:LISTED]})


def _count(text: str, project: Project, user: User) -> dict[str, Any]:
    query = parse(text)
    if query is None:
        return {}
    compiled = compile_query(query, project, user)
    listed = project.items.live().order_by("path", "pk")
    rows = listed.filter(compiled.condition)
    few = within_few(rows, compiled.sources)
    count = counted(Search(listed, rows)) if few is None else bounded(few)
    return {"count": min(int(count), MOST), "more": isinstance(count, AtLeast)}


def _offers(before: str, project: Project, user: User) -> Iterator[dict[str, Any]]:
    """What the term that is being written may become: each with the text to put from a place on, and its title."""
    name, sign, value, start = last_term(before)
    if not sign:
        yield from _fields(name, start, project)
        return
    found = find(name)
    if found is None or found[0].values is None:
        return
    known = [(text, str(title)) for text, title in found[0].values(project, user)]
    wanted = value.casefold()
    for text, title in sorted(known, key=lambda one: not one[0].casefold().startswith(wanted)):
        if wanted in text.casefold() or wanted in title.casefold():
            yield {"insert": f"{quoted(text)} ", "from": start, "name": text, "title": "" if title == text else title}


def _fields(begun: str, start: int, project: Project) -> Iterator[dict[str, Any]]:
    wanted = begun.casefold()
    for field in fields():
        if field.keyed:
            if wanted and (field.name.startswith(wanted) or wanted.startswith(f"{field.name}.")):
                for name in _own_fields(field.name, project):
                    if name.casefold().startswith(wanted):
                        yield {"insert": f"{name}:", "from": start, "name": f"{name}:", "title": str(field.title)}
        elif field.name.startswith(wanted):
            yield {"insert": f"{field.name}:", "from": start, "name": f"{field.name}:", "title": str(field.title)}


def _own_fields(name: str, project: Project) -> list[str]:
    rows = project.items.live().order_by("-pk").values_list("metadata", flat=True)[:LOOKED_AT]
    keys = dict.fromkeys(key for row in rows for key in row)
    return sorted(f"{name}.{key}" for key in keys if find(f"{name}.{key}") and quoted(key) == key)
