"""The job that unpacks a zip into items: every member is refused or taken on its own.

Nothing is ever extracted to a path: a member's bytes go into the store under their hash, and its name, as
``motherlode.zips`` reads it, is only the item's name, after the path rule. What is dangerous is refused by name in the
report: names that leave the folder, symbolic links, encrypted members, and members that unpack to far more than they
are (by their ratio, by overlapping one another, or by saying less than they hold).
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db import transaction

from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, TooLarge
from lode_platform.items import ItemSpec, Problem, add_items, discard, reveal
from lode_platform.jobs import Cancelled, Work, enqueue, job
from lode_platform.models import Blob, Item, Job, Project, User
from lode_platform.store import Store, store
from motherlode.media import Image, named
from motherlode.paths import UnsafePath, check_path
from motherlode.zips import (
    BadMember,
    BadName,
    BadZip,
    check_encoding,
    chunks_of,
    is_folder,
    is_junk,
    member_names,
    opened,
    overlapping,
    why_not,
)

VERB = "items.zip"
BATCH_MEMBERS = 100
BATCH_BYTES = 32 * 1024**2
SMALL = 8 * 1024**2
MAX_PROBLEMS = 1000
MAX_MEMBERS = 1_000_000


def receive(
    project: Project, user: User, file: IO[bytes], *, name: str, encoding: str = "", replace_media: bool = False
) -> Job:
    """Keeps an uploaded zip and enqueues its unpacking; ``encoding`` is that of names which are not UTF-8,
    ``replace_media`` as for ``add_items``.

    ``BadInput`` (not_a_zip, zip_encoding) if it is none, or if there is no such encoding.
    """
    try:
        encoding = check_encoding(encoding) if encoding else ""
    except BadName as error:
        raise BadInput(f"{error}.", code="zip_encoding", field="zip_encoding") from None
    if not zipfile.is_zipfile(file):
        raise BadInput(f"{name!r} is not a zip file, or it was cut short.", code="not_a_zip")
    file.seek(0)
    staged = f"{uuid4().hex}.zip"
    store().stage(staged, file, limit=settings.MAX_UPLOAD_BYTES)
    with transaction.atomic():
        arguments = {"parked": staged, "name": name, "encoding": encoding, "replace_media": replace_media}
        row = enqueue(VERB, project=project, user=user, title=f"Items from {name}", arguments=arguments)
        events.record(project, user, VERB, row, name=name)
    return row


@dataclass
class _Progress:
    """What a restarted job resumes from: the next member, what was refused, what was there already."""

    next: int = 0
    revealed: bool = False
    created: int = 0
    existing: int = 0
    replaced: int = 0
    resized: int = 0
    skipped: int = 0
    problem_count: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, problems: Sequence[Problem]) -> None:
        self.problem_count += len(problems)
        room = max(0, MAX_PROBLEMS - len(self.problems))
        self.problems += [problem.as_json() for problem in problems[:room]]


@job(VERB)
def unpack(work: Work) -> dict[str, Any]:
    """Makes an item of every member that is an image or, where there is none, a text; answers the report."""
    blobs = store()
    staged = str(work.arguments["parked"])
    progress = _Progress(**work.state)
    try:
        if not progress.revealed:
            with blobs.staged(staged) as file:
                _read(work, blobs, file, progress)
    except Cancelled:
        discard(work)
        blobs.unstage(staged)
        raise
    if not progress.revealed:
        work.step("staged")
        with work.fenced():
            progress.created = Item.objects.filter(staged_by=work.job).count()
            late = reveal(work, replace_media=bool(work.arguments.get("replace_media")))
            progress.refuse(late.problems)
            progress.existing += len(late.existing)
            progress.replaced, progress.resized = len(late.replaced), len(late.resized)
            progress.created -= len(late.problems) + len(late.existing) + len(late.replaced)
            progress.revealed = True
            work.save_state(vars(progress))
        work.step("revealed")
    blobs.unstage(staged)
    return {
        "created": progress.created,
        "existing": progress.existing,
        "replaced": progress.replaced,
        "resized": progress.resized,
        "skipped": progress.skipped,
        "problems": progress.problems,
        "problem_count": progress.problem_count,
    }


def _read(work: Work, blobs: Store, file: BinaryIO, progress: _Progress) -> None:
    try:
        archive = opened(file)
    except BadZip as error:
        raise BadInput(f"The file {error}.", code="not_a_zip") from None
    with archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise TooLarge(f"The zip has more than {MAX_MEMBERS} members.", limit=MAX_MEMBERS)
        zip_of = _Zip(archive, members, str(work.arguments.get("encoding", "")))
        work.progress(progress.next, len(members), at_once=True)
        while progress.next < len(members):
            _take_batch(work, blobs, zip_of, progress)
            work.save_state(vars(progress))
            work.step("batch")
            work.progress(progress.next, len(members))


def _take_batch(work: Work, blobs: Store, zip_of: "_Zip", progress: _Progress) -> None:
    """Reads the next members into the store and makes their items; ``progress`` moves on."""
    project, user = work.job.project, work.job.created_by
    assert project is not None and user is not None
    taken: list[tuple[str, Blob]] = []
    read = 0
    small: list[tuple[str, bytes]] = []
    while progress.next < len(zip_of.members) and len(small) + len(taken) < BATCH_MEMBERS and read < BATCH_BYTES:
        member, name = zip_of.members[progress.next], zip_of.names[progress.next]
        number = progress.next
        progress.next += 1
        if isinstance(name, str) and (is_folder(name) or is_junk(name)):
            progress.skipped += not is_folder(name)
            continue
        problem = zip_of.refused(number)
        if problem is None and isinstance(name, str):
            try:
                read += member.file_size
                chunks = chunks_of(zip_of.archive, member)
                if member.file_size > SMALL:
                    taken.append((name, blobs.add_stream(chunks)))
                else:
                    small.append((name, b"".join(chunks)))
            except BadMember as error:
                problem = Problem(name, error.code, f"The member {error.what}.")
        if problem is not None:
            progress.refuse([problem])
    taken += zip((name for name, _ in small), blobs.add_many([data for _, data in small]), strict=True)
    specs = [
        ItemSpec(path=name, md5=blob.md5, sha256=blob.sha256, uuid=_uuid(work.job.uuid, name)) for name, blob in taken
    ]
    replace_media = bool(work.arguments.get("replace_media"))
    report = add_items(project, Caller(user), specs, job=work, trusted=True, replace_media=replace_media)
    progress.refuse(report.problems)
    progress.existing += sum(item.staged_by_id is None for item in report.existing)


def _uuid(job_uuid: UUID, name: str) -> UUID:
    """The same item for the same member, however often the job is taken up again."""
    return uuid5(job_uuid, name)


class _Zip:
    """An open zip's members with their names."""

    def __init__(self, archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], encoding: str) -> None:
        self.archive = archive
        self.members = members
        self.names = member_names(members, encoding)
        self._of_images = any(isinstance(name, str) and named(name) is Image for name in self.names)
        first: dict[str | BadName, int] = {}
        self._twice = {number for number, name in enumerate(self.names) if first.setdefault(name, number) != number}
        self._overlapping = overlapping(members)

    def refused(self, number: int) -> Problem | None:
        """Why a member is not taken, None where it is to be read."""
        member, name = self.members[number], self.names[number]
        if isinstance(name, BadName):
            return Problem(member.orig_filename, "zip_encoding", f"Of the member {name}.")
        if reason := why_not(member, self._overlapping):
            return Problem(name, reason.code, f"The member {reason.what}.")
        try:
            check_path(name)
        except UnsafePath as error:
            return Problem(name, "unsafe_path", f"The name {error.reason}.")
        if number in self._twice:
            return Problem(name, "path_twice", "The zip has another member of this name before it.")
        if self._of_images and named(name) not in (Image, None):
            words = "The zip holds images, so its texts may be their labels: import texts in a zip of their own."
            return Problem(name, "other_medium", words)
        if name.lower().endswith(".zip"):
            return Problem(name, "zip_in_zip", "The member is a zip itself: bring it in on its own.")
        if member.file_size > settings.MAX_UPLOAD_BYTES:
            limit = settings.MAX_UPLOAD_BYTES
            return Problem(name, "too_large", f"The member unpacks to more than {limit} bytes.")
        return None
