"""How much of its split a prediction set speaks of, in words: it stands beside every number made of it."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lode_hooks.evaluations.predictions import coverage
from lode_hooks.models import PredictionSet
from lode_platform.templatetags.lode import icon

register = template.Library()


@register.filter
def coverage_words(sent: PredictionSet) -> str:
    """ "all 72 items", "6 of 72 items", "231 of 259 items predicted"."""
    found = coverage(sent)
    facts = {"predicted": found.predicted, "meant": found.meant, "split": found.split}
    if found.predicted == found.meant == found.split:
        return _("all %(split)d items") % facts
    if found.predicted == found.meant:
        return _("%(meant)d of %(split)d items") % facts
    if found.meant == found.split:
        return _("%(predicted)d of %(split)d items predicted") % facts
    return _("%(meant)d of %(split)d items, %(predicted)d of them predicted") % facts


@register.simple_tag
def coverage_chip(sent: PredictionSet) -> SafeString:
    """The words, quiet where the predictions cover the whole split, else as a warning that says what it means."""
    found = coverage(sent)
    words = coverage_words(sent)
    if found.predicted == found.meant == found.split:
        return format_html('<span class="muted small">{}</span>', words)
    title = _(
        "The metrics cover the items that the predictions are for; one of them without a prediction counts as missed."
    )
    return format_html('<span class="chip chip-part" title="{}">{}{}</span>', title, icon("alert-triangle"), words)
