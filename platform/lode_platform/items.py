"""Items: bytes in the store become things to label, each looked at once, each refused on its own.

A batch is looked at outside any transaction (names, hashes, the bytes themselves), then written in transactions of at
most ``BATCH`` rows, which take far less than 200 ms, so that annotators label on while ten thousand items come in.
"""

import json
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from lode_platform import bulk, events
from lode_platform.among import among
from lode_platform.callers import Caller
from lode_platform.decoding import BadImage
from lode_platform.errors import Conflict
from lode_platform.item_media import ItemMedium, Refused, Seen, of_path
from lode_platform.jobs import Work
from lode_platform.models import Blob, BlobReceipt, Item, ItemFolder, PastFile, Project, User
from lode_platform.store import Kept, Store, store
from motherlode.media import BadMedia
from motherlode.paths import PathClash, PathSet, UnsafePath, check_path, fold, folders

BATCH = 500
PROBING = min(4, os.cpu_count() or 1)  # threads that decode
SMALL = 32 << 10  # bytes of a file that is decoded sooner than a thread is told of it


@dataclass(frozen=True)
class ItemSpec:
    """An item to be made: its name, and the bytes it stands for by both hashes. ``uuid`` may come from the client."""

    path: str
    md5: str
    sha256: str
    uuid: UUID | None = None
    group: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Why one item was refused, in words and as a code."""

    path: str
    code: str
    error: str

    def as_json(self) -> dict[str, str]:
        return {"path": self.path, "code": self.code, "error": self.error}


class Made(NamedTuple):
    """An item that was made."""

    path: str
    uuid: UUID


@dataclass
class AddReport:
    """What became of a batch: items made, items that were there with the same bytes, items whose file was replaced
    (``resized``: by one of another size), and what was refused."""

    made: list[Made] = field(default_factory=list)
    existing: list[Item] = field(default_factory=list)
    replaced: list[Item] = field(default_factory=list)
    resized: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def created(self) -> list[Item]:
        """The items made, read from the database."""
        order = {made.uuid: number for number, made in enumerate(self.made)}
        return sorted(Item.objects.filter(among("uuid", order)), key=lambda item: order[item.uuid])


# -- adding -----------------------------------------------------------------------------------------------------------


def add_items(
    project: Project,
    caller: Caller,
    specs: Sequence[ItemSpec],
    *,
    job: Work | None = None,
    trusted: bool = False,
    replace_media: bool = False,
    seen: Mapping[tuple[str, str], Seen | Refused] | None = None,
    sent: Mapping[str, Kept] | None = None,
) -> AddReport:
    """Makes items of bytes that lie in the store.

    ``user`` must have sent the bytes, or see them in a project already, unless ``trusted`` (the server read them
    itself). With ``job`` the rows are staged: written under the job's fence, seen by nobody until ``reveal``. With
    ``replace_media`` a name that holds other bytes is not a clash: its item gets the new file and keeps all else.
    ``seen`` says by md5 and medium what was found in bytes that were decoded already, ``sent`` by md5 what the caller
    has sent in this very request: neither is asked of the database again.
    """
    report = AddReport()
    for start in range(0, len(specs), BATCH):
        part = specs[start : start + BATCH]
        _add_batch(project, caller, part, job, trusted, replace_media, seen or {}, sent or {}, report)
    return report


@dataclass(frozen=True)
class _Wanted:
    spec: ItemSpec
    path: str
    key: str
    blob: Kept
    seen: Seen


def _add_batch(
    project: Project,
    caller: Caller,
    specs: Sequence[ItemSpec],
    job: Work | None,
    trusted: bool,
    replace_media: bool,
    seen: Mapping[tuple[str, str], Seen | Refused],
    sent: Mapping[str, Kept],
    report: AddReport,
) -> None:
    user = caller.user
    named = list(_named(specs, report))
    blobs = dict(sent)
    if rest := [spec.md5 for spec, _ in named if spec.md5 not in sent]:
        earlier = store().known(rest)
        allowed = linkable(caller, (blob.pk for blob in earlier.values())) if not trusted else None
        blobs |= {md5: blob for md5, blob in earlier.items() if allowed is None or blob.pk in allowed}
    there = [(spec, path, blobs[spec.md5], of_path(path)) for spec, path in _sent(named, blobs, report)]
    known = {**seen, **_probed((blob, medium) for _, _, blob, medium in there if (blob.md5, medium.kind) not in seen)}
    wanted = []
    for spec, path, blob, medium in there:
        found = known[blob.md5, medium.kind]
        if isinstance(found, Seen):
            wanted.append(_Wanted(spec, path, fold(path), blob, found))
        else:
            report.problems.append(Problem(spec.path, found.code, f"The file {found}."))
    if wanted:
        with _writing(job):
            _write(project, user, wanted, job, replace_media, report)


def _writing(job: Work | None) -> AbstractContextManager[object]:
    return job.fenced() if job else transaction.atomic()


def _named(specs: Sequence[ItemSpec], report: AddReport) -> Iterable[tuple[ItemSpec, str]]:
    """The specs whose names may stand side by side, with the name in NFC."""
    together = PathSet()
    for spec in specs:
        try:
            path = check_path(spec.path)
            if together.add(path):
                yield spec, path
            else:
                report.problems.append(Problem(spec.path, "path_twice", "The name is given twice in this batch."))
        except PathClash as error:
            report.problems.append(Problem(spec.path, "path_clash", f"The name {error.reason}."))
        except UnsafePath as error:
            report.problems.append(Problem(spec.path, "unsafe_path", f"The name {error.reason}."))


def _sent(
    named: Iterable[tuple[ItemSpec, str]], blobs: Mapping[str, Kept], report: AddReport
) -> Iterable[tuple[ItemSpec, str]]:
    for spec, path in named:
        blob = blobs.get(spec.md5)
        if blob is None:
            report.problems.append(Problem(spec.path, "not_sent", "You have not sent the bytes of this file yet."))
        elif blob.sha256 != spec.sha256:
            report.problems.append(
                Problem(spec.path, "hash_mismatch", "The bytes sent under this md5 have another sha-256.")
            )
        else:
            yield spec, path


def linkable(caller: Caller, blobs: Iterable[int]) -> set[int]:
    """Those ``blobs``, by primary key, that this person sent, or sees as an item already: at most two queries."""
    user = caller.user
    keys = list(blobs)
    if not keys:
        return set()
    mine = set(BlobReceipt.objects.filter(among("blob", keys), user=user).values_list("blob_id", flat=True))
    rest = [key for key in keys if key not in mine]
    if rest:
        mine |= set(Item.objects.visible_to(caller).filter(among("blob", rest)).values_list("blob_id", flat=True))
    return mine


def _probed(wanted: Iterable[tuple[Kept, ItemMedium]]) -> dict[tuple[str, str], Seen | Refused]:
    """What each blob holds, by md5 and medium. Bytes that are an item of it anywhere are not decoded again."""
    keys = {(blob.md5, medium.kind): (blob, medium) for blob, medium in wanted}
    if not keys:
        return {}
    md5s = {blob.pk: blob.md5 for blob, _ in keys.values()}
    rows = Item.objects.filter(among("blob", md5s)).values_list(
        "blob", "kind", "media_type", "width", "height", "length", "orientation"
    )
    found: dict[tuple[str, str], Seen | Refused] = {(md5s[row[0]], row[1]): Seen(*row[1:]) for row in rows}
    new = [(key, *pair) for key, pair in keys.items() if key not in found]
    where = store()
    small = [(key, blob, medium) for key, blob, medium in new if blob.size <= SMALL]
    found.update((key, _probe(where, blob, medium)) for key, blob, medium in small)
    large = [(key, blob, medium) for key, blob, medium in new if blob.size > SMALL]
    if large:
        with ThreadPoolExecutor(PROBING) as pool:
            seen = pool.map(lambda row: _probe(where, row[1], row[2]), large)
            found.update(zip((key for key, _, _ in large), seen, strict=True))
    return found


def _probe(where: Store, blob: Kept, medium: ItemMedium) -> Seen | Refused:
    with where.open(blob.md5) as file:
        try:
            return medium.probe(file, blob)
        except (BadImage, BadMedia) as error:
            return error


def _write(
    project: Project,
    user: User,
    wanted: Sequence[_Wanted],
    job: Work | None,
    replace_media: bool,
    report: AddReport,
) -> None:
    """Inside a transaction: holds the project so that names are checked and written by one caller at a time."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    staged_by = job.job if job else None
    there = _names_there(project, wanted, staged_by.pk if staged_by else None)
    uuids = [w.spec.uuid for w in wanted if w.spec.uuid]
    taken = set(Item.objects.filter(among("uuid", uuids)).values_list("uuid", flat=True))
    new: list[_Wanted] = []
    replaced: list[tuple[Item, Kept, Seen]] = []
    for w in wanted:
        old = there.files.get(w.key)
        same_name = old is not None and old.path == w.path
        if old is not None and same_name and old.blob_id == w.blob.pk:
            report.existing.append(old)
        elif old is not None and same_name and replace_media and job is None:
            replaced.append((old, w.blob, w.seen))
        elif same_name and replace_media and (old is None or old.staged_by_id is None):
            new.append(w)  # takes its place when the job's items are revealed
        elif problem := there.problem(w) or _uuid_problem(w, taken):
            report.problems.append(problem)
        else:
            new.append(w)
    _replace(project, replaced, user, report)
    above = {folder for w in new for folder in folders(w.key)} - there.folders
    bulk.insert(
        ItemFolder, ["project_id", "path_fold"], [(project.pk, name) for name in sorted(above)], ignore_conflicts=True
    )
    made = [(w.spec.uuid or uuid4(), w) for w in new]
    same = {"project_id": project.pk, "created_by_id": user.pk, "staged_by_id": staged_by.pk if staged_by else None}
    bulk.insert(Item, _ITEM_COLUMNS, [_item_row(uuid, w) for uuid, w in made], same=same)
    report.made += [Made(w.path, uuid) for uuid, w in made]


