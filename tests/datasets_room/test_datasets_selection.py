"""Filling a selection reads a batch at a time, so that nothing is left open while it writes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_annotation.models import Schema
from lode_annotation.schemas import schema_for_labels
from lode_datasets import adding, selection
from lode_platform import jobs
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User


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
    was = dict(cells.dataset.dataset_items.values_list("item", "split"))
    done = selection.add_items(cells.dataset, items, splits=given)
    assert done.lost == {
        (other, row.split, "published"): 1,
        ("test", "train", "import"): 1,
        ("test", "train", "person"): 1,
    }
    assert (done.added, done.existing, done.resplit) == (0, 5, int(was[free.pk] != "test"))
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


def test_many_items_are_added_by_a_job_that_goes_on_where_a_worker_died(
    cells: Any,
    client_for: Callable[[User], Client],
    api: Callable[..., Any],
    erin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells.make_items(cells.project, 5)
    monkeypatch.setattr(adding, "AT_ONCE", 4)
    monkeypatch.setattr(adding, "BATCH", 2)
    address = f"projects/{cells.project.name}/datasets/cells/items"
    asked = api(erin).post(address, {"filter": {"search": "item"}}).json()
    assert (asked["added"], asked["job"]["state"], cells.dataset.dataset_items.count()) == (0, "queued", 0)
    steps: list[str] = []

    def die(self: jobs.Work, name: str) -> None:
        steps.append(name)
        if len(steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(jobs.Work, "step", die)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_pending()
    assert cells.dataset.dataset_items.count() == 4
    page = client_for(erin).get(f"/p/{cells.project.name}/datasets/cells/").content.decode()
    assert "Items are being added" in page
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_pending() == 1
    assert Job.objects.get().result == {"dataset": "cells", "added": 5, "existing": 0, "resplit": 0, "lost": []}
    assert cells.dataset.dataset_items.count() == 5 and len(steps) == 3
    client_for(erin).post(f"/p/{cells.project.name}/datasets/cells/add-all/")
    jobs.run_pending()
    assert Job.objects.latest("pk").result == {"dataset": "cells", "added": 0, "existing": 5, "resplit": 0, "lost": []}
