"""``manage.py demo`` builds the whole loop, says each step, can be run twice, and ends with all that it started."""

import os
import pty
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psutil
import pytest
from tests.serving import ROOT, free_port

from lode_hooks.management.commands.demo import PEOPLE

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("demo")]


def test_the_demo_walks_the_whole_loop(demo: Any) -> None:
    said = demo.said
    assert "Publish digits@v1" in said and "Publish digits@v2" in said
    scores = [float(line.split("AP50 ")[1].split()[0]) for line in said.splitlines() if "AP50 " in line]
    assert len(scores) == 2 and scores[1] > scores[0]
    seconds = [float(number) for number in re.findall(r" \.\.\. ([\d.]+) s$", said, re.MULTILINE)]
    total = re.search(r"Done in (\d+) s", said)
    assert len(seconds) == 12 and total is not None and int(total[1]) >= int(sum(seconds))


@pytest.fixture
def serving(demo: Any) -> Iterator[tuple[psutil.Process, int]]:
    """The demo run once more, serving in a terminal of its own: its process, and the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # not as nohup may have left it
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", str(free_port())]
        os.execve(sys.executable, command, demo.environment)
    process = psutil.Process(pid)
    said = b""
    while b"Ctrl-C stops it" not in said:
        said += os.read(terminal, 4096)
    assert f"It lies in {demo.home}:" in said.decode()
    with closing(sqlite3.connect(demo.home / "db.sqlite3")) as database:
        tokens = "SELECT count(*) FROM platform_apitoken WHERE name = 'demo'"
        assert database.execute(tokens).fetchone() == (len(PEOPLE),), "those of the first run are taken back"
    yield process, terminal
    with suppress(psutil.NoSuchProcess):
        for left in [*process.children(recursive=True), process]:
            left.kill()


@pytest.mark.parametrize("how", ["Ctrl-C", "the terminal is closed"])
def test_the_demo_ends_with_everything_it_started(serving: tuple[psutil.Process, int], how: str) -> None:
    process, terminal = serving
    started = process.children(recursive=True)
    assert len(started) >= 3, "serve, its web server, its worker"
    if how == "Ctrl-C":
        os.write(terminal, b"\x03")
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
