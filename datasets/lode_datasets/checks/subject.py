"""What is checked: a version while it is published, or what a dataset holds now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lode_annotation.models import SchemaRevision
from lode_datasets import check_statements, statements
from lode_datasets.counts import VersionCounts
from lode_datasets.lines import class_ids
from lode_datasets.models import Dataset, Version
from motherlode.regions import Texts

__all__ = ["Subject"]

PAGE = 2000  # label sets read at once


@dataclass
class Subject:
    """``version`` is None for what the dataset holds now; ``parent`` the newest version before.

    ``tick`` is called now and then by what takes long, and raises where the work is to end.
    """

    dataset: Dataset
    revision: SchemaRevision
    parent: Version | None
    version: Version | None = None
    tick: Callable[[], None] = lambda: None

    @cached_property
    def rows(self) -> check_statements.Rows:
        """The rows of its items, as statements read them."""
        if self.version is not None:
            return check_statements.of_version(self.version)
        return check_statements.of_selection(self.dataset)

    @cached_property
    def counts(self) -> Mapping[str, Any]:
        """As ``Version.counts``, without what is said of fields."""
        if self.version is not None:
            held: Mapping[str, Any] = self.version.counts
            return held
        counts = VersionCounts()
        labelled = check_statements.labelled(self.rows)
        counts.add((row.split, None) for row in labelled if row.labels is None)
        counts.add((row.split, classes) for row, classes in self.classes())
        return counts.as_json()

    def classes(self) -> Iterator[tuple[check_statements.Labelled, list[int]]]:
        """The class of each thing said of each labelled item: all labels are read, a page at a time."""
        for rows, said in self.labels():
            for row in rows:
                yield row, class_ids(said[row.labels or 0])

    def labels(self) -> Iterator[tuple[list[check_statements.Labelled], dict[int, Texts]]]:
        """Labelled items, a page at a time, and what each label set says, by key."""
        rows = [row for row in check_statements.labelled(self.rows) if row.labels is not None]
        for start in range(0, len(rows), PAGE):
            self.tick()
            some = rows[start : start + PAGE]
            yield some, statements.label_texts([row.labels for row in some if row.labels is not None])

    @property
    def items(self) -> int:
        """How many items it has."""
        return int(self.counts["items"])

    @property
    def names(self) -> dict[int, str]:
        """The classes that may be said of its items, by id."""
        return self.revision.said_names
