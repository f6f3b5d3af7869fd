"""The git repository of a dataset, made without a work tree: the one module that knows dulwich.

A version is one small commit: pointer files, the schema, DVC's configuration and a README. Its id is a pure
function of a ``Release``, so any machine can write the repository again, to the same ids. Objects are written first,
then ``refs/versions/vN``, then the branch, then the tag ``vN``; writing any of it again changes nothing.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast
from uuid import uuid4

from dulwich.errors import GitProtocolError, HangupException
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.protocol import CAPABILITY_FILTER, ReceivableProtocol
from dulwich.refs import DictRefsContainer, Ref
from dulwich.repo import Repo
from dulwich.server import Backend, UploadPackHandler

__all__ = [
    "BadGitRequest",
    "Release",
    "Served",
    "advertise",
    "branch_at",
    "commit_id",
    "move_branch",
    "opened",
    "serve",
    "set_tag",
    "set_version",
    "tag_id",
    "tag_of",
    "upload_pack",
    "write",
]

BRANCH = Ref(b"refs/heads/main")
HEAD = Ref(b"HEAD")
MODE, FOLDER = 0o100644, 0o40000
MAX_REQUEST = 16 << 20
SPOOL = 4 << 20
UNFIT_REQUEST = (
    GitProtocolError,
    HangupException,
    EOFError,
    OSError,
    ValueError,
    AssertionError,
    KeyError,
    zlib.error,
)  # what dulwich and gzip raise for bytes that are not git's
_UNFIT = re.compile(r"[\x00-\x1f\x7f<>]")


class BadGitRequest(ValueError):
    """The client's request is not git's protocol, or wants what no published version has."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the commit and the tag of one version say; everything that their ids depend on.

    ``parent`` is the commit of the version before, "" for the first. ``files`` are the tree's, by path.
    """

    number: int
    parent: str
    files: Mapping[str, bytes]
    author: str
    email: str
    when: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Served:
    """One published version as clients see it."""

    number: int
    commit: str
    tag: str


def _objects(release: Release) -> tuple[list[ShaFile], Commit, Tag]:
    """The blobs and trees, the commit and the tag."""
    objects: list[ShaFile] = []
    root, folders = Tree(), cast(dict[str, Tree], {})
    for path, data in sorted(release.files.items()):
        blob = Blob.from_string(data)
        objects.append(blob)
        folder, _, name = path.rpartition("/")
        tree = folders.setdefault(folder, Tree()) if folder else root
        tree.add(name.encode(), MODE, blob.id)
    for folder, tree in folders.items():
        objects.append(tree)
        root.add(folder.encode(), FOLDER, tree.id)
    objects.append(root)

    who = f"{_fit(release.author) or 'nobody'} <{_fit(release.email)}>".encode()
    seconds = int(release.when.timestamp())
    commit = Commit()
    commit.tree = root.id
    commit.parents = [ObjectID(release.parent.encode())] if release.parent else []
    commit.author = commit.committer = who
    commit.author_time = commit.commit_time = seconds
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = _message(release.message)

    tag = Tag()
    tag.name = f"v{release.number}".encode()
    tag.object = (Commit, commit.id)
    tag.tagger, tag.tag_time, tag.tag_timezone = who, seconds, 0
    tag.message = _message(release.message)
    return objects, commit, tag


def _fit(text: str) -> str:
    return _UNFIT.sub("", text).strip()


def _message(text: str) -> bytes:
    return text.replace("\x00", "").replace("\r\n", "\n").strip().encode() + b"\n"


def commit_id(release: Release) -> str:
    """The commit's id, 40 hex digits."""
    return _objects(release)[1].id.decode()


def tag_id(release: Release) -> str:
    """The annotated tag's id, 40 hex digits."""
    return _objects(release)[2].id.decode()


@contextmanager
def opened(path: Path) -> Iterator[Repo]:
    """The bare repository at ``path``, made if it is not there; open it again for each request."""
    if not (path / "HEAD").is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{uuid4().hex}")
        Repo.init_bare(fresh, mkdir=True, default_branch=b"main").close()
        try:
            fresh.rename(path)
        except OSError:  # another process was first: theirs is the same
            if not (path / "HEAD").is_file():
                raise
    repo = Repo(str(path))
    try:
        yield repo
    finally:
        repo.close()


def write(repo: Repo, release: Release) -> str:
    """Writes the version's objects, commit and tag among them, and answers the commit's id. No ref moves."""
    objects, commit, tag = _objects(release)
    if release.parent and ObjectID(release.parent.encode()) not in repo.object_store:
        raise LookupError(f"v{release.number}: its parent commit {release.parent} is not in the repository")
    for thing in (*objects, commit, tag):
        if thing.id not in repo.object_store:
            repo.object_store.add_object(thing)
    return commit.id.decode()


