"""The bulk action of this room: items selected for a dataset."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from lode_datasets import selection
from lode_datasets.models import Dataset, DatasetItem
from lode_platform import bulk_actions
from lode_platform.bulk_actions import Action, Argument, items_of, keep_only
from lode_platform.errors import BadInput
from lode_platform.models import BulkAction, Project, User


def _datasets(project: Project, user: User) -> Sequence[tuple[str, str]]:
    rows = Dataset.objects.filter(project=project, trashed_at=None).order_by("name")
    return [(row.name, str(row)) for row in rows[:200]]


def _select(row: BulkAction) -> dict[str, Any]:
    """Those that are not selected yet; each gets its split for good, as ever."""
    dataset = Dataset.objects.filter(project=row.project, name=row.arguments["dataset"], trashed_at=None).first()
    if dataset is None:
        raise BadInput("This dataset is no longer there.", field="dataset")
    there = DatasetItem.objects.filter(dataset=dataset, item=OuterRef("item"))
    keep_only(row, Q(item__trashed_at=None, item__staged_by=None) & ~Q(Exists(there)))
    selection.add_items(dataset, selection.walk(items_of(row)))
    return {"dataset": str(dataset.uuid)}


def _select_undone(row: BulkAction) -> dict[str, Any]:
    """Takes them out of the selection; a version that holds them keeps them."""
    rows = DatasetItem.objects.filter(dataset__uuid=row.result["dataset"], item__in=row.held.values("item"))
    return {"removed": rows.delete()[0]}


def register() -> None:
    """Called once, when the application is ready."""
    bulk_actions.add(
        Action(
            "dataset",
            gettext_lazy("Add to a dataset"),
            "stack-2",
            "dataset.edit",
            _select,
            _select_undone,
            [Argument("dataset", gettext_lazy("Dataset"), "choice", _datasets)],
        )
    )
