"""What is checked: a version while it is published, or what a dataset holds now."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lode_annotation.models import SchemaRevision
from lode_datasets import check_statements, statements
from lode_datasets.counts import VersionCounts
from lode_datasets.lines import class_ids
from lode_datasets.models import Dataset, Version

__all__ = ["Subject"]

PAGE = 2000  # label sets read at once


@dataclass
class Subject:
    """``version`` is None for what the dataset holds now; ``parent`` the newest version before."""

    dataset: Dataset
    revision: SchemaRevision
    parent: Version | None
    version: Version | None = None

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
            return self.version.counts
        counts = VersionCounts()
        splits = check_statements.labelled(self.rows)
        for start in range(0, len(splits), PAGE):
            some = splits[start : start + PAGE]
            said = statements.label_texts([row.labels for row in some if row.labels is not None])
            counts.add((row.split, None if row.labels is None else class_ids(said[row.labels])) for row in some)
        return counts.as_json()

    @property
    def items(self) -> int:
        """How many items it has."""
        return int(self.counts["items"])

    @property
    def names(self) -> dict[int, str]:
        """The classes that may be said of its items, by id."""
        return self.revision.said_names
