"""Which items a queue is filled with: named one by one, or by the filters that the Items page knows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lode_annotation.models import Queue
from lode_annotation.queues import TaskSpec, add_tasks
from lode_platform import nav
from lode_platform.errors import BadInput
from lode_platform.models import Item, ItemQuerySet, Project, User

CHUNK = 1000


def by_filter(project: Project, user: User, given: Mapping[str, Any]) -> ItemQuerySet:
    """The live items that fit every filter: ``search`` (part of the path), ``group``, and those the rooms register."""
    rows = Item.objects.live().filter(project=project)
    known = {entry.name: entry for entry in nav.item_filters()}
    for name, value in given.items():
        if value in ("", None):
            continue
        if name in ("search", "q"):
            rows = rows.filter(path__icontains=str(value))
        elif name == "group":
            rows = rows.filter(group=str(value))
        elif name in known:
            choices = {key for key, _ in known[name].choices(project, user)}
            if str(value) not in choices:
                raise BadInput(f"The filter {name} knows no {value!r}.", code="bad_filter", field=name)
            rows = known[name].apply(rows, str(value), project)
        else:
            names = ", ".join(["search", "group", *known])
            raise BadInput(f"There is no filter {name!r}; filters are {names}.", code="bad_filter", field=name)
    return rows.order_by("path")


def by_uuid(project: Project, uuids: Sequence[UUID]) -> dict[UUID, Item]:
    """The live items of the project with these uuids. Raises ``BadInput`` naming the first that is not there."""
    found: dict[UUID, Item] = {}
    for start in range(0, len(uuids), CHUNK):
        rows = Item.objects.live().filter(project=project, uuid__in=list(uuids[start : start + CHUNK]))
        found.update({row.uuid: row for row in rows})
    for uuid in uuids:
        if uuid not in found:
            raise BadInput(f"There is no item {uuid} in this project.", code="unknown_item", field="items")
    return found


def fill(queue: Queue, user: User, items: "Sequence[Item] | ItemQuerySet", *, priority: int = 0) -> int:
    """Puts items into a queue with the queue's own reason."""
    return add_tasks(queue, user, [TaskSpec(item=item, priority=priority) for item in items])
