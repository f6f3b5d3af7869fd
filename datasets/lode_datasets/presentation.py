"""What the pages draw of versions: regions on pictures, bars of classes and splits, the histogram's specification."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lode_annotation.rules import asks_of
from lode_datasets import gate
from lode_datasets.checks import CHECKS
from lode_datasets.checks.check import SEVERITIES
from lode_datasets.diff import RegionChange
from lode_datasets.models import CheckResult, CheckRun, Version
from lode_platform.drawing import Drawn, drawn
from motherlode.manifest import POOL

__all__ = [
    "Bar",
    "ClassRow",
    "ShownChecks",
    "Segment",
    "changed_page",
    "changed_regions",
    "class_bar",
    "class_rows",
    "checks_of",
    "names_of",
    "regions",
]

PALETTE = 12
SPLITS = ("train", "val", "test")


def color_of(class_id: int) -> int:
    """The palette's colour, 1 to 12, of a permanent class id."""
    return (class_id - 1) % PALETTE + 1


def names_of(version: Version) -> dict[int, str]:
    """The version's class names by id."""
    return version.schema_revision.class_names


def regions(
    said: Sequence[Mapping[str, Any]], version: Version, layer: Callable[[Mapping[str, Any]], str] | None = None
) -> list[Drawn]:
    """Regions of a version as the page draws them, each in its class's colour, or as ``layer`` says of it."""
    names, asks = names_of(version), asks_of(version.schema_revision.controls)
    return [
        one
        for row in said
        for one in drawn(
            row,
            layer=layer(row) if layer else "class",
            label=names.get(row.get("class_id", 0), str(row.get("class_id", ""))),
            color=color_of(row.get("class_id", 1)),
            asks=asks.get(row.get("class_id", 0)),
        )
    ]


def changed_regions(
    said: Sequence[Mapping[str, Any]], changed: Sequence[RegionChange], version: Version, layer: str
) -> list[Drawn]:
    """One side of a changed item: what changed drawn as ``layer`` ("gone" or "truth") over what stayed, drawn calm."""
    ids = {side["id"] for change in changed for side in (change.before, change.after) if side}
    found = regions(said, version, lambda row: layer if row["id"] in ids else "calm")
    return sorted(found, key=lambda one: one["layer"] == layer)


def changed_page(changed: Sequence[RegionChange]) -> int | None:
    """The page, from 0 on, on which both sides of an item are shown: the first with a change; None where no region has
    changed."""
    sides = [side for change in changed for side in (change.before, change.after) if side]
    return min((side.get("frame", 0) for side in sides), default=None)


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar, in hundredths of its length."""

    name: str
    count: int
    css: str
    start: str
    length: str


@dataclass(frozen=True)
class Bar:
    """A stacked bar and what it says in words."""

    segments: Sequence[Segment]
    title: str


def _bar(parts: Sequence[tuple[str, int, str]], whole: int = 0) -> Bar:
    total = whole or sum(count for _name, count, _css in parts) or 1
    at, segments = 0.0, []
    for name, count, css in parts:
        share = 100 * count / total
        segments.append(Segment(name, count, css, f"{at:.3f}", f"{share:.3f}"))
        at += share
    return Bar(segments, ", ".join(f"{name} {count:,}" for name, count, _css in parts))


def class_bar(version: Version) -> Bar:
    """How the version's regions divide among its classes."""
    names = names_of(version)
    rows = sorted((int(key), count) for key, count in version.counts["classes"].items())
    return _bar([(names.get(key, str(key)), count, f"c{color_of(key)}") for key, count in rows])


def in_order(splits: Mapping[str, Any]) -> list[str]:
    """Train, val, test, any other, then the pool."""
    return sorted(splits, key=lambda name: (name == POOL, SPLITS.index(name) if name in SPLITS else 9, name))


def split_bar(splits: Mapping[str, int]) -> Bar:
    """How items divide among splits."""
    return _bar([(name, splits[name], f"split-{name}") for name in in_order(splits)])


@dataclass(frozen=True)
class ClassRow:
    """A class's line in the table: regions in all and by split; the longest ``bar`` is the most frequent class's."""

    class_id: int
    name: str
    color: int
    count: int
    splits: Sequence[tuple[str, int]]
    bar: Bar


def class_rows(version: Version) -> list[ClassRow]:
    """Every class of the version's schema, in the order of their ids, so that two versions can be compared."""
    counts = version.counts
    splits = [split for split in in_order(counts["splits"]) if split != POOL]
    most = max(counts["classes"].values(), default=0)
    rows = []
    for class_id, name in sorted(version.schema_revision.said_names.items()):
        key = str(class_id)
        by_split = [(split, counts["split_classes"].get(split, {}).get(key, 0)) for split in splits]
        count = counts["classes"].get(key, 0)
        bar = _bar([(split, n, f"split-{split}") for split, n in by_split], most)
        rows.append(ClassRow(class_id, name, color_of(class_id), count, by_split, bar))
    return rows


@dataclass(frozen=True)
class ShownChecks:
    """What a page says of checks: those that found something, the titles of those that looked and found nothing, and of
    those that did not look. ``closed`` are those whose errors stop a publish."""

    run: CheckRun
    closed: Sequence[CheckResult]
    found: Sequence[CheckResult]
    quiet: Sequence[str]
    not_looked: Sequence[str]


def checks_of(run: CheckRun) -> ShownChecks:
    """A run as pages show it, the gravest first."""
    results = {result.name: result for result in run.results.all()}
    grave = {severity: at for at, severity in enumerate(SEVERITIES)}
    found = sorted((row for row in results.values() if row.count), key=lambda row: -grave.get(row.severity, 0))
    return ShownChecks(
        run,
        gate.closed_by(found),
        found,
        [str(check.title) for name, check in CHECKS.items() if name in results and not results[name].count],
        [str(check.title) for name, check in CHECKS.items() if name not in results],
    )
