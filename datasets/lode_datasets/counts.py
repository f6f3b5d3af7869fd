"""A version's counts, kept by adding what came and taking away what went; no database here."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from motherlode.manifest import POOL

__all__ = ["VersionCounts"]


class VersionCounts:
    """Items by split, labelled ones, regions by class and by (split, class), items by the fields that they have."""

    def __init__(self, counts: Mapping[str, Any] | None = None) -> None:
        """Starts from the counts of a version, or from nothing."""
        given = counts or {}
        self.labelled: int = given.get("labelled", 0)
        self.splits: Counter[str] = Counter(given.get("splits", {}))
        self.metadata: Counter[str] = Counter(given.get("metadata", {}))
        self.classes: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for split, row in given.get("split_classes", {}).items():
            self.classes[split] = Counter({int(class_id): number for class_id, number in row.items()})

    def add(self, rows: Iterable[tuple[str, Iterable[int] | None]], sign: int = 1) -> None:
        """Counts items in (``sign`` 1) or out (-1): the split of each, and its regions' class ids, None: unlabelled."""
        splits: list[str] = []
        classes: defaultdict[str, list[int]] = defaultdict(list)
        for split, said in rows:
            splits.append(split)
            if said is not None:
                self.labelled += sign
                classes[split].extend(said)
        count = Counter.update if sign > 0 else Counter.subtract
        count(self.splits, splits)
        for split, found in classes.items():
            count(self.classes[split], found)

    def describe(self, texts: Iterable[str | None], sign: int = 1) -> None:
        """Counts items by their fields, in or out: the text of each item's, None where it has none."""
        for text in texts:
            if text:
                for name in json.loads(text):
                    self.metadata[name] += sign

    def as_json(self) -> dict[str, Any]:
        """``{"items", "labelled", "regions", "splits", "classes", "split_classes"}`` and, where an item has a field,
        ``"metadata"``; what is zero is left out."""
        split_classes = {
            split: {str(class_id): number for class_id, number in sorted(row.items()) if number}
            for split, row in sorted(self.classes.items())
        }
        total: Counter[int] = Counter()
        for row in self.classes.values():
            total.update(row)
        metadata = {name: number for name, number in sorted(self.metadata.items()) if number}
        return {
            **({"metadata": metadata} if metadata else {}),
            "items": sum(self.splits.values()),
            "labelled": self.labelled,
            "regions": sum(total.values()),
            "splits": {split: number for split, number in sorted(self.splits.items()) if number},
            "classes": {str(class_id): number for class_id, number in sorted(total.items()) if number},
            "split_classes": {split: row for split, row in split_classes.items() if row and split != POOL},
        }
