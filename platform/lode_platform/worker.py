"""The worker process: answers the doorbell, and sweeps for jobs that nobody holds."""

import logging
import os
import socket
import sys
import threading
import warnings
from typing import Any
from uuid import UUID

import celery.apps.worker  # noqa: F401  # with the application, before `serve` forks
import celery.concurrency.thread  # noqa: F401
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.db import DatabaseError, connection

from lode_platform import garbage, jobs, tidy
from lode_platform.celery import SOON, TASK, app, queue

log = logging.getLogger(__name__)


@app.task(name=TASK)
def answer(uuid: str) -> None:
    """Does the job if it is still to be had; ringing twice is harmless."""
    jobs.run(UUID(uuid))


def _sweep(over: threading.Event) -> None:
    while True:
        try:
            jobs.sweep()
        except (DatabaseError, OSError) as error:  # an absent or busy database or disk: the next sweep will see
            log.warning("The sweep failed: %s", error)
        finally:
            connection.close()
        if over.wait(settings.JOB_SWEEP_SECONDS):
            return


def work(*, threads: int) -> None:
    """Runs until told to stop.

    Jobs run in threads of this process; the sweep and tidying have threads of their own, so that no job holds them up.
    When the worker is told to stop, running jobs are put back at their next step, and the next worker resumes them.
    """
    over = threading.Event()
    threading.Thread(target=_sweep, args=(over,), name="sweep", daemon=True).start()
    threading.Thread(target=tidy.keep, args=(over, tidy.machine, tidy.shared), name="tidy", daemon=True).start()
    from celery.signals import worker_shutting_down

    @worker_shutting_down.connect(weak=False)
    def put_back(**_: object) -> None:
        jobs.stopping.set()

    # Celery warns root because a message could carry pickled code; ours carry a uuid as JSON and nothing else is read.
    warnings.simplefilter("ignore", SecurityWarning)
    os.environ.setdefault("CELERY_SKIP_CHECKS", "true")  # of every address and model: tests do that
    process = app.Worker(
        pool="threads",
        concurrency=threads,
        queues=[queue()],
        hostname=f"lode-{os.getpid()}@{socket.gethostname()}",
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        redirect_stdouts=False,
        quiet=True,
    )
    hub: Any = process.hub
    if hub is not None:  # with RabbitMQ it would wait for the next message before it stops
        hub.call_repeatedly(SOON, lambda: None)
    garbage.settle()
    try:
        process.start()
    finally:
        over.set()
    sys.exit(process.exitcode)
