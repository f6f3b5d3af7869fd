"""What differs between two versions, region by region."""

from dataclasses import replace
from typing import Any

import pytest

from lode_datasets import diff
from lode_datasets.selection import move_items, remove_items
from motherlode.regions import Region


def row(identity: str, class_id: int = 1, box: tuple[float, ...] = (0.0, 0.0, 5.0, 5.0), **more: Any) -> dict[str, Any]:
    return {"id": identity, "kind": "box", "control": "label", "class_id": class_id, "geometry": list(box), **more}


def test_regions_are_followed_by_their_identity() -> None:
    before = [row("a"), row("b"), row("c"), row("d"), row("e")]
    after = [
        row("a"),
        row("b", box=(1.0, 0.0, 6.0, 5.0)),
        row("c", class_id=2),
        row("d", class_id=2, box=(1.0, 0.0, 6.0, 5.0)),
        row("f"),
    ]
    found = {(c.before or c.after or {})["id"]: c.kinds for c in diff.region_changes(before, after)}
    assert found == {
        "b": ("moved",),
        "c": ("relabelled",),
        "d": ("moved", "relabelled"),
        "e": ("removed",),
        "f": ("added",),
    }
    assert diff.region_changes([row("a")], [row("a", difficult=True)])[0].kinds == ("edited",)


def test_labels_that_share_no_id_are_followed_by_class_and_place_and_it_is_said(cells: Any) -> None:
    items = cells.add(2)
    first = cells.publish()
    was = [cells.box(items[0], 0), cells.box(items[0], 1)]
    anew = [replace(was[1], id="x"), replace(was[0], id="y", geometry=(0.0, 1.0, 10.5, 9.25)), cells.box(items[0], 9)]
    cells.label(items[0], anew)
    summary = diff.summary(first, cells.publish())
    assert summary.regions == {"moved": 1, "added": 1} and summary.by_place == 1
    assert diff.region_changes([row("a")], [row("b")]) == []
    assert diff.region_changes([row("a"), row("c")], [row("b"), row("c")])[0].kinds == ("added",)


def kinds(old: Any, new: Any) -> dict[str, str]:
    return {pair.path: pair.kind for pair in diff.pairs(old, new)}


def test_every_kind_of_change_is_told_and_the_way_back_mirrors_it(cells: Any) -> None:
    items = cells.add(6, split="train")
    pool = cells.add(2, labelled=False)
    first = cells.publish()
    added = cells.add(1)
    remove_items(cells.dataset, cells.user, items[:1])
    cells.label(items[1], [cells.box(items[1], 0, 1, shift=3)])
    cells.label(pool[0], [cells.box(pool[0], 0)])
    move_items(cells.dataset, cells.user, [items[2]], "test")
    second = cells.publish()
    assert kinds(first, second) == {
        added[0].path: "added",
        items[0].path: "removed",
        items[1].path: "relabelled",
        pool[0].path: "labelled",
        items[2].path: "moved_split",
    }
    assert kinds(second, first) == {
        added[0].path: "removed",
        items[0].path: "added",
        items[1].path: "relabelled",
        pool[0].path: "unlabelled",
        items[2].path: "moved_split",
    }
    summary = diff.summary(first, second)
    assert summary.regions == {"moved": 1, "removed": 1, "added": 1}
    assert summary.splits_moved == 1
    assert sum(summary.classes.values()) == second.counts["regions"] - first.counts["regions"]


def test_what_was_changed_and_changed_back_is_no_difference(cells: Any) -> None:
    items = cells.add(3)
    first = cells.publish()
    as_it_was = list(items[0].label_sets.get().regions)
    cells.label(items[0], [])
    cells.publish()
    from motherlode.regions import from_json

    cells.label(items[0], [from_json(region) for region in as_it_was])
    third = cells.publish()
    assert third.digest == first.digest
    assert diff.pairs(first, third) == []


