"""What is kept of the lines of an import that came in whole, so that the same lines need not be sent again."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lode_annotation.models import ImportedLine, LabelSet, SchemaRevision
from lode_platform import bulk
from lode_platform.among import among
from lode_platform.models import Job

_DIGEST = re.compile(r"[0-9a-z]{32,64}")


def digest_in(row: Mapping[str, Any]) -> str:
    """The digest by which its sender will know what a line says, "" where it has none."""
    digest = row.get("digest")
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""


def remember(revision: SchemaRevision, read_at: datetime, *, staged_by: Job, new: Mapping[int, str]) -> None:
    """Keeps the digests of ``new`` label sets, by their item, which ``staged_by`` has just written."""
    staged = LabelSet.objects.filter(among("item", new), staged_by=staged_by).values_list("pk", "item_id")
    _insert(revision, read_at, {key: new[item] for key, item in staged} if new else {})


def renew(revision: SchemaRevision, read_at: datetime, old: Mapping[int, str]) -> None:
    """Keeps the digests of the lines that label sets, by their key, were found to say already."""
    if old:
        ImportedLine.objects.filter(among("label_set", old)).delete()
        _insert(revision, read_at, old)


def _insert(revision: SchemaRevision, read_at: datetime, digests: Mapping[int, str]) -> None:
    same = {"schema_revision_id": revision.pk, "read_at": read_at}
    bulk.insert(ImportedLine, ["label_set_id", "digest"], list(digests.items()), same=same)
