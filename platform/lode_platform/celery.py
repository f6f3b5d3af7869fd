"""The Celery application: a doorbell that carries a job's id to a worker and nothing else.

``MOTHERLODE_BROKER`` names Redis or RabbitMQ; by default messages are files under MOTHERLODE_HOME, and a byte in a pipe
there wakes the worker. A message that is lost loses nothing: the sweep (``lode_platform.jobs``) rings again.
"""

import os
import select
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from celery import Celery
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

from lode_platform.models import Installation

TASK = "lode.job"
SOON = 0.2  # seconds after which a worker without messages looks whether it is to stop
POLLED = 0.05  # seconds between two looks at the folder of messages while nobody rings


class Bell:
    """A named pipe beside the messages: who waits for one need not wait for the next look at the folder.

    Where the file system holds no pipes, or nobody waits, ringing does nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._place = folder / "bell"
        self._handle: int | None = None

    def ring(self) -> None:
        with suppress(OSError):  # nobody listens, or it rings already
            handle = os.open(self._place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(handle, b"!")
            finally:
                os.close(handle)

    def wait(self, seconds: float) -> bool:
        """Returns when it rings, or after so long; whether it rang."""
        with suppress(OSError):
            if self._handle is None:
                with suppress(FileExistsError):
                    os.mkfifo(self._place, 0o600)
                # open for writing too: else it would be at its end whenever the last who rang has closed it
                self._handle = os.open(self._place, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            return bool(select.select([self._handle], [], [], seconds)[0] and os.read(self._handle, 4096))
        time.sleep(seconds)
        return False

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class FolderChannel(filesystem.Channel):
    """Kombu's filesystem channel, but a message appears in the folder whole: a reader never meets half of it."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = uuid4().hex
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        os.replace(part, folder / f"{name}.{queue}.msg")
        Bell(folder).ring()


class FolderTransport(filesystem.Transport):
    """Messages as files of one folder, for a server on one machine without a broker."""

    Channel = FolderChannel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self._bell = Bell(Path(client.transport_options["data_folder_in"]))

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Delivers the next message. Raises ``TimeoutError`` where none has come for so long.

        And soon in any case: only then does a worker see that it is to stop.
        """
        until = None if timeout is None else time.monotonic() + min(timeout, SOON)
        while True:
            try:
                assert self.cycle is not None  # the transport has made it
                self.cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError from None
                self._bell.wait(POLLED)

    def close_connection(self, connection: Any) -> None:
        self._bell.close()
        super().close_connection(connection)


TRANSPORT_ALIASES["lodefolder"] = f"{FolderTransport.__module__}:{FolderTransport.__name__}"


def _configured() -> Celery:
    application = Celery("lode")
    application.conf.update(
        broker_url=settings.BROKER,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=4,
        task_ignore_result=True,
        task_publish_retry=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    if settings.BROKER.startswith("filesystem:"):
        folder = settings.HOME / "broker"
        folder.mkdir(parents=True, exist_ok=True)
        application.conf.update(
            broker_url="lodefolder://localhost//",
            broker_transport_options={
                "data_folder_in": str(folder),
                "data_folder_out": str(folder),
                "control_folder": str(folder),
            },
        )
    return application


app = _configured()


@cache
def queue() -> str:
    """The queue of this installation, as its database names it: where several share a broker, each hears its own."""
    return f"lode-{Installation.objects.get_or_create(pk=1)[0].uuid.hex}"


def send(uuid: str) -> None:
    """Rings for the job; raises whatever the broker's library raises when there is no broker."""
    app.send_task(TASK, [uuid], queue=queue())