def test_a_relabelled_region_is_counted_as_a_confusion(cells: Any) -> None:
    items = cells.add(1)
    first = cells.publish()
    old: list[Region] = [cells.box(items[0], 0), cells.box(items[0], 1, 1)]
    cells.label(items[0], [old[0], cells.box(items[0], 1, 3)])
    summary = diff.summary(first, cells.publish())
    assert summary.confusions == {(1, 3): 1}
    assert summary.class_regions == {3: {"relabelled": 1}}
    assert summary.people == {"alice": 1}


def test_filters_take_kinds_of_items_and_of_regions_classes_and_splits(cells: Any) -> None:
    items = cells.add(3, split="train")
    first = cells.publish()
    cells.label(items[0], [cells.box(items[0], 0), cells.box(items[0], 1, 3)])
    cells.label(items[1], [cells.box(items[1], 0, 1, shift=2), cells.box(items[1], 1, 2)])
    cells.add(2, split="val")
    second = cells.publish()

    def paths(**wanted: Any) -> list[str]:
        return [pair.path for pair in diff.filtered(first, second, diff.Filter(**wanted))]

    assert len(paths()) == 4
    assert len(paths(kind="added")) == 2
    assert paths(kind="region_relabelled") == [items[0].path]
    assert paths(kind="region_moved") == [items[1].path]
    assert len(paths(split="val")) == 2
    assert paths(class_id=3, split="train") == [items[0].path]


def test_a_name_that_went_and_came_is_two_changes_and_a_filter_tells_them_apart(cells: Any) -> None:
    items = cells.add(2, split="train")
    first = cells.publish()
    remove_items(cells.dataset, cells.user, items[:1])
    other = cells.add(1, split="val")[0]
    cells.label(other, [cells.box(other, 0, 3)])
    type(other).objects.filter(pk=items[0].pk).update(trashed_at="2026-01-01T00:00:00Z")
    type(other).objects.filter(pk=other.pk).update(path=items[0].path, path_fold=items[0].path_fold)
    second = cells.publish()
    found = diff.filtered(first, second, diff.Filter())
    assert {(pair.path, pair.kind) for pair in found[:]} == {(items[0].path, kind) for kind in ("added", "removed")}
    assert [pair.kind for pair in diff.filtered(first, second, diff.Filter(class_id=3))] == ["added"]
    assert [pair.kind for pair in diff.filtered(second, first, diff.Filter(class_id=3))] == ["removed"]
    assert diff.summary(first, second).splits == {"train": 1, "val": 1}


@pytest.mark.parametrize("wanted", [{}, {"kind": "relabelled"}, {"class_id": 1}, {"kind": "region_removed"}])
def test_a_page_of_a_longer_difference_takes_no_more_queries(
    cells: Any, django_assert_num_queries: Any, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (3, 30):
        items = cells.add(number)
        first = cells.publish()
        for item in items:
            cells.label(item, [])
        second = cells.publish()
        for kept in (diff._compared, diff._one_sided, diff._taken):
            kept.cache_clear()
        # the two versions, counts, labels, the labels of what came or went, or else the pairs
        of_regions = "class_id" in wanted or "region_removed" in wanted.values()
        with django_assert_num_queries(3 + 2 * ("class_id" in wanted) + 2 * (not of_regions)):
            page = diff.filtered(first, second, diff.Filter(**wanted))
            assert len(page) == number and len(page[1:3]) == 2
        with django_assert_num_queries(0):
            page = diff.filtered(first, second, diff.Filter(**wanted))
            assert [pair.path for pair in page[1:3]] == [item.path for item in items[1:3]]
        monkeypatch.setattr(diff, "MOST_KEPT", 0)
        with django_assert_num_queries(0 if of_regions else 1):
            page = diff.filtered(first, second, diff.Filter(**wanted))
            assert [pair.path for pair in page[1:3]] == [item.path for item in items[1:3]]
        monkeypatch.undo()


def test_a_longer_difference_takes_no_more_queries(cells: Any, django_assert_max_num_queries: Any) -> None:
    items = cells.add(12)
    first = cells.publish()
    for item in items:
        cells.label(item, [])
    second = cells.publish()
    with django_assert_max_num_queries(3):
        assert len([change.regions for change in diff.changes(diff.pairs(first, second))]) == 12
