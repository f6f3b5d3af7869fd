"""Label sets of an import, staged: written, and seen by nobody until its job makes all of them visible.

The plain lines of a part are staged in the very request that brings them, while the sender prepares the next part; the
job has the rest to do, and the whole where there is no schema yet.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from django.utils import timezone

from lode_annotation.import_batches import Asking, Batch, Line, folded
from lode_annotation.import_report import empty_report
from lode_annotation.imported_lines import remember, renew
from lode_annotation.models import LabelImport, LabelImportPart, LabelSet, Schema
from lode_annotation.schemas import latest
from lode_platform import bulk
from lode_platform.among import among
from lode_platform.models import Job

MOST_LINES = 1_000  # of a part that is staged as it comes, in one transaction


class Staged(NamedTuple):
    """What was staged of a part as it came: the places of the lines left to the job, and the regions of the others."""

    rest: list[int]
    regions: int


class Early:
    """The plain lines of a part, made ready outside any transaction."""

    def __init__(self, label_import: LabelImport, asking: Asking, lines: Sequence[Line]) -> None:
        self._import = label_import
        self._asking = asking
        self._read_at = timezone.now()
        self._batch = Batch(label_import, asking, lines, empty_report(), plain_alone=True)

    def write(self, job: Job) -> Staged | None:
        """Stages them, but for an item that another part has labelled meanwhile: the job says so. In the caller's
        transaction, which holds the job's row. None where nothing is left to be staged."""
        batch = self._batch
        keys = [item for item, _ in batch.label_sets]
        for item in LabelSet.objects.filter(among("item", keys), staged_by=job).values_list("item_id", flat=True):
            batch.give_back(item)
        if not batch.label_sets:
            return None
        write(self._import, self._asking, batch, job, self._read_at)
        return Staged(sorted(batch.rest), sum(batch.sizes[item] for item, _ in batch.label_sets))


def early(label_import: LabelImport, lines: Sequence[Line]) -> Early | None:
    """What can be staged of a part as it comes; None where the job has to do all."""
    if label_import.job_id is None or not 0 < len(lines) <= MOST_LINES:
        return None
    schema = Schema.objects.filter(project=label_import.project, name=label_import.schema_name).first()
    return None if schema is None else Early(label_import, Asking(schema, latest(schema)), lines)


def write(label_import: LabelImport, asking: Asking, batch: Batch, job: Job, read_at: datetime) -> None:
    """Stages what a batch of lines makes. In the caller's transaction."""
    bulk.insert(
        LabelSet,
        ["uuid", "item_id", "answers", "regions", "relations", "digest"],
        [(uuid4(), item, *texts, texts.digest) for item, texts in batch.label_sets],
        same={
            "schema_id": asking.schema.pk,
            "schema_revision_id": asking.revision.pk,
            "source": LabelSet.Source.IMPORT,
            "job_id": job.pk,
            "staged_by_id": job.pk,
            "created_by_id": label_import.created_by_id,
        },
    )
    remember(asking.revision, read_at, staged_by=job, new=batch.new)
    renew(asking.revision, read_at, batch.old)


def take_back(part: LabelImportPart, rows: Sequence[Mapping[str, Any]], job: Job) -> None:
    """Removes what was staged of a part as it came, whose lines are ``rows``. In the caller's transaction."""
    left = set(part.rest or ())
    paths = [folded(row) for place, row in enumerate(rows) if place not in left]
    LabelSet.objects.filter(among("item__path_fold", paths), staged_by=job).delete()
