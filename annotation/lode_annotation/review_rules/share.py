"""A random share of the tasks, the same ones whenever it is asked."""

import hashlib
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_annotation.review_rules.rule import Given, Rule, number_in, share_of
from lode_platform.models import Project


class Share(Rule):
    """Of every hundred tasks as many as the share says, by a hash of the task's key."""

    name = "share"
    title = _("A share of the tasks")
    hint = _("20 %")

    def read(self, value: Any, project: Project) -> float:
        return share_of(value, "The share of tasks to review")

    def from_text(self, text: str) -> Any:
        return number_in(text)

    def asks(self, value: Any, given: Given) -> bool:
        digest = hashlib.sha256(str(given.task_id).encode()).digest()
        return bool(int.from_bytes(digest[:8], "big") < value * 2**64)

    def words(self, value: Any) -> str:
        return say("%(n)g %% of the tasks are reviewed") % {"n": 100 * value}
