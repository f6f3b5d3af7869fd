"""What differs between two versions of a dataset, region by region, from the entries that began or ended in between."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from django.db.models import Q

from lode_datasets.models import Entry, Version
from lode_datasets.versions import holding
from motherlode.manifest import POOL

__all__ = ["Filter", "ItemChange", "RegionChange", "Summary", "changes", "region_changes", "summary"]

Kind = Literal["added", "removed", "labelled", "unlabelled", "relabelled", "moved_split", "same"]
RegionKind = Literal["added", "removed", "moved", "relabelled", "edited"]
Region = Mapping[str, Any]
REGION_KINDS: tuple[RegionKind, ...] = ("added", "removed", "moved", "relabelled", "edited")


@dataclass(frozen=True, slots=True)
class RegionChange:
    """One region on its two sides; ``kinds`` has several where it was both moved and relabelled."""

    kinds: tuple[RegionKind, ...]
    before: Region | None
    after: Region | None


def region_changes(before: Sequence[Region], after: Sequence[Region]) -> list[RegionChange]:
    """Regions matched by their identity; those that stayed as they were are left out."""
    old = {region["id"]: region for region in before}
    found: list[RegionChange] = []
    for region in after:
        was = old.pop(region["id"], None)
        if was is None:
            found.append(RegionChange(("added",), None, region))
        elif was != region:
            kinds: list[RegionKind] = []
            if was.get("box") != region.get("box"):
                kinds.append("moved")
            if was["class_id"] != region["class_id"]:
                kinds.append("relabelled")
            found.append(RegionChange(tuple(kinds) or ("edited",), was, region))
    found.extend(RegionChange(("removed",), region, None) for region in old.values())
    return found


@dataclass(frozen=True)
class ItemChange:
    """An item on its two sides; what happened follows from them."""

    before: Entry | None
    after: Entry | None

    @property
    def entry(self) -> Entry:
        """The newer side there is."""
        entry = self.after or self.before
        assert entry is not None
        return entry

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        old, new = self.before.label_set, self.after.label_set
        if old is None and new is not None:
            return "labelled"
        if old is not None and new is None:
            return "unlabelled"
        if old is not None and new is not None and old.digest != new.digest:
            return "relabelled"
        return "moved_split" if self.before.split != self.after.split else "same"

    @property
    def regions(self) -> list[RegionChange]:
        """What became of each region; for an item that came or went, of all it has."""
        old = self.before.label_set.regions if self.before and self.before.label_set else []
        new = self.after.label_set.regions if self.after and self.after.label_set else []
        return region_changes(old, new)

    @property
    def split_moved(self) -> bool:
        """Whether it went from one split to another; leaving the pool is no move."""
        if self.before is None or self.after is None:
            return False
        return self.before.split != self.after.split and POOL not in (self.before.split, self.after.split)


@dataclass(frozen=True)
class Filter:
    """Which changes to show: of one kind, touching one class, in one split."""

    kind: str = ""
    class_id: int | None = None
    split: str = ""

    def takes(self, change: ItemChange) -> bool:
        if self.kind in REGION_KINDS and self.kind not in ("added", "removed", "relabelled"):
            if not any(self.kind in region.kinds for region in change.regions):
                return False
        elif self.kind and change.kind != self.kind:
            return False
        if self.split and self.split not in {entry.split for entry in (change.before, change.after) if entry}:
            return False
        if self.class_id is None:
            return True
        sides = [side for region in change.regions for side in (region.before, region.after) if side]
        return any(side["class_id"] == self.class_id for side in sides)


def changes(old: Version, new: Version) -> Iterator[ItemChange]:
    """Every item that differs, by path; either version may be the later one. Three queries."""
    if old.number > new.number:
        yield from (ItemChange(change.after, change.before) for change in changes(new, old))
        return
    rows = Entry.objects.filter(dataset=old.dataset_id).select_related(
        "item", "label_set__created_by", "label_set__annotation_revision__annotation__task__queue"
    )
    began = rows.filter(holding(new.number), first__gt=old.number)
    ended = rows.filter(holding(old.number) & Q(last__lt=new.number))
    before = {entry.item_id: entry for entry in ended.iterator(chunk_size=2000)}
    after = {entry.item_id: entry for entry in began.iterator(chunk_size=2000)}
    pairs = [ItemChange(before.get(key), after.get(key)) for key in before.keys() | after.keys()]
    pairs.sort(key=lambda change: change.entry.path)
    yield from (change for change in pairs if change.kind != "same")


@dataclass(frozen=True)
class Summary:
    """The whole difference in numbers. ``classes`` is regions now less regions then, by class id."""

    kinds: Mapping[str, int]
    regions: Mapping[str, int]
    classes: Mapping[int, int]
    class_regions: Mapping[int, Mapping[str, int]]
    confusions: Mapping[tuple[int, int], int]
    splits_moved: int
    schema_changed: bool
    people: Mapping[str, int] = field(default_factory=dict)


def summary(old: Version, new: Version) -> Summary:
    """Counts of ``changes``; versions never change, so it is worked out once."""
    return _summary(old.pk, new.pk)


@lru_cache(maxsize=64)
def _summary(old_key: int, new_key: int) -> Summary:
    found = Version.objects.select_related("schema_revision").in_bulk([old_key, new_key])
    old, new = found[old_key], found[new_key]
    kinds: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    by_class: dict[int, Counter[str]] = {}
    confusions: Counter[tuple[int, int]] = Counter()
    people: Counter[str] = Counter()
    moved = 0
    for change in changes(old, new):
        kinds[change.kind] += 1
        moved += change.split_moved
        if change.kind in ("added", "removed"):
            continue  # their regions came and went with them
        if change.after and change.after.label_set and change.kind in ("labelled", "relabelled"):
            people[change.after.label_set.created_by.username] += 1
        for region in change.regions:
            side = region.after or region.before
            assert side is not None
            for kind in region.kinds:
                regions[kind] += 1
                by_class.setdefault(side["class_id"], Counter())[kind] += 1
            if "relabelled" in region.kinds and region.before and region.after:
                confusions[region.before["class_id"], region.after["class_id"]] += 1
    shift = {
        int(key): new.counts["classes"].get(key, 0) - old.counts["classes"].get(key, 0)
        for key in {**old.counts["classes"], **new.counts["classes"]}
    }
    return Summary(
        kinds=dict(kinds),
        regions=dict(regions),
        classes=dict(sorted(shift.items())),
        class_regions={key: dict(row) for key, row in sorted(by_class.items())},
        confusions=dict(confusions.most_common()),
        splits_moved=moved,
        schema_changed=(old.schema_revision.classes, old.schema_revision.config)
        != (new.schema_revision.classes, new.schema_revision.config),
        people=dict(people.most_common()),
    )
