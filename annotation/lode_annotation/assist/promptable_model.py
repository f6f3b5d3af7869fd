"""The promptable segmentation model that the operator gives (``MOTHERLODE_ASSIST_MODEL``), run in a process of its own.

Nobody waits for it longer than they say: a request that takes longer goes on by itself, and what it made of a picture
is there for the next one. A process that takes longer than ``HARD`` is ended, and the next request starts another.
"""

import atexit
import hashlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from lode_annotation.assist.promptable import DECODER, ENCODER, OPTIONS, BadModel, read_options
from lode_annotation.assist.promptable_process import packed, unpacked
from lode_platform.errors import Conflict

HARD = 120.0
"""Seconds that one request may take at most."""
AGAIN_AFTER = 300.0
"""Seconds after which a process looks again whether a model can be used that could not."""
MOST_WAITING = 4
"""Requests that one process of the server has under way, beyond which it is busy."""
Arrays = Mapping[str, Any]


class Failed(Conflict):
    """It did not answer, or with something else than a mask; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="unanswered")


@dataclass(frozen=True)
class Given:
    """A model as it lies on the disk: its folder, what it is called and its digest, 16 hexadecimal digits."""

    folder: Path
    name: str
    digest: str

    @property
    def version(self) -> str:
        """What results call it."""
        return f"{self.name} {self.digest[:8]}"


def folder() -> Path | None:
    """The folder that the operator names, None for none."""
    return Path(settings.ASSIST_MODEL).expanduser() if settings.ASSIST_MODEL else None


def given() -> Given:
    """The model as it lies there now. Raises ``BadModel`` for files that are not there or cannot be read."""
    where = folder()
    if where is None:
        raise BadModel("no model is given: MOTHERLODE_ASSIST_MODEL names its folder")
    if not where.is_dir():
        raise BadModel(
            f"MOTHERLODE_ASSIST_MODEL={where} is not a folder; one with {ENCODER} and {DECODER} was expected"
        )
    name = read_options(where).name or where.resolve().name
    return Given(where, name[:60], _digest(_state(where)))


def _state(where: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells whether files have changed: path, size and time of each."""
    found = []
    for name in (ENCODER, DECODER, OPTIONS):
        path = where / name
        try:
            stat = path.stat()
        except OSError as error:
            if name == OPTIONS:
                continue
            raise BadModel(f"{path} cannot be read: {error.strerror}") from None
        found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=4)
def _digest(state: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for path, _size, _time in state:
        try:
            with open(path, "rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise BadModel(f"{path} cannot be read: {error.strerror}") from None
    return whole.hexdigest()[:16]


def fault() -> str:
    """Why the model that is named cannot be used, as a sentence; "" where it can.

    Both files are loaded to know. That they can be is kept in MOTHERLODE_HOME for as long as they do not change.
    """
    try:
        if find_spec("onnxruntime") is None:
            raise BadModel("ONNX Runtime is not installed; install the server's extra `onnx`")
        found = given()
        return _verdict(found, _state(found.folder), int(time.monotonic() // AGAIN_AFTER))
    except BadModel as error:
        return _("The model cannot be used: %(why)s.") % {"why": str(error).rstrip(".")}


@lru_cache(maxsize=4)
def _verdict(found: Given, _seen: object, _lately: int) -> str:
    kept = Path(settings.HOME) / f"assist-model-{found.digest}"
    if kept.exists():
        return ""
    process = Process(found)
    try:
        process.exchange({"verb": "check"}, HARD)
    except Failed as error:
        return error.message
    finally:
        process.end()
    kept.touch(0o600)
    return ""


class Process:
    """A process that runs a model: one request at a time, started with the first."""

    def __init__(self, model: Given) -> None:
        self.model = model
        self._child: subprocess.Popen[bytes] | None = None

    def exchange(self, arrays: Arrays, seconds: float) -> dict[str, Any]:
        """Asks and waits, at most so long. Raises ``Failed``, and ends the process, where that does not do."""
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        until = time.monotonic() + seconds
        try:
            _write(child.stdin.fileno(), packed(arrays), until)
            size = int.from_bytes(_read(child.stdout.fileno(), 8, until), "big")
            said = unpacked(_read(child.stdout.fileno(), size, until))
        except TimeoutError:
            self.end()
            words = {"name": self.model.name, "n": round(seconds)}
            raise Failed(_("%(name)s took longer than %(n)s seconds, and was ended.") % words) from None
        except (OSError, EOFError, ValueError):
            self.end()
            words = {"name": self.model.name, "n": settings.ASSIST_MEMORY}
            raise Failed(
                _(
                    "The process of %(name)s ended before it had answered; the next click starts it again. It may take"
                    " %(n)s MiB of memory."
                )
                % words
            ) from None
        if "error" in said:
            words = {"name": self.model.name, "why": str(said["error"]).rstrip(".")}
            raise Failed(_("%(name)s failed: %(why)s.") % words)
        return said

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.end()
            words = [str(self.model.folder), str(settings.ASSIST_MEMORY), str(max(1, (os.cpu_count() or 2) // 2))]
            program = [sys.executable, "-P", "-m", "lode_annotation.assist.promptable_process", *words]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._child = subprocess.Popen(program, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}, **pipes)
            for pipe in (self._child.stdin, self._child.stdout):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
        return self._child

    def end(self) -> None:
        """Ends the process, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


def _write(pipe: int, data: bytes, until: float) -> None:
    view = memoryview(data)
    while view:
        left = until - time.monotonic()
        if left <= 0 or not select.select([], [pipe], [], left)[1]:
            raise TimeoutError
        view = view[os.write(pipe, view) :]


def _read(pipe: int, size: int, until: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        left = until - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise TimeoutError
        part = os.read(pipe, min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


class Requests:
    """The requests of one process of the server to a model, one after the other."""

    def __init__(self, model: Given) -> None:
        self.process = Process(model)
        self.pid = os.getpid()
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[dict[str, Any]]] = {}

    def ask(
        self, key: str, arrays: Arrays, seconds: float, done: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """What it answers; requests of one ``key`` at a time are one. ``done`` is called with the answer, whenever it
        comes. Raises ``Failed``; ``Conflict`` (``preparing``) where it takes longer or too many wait."""
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= MOST_WAITING:
                    raise self._later(_("%(name)s is busy; click again in a moment."))
                future = self._under_way[key] = Future()
                threading.Thread(target=self._run, args=(key, future, arrays, done), daemon=True).start()
        try:
            return future.result(seconds)
        except NotInTime:
            raise self._later(_("%(name)s is still looking at this picture; click again in a moment.")) from None

    def _later(self, text: str) -> Conflict:
        return Conflict(text % {"name": self.process.model.name}, code="preparing")

    def _run(
        self,
        key: str,
        future: Future[dict[str, Any]],
        arrays: Arrays,
        done: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        try:
            with self._turn:
                said = self.process.exchange(arrays, HARD)
            if done is not None:
                done(said)
        except Exception as error:  # whoever waits is told
            future.set_exception(error)
        else:
            future.set_result(said)
        finally:
            with self._lock:
                self._under_way.pop(key, None)


_requests: dict[Given, Requests] = {}
_lock = threading.Lock()


def requests_of(model: Given) -> Requests:
    """The requests of this process to a model; those to other models are ended."""
    with _lock:
        found = _requests.get(model)
        if found is None or found.pid != os.getpid():  # another's before a fork
            close()
            found = _requests[model] = Requests(model)
        return found


def close() -> None:
    """Ends the processes that this one has started."""
    for one in _requests.values():
        if one.pid == os.getpid():
            one.process.end()
    _requests.clear()


atexit.register(close)