_ITEM_COLUMNS = (
    *("uuid", "blob_id", "path", "path_fold"),
    *("kind", "media_type", "width", "height", "length", "orientation", "group", "metadata"),
)


def _item_row(uuid: UUID, w: _Wanted) -> tuple[object, ...]:
    seen = w.seen
    metadata = json.dumps(dict(w.spec.metadata), allow_nan=False) if w.spec.metadata else "{}"
    shown = (seen.kind, seen.media_type, seen.width, seen.height, seen.length, seen.orientation)
    return (uuid, w.blob.pk, w.path, w.key, *shown, w.spec.group, metadata)


_FILE = ("blob_id", "media_type", "width", "height", "length", "orientation")


def _replace(
    project: Project, replaced: Sequence[tuple[Item, Blob | Kept, Seen]], user: User, report: AddReport
) -> None:
    """Gives items other files, in the caller's transaction; those before are kept as their past."""
    past, told = [], []
    for item, blob, seen in replaced:
        resized = item.media != seen.media
        past.append((item.pk, *(getattr(item, name) for name in _FILE), resized))
        item.blob_id, item.media_type, item.orientation = blob.pk, seen.media_type, seen.orientation
        item.width, item.height, item.length = seen.width, seen.height, seen.length
        told.append((item, {"path": item.path, "md5": blob.md5}))
        report.replaced.append(item)
        if resized:
            report.resized.append(item)
    same = {"replaced_by_id": user.pk, "replaced_at": timezone.now()}
    bulk.insert(PastFile, ["item_id", *_FILE, "resized"], past, same=same)
    bulk.update(Item, _FILE, [(item.pk, *(getattr(item, name) for name in _FILE)) for item, _, _ in replaced])
    events.record_many(project, user, "items.replace", told)


