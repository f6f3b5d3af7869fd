"""Kinds of failure as chips."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lode_hooks.failures.kinds import KIND_ICONS, KIND_TITLES
from lode_platform.templatetags.lode import chip, icon, number

register = template.Library()


@register.simple_tag
def kind_chip(kind: str, url: str | None = None, count: int | None = None) -> SafeString:
    """A kind of failure with its icon; `count` stands behind it, `url` opens those failures."""
    words = str(KIND_TITLES.get(kind, kind)).lower()
    counted = format_html(" <b>{}</b>", number(count)) if count is not None else SafeString("")
    drawing = icon(KIND_ICONS.get(kind, "alert-triangle"))
    return chip(f"chip-kind chip-kind-{kind}", format_html("{}{}{}", drawing, words, counted), url)
