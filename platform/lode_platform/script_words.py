"""The words of our ES modules in one language: what translators made of their ``gettext`` and ``ngettext``."""

import hashlib
from functools import cache

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.views.i18n import JavaScriptCatalog


def address() -> str:
    """Where the reader's words lie; the address changes with what they say, so that a browser may keep them."""
    language = translation.get_language() or "en"
    return reverse("platform:script_words", args=[language, digest(language)])


@cache
def catalogue(language: str) -> bytes:
    """The script that defines Django's ``gettext`` for a language, from our rooms' own translations (``djangojs``)."""
    rooms = [app.name for app in apps.get_app_configs() if app.name.startswith("lode_")]
    with translation.override(language):
        return bytes(JavaScriptCatalog(packages=rooms).get(HttpRequest()).content)


@cache
def digest(language: str) -> str:
    """The name of what the catalogue says now."""
    return hashlib.sha256(catalogue(language)).hexdigest()[:12]
