"""What a check is: a name, how much what it finds weighs, and the function that looks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.subject import Subject

__all__ = ["ERROR", "NOTE", "OFF", "SEVERITIES", "SHOWN", "WARNING", "Check", "Fact", "Finding", "Look"]

OFF, NOTE, WARNING, ERROR = "off", "note", "warning", "error"
SEVERITIES: Mapping[str, Promise] = {OFF: _("off"), NOTE: _("note"), WARNING: _("warning"), ERROR: _("error")}
"""From the least to the gravest; an error stops a publish unless it is waived."""
SHOWN = 20
"""At most so many items or examples of what was found are kept."""


class Fact(TypedDict, total=False):
    """Something that is said of a version; words are made of it where it is shown."""

    code: str
    level: str
    count: int
    split: str
    class_id: int
    name: str
    before: int
    examples: list[list[str]]


@dataclass(frozen=True)
class Finding:
    """What a check found: ``count`` of whatever it counts, among ``looked_at`` items.

    ``facts`` have neither code nor level yet. ``items`` are the first of those concerned, by primary key, each with a
    word on it. ``left_out`` says what of its subject was not looked at.
    """

    count: int = 0
    looked_at: int = 0
    facts: Sequence[Fact] = ()
    items: Mapping[int, str] = field(default_factory=dict)
    left_out: str = ""


Look = Callable[[Subject], Finding]


@dataclass(frozen=True)
class Check:
    """``severity`` is the default; ``level`` how loud a page shows it then ("danger", "warning", "info").

    ``of_items`` says that only items, their bytes and their splits decide: what the parent version's found then holds
    until one of those changes. What reads all labels or all files is off by default.
    """

    name: str
    title: Promise | str
    description: Promise | str
    severity: str
    look: Look
    level: str = "warning"
    of_items: bool = False

    def level_at(self, severity: str) -> str:
        """How loud what it finds is shown at a severity."""
        return self.level if severity == self.severity else {NOTE: "info", ERROR: "danger"}.get(severity, "warning")

    def facts_of(self, finding: Finding, severity: str) -> list[dict[str, Any]]:
        """The facts as they are kept."""
        return [{"code": self.name, "level": self.level_at(severity), **fact} for fact in finding.facts]
