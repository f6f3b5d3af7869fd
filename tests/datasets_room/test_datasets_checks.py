"""Checks: what is found of a version is kept as rows, with what was looked at."""

from typing import Any

import pytest

from lode_datasets.selection import add_items
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec
from lode_platform.items import add_items as make
from lode_platform.models import Item, User

HOME = "projects/blood/datasets/cells"


@pytest.fixture
def engineer(api: Any, erin: User) -> Any:
    return api(erin)


def twin_of(cells: Any, item: Item, path: str, split: str) -> Item:
    """Another item with the same bytes, in a split."""
    spec = ItemSpec(path=path, md5=item.blob.md5, sha256=item.blob.sha256)
    (twin,) = make(cells.project, Caller(cells.user), [spec], trusted=True).created
    add_items(cells.dataset, [twin], splits={twin.uuid: split})
    cells.label(twin, [cells.box(twin, 0)])
    return twin


def results(engineer: Any, which: str = "latest") -> dict[str, Any]:
    run = engineer.get(f"{HOME}/versions/{which}/checks").json()["run"]
    return {row["name"]: row for row in run["results"]}


def test_each_check_says_what_it_looked_at_and_names_items(engineer: Any, cells: Any, client: Any) -> None:
    items = cells.add(2, split="train")
    (pooled,) = cells.add(1, labelled=False)
    twin = twin_of(cells, items[0], "twin.png", "val")
    cells.publish()
    found = results(engineer)
    assert {name: (row["severity"], row["count"], row["looked_at"]) for name, row in found.items() if row["count"]} == {
        "duplicate_across_splits": ("warning", 1, 4),
        "class_absent": ("warning", 1, 4),
        "class_unused": ("note", 1, 4),
        "unlabelled": ("note", 1, 4),
    }
    assert found["group_across_splits"]["looked_at"] == 4
    assert found["unlabelled"]["items"] == [{"item": str(pooled.uuid), "path": pooled.path, "note": ""}]
    (double,) = found["duplicate_across_splits"]["items"]
    assert (double["item"], double["note"]) == (str(twin.uuid), f"val = {items[0].path}, train")
    client.force_login(cells.user)
    page = client.get("/p/blood/datasets/cells/v1/").content.decode()
    assert f"/items/{twin.uuid}/" in page and "groups across splits" in page


def test_what_only_items_decide_is_taken_from_the_version_before(engineer: Any, cells: Any, monkeypatch: Any) -> None:
    items = cells.add(2, split="train")
    twin_of(cells, items[0], "twin.png", "val")
    cells.publish()
    cells.label(items[1], [cells.box(items[1], 3)])
    monkeypatch.setattr("lode_datasets.check_statements.twins", lambda rows: [])
    cells.publish()
    assert results(engineer, "2")["duplicate_across_splits"] == results(engineer, "1")["duplicate_across_splits"]
    cells.add(1)
    cells.publish()
    assert results(engineer, "3")["duplicate_across_splits"]["count"] == 0
