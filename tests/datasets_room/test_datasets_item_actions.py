"""Items added to a dataset in bulk, and taken out by the undo."""

from collections.abc import Callable

import pytest

from lode_annotation.schemas import schema_for_labels
from lode_datasets import selection
from lode_datasets.models import DatasetItem
from lode_platform import bulk_actions, item_columns
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User

pytestmark = pytest.mark.django_db


def test_items_are_added_to_a_dataset_and_only_those_taken_out(
    project: Project, alice: User, make_items: Callable[..., list[Item]]
) -> None:
    schema = schema_for_labels(project, Caller(alice), name="cells", labels=["a"], task="boxes")
    dataset = selection.create_dataset(project, alice, name="cells", schema=schema)
    made = make_items(project, 4)
    selection.add_items(dataset, made[:1])
    row = bulk_actions.begin(project, Caller(alice), "dataset", {"dataset": "cells"}, filter={"query": ""})
    assert row.count == 3 and DatasetItem.objects.count() == 4
    [(_item, cells)] = item_columns.table(made[1:2], item_columns.wanted(["dataset", "split"], project), alice)
    assert [value for _column, value in cells] == ["cells", "pool"]
    bulk_actions.undo(row, Caller(alice))
    assert [held.item_id for held in DatasetItem.objects.all()] == [made[0].pk]
