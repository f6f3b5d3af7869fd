"""What differs between two versions of a dataset, region by region, from the entries that began or ended in between."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast, overload
from uuid import UUID

from lode_annotation.identity import paired, thing_of
from lode_datasets import diff_statements
from lode_datasets.models import Entry, Version
from motherlode.manifest import POOL

__all__ = [
    "REGION_KINDS",
    "Filter",
    "ItemChange",
    "Pair",
    "RegionChange",
    "Summary",
    "changes",
    "field_changes",
    "filtered",
    "pairs",
    "region_changes",
    "share_ids",
    "summary",
]

Kind = Literal[
    "added", "removed", "replaced", "labelled", "unlabelled", "relabelled", "moved_split", "metadata", "same"
]
RegionKind = Literal["added", "removed", "moved", "relabelled", "edited"]
Region = Mapping[str, Any]
MOST_KEPT = 50_000
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
    if (was.get("geometry"), was.get("frame")) != (now.get("geometry"), now.get("frame")):
        kinds.append("moved")
    if was.get("class_id") != now.get("class_id"):
        kinds.append("relabelled")
    return tuple(kinds) or (() if {**was, "id": now["id"]} == now else ("edited",))


class Pair(NamedTuple):
    """An item that differs: its path, what happened to it, and its entries on both sides by primary key."""

    path: str
    kind: Kind
    before: int | None
    after: int | None


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

    @cached_property
    def metadata(self) -> dict[str, tuple[Any, Any]]:
        """What its fields said that say something else now, before and after, by name; None where it has no value."""
        if self.before is None or self.after is None:
            return {}
        return field_changes(self.before.metadata, self.after.metadata)

    @property
    def by_place(self) -> bool:
        """Whether its regions share no id, so that they were followed by class and place."""
        return not share_ids(_regions(self.before), _regions(self.after))


def field_changes(before: str | None, after: str | None) -> dict[str, tuple[Any, Any]]:
    """The fields in which two texts of metadata differ, by name."""
    was, now = json.loads(before or "{}"), json.loads(after or "{}")
    pairs = {name: (was.get(name), now.get(name)) for name in sorted({**was, **now})}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


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

    def takes(self, change: "Touched") -> bool:
        """Whether it takes a change by its regions, its kind and its splits."""
        wanted = self.kind.removeprefix("region_") if self.kind.startswith("region_") else ""
        if wanted and change.pair.kind in ("added", "removed"):
            return False  # their regions came and went with them
        if self.kind and not wanted and change.pair.kind != self.kind:
            return False
        if self.split and self.split not in change.splits:
            return False
        return any(
            (not wanted or wanted == kind) and (self.class_id is None or self.class_id == class_id)
            for kind, class_id in change.what
        )


class Touched(NamedTuple):
    """An item that differs with what became of its regions, as (kind, class id or None)."""

    pair: Pair
    splits: tuple[str | None, str | None]
    what: frozenset[tuple[RegionKind, int | None]]


def pairs(old: Version, new: Version) -> list[Pair]:
    """Every item that differs, by path; either version may be the later one. One query, no labels."""
    return [*map(_pair, diff_statements.page(old, new))]


def _pair(row: diff_statements.PairRow) -> Pair:
    return Pair(row.path, cast(Kind, row.kind), row.before, row.after)


def changes(some: Iterable[Pair]) -> Iterator[ItemChange]:
    """Pairs with their rows, a query for each five hundred."""
    rest = iter(some)
    while batch := list(islice(rest, 500)):
        keys = [side for pair in batch for side in (pair.before, pair.after) if side is not None]
        rows = Entry.objects.select_related(
            "item", "blob", "label_set__created_by", "label_set__annotation_revision__annotation__task__queue"
        ).in_bulk(keys)
        for pair in batch:
            yield ItemChange(
                pair.kind,
                None if pair.before is None else rows[pair.before],
                None if pair.after is None else rows[pair.after],
            )


class Filtered(Sequence[Pair]):
    """The pairs that a filter takes, by path; counted without reading them.

    Labels are read only where it asks about them. Versions never change, so what is found is kept, but for lists of
    items so long that the database pages them.
    """

    def __init__(self, old: Version, new: Version, wanted: Filter) -> None:
        self.old, self.new, self.wanted = old, new, wanted

    @cached_property
    def _kept(self) -> list[Pair]:
        return _taken(self.old.uuid, self.new.uuid, self.wanted)

    @cached_property
    def _count(self) -> int:
        if self.wanted.of_regions:
            return len(self._kept)
        kind, split = self.wanted.kind, self.wanted.split
        counted = _compared(self.old.uuid, self.new.uuid).counted
        return sum(
            row.number for row in counted if kind in ("", row.kind) and (not split or split in (row.before, row.after))
        )

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Pair: ...
    @overload
    def __getitem__(self, at: slice) -> list[Pair]: ...
    def __getitem__(self, at: int | slice) -> Pair | list[Pair]:
        if isinstance(at, int):
            return self[at : at + 1][0]
        if self.wanted.of_regions or len(self) <= MOST_KEPT:
            return self._kept[at]
        start, stop, _step = at.indices(len(self))
        kind, split = self.wanted.kind, self.wanted.split
        found = diff_statements.page(self.old, self.new, kind, split, offset=start, limit=max(stop - start, 0))
        return [*map(_pair, found)]


def filtered(old: Version, new: Version, wanted: Filter) -> Filtered:
    """The pairs that a filter takes, by path."""
    return Filtered(old, new, wanted)


@dataclass(frozen=True)
class Summary:
    """The whole difference in numbers. ``classes`` is regions now less regions then, by class id; ``by_place`` is how
    many items' regions share no id and were followed by class and place; ``splits`` counts the changed items that the
    filter of a split takes; ``metadata`` how many items of both versions differ in each field."""

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
    metadata: Mapping[str, int] = field(default_factory=dict)


def summary(old: Version, new: Version) -> Summary:
    """Counts of ``pairs`` and of their regions; versions never change, so it is worked out once."""
    return _compared(old.uuid, new.uuid).summary


class Compared(NamedTuple):
    """The summary of two versions, its counts of items, and the items in both whose labels differ, by path."""

    summary: Summary
    counted: list[diff_statements.Counted]
    touched: list[Touched]


def _both(old_name: UUID, new_name: UUID) -> tuple[Version, Version]:
    rows = Version.objects.select_related("schema_revision").defer("frozen").filter(uuid__in=[old_name, new_name])
    found = {version.uuid: version for version in rows}
    return found[old_name], found[new_name]


@lru_cache(maxsize=8)
def _compared(old_name: UUID, new_name: UUID) -> Compared:
    old, new = _both(old_name, new_name)
    kinds: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    moved = by_place = 0
    counted = diff_statements.counted(old, new)
    for row in counted:
        kinds[row.kind] += row.number
        there = {split for split in (row.before, row.after) if split}
        splits.update(dict.fromkeys(there, row.number))
        # leaving the pool is not a move
        moved += row.number if len(there) == 2 and POOL not in there else 0
    regions: Counter[str] = Counter()
    by_class: dict[int, Counter[str]] = {}
    confusions: Counter[tuple[int, int]] = Counter()
    people: Counter[str] = Counter()
    touched = []
    # the regions of items that came or went came and went with them
    for labels in diff_statements.labels(old, new, one_sided=False):
        before, after = _said(labels.a_regions, labels.a_answers), _said(labels.b_regions, labels.b_answers)
        by_place += not share_ids(before, after)
        if labels.person is not None:
            people[labels.person] += 1
        what: set[tuple[RegionKind, int | None]] = set()
        for region in region_changes(before, after):
            side = region.after or region.before
            assert side is not None
            sides = {one.get("class_id") for one in (region.before, region.after) if one}
            what.update((kind, class_id) for kind in region.kinds for class_id in sides)
            for kind in region.kinds:
                regions[kind] += 1
                if "class_id" in side:
                    by_class.setdefault(side["class_id"], Counter())[kind] += 1
            if "relabelled" in region.kinds and region.before and region.after:
                confusions[region.before["class_id"], region.after["class_id"]] += 1
        touched.append(Touched(_pair(labels.pair), (labels.a_split, labels.b_split), frozenset(what)))
    described: Counter[str] = Counter()
    if old.metadata_kinds or new.metadata_kinds:
        for was, now in diff_statements.metadata(old, new):
            described.update(field_changes(was, now).keys())
    shift = {
        int(key): new.counts["classes"].get(key, 0) - old.counts["classes"].get(key, 0)
        for key in {**old.counts["classes"], **new.counts["classes"]}
    }
    summed = Summary(
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
        metadata=dict(described.most_common()),
    )
    return Compared(summed, counted, touched)


@lru_cache(maxsize=8)
def _taken(old_name: UUID, new_name: UUID, wanted: Filter) -> list[Pair]:
    """All pairs that a filter takes, by path."""
    if not wanted.of_regions:
        return [*map(_pair, diff_statements.page(*_both(old_name, new_name), wanted.kind, wanted.split))]
    touched = _compared(old_name, new_name).touched
    if wanted.class_id is not None:
        touched = [*touched, *_one_sided(old_name, new_name)]
    return sorted((change.pair for change in touched if wanted.takes(change)), key=attrgetter("path"))


def _said(regions: str | None, answers: str | None) -> list[Region]:
    return [*json.loads(regions or "[]"), *json.loads(answers or "[]")]


_CLASS = re.compile(r'"class_id":(\d+)')


@lru_cache(maxsize=8)
def _one_sided(old_name: UUID, new_name: UUID) -> list[Touched]:
    """The items that came or went, with the classes of what is said of them; their texts are not parsed for it."""
    found = []
    for labels in diff_statements.labels(*_both(old_name, new_name), one_sided=True):
        kind: RegionKind = "added" if labels.pair.kind == "added" else "removed"
        texts = (labels.a_regions, labels.a_answers, labels.b_regions, labels.b_answers)
        classes = {int(number) for text in texts if text for number in _CLASS.findall(text)}
        what = frozenset((kind, class_id) for class_id in classes)
        found.append(Touched(_pair(labels.pair), (labels.a_split, labels.b_split), what))
    return found
