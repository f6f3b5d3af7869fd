"""The items that somebody asks for, by filters or by name."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lode_platform import shell
from lode_platform.errors import BadInput
from lode_platform.models import Item, ItemQuerySet, Project, User
from lode_platform.query import parse
from lode_platform.query_fields import compile_query

BATCH = 500


def items_by_filter(project: Project, user: User, given: Mapping[str, Any]) -> ItemQuerySet:
    """The live items that fit every filter: ``query``, ``search`` (part of the path), ``group``, and those of rooms."""
    rows = Item.objects.live().filter(project=project)
    known = {entry.name: entry for entry in shell.item_filters()}
    for name, value in given.items():
        if value in ("", None):
            continue
        if name == "query":
            rows = rows.filter(compile_query(parse(str(value)), project, user).condition)
        elif name in ("search", "q"):
            rows = rows.filter(path__icontains=str(value))
        elif name == "group":
            rows = rows.filter(group=str(value)).exclude(group="")
        elif name in known:
            choices = {key for key, _ in known[name].choices(project, user)}
            if str(value) not in choices:
                raise BadInput(f"{value!r} is not a valid value of the filter {name}.", code="bad_filter", field=name)
            rows = known[name].apply(rows, str(value), project)
        else:
            names = ", ".join(["query", "search", "group", *known])
            raise BadInput(f"There is no filter {name!r}; filters are {names}.", code="bad_filter", field=name)
    return rows.order_by("path")


def items_by_uuid(project: Project, uuids: Sequence[UUID]) -> dict[UUID, Item]:
    """The live items of the project with these uuids. Raises ``BadInput`` naming the first that is not there."""
    found: dict[UUID, Item] = {}
    for start in range(0, len(uuids), BATCH):
        rows = Item.objects.live().filter(project=project, uuid__in=list(uuids[start : start + BATCH]))
        found.update({row.uuid: row for row in rows})
    for uuid in uuids:
        if uuid not in found:
            raise BadInput(f"There is no item {uuid} in this project.", code="unknown_item", field="items")
    return found
