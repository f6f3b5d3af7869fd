"""What the form of a new revision says."""

from dataclasses import dataclass, field

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from lode_annotation.models import SchemaRevision

CONFIG_HINT = gettext_lazy(
    "A Label Studio config with one object, such as an Image or a Text, and what is asked of it. It is checked while"
    " you type."
)


class RevisionForm(forms.Form):
    """A new revision of a schema."""

    config = forms.CharField(
        label=gettext_lazy("Labeling config"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
        help_text=CONFIG_HINT,
    )
    message = forms.CharField(label=gettext_lazy("What changes, and why"), max_length=300, required=False)


@dataclass(frozen=True)
class Said:
    """What is said of the classes of the newest revision: new names by control and label, guidelines by class id."""

    renames: dict[str, dict[str, str]] = field(default_factory=dict)
    guidelines: dict[int, str] = field(default_factory=dict)


def said(request: HttpRequest, newest: SchemaRevision) -> Said:
    """What the form says of the newest revision's classes."""
    found = Said()
    for entry in newest.classes:
        if name := str(request.POST.get(f"rename:{entry['id']}", "")):
            found.renames.setdefault(entry["control"], {})[entry["name"]] = name
        found.guidelines[entry["id"]] = str(request.POST.get(f"guideline:{entry['id']}", ""))
    return found
