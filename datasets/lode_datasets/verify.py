"""Hashing a version's bytes in the store again: whatever has changed on the disk is named by its path."""

from typing import Any

from django.utils.translation import gettext as _

from lode_datasets import versions
from lode_datasets.models import Dataset, Version
from lode_platform import events
from lode_platform.errors import Gone, NotFound
from lode_platform.jobs import Work, enqueue
from lode_platform.models import Job, User
from lode_platform.store import store
from motherlode.manifest import dir_oid

__all__ = ["carry_out", "verify"]

VERB = "datasets.verify"
NAMED = 1000


def verify(version: Version, user: User) -> Job:
    """Asks for every file of the version to be read and hashed again."""
    dataset: Dataset = version.dataset
    return enqueue(
        VERB,
        project=dataset.project,
        user=user,
        title=_("Verify %(name)s") % {"name": str(version)},
        arguments={"version": str(version.uuid)},
    )


def carry_out(work: Work) -> dict[str, Any]:
    """The job: ``{"files": n, "wrong": n, "mismatches": [{"path", "expected", "found"}]}``, the first 1,000 named.

    ``expected`` and ``found`` are sha-256; ``found`` is "" where the bytes are gone.
    """
    version = Version.objects.select_related("dataset__project").filter(uuid=work.arguments["version"]).first()
    if version is None:
        raise Gone("This version is no longer there.")
    files, wrong = 0, 0
    mismatches: list[dict[str, str]] = []
    rows = list(versions.manifest_rows(version))  # all of them: SQLite refuses a write while an older read is open
    for row in rows:
        found = store().rehash(row.md5)
        files += 1
        if found != (row.md5, row.sha256):
            wrong += 1
            if len(mismatches) < NAMED:
                mismatches.append({"path": row.path, "expected": row.sha256, "found": found[1] if found else ""})
        work.progress(files, version.files, _("Hashing"))
    listings = {f"data/{name}.dvc": oid for name, oid in {"items": version.dir_oid, **version.listings}.items()}
    for path, oid in sorted(listings.items() if version.format else [("data.dvc", version.dir_oid)]):
        found_oid = _listing(oid.removesuffix(".dir"))
        if found_oid != oid:
            wrong += 1
            mismatches.append({"path": path, "expected": oid, "found": found_oid})
    result = {"version": version.number, "files": files, "wrong": wrong, "mismatches": mismatches}
    with work.fenced():
        events.record(version.dataset.project, work.job.created_by, "dataset.verify", version, files=files, wrong=wrong)
    return result


def _listing(md5: str) -> str:
    """The name that the bytes of a ``.dir`` have now; "" where they are gone."""
    try:
        with store().open(md5, directory=True) as file:
            return dir_oid([file.read()])
    except NotFound:
        return ""
