"""Short messages that appear in a corner, with an undo where the act can be undone."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse


def toast(request: HttpRequest, text: str, undo: str = "", kind: str = "ok") -> None:
    """Shows ``text`` on the next page. ``undo`` is an address to POST to; ``kind`` is "ok" or "danger"."""
    level = messages.ERROR if kind == "danger" else messages.SUCCESS
    messages.add_message(request, level, text, extra_tags=undo)


def toast_trigger(response: HttpResponse, text: str, undo: str = "", kind: str = "ok") -> HttpResponse:
    """Makes an htmx answer show ``text`` at once; returns the same response."""
    detail = {"text": str(text), "undo": undo, "kind": kind}
    response.headers["HX-Trigger"] = json.dumps({"lode:toast": detail})
    return response
