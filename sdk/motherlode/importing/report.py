"""What an import is asked to bring in, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from motherlode.formats.source import Problem
from motherlode.labeling_config import Task

__all__ = ["ImportOptions", "ImportReport", "count_splits", "take_result"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to bring in, and where to. `control` names the control that the labels answer, "" for any that has them."""

    project: str
    dataset: str
    format: str | None = None
    replace: bool = False
    replace_media: bool = False
    split_policy: Mapping[str, float] | None = None
    labels: Sequence[str] = ()
    task: Task | None = None
    medium: str | None = None
    prefix: str = ""
    strict: bool = False
    control: str = ""


@dataclass
class ImportReport:
    """What came in, what was made for it, and what did not come in and why."""

    project: str
    dataset: str
    format: str
    made: list[str] = field(default_factory=list)
    images: int = 0
    created: int = 0
    existing: int = 0
    replaced: int = 0
    resized: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    label_sets: int = 0
    unchanged: int = 0
    regions: int = 0
    skipped_human: list[str] = field(default_factory=list)
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    splits_lost: dict[tuple[str, str, str], int] = field(default_factory=dict)  # given, kept, decided by: items
    problems: list[dict[str, Any]] = field(default_factory=list)
    unlisted: dict[str, int] = field(
        default_factory=dict
    )  # of the server's problems, how many more of a kind there are

    @property
    def unlabelled(self) -> list[str]:
        """The images that stay unlabelled since labels of theirs could not come in."""
        return [str(row["item"]) for row in self.problems if row.get("kind") == "unlabelled"]

    @property
    def left_unlabelled(self) -> int:
        """How many images those are."""
        return len(self.unlabelled) + self.unlisted.get("unlabelled", 0)

    @property
    def items(self) -> int:
        """The items of the folder that the project now holds."""
        return self.created + self.existing + self.replaced

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "project": self.project,
            "dataset": self.dataset,
            "format": self.format,
            "made": self.made,
            "images": self.images,
            "items": self.items,
            "created": self.created,
            "existing": self.existing,
            "replaced": self.replaced,
            "resized": self.resized,
            "sent_bytes": self.sent_bytes,
            "label_sets": self.label_sets,
            "unchanged": self.unchanged,
            "regions": self.regions,
            "skipped_human": self.skipped_human,
            "unlabelled": self.unlabelled,
            "splits": self.splits,
            "splits_lost": [
                {"given": given, "kept": kept, "by": by, "items": items}
                for (given, kept, by), items in sorted(self.splits_lost.items())
            ],
            "problems": self.problems,
            "unlisted": self.unlisted,
        }


class _Splits(Protocol):
    """What a split is counted of."""

    @property
    def split(self) -> str | None: ...
    @property
    def split_from(self) -> str: ...


def count_splits(records: Iterable[_Splits], report: ImportReport) -> None:
    """Count how many items got their split from where."""
    given = Counter((record.split, record.split_from) for record in records if record.split is not None)
    for (split, origin), number in sorted(given.items(), key=lambda pair: str(pair[0])):
        report.splits.setdefault(str(split), {})[origin] = number


def take_result(result: Mapping[str, Any], report: ImportReport) -> None:
    report.label_sets = int(result.get("label_sets") or 0)
    report.unchanged += int(result.get("unchanged") or 0)
    report.regions = int(result.get("regions") or 0)
    report.skipped_human = [str(path) for path in result.get("skipped_human") or ()]
    for key in ("left_out", "clipped", "unlabelled", "notes"):
        report.problems += [dict(row) for row in result.get(key) or () if isinstance(row, Mapping)]
    for key, number in (result.get("counts") or {}).items():
        if more := int(number) - len(result.get(key) or ()):
            report.unlisted[key] = more
    for path in result.get("unknown_items") or ():
        what, remedy = "the project has no such item", "Its labels were left out; bring the image in and import again"
        report.problems.append(Problem("unknown", str(path), "", what, remedy, str(path)).as_json())
