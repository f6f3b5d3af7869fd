"""Filling a selection reads a batch at a time, so that nothing is left open while it writes."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from lode_annotation.models import Schema
from lode_annotation.schemas import schema_for_labels
from lode_datasets import selection
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User


def test_items_are_walked_by_key_a_batch_at_a_time(
    project: Project, erin: User, make_items: Callable[..., list[Item]]
) -> None:
    made = make_items(project, 7)
    schema: Schema = schema_for_labels(project, Caller(erin), name="cells", labels=["RBC"], task="boxes")
    dataset = selection.create_dataset(project, erin, name="cells", schema=schema)
    batch, selection.BATCH = selection.BATCH, 3
    try:
        with CaptureQueriesContext(connection) as asked:
            walked = list(selection.walk(Item.objects.filter(project=project).order_by("-path")))
        assert [item.pk for item in walked] == [item.pk for item in made]
        assert len(asked) == 3 and all("LIMIT 3" in query["sql"] for query in asked.captured_queries)
        assert selection.add_items(dataset, selection.walk(project.items.live())).added == 7
    finally:
        selection.BATCH = batch
    assert selection.remove_items(dataset, erin, selection.walk(project.items.live())) == 7


def test_given_splits_that_lose_are_counted_by_what_decided_the_one_kept(cells: Any) -> None:
    hashed, imported, moved, free, same = items = cells.make_items(cells.project, 5)
    selection.add_items(cells.dataset, items, splits={imported.uuid: "train"})
    selection.move_items(cells.dataset, cells.user, [moved], "train")
    cells.label(hashed, [])
    cells.publish()
    row = cells.dataset.dataset_items.get(item=hashed)
    other = "test" if row.split != "test" else "val"
    given = {item.uuid: "test" for item in (imported, moved, free)} | {hashed.uuid: other, same.uuid: "pool"}
    done = selection.add_items(cells.dataset, items, splits=given)
    assert done.lost == {
        (other, row.split, "published"): 1,
        ("test", "train", "import"): 1,
        ("test", "train", "person"): 1,
    }
    assert (done.added, done.existing) == (0, 5)
    assert cells.dataset.dataset_items.get(item=free).split == "test"


def test_the_bytes_that_decide_splits_are_read_without_a_walk_over_all_blobs(
    project: Project, erin: User, make_items: Callable[..., list[Item]]
) -> None:
    schema: Schema = schema_for_labels(project, Caller(erin), name="cells", labels=["RBC"], task="boxes")
    dataset = selection.create_dataset(project, erin, name="cells", schema=schema)
    made = make_items(project, 3)
    with CaptureQueriesContext(connection) as asked:
        selection.add_items(dataset, made)
    statements = [query["sql"] for query in asked.captured_queries]
    assert not [sql for sql in statements if "platform_blob" in sql and "JOIN" in sql], statements
    policy = selection.policy_of(dataset)
    given = dict(dataset.dataset_items.values_list("item", "split"))
    assert given == {item.pk: policy.split_of(item.blob.sha256) for item in made}