def set_version(repo: Repo, number: int, commit: str) -> None:
    """Points ``refs/versions/vN`` at the commit: from then on no clone can lose it."""
    _point(repo, Ref(f"refs/versions/v{number}".encode()), commit)


def set_tag(repo: Repo, number: int, tag: str) -> None:
    """Points the tag ``vN`` at its tag object; if it already does, that is success.

    Only ever called for the version being published, so whatever else stood there was never seen by anybody.
    """
    _point(repo, Ref(f"refs/tags/v{number}".encode()), tag)


def move_branch(repo: Repo, commit: str) -> None:
    """Moves the branch to the commit by compare-and-swap."""
    _point(repo, BRANCH, commit)


def branch_at(repo: Repo) -> str:
    """The commit the branch points at, "" for an empty repository."""
    return (repo.refs.read_ref(BRANCH) or b"").decode()


def tag_of(repo: Repo, number: int, commit: str) -> str:
    """The id of the tag ``vN`` if the repository holds that version whole, as ``commit``; else ""."""
    tag = repo.refs.read_ref(Ref(f"refs/tags/v{number}".encode()))
    there = repo.refs.read_ref(Ref(f"refs/versions/v{number}".encode()))
    if tag is None or there != commit.encode():
        return ""
    try:
        held = repo.object_store[ObjectID(tag)]
        whole = isinstance(held, Tag) and held.object[1] == there and ObjectID(there) in repo.object_store
    except KeyError:
        return ""
    return tag.decode() if whole else ""


def _point(repo: Repo, ref: Ref, target: str) -> None:
    new = ObjectID(target.encode())
    for _ in range(100):
        old = repo.refs.read_ref(ref)
        if old == new:
            return
        if repo.refs.set_if_equals(ref, ObjectID(old), new) if old else repo.refs.add_if_new(ref, new):
            return
    raise RuntimeError(f"{ref.decode()} keeps moving; another process writes to this repository")


# -- what clients read ---------------------------------------------------------------------------------------------


def serve(repo: Repo, versions: Iterable[Served]) -> None:
    """Shows this open repository's clients exactly these versions, whatever stands in its folder.

    Every version keeps a ref of its own, so a commit that one request advertised is still wanted rightly by the next,
    though the branch has moved between the two.
    """
    refs: dict[Ref, bytes] = {}
    for version in versions:
        refs[Ref(f"refs/versions/v{version.number}".encode())] = version.commit.encode()
        refs[Ref(f"refs/tags/v{version.number}".encode())] = version.tag.encode()
        refs[BRANCH] = version.commit.encode()
    if refs:
        refs[HEAD] = b"ref: " + BRANCH
    repo.refs = DictRefsContainer(refs)


class _One(Backend):
    """The one repository that this request is about."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    def open_repository(self, path: str) -> Repo:
        return self.repo


class _WholePacks(UploadPackHandler):
    """Sends all that belongs to a commit. dulwich offers partial clones but gives no object on demand afterwards, so
    they are not offered: git then clones all of it, a few kilobytes a version."""

    def capabilities(self) -> list[bytes]:
        return [capability for capability in super().capabilities() if capability != CAPABILITY_FILTER]

    def set_client_capabilities(self, caps: Iterable[bytes]) -> None:
        """git names the filter all the same, and then sends none."""
        super().set_client_capabilities([capability for capability in caps if capability != CAPABILITY_FILTER])


def advertise(repo: Repo) -> bytes:
    """The answer to ``GET info/refs?service=git-upload-pack``."""
    out: list[bytes] = []

    def send(data: bytes) -> int:
        out.append(data)
        return len(data)

    proto = ReceivableProtocol(lambda size: b"", send)
    proto.write_pkt_line(b"# service=git-upload-pack\n")
    proto.write_pkt_line(None)
    _WholePacks(_One(repo), ["/"], proto, stateless_rpc=True, advertise_refs=True).handle()
    return b"".join(out)


def upload_pack(repo: Repo, body: BinaryIO, *, gzipped: bool) -> IO[bytes]:
    """The answer to ``POST git-upload-pack``: a file at its start, in memory while small. Raises ``BadGitRequest``."""
    out = SpooledTemporaryFile(max_size=SPOOL)  # noqa: SIM115 (the response closes it)
    source = cast(BinaryIO, gzip.GzipFile(fileobj=body, mode="rb")) if gzipped else body
    left = MAX_REQUEST

    def read(size: int) -> bytes:
        nonlocal left
        data = source.read(min(size, left))
        left -= len(data)
        return data

    try:
        _WholePacks(_One(repo), ["/"], ReceivableProtocol(read, out.write), stateless_rpc=True).handle()
    except UNFIT_REQUEST as error:
        out.close()
        raise BadGitRequest(f"{type(error).__name__}: {error}") from error
    out.seek(0)
    return cast(IO[bytes], out)
