"""One command that keeps a web server and a worker running: starts both, restarts what dies, stops both on Ctrl-C."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError

STEADY_SECONDS = 10.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Runs in the child before its program: on Linux it is told to end when this process is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """A process that is kept running; it is restarted at once, then ever more slowly while it keeps dying young."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        # Its own session: a Ctrl-C in the terminal reaches this process alone, which then stops its children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=_end_with_parent)
        self.started = time.monotonic()

    def tend(self) -> None:
        """Starts it again if it has died."""
        if self.process is not None and self.process.poll() is not None:
            young = time.monotonic() - self.started < STEADY_SECONDS
            self.wait = min(30.0, max(0.5, self.wait * 2)) if young else 0.0
            self.due = time.monotonic() + self.wait
            print(f"The {self.name} ended ({self.process.returncode}); starting it again.", file=sys.stderr, flush=True)
            self.process = None
        if self.process is None and time.monotonic() >= self.due:
            self.start()

    def stop(self, until: float) -> None:
        """Waits until ``until`` (monotonic seconds) for the end that was asked for, then makes it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def serve(host: str, port: int, *, worker: bool, say: Callable[[str], object]) -> None:
    """Runs until SIGINT or SIGTERM. Raises ``CommandError`` if the port is taken."""
    _check_port(host, port)
    children = [Child("web server", _web(host, port))]
    if worker:
        children.append(Child("worker", [sys.executable, "-m", "django", "worker"]))
    stopping: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    for child in children:
        child.start()
    say(f"Motherlode is at {settings.PUBLIC_URL or f'http://{_shown(host)}:{port}'}/  (Ctrl-C stops it)")
    while not stopping:
        time.sleep(0.2)
        for child in children:
            if not stopping:
                child.tend()
    say("Stopping.")
    for child in children:
        if child.process is not None:
            child.process.terminate()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        child.stop(until)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Port {port} of {host} cannot be served: {error.strerror}. Try --port N.") from None


def _shown(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def _web(host: str, port: int) -> list[str]:
    address = f"[{host}]" if ":" in host else host
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(settings.HOME / "tmp")
    return [
        shutil.which("gunicorn", path=os.path.dirname(sys.executable)) or "gunicorn",
        "--bind",
        f"{address}:{port}",
        "--worker-class=gthread",
        f"--workers={settings.WEB_WORKERS}",
        f"--threads={settings.WEB_THREADS}",
        "--keep-alive=30",
        "--timeout=120",
        "--graceful-timeout=5",
        f"--worker-tmp-dir={scratch}",
        "--log-level=warning",
        "--no-control-socket",
        "lode_platform.wsgi:application",
    ]
