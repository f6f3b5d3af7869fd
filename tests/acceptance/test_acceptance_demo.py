"""``manage.py demo`` builds the whole loop, says each step, can be run twice, and ends with all that it started."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("demo")]
ROOT = Path(__file__).resolve().parents[2]


def manage(demo: Any, *words: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    done = subprocess.run(command, env=demo.environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_walks_the_whole_loop_and_can_be_run_twice(demo: Any) -> None:
    said = demo.said
    assert "Publish digits@v1" in said and "Publish digits@v2" in said
    scores = [float(line.split("AP50 ")[1].split()[0]) for line in said.splitlines() if "AP50 " in line]
    assert len(scores) == 2 and scores[1] > scores[0]
    seconds = [float(number) for number in re.findall(r" \.\.\. ([\d.]+) s$", said, re.MULTILINE)]
    total = re.search(r"Done in (\d+) s", said)
    assert len(seconds) == 12 and total is not None and int(total[1]) >= int(sum(seconds))
    assert f"It lies in {demo.home}:" in manage(demo, "demo", "--no-serve")
    count = "from lode_platform.models import ApiToken; print(ApiToken.objects.filter(name='demo').count())"
    assert manage(demo, "shell", "--no-imports", "-c", count).strip() == "4"


@pytest.fixture
def serving(demo: Any) -> Iterator[tuple[psutil.Process, int]]:
    """A demo that serves in a terminal of its own: its process, and the terminal's other end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # not as nohup may have left it
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", str(port)]
        os.execve(sys.executable, command, demo.environment)
    process = psutil.Process(pid)
    said = b""
    while b"Ctrl-C stops it" not in said:
        said += os.read(terminal, 4096)
    yield process, terminal
    with suppress(psutil.NoSuchProcess):
        for left in [*process.children(recursive=True), process]:
            left.kill()


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "the terminal is closed"])
def test_the_demo_ends_with_everything_it_started(serving: tuple[psutil.Process, int], how: str) -> None:
    process, terminal = serving
    started = process.children(recursive=True)
    assert len(started) >= 3, "serve, its web server, its worker"
    if how == "Ctrl-C":
        os.write(terminal, b"\x03")
    elif how == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    else:
        os.close(terminal)
    until = time.monotonic() + 60
    while any(alive(each) for each in [process, *started]):
        assert time.monotonic() < until, [each for each in [process, *started] if alive(each)]
        with suppress(OSError):
            os.waitpid(process.pid, os.WNOHANG)
        time.sleep(0.1)


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
