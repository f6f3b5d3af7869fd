"""What a queue is created with and may be changed to, checked alike at both times."""

from collections.abc import Callable, Mapping
from typing import Any

from lode_annotation.consensus import RULES
from lode_annotation.ordering import ORDERINGS
from lode_platform.errors import BadInput


def settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as a queue keeps them. Raises ``BadInput`` naming the one that cannot be."""
    return {name: SETTINGS[name](value) for name, value in values.items()}


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


SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "name": _name,
    "review": bool,
    "reason": lambda value: str(value)[:300],
    "consensus": _consensus,
    "ordering": _ordering,
}
