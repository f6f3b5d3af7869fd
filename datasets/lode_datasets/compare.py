"""What of a folder is in a dataset just so already: an import need neither send nor read it again."""

from collections.abc import Sequence
from typing import NamedTuple

from lode_annotation.schemas import latest
from lode_datasets.models import Dataset, DatasetItem
from lode_datasets.statements import Standing, standings
from motherlode.manifest import POOL
from motherlode.paths import fold

BATCH = 1000


class Offered(NamedTuple):
    """A file as an import would bring it in: its path, its bytes, the split that it is given, None where none is, and
    the digest of what its labels say, None where it comes without."""

    path: str
    sha256: str
    split: str | None
    labels: str | None


def different(dataset: Dataset, offered: Sequence[Offered]) -> list[int]:
    """The positions of those of ``offered`` whose import could change anything, or report anything.

    The others are live items of these bytes, in the dataset, with the given split given before, and their labels are
    those of the same line of an import that came in whole.
    """
    revision = latest(dataset.schema).pk
    found: list[int] = []
    for start in range(0, len(offered), BATCH):
        batch = offered[start : start + BATCH]
        there = {row.path: row for row in standings(dataset, revision, [fold(one.path) for one in batch])}
        found += [start + at for at, one in enumerate(batch) if not _same(one, there.get(one.path))]
    return found


def _same(one: Offered, there: Standing | None) -> bool:
    if there is None or there.sha256 != one.sha256:
        return False
    if one.labels is not None and one.labels != there.digest:
        return False
    given = None if one.split == POOL else one.split
    return not given or (given == there.split and there.decided_by != DatasetItem.DecidedBy.HASH)
