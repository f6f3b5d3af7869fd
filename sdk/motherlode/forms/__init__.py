"""The forms that versions were published in, each one module: how a version's small files give its contents.

Format 0 is what versions had before the form had a number, format 1 the one of `docs/format.md`.
"""

from __future__ import annotations

from motherlode.forms.before import Before
from motherlode.forms.form import Form, Held, Place, Read, Said, Sets
from motherlode.forms.layered import Layered
from motherlode.lock import Pin

__all__ = ["Form", "Held", "Place", "Read", "Said", "Sets", "form_of"]

BEFORE = Before()
LAYERED = Layered()


def form_of(pin: Pin) -> Form:
    """The form that a pinned version was published in. A later one is read as format 1, for what is known of it."""
    return LAYERED if pin.by_content else BEFORE
