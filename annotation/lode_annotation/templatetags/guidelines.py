"""The filter that shows a guideline."""

from django import template
from django.utils.safestring import SafeString

from lode_annotation import guideline_text

register = template.Library()


@register.filter
def guideline(text: str) -> SafeString:
    """A guideline's text as HTML."""
    return guideline_text.shown(text or "")
