"""The Celery application: a doorbell that carries a job's id to a worker and nothing else.

``MOTHERLODE_BROKER`` names Redis or RabbitMQ; by default messages are files under MOTHERLODE_HOME. A message that is
lost loses nothing: the sweep (``lode_platform.jobs``) rings again.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import Celery
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

from lode_platform.models import Installation

TASK = "lode.job"
SOON = 0.2  # seconds after which a worker without messages looks whether it is to stop


class FolderChannel(filesystem.Channel):
    """Kombu's filesystem channel, but a message appears in the folder whole: a reader never meets half of it."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = uuid4().hex
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        os.replace(part, folder / f"{name}.{queue}.msg")


class FolderTransport(filesystem.Transport):
    """Messages as files of one folder, for a server on one machine without a broker."""

    Channel = FolderChannel

    def drain_events(self, connection: Any, timeout: float | None = None, **more: Any) -> None:
        """Comes back soon where nothing is said, so that a worker sees that it is to stop."""
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, SOON), **more)


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
                "polling_interval": 0.05,
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
