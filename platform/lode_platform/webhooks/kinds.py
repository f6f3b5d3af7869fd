"""The kinds of what webhooks are told of: a closed list, which each room fills.

A kind's name is public and stays. Most kinds are events of the audit log under that name: recording one of ``verbs``
is all that it takes. A kind without verbs is told by ``outbox.tell``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from lode_platform.models import Event

__all__ = ["KINDS", "TEST", "Facts", "Kind", "add", "kind_of", "unknown"]

Facts = Callable[[Event, Model | None], Mapping[str, Any]]
TEST = "webhook.test"
"""What "Send a test" sends; to no webhook otherwise."""


def as_recorded(event: Event, target: Model | None) -> Mapping[str, Any]:
    """The event's own words, and the uuid of what it is about under the name of that."""
    named = {event.target_type: str(event.target)} if event.target else {}
    return {**named, **event.data}


@dataclass(frozen=True)
class Kind:
    """A kind: its public ``name``, a ``title`` for the page, the ``verbs`` of the audit log that are told under it, and
    the ``facts`` of one: what ``data`` holds, as JSON, small and without integer keys. They are read in the transaction
    of what happened, and only where a webhook wants them."""

    name: str
    title: str | Promise
    verbs: Sequence[str] = ()
    facts: Facts = as_recorded


KINDS: dict[str, Kind] = {}
_by_verb: dict[str, Kind] = {}


def add(kind: Kind) -> None:
    """Registers a kind. Adding the same name again replaces it."""
    KINDS[kind.name] = kind
    for verb in kind.verbs:
        _by_verb[verb] = kind


def kind_of(verb: str) -> Kind | None:
    """The kind that an event of the audit log is told under, if any."""
    return _by_verb.get(verb)


def unknown(names: Collection[str]) -> list[str]:
    """Those of some names that name nothing here."""
    return [name for name in names if name not in KINDS]
