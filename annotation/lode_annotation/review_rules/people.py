"""The answers of named people."""

from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_annotation.review_rules.rule import FIELD, Given, Rule, names_of, written_names
from lode_platform.errors import BadInput
from lode_platform.models import Membership, Project


class People(Rule):
    """Asks where one of them answered."""

    name = "people"
    title = _("The answers of these people")
    hint = _("user names, with commas")

    def read(self, value: Any, project: Project) -> list[str]:
        names = names_of(value, "The people whose answers to review")
        there = set(
            Membership.objects.filter(project=project, user__username__in=names).values_list(
                "user__username", flat=True
            )
        )
        if strangers := [name for name in names if name not in there]:
            raise BadInput(f"{', '.join(strangers)}: not a member of the project.", field=FIELD)
        return names

    def from_text(self, text: str) -> Any:
        return written_names(text)

    def asks(self, value: Any, given: Given) -> bool:
        return not set(value).isdisjoint(given.people)

    def words(self, value: Any) -> str:
        return say("answers of %(names)s are reviewed") % {"names": ", ".join(value)}
