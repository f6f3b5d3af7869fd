"""Answers that give certain labels."""

from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_annotation.review_rules.rule import Given, Rule, names_of, written_names
from lode_platform.models import Project


class Labels(Rule):
    """Asks where anybody gave one of them, whatever control it belongs to."""

    name = "labels"
    title = _("Answers with these labels")
    hint = _("labels, with commas")

    def read(self, value: Any, project: Project) -> list[str]:
        return names_of(value, "The labels to review")

    def from_text(self, text: str) -> Any:
        return written_names(text)

    def asks(self, value: Any, given: Given) -> bool:
        if given.answers is None:
            return True
        return any(region.label in value for answer in given.answers for region in answer)

    def words(self, value: Any) -> str:
        return say("answers with %(names)s are reviewed") % {"names": ", ".join(value)}
