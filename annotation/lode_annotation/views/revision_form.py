"""What the form of a new revision says."""

import json
from dataclasses import dataclass, field
from typing import TypeAlias

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from lode_annotation.models import SchemaRevision
from lode_platform.errors import BadInput

ByControl: TypeAlias = dict[str, dict[str, str]]

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
    """What is said of classes: new names, and labels that take others in, by control and label of the newest revision;
    labels that new ones are split off from, by control and new label; guidelines by class id."""

    renames: ByControl = field(default_factory=dict)
    merges: ByControl = field(default_factory=dict)
    splits: ByControl = field(default_factory=dict)
    guidelines: dict[int, str] = field(default_factory=dict)

    @property
    def words(self) -> dict[str, ByControl]:
        """What ``schemas.revise`` and the dry run are told beside the config."""
        return {"renames": self.renames, "merges": self.merges, "splits": self.splits}


def said(request: HttpRequest, newest: SchemaRevision) -> Said:
    """What the form says. Raises ``BadInput`` for a split that no form sends."""
    found = Said()
    for entry in newest.classes:
        for what, told in (("rename", found.renames), ("merge", found.merges)):
            if name := str(request.POST.get(f"{what}:{entry['id']}", "")):
                told.setdefault(entry["control"], {})[entry["name"]] = name
        found.guidelines[entry["id"]] = str(request.POST.get(f"guideline:{entry['id']}", ""))
    for text in filter(None, request.POST.getlist("split")):
        try:
            control, label, kept = map(str, json.loads(str(text)))
        except (TypeError, ValueError):
            raise BadInput("A split is a list of three: the control, the new label, the label that stays.") from None
        found.splits.setdefault(control, {})[label] = kept
    return found


def guidelines_said(request: HttpRequest) -> dict[int, str]:
    """The guidelines of the form, by class id."""
    fields = [(name, text) for name, text in request.POST.items() if name.startswith("guideline:")]
    named = ((name.removeprefix("guideline:"), text) for name, text in fields)
    return {int(name): str(text) for name, text in named if name.isascii() and name.isdigit() and len(name) < 10}
