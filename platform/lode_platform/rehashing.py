"""``lode fsck``: hashes the bytes of the store again, all or a sample, and names what they are missing from.

Bytes are read from where they lie (a bucket, too), a few at a time, and compared with the md5 and the sha-256 of their
row; ``.dir`` objects with the md5 that is their name. Nothing is changed. A blob that is missing comes back with its
file, sent again; one that is broken from a backup.
"""

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.utils.translation import gettext as _

from lode_platform import events, needs
from lode_platform.among import among
from lode_platform.errors import NotFound
from lode_platform.jobs import Work, enqueue, job
from lode_platform.models import Blob, Job, Project, User
from lode_platform.store import CHUNK, Kept, store
from lode_platform.store_remote import StoreAway

VERB = "store.fsck"
PAGE = 200
NAMED = 1000  # broken ones that are told of in full, and holders of each
THREADS = min(4, os.cpu_count() or 1)

Told = Callable[[dict[str, Any], int], None]


def start(project: Project, user: User, *, sample: int | None) -> Job:
    """Asks for what the project has in the store to be hashed again, or so many of its blobs."""
    title = _("Hash the store again") if sample is None else _("Hash a sample of the store again")
    return enqueue(VERB, project=project, user=user, title=title, arguments={"sample": sample})


@job(VERB)
def carry_out(work: Work) -> dict[str, Any]:
    """The job. Killed, it goes on after the last page; a sample is taken again."""
    project, sample = work.job.project, work.arguments["sample"]

    def told(report: dict[str, Any], total: int) -> None:
        work.progress(report["files"], total, _("Hashing"))
        if sample is None:
            work.save_state(report)

    report = rehash(project=project, sample=sample, told=told, before=work.state or None)
    with work.fenced():
        events.record(project, work.job.created_by, VERB, files=report["files"], wrong=report["wrong"])
    return report


def rehash(
    *,
    project: Project | None = None,
    sample: int | None = None,
    told: Told = lambda report, total: None,
    before: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Hashes what the project, or (None) anybody, has in the store.

    Gives ``files`` and ``bytes`` that were read, ``wrong`` and ``broken``: of the first 1,000 ``path`` (the first item
    or version that needs it), ``what`` is wrong, ``md5``, ``sha256``, and ``needed_by``.
    """
    report = before or {"last": 0, "files": 0, "bytes": 0, "wrong": 0, "broken": []}
    blobs = Blob.objects.all() if project is None else Blob.objects.filter(needs.blobs_of(project))
    listings = needs.needed_listings(project) or {}
    if sample is not None:
        listings = {oid: listings[oid] for oid in random.sample(sorted(listings), min(sample, len(listings)))}
    total = (blobs.count() if sample is None else min(sample, blobs.count())) + len(listings)
    with ThreadPoolExecutor(THREADS) as pool:
        for page in _pages(blobs, sample, report["last"]):
            found = list(pool.map(lambda blob: _wrong(blob), page))
            _tell(report, [(blob, what) for blob, what in zip(page, found, strict=True) if what], project)
            report["files"] += len(page)
            report["bytes"] += sum(blob.size for blob in page)
            report["last"] = page[-1].pk
            told(report, total)
    for oid, versions in sorted(listings.items()):
        if what := _wrong_listing(oid.removesuffix(".dir")):
            report["wrong"] += 1
            report["broken"].append(
                {"path": versions[0], "what": what, "md5": oid, "sha256": "", "needed_by": versions[:NAMED]}
            )
        report["files"] += 1
    return {key: value for key, value in report.items() if key != "last"}


def _pages(blobs: Any, sample: int | None, last: int) -> Iterator[list[Kept]]:
    fields = ("pk", "md5", "sha256", "size")
    if sample is not None:
        keys = list(blobs.values_list("pk", flat=True))
        chosen = sorted(random.sample(keys, min(sample, len(keys))))
        for start_at in range(0, len(chosen), PAGE):
            rows = Blob.objects.filter(among("pk", chosen[start_at : start_at + PAGE])).order_by("pk")
            if page := [Kept(*row) for row in rows.values_list(*fields)]:
                yield page
        return
    while page := [Kept(*row) for row in blobs.filter(pk__gt=last).order_by("pk").values_list(*fields)[:PAGE]]:
        yield page
        last = page[-1].pk


def _wrong(blob: Kept) -> str:
    try:
        found = store().rehash(blob.md5)
    except StoreAway:  # it may be that only these bytes cannot be read
        if store().exists(blob.md5):
            return _("The bytes are there and cannot be read.")
        raise
    if found is None:
        return _("The bytes are missing.")
    return "" if found == (blob.md5, blob.sha256) else _("The bytes are not those that were stored.")


def _wrong_listing(md5: str) -> str:
    found = hashlib.md5(usedforsecurity=False)
    try:
        with store().open(md5, directory=True) as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except NotFound:
        return _("The list of a version's files is missing.")
    return "" if found.hexdigest() == md5 else _("The list of a version's files is not the one that was stored.")


def _tell(report: dict[str, Any], wrong: Sequence[tuple[Kept, str]], project: Project | None) -> None:
    """Adds what is wrong to the report, with who needs it."""
    if not wrong:
        return
    report["wrong"] += len(wrong)
    holders = needs.holders([blob.pk for blob, _what in wrong], project)
    for blob, what in wrong[: max(0, NAMED - len(report["broken"]))]:
        names = [holder.name for holder in holders[blob.pk]]
        report["broken"].append(
            {
                "path": names[0] if names else blob.md5,
                "what": what,
                "md5": blob.md5,
                "sha256": blob.sha256,
                "needed_by": names[:NAMED],
            }
        )
