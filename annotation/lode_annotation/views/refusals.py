"""What a verb refused, said in the form that asked for it."""

from django import forms
from django.utils.translation import gettext as _

from lode_platform.errors import LodeError


def add_refusal(form: forms.Form, error: LodeError) -> None:
    """Puts what a verb refused beside its field."""
    field = str(error.facts.get("field") or ("config" if error.code == "bad_config" else ""))
    problems = error.facts.get("problems") or []
    if problems:
        for problem in problems:
            form.add_error("config", _("Line %(line)s: %(error)s") % problem)
    else:
        form.add_error(field if field in form.fields else None, error.message)
