"""The columns that this room adds to tables of items."""

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lode_annotation.models import LabelClass, LabelSet, Task
from lode_platform import item_columns
from lode_platform.item_columns import Column
from lode_platform.models import Item, User


def _sets(items: Sequence[Item]) -> "list[LabelSet]":
    rows = LabelSet.objects.current().filter(item__in=[item.pk for item in items])
    return list(rows.only("item", "schema", "regions", "answers"))


def _labelled(items: Sequence[Item], _user: User) -> dict[int, str]:
    rows = LabelSet.objects.current().filter(item__in=[item.pk for item in items])
    held = set(rows.values_list("item", flat=True))
    return {item.pk: _("labelled") if item.pk in held else _("unlabelled") for item in items}


def _regions(items: Sequence[Item], _user: User) -> dict[int, int]:
    found: Counter[int] = Counter()
    for row in _sets(items):
        found[row.item_id] += len(row.regions)
    return found


def _classes(items: Sequence[Item], _user: User) -> dict[int, str]:
    """The names of the classes of regions and answers, the most frequent first."""
    sets = _sets(items)
    rows = LabelClass.objects.filter(schema__in={row.schema_id for row in sets})
    names = {(schema, number): name for schema, number, name in rows.values_list("schema", "class_id", "name")}
    found: dict[int, Counter[str]] = {}
    for row in sets:
        for said in (*row.regions, *row.answers):
            if name := names.get((row.schema_id, said.get("class_id"))):
                found.setdefault(row.item_id, Counter())[name] += 1
    return {item: ", ".join(name for name, _n in count.most_common()) for item, count in found.items()}


def _queues(items: Sequence[Item], _user: User) -> dict[int, str]:
    rows = Task.objects.filter(item__in=[item.pk for item in items]).order_by("queue")
    found: dict[int, list[str]] = {}
    for item, name in rows.values_list("item", "queue__name"):
        found.setdefault(item, []).append(name)
    return {item: ", ".join(names) for item, names in found.items()}


def register() -> None:
    """Called once, when the application is ready."""
    item_columns.add(Column("labelled", gettext_lazy("State"), _labelled))
    item_columns.add(Column("regions", gettext_lazy("Regions"), _regions, True))
    item_columns.add(Column("class", gettext_lazy("Classes"), _classes))
    item_columns.add(Column("queue", gettext_lazy("Queues"), _queues))
