"""What differs between two versions of a dataset, region by region, from the entries that began or ended in between."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db.models import Q

from lode_annotation.identity import paired, thing_of
from lode_datasets.models import Entry, Version
from lode_datasets.versions import holding
from motherlode.manifest import POOL

__all__ = [
    "REGION_KINDS",
    "Filter",
    "ItemChange",
    "Pair",
    "RegionChange",
    "Summary",
    "changes",
    "filtered",
    "pairs",
    "region_changes",
    "share_ids",
    "summary",
]

Kind = Literal["added", "removed", "replaced", "labelled", "unlabelled", "relabelled", "moved_split", "same"]
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
    """Regions followed by their identity; those that stayed as they were are left out.

    Two lists that share no id, such as labels that were made elsewhere, are followed by class and place instead.
    """
    partner = (
        _by_id(before, after) if share_ids(before, after) else paired([*map(thing_of, before)], [*map(thing_of, after)])
    )
    found: list[RegionChange] = []
    for place, region in enumerate(after):
        if place not in partner:
            found.append(RegionChange(("added",), None, region))
        elif kinds := _kinds(before[partner[place]], region):
            found.append(RegionChange(kinds, before[partner[place]], region))
    kept = set(partner.values())
    found.extend(RegionChange(("removed",), region, None) for place, region in enumerate(before) if place not in kept)
    return found


def share_ids(before: Sequence[Region], after: Sequence[Region]) -> bool:
    """Whether the ids tell which region is which: one is on both sides, or there is nothing to be told apart."""
    return not before or not after or not {row["id"] for row in before}.isdisjoint(row["id"] for row in after)


def _by_id(before: Sequence[Region], after: Sequence[Region]) -> dict[int, int]:
    places = {region["id"]: place for place, region in enumerate(before)}
    return {place: places[region["id"]] for place, region in enumerate(after) if region["id"] in places}


def _by_place(before: Sequence[Region], after: Sequence[Region]) -> dict[int, int]:
    return paired([thing_of(region) for region in before], [thing_of(region) for region in after])


def _kinds(was: Region, now: Region) -> tuple[RegionKind, ...]:
    kinds: list[RegionKind] = []
    if was.get("geometry") != now.get("geometry"):
        kinds.append("moved")
    if was["class_id"] != now["class_id"]:
        kinds.append("relabelled")
    return tuple(kinds) or (() if {**was, "id": now["id"]} == now else ("edited",))


class Side(NamedTuple):
    """An item in one of the two versions: what is needed to tell that it changed, without its labels."""

    entry: int
    item: int
    path: str
    split: str
    blob: int
    labels: str | None  # digest of the label set


@dataclass(frozen=True, slots=True)
class Pair:
    """An item on its two sides; what happened to it follows from them."""

    before: Side | None
    after: Side | None

    @property
    def path(self) -> str:
        side = self.after or self.before
        assert side is not None
        return side.path

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if self.before.blob != self.after.blob:
            return "replaced"
        old, new = self.before.labels, self.after.labels
        if old != new:
            return "labelled" if old is None else "unlabelled" if new is None else "relabelled"
        return "moved_split" if self.before.split != self.after.split else "same"

    @property
    def relabelled(self) -> bool:
        """Whether its labels are others on the two sides."""
        return (self.before and self.before.labels) != (self.after and self.after.labels)

    @property
    def split_moved(self) -> bool:
        """Whether it went from one split to another; leaving the pool does not count."""
        if self.before is None or self.after is None:
            return False
        return self.before.split != self.after.split and POOL not in (self.before.split, self.after.split)


@dataclass(frozen=True)
class ItemChange:
    """A pair with its rows: items, label sets, and who made them."""

    kind: Kind
    before: Entry | None
    after: Entry | None

    @property
    def entry(self) -> Entry:
        """The newer side there is."""
        entry = self.after or self.before
        assert entry is not None
        return entry

    @cached_property
    def regions(self) -> list[RegionChange]:
        """What became of each region; for an item that came or went, of all it has."""
        return region_changes(_regions(self.before), _regions(self.after))

    @property
    def by_place(self) -> bool:
        """Whether its regions share no id, so that they were followed by class and place."""
        return not share_ids(_regions(self.before), _regions(self.after))


def _regions(entry: Entry | None) -> list[Region]:
    return [*entry.label_set.said] if entry and entry.label_set else []


@dataclass(frozen=True)
class Filter:
    """Which changes to show: of one kind (of item, or of region), touching one class, in one split."""

    kind: str = ""
    class_id: int | None = None
    split: str = ""

    @property
    def of_regions(self) -> bool:
        """Whether labels must be read to answer."""
        return self.class_id is not None or self.kind.startswith("region_")

    def takes_pair(self, pair: Pair) -> bool:
        if self.kind and not self.kind.startswith("region_") and pair.kind != self.kind:
            return False
        return not self.split or self.split in {side.split for side in (pair.before, pair.after) if side}

    def takes_regions(self, change: ItemChange) -> bool:
        wanted = self.kind.removeprefix("region_") if self.kind.startswith("region_") else ""
        if wanted and change.kind in ("added", "removed"):
            return False  # their regions came and went with them
        return any(
            (not wanted or wanted in region.kinds)
            and (
                self.class_id is None
                or self.class_id in {side["class_id"] for side in (region.before, region.after) if side}
            )
            for region in change.regions
        )


def pairs(old: Version, new: Version) -> list[Pair]:
    """Every item that differs, by path; either version may be the later one. Two queries, no labels."""
    if old.number > new.number:
        return [Pair(pair.after, pair.before) for pair in pairs(new, old)]
    rows = Entry.objects.filter(dataset=old.dataset_id)
    columns = ("pk", "item_id", "path", "split", "blob_id", "label_set__digest")
    began = rows.filter(holding(new.number), first__gt=old.number).values_list(*columns)
    ended = rows.filter(holding(old.number) & Q(last__lt=new.number)).values_list(*columns)
    before = {row[1]: Side(*row) for row in ended.iterator(chunk_size=5000)}
    after = {row[1]: Side(*row) for row in began.iterator(chunk_size=5000)}
    found = (Pair(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    return sorted((pair for pair in found if pair.kind != "same"), key=lambda pair: pair.path)


def changes(some: Iterable[Pair]) -> Iterator[ItemChange]:
    """Pairs with their rows, a query for each five hundred."""
    rest = iter(some)
    while batch := list(islice(rest, 500)):
        keys = [side.entry for pair in batch for side in (pair.before, pair.after) if side]
        rows = Entry.objects.select_related(
            "item", "blob", "label_set__created_by", "label_set__annotation_revision__annotation__task__queue"
        ).in_bulk(keys)
        for pair in batch:
            yield ItemChange(
                pair.kind,
                rows[pair.before.entry] if pair.before else None,
                rows[pair.after.entry] if pair.after else None,
            )


def filtered(old: Version, new: Version, wanted: Filter) -> "Sequence[Pair]":
    """The pairs that a filter takes, by path; labels are read only where it asks about them."""
    found = [pair for pair in pairs(old, new) if wanted.takes_pair(pair)]
    if not wanted.of_regions:
        return found
    return [pair for pair, change in zip(found, changes(found), strict=True) if wanted.takes_regions(change)]


@dataclass(frozen=True)
class Summary:
    """The whole difference in numbers. ``classes`` is regions now less regions then, by class id; ``by_place`` is how
    many items' regions share no id and were followed by class and place; ``splits`` counts the changed items that the
    filter of a split takes."""

    kinds: Mapping[str, int]
    regions: Mapping[str, int]
    classes: Mapping[int, int]
    class_regions: Mapping[int, Mapping[str, int]]
    confusions: Mapping[tuple[int, int], int]
    splits_moved: int
    schema_changed: bool
    people: Mapping[str, int] = field(default_factory=dict)
    by_place: int = 0
    splits: Mapping[str, int] = field(default_factory=dict)


def summary(old: Version, new: Version) -> Summary:
    """Counts of ``pairs`` and of their regions; versions never change, so it is worked out once."""
    return _summary(old.uuid, new.uuid)


@lru_cache(maxsize=64)
def _summary(old_name: UUID, new_name: UUID) -> Summary:
    rows = Version.objects.select_related("schema_revision").defer("frozen").filter(uuid__in=[old_name, new_name])
    found = {version.uuid: version for version in rows}
    old, new = found[old_name], found[new_name]
    kinds: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    by_class: dict[int, Counter[str]] = {}
    confusions: Counter[tuple[int, int]] = Counter()
    people: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    moved = by_place = 0
    found_pairs = pairs(old, new)
    for pair in found_pairs:
        kinds[pair.kind] += 1
        moved += pair.split_moved
        splits.update({side.split for side in (pair.before, pair.after) if side})
    # the regions of items that came or went came and went with them
    for change in changes(pair for pair in found_pairs if pair.before and pair.after and pair.relabelled):
        by_place += change.by_place
        if change.after and change.after.label_set:
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
        by_place=by_place,
        splits=dict(splits),
    )
