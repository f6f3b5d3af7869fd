"""Items by the classes that their current labels name, and those that lack the answer to a required question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as say

from lode_annotation.dry_run import of_class, of_control
from lode_annotation.models import LabelClass, LabelSet, Schema, SchemaRevision
from lode_platform import shell
from lode_platform.models import ItemQuerySet, Project, User
from motherlode.shapes import BY_TAG

NAME = "class"
LACKING = "-"
"""Stands before the control in the value of "labelled, but without an answer"."""


def of_items_with(schema: str, class_id: int) -> str:
    """The filter's value for the items that hold a class."""
    return f"{schema}:{class_id}"


def of_items_without(schema: str, control: str) -> str:
    """The filter's value for the labelled items that do not answer a control."""
    return f"{schema}:{LACKING}{control}"


def choices(project: Project, user: User) -> Sequence[tuple[str, shell.Text]]:
    """Every class of the project's schemas, retired ones too, and their required questions of the whole item."""
    rows = LabelClass.objects.filter(schema__project=project).order_by("schema__name", "class_id")
    classes = rows.values_list("schema__name", "class_id", "name")
    held = [(of_items_with(schema, number), f"{schema}: {label}") for schema, number, label in classes]
    asked = [
        (of_items_without(schema, control), say("%(schema)s: no %(control)s") % {"schema": schema, "control": control})
        for schema, control in _required(project)
    ]
    return [*held, *asked]


def _required(project: Project) -> Iterator[tuple[str, str]]:
    newest = SchemaRevision.objects.filter(schema=OuterRef("schema")).order_by("-number").values("pk")[:1]
    rows = SchemaRevision.objects.filter(schema__project=project, pk=Subquery(newest)).order_by("schema__name")
    for schema, controls in rows.values_list("schema__name", "controls"):
        for control in controls:
            if is_asked_of_items(control):
                yield schema, control["name"]


def is_asked_of_items(control: Mapping[str, Any]) -> bool:
    """Whether a control of a revision has to be answered of each item as a whole."""
    return control["required"] and not control.get("per_region") and BY_TAG[control["type"]].whole


def apply(rows: ItemQuerySet, value: str, project: Project) -> ItemQuerySet:
    """The items whose current label set names the class, or does not answer the control."""
    name, _, sought = value.partition(":")
    schema = Schema.objects.filter(project=project, name=name).first()
    sets = LabelSet.objects.current().filter(item=OuterRef("pk"), schema=schema)
    if sought.startswith(LACKING):
        return rows.filter(Exists(sets.exclude(holds(of_control(sought.removeprefix(LACKING))))))
    return rows.filter(Exists(sets.filter(holds(of_class(int(sought))))))


def holds(text: str) -> Q:
    """The condition that a label set's canonical texts hold this one."""
    return Q(*(GreaterThan(StrIndex(column, Value(text)), 0) for column in ("regions", "answers")), _connector=Q.OR)