def _uuid_problem(w: _Wanted, taken: Container[UUID]) -> Problem | None:
    if w.spec.uuid and w.spec.uuid in taken:
        return Problem(w.spec.path, "uuid_taken", "Another item has this uuid already.")
    return None


@dataclass(frozen=True)
class _Names:
    """The names of the project that could clash with a batch."""

    files: dict[str, Item]
    folders: set[str]
    folders_in_use: set[str]

    def problem(self, w: _Wanted) -> Problem | None:
        old = self.files.get(w.key)
        if old is not None and old.path == w.path:
            error = (
                "An item of this name holds other bytes. Bring the file in under another name (a prefix), or replace"
                " the item's file by it (replace media)."
            )
            return Problem(w.spec.path, "path_taken", error)
        if old is not None:
            return Problem(w.spec.path, "path_clash", f"The name differs from {old.path!r} only by case.")
        if w.key in self.folders_in_use:
            return Problem(w.spec.path, "path_clash", "The name is that of a folder with items in it.")
        for folder in folders(w.key):
            if folder in self.files:
                return Problem(w.spec.path, "path_clash", f"The name lies in {self.files[folder].path!r}, a file.")
        return None


def _names_there(project: Project, wanted: Sequence[_Wanted], staged_by: int | None) -> _Names:
    keys = {w.key for w in wanted}
    names = sorted(keys | {folder for key in keys for folder in folders(key)})
    seen = [Item.objects.filter(project=project, trashed_at=None, staged_by=None)]
    if staged_by:
        seen.append(Item.objects.filter(staged_by=staged_by))
    named = among("path_fold", names)
    files = {item.path_fold: item for items in seen for item in items.filter(named)}
    rows = ItemFolder.objects.filter(named, project=project)
    known = set(rows.values_list("path_fold", flat=True))
    in_use = {
        key for key in keys & known if any(items.filter(path_fold__startswith=f"{key}/").exists() for items in seen)
    }
    return _Names(files, known, in_use)


