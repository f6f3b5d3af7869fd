"""Splits stick: decided once, by group or bytes, whatever comes later."""

from collections import Counter
from typing import Any

import pytest

from lode_datasets.models import DatasetItem, Entry
from lode_datasets.selection import add_items, move_items
from lode_datasets.splits import Policy
from lode_platform.callers import Caller
from lode_platform.errors import BadInput


def splits_of(dataset: Any) -> dict[int, str]:
    return dict(DatasetItem.objects.filter(dataset=dataset).values_list("item", "split"))


def test_ratios_are_kept_and_the_order_they_come_in_does_not_matter() -> None:
    policy = Policy.parse({"train": 8, "val": 1, "test": 1}, "salt")
    counts = Counter(policy.split_of(f"key {n}") for n in range(20_000))
    assert abs(counts["train"] / 20_000 - 0.8) < 0.01
    assert abs(counts["val"] / 20_000 - 0.1) < 0.01
    other = Policy.parse({"test": 0.1, "train": 0.8, "val": 0.1}, "salt")
    assert [other.split_of(f"key {n}") for n in range(200)] == [policy.split_of(f"key {n}") for n in range(200)]


@pytest.mark.parametrize(
    "bad", [{"train": -1}, {"pool": 1}, {"train": 0}, {"Train!": 1}, {"train": "all"}, {"train": True}]
)
def test_a_policy_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Policy.parse(bad, "salt")


def test_two_datasets_split_the_same_items_differently() -> None:
    keys = [f"patient {number}" for number in range(200)]
    splits = [[Policy.parse(None, salt=name).split_of(key) for key in keys] for name in ("cells", "cells", "tissue")]
    assert splits[0] == splits[1]
    assert sum(a != b for a, b in zip(splits[0], splits[2], strict=True)) > 20


def test_a_later_policy_moves_nothing(cells: Any) -> None:
    items = cells.add(40)
    before = splits_of(cells.dataset)
    cells.dataset.split_policy = {"holdout": 1}
    cells.dataset.save()
    add_items(cells.dataset, items)
    assert splits_of(cells.dataset) == before
    fresh = cells.add(3)
    assert {splits_of(cells.dataset)[item.pk] for item in fresh} == {"holdout"}


def test_a_group_stands_on_one_side_also_where_an_import_put_it(cells: Any) -> None:
    items = cells.make_items(cells.project, 12)
    for item in items:
        item.group = "patient 7"
        item.save()
    add_items(cells.dataset, items[:6])
    assert len(set(splits_of(cells.dataset).values())) == 1
    other = cells.make_items(cells.project, 6)
    for item in other:
        item.group = "patient 8"
        item.save()
    add_items(cells.dataset, other[:1], splits={other[0].uuid: "test"})
    add_items(cells.dataset, other)
    assert {splits_of(cells.dataset)[item.pk] for item in other} == {"test"}


def test_a_group_that_comes_in_with_a_given_split_follows_it_whichever_item_says_so(cells: Any) -> None:
    items = cells.make_items(cells.project, 24)
    alone = items[18:]
    for number, item in enumerate(items[:18]):
        item.group = f"patient {number // 6}"
        item.save()
    given = {items[5].uuid: "val", items[11].uuid: "test", items[17].uuid: "holdout", alone[0].uuid: "holdout"}
    add_items(cells.dataset, items, splits=given)
    found = splits_of(cells.dataset)
    for first, split in ((0, "val"), (6, "test"), (12, "holdout")):
        assert {found[item.pk] for item in items[first : first + 6]} == {split}
    assert "holdout" not in {found[item.pk] for item in alone[1:]}, "an item of no group follows none"


def test_items_of_another_medium_are_refused_by_name_and_none_goes_in(cells: Any) -> None:
    items = cells.make_items(cells.project, 3)
    items[1].kind = "text"
    items[1].save()
    with pytest.raises(BadInput, match=f"{items[1].path} is a text"):
        add_items(cells.dataset, items)
    assert splits_of(cells.dataset) == {}


def test_twins_fall_on_the_same_side(cells: Any) -> None:
    from lode_platform.items import ItemSpec
    from lode_platform.items import add_items as make

    items = cells.add(20, labelled=False)
    specs = [ItemSpec(path=f"twin/{i.path}", md5=i.blob.md5, sha256=i.blob.sha256, uuid=None) for i in items]
    twins = make(cells.project, Caller(cells.user), specs, trusted=True).created
    add_items(cells.dataset, twins)
    found = splits_of(cells.dataset)
    assert [found[twin.pk] for twin in twins] == [found[item.pk] for item in items]


def test_a_given_split_is_kept_and_counts_until_a_version_has_shown_another(cells: Any) -> None:
    items = cells.add(10, labelled=False)
    told = {item.uuid: "val" for item in items}
    assert add_items(cells.dataset, items, splits=told).resplit > 0
    assert set(splits_of(cells.dataset).values()) == {"val"}
    again = add_items(cells.dataset, items, splits={item.uuid: "test" for item in items})
    assert again.resplit == 0  # an import has spoken already

    shown = cells.add(10)
    cells.publish()
    before = splits_of(cells.dataset)
    add_items(cells.dataset, shown, splits={item.uuid: "test" for item in shown})
    assert splits_of(cells.dataset) == before


def test_an_unlabelled_item_is_in_the_pool_until_its_first_labels(cells: Any) -> None:
    item = cells.add(1, labelled=False, split="val")[0]
    cells.add(1)
    first = cells.publish()
    assert Entry.objects.get(item=item).split == "pool"
    assert first.counts["splits"]["pool"] == 1
    cells.label(item, [])
    second = cells.publish()
    assert Entry.objects.get(item=item, last=None).split == "val"
    assert "pool" not in second.counts["splits"]


def test_a_person_may_move_items_and_it_is_on_the_record(cells: Any) -> None:
    from lode_platform.models import Event

    items = cells.add(3, split="train")
    assert move_items(cells.dataset, cells.user, items[:2], "test") == 2
    assert sorted(splits_of(cells.dataset).values()) == ["test", "test", "train"]
    assert Event.objects.filter(verb="dataset.split", actor=cells.user).count() == 1
    with pytest.raises(BadInput):
        move_items(cells.dataset, cells.user, items, "training day")
    assert sorted(splits_of(cells.dataset).values()) == ["test", "test", "train"]
