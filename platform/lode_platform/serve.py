"""One command that keeps a web server and a worker running: starts both, restarts what dies, stops both on Ctrl-C."""

import ctypes
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError

from lode_platform import tidy

STEADY_SECONDS = 10.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Runs in the child before its program: on Linux it is told to end when this process is gone, however it went."""
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
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        # Its own session: a Ctrl-C in the terminal reaches this process alone, which then stops its children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=end_with_parent)
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


def serve(host: str, port: int, *, worker: bool, say: Callable[[str], object]) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP. Raises ``CommandError`` if the port is taken, or as ``public_url`` does."""
    os.environ["MOTHERLODE_PUBLIC_URL"] = address = public_url(host, port)  # for the processes that it starts
    _check_port(host, port)
    children = [Child("web server", _web(host, port))]
    if worker:
        children.append(Child("worker", [sys.executable, "-m", "django", "worker"]))
    stopping: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopping.append(number)

    for number in ending_signals():
        signal.signal(number, stop)
    for child in children:
        child.start()
    over = threading.Event()
    if not worker:  # a worker looks after this machine's files itself
        threading.Thread(target=tidy.keep, args=(over, tidy.machine), name="tidy", daemon=True).start()
    say(f"Motherlode is at {address}/  (Ctrl-C stops it)")
    while not stopping:
        time.sleep(0.2)
        for child in children:
            if not stopping:
                child.tend()
    say("Stopping.")
    over.set()
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


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _web(host: str, port: int) -> list[str]:
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(settings.HOME / "tmp")
    return [
        shutil.which("gunicorn", path=os.path.dirname(sys.executable)) or "gunicorn",
        "--bind",
        f"{_bracketed(host)}:{port}",
        "--worker-class=gthread",
        f"--workers={settings.WEB_WORKERS}",
        f"--threads={settings.WEB_THREADS}",
        "--keep-alive=30",
        "--timeout=120",
        "--graceful-timeout=5",
        f"--worker-tmp-dir={scratch}",
        "--log-level=warning",
        "--no-control-socket",
        "--preload",  # imported once, before the processes that answer are forked and share its memory
        "--config=python:lode_platform.web_process",
        "lode_platform.wsgi:application",
    ]
