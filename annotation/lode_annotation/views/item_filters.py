"""The selects that filter items, as the Items page has them, in the forms that choose items for a queue."""

from typing import Any

from django.http import HttpRequest

from lode_platform import shell
from lode_platform.models import Membership


def item_filters(request: HttpRequest, member: Membership) -> list[dict[str, Any]]:
    """The selects that filter items, as the Items page has them."""
    given = request.POST if request.method == "POST" else request.GET
    rows = []
    for known in shell.item_filters():
        options = list(known.choices(member.project, member.user))
        if options:
            rows.append(
                {"name": known.name, "title": known.title, "options": options, "value": given.get(known.name, "")}
            )
    return rows


def given_filter(request: HttpRequest) -> dict[str, str]:
    """What a form has chosen of them."""
    given = request.POST if request.method == "POST" else request.GET
    names = ["query", "search", "group", *(known.name for known in shell.item_filters())]
    return {name: given[name] for name in names if given.get(name)}
