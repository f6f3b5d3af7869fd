"""Which answers a reviewer is asked about in a queue with review. A rule is one file and one line.

A queue's ``review_rule`` is ``{name of the rule: its value}``; empty, every answer is reviewed.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from lode_annotation.review_rules.agreement import LowAgreement
from lode_annotation.review_rules.labels import Labels
from lode_annotation.review_rules.people import People
from lode_annotation.review_rules.rule import FIELD, Given, Rule
from lode_annotation.review_rules.share import Share
from lode_platform.errors import BadInput
from lode_platform.models import Project

__all__ = ["FIELD", "RULES", "Given", "Rule", "asks", "read", "words"]

RULES: Mapping[str, Rule] = {rule.name: rule for rule in (Share(), LowAgreement(), People(), Labels())}


def read(value: Any, project: Project) -> dict[str, Any]:
    """A ``review_rule`` as a queue keeps it. Raises ``BadInput``."""
    if not isinstance(value, Mapping) or len(value) > 1 or not set(value) <= set(RULES):
        raise BadInput(f"A review rule is an object with one of {', '.join(RULES)}, or empty.", field=FIELD)
    return {name: RULES[name].read(given, project) for name, given in value.items()}


def asks(rule: Mapping[str, Any], given: Given) -> bool:
    """Whether a reviewer is asked about the answers of a task."""
    return not rule or any(RULES[name].asks(value, given) for name, value in rule.items())


def words(rule: Mapping[str, Any]) -> str:
    """What is reviewed."""
    return "; ".join(RULES[name].words(value) for name, value in rule.items()) or _("every answer is reviewed")
