"""Bytes on their way in: what must be sent, and large files in pieces.

Nothing here tells a caller whether the server knows bytes that they may not see: those must be sent like unknown ones.
"""

import fcntl
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, LodeError, TooLarge
from lode_platform.items import Problem, linkable
from lode_platform.models import Blob, BlobReceipt, User
from lode_platform.store import check_md5, check_sha256, store
from motherlode.paths import UnsafePath, check_path

PACK_FILES = 1000
PACK_BYTES = 64 * 1024**2
_PACK_HEAD = re.compile(rb"([0-9a-f]{32}) ([0-9a-f]{64}) (\d{1,9})")


@dataclass(frozen=True)
class Offer:
    """A file that a caller has: its name and what its bytes are."""

    path: str
    md5: str
    sha256: str
    size: int


def wanted(caller: Caller, offers: Sequence[Offer]) -> tuple[list[str], list[Problem]]:
    """The md5s this caller must send, each once and in order, and what would be refused anyway."""
    problems: list[Problem] = []
    good: list[Offer] = []
    for offer in offers:
        try:
            check_path(offer.path)
            check_md5(offer.md5)
            check_sha256(offer.sha256)
        except UnsafePath as error:
            problems.append(Problem(offer.path, "unsafe_path", f"The name {error.reason}."))
        except BadInput as error:
            problems.append(Problem(offer.path, error.code, error.message))
        else:
            if offer.size > settings.MAX_UPLOAD_BYTES:
                limit = settings.MAX_UPLOAD_BYTES
                problems.append(
                    Problem(offer.path, "too_large", f"The file is larger than the limit of {limit} bytes.")
                )
            else:
                good.append(offer)
    md5s = [offer.md5 for offer in good]
    known = store().known(md5s)
    mine = linkable(caller, [blob.pk for blob in known.values()])
    have = {md5 for md5, blob in known.items() if blob.pk in mine}
    return list(dict.fromkeys(md5 for md5 in md5s if md5 not in have)), problems


def receive(user: User, md5: str, sha256: str, chunks: Iterable[bytes], length: int) -> bool:
    """Takes a whole file of ``length`` bytes into the store; True if this caller had not sent it before."""
    _check(md5, sha256, length)
    blob = store().add_stream(chunks, md5=md5, sha256=sha256, limit=length)
    return _receipt(user, blob)


def _check(md5: str, sha256: str, length: int) -> None:
    check_md5(md5)
    check_sha256(sha256)
    if length > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES
        raise TooLarge(f"The file is larger than the limit of {limit} bytes.", limit=limit)


def _receipt(user: User, blob: Blob) -> bool:
    return BlobReceipt.objects.get_or_create(user=user, blob=blob)[1]


# -- many small ones at once -------------------------------------------------------------------------------------------


def read_pack(body: bytes) -> list[tuple[str, str, bytes]]:
    """The files of a pack, ``"<md5> <sha256> <size>\\n"`` and then that many bytes, back to back, as often as wanted.

    ``BadInput`` (bad_pack) where it is not of that form, ``TooLarge`` for more than ``PACK_FILES`` files.
    """
    files: list[tuple[str, str, bytes]] = []
    at = 0
    while at < len(body):
        end = body.find(b"\n", at, at + 200)
        head = _PACK_HEAD.fullmatch(body[at:end]) if end >= 0 else None
        if head is None:
            raise BadInput(f"The pack has no file's head at byte {at}.", code="bad_pack")
        start, at = end + 1, end + 1 + int(head[3])
        if at > len(body):
            raise BadInput("The pack breaks off within a file.", code="bad_pack")
        if len(files) == PACK_FILES:
            raise TooLarge(f"A pack holds at most {PACK_FILES} files.", limit=PACK_FILES)
        files.append((head[1].decode(), head[2].decode(), body[start:at]))
    return files


def receive_pack(user: User, files: Sequence[tuple[str, str, bytes]]) -> tuple[list[str], list[dict[str, str]]]:
    """Takes many small files in one round; answers the md5s stored, and which were refused and why."""
    stored: list[str] = []
    problems: list[dict[str, str]] = []
    for (md5, _, _), answer in zip(files, store().add_promised(files, user), strict=True):
        if isinstance(answer, LodeError):
            problems.append({"md5": md5, "code": answer.code, "error": answer.message})
        else:
            stored.append(md5)
    return stored, problems


# -- in pieces --------------------------------------------------------------------------------------------------------


def offset(caller: Caller, md5: str) -> tuple[int, bool]:
    """How many bytes of the file are here from this caller, and whether it is whole."""
    user = caller.user
    blob = Blob.objects.filter(md5=check_md5(md5)).first()
    if blob is not None and linkable(caller, [blob.pk]):
        return blob.size, True
    try:
        return _part(user, md5).stat().st_size, False
    except FileNotFoundError:
        return 0, False


def receive_part(
    caller: Caller, md5: str, sha256: str, chunks: Iterable[bytes], *, start: int, end: int, total: int
) -> tuple[int, bool]:
    """Appends bytes ``start`` to ``end`` (half-open) of a file of ``total``; answers the new offset and if it is whole.

    A piece may come again: its answer was lost, or the server went down before it took the whole file over. Raises
    ``Conflict`` (wrong_offset, with ``offset``) if the piece neither follows on what is here nor ends it.
    """
    user = caller.user
    _check(md5, sha256, total)
    if not 0 <= start < end <= total:
        raise BadInput("Content-Range does not fit the file.", code="bad_range")
    taken = store().known([md5]).get(md5)
    if taken is not None and (taken.sha256, taken.size) == (sha256, total) and linkable(caller, [taken.pk]):
        _pass_over(chunks)
        return total, True
    part = _part(user, md5)
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("Another upload of this file is under way.", code="upload_busy") from None
        here = os.fstat(file.fileno()).st_size
        if here == end:
            _pass_over(chunks)
        elif here != start:
            raise Conflict(f"{here} bytes of this file are here; go on from there.", code="wrong_offset", offset=here)
        else:
            for chunk in chunks:
                file.write(chunk[: end - here])
                here += len(chunk)
        file.flush()
        if here < total:
            os.fsync(file.fileno())
            return min(here, end), False
        _receipt(user, store().add_file(part, md5=md5, sha256=sha256))
    return total, True


def _pass_over(chunks: Iterable[bytes]) -> None:
    """Reads what was sent and keeps none of it, so that the connection is of use for the next request."""
    for _chunk in chunks:
        pass


def _part(user: User, md5: str) -> Path:
    return store().backend.scratch(f"{user.uuid.hex}-{check_md5(md5)}")
