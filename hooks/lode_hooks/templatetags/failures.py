"""Kinds of failure as chips."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lode_hooks.models import FailureOccurrence
from lode_platform.templatetags.lode import chip, icon, number

register = template.Library()

KIND_ICONS: Mapping[str, str] = {
    "missed": "eye-off",
    "false_alarm": "bell",
    "wrong_class": "replace",
    "bad_location": "crosshair",
    "duplicate": "copy",
    "explained": "eye-off",
}
"""Icon by kind; pages and the viewer's script draw the same."""


@register.simple_tag
def kind_chip(kind: str, url: str | None = None, count: int | None = None) -> SafeString:
    """A kind of failure with its icon; `count` stands behind it, `url` opens those failures."""
    known = dict(FailureOccurrence.Kind.choices)
    words = str(known.get(kind, kind)).lower()
    counted = format_html(" <b>{}</b>", number(count)) if count is not None else SafeString("")
    drawing = icon(KIND_ICONS.get(kind, "alert-triangle"))
    return chip(f"chip-kind chip-kind-{kind}", format_html("{}{}{}", drawing, words, counted), url)
