"""How the kinds of failure are named and drawn on pages."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lode_hooks.models import FailureOccurrence

KIND_TITLES: Mapping[str, str | Promise] = dict(FailureOccurrence.Kind.choices) | {
    "explained": _("Attributed to another error")
}
"""Titles by kind; an explained truth is listed as a result, but is not a failure of its own."""

KIND_ICONS: Mapping[str, str] = {
    "missed": "eye-off",
    "false_alarm": "bell",
    "wrong_class": "replace",
    "bad_location": "crosshair",
    "duplicate": "copy",
    "explained": "eye-off",
}
"""Icons by kind; pages and the viewer's script draw the same."""
