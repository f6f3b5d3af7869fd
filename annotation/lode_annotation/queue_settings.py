"""What a queue is created with and may be changed to, checked alike at both times."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from lode_annotation import review_rules
from lode_annotation.consensus import RULES
from lode_annotation.ordering import ORDERINGS
from lode_platform.errors import BadInput
from lode_platform.models import Project

MOST_REASONS, LONGEST_REASON = 9, 100


def settings_of(values: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """The settings as a queue of the project keeps them; a rule of review turns review on. Raises ``BadInput`` naming
    the one that cannot be."""
    found = {name: SETTINGS[name](value) for name, value in values.items() if name != review_rules.FIELD}
    if review_rules.FIELD in values:
        rule = review_rules.read(values[review_rules.FIELD] or {}, project)
        found |= {review_rules.FIELD: rule, **({"review": True} if rule else {})}
    return found


def _name(value: Any) -> str:
    name = str(value).strip()
    if not name or len(name) > 200:
        raise BadInput("A queue needs a name of 1 to 200 characters.", field="name")
    return name


def _consensus(value: Any) -> str:
    if value not in RULES:
        raise BadInput(f"{value!r} is not a consensus; there are {', '.join(RULES)}.", field="consensus")
    return str(value)


def _ordering(value: Any) -> str:
    if value not in ORDERINGS:
        raise BadInput(f"{value!r} is not an ordering; there are {', '.join(ORDERINGS)}.", field="ordering")
    return str(value)


def _skip_reasons(value: Any) -> list[str]:
    """Each once, in their order, without empty ones."""
    if not isinstance(value, list | tuple):
        raise BadInput("Reasons to skip must be a list of texts.", field="skip_reasons")
    reasons = list(dict.fromkeys(" ".join(str(one).split()) for one in value))
    reasons = [one for one in reasons if one]
    if len(reasons) > MOST_REASONS or any(len(one) > LONGEST_REASON or "\0" in one for one in reasons):
        said = f"There can be {MOST_REASONS} reasons to skip, one a key, of at most {LONGEST_REASON} characters each."
        raise BadInput(said, field="skip_reasons")
    return reasons


def _due(value: Any) -> date | None:
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{value!r} is not a day, written 2026-01-31.", field="due") from None


SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "name": _name,
    "review": bool,
    "reason": lambda value: str(value)[:300],
    "consensus": _consensus,
    "ordering": _ordering,
    "skip_reasons": _skip_reasons,
    "due": _due,
}
