"""How much memory pictures may take: so much in this process at a time, and one large picture at a time on a machine.

What takes up to ``IN_PROCESS`` bytes is decoded here, under a budget that all threads of the process share. What takes
more is decoded in a process of its own, which may not grow past the limit of ``decoding`` and gives all of it back. Who
would wait longer than ``PATIENCE`` is told to come again (``Busy``, 503).
"""

import fcntl
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from django.conf import settings

from lode_platform import plain_jpegs
from lode_platform.decoding import BadImage, ImageInfo, head, opened, probe_image
from lode_platform.errors import Busy

MIB = 1 << 20
IN_PROCESS = 192 * MIB
BUDGET = 256 * MIB
PATIENCE = 30.0
IMPORT_PATIENCE = 600.0
DECODE_SECONDS = 300.0
LOOK_AGAIN = 0.1


class Budget:
    """So many bytes, shared by threads."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, cost: int, seconds: float = PATIENCE) -> Iterator[None]:
        """Takes ``cost`` bytes of it, at most all, for the block. Raises ``Busy`` after so many seconds of waiting."""
        cost = min(cost, self.total)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= cost, seconds):
                raise _busy()
            self._free -= cost
        try:
            yield
        finally:
            with self._changed:
                self._free += cost
                self._changed.notify_all()


budget = Budget(BUDGET)
_waiting = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


def _busy() -> Busy:
    return Busy("Other large pictures are being read; come again in a few seconds.")


def probe(file: BinaryIO, mosaic: Path) -> ImageInfo:
    """What the picture is, decoded to its last byte; of one that takes a process of its own the mosaic is written into
    the folder ``mosaic`` on the way. Waits for its turn for long: who brings pictures in wants them all. Raises
    ``BadImage``."""
    if (found := probe_here(file)) is not None:
        return found
    with alone(IMPORT_PATIENCE):
        mosaic.mkdir(parents=True)
        return ImageInfo(**apart(file, "probe", mosaic))


def probe_here(file: BinaryIO) -> ImageInfo | None:
    """As ``probe``, None for a picture that takes a process of its own."""
    if found := plain_jpegs.looked_at(file.read(plain_jpegs.MOST_BYTES), settings.MAX_IMAGE_PIXELS):
        return found
    file.seek(0)
    with opened(file) as image:
        seen = head(image, settings.MAX_IMAGE_PIXELS)
        if seen.probe > IN_PROCESS:
            return None
        with budget.hold(seen.probe, IMPORT_PATIENCE):
            return probe_image(image, file, seen, settings.MAX_IMAGE_PIXELS)


@contextmanager
def one_of_few() -> Iterator[None]:
    """As ``alone``, for a request: half of the threads of this process may wait for it, so that the others go on
    serving. Raises ``Busy``."""
    if not _waiting.acquire(blocking=False):
        raise _busy()
    try:
        with alone():
            yield
    finally:
        _waiting.release()


@contextmanager
def alone(seconds: float = PATIENCE) -> Iterator[None]:
    """Holds what only one process of this machine holds at a time. Raises ``Busy`` after so many seconds of waiting."""
    path = Path(settings.HOME) / "picture.lock"
    until = time.monotonic() + seconds
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise _busy() from None
                time.sleep(LOOK_AGAIN)
        yield


def apart(file: BinaryIO, verb: str, target: Path, orientation: int = 1, page: int = 0) -> dict[str, Any]:
    """Has ``decoding`` do ``verb`` in a process of its own. Raises ``BadImage``, also where its memory did not do."""
    limit = str(settings.MAX_IMAGE_PIXELS)
    words = [verb, limit, str(target), str(orientation), str(page)]
    program = [sys.executable, "-P", "-m", "lode_platform.decoding", *words]
    try:
        with _with_number(file) as real:
            done = subprocess.run(program, stdin=real, capture_output=True, timeout=DECODE_SECONDS, check=False)
        said: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"code": "too_large"}
    except subprocess.TimeoutExpired:
        said = {"code": "too_large"}
    if "code" in said:
        raise BadImage(str(said["code"]), str(said.get("message", "is too large to decode on this server")))
    return said


@contextmanager
def _with_number(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file itself where the system knows it, else (from a bucket) a copy on this machine's disk."""
    try:
        file.fileno()
    except OSError:
        with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield cast(BinaryIO, copy)
        return
    yield file
