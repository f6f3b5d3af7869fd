"""One command that keeps a web server and a worker running: starts both, restarts what dies, stops both on Ctrl-C.

All its processes are forked from the first, which has imported what they need: each starts at once, and they share the
memory of it.
"""

import ctypes
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from lode_platform import garbage, tidy

STEADY_SECONDS = 10.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
FORK = multiprocessing.get_context("fork")


def end_with_parent() -> None:
    """Called in a child: on Linux it is told to end when the process that started it is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def ending_signals() -> list[signal.Signals]:
    """Ctrl-C, a request to end and a closed terminal, but the last under nohup, which wants to outlive it."""
    hangs_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]


@dataclass
class Child:
    """A process that is kept running; it is restarted at once, then ever more slowly while it keeps dying young."""

    name: str
    run: Callable[[], object]
    process: "multiprocessing.context.ForkProcess | None" = None
    started: float = 0.0
    wait: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        process = FORK.Process(target=self._begin, name=self.name)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())  # none is lost before it can end the child
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.process = process
        self.started = time.monotonic()

    def _begin(self) -> None:
        """In the child, before it does what it is for."""
        os.setsid()  # a Ctrl-C in the terminal reaches the first process alone, which then stops the others in order
        end_with_parent()
        if sys.platform == "linux":  # as lists of processes show it
            ctypes.CDLL(None).prctl(PR_SET_NAME, f"lode-{self.name.split()[0]}".encode())
        ours = ending_signals()
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ours)
        self.run()

    def tend(self) -> None:
        """Starts it again if it has died."""
        if self.process is not None and self.process.exitcode is not None:
            young = time.monotonic() - self.started < STEADY_SECONDS
            self.wait = min(30.0, max(0.5, self.wait * 2)) if young else 0.0
            self.due = time.monotonic() + self.wait
            said = f"The {self.name} ended ({self.process.exitcode}); starting it again."
            print(said, file=sys.stderr, flush=True)
            self.process = None
        if self.process is None and time.monotonic() >= self.due:
            self.start()

    def stop(self, until: float) -> None:
        """Waits until ``until`` (monotonic seconds) for the end that was asked for, then makes it."""
        if self.process is None:
            return
        self.process.join(max(0.1, until - time.monotonic()))
        if self.process.exitcode is None and self.process.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.join()


def public_url(host: str, port: int) -> str:
    """The address that clients use: MOTHERLODE_PUBLIC_URL, else that of this machine alone.

    Raises ``CommandError`` where others can reach ``host`` and nothing says by which address: what they publish names
    it for good.
    """
    if os.environ.get("MOTHERLODE_PUBLIC_URL"):
        return settings.PUBLIC_URL
    if not _loopback(host):
        raise CommandError(
            f"--host {host} is reached from other machines: say in MOTHERLODE_PUBLIC_URL by which address, for example"
            f" MOTHERLODE_PUBLIC_URL=http://lode.example.org:{port}"
        )
    return f"http://{_bracketed(host)}:{port}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(host: str, port: int, *, with_worker: bool, say: Callable[[str], object]) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP. Raises ``CommandError`` if the port is taken, or as ``public_url`` does."""
    _answer_at(public_url(host, port))
    _check_port(host, port)
    from lode_platform import web, worker  # with every view and job; now, so that all processes share them

    children = [Child("web server", partial(web.run, f"{_bracketed(host)}:{port}"))]
    if with_worker:
        children.append(Child("worker", partial(worker.work, threads=settings.WORKER_THREADS)))
    else:  # a worker looks after this machine's files itself
        children.append(Child("tidying", partial(tidy.keep, threading.Event(), tidy.machine)))
    stopping: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopping.append(number)

    for number in ending_signals():
        signal.signal(number, stop)
    _close_databases()
    garbage.settle()
    for child in children:
        child.start()
    try:
        say(f"Motherlode is at {settings.PUBLIC_URL}/  (Ctrl-C stops it)")
        while not stopping:
            time.sleep(0.2)
            for child in children:
                if not stopping:
                    child.tend()
        with suppress(OSError):  # where the terminal was closed
            say("Stopping.")
    finally:
        for child in children:
            if child.process is not None:
                child.process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for child in children:
            child.stop(until)


def _close_databases() -> None:
    """Closes each connection, and the pool that keeps it open: two processes cannot share one."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool: Callable[[], object] = getattr(connection, "close_pool", lambda: None)  # PostgreSQL's has one
        close_pool()


def _answer_at(address: str) -> None:
    """Says in the settings, which every process has from this one, by which address clients reach it."""
    os.environ["MOTHERLODE_PUBLIC_URL"] = address  # for programs that are started from here
    if address == settings.PUBLIC_URL:
        return
    url = urlsplit(address)
    settings.PUBLIC_URL, settings.PUBLIC = address, url
    settings.ALLOWED_HOSTS.append(url.netloc.removesuffix(f":{url.port}"))
    settings.CSRF_TRUSTED_ORIGINS = [f"{url.scheme}://{url.netloc}"]
    settings.SPECTACULAR_SETTINGS["SERVERS"] = [{"url": address}]


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Port {port} of {host} cannot be served: {error.strerror}. Try --port N.") from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
