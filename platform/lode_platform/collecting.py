"""``lode gc``: removes the bytes that nothing needs, and says who needs the rest.

What is kept: all that an item (also in the trash, also of an unfinished import), an earlier file of one, or a version
holds; and for ``GRACE``, or while a job that was asked for earlier is unfinished, what somebody has sent or was told is
here. A blob's row is deleted only while it is locked, after its users were looked for; foreign keys refuse the rest.

Bytes and rows cannot be removed at once, so a row of ``Removal`` stands for bytes whose blob is gone. The order makes
it safe beside imports and publishing, on any machine, and however often either is killed:

- Who adds bytes reads ``Store.known`` first, which promises the blobs that it finds: one that was promised within
  ``GRACE`` is not collected. Of the others it takes back the ``Removal`` before it writes under the key, and waits
  where that row is locked. So either the bytes are removed before it writes them, or not at all.
- The collector deletes a blob's row and writes the ``Removal`` in one transaction. In another one it locks the
  ``Removal``, looks whether there is a blob again, deletes the bytes, and then the row. Killed between the two, the
  next round finishes.
- Bytes without any row (a killed import, a publish that was taken back) are only noted in one round. A later one, at
  least ``GRACE`` after it, removes what nobody has written since.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import PROTECT, Exists, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_platform import events, needs
from lode_platform.among import among
from lode_platform.errors import BadInput, NotFound
from lode_platform.jobs import CANCELLABLE, Work, enqueue, job
from lode_platform.models import Blob, BlobReceipt, Job, Project, Removal, User
from lode_platform.store import GRACE, key_of, store

VERB = "store.gc"
PAGE = 500
AT_ONCE = 100  # bytes of so many blobs are removed while their rows are locked
NAMED = 1000
_KEY = re.compile(r"files/md5/([0-9a-f]{2})/([0-9a-f]{30})(\.dir)?")

Told = Callable[[int, int], None]


def start(project: Project, user: User, *, dry_run: bool) -> Job:
    """Asks for the store to be collected."""
    title = _("What the store could give up") if dry_run else _("Give up what nothing needs")
    return enqueue(VERB, project=project, user=user, title=title, arguments={"dry_run": dry_run})


@job(VERB)
def carry_out(work: Work) -> dict[str, Any]:
    """The job; what it says of needs is of its project alone."""
    project, dry_run = work.job.project, bool(work.arguments["dry_run"])
    report = collect(
        dry_run=dry_run,
        project=project,
        told=lambda done, total: work.progress(done, total, _("Looking")),
        own=work.job,
    )
    if not dry_run and report["removed"]:
        with work.fenced():
            events.record(project, work.job.created_by, VERB, removed=report["removed"], bytes=report["bytes"])
    return report


def collect(
    *, dry_run: bool, project: Project | None = None, told: Told = lambda done, total: None, own: Job | None = None
) -> dict[str, Any]:
    """Removes what nothing needs, or only counts it.

    Gives ``removed`` and ``bytes`` of blobs, ``strays`` (bytes without a row, of which ``strays_removed`` went),
    ``recent``, what nothing needs but is kept for now, and ``kept``: how many blobs each reason keeps, in the project
    or (None) anywhere.
    """
    before = _cutoff(own)
    if not dry_run:
        _finish(list(Removal.objects.filter(stray=False).values_list("key", flat=True)))
    removed, size, done = 0, 0, 0
    total = _unneeded(before).count()
    for page in _pages(before):
        if dry_run:
            gone = [(md5, bytes_of) for _pk, md5, bytes_of in page]
        else:
            gone = _remove([pk for pk, _md5, _size in page], before)
        removed, size, done = removed + len(gone), size + sum(bytes_of for _md5, bytes_of in gone), done + len(page)
        told(done, total + 256)
    strays, strays_removed, listed = 0, 0, needs.needed_listings(None)
    for number in range(256):
        found, went = _strays(f"{number:02x}", listed, dry_run=dry_run)
        strays, strays_removed = strays + found, strays_removed + went
        told(total + number + 1, total + 256)
    return {
        "dry_run": dry_run,
        "removed": removed,
        "bytes": size,
        "strays": strays,
        "strays_removed": strays_removed,
        "recent": _unneeded(timezone.now() + GRACE).count() - (removed if dry_run else 0),
        "kept": {need.title: need.rows(project).values("blob").distinct().count() for need in needs.all_needs()},
    }


def why(digest: str, project: Project | None) -> dict[str, Any]:
    """Who needs the bytes with this md5 or sha-256, in the project or (None) anywhere.

    ``kept_until`` is when bytes that nothing needs may be collected. Raises ``NotFound`` where there is nothing that
    the project has to do with.
    """
    if not re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{64}", digest):
        raise BadInput("A digest is an md5 (32 lower-case hex digits) or a sha-256 (64).", code="bad_digest")
    blob = Blob.objects.filter(Q(md5=digest) | Q(sha256=digest)).first()
    found = needs.holders([blob.pk], project)[blob.pk] if blob else []
    if blob is None or (project is not None and not found):
        raise NotFound(f"Nothing here needs bytes with the digest {digest}.")
    until = None if found else (blob.promised_at or blob.created_at) + GRACE
    return {
        "md5": blob.md5,
        "sha256": blob.sha256,
        "size": blob.size,
        "needs": [{"kind": holder.kind, "name": holder.name} for holder in found[:NAMED]],
        "more": max(0, len(found) - NAMED),
        "kept_until": until,
    }


# -- blobs ------------------------------------------------------------------------------------------------------------


def _cutoff(own: Job | None) -> datetime:
    """What was sent or promised since then is kept: ``GRACE`` ago, or when the oldest unfinished job was asked for."""
    unfinished = Job.objects.filter(state__in=CANCELLABLE)
    if own is not None:
        unfinished = unfinished.exclude(pk=own.pk)
    oldest = unfinished.aggregate(oldest=Min("created_at"))["oldest"]
    latest = timezone.now() - GRACE
    return min(oldest, latest) if oldest else latest


def _unneeded(before: datetime) -> QuerySet[Blob]:
    """The blobs at which nothing points that protects them, and of which nobody was told since."""
    found = Blob.objects.annotate(told=Coalesce("promised_at", "created_at")).filter(told__lt=before)
    for relation in Blob._meta.related_objects:
        if relation.on_delete is PROTECT:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            found = found.filter(~Exists(rows))
    sent = BlobReceipt.objects.filter(blob=OuterRef("pk"), created_at__gte=before)
    return found.filter(~Exists(sent))


def _pages(before: datetime) -> Iterator[list[tuple[int, str, int]]]:
    last = 0
    while page := list(_unneeded(before).filter(pk__gt=last).order_by("pk").values_list("pk", "md5", "size")[:PAGE]):
        yield page
        last = page[-1][0]


def _remove(keys: Sequence[int], before: datetime) -> list[tuple[str, int]]:
    """Removes those of the blobs that still nothing needs once they are locked; their md5s and sizes."""
    with transaction.atomic():
        locked = list(Blob.objects.select_for_update().filter(among("pk", keys)).order_by("pk").values_list("pk"))
        rows = list(_unneeded(before).filter(among("pk", [pk for (pk,) in locked])).values_list("pk", "md5", "size"))
        Removal.objects.bulk_create(
            [Removal(key=key_of(md5)) for _pk, md5, _size in rows],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["stray"],
        )
        Blob.objects.filter(among("pk", [pk for pk, _md5, _size in rows])).delete()
    _finish([key_of(md5) for _pk, md5, _size in rows])
    return [(md5, size) for _pk, md5, size in rows]


def _finish(keys: Sequence[str]) -> None:
    """Removes the bytes of blobs whose rows are gone."""
    for start_at in range(0, len(keys), AT_ONCE):
        with transaction.atomic():
            chosen = among("key", keys[start_at : start_at + AT_ONCE])
            rows = Removal.objects.select_for_update().filter(chosen, stray=False).order_by("pk")
            found = {row.key: row.pk for row in rows}
            store().backend.delete(*(found.keys() - _with_rows(found)))
            Removal.objects.filter(pk__in=found.values()).delete()


# -- bytes without a row ----------------------------------------------------------------------------------------------


def _strays(prefix: str, listed: Collection[str] | None, *, dry_run: bool) -> tuple[int, int]:
    """Looks through the keys that begin so: how many strays there are, and how many of them went now."""
    old = GRACE.total_seconds()
    keys = [key for key, age in store().backend.list(f"files/md5/{prefix}") if age > old and _KEY.fullmatch(key)]
    strays = _without_user(keys, listed)
    if dry_run or not strays:
        return len(strays), 0
    Removal.objects.bulk_create([Removal(key=key, stray=True) for key in strays], ignore_conflicts=True)
    went = 0
    noted = Removal.objects.filter(among("key", strays), stray=True, created_at__lt=timezone.now() - GRACE)
    while page := list(noted.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            rows = {row.key: row.pk for row in Removal.objects.select_for_update().filter(pk__in=page)}
            unused = _without_user(list(rows), needs.needed_listings(None))
            gone = [key for key in unused if (store().backend.age(key) or 0) > old]
            store().backend.delete(*gone)
            Removal.objects.filter(pk__in=page).delete()
        went += len(gone)
    return len(strays), went


def _without_user(keys: Sequence[str], listed: Collection[str] | None) -> list[str]:
    """Those of the keys that no blob has and that are not ``listed``; no ``.dir`` where that is None."""
    known = _with_rows(keys)
    return [
        key
        for key in keys
        if key not in known and not (key.endswith(".dir") and (listed is None or _name(key) in listed))
    ]


def _with_rows(keys: Collection[str]) -> set[str]:
    """Those of the keys that are a blob's."""
    md5s = [_name(key) for key in keys if not key.endswith(".dir")]
    return {key_of(md5) for md5 in Blob.objects.filter(among("md5", md5s)).values_list("md5", flat=True)}


def _name(key: str) -> str:
    """The md5 that a key is made of, or that and ``.dir``."""
    first, rest = key.split("/")[-2:]
    return first + rest
