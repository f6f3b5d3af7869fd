"""The worker process: answers the doorbell, and sweeps for jobs that nobody holds."""

import logging
import os
import signal
import threading
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from lode_platform import jobs
from lode_platform.celery import TASK, app

log = logging.getLogger(__name__)


@app.task(name=TASK)
def answer(uuid: str) -> None:
    """Does the job if it is still to be had; ringing twice is harmless."""
    jobs.run(UUID(uuid))


def _sweep(over: threading.Event) -> None:
    while True:
        try:
            jobs.sweep()
        except DatabaseError as error:  # an absent or busy database: the next sweep will see
            log.warning("The sweep could not read the jobs: %s", error)
        finally:
            connection.close()
        if over.wait(settings.JOB_SWEEP_SECONDS):
            return


def _stop_when_orphaned(parent: int, over: threading.Event) -> None:
    while not over.wait(1):
        if os.getppid() != parent:
            log.warning("The server that started this worker is gone; stopping.")
            os.kill(os.getpid(), signal.SIGTERM)
            return


def work(*, threads: int, parent: int | None = None) -> None:
    """Runs until told to stop; with ``parent``, also when that process is gone.

    Jobs run in threads of this process; the sweep has a thread of its own, so that no job holds it up. When the worker
    is told to stop, running jobs are put back at their next step, and the next worker resumes them.
    """
    over = threading.Event()
    threading.Thread(target=_sweep, args=(over,), name="sweep", daemon=True).start()
    if parent is not None:
        threading.Thread(target=_stop_when_orphaned, args=(parent, over), name="orphan", daemon=True).start()
    from celery.signals import worker_shutting_down

    @worker_shutting_down.connect(weak=False)
    def put_back(**_: object) -> None:
        jobs.stopping.set()

    try:
        app.worker_main(
            [
                "worker",
                "--pool=threads",
                f"--concurrency={threads}",
                f"--hostname=lode-{os.getpid()}@%h",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
    finally:
        over.set()
