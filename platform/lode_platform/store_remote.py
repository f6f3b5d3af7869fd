"""The store's bytes in a bucket, or in any other place that fsspec reaches.

What is written lies in a file of this machine first. An object store shows an upload only when all of it has come (S3:
one PUT, or the parts together), so it goes under its own name at once; elsewhere it goes below ``tmp/`` and is renamed
when its size is right. Requests are tried again, and what cannot be had in the end is ``StoreAway``.
"""

import io
import logging
import os
import time
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import file_digest, md5, sha256
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast
from uuid import uuid4

from lode_platform.errors import Busy
from lode_platform.store_files import Backend

log = logging.getLogger(__name__)

Given = TypeVar("Given")
Made = TypeVar("Made")
Info = Mapping[str, Any]

THREADS = 16  # requests of one process that are under way together
AHEAD = 2 * THREADS  # small files that are asked for before they are wanted
WAITS = (0.5, 2.0)  # seconds until a request is tried again; the client of S3 tries by itself, too
PART = 16 << 20  # bytes of a part of an upload in parts
FIRST, MOST = 1 << 20, 8 << 20  # bytes that are asked for at the beginning of a file, and from then on
WRITTEN = ("LastModified", "mtime", "last_modified", "updated", "created")  # what file systems call it
S3 = frozenset({"s3", "s3a"})
WHOLE = S3 | {"gs", "gcs", "abfs", "abfss", "az"}
"""Where nobody sees an upload before all of it has come."""
OPTIONS: dict[str, dict[str, Any]] = {
    name: {"config_kwargs": {"max_pool_connections": 2 * THREADS, "signature_version": "s3v4"}} for name in S3
}


class StoreAway(Busy, ConnectionError):
    """The store did not answer, or refused: its log line says why. Jobs try again."""

    code = "store_away"

    def __init__(self) -> None:
        super().__init__("The store cannot be reached at the moment; try again soon.")


