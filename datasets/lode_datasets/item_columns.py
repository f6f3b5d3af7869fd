"""The columns that this room adds to tables of items."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy

from lode_annotation.models import LabelSet
from lode_datasets.models import DatasetItem
from lode_platform import item_columns
from lode_platform.item_columns import Column
from lode_platform.models import Item, User
from motherlode.manifest import POOL


def _splits(items: Sequence[Item], _user: User) -> dict[int, str]:
    """The splits in all datasets; the pool of those where the item is not labelled, as versions have it."""
    labels = LabelSet.objects.current().filter(item=OuterRef("item"), schema=OuterRef("dataset__schema"))
    rows = DatasetItem.objects.filter(item__in=[item.pk for item in items], dataset__trashed_at=None)
    found: dict[int, dict[str, None]] = {}
    for item, split, labelled in (
        rows.annotate(labelled=Exists(labels)).order_by("dataset__name").values_list("item", "split", "labelled")
    ):
        found.setdefault(item, {})[split if labelled else POOL] = None
    return {item: ", ".join(splits) for item, splits in found.items()}


def _datasets(items: Sequence[Item], _user: User) -> dict[int, str]:
    rows = DatasetItem.objects.filter(item__in=[item.pk for item in items], dataset__trashed_at=None)
    found: dict[int, list[str]] = {}
    for item, name in rows.order_by("dataset__name").values_list("item", "dataset__name"):
        found.setdefault(item, []).append(name)
    return {item: ", ".join(names) for item, names in found.items()}


def register() -> None:
    """Called once, when the application is ready."""
    item_columns.add(Column("split", gettext_lazy("Split"), _splits))
    item_columns.add(Column("dataset", gettext_lazy("Datasets"), _datasets))
