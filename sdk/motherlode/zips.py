"""Zips as they are met: names in any encoding, backslashes as separators; and unpacking one safely.

A zip's names are UTF-8 where it says so. Many do not and are all the same: macOS never says so, Windows writes the code
page of its country. Raw names that are UTF-8 are read as UTF-8; of others the encoding must be given.
"""

from __future__ import annotations

import codecs
import errno
import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from motherlode.errors import BadInput
from motherlode.paths import PathSet, UnsafePath, check_path

__all__ = [
    "BadMember",
    "BadName",
    "BadZip",
    "check_encoding",
    "chunks_of",
    "is_folder",
    "is_junk",
    "member_names",
    "opened",
    "overlapping",
    "unpacked",
    "why_not",
]

_UTF8, _ENCRYPTED = 0x800, 0x1
_UNICODE_PATH = 0x7075
JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
MAX_RATIO = 200  # times its size in the zip that a member may unpack to
_SMALL = 1 << 20  # bytes to which any member may unpack
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)


class BadName(BadInput):
    """A member's name that cannot be read, or an encoding that nobody knows."""


class BadZip(BadInput):
    """A file that is not a zip, in words that follow its name."""


class BadMember(BadInput):
    """A member that is not taken: its `code`, and `what` is wrong with it, which follows its name."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what


def check_encoding(name: str) -> str:
    """`name` if Python knows a text encoding of that name. Raises `BadName`."""
    try:
        "a".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise BadName(f"{name!r} is not an encoding; write one such as gbk, shift_jis, cp437 or cp1252") from None


def member_names(members: Sequence[zipfile.ZipInfo], encoding: str = "") -> list[str | BadName]:
    """Each member's name with `/` between its parts, or why it cannot be read.

    A name is what the zip says where it says so. The others were written by one program: they are UTF-8 if all of them
    are, else in `encoding`; without one they are refused.
    """
    stated = [_stated(member) for member in members]
    raws = [member.orig_filename.encode("cp437") for member, name in zip(members, stated, strict=True) if name is None]
    tried = "utf-8" if all(_reads(raw, "utf-8") for raw in raws) else encoding
    return [
        _decoded(member, tried) if name is None else name.replace("\\", "/")
        for member, name in zip(members, stated, strict=True)
    ]


def _stated(member: zipfile.ZipInfo) -> str | None:
    """The name where the zip says how to read it; None where there are but raw bytes, which zipfile reads as cp437."""
    name = member.orig_filename
    if member.flag_bits & _UTF8 or name.isascii():
        return name
    return _unicode_path(member.extra, name.encode("cp437")) or None


def _reads(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(member: zipfile.ZipInfo, encoding: str) -> str | BadName:
    raw = member.orig_filename.encode("cp437")
    for tried in (encoding, "utf-8") if encoding else ():
        if _reads(raw, tried):
            return raw.decode(tried).replace("\\", "/")
    what = f"neither {encoding} nor UTF-8" if encoding else "not said to be UTF-8, and not all names here are"
    return BadName(f"the name {raw!r} is {what}: say the encoding of the names (--zip-encoding gbk, cp437 ...)")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name that Info-ZIP's extra field states beside the raw one, "" where there is none for these bytes."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[:5] == struct.pack("<BI", 1, zlib.crc32(raw)):
            return field[5:].decode(errors="ignore")
    return ""


def is_folder(name: str) -> bool:
    """Whether a member of this name, as `member_names` gives it, is a folder."""
    return name.endswith("/")


def is_junk(name: str) -> bool:
    """Whether it is what macOS and Windows leave beside files."""
    parts = name.lower().split("/")
    return parts[0] == "__macosx" or parts[-1] in JUNK or parts[-1].startswith("._")


def why_not(member: zipfile.ZipInfo, shared: Set[int] = frozenset()) -> BadMember | None:
    """Why a member is not a plain file that can be read; None where it is one. `shared` is what `overlapping` gives."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return BadMember("symlink", "is a symbolic link")
    if kind not in (0, stat.S_IFREG):
        return BadMember("not_a_file", "is not a plain file")
    if member.flag_bits & _ENCRYPTED:
        return BadMember("encrypted", "is encrypted: unpack it with its password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        method = member.compress_type
        return BadMember("compression", f"is packed by a method that is not read ({method}): pack it with Deflate")
    if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
        return BadMember("zip_bomb", f"unpacks to more than {MAX_RATIO} times its size in the zip")
    if member.header_offset in shared:
        return BadMember("zip_bomb", "shares its bytes with another")
    return None


def overlapping(members: Sequence[zipfile.ZipInfo]) -> set[int]:
    """The offsets of members whose bytes reach into the next one's: what the classic non-recursive bomb does."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    found: set[int] = set()
    for this, following in zip(ordered, ordered[1:], strict=False):
        least = 30 + len(this.orig_filename) + this.compress_size
        if this.header_offset + least > following.header_offset:
            found |= {this.header_offset, following.header_offset}
    return found


def opened(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """The zip. Raises `BadZip` where it is not one."""
    try:
        return zipfile.ZipFile(file)
    except (*_DAMAGED, OSError) as error:
        if _is_the_disks(error):
            raise
        raise BadZip(f"cannot be unpacked ({error}): it is not a zip, or it was cut short") from None


def chunks_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """A member's bytes, no more and no fewer than it says to hold. Raises `BadMember`."""
    seen = 0
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(1 << 20):
                seen += len(chunk)
                if seen > member.file_size:
                    raise BadMember("zip_bomb", "holds more than it says")
                yield chunk
        if seen < member.file_size:
            raise BadMember("corrupt", "cannot be unpacked: it is cut short")
    except (*_DAMAGED, OSError) as error:
        if _is_the_disks(error) or isinstance(error, BadMember):
            raise
        raise BadMember("corrupt", f"cannot be unpacked: {error}") from None


def _is_the_disks(error: Exception) -> bool:
    """Whether it is a fault of the disk, not of the zip: bzip2 raises OSError, too, and so does a place before the
    beginning."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


@contextmanager
def unpacked(path: Path, encoding: str = "") -> Iterator[Path]:
    """A folder of what a zip holds, there for the block. Raises `BadInput`, naming the member that cannot be taken."""
    encoding = check_encoding(encoding) if encoding else ""
    folder = Path(tempfile.mkdtemp(prefix="lode-zip-"))
    try:
        try:
            with opened(path) as archive:
                _unpack(archive, folder, encoding)
        except _Refused as error:
            raise BadInput(f"{path}: {error}") from None
        except BadZip as error:
            raise BadInput(f"{path} {error}") from None
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Refused(BadInput):
    """A member that cannot be taken, in words."""


def _unpack(archive: zipfile.ZipFile, folder: Path, encoding: str) -> None:
    names = PathSet()
    members = archive.infolist()
    shared = overlapping(members)
    for member, name in zip(members, member_names(members, encoding), strict=True):
        if isinstance(name, BadName):
            raise _Refused(str(name))
        if is_folder(name) or is_junk(name):
            continue
        try:
            if reason := why_not(member, shared):
                raise reason
            if not names.add(check_path(name)):
                raise BadMember("path_twice", "is there twice")
            target = folder / check_path(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                out.writelines(chunks_of(archive, member))
        except UnsafePath as error:
            raise _Refused(f"the name {error.path!r} {error.reason}") from None
        except BadMember as error:
            remedy = ": unpack it yourself and import the folder" if error.code == "zip_bomb" else ""
            raise _Refused(f"{name!r} {error.what}{remedy}") from None
