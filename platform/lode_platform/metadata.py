"""The items' own fields: what a project says of its items beside their bytes, each field of one kind."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lode_platform import events
from lode_platform.access import require
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Item, MetadataField, Project

__all__ = ["Report", "Row", "fits", "kinds_of", "set_metadata"]

MOST_FIELDS = 200
MOST_SIGNS = 10_000
NAME = re.compile(r"[^\W\d][\w.-]{0,99}")
Kind = MetadataField.Kind


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of the item of a path; None takes a value away."""

    path: str
    values: Mapping[str, Any]


@dataclass
class Report:
    """How many items were changed, and what was refused: ``{"row", "path", "field", "error"}``, rows from 0."""

    changed: int = 0
    unchanged: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)


def kinds_of(project: Project) -> dict[str, str]:
    """The kind of each field of the project, by name."""
    return dict(MetadataField.objects.filter(project=project).order_by("name").values_list("name", "kind"))


def set_metadata(
    project: Project, caller: Caller, rows: Sequence[Row], kinds: Mapping[str, str], *, dry_run: bool = False
) -> Report:
    """Sets fields of items; others that an item has stay. Where anything is refused, nothing is set.

    ``kinds`` says of what kind a field is that the project does not have yet; of one that is named nowhere, its values
    do. Raises ``BadInput`` for a field whose name, number or kind cannot be.
    """
    require(caller, project, "items.add")
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)
        known = kinds_of(project)
        new = _new_fields(known, rows, kinds)
        report = Report()
        items = _items(project, rows, report, lock=not dry_run)
        _check(rows, known | new, report)
        if report.problems:
            return report
        made = _merged(items, rows)
        report.changed, report.unchanged = len(made), len(items) - len(made)
        if not dry_run:
            MetadataField.objects.bulk_create(
                MetadataField(project=project, name=name, kind=kind) for name, kind in new.items()
            )
            Item.objects.bulk_update(made, ["metadata"], batch_size=500)
            if made:
                fields = sorted({name for row in rows for name in row.values})
                events.record(project, caller.user, "items.metadata", items=len(made), fields=fields)
    return report


def _new_fields(known: Mapping[str, str], rows: Sequence[Row], kinds: Mapping[str, str]) -> dict[str, str]:
    for name, kind in kinds.items():
        if kind not in Kind.values:
            words = {"kind": kind, "kinds": ", ".join(Kind.values)}
            raise BadInput(_("%(kind)r is not a kind of field; kinds are %(kinds)s.") % words, field=name)
        if known.get(name, kind) != kind:
            words = {"name": name, "kind": known[name]}
            raise BadInput(_("%(name)r is a field of the kind %(kind)s already.") % words, field=name)
    said: dict[str, list[Any]] = {name: [] for name in kinds if name not in known}
    for row in rows:
        for name, value in row.values.items():
            if name not in known:
                said.setdefault(name, []).append(value)
    for name in said:
        if not NAME.fullmatch(name):
            hint = _(
                "%(name)r cannot be the name of a field: it has at most 100 letters, digits, _, - and points, and"
                " begins with a letter."
            )
            raise BadInput(hint % {"name": name[:120]}, field=name[:120])
    if len(known) + len(said) > MOST_FIELDS:
        raise BadInput(_("A project has at most %(n)s fields of its own.") % {"n": MOST_FIELDS})
    return {name: kinds.get(name) or _kind_of(values) for name, values in said.items()}


def _kind_of(values: Iterable[Any]) -> str:
    """The kind that fits all values."""
    there = [value for value in values if value is not None]
    for kind in (Kind.BOOLEAN, Kind.NUMBER, Kind.DATE):
        if there and all(fits(kind, value) for value in there):
            return kind
    return Kind.TEXT


def fits(kind: str, value: Any) -> bool:
    """Whether a value is one of a field of this kind."""
    if kind == Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind == Kind.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str) or len(value) > MOST_SIGNS:
        return False
    return kind == Kind.TEXT or _is_date(value)


def _is_date(text: str) -> bool:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False


def _items(project: Project, rows: Sequence[Row], report: Report, *, lock: bool) -> dict[str, Item]:
    """The items by path; a path without one, or said twice, is a problem."""
    live = Item.objects.live().filter(among("path", [row.path for row in rows]), project=project).order_by("pk")
    found = {item.path: item for item in (live.select_for_update(no_key=True) if lock else live)}
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.path not in found:
            report.problems.append(_problem(number, row, "", _("There is no item of this path.")))
        elif row.path in seen:
            report.problems.append(_problem(number, row, "", _("This path stands here twice.")))
        seen.add(row.path)
    return found


def _check(rows: Sequence[Row], kinds: Mapping[str, str], report: Report) -> None:
    for number, row in enumerate(rows):
        for name, value in row.values.items():
            if value is not None and not fits(kinds[name], value):
                words = {"value": f"{value!r:.60}", "kind": Kind(kinds[name]).label}
                report.problems.append(_problem(number, row, name, _("%(value)s is not a %(kind)s.") % words))


def _problem(number: int, row: Row, name: str, error: str) -> dict[str, Any]:
    return {"row": number, "path": row.path, "field": name, "error": error}


def _merged(items: Mapping[str, Item], rows: Sequence[Row]) -> list[Item]:
    """The items that change, with what they say then."""
    made = []
    for row in rows:
        item = items[row.path]
        now = {name: value for name, value in {**item.metadata, **row.values}.items() if value is not None}
        if now != item.metadata:
            item.metadata = now
            made.append(item)
    return made