def reveal(work: Work, *, replace_media: bool = False) -> AddReport:
    """Makes the items that ``work`` staged visible, in one short transaction; what clashes by now is refused, or with
    ``replace_media`` gives its file to the item of its name.

    Answers only what was refused, existed by then or was replaced; the rest is the job's, now live.
    """
    report = AddReport()
    with work.fenced():
        assert work.job.project is not None and work.job.created_by is not None
        Project.objects.select_for_update(no_key=True).get(pk=work.job.project.pk)
        staged = Item.objects.filter(staged_by=work.job)
        live = Item.objects.filter(project=work.job.project, trashed_at=None, staged_by=None)
        clashing = {item.path_fold: item for item in live.filter(path_fold__in=staged.values("path_fold"))}
        replaced: list[tuple[Item, Blob, Seen]] = []
        for item in staged.filter(path_fold__in=list(clashing)).select_related("blob") if clashing else ():
            old = clashing[item.path_fold]
            if old.path == item.path and old.blob_id == item.blob_id:
                report.existing.append(old)
            elif old.path == item.path and replace_media:
                seen = Seen(item.kind, item.media_type, item.width, item.height, item.length, item.orientation)
                replaced.append((old, item.blob, seen))
            else:
                report.problems.append(
                    Problem(item.path, "path_taken", "An item of this name came in by another way meanwhile.")
                )
            item.delete()
        _replace(work.job.project, replaced, work.job.created_by, report)
        staged.update(staged_by=None)
    return report


def discard(work: Work) -> None:
    """Removes what ``work`` staged: after a cancel, nothing of it is left."""
    while keys := list(Item.objects.filter(staged_by=work.job).values_list("pk", flat=True)[:BATCH]):
        with work.fenced():
            Item.objects.filter(pk__in=keys).delete()


# -- the trash --------------------------------------------------------------------------------------------------------


def trash(item: Item, user: User) -> None:
    """Puts the item into the trash; its bytes, labels and versions stay as they are."""
    with transaction.atomic():
        if Item.objects.filter(pk=item.pk, trashed_at=None).update(trashed_at=timezone.now()):
            events.record(item.project, user, "items.trash", item, path=item.path)
    item.refresh_from_db()


def restore(item: Item, user: User) -> None:
    """Takes the item out of the trash. ``Conflict`` (path_taken) if another item took its name."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=item.project_id)
        live = Item.objects.filter(project=item.project_id, trashed_at=None, staged_by=None)
        names = [item.path_fold, *folders(item.path_fold)]
        if live.filter(path_fold__in=names).exclude(pk=item.pk).exists() or (
            live.filter(path_fold__startswith=f"{item.path_fold}/").exists()
        ):
            raise Conflict(f"Another item has taken the name {item.path!r} meanwhile.", code="path_taken")
        if Item.objects.filter(pk=item.pk).exclude(trashed_at=None).update(trashed_at=None):
            events.record(item.project, user, "items.restore", item, path=item.path)
    item.refresh_from_db()