class Remote(Backend):
    """A place that fsspec reaches; ``copies`` and ``scratch`` are folders of this machine."""

    def __init__(self, url: str, options: Mapping[str, Any], *, scratch: Path, copies: Path) -> None:
        from fsspec.core import url_to_fs  # none of it is loaded where the store is a folder

        protocol = url.partition("://")[0]
        usual = OPTIONS.get(protocol, {})
        merged = {**usual, **options}
        if "config_kwargs" in usual:
            merged["config_kwargs"] = {**usual["config_kwargs"], **options.get("config_kwargs", {})}
        self._fs, root = url_to_fs(url, skip_instance_cache=True, **merged)
        self._fs.dircache.use_listings_cache = False  # others write, too
        self._root = str(root).rstrip("/")
        self._s3, self._whole = protocol in S3, protocol in WHOLE
        self._put_options = {"chunksize": PART, "max_concurrency": 4} if self._s3 else {}
        self._scratch, self._copies = scratch, copies
        self._pool = ThreadPoolExecutor(THREADS, "store")
        self._md5_tags = True  # until an upload shows that its tag is another thing, as with keys of KMS

    # -- bytes in --------------------------------------------------------------------------------------------------

    def scratch(self, name: str = "") -> Path:
        """A file of this machine: a new one, or ``name``, which a later request finds again."""
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._scratch / (name or uuid4().hex)

    def write(self, data: bytes) -> str:
        """Writes the bytes to a new scratch file and gives its path; what raises leaves nothing."""
        path = self.scratch()
        try:
            path.write_bytes(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return str(path)

    def commit(self, moves: Sequence[tuple[str | Path, str]]) -> None:
        """Uploads the files, several at a time, each under its key; they are gone from this machine then."""
        deque(self._each(lambda move: self._upload(*move), moves), maxlen=0)
        for path, _ in moves:
            os.unlink(path)

    def _upload(self, file: str | Path, key: str) -> None:
        target = self._path(key)
        beside = target if self._whole else f"{self._root}/tmp/{uuid4().hex}"
        if not self._whole:
            for folder in {target.rpartition("/")[0], beside.rpartition("/")[0]}:
                self._ask(self._fs.makedirs, folder, exist_ok=True)
        try:
            self._ask(self._fs.put_file, str(file), beside, **self._put_options)
            if not self._arrived(beside, file):
                log.error("What the store has of %s is not what was sent.", key)
                self._ask(self._fs.rm_file, beside)
                raise StoreAway
            if beside != target:
                self._ask(self._fs.mv, beside, target)
        except FileNotFoundError as error:  # the bucket, or what was just sent to it
            log.error("The store lost %s while it was sent: %s", key, error)
            raise StoreAway from error

    def _arrived(self, path: str, file: str | Path) -> bool:
        """Whether the size is right, and the tag where it is an md5. One that differs is looked into: under a key of
        KMS a tag is not the md5, and is asked no more."""
        info = self._ask(self._fs.info, path)
        if info["size"] != os.path.getsize(file):
            return False
        tag = str(info.get("ETag") or "").strip('"')
        if not self._md5_tags or len(tag) != 32 or tag == _md5(file):
            return True
        try:
            with self._reading(path, info) as there, open(file, "rb") as here:
                same = file_digest(there, _hash).digest() == file_digest(here, _hash).digest()
        except StoreAway:  # S3 gives a checksum with the bytes, and its client refuses others
            return False
        self._md5_tags = not same
        return same

    # -- bytes out -------------------------------------------------------------------------------------------------

    def open(self, key: str) -> BinaryIO:
        """The bytes, read in ranges that grow while they are read in order."""
        return self._reading(self._path(key), self._info(key))

    def _reading(self, path: str, info: Info) -> io.BufferedReader:
        return io.BufferedReader(_Ranges(partial(self._range, path), info["size"]), 1 << 16)

    def _range(self, path: str, start: int, end: int) -> bytes:
        data = self._ask(self._fs.cat_file, path, start=start, end=end) if start < end else b""
        if len(data) != end - start:
            log.error("The store gave %d bytes of %s where %d were asked for.", len(data), path, end - start)
            raise StoreAway
        return cast(bytes, data)

    def read(self, key: str, most: int) -> bytes | None:
        """All bytes of a small file; None where they are more than ``most``."""
        size = self._info(key)["size"]
        return self._range(self._path(key), 0, size) if size <= most else None

    def read_many(self, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes]:
        """All bytes of small files of known sizes, in order; those that come next are asked for meanwhile."""
        return self._each(lambda row: self._range(self._path(row[0]), 0, row[1]), wanted)

    def local(self, key: str) -> Path:
        """A copy on this machine, verified by size and tag; it is fetched again where the store has another by now."""
        info = self._info(key)
        state = f"{key} {info['size']} {info.get('ETag') or _written(info)}"
        name = urlsafe_b64encode(sha256(state.encode()).digest()).decode().rstrip("=")
        copy = self._copies / name
        if copy.exists():
            os.utime(copy)  # it is in use: ``tidy`` removes what nobody has asked for in a day
            return copy
        self._copies.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = copy.with_name(f".{uuid4().hex}")
        try:
            with part.open("xb") as file, self._reading(self._path(key), info) as source:
                while chunk := source.read(FIRST):
                    file.write(chunk)
            os.replace(part, copy)
        finally:
            part.unlink(missing_ok=True)
        return copy

    def signed(self, key: str, seconds: int, media_type: str, disposition: str) -> str | None:
        """An address that gives the bytes to whoever has it (S3 alone)."""
        if not self._s3:
            return None
        headers = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition}
        return str(self._ask(self._fs.sign, self._path(key), expiration=seconds, **headers))

    # -- what there is ---------------------------------------------------------------------------------------------

    def size(self, key: str) -> int | None:
        """In bytes; None where there is nothing under the key."""
        try:
            return int(self._info(key)["size"])
        except FileNotFoundError:
            return None

    def sizes(self, keys: Sequence[str]) -> Sequence[int | None]:
        """That of each, in order; several are asked for at a time."""
        return list(self._each(self.size, keys))

    def age(self, key: str) -> float | None:
        """Seconds since it was written; None where there is nothing under the key."""
        try:
            return _age(self._info(key))
        except FileNotFoundError:
            return None

    def list(self, folder: str) -> Iterator[tuple[str, float]]:
        """The keys below a folder, sorted, and for how many seconds nobody has written to each."""
        found: Mapping[str, Info] = {}
        with suppress(FileNotFoundError):
            found = self._ask(self._fs.find, self._path(folder), detail=True)
        for path, info in sorted(found.items()):
            yield path.removeprefix(f"{self._root}/"), _age(info)

    def delete(self, *keys: str) -> None:
        """Removes what is there."""
        deque(self._each(self._delete, keys), maxlen=0)

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._ask(self._fs.rm_file, self._path(key))

    def tidy(self, seconds: float) -> int:
        """Removes uploads that broke off so long ago; answers how many. Scratch files are tidied with the machine's."""
        gone = 0
        if self._s3:
            bucket, _, prefix = self._root.partition("/")
            for upload in self._ask(self._fs.list_multipart_uploads, bucket):
                if upload["Key"].startswith(prefix) and _since(upload["Initiated"]) > seconds:
                    self._ask(self._fs.abort_mpu, bucket, upload["Key"], upload["UploadId"])
                    gone += 1
        if not self._whole:
            old = [key for key, age in self.list("tmp") if age > seconds]
            self.delete(*old)
            gone += len(old)
        return gone

    # -- within ----------------------------------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _info(self, key: str) -> Info:
        info: Info = self._ask(self._fs.info, self._path(key))
        if info["type"] != "file":
            raise FileNotFoundError(key)
        return info

    def _each(self, function: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
        """What the function makes of each, in order, some at the same time."""
        waiting: deque[Future[Made]] = deque()
        try:
            for one in given:
                waiting.append(self._pool.submit(function, one))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()
            for left in waiting:
                if not left.cancelled():
                    left.exception()  # whoever goes on must not do so beside what is still being written

    def _ask(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Calls a function of the file system, again where it fails."""
        for wait in (*WAITS, None):
            try:
                return function(*given, **named)
            except FileNotFoundError:
                raise
            except Exception as error:  # each file system's client has errors of its own
                if wait is None or isinstance(error, PermissionError):
                    log.warning("The store cannot be asked (%s): %s", type(error).__name__, error)
                    raise StoreAway from error
                time.sleep(wait)
        raise StoreAway


class _Ranges(io.RawIOBase):
    """A file that is read by ranges: the next one is twice as long as long as they are read in order."""

    def __init__(self, get: Callable[[int, int], bytes], size: int) -> None:
        self._get, self._size = get, size
        self._at, self._start, self._step = 0, 0, FIRST
        self._data = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if self._at >= self._size:
            return 0
        end = self._start + len(self._data)
        if not self._start <= self._at < end:
            self._step = min(2 * self._step, MOST) if self._at == end and end else FIRST
            self._start, self._data = self._at, memoryview(b"")  # the last one is not held beside the next
            self._data = memoryview(self._get(self._at, min(self._size, self._at + self._step)))
        held = self._data[self._at - self._start :][: len(buffer)]
        buffer[: len(held)] = held
        self._at += len(held)
        return len(held)


_hash = partial(md5, usedforsecurity=False)


def _md5(path: str | Path) -> str:
    with open(path, "rb") as file:
        return file_digest(file, _hash).hexdigest()


def _written(info: Info) -> Any:
    return next((info[name] for name in WRITTEN if info.get(name)), None)


def _age(info: Info) -> float:
    """In seconds; 0 where the file system does not say."""
    return _since(_written(info))


def _since(when: Any) -> float:
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if isinstance(when, datetime):
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return time.time() - when if isinstance(when, int | float) else 0.0
